//! A connector under test: the real runtime over a broker in memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::exchange::Exchange;
use super::memory::{Member, MemoryBroker};
use super::request::TestRequest;
use crate::config::Settings;
use crate::connector::health_check::HealthCheck;
use crate::connector::{Connector, ConnectorBuilder, StartError};
use crate::handler::registry::{Registry, Route};
use crate::message::topic::{Subscription, TopicSpec};
use crate::runtime::dispatch::{self, RunError};
use crate::runtime::plan::Plan;
use crate::runtime::status::Status;

/// Time for a request beyond all its attempts and waits before a test gives up.
const BEYOND_THE_BUDGET: Duration = Duration::from_secs(60);

/// Runs the handlers of this binary as in production, but over a broker in memory.
///
/// Decoding, extractors, retries, timeouts, error replies, dead letters and commits are the real
/// ones. Nothing waits for real time: with `start_paused = true` (feature `test-util` of tokio)
/// a retry after a minute takes no time at all. The environment is not read: without
/// [`settings`](ConnectorBuilder::settings) every default holds.
///
/// ```standalone_crate
/// use flowx_core::testing::TestConnector;
/// use flowx_core::{Connector, HandlerError, State, flowx_handler};
/// use serde_json::json;
///
/// # #[derive(serde::Deserialize, schemars::JsonSchema)]
/// # struct ExchangeRequest { amount: f64, to: String }
/// # #[derive(serde::Serialize, schemars::JsonSchema)]
/// # struct ExchangeReply { converted: f64 }
/// struct Rates {
///     usd: f64,
/// }
///
/// #[flowx_handler(topic = "plugin.currency.trigger.exchange")]
/// async fn exchange(
///     request: ExchangeRequest,
///     rates: State<Rates>,
/// ) -> Result<ExchangeReply, HandlerError> {
///     match request.to.as_str() {
///         "USD" => Ok(ExchangeReply { converted: request.amount * rates.usd }),
///         _ => Err(HandlerError::refuse("UNKNOWN_CURRENCY", "there is no such rate")),
///     }
/// }
///
/// // In a test: #[tokio::test(start_paused = true)]
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let builder = Connector::builder().state(Rates { usd: 1.08 }).only(["exchange"]);
/// let connector = TestConnector::start(builder).await.unwrap();
///
/// let exchange = connector.handler("exchange").send(&json!({"amount": 10, "to": "USD"})).await;
/// assert_eq!(exchange.reply_json().unwrap()["converted"], 10.8);
///
/// let exchange = connector.handler("exchange").send(&json!({"amount": 10, "to": "XXX"})).await;
/// assert_eq!(exchange.refusal().unwrap().code, "UNKNOWN_CURRENCY");
///
/// connector.stop().await.unwrap();
/// # }
/// ```
#[derive(Debug)]
pub struct TestConnector {
    broker: MemoryBroker,
    member: Member,
    pub(crate) plan: Arc<Plan>,
    pub(super) status: Status,
    pub(super) patience: Duration,
    stop: DropGuard,
    /// Cancelled when the connector has ended, for whatever reason.
    pub(super) ended: CancellationToken,
    run: JoinHandle<Result<(), RunError>>,
    processes: AtomicU64,
    #[cfg_attr(not(feature = "kafka"), allow(dead_code, reason = "only the admin endpoint asks"))]
    pub(crate) checks: Vec<HealthCheck>,
}

impl TestConnector {
    /// Starts a connector on a broker of its own.
    ///
    /// # Errors
    /// Everything that keeps it from starting, as in production.
    pub async fn start(builder: ConnectorBuilder) -> Result<Self, StartError> {
        Self::start_on(&MemoryBroker::new(), builder).await
    }

