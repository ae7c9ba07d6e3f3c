//! The builder of a connector: gathers the handlers, reads the settings, wires the floors below.

pub(crate) mod health_check;
#[cfg(feature = "kafka")]
mod kafka;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;
use tower::{Layer, Service};

use crate::config::{Settings, Sources};
use crate::contract::asyncapi::{self, Place};
use crate::contract::model::{Contract, Terms};
use crate::handler::binder::BindEnvironment;
use crate::handler::bound::{self, BoundHandler};
use crate::handler::entry::{self, HandlerEntry};
use crate::handler::error::BoxError;
use crate::handler::middleware::{Invocation, LayeredHandler};
use crate::handler::outcome::Outcome;
use crate::handler::policy::Policy;
use crate::handler::registry::Registry;
use crate::message::decode::Limits;
use crate::message::envelope::{FX_CONTEXT, FX_ORGANIZATION_ID};
use crate::message::reply::ReplyStyle;
use crate::message::topic::Naming;
use crate::runtime::breaker::BreakerPolicy;
use crate::runtime::dispatch::{self, RunError};
use crate::runtime::plan::{Bounds, Plan};
use crate::runtime::port::{Sink, Source};
use crate::runtime::retry::RetryPolicy;
use crate::runtime::status::Status;
use health_check::HealthCheck;

/// A connector that is ready to run: every handler bound, every topic known, every setting checked.
#[derive(Debug)]
pub struct Connector {
    pub(crate) settings: Settings,
    pub(crate) plan: Arc<Plan>,
    pub(crate) status: Status,
    #[cfg_attr(not(feature = "kafka"), allow(dead_code, reason = "only the admin endpoint asks"))]
    pub(crate) checks: Vec<HealthCheck>,
}

impl Connector {
    /// Begins a connector of all handlers that are linked into this binary.
    ///
    /// ```standalone_crate
    /// use flowx_core::Connector;
    ///
    /// let error = Connector::builder().only(["nobody"]).build().unwrap_err();
    /// assert!(error.to_string().contains("no handler `nobody` is linked into this binary"));
    /// ```
    pub fn builder() -> ConnectorBuilder {
        ConnectorBuilder::default()
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

    /// What this connector promises to processes.
    #[must_use]
    pub fn contract(&self) -> Contract {
        contract_of(&self.plan)
    }

    /// The same as an AsyncAPI document, with the brokers of the settings.
    ///
    /// ```standalone_crate
    /// use flowx_core::{Connector, HandlerError, flowx_handler};
    ///
    /// #[flowx_handler(topic = "note.trigger.keep")]
    /// async fn keep(note: String) -> Result<(), HandlerError> {
    ///     println!("{note}");
    ///     Ok(())
    /// }
    ///
    /// let document = Connector::builder().group("notes").build().unwrap().asyncapi();
    /// assert_eq!(document["operations"]["keep"]["action"], "receive");
    /// ```
    #[must_use]
    pub fn asyncapi(&self) -> serde_json::Value {
        let contract = self.contract();
        let place = Place::of(self.registry(), &contract, &self.settings);
        asyncapi::document(self.registry(), &contract, &place)
    }

    /// Serves requests between a source and a sink of the caller's own, another broker or Kafka's with
    /// something in between, until `stop`; then finishes what is in flight and commits. What the
    /// settings say of Kafka is not looked at.
    ///
    /// # Errors
    /// The source failed, or could not be closed in good order.
    pub async fn run_between<S: Source, K: Sink>(
        self,
        source: S,
        sink: K,
        stop: impl Future<Output = ()> + Send,
    ) -> Result<(), ConnectorError> {
        let stopping = CancellationToken::new();
        let status = self.status.clone();
        let run = dispatch::run(source, sink, self.plan, self.status, stopping.clone());
        let mut run = std::pin::pin!(run);
        tokio::select! {
            ended = &mut run => return Ok(ended?),
            () = stop => {
                status.stopping();
                stopping.cancel();
            }
        }
        Ok(run.await?)
    }

    /// The window into it while it runs.
    #[must_use]
    pub fn status(&self) -> Status {
        self.status.clone()
    }
}

/// What a connector of this plan promises to processes.
pub(crate) fn contract_of(plan: &Plan) -> Contract {
    let terms = Terms {
        group: &plan.group,
        error_field: &plan.error_field,
        attempts: plan.retry.attempts,
        budget: plan.retry.budget,
    };
    Contract::of(&plan.registry, &terms)
}

/// Collects what the handlers need; finish with [`main`](Self::main), or with
/// [`build`](Self::build) to run the connector yourself.
#[derive(Clone, Debug, Default)]
#[must_use = "a connector does nothing before `main` or `build`"]
pub struct ConnectorBuilder {
    environment: BindEnvironment,
    settings: Option<Settings>,
    sources: Option<Sources>,
    group: Option<String>,
    only: Option<BTreeSet<String>>,
    expected: Option<usize>,
    checks: Vec<HealthCheck>,
    problems: Vec<String>,
}

impl ConnectorBuilder {
    /// Gives a shared value to every handler that asks for it as `State<T>`; one of each type.
    pub fn state<T: Send + Sync + 'static>(mut self, value: T) -> Self {
        if self.environment.insert::<T>(value) {
            let name = std::any::type_name::<T>();
            self.problems.push(format!(
                "two values of type `{name}` were given to `.state(…)`; wrap one of them in a type of its own"
            ));
        }
        self
    }

