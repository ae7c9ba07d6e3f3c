//! Every setting by name: in the configuration file, as a variable, and as the platform calls it.
//!
//! Adding a setting is one field in [`Settings`] and one row here; file, variables, command line and
//! `config show` follow from it. The platform reads its variables with relaxed binding, where `A_B`
//! and `AB` are one name, and so do we.
//! Sources of the platform's names: the engine's setup guide (4.7) and the connector quickstart.

use super::Settings;
use super::secret::Secret;
use super::values::{
    Read, Show, Shown, address, admin_groups, base_path, duration, family, names, number, part,
    path, sasl_mechanism, seconds, secret, security_protocol, some, switch, text, token_endpoint,
    word,
};
use crate::message::decode::Limits;

/// Every native variable begins with this; an unknown one is refused.
pub const NATIVE_PREFIX: &str = "FLOWX_CONNECTOR_";
/// Variables of single handlers begin with this.
pub const HANDLER_PREFIX: &str = "FLOWX_CONNECTOR_HANDLER_";
/// Names the configuration file.
pub const CONFIG_VARIABLE: &str = "FLOWX_CONNECTOR_CONFIG";

/// One setting: its names, and how it is read and shown.
#[derive(Debug)]
pub struct Key {
    /// Where it stands in the file, and its name on the command line.
    pub path: &'static str,
    /// The native variable.
    pub name: &'static str,
    /// The platform's variables, the newest first.
    pub platform: &'static [&'static str],
    /// Whether a file may hold several values; elsewhere commas separate them.
    pub list: bool,
    pub(super) set: fn(&mut Settings, &Secret) -> Read,
    pub(super) show: fn(&Settings) -> Shown,
}

impl Key {
    /// All variables, the first that is set wins.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.name).chain(self.platform.iter().copied())
    }

    /// Whether the value is never shown, and may stand in a file of its own: `path` with `.file`
    /// behind it, a variable with `_FILE`.
    #[must_use]
    pub fn is_secret(&self) -> bool {
        matches!(self.shown(&Settings::default()), Shown::Secret { .. })
    }

    /// Its value, unless it is a secret.
    #[must_use]
    pub fn shown(&self, settings: &Settings) -> Shown {
        (self.show)(settings)
    }

    pub(super) fn is_named(&self, name: &str) -> bool {
        relaxed(self.name) == relaxed(name)
    }

    const fn list(self) -> Self {
        Self { list: true, ..self }
    }
}

/// A name without its underscores: `A_B` and `AB` are one.
pub(super) fn relaxed(name: &str) -> String {
    name.chars().filter(|c| *c != '_').map(|c| c.to_ascii_uppercase()).collect()
}

/// The path, the native variable, the platform's, the field of [`Settings`], and how it is read.
macro_rules! key {
    ($path:literal, $name:literal, $platform:expr, $($field:ident).+, $read:expr) => {
        Key {
            path: $path,
            name: $name,
            platform: &$platform,
            list: false,
            set: |settings, value| ($read)(&mut settings.$($field).+, value.expose()),
            show: |settings| settings.$($field).+.shown(),
        }
    };
}

/// The same of a secret, which remembers where it stands.
macro_rules! secret_key {
    ($path:literal, $name:literal, $platform:expr, $($field:ident).+) => {
        Key {
            path: $path,
            name: $name,
            platform: &$platform,
            list: false,
            set: |settings, value| secret(&mut settings.$($field).+, value),
            show: |settings| settings.$($field).+.shown(),
        }
    };
}

