//! The settings tree, and what in it excludes each other.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::time::Duration;

use humantime::format_duration;

use super::admin_group::AdminGroup;
use super::assignment::AssignmentProtocol;
use super::handlers::HandlerOverrides;
use super::keys::KEYS;
use super::layers::Sources;
use super::log_format::LogFormat;
use super::order::Order;
use super::origin::{Origin, Origins};
use super::process_ids::ProcessIds;
use super::secret::Secret;
use super::security::SecuritySettings;
use crate::message::decode::Limits;
use crate::message::error_reply::DEFAULT_ERROR_FIELD;

/// Everything that can be configured, with its default where nothing is said.
///
/// ```
/// use flowx_core::config::Settings;
///
/// let environment = [("SPRING_KAFKA_BOOTSTRAPSERVERS", "kafka:9092"), ("ORGANIZATION_ID", "acme")];
/// let settings = Settings::read(environment).unwrap();
/// assert_eq!(settings.bootstrap_servers.as_deref(), Some("kafka:9092"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Settings {
    /// Brokers to begin with, `host:port` separated by commas; none by default.
    pub bootstrap_servers: Option<String>,
    /// Kafka's `security.protocol`; default `PLAINTEXT`.
    pub security_protocol: String,
    /// How clients log in, and how they know brokers.
    pub security: SecuritySettings,
    /// Further properties of librdkafka, by name; none by default. Any may be a password.
    pub kafka: BTreeMap<String, Secret>,
    /// Consumer group; by default the name of the binary in kebab-case.
    pub group: Option<String>,
    /// Name of this instance in its group, the same after a restart (Kafka's `group.instance.id`);
    /// none by default.
    pub instance_id: Option<String>,
    /// Largest record in bytes, read or written; default 52 428 800.
    pub message_max_bytes: usize,
    /// Parts of topic names.
    pub naming: NamingSettings,
    /// What is set for single handlers.
    pub handlers: HandlerOverrides,
    /// `Fx-Organization-Id` of an answer whose request came without it.
    pub organization_id: Option<String>,
    /// `fxContext` of an answer whose request came without it.
    pub fx_context: Option<String>,
    /// Name of the text's field in an error reply; default `errorMessage`.
    pub error_field: String,
    /// Whether a successful reply carries that field as `null`; default true.
    pub error_null: bool,
    /// Whether answers carry `x-reply-id` and `x-request-offset`; default true.
    pub own_headers: bool,
    /// Deepest nesting of a request; default 64.
    pub max_depth: usize,
    /// Whether a text that still holds `${…}` is refused; default true.
    pub refuse_placeholders: bool,
    /// How many values a request may hold to be looked at whole; default 100 000.
    pub max_values: usize,
    /// How many headers a request may have; default 200.
    pub max_headers: usize,
    /// Bytes of names and values of a request's headers together; default 65 536.
    pub max_header_bytes: usize,
    /// The longest one attempt may run; default 30 s.
    pub handler_timeout: Duration,
    /// Attempts in all; default 5. On each retry topic as many again.
    pub retry_attempts: u32,
    /// Attempts in all once one has panicked or run out of time; default 2.
    pub retry_attempts_after_crash: u32,
    /// The longest wait before the second attempt; default 300 ms.
    pub retry_delay: Duration,
    /// The longest wait before any attempt; default 60 s.
    pub retry_longest_delay: Duration,
    /// Time for all attempts and waits together; default 2 min. On each retry topic as much again.
    pub retry_budget: Duration,
    /// Whether requests that a handler refused are put aside too; default false.
    pub dead_letter_refusals: bool,
    /// Whether a partition is held while nearly all of its requests fail; default true.
    pub breaker: bool,
    /// Failures in a row that hold a partition; default 100.
    pub breaker_failures: u32,
    /// Failures in a hundred, of the last 200 requests, that hold a partition; default 90.
    pub breaker_percent: u32,
    /// How long a partition is held before one request is tried; default 30 s.
    pub breaker_pause: Duration,
    /// Requests of a handler at work at once; default 256.
    pub concurrency: usize,
    /// Answers on their way to the brokers at once; default 1 000.
    pub unacknowledged: usize,
    /// What runs one after another; default by key.
    pub order: Order,
    /// How long a stop waits for what is in flight; default 10 s.
    pub drain: Duration,
    /// Whether logs and dead letters show all that a panic says, which may quote a request; default
    /// false.
    pub show_panics: bool,
    /// Kafka's `session.timeout.ms`; default 45 s.
    pub session_timeout: Duration,
    /// How partitions move when an instance comes or goes; default cooperative.
    pub assignment: AssignmentProtocol,
    /// How long records that the broker has may fail to come before the consumer is restarted; default
    /// 60 s.
    pub stall: Duration,
    /// Whether `run` serves the catalog page with try-it-out; default false.
    pub catalog: bool,
    /// Where the admin endpoint listens; default `127.0.0.1:8081`.
    pub admin_address: SocketAddr,
    /// What a request must know that is tried out, or that pauses or resumes a handler; none by default,
    /// and needed with the catalog.
    pub admin_token: Option<Secret>,
    /// Host names under which the admin endpoint may be called besides `localhost`; none by default.
    pub admin_hosts: Vec<String>,
    /// Whether `run` serves the admin endpoint; default true.
    pub admin: bool,
    /// What its paths begin with, but for the catalog's; default `/manage/actuator`.
    pub admin_base: String,
    /// What of it is served; by default all on a loopback address, else health, info and metrics.
    pub admin_expose: Option<BTreeSet<AdminGroup>>,
    /// Whether `run` looks at the cluster when it starts, and warns; default true.
    pub check: bool,
    /// How the program's log is written; default as text.
    pub log_format: LogFormat,
    /// How logs and exported spans name process instances; default by their ids.
    pub process_ids: ProcessIds,
    /// Where what was read comes from.
    pub(super) origins: Origins,
}

