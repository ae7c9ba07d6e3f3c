//! What stands around the call of a handler: `tower` layers, of all handlers or of one.
//!
//! A layer meets every attempt at a request that could be decoded, and can delay it, end it, answer in its
//! place or look at what comes out. What it fails with is a failure that passes: it is tried again, with
//! the handler's own attempts and waits. Deadlines, order and concurrency of the runtime hold around all
//! layers.
//!
//! ```
//! use std::time::Duration;
//! use flowx_core::Connector;
//! use tower::limit::ConcurrencyLimitLayer;
//! use tower::timeout::TimeoutLayer;
//!
//! let builder = Connector::builder()
//!     .layer(TimeoutLayer::new(Duration::from_secs(5)))
//!     .layer_for("credit-check", ConcurrencyLimitLayer::new(4));
//! # drop(builder);
//! ```

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tower::util::BoxCloneSyncService;
use tower::{Layer, Service};

use super::call::Attempt;
use super::error::BoxError;
use super::outcome::{HandlerFuture, Outcome};
use crate::message::record::Coordinates;

/// A handler with what stands around it.
pub type LayeredHandler = BoxCloneSyncService<Invocation, Outcome, BoxError>;

/// One attempt at a request, decoded and ready to run: what layers pass on.
pub struct Invocation {
    /// The handler's name.
    pub handler: &'static str,
    /// Where the request stands in Kafka.
    pub at: Coordinates,
    /// The process instance that waits for the answer, if the request names one.
    pub process: Option<Arc<str>>,
    /// Which try this is, and how long it may take.
    pub attempt: Attempt,
    future: HandlerFuture,
}

impl Invocation {
    pub(crate) fn new(
        handler: &'static str,
        at: Coordinates,
        process: Option<Arc<str>>,
        attempt: Attempt,
        future: HandlerFuture,
    ) -> Self {
        Self { handler, at, process, attempt, future }
    }
}

/// `Debug` shows nothing that the request carries.
impl fmt::Debug for Invocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Invocation")
            .field("handler", &self.handler)
            .field("at", &self.at)
            .field("attempt", &self.attempt.number)
            .finish_non_exhaustive()
    }
}

/// The innermost service: the handler itself.
#[derive(Clone, Copy, Debug)]
struct Innermost;

impl Service<Invocation> for Innermost {
    type Response = Outcome;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Outcome, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, invocation: Invocation) -> Self::Future {
        Box::pin(async move { Ok(invocation.future.await) })
    }
}

type Wrap = dyn Fn(LayeredHandler) -> LayeredHandler + Send + Sync;

/// The layers of a connector, in the order in which they were given.
#[derive(Clone, Default)]
pub struct Layers(Vec<(Option<String>, Arc<Wrap>)>);

impl Layers {
    /// Adds a layer inside of those before it: around one handler, or around each.
    pub(crate) fn add<L, S>(&mut self, handler: Option<String>, layer: L)
    where
        L: Layer<LayeredHandler, Service = S> + Send + Sync + 'static,
        S: Service<Invocation, Response = Outcome> + Clone + Send + Sync + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send + 'static,
    {
        let wrap = move |inner| {
            let service = layer.layer(inner);
            BoxCloneSyncService::new(tower::ServiceExt::map_err(service, Into::into))
        };
        self.0.push((handler, Arc::new(wrap)));
    }

    /// Handlers that have a layer of their own, by name.
    pub(crate) fn named(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|(handler, _)| handler.as_deref())
    }

    /// A handler with its layers; `None` if it has none, and its calls need no detour.
    pub(crate) fn around(&self, handler: &str) -> Option<LayeredHandler> {
        let of_this = |of: &Option<String>| of.as_deref().is_none_or(|of| of == handler);
        let mut around = self.0.iter().rev().filter(|(of, _)| of_this(of)).peekable();
        around.peek()?;
        let innermost = BoxCloneSyncService::new(Innermost);
        Some(around.fold(innermost, |inner, (_, wrap)| wrap(inner)))
    }
}

impl fmt::Debug for Layers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Layers").field(&self.0.len()).finish()
    }
}