    /// Puts a `tower` layer around the calls of each handler, inside of the layers before it. Each
    /// handler gets a service of its own; [`middleware`](crate::handler::middleware) says what a layer
    /// meets and what becomes of its errors.
    pub fn layer<L, S>(self, layer: L) -> Self
    where
        L: Layer<LayeredHandler, Service = S> + Send + Sync + 'static,
        S: Service<Invocation, Response = Outcome> + Clone + Send + Sync + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send + 'static,
    {
        self.add_layer(None, layer)
    }

    /// Puts a `tower` layer around the calls of the handler of this name.
    pub fn layer_for<L, S>(self, handler: impl Into<String>, layer: L) -> Self
    where
        L: Layer<LayeredHandler, Service = S> + Send + Sync + 'static,
        S: Service<Invocation, Response = Outcome> + Clone + Send + Sync + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send + 'static,
    {
        self.add_layer(Some(handler.into()), layer)
    }

    fn add_layer<L, S>(mut self, handler: Option<String>, layer: L) -> Self
    where
        L: Layer<LayeredHandler, Service = S> + Send + Sync + 'static,
        S: Service<Invocation, Response = Outcome> + Clone + Send + Sync + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send + 'static,
    {
        self.environment.layers.add(handler, layer);
        self
    }

    /// Uses these settings; neither file, environment nor command line is read for others.
    pub fn settings(mut self, settings: Settings) -> Self {
        self.settings = Some(settings);
        self
    }

    /// Uses these settings if none were given; the environment is not read then.
    pub(crate) fn settings_if_none(mut self, settings: Settings) -> Self {
        self.settings.get_or_insert(settings);
        self
    }

    /// The consumer group, in place of the binary's name. A group that is configured comes first.
    pub fn group(mut self, group: impl Into<String>) -> Self {
        self.group = Some(group.into());
        self
    }

