//! Typed connectors for the FLOWX.AI process engine: one annotated async function is one connector.
//!
//! # What happens
//!
//! A process sends a request to a Kafka topic and waits in a receive node. A connector reads the
//! topic, does its work and replies on a topic that the engine reads; the process goes on with the
//! reply in its data. flowx does everything around the work: it decodes the request, calls the
//! handler, retries where that helps, sends the reply with all that the engine needs to find its
//! process, and commits the offset once the broker has acknowledged the reply.
//!
//! # A handler
//!
//! ```
//! use flowx_core::{FlowxError, HandlerError, Process, State, flowx_handler};
//! use schemars::JsonSchema;
//! use serde::{Deserialize, Serialize};
//!
//! /// What the process sends. Doc comments become the designer's text.
//! #[derive(Deserialize, JsonSchema)]
//! #[schemars(example = serde_json::json!({ "customer": "4711" }))]
//! struct CreditCheck {
//!     /// Number of the customer.
//!     customer: String,
//! }
//!
//! #[derive(Serialize, JsonSchema)]
//! struct Credit {
//!     limit: u32,
//! }
//!
//! #[derive(Debug, thiserror::Error, FlowxError)]
//! enum CreditError {
//!     /// Nobody has this number.
//!     #[error("there is no customer {0}")]
//!     #[flowx(refuse = "CUSTOMER_NOT_FOUND")]
//!     NotFound(String),
//!     #[error("the register does not answer")]
//!     #[flowx(retry)]
//!     Unreachable,
//! }
//!
//! /// Looks up how much credit a customer has.
//! #[flowx_handler(topic = "credit.trigger.check")]
//! async fn check(request: CreditCheck, register: State<Register>) -> Result<Credit, CreditError> {
//!     match register.limit_of(&request.customer) {
//!         Some(limit) => Ok(Credit { limit }),
//!         None => Err(CreditError::NotFound(request.customer)),
//!     }
//! }
//!
//! struct Register;
//! impl Register {
//!     fn limit_of(&self, customer: &str) -> Option<u32> {
//!         (customer == "4711").then_some(5_000)
//!     }
//! }
//! ```
//!
//! Requests and replies are ordinary types; what else a handler needs comes in as
//! [parameters](flowx_handler#): shared values as [`State`], the received [`Headers`], the
//! [`Process`] that waits, the [`Topic`], the attempt's [`Context`].
//!
//! # What becomes of an error
//!
//! An error says for each of its cases which of two things it is. **Refuse** is an answer: the
//! process gets `{"errorMessage": "…", "errorCode": "CUSTOMER_NOT_FOUND"}` and its gateway branches on
//! the code. **Retry** asks for another attempt, with growing waits, until attempts or time are used
//! up. [`derive@FlowxError`] maps an enum; [`HandlerError`] serves where none is wanted: in a
//! function that returns it, `?` on any standard error means retry.
//!
//! What cannot be read, keeps failing, takes too long or panics is answered as well, with a code of
//! flowx's own ([`handler::codes::OWN_CODES`]), and put aside on a dead-letter topic: the original
//! bytes, key and headers, and the reason in `dlq-*` headers behind them. Nothing that is not
//! answered or put aside is ever committed, so every request is handled at least once; a second
//! attempt at the same request has the same [idempotency key](Context::idempotency_key).
//!
//! A handler whose requests need no order can have **retry topics** for what takes longer to pass:
//! `order = unordered, retry_topics = ["30s", "5m"]`. A request whose attempts are used up waits on
//! the first of them, in Kafka, and is tried again as often; after the last it is answered and put
//! aside. It survives a restart meanwhile, and its handler goes on with others.
//!
//! # What stands around a call
//!
//! [`tower`](handler::middleware) layers, of all handlers or of one, stand around each attempt: rate limits, time-outs,
//! circuit breakers and whatever else that ecosystem has.
//!
//! # Topics
//!
//! `topic` and `reply` are the part between the configured prefix (`ai.flowx.dev.`) and suffix
//! (`.v1`). Without `reply`, a handler on `credit.trigger.check` answers on
//! `engine.receive.credit.check.results`, which the engine reads. See
//! [`message::topic::TopicSpec`] and [`config`] for all of it.
//!
//! # A program
//!
//! ```no_run
//! # struct Register;
//! #[tokio::main]
//! async fn main() -> std::process::ExitCode {
//!     flowx_core::Connector::builder().state(Register).main().await
//! }
//! ```
//!
//! Handlers are found at link time; there is no list to keep. One caution comes with that: a crate
//! that nothing refers to is not linked. Name such a crate once (`use my_handlers as _;`) and say
//! how many handlers there should be with [`ConnectorBuilder::expect_handlers`].
//!
//! The program has a command line: `run` serves, `dev` shows the connector at work with a broker of
//! its own. The others are for those who rely on it: `catalog` writes a page for process designers,
//! `designer` the same as text, `schema` and `asyncapi` describe it to programs, `handlers` to people,
//! and `contract check` says what a release changes for processes that run. For operators there are
//! `config show`, which prints every setting with the place that it comes from ([`config`] has the table of
//! them), `dlq`, which lists, shows and sends again what was put aside ([`dead_letters`]), and [`mod@check`], which
//! says what the cluster lacks; `run` does the same beside its first requests, and warns. `new` begins the
//! project of another connector.
//!
//! # What others rely on
//!
//! A connector has a [contract](contract::model::Contract): topics, schemas, error codes, guarantees,
//! examples. It is made from the handlers' types and nothing else, so it cannot be out of date, and it
//! is enforced: a request that is not as its schema says is answered before the handler is called, with
//! every place and reason; an example that is not keeps the connector from starting. Keep what `contract
//! show` writes with each release, and let `contract check --against` that file decide in CI.
//!
//! # Operations
//!
//! `run` serves an admin endpoint in the shapes of Spring's actuator, where the platform looks for its own
//! services: health with every partition, liveness and readiness, metrics, and switches that pause a
//! handler. [`ConnectorBuilder::health_check`] adds what the handlers depend on; [`Connector::status`] is
//! the same for programs. See `admin` for all of it.
//!
//! # Tests
//!
//! A handler is still the function that was written, so a test can call it. [`testing`] runs a whole
//! connector in memory, with time that can be paused; and it plays the process engine against a
//! connector on a real broker.
//!
//! # The house
//!
//! Modules are floors, from the bytes upwards: [`message`] and [`config`], [`handler`], [`runtime`]
//! and [`contract`], [`kafka`], [`connector`], [`testing`], [`mod@check`] and [`dead_letters`].

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;
#[cfg(feature = "kafka")]
pub mod admin;
#[cfg(feature = "kafka")]
pub mod check;
#[cfg(feature = "kafka")]
mod cli;
pub mod config;
pub mod connector;
pub mod contract;
#[cfg(feature = "kafka")]
pub mod dead_letters;
pub mod handler;
#[cfg(feature = "kafka")]
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
pub use handler::schema::lenient::Lenient;
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
/// - `concurrency = 16`: how many of its requests are at work at once; by default 256.
/// - `order = key`, `partition` or `unordered`: which of its requests run one after another; by
///   default those of one process instance.
/// - `retry_topics = ["30s", "5m"]`: how long a request waits whose attempts are used up, each time
///   on a topic of its own (`<topic>.retry.30s`) before it is tried again as often; by default
///   never. A delay is a whole number and `s`, `m` or `h`; each is longer than the one before it,
///   and there are at most 5. Only with `order = unordered`, for what waits is overtaken; not with a
///   pattern, nor with a topic that the engine reads. The topics must be there, and keep records for
///   longer than the delay.
/// - `timeout = Duration::from_secs(5)`: the longest one attempt may run; by default 30 s.
/// - `attempts = 1`: how often a request is handed to it in all; by default up to 5 times.
/// - `blocking = true`: the handler runs on a thread of its own, for it blocks or burns CPU; a
///   tokio runtime has 512 such threads unless it is built with more.
/// - `examples = [json!({ "amount": 10.0 })]`: requests to show it with, beside those of the request's
///   type (`#[schemars(example = …)]`): anything that is `Serialize`. Each must be as the schema says,
///   or the connector does not start; `dev` and [`testing::TestConnector::play_examples`] send them.
/// - `framing = schema_registry`: takes off the prefix (a zero byte and a schema's number) that a schema
///   registry's client puts before the JSON; by default, `plain`, such a request is refused. Avro and
///   Protobuf are not read.
/// - `crate = ::path`: where generated code finds this crate, if not at `::flowx_core`.
///
/// # What a request must pass
/// Its type, and everything else that its schema says: `#[schemars(range(min = 0.01))]`,
/// `length(max = 35)` (in characters), `regex(pattern = "^[A-Z]{3}$")`, `email` and the like, on any
/// field, are checked before the handler is called. What differs is answered with `INVALID_REQUEST`
/// and every place and reason at once: `$.amount: must be at least 0.01, not -1.0; $.to: is missing`.
/// A field of type [`Lenient`] takes numbers and booleans that come as text.
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
