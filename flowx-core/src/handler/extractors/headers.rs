//! `Headers`: all received headers.

use crate::handler::binder::{BindError, Binder};
use crate::handler::call::Call;
use crate::handler::error::Failure;
use crate::handler::param::Param;
use crate::message::headers::Headers;

// The note of `Param` lists it already, under a name that no other crate can change.
#[diagnostic::do_not_recommend]
impl Param for Headers {
    type Bound = ();

    fn bind(_: &mut Binder<'_>) -> Result<(), BindError> {
        Ok(())
    }

    fn extract((): &(), call: &Call<'_>) -> Result<Self, Failure> {
        Ok(call.record.headers.clone())
    }
}