    /// Takes only these handlers, by name, of those that are linked.
    pub fn only<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.only = Some(names.into_iter().map(Into::into).collect());
        self
    }

    /// Refuses to start unless exactly so many handlers are linked.
    ///
    /// Handlers are collected by the linker, and a crate that nothing refers to is not linked:
    /// without this, its handlers would be missing without a word.
    pub fn expect_handlers(mut self, count: usize) -> Self {
        self.expected = Some(count);
        self
    }

    /// The settings as far as they can be read, before they are checked, and what is wrong with the
    /// rest.
    pub(crate) fn configured(&self) -> (Settings, Vec<String>) {
        match &self.settings {
            Some(settings) => (settings.clone(), Vec::new()),
            None => self.sources.clone().unwrap_or_else(Sources::from_environment).resolve(),
        }
    }

    /// Binds the handlers and checks everything that can be checked without a broker.
    ///
    /// # Errors
    /// Everything that is wrong, at once.
    pub fn build(self) -> Result<Connector, StartError> {
        self.build_with(|_| ())
    }

    /// Builds with settings that are amended after they were read.
    pub(crate) fn build_with(
        self,
        amend: impl FnOnce(&mut Settings),
    ) -> Result<Connector, StartError> {
        let linked: Vec<&'static HandlerEntry> = entry::entries().collect();
        let (mut settings, unreadable) = self.configured();
        let mut problems = self.problems;
        problems.extend(missing(&linked, self.expected));
        let layered = self.environment.layers.named().filter(|name| !is_linked(&linked, name));
        problems.extend(layered.map(|name| {
            format!("`.layer_for(\"{name}\", …)`: no handler `{name}` is linked into this binary")
        }));
        problems.extend(health_check::problems(&self.checks));
        amend(&mut settings);
        problems.extend(settings.contradictions());
        #[cfg(feature = "kafka")]
        problems.extend(kafka::problems(&settings));
        let (wanted, unknown) = selected(&linked, self.only.as_ref());
        problems.extend(unknown);
        let group =
            match settings.group.clone().or(self.group).map_or_else(|| own_name(&wanted), Ok) {
                Ok(group) => group,
                Err(problem) => {
                    problems.push(problem);
                    String::new()
                }
            };
        let mut environment = self.environment;
        environment.error_field = settings.error_null.then(|| settings.error_field.clone());
        let mut handlers: Vec<BoundHandler> = Vec::new();
        for entry in wanted {
            match bound::bind(entry, &environment) {
                Ok(handler) => handlers.push(handler),
                Err(errors) => problems.extend(errors.iter().map(ToString::to_string)),
            }
        }
        match Registry::build(
            handlers,
            naming(&settings),
            &settings.handlers,
            &group,
            &policy(&settings),
        ) {
            Ok(registry) => {
                problems.extend(endless_attempts(&registry, &settings));
                if problems.is_empty() && unreadable.is_empty() {
                    let plan = Arc::new(plan(&settings, registry, group));
                    let status = Status::default();
                    status.attend(&plan);
                    return Ok(Connector { settings, plan, status, checks: self.checks });
                }
            }
            Err(wrong) => problems.extend(wrong),
        }
        let problems = problems.into_iter().map(|problem| settings.placed(problem));
        Err(StartError { problems: unreadable.into_iter().chain(problems).collect() })
    }
}

/// Everything that keeps a connector from starting.
#[derive(Clone, PartialEq, Eq)]
pub struct StartError {
    problems: Vec<String>,
}

impl StartError {
    /// One sentence for each thing that is wrong.
    #[must_use]
    pub fn problems(&self) -> &[String] {
        &self.problems
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the connector cannot start:")?;
        self.problems.iter().try_for_each(|problem| write!(f, "\n  - {problem}"))
    }
}