/// Parts of topic names, as the platform's services are configured with them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamingSettings {
    /// Default `ai.flowx.`.
    pub package: String,
    /// Default `dev.`.
    pub environment: String,
    /// Default `.v1`.
    pub version: String,
    /// In place of package and environment.
    pub prefix: Option<String>,
    /// In place of the version.
    pub suffix: Option<String>,
    /// Default `engine.receive.`.
    pub engine_receive: String,
    /// Default `integration.receive.`.
    pub integration_receive: String,
}

impl Default for NamingSettings {
    fn default() -> Self {
        Self {
            package: "ai.flowx.".to_owned(),
            environment: "dev.".to_owned(),
            version: ".v1".to_owned(),
            prefix: None,
            suffix: None,
            engine_receive: "engine.receive.".to_owned(),
            integration_receive: "integration.receive.".to_owned(),
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            bootstrap_servers: None,
            security_protocol: "PLAINTEXT".to_owned(),
            security: SecuritySettings::default(),
            kafka: BTreeMap::new(),
            group: None,
            instance_id: None,
            message_max_bytes: Limits::default().max_bytes,
            naming: NamingSettings::default(),
            handlers: HandlerOverrides::default(),
            organization_id: None,
            fx_context: None,
            error_field: DEFAULT_ERROR_FIELD.to_owned(),
            error_null: true,
            own_headers: true,
            max_depth: Limits::default().max_depth,
            refuse_placeholders: true,
            max_values: 100_000,
            max_headers: Limits::default().max_headers,
            max_header_bytes: Limits::default().max_header_bytes,
            handler_timeout: Duration::from_secs(30),
            retry_attempts: 5,
            retry_attempts_after_crash: 2,
            retry_delay: Duration::from_millis(300),
            retry_longest_delay: Duration::from_secs(60),
            retry_budget: Duration::from_secs(120),
            dead_letter_refusals: false,
            breaker: true,
            breaker_failures: 100,
            breaker_percent: 90,
            breaker_pause: Duration::from_secs(30),
            concurrency: 256,
            unacknowledged: 1_000,
            order: Order::default(),
            drain: Duration::from_secs(10),
            show_panics: false,
            session_timeout: Duration::from_secs(45),
            assignment: AssignmentProtocol::default(),
            stall: Duration::from_secs(60),
            catalog: false,
            admin_address: SocketAddr::from(([127, 0, 0, 1], 8081)),
            admin_token: None,
            admin_hosts: Vec::new(),
            admin: true,
            admin_base: "/manage/actuator".to_owned(),
            admin_expose: None,
            check: true,
            log_format: LogFormat::default(),
            process_ids: ProcessIds::default(),
            origins: Origins::default(),
        }
    }
}

impl Settings {
    /// Reads the variables of the process, and the file that they name.
    ///
    /// # Errors
    /// As [`Sources::read`].
    pub fn from_environment() -> Result<Self, Vec<String>> {
        Sources::from_environment().read()
    }

    /// Reads settings from variables. Of several that set one thing the first in the order of
    /// [`KEYS`] wins: the native name, then the platform's. Empty values count as
    /// not set, but for the retry topics of a handler, where an empty list means none.
    ///
    /// # Errors
    /// As [`Sources::read`].
    pub fn read<N, V>(variables: impl IntoIterator<Item = (N, V)>) -> Result<Self, Vec<String>>
    where
        N: Into<String>,
        V: Into<String>,
    {
        Sources::default().variables(variables).read()
    }