    /// Starts a connector on a broker that is there: one that holds records already, or that other
    /// connectors share.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub async fn start_on(
        broker: &MemoryBroker,
        builder: ConnectorBuilder,
    ) -> Result<Self, StartError> {
        let connector = builder.settings_if_none(Settings::default()).build()?;
        let checks = connector.checks;
        Ok(Self { checks, ..Self::over(broker, connector.plan, connector.status) })
    }

    /// Runs the handlers of a connector that is there beside it, on a broker of their own: what they
    /// share (`State`) is the same.
    ///
    /// ```standalone_crate
    /// use flowx_core::testing::TestConnector;
    /// use flowx_core::{Connector, HandlerError, flowx_handler};
    ///
    /// #[flowx_handler(topic = "numbers.double", refuses = [])]
    /// async fn double(number: i64) -> Result<Vec<i64>, HandlerError> {
    ///     Ok(vec![number * 2])
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let connector = Connector::builder().only(["double"]).build().unwrap();
    /// let beside = TestConnector::beside(&connector);
    /// let exchange = beside.handler("double").send(&21).await;
    /// assert_eq!(exchange.reply_json().unwrap()[0], 42);
    /// # }
    /// ```
    #[must_use]
    pub fn beside(connector: &Connector) -> Self {
        Self::over(&MemoryBroker::new(), Arc::clone(&connector.plan), Status::default())
    }

    /// Runs a plan over a broker in memory.
    pub(crate) fn over(broker: &MemoryBroker, plan: Arc<Plan>, status: Status) -> Self {
        let (source, sink, member) = broker.join(&plan.group, plan.registry.subscriptions());
        let (stop, ended) = (CancellationToken::new(), CancellationToken::new());
        let ends = ended.clone().drop_guard();
        let run = dispatch::run(source, sink, Arc::clone(&plan), status.clone(), stop.clone());
        let run = tokio::spawn(async move {
            let _ends = ends;
            run.await
        });
        Self {
            broker: broker.clone(),
            member,
            patience: patience(&plan),
            plan,
            status,
            stop: stop.drop_guard(),
            ended,
            run,
            processes: AtomicU64::new(1),
            checks: Vec::new(),
        }
    }

    /// Begins a request to a handler, by its name.
    ///
    /// # Panics
    /// There is no such handler, or it reads a pattern: then [`topic`](Self::topic) names one of its
    /// topics.
    pub fn handler(&self, name: &str) -> TestRequest<'_> {
        let mut routes = self.registry().routes();
        let Some(route) = routes.find(|route| route.name() == name) else {
            let names: Vec<_> = self.registry().routes().map(|route| route.name()).collect();
            panic!("no handler `{name}` runs here, only `{}`", names.join("`, `"));
        };
        match &route.subscription {
            Subscription::Exact(topic) => TestRequest::new(self, Arc::clone(topic)),
            pattern @ Subscription::Prefix(_) => panic!(
                "handler `{name}` reads `{pattern}`; say which topic with `connector.topic(\"…\")`"
            ),
        }
    }

    /// Sends every example of every handler, and returns what became of each: a handler's examples are
    /// part of its contract, and one test holds all of them.
    ///
    /// ```standalone_crate
    /// # use flowx_core::{Connector, HandlerError, flowx_handler, testing::TestConnector};
    /// # #[derive(serde::Deserialize, serde::Serialize, schemars::JsonSchema)]
    /// # #[schemars(example = serde_json::json!({ "amount": 1 }))]
    /// # struct Request { amount: u32 }
    /// # #[flowx_handler(topic = "plugin.echo.trigger.say")]
    /// # async fn echo(request: Request) -> Result<Request, HandlerError> { Ok(request) }
    /// # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
    /// let connector = TestConnector::start(Connector::builder()).await?;
    /// let exchanges = connector.play_examples().await;
    /// assert_eq!(exchanges.len(), 1);
    /// # connector.stop().await?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Panics
    /// An example was not handled, was answered by something that is not as the contract says, or has
    /// no answer although there should be one. All are told at once.
    pub async fn play_examples(&self) -> Vec<Exchange> {
        let mut exchanges = Vec::new();
        let mut wrong = Vec::new();
        for route in self.registry().routes() {
            let topic = route.example_topic(self.registry().naming());
            for example in route.handler.examples() {
                let exchange = self.topic(&topic).send(example).await;
                let found = exchange.differs(route, &self.plan.error_field);
                wrong.extend(found.into_iter().map(|finding| format!("{finding}; {exchange}")));
                exchanges.push(exchange);
            }
        }
        assert!(
            wrong.is_empty(),
            "examples are not handled as they should be:\n{}",
            wrong.join("\n")
        );
        exchanges
    }

    /// Begins a request to a topic: its full name, or as in the attribute, without prefix and suffix.
    ///
    /// # Panics
    /// No handler reads it.
    pub fn topic(&self, name: &str) -> TestRequest<'_> {
        let topic = self.full_name(name);
        if self.registry().route(&topic).is_none() {
            let read = self.registry().subscriptions();
            let read: Vec<_> = read.iter().map(ToString::to_string).collect();
            panic!("no handler reads `{topic}`, only `{}` are read", read.join("`, `"));
        }
        TestRequest::new(self, topic)
    }

    /// The committed offset of a partition: the next request that a successor would read. `None` if
    /// nothing was committed. Finished requests are committed within a second.
    #[must_use]
    pub fn committed(&self, topic: &str, partition: i32) -> Option<i64> {
        self.broker.committed(&self.plan.group, &self.full_name(topic), partition)
    }

    /// Waits until at least this offset is committed.
    ///
    /// # Panics
    /// It is not within ten minutes of tokio's clock.
    pub async fn wait_for_commit(&self, topic: &str, partition: i32, offset: i64) {
        let topic = self.full_name(topic);
        self.broker.wait_for_commit(&self.plan.group, &topic, partition, offset).await;
    }

    /// The full name of a topic, as the broker knows it.
    ///
    /// # Panics
    /// Kafka would refuse the name.
    #[must_use]
    pub fn full_name(&self, topic: &str) -> Arc<str> {
        let naming = self.registry().naming();
        let absolute = topic.starts_with(&naming.prefix) || self.registry().route(topic).is_some();
        if absolute {
            return topic.into();
        }
        match TopicSpec::parse(topic) {
            Ok(spec) if !spec.is_pattern() => naming.full_name(&spec),
            Ok(_) => panic!("`{topic}` is a pattern; a test names one topic"),
            Err(error) => panic!("{error}"),
        }
    }

    /// The broker, to look at other topics or to disturb it.
    #[must_use]
    pub fn broker(&self) -> &MemoryBroker {
        &self.broker
    }

    /// The connector as a member of its consumer group, to take partitions away.
    #[must_use]
    pub fn member(&self) -> &Member {
        &self.member
    }

    /// The handlers with their topics.
    #[must_use]
    pub fn registry(&self) -> &Registry {
        &self.plan.registry
    }

    /// The consumer group.
    #[must_use]
    pub fn group(&self) -> &str {
        &self.plan.group
    }

    /// The window into the running connector.
    #[must_use]
    pub fn status(&self) -> &Status {
        &self.status
    }

    /// How long a request may take before the test fails, in the time of tokio's clock; default is
    /// the time for all attempts, on retry topics too, and a minute more.
    #[must_use]
    pub fn with_patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// Stops it in good order, as SIGTERM does: what is in flight may finish, and is committed.
    ///
    /// # Errors
    /// It had stopped before by itself, or could not stop in good order.
    ///
    /// # Panics
    /// The runtime itself has panicked.
    pub async fn stop(self) -> Result<(), RunError> {
        drop(self.stop);
        join(self.run).await
    }

    /// Waits until it ends by itself, and says why.
    ///
    /// # Errors
    /// Why it ended.
    ///
    /// # Panics
    /// The runtime itself has panicked.
    pub async fn ended(self) -> Result<(), RunError> {
        join(self.run).await
    }

    /// Ends it as a crash does: nothing finishes, nothing more is committed. Its partitions go to
    /// other connectors of its group, from the last commit on.
    pub async fn kill(self) {
        self.run.abort();
        // Only an aborted or finished task comes back here, and neither has anything to say.
        let _ = self.run.await;
    }

    /// A process instance that no other request of this connector belongs to.
    pub(super) fn next_process(&self) -> u64 {
        self.processes.fetch_add(1, Ordering::Relaxed)
    }
}

/// What a request may take that fails on every retry topic of its handler.
fn patience(plan: &Plan) -> Duration {
    let beyond_the_first = |route: &Arc<Route>| {
        let waits = route.retry_topics.iter().map(|retry| retry.delay + plan.retry.budget);
        waits.fold(Duration::ZERO, Duration::saturating_add)
    };
    let longest = plan.registry.routes().map(beyond_the_first).max().unwrap_or_default();
    longest.saturating_add(plan.retry.budget).saturating_add(BEYOND_THE_BUDGET)
}

async fn join(run: JoinHandle<Result<(), RunError>>) -> Result<(), RunError> {
    match run.await {
        Ok(result) => result,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}