impl fmt::Debug for StartError {
    /// As `Display`: it is what `unwrap` and a `main` that returns it print.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for StartError {}

/// Why a connector does not run.
#[derive(Debug, thiserror::Error)]
pub enum ConnectorError {
    /// It could not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// It stopped although nobody asked it to, or not in good order.
    #[error(transparent)]
    Run(#[from] RunError),
}

fn missing(linked: &[&'static HandlerEntry], expected: Option<usize>) -> Option<String> {
    let names: BTreeSet<&str> = linked.iter().map(|entry| entry.name).collect();
    let names = names.into_iter().collect::<Vec<_>>().join("`, `");
    let remedy =
        "a crate that nothing refers to is not linked; name it once, as in `use my_handlers as _;`";
    match (linked.len(), expected) {
        (0, _) => Some(format!("no handler is linked into this binary; {remedy}")),
        (count, Some(expected)) if count != expected => Some(format!(
            "{expected} handlers were expected, {count} are linked (`{names}`); {remedy}"
        )),
        _ => None,
    }
}

fn is_linked(linked: &[&'static HandlerEntry], name: &str) -> bool {
    linked.iter().any(|entry| entry.name == name)
}

fn selected(
    linked: &[&'static HandlerEntry],
    only: Option<&BTreeSet<String>>,
) -> (Vec<&'static HandlerEntry>, Vec<String>) {
    let Some(only) = only else { return (linked.to_vec(), Vec::new()) };
    let wanted = linked.iter().copied().filter(|entry| only.contains(entry.name)).collect();
    let unknown = only.iter().filter(|name| !is_linked(linked, name));
    let unknown = unknown.map(|name| format!("no handler `{name}` is linked into this binary"));
    (wanted, unknown.collect())
}

/// The consumer group that nobody configured: the binary that holds the handlers, else their
/// package, in kebab-case. A version is never part of it: a new release must find its offsets.
fn own_name(handlers: &[&'static HandlerEntry]) -> Result<String, String> {
    let distinct = |names: BTreeSet<&'static str>| match names.len() {
        1 => names.first().map(|name| name.replace('_', "-")),
        _ => None,
    };
    let binaries = handlers.iter().filter_map(|entry| entry.site.binary).collect();
    let packages = handlers.iter().map(|entry| entry.site.package).collect();
    distinct(binaries).or_else(|| distinct(packages)).ok_or_else(|| {
        "the consumer group is not clear, for the handlers come from several packages; name it with `.group(\"…\")` or FLOWX_CONNECTOR_GROUP".to_owned()
    })
}

/// Handlers whose one attempt may outlast the time for all.
fn endless_attempts(registry: &Registry, settings: &Settings) -> Vec<String> {
    let budget = settings.retry_budget;
    registry
        .routes()
        .filter(|route| route.policy.timeout > budget)
        .map(|route| {
            format!(
                "{}: handler `{}`: its timeout of {} is longer than the time for all attempts, {}; make it shorter or set FLOWX_CONNECTOR_RETRY_BUDGET",
                route.handler.site,
                route.name(),
                humantime::format_duration(route.policy.timeout),
                humantime::format_duration(budget),
            )
        })
        .collect()
}

fn naming(settings: &Settings) -> Naming {
    let parts = settings.naming.clone();
    Naming {
        prefix: parts.prefix.unwrap_or_else(|| format!("{}{}", parts.package, parts.environment)),
        suffix: parts.suffix.unwrap_or(parts.version),
        engine_receive: parts.engine_receive,
        integration_receive: parts.integration_receive,
    }
}

fn policy(settings: &Settings) -> Policy {
    Policy {
        concurrency: settings.concurrency,
        order: settings.order,
        timeout: settings.handler_timeout,
        ..Policy::default()
    }
}

fn plan(settings: &Settings, registry: Registry, group: String) -> Plan {
    let fill =
        [(FX_ORGANIZATION_ID, &settings.organization_id), (FX_CONTEXT, &settings.fx_context)];
    let fill = fill.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value.clone()?)));
    Plan {
        registry: Arc::new(registry),
        group,
        limits: Limits {
            max_bytes: settings.message_max_bytes,
            max_depth: settings.max_depth,
            refuse_placeholders: settings.refuse_placeholders,
            max_values: settings.max_values,
            max_headers: settings.max_headers,
            max_header_bytes: settings.max_header_bytes,
        },
        retry: RetryPolicy {
            attempts: settings.retry_attempts,
            attempts_after_crash: settings.retry_attempts_after_crash,
            first_delay: settings.retry_delay,
            longest_delay: settings.retry_longest_delay,
            budget: settings.retry_budget,
        },
        breaker: BreakerPolicy {
            consecutive: settings.breaker.then_some(settings.breaker_failures),
            percent: settings.breaker.then_some(settings.breaker_percent),
            pause: settings.breaker_pause,
        },
        error_field: settings.error_field.clone(),
        style: ReplyStyle { fill: fill.collect(), own_headers: settings.own_headers },
        dead_letter_refusals: settings.dead_letter_refusals,
        bounds: Bounds { unacknowledged: settings.unacknowledged, ..Bounds::default() },
        drain: settings.drain,
        show_panics: settings.show_panics,
        process_ids: settings.process_ids,
    }
}
