//! What a handler may ask for beside the request.

use super::binder::{BindError, Binder};
use super::call::Call;
use super::error::Failure;

/// A further parameter of a handler, taken from the record or from what the connector holds.
///
/// Ready made are [`State<T>`](crate::State), [`Headers`](crate::Headers),
/// [`Process`](crate::Process), [`Topic`](crate::Topic) and [`Context`](crate::Context). Implement it
/// for a type of your own to name something that many handlers read:
///
/// ```
/// use flowx_core::handler::{binder::{BindError, Binder}, call::Call, error::Failure};
/// use flowx_core::Param;
///
/// /// The branch that the process works for.
/// struct Branch(String);
///
/// impl Param for Branch {
///     type Bound = ();
///
///     fn bind(_: &mut Binder<'_>) -> Result<(), BindError> {
///         Ok(())
///     }
///
///     fn extract((): &(), call: &Call<'_>) -> Result<Self, Failure> {
///         match call.record.headers.text("branch") {
///             Some(branch) => Ok(Self(branch.to_owned())),
///             None => Err(Failure::refuse("NO_BRANCH", "the header `branch` is missing")),
///         }
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a further parameter of a handler",
    label = "it is no extractor",
    note = "there are `State<T>`, `Headers`, `Process`, `Topic` and `Context`; implement `flowx_core::Param` for one of your own",
    note = "the request comes first and only once; to read two, merge them into one struct"
)]
pub trait Param: Sized + Send + 'static {
    /// What is looked up once, when the connector starts.
    type Bound: Send + Sync + 'static;

    /// Looks up what every call needs.
    ///
    /// # Errors
    /// What is missing and what to do: [`Binder::error`] adds the place. The connector does not
    /// start and lists all such errors.
    fn bind(binder: &mut Binder<'_>) -> Result<Self::Bound, BindError>;

    /// Takes the parameter for one call. Runs before the handler, for every record: keep it short.
    ///
    /// # Errors
    /// Refuses the record, or asks for another try.
    fn extract(bound: &Self::Bound, call: &Call<'_>) -> Result<Self, Failure>;
}