    /// Where the value of the setting at a path comes from, as `retry.attempts`.
    #[must_use]
    pub fn origin(&self, path: &str) -> Origin {
        if let Some(origin) = self.origins.get(path) {
            return origin.clone();
        }
        let changed = KEYS
            .iter()
            .find(|key| key.path == path)
            .is_some_and(|key| key.shown(self) != key.shown(&Self::default()));
        if changed { Origin::Program } else { Origin::Default }
    }

    /// Settings that are fine alone and not together. Of the handlers' own times and of Kafka's the
    /// connector knows more.
    pub(crate) fn contradictions(&self) -> Vec<String> {
        let mut problems = Vec::new();
        if self.drain >= self.session_timeout {
            problems.push(format!(
                "the drain of {} must be shorter than the session timeout of {}: a member that drains longer loses its partitions; set FLOWX_CONNECTOR_DRAIN or FLOWX_CONNECTOR_SESSION_TIMEOUT",
                format_duration(self.drain),
                format_duration(self.session_timeout),
            ));
        }
        if self.retry_delay > self.retry_longest_delay {
            problems.push(format!(
                "the wait of {} before the second attempt is longer than the longest before any, {}; set FLOWX_CONNECTOR_RETRY_DELAY or FLOWX_CONNECTOR_RETRY_LONGEST_DELAY",
                format_duration(self.retry_delay),
                format_duration(self.retry_longest_delay),
            ));
        }
        if self.retry_attempts > 1 && self.retry_delay >= self.retry_budget {
            problems.push(format!(
                "the wait of {} before the second attempt is not shorter than the time for all attempts, {}, so there would never be one; set FLOWX_CONNECTOR_RETRY_DELAY or FLOWX_CONNECTOR_RETRY_BUDGET, or FLOWX_CONNECTOR_RETRY_ATTEMPTS to 1",
                format_duration(self.retry_delay),
                format_duration(self.retry_budget),
            ));
        }
        if self.stall < SHORTEST_STALL {
            problems.push(format!(
                "the stall of {} is shorter than {}: a broker that takes a while would have the consumer restarted; set FLOWX_CONNECTOR_STALL",
                format_duration(self.stall),
                format_duration(SHORTEST_STALL),
            ));
        }
        if self.catalog && self.admin_token.is_none() {
            problems.push(
                "the catalog is on, and whoever reaches it could run the handlers; set FLOWX_CONNECTOR_ADMIN_TOKEN to a long random text, or FLOWX_CONNECTOR_CATALOG to `false`"
                    .to_owned(),
            );
        }
        if self.catalog && !self.admin {
            problems.push(
                "the catalog is on, and the admin endpoint that serves it is off; set one of FLOWX_CONNECTOR_CATALOG and FLOWX_CONNECTOR_ADMIN to the other's value"
                    .to_owned(),
            );
        } else if self.catalog && !self.exposed().contains(&AdminGroup::Catalog) {
            problems.push(
                "the catalog is on, and not among what the admin endpoint exposes; add `catalog` to FLOWX_CONNECTOR_ADMIN_EXPOSE, or set FLOWX_CONNECTOR_CATALOG to `false`"
                    .to_owned(),
            );
        }
        problems
    }

    /// A problem, with the places of the settings that it speaks of.
    pub(crate) fn placed(&self, problem: String) -> String {
        self.origins.placed(problem)
    }

    /// What the admin endpoint serves where it listens.
    #[must_use]
    pub fn exposed(&self) -> BTreeSet<AdminGroup> {
        let at_home = self.admin_address.ip().is_loopback();
        let default = if at_home { &AdminGroup::ALL[..] } else { &AdminGroup::HARMLESS };
        self.admin_expose.clone().unwrap_or_else(|| default.iter().copied().collect())
    }
}