/// All settings.
pub const KEYS: &[Key] = &[
    key!(
        "kafka.bootstrap_servers",
        "FLOWX_CONNECTOR_BOOTSTRAP_SERVERS",
        ["KAFKA_BOOTSTRAP_SERVERS", "SPRING_KAFKA_BOOTSTRAP_SERVERS"],
        bootstrap_servers,
        some(text)
    )
    .list(),
    key!(
        "kafka.security_protocol",
        "FLOWX_CONNECTOR_SECURITY_PROTOCOL",
        ["KAFKA_SECURITY_PROTOCOL", "SPRING_KAFKA_SECURITY_PROTOCOL"],
        security_protocol,
        security_protocol
    ),
    key!(
        "kafka.profiles",
        "FLOWX_CONNECTOR_PROFILES",
        ["CONFIG_PROFILE", "SPRING_PROFILES_ACTIVE"],
        security.profiles,
        names
    )
    .list(),
    key!(
        "kafka.sasl.mechanism",
        "FLOWX_CONNECTOR_SASL_MECHANISM",
        ["KAFKA_SASL_MECHANISM", "SPRING_KAFKA_PROPERTIES_SASL_MECHANISM"],
        security.sasl_mechanism,
        some(sasl_mechanism)
    ),
    secret_key!("kafka.sasl.username", "FLOWX_CONNECTOR_SASL_USERNAME", [], security.sasl_username),
    secret_key!("kafka.sasl.password", "FLOWX_CONNECTOR_SASL_PASSWORD", [], security.sasl_password),
    key!("kafka.tls.ca", "FLOWX_CONNECTOR_TLS_CA", [], security.tls_ca, some(path)),
    key!(
        "kafka.tls.certificate",
        "FLOWX_CONNECTOR_TLS_CERTIFICATE",
        [],
        security.tls_certificate,
        some(path)
    ),
    key!("kafka.tls.key", "FLOWX_CONNECTOR_TLS_KEY", [], security.tls_key, some(path)),
    secret_key!(
        "kafka.tls.key_password",
        "FLOWX_CONNECTOR_TLS_KEY_PASSWORD",
        [],
        security.tls_key_password
    ),
    key!(
        "kafka.oauth.client_id",
        "FLOWX_CONNECTOR_OAUTH_CLIENT_ID",
        ["KAFKA_OAUTH_CLIENT_ID"],
        security.oauth_client_id,
        some(text)
    ),
    secret_key!(
        "kafka.oauth.client_secret",
        "FLOWX_CONNECTOR_OAUTH_CLIENT_SECRET",
        ["KAFKA_OAUTH_CLIENT_SECRET"],
        security.oauth_client_secret
    ),
    key!(
        "kafka.oauth.token_endpoint",
        "FLOWX_CONNECTOR_OAUTH_TOKEN_ENDPOINT",
        ["KAFKA_OAUTH_TOKEN_ENDPOINT_URI"],
        security.oauth_token_endpoint,
        some(token_endpoint)
    ),
    key!(
        "kafka.oauth.scope",
        "FLOWX_CONNECTOR_OAUTH_SCOPE",
        ["KAFKA_OAUTH_SCOPE"],
        security.oauth_scope,
        some(text)
    ),
    key!(
        "kafka.oauth.audience",
        "FLOWX_CONNECTOR_OAUTH_AUDIENCE",
        ["KAFKA_OAUTH_AUDIENCE"],
        security.oauth_audience,
        some(text)
    ),
    key!("kafka.oauth.ca", "FLOWX_CONNECTOR_OAUTH_CA", [], security.oauth_ca, some(path)),
    key!(
        "kafka.allow_insecure",
        "FLOWX_CONNECTOR_ALLOW_INSECURE",
        [],
        security.allow_insecure,
        switch
    ),
    key!(
        "kafka.auth_retry",
        "FLOWX_CONNECTOR_AUTH_RETRY",
        ["KAFKA_AUTH_EXCEPTION_RETRY_INTERVAL"],
        security.auth_retry,
        seconds
    ),
    key!(
        "kafka.group",
        "FLOWX_CONNECTOR_GROUP",
        ["KAFKA_CONSUMER_GROUP_ID", "SPRING_KAFKA_CONSUMER_GROUP_ID"],
        group,
        some(text)
    ),
    key!("kafka.instance_id", "FLOWX_CONNECTOR_INSTANCE_ID", [], instance_id, some(text)),
    key!(
        "kafka.message_max_bytes",
        "FLOWX_CONNECTOR_MESSAGE_MAX_BYTES",
        ["KAFKA_MESSAGE_MAX_BYTES"],
        message_max_bytes,
        number(1_000..=1_000_000_000, "bytes")
    ),
    key!("kafka.session_timeout", "FLOWX_CONNECTOR_SESSION_TIMEOUT", [], session_timeout, duration),
    key!("kafka.assignment", "FLOWX_CONNECTOR_ASSIGNMENT", [], assignment, word),
    key!("kafka.stall", "FLOWX_CONNECTOR_STALL", [], stall, duration),
    key!(
        "topic.package",
        "FLOWX_CONNECTOR_TOPIC_PACKAGE",
        ["KAFKA_TOPIC_NAMING_PACKAGE"],
        naming.package,
        part
    ),
    key!(
        "topic.environment",
        "FLOWX_CONNECTOR_TOPIC_ENVIRONMENT",
        ["KAFKA_TOPIC_NAMING_ENVIRONMENT"],
        naming.environment,
        part
    ),
    key!(
        "topic.version",
        "FLOWX_CONNECTOR_TOPIC_VERSION",
        ["KAFKA_TOPIC_NAMING_VERSION"],
        naming.version,
        part
    ),
    key!(
        "topic.prefix",
        "FLOWX_CONNECTOR_TOPIC_PREFIX",
        ["KAFKA_TOPIC_NAMING_PREFIX"],
        naming.prefix,
        some(part)
    ),
    key!(
        "topic.suffix",
        "FLOWX_CONNECTOR_TOPIC_SUFFIX",
        ["KAFKA_TOPIC_NAMING_SUFFIX"],
        naming.suffix,
        some(part)
    ),
    key!(
        "topic.engine_receive",
        "FLOWX_CONNECTOR_TOPIC_ENGINE_RECEIVE",
        ["KAFKA_TOPIC_NAMING_ENGINE_RECEIVE_PATTERN"],
        naming.engine_receive,
        family
    ),
    key!(
        "topic.integration_receive",
        "FLOWX_CONNECTOR_TOPIC_INTEGRATION_RECEIVE",
        ["KAFKA_TOPIC_NAMING_INTEGRATION_RECEIVE_PATTERN"],
        naming.integration_receive,
        family
    ),
    key!(
        "request.max_depth",
        "FLOWX_CONNECTOR_MAX_DEPTH",
        [],
        max_depth,
        number(1..=Limits::DEEPEST, "levels")
    ),
    key!(
        "request.refuse_placeholders",
        "FLOWX_CONNECTOR_REFUSE_PLACEHOLDERS",
        [],
        refuse_placeholders,
        switch
    ),
    key!(
        "request.max_values",
        "FLOWX_CONNECTOR_MAX_VALUES",
        [],
        max_values,
        number(1..=100_000_000, "values")
    ),
    key!(
        "request.max_headers",
        "FLOWX_CONNECTOR_MAX_HEADERS",
        [],
        max_headers,
        number(1..=1_000_000, "headers")
    ),
    key!(
        "request.max_header_bytes",
        "FLOWX_CONNECTOR_MAX_HEADER_BYTES",
        [],
        max_header_bytes,
        number(1_000..=1_000_000_000, "bytes")
    ),
    key!(
        "reply.organization_id",
        "FLOWX_CONNECTOR_ORGANIZATION_ID",
        ["ORGANIZATION_ID"],
        organization_id,
        some(text)
    ),
    key!(
        "reply.fx_context",
        "FLOWX_CONNECTOR_FX_CONTEXT",
        ["KAFKA_DEFAULT_FX_CONTEXT"],
        fx_context,
        some(text)
    ),
    key!("reply.error_field", "FLOWX_CONNECTOR_ERROR_FIELD", [], error_field, text),
    key!("reply.error_null", "FLOWX_CONNECTOR_ERROR_NULL", [], error_null, switch),
    key!("reply.own_headers", "FLOWX_CONNECTOR_OWN_HEADERS", [], own_headers, switch),
    key!("runtime.timeout", "FLOWX_CONNECTOR_HANDLER_TIMEOUT", [], handler_timeout, duration),
    key!(
        "runtime.concurrency",
        "FLOWX_CONNECTOR_CONCURRENCY",
        [],
        concurrency,
        number(1..=1_000_000, "requests")
    ),
    key!("runtime.order", "FLOWX_CONNECTOR_ORDER", [], order, word),
    key!("runtime.drain", "FLOWX_CONNECTOR_DRAIN", [], drain, duration),
    key!(
        "runtime.unacknowledged",
        "FLOWX_CONNECTOR_UNACKNOWLEDGED",
        [],
        unacknowledged,
        number(1..=1_000_000, "answers")
    ),
    key!("runtime.show_panics", "FLOWX_CONNECTOR_SHOW_PANICS", [], show_panics, switch),
    key!(
        "retry.attempts",
        "FLOWX_CONNECTOR_RETRY_ATTEMPTS",
        [],
        retry_attempts,
        number(1..=1_000, "attempts")
    ),
    key!(
        "retry.attempts_after_crash",
        "FLOWX_CONNECTOR_RETRY_ATTEMPTS_AFTER_CRASH",
        [],
        retry_attempts_after_crash,
        number(1..=1_000, "attempts")
    ),
    key!("retry.delay", "FLOWX_CONNECTOR_RETRY_DELAY", [], retry_delay, duration),
    key!(
        "retry.longest_delay",
        "FLOWX_CONNECTOR_RETRY_LONGEST_DELAY",
        [],
        retry_longest_delay,
        duration
    ),
    key!("retry.budget", "FLOWX_CONNECTOR_RETRY_BUDGET", [], retry_budget, duration),
    key!("breaker.enabled", "FLOWX_CONNECTOR_BREAKER", [], breaker, switch),
    key!(
        "breaker.failures",
        "FLOWX_CONNECTOR_BREAKER_FAILURES",
        [],
        breaker_failures,
        number(1..=1_000_000, "failures in a row")
    ),
    key!(
        "breaker.percent",
        "FLOWX_CONNECTOR_BREAKER_PERCENT",
        [],
        breaker_percent,
        number(1..=100, "failures in a hundred")
    ),
    key!("breaker.pause", "FLOWX_CONNECTOR_BREAKER_PAUSE", [], breaker_pause, duration),
    key!(
        "dead_letter.refusals",
        "FLOWX_CONNECTOR_DEAD_LETTER_REFUSALS",
        [],
        dead_letter_refusals,
        switch
    ),
    key!("catalog.enabled", "FLOWX_CONNECTOR_CATALOG", [], catalog, switch),
    key!("admin.address", "FLOWX_CONNECTOR_ADMIN_ADDRESS", [], admin_address, address),
    secret_key!("admin.token", "FLOWX_CONNECTOR_ADMIN_TOKEN", [], admin_token),
    key!("admin.hosts", "FLOWX_CONNECTOR_ADMIN_HOSTS", [], admin_hosts, names).list(),
    key!("admin.enabled", "FLOWX_CONNECTOR_ADMIN", [], admin, switch),
    key!("admin.base", "FLOWX_CONNECTOR_ADMIN_BASE", [], admin_base, base_path),
    key!("admin.expose", "FLOWX_CONNECTOR_ADMIN_EXPOSE", [], admin_expose, some(admin_groups))
        .list(),
    key!("check.enabled", "FLOWX_CONNECTOR_CHECK", [], check, switch),
    key!("log.format", "FLOWX_CONNECTOR_LOG_FORMAT", [], log_format, word),
    key!("log.process_ids", "FLOWX_CONNECTOR_LOG_PROCESS_IDS", [], process_ids, word),
];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_name_sets_two_things_and_every_native_name_has_the_prefix() {
        let mut seen = HashSet::new();
        for key in KEYS {
            assert!(key.name.starts_with(NATIVE_PREFIX), "{}", key.name);
            for name in key.names() {
                assert!(seen.insert(relaxed(name)), "{name}");
            }
            assert!(seen.insert(key.path.to_owned()), "{}", key.path);
        }
    }
}
