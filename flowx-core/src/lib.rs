//! Typed connectors for the FLOWX.AI process engine.

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;
mod cli;
pub mod config;
pub mod connector;
pub mod contract;
pub mod handler;
pub mod kafka;
pub mod message;
pub mod runtime;
pub mod testing;

pub use connector::{Connector, ConnectorBuilder, ConnectorError, StartError};
pub use handler::error::{FlowxError, HandlerError, ResultExt};
pub use handler::extractors::context::Context;
pub use handler::extractors::process::Process;
pub use handler::extractors::state::State;
pub use handler::extractors::topic::Topic;
pub use handler::param::Param;
pub use handler::request::Raw;
pub use message::headers::Headers;

/// Makes an async function a handler, found by every connector that it is linked into.
///
/// ```
/// use flowx_core::{HandlerError, State, flowx_handler};
///
/// #[derive(serde::Deserialize, schemars::JsonSchema)]
/// struct ExchangeRequest {
///     amount: f64,
/// }
///
/// #[derive(serde::Serialize, schemars::JsonSchema)]
/// struct ExchangeReply {
///     converted: f64,
/// }
///
/// struct Rates {
///     usd: f64,
/// }
///
/// /// Converts an amount with today's rate.
/// #[flowx_handler(topic = "plugin.currency.trigger.exchange")]
/// async fn exchange(
///     request: ExchangeRequest,
///     rates: State<Rates>,
/// ) -> Result<ExchangeReply, HandlerError> {
///     Ok(ExchangeReply { converted: request.amount * rates.usd })
/// }
/// ```
///
/// The function stays as it is written, so that a unit test calls it like any other.
///
/// - The first parameter is the request: any type that is `Deserialize` and `JsonSchema`, or
///   [`Raw`].
/// - Further parameters are extractors: [`State`], [`Headers`], [`Process`], [`Topic`],
///   [`Context`], and every type that implements [`Param`].
/// - It returns `Result<T, E>`: `T` is the reply, any type that is `Serialize` and `JsonSchema` and
///   becomes a JSON object or array, or `()` for none; `E` is a type with
///   [`#[derive(FlowxError)]`](derive@FlowxError), or [`HandlerError`].
///
/// # Arguments
/// - `topic = "…"`: the topic to read, without the configured prefix and suffix; `*` as its last
///   part makes it a pattern, a leading `/` an absolute name. The only one that must be there.
/// - `reply = "…"`: the topic to reply to; by default the engine's receive topic that belongs to
///   `topic`.
/// - `name = "…"`: the handler's name; by default the function's.
/// - `refuses = ["CODE", …]`: the codes with which it refuses, where its error type cannot say.
/// - `error_null = false`: leaves out the error field that is null on success.
/// - `crate = ::path`: where generated code finds this crate, if not at `::flowx_core`.
///
/// # Limits
/// A handler is a free function. In an `impl` block the compiler asks for names of constants that
/// nobody wrote; move the function out. A crate that nothing refers to is not linked, and its
/// handlers are missing: name it once, as in `use my_handlers as _;`.
pub use flowx_macros::flowx_handler;

/// Says for every variant of an error what becomes of the message.
///
/// ```
/// use flowx_core::FlowxError;
///
/// #[derive(Debug, thiserror::Error, FlowxError)]
/// enum ExchangeError {
///     /// The bank has no rate for this currency.
///     #[error("there is no rate for {0}")]
///     #[flowx(refuse = "NO_RATE")]
///     NoRate(String),
///     #[error("the bank does not answer")]
///     #[flowx(retry)]
///     Bank(#[from] std::io::Error),
/// }
/// ```
///
/// - `#[flowx(refuse = "CODE")]`: the answer is no. The error's text goes to the process, and the
///   code with it; the doc comments of the variant explain the code to the designer.
/// - `#[flowx(retry)]`: try again, bounded, with growing pauses.
/// - `#[flowx(forward)]`: the one field, whose own type is a flowx error, decides.
///
/// A variant without one of them does not compile. On a struct the attribute stands above the type;
/// there `#[flowx(crate = ::path)]` also says where generated code finds this crate. The type must
/// be a [`std::error::Error`], which `thiserror` derives, and cannot be generic.
pub use flowx_macros::FlowxError;
