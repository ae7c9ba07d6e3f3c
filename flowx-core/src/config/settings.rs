//! The settings tree, and how the environment fills it.

use std::collections::BTreeMap;
use std::time::Duration;

use super::keys::{HANDLER_PREFIX, KEYS, Key, NATIVE_PREFIX, duration, number, order, relaxed};
use super::order::Order;
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
    /// Further properties of librdkafka, by name; none by default.
    pub kafka: BTreeMap<String, String>,
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
    /// The longest one attempt may run; default 30 s.
    pub handler_timeout: Duration,
    /// Attempts in all; default 5.
    pub retry_attempts: u32,
    /// The longest wait before the second attempt; default 300 ms.
    pub retry_delay: Duration,
    /// The longest wait before any attempt; default 60 s.
    pub retry_longest_delay: Duration,
    /// Time for all attempts and waits together; default 2 min.
    pub retry_budget: Duration,
    /// Requests of a handler at work at once; default 256.
    pub concurrency: usize,
    /// What runs one after another; default by key.
    pub order: Order,
    /// How long a stop waits for what is in flight; default 10 s.
    pub drain: Duration,
    /// Kafka's `session.timeout.ms`; default 45 s.
    pub session_timeout: Duration,
}

/// What is set for single handlers in place of what stands in the source.
///
/// A handler's name is compared in capitals and with `_` for everything that is no letter or digit,
/// as it stands in a variable: `CREDIT_CHECK` sets `credit-check`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HandlerOverrides(BTreeMap<String, HandlerOverride>);

/// What is set for one handler; `None` is not set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct HandlerOverride {
    /// The topic that it reads, written as in the attribute.
    pub topic: Option<String>,
    /// The topic that it answers on, written as in the attribute.
    pub reply: Option<String>,
    /// Requests at work at once.
    pub concurrency: Option<usize>,
    /// What runs one after another.
    pub order: Option<Order>,
    /// The longest one attempt may run.
    pub timeout: Option<Duration>,
}

impl HandlerOverrides {
    /// What is set for a handler, to be changed.
    pub fn entry(&mut self, handler: &str) -> &mut HandlerOverride {
        self.0.entry(variable_part(handler)).or_default()
    }

    /// What is set for a handler.
    #[must_use]
    pub fn get(&self, handler: &str) -> Option<&HandlerOverride> {
        self.0.get(&variable_part(handler))
    }

    /// The names that belong to none of these handlers.
    pub fn unknown(&self, handlers: &[&str]) -> impl Iterator<Item = &str> {
        let known: Vec<String> = handlers.iter().map(|name| variable_part(name)).collect();
        self.0.keys().filter(move |name| !known.contains(name)).map(String::as_str)
    }
}

fn variable_part(handler: &str) -> String {
    let part = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
    handler.chars().map(part).collect()
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
            handler_timeout: Duration::from_secs(30),
            retry_attempts: 5,
            retry_delay: Duration::from_millis(300),
            retry_longest_delay: Duration::from_secs(60),
            retry_budget: Duration::from_secs(120),
            concurrency: 256,
            order: Order::default(),
            drain: Duration::from_secs(10),
            session_timeout: Duration::from_secs(45),
        }
    }
}

impl Settings {
    /// Reads the variables of the process.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn from_environment() -> Result<Self, Vec<String>> {
        // A value that is not Unicode cannot be one of ours, but it must not stop the others.
        let variables = std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        });
        Self::read(variables)
    }

    /// Reads settings from variables. Of several that set one thing the first in the order of
    /// [`KEYS`] wins: the native name, then the platform's. Empty values count as not set.
    ///
    /// # Errors
    /// All unknown native variables, values that cannot be read and settings that contradict each
    /// other, each with its name and remedy.
    pub fn read<N, V>(variables: impl IntoIterator<Item = (N, V)>) -> Result<Self, Vec<String>>
    where
        N: Into<String>,
        V: Into<String>,
    {
        let mut settings = Self::default();
        let mut problems = Vec::new();
        let mut known: Vec<(String, String)> = Vec::new();
        for (name, value) in variables {
            let (name, value): (String, String) = (name.into(), value.into());
            if value.trim().is_empty() {
                continue;
            }
            if let Some(handler) = name.strip_prefix(HANDLER_PREFIX) {
                if let Err(problem) = settings.set_handler(&name, handler, value) {
                    problems.push(problem);
                }
            } else if let Some(problem) = unknown(&name) {
                problems.push(problem);
            } else {
                known.push((name, value));
            }
        }
        for key in KEYS {
            if let Some((name, value)) = find(key, &known) {
                if let Err(expected) = (key.set)(&mut settings, value) {
                    problems.push(unreadable(name, &expected));
                }
            }
        }
        problems.extend(settings.contradictions());
        if problems.is_empty() { Ok(settings) } else { Err(problems) }
    }

    fn set_handler(&mut self, name: &str, rest: &str, value: String) -> Result<(), String> {
        let unknown = || {
            format!(
                "`{name}` is unknown; of a handler {} can be set",
                PARTS.map(|part| format!("`{HANDLER_PREFIX}<NAME>_{part}`")).join(", ")
            )
        };
        let (handler, part) = rest.rsplit_once('_').ok_or_else(unknown)?;
        let set = self.handlers.entry(handler);
        let read = match part {
            "TOPIC" => {
                set.topic = Some(value);
                Ok(())
            }
            "REPLY" => {
                set.reply = Some(value);
                Ok(())
            }
            "CONCURRENCY" => {
                let field = set.concurrency.insert(1);
                number(field, &value, 1..=1_000_000, "requests")
            }
            "ORDER" => order(set.order.insert(Order::default()), &value),
            "TIMEOUT" => duration(set.timeout.insert(Duration::ZERO), &value),
            _ => return Err(unknown()),
        };
        read.map_err(|expected| unreadable(name, &expected))
    }

    /// Settings that are fine alone and not together.
    fn contradictions(&self) -> Vec<String> {
        let mut problems = Vec::new();
        if self.drain >= self.session_timeout {
            problems.push(format!(
                "the drain of {} must be shorter than the session timeout of {}: a member that drains longer loses its partitions; set FLOWX_CONNECTOR_DRAIN or FLOWX_CONNECTOR_SESSION_TIMEOUT",
                humantime::format_duration(self.drain),
                humantime::format_duration(self.session_timeout),
            ));
        }
        problems
    }
}