/// A broker is asked four times in a stall, and may take two seconds for each answer.
const SHORTEST_STALL: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Settings, Vec<String>> {
        Settings::read(variables.iter().copied())
    }

    #[test]
    fn every_spelling_of_the_platform_is_read() {
        for name in [
            "KAFKA_BOOTSTRAP_SERVERS",
            "KAFKA_BOOTSTRAPSERVERS",
            "SPRING_KAFKA_BOOTSTRAP_SERVERS",
            "SPRING_KAFKA_BOOTSTRAPSERVERS",
            "FLOWX_CONNECTOR_BOOTSTRAP_SERVERS",
        ] {
            let settings = read(&[(name, "a:1,b:2")]).unwrap();
            assert_eq!(settings.bootstrap_servers.as_deref(), Some("a:1,b:2"), "{name}");
        }
        let both = [("SPRING_KAFKA_BOOTSTRAPSERVERS", "old"), ("KAFKA_BOOTSTRAP_SERVERS", "new")];
        assert_eq!(read(&both).unwrap().bootstrap_servers.as_deref(), Some("new"));
        for name in ["KAFKA_DEFAULTFXCONTEXT", "KAFKA_DEFAULT_FX_CONTEXT"] {
            assert_eq!(read(&[(name, "main")]).unwrap().fx_context.as_deref(), Some("main"));
        }
    }

    #[test]
    fn all_that_is_wrong_is_said_at_once_and_no_value_with_it() {
        let problems = read(&[
            ("KAFKA_MESSAGE_MAX_BYTES", "canary"),
            ("FLOWX_CONNECTOR_RETRY_ATTEMPT", "3"),
            ("FLOWX_CONNECTOR_HANDLER_EXCHANGE_ORDERS", "key"),
            ("FLOWX_CONNECTOR_HANDLER_EXCHANGE_TIMEOUT", "canary"),
            ("FLOWX_CONNECTOR_HANDLER_EXCHANGE_RETRY_TOPICS", "5m,canary"),
            ("FLOWX_CONNECTOR_DRAIN", "1min"),
            ("FLOWX_CONNECTOR_MAX_DEPTH", "500"),
        ])
        .unwrap_err();
        let text = problems.join("\n");
        assert_eq!(problems.len(), 7, "{text}");
        assert!(
            text.contains("`KAFKA_MESSAGE_MAX_BYTES` cannot be read: expected a number of bytes")
        );
        assert!(text.contains("did you mean `FLOWX_CONNECTOR_RETRY_ATTEMPTS`?"));
        assert!(text.contains("FLOWX_CONNECTOR_HANDLER_<NAME>_TOPIC"));
        assert!(text.contains("the drain of 1m must be shorter than the session timeout of 45s"));
        assert!(!text.contains("canary"));
    }

    #[test]
    fn a_catalog_without_a_token_is_refused_and_the_token_is_never_shown() {
        let on = ("FLOWX_CONNECTOR_CATALOG", "true");
        for token in ["", " "] {
            let problems = read(&[on, ("FLOWX_CONNECTOR_ADMIN_TOKEN", token)]).unwrap_err();
            assert!(problems[0].contains("set FLOWX_CONNECTOR_ADMIN_TOKEN"), "{problems:?}");
        }
        let settings = read(&[on, ("FLOWX_CONNECTOR_ADMIN_TOKEN", "canary")]).unwrap();
        assert!(settings.admin_token.as_ref().is_some_and(|token| token.is("canary")));
        assert!(!format!("{settings:?}").contains("canary"));
    }

    #[test]
    fn beyond_this_machine_only_what_is_harmless_is_exposed_unless_more_is_asked_for() {
        let address = ("FLOWX_CONNECTOR_ADMIN_ADDRESS", "0.0.0.0:8081");
        let expose = |names| ("FLOWX_CONNECTOR_ADMIN_EXPOSE", names);
        assert_eq!(Settings::default().exposed(), AdminGroup::ALL.into());
        assert_eq!(read(&[address]).unwrap().exposed(), AdminGroup::HARMLESS.into());
        let more = read(&[address, expose("health, handlers")]).unwrap().exposed();
        assert_eq!(more, [AdminGroup::Health, AdminGroup::Handlers].into());
        let problems = read(&[expose("health,everything")]).unwrap_err();
        assert!(problems[0].contains("names of `health`"), "{problems:?}");

        let (on, token) =
            (("FLOWX_CONNECTOR_CATALOG", "true"), ("FLOWX_CONNECTOR_ADMIN_TOKEN", "canary"));
        let problems = read(&[address, on, token]).unwrap_err();
        assert!(
            problems[0].contains("add `catalog` to FLOWX_CONNECTOR_ADMIN_EXPOSE"),
            "{problems:?}"
        );
        let problems = read(&[on, token, ("FLOWX_CONNECTOR_ADMIN", "false")]).unwrap_err();
        assert!(problems[0].contains("the admin endpoint that serves it is off"), "{problems:?}");
        assert_eq!(problems.len(), 1, "{problems:?}");
    }

    #[test]
    fn what_is_empty_or_another_services_is_passed_over() {
        let settings =
            read(&[("KAFKA_BOOTSTRAP_SERVERS", " "), ("FLOWX_WEBCLIENT_BUFFERSIZE", "1")]).unwrap();
        assert_eq!(settings, Settings::default());
    }
}