/// What can be set for a single handler.
const PARTS: [&str; 5] = ["TOPIC", "REPLY", "CONCURRENCY", "ORDER", "TIMEOUT"];

/// The value is left out: it may be a secret in the wrong place.
fn unreadable(name: &str, expected: &str) -> String {
    format!("`{name}` cannot be read: expected {expected}")
}

/// The variable that sets a key: the first of the key's names that is there.
fn find<'a>(key: &Key, variables: &'a [(String, String)]) -> Option<(&'a str, &'a str)> {
    key.names().find_map(|wanted| {
        let wanted = relaxed(wanted);
        let found = variables.iter().find(|(name, _)| relaxed(name) == wanted);
        found.map(|(name, value)| (name.as_str(), value.as_str()))
    })
}

/// What to say of a variable that claims to be ours and is not.
fn unknown(name: &str) -> Option<String> {
    if !name.starts_with(NATIVE_PREFIX) || KEYS.iter().any(|key| key.is_named(name)) {
        return None;
    }
    let closest = KEYS
        .iter()
        .map(|key| (strsim::jaro_winkler(key.name, name), key.name))
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .filter(|(likeness, _)| *likeness > 0.9);
    Some(match closest {
        Some((_, name_meant)) => format!("`{name}` is unknown; did you mean `{name_meant}`?"),
        None => {
            format!("`{name}` is unknown; the names are in the documentation of flowx_core::config")
        }
    })
}

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
            ("FLOWX_CONNECTOR_DRAIN", "1min"),
            ("FLOWX_CONNECTOR_MAX_DEPTH", "500"),
        ])
        .unwrap_err();
        let text = problems.join("\n");
        assert_eq!(problems.len(), 6, "{text}");
        assert!(
            text.contains("`KAFKA_MESSAGE_MAX_BYTES` cannot be read: expected a number of bytes")
        );
        assert!(text.contains("did you mean `FLOWX_CONNECTOR_RETRY_ATTEMPTS`?"));
        assert!(text.contains("FLOWX_CONNECTOR_HANDLER_<NAME>_TOPIC"));
        assert!(text.contains("the drain of 1m must be shorter than the session timeout of 45s"));
        assert!(!text.contains("canary"));
    }

    #[test]
    fn what_is_empty_or_another_services_is_passed_over() {
        let settings =
            read(&[("KAFKA_BOOTSTRAP_SERVERS", " "), ("FLOWX_WEBCLIENT_BUFFERSIZE", "1")]).unwrap();
        assert_eq!(settings, Settings::default());
    }

    #[test]
    fn single_handlers_can_be_set() {
        let settings = read(&[
            ("FLOWX_CONNECTOR_HANDLER_CREDIT_CHECK_TOPIC", "credit.in"),
            ("FLOWX_CONNECTOR_HANDLER_CREDIT_CHECK_REPLY", "/credit.out"),
            ("FLOWX_CONNECTOR_HANDLER_CREDIT_CHECK_CONCURRENCY", "8"),
            ("FLOWX_CONNECTOR_HANDLER_CREDIT_CHECK_ORDER", "unordered"),
            ("FLOWX_CONNECTOR_HANDLER_CREDIT_CHECK_TIMEOUT", "5s"),
        ])
        .unwrap();
        let expected = HandlerOverride {
            topic: Some("credit.in".to_owned()),
            reply: Some("/credit.out".to_owned()),
            concurrency: Some(8),
            order: Some(Order::Unordered),
            timeout: Some(Duration::from_secs(5)),
        };
        assert_eq!(settings.handlers.get("credit-check"), Some(&expected));
        assert_eq!(settings.handlers.get("credit"), None);
    }
}
