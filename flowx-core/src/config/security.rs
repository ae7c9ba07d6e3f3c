//! How clients prove who they are to Kafka, and how they know that it is Kafka that answers.

use std::time::Duration;

use super::Settings;
use super::origin::Origin;
use super::secret::Secret;

/// The platform's profile for brokers with `OAUTHBEARER`.
pub const OAUTH_PROFILE: &str = "kafka-auth";

/// What secures the way to Kafka, beside the protocol.
///
/// ```
/// use flowx_core::config::Settings;
///
/// let mut settings = Settings::default();
/// settings.security_protocol = "SASL_PLAINTEXT".to_owned();
/// settings.security.sasl_mechanism = Some("PLAIN".to_owned());
/// settings.security.sasl_username = Some("clerk".into());
/// settings.security.sasl_password = Some("secret".into());
/// assert!(!format!("{settings:?}").contains("clerk"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SecuritySettings {
    /// The platform's profiles; of these `kafka-auth` counts, which means `OAUTHBEARER` where protocol
    /// and mechanism are not set.
    pub profiles: Vec<String>,
    /// `PLAIN`, `SCRAM-SHA-256`, `SCRAM-SHA-512` or `OAUTHBEARER`; none by default.
    pub sasl_mechanism: Option<String>,
    /// Who logs in with a password.
    pub sasl_username: Option<Secret>,
    /// With which.
    pub sasl_password: Option<Secret>,
    /// File of the authorities (PEM) that may vouch for brokers; by default the system's.
    pub tls_ca: Option<String>,
    /// File of the certificate (PEM) that is shown to brokers.
    pub tls_certificate: Option<String>,
    /// File of its key (PEM).
    pub tls_key: Option<String>,
    /// What that key is encrypted with.
    pub tls_key_password: Option<Secret>,
    /// Who asks for tokens.
    pub oauth_client_id: Option<String>,
    /// With which secret.
    pub oauth_client_secret: Option<Secret>,
    /// Where tokens come from.
    pub oauth_token_endpoint: Option<String>,
    /// What is asked for, if it must be said.
    pub oauth_scope: Option<String>,
    /// For whom, if it must be said.
    pub oauth_audience: Option<String>,
    /// File of the authorities (PEM) that may vouch for the token endpoint; by default the system's.
    pub oauth_ca: Option<String>,
    /// Whether what leaves the way to Kafka or to the token endpoint open is allowed; default false.
    pub allow_insecure: bool,
    /// How long is waited before something refused is tried again; default 10 s.
    pub auth_retry: Duration,
}

impl Default for SecuritySettings {
    fn default() -> Self {
        Self {
            profiles: Vec::new(),
            sasl_mechanism: None,
            sasl_username: None,
            sasl_password: None,
            tls_ca: None,
            tls_certificate: None,
            tls_key: None,
            tls_key_password: None,
            oauth_client_id: None,
            oauth_client_secret: None,
            oauth_token_endpoint: None,
            oauth_scope: None,
            oauth_audience: None,
            oauth_ca: None,
            allow_insecure: false,
            auth_retry: Duration::from_secs(10),
        }
    }
}

impl SecuritySettings {
    fn has_oauth_profile(&self) -> bool {
        self.profiles.iter().any(|profile| profile == OAUTH_PROFILE)
    }

    /// The mechanism, where none of librdkafka's own properties says it.
    #[must_use]
    pub fn mechanism(&self) -> Option<&str> {
        let of_profile = || self.has_oauth_profile().then_some("OAUTHBEARER");
        self.sasl_mechanism.as_deref().or_else(of_profile)
    }
}

impl Settings {
    /// Kafka's `security.protocol`: what is set, else what the platform's profile says.
    #[must_use]
    pub fn protocol(&self) -> &str {
        let is_set = self.origin("kafka.security_protocol") != Origin::Default;
        if !is_set && self.security.has_oauth_profile() {
            return "SASL_PLAINTEXT";
        }
        &self.security_protocol
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_profile_of_the_platform_means_tokens_unless_protocol_or_mechanism_is_set() {
        let read = |more: &[(&str, &str)]| {
            let all = [("CONFIG_PROFILE", "k8stemplate_v2,kafka-auth")];
            Settings::read(all.iter().chain(more).copied()).unwrap()
        };
        let settings = read(&[]);
        assert_eq!(settings.protocol(), "SASL_PLAINTEXT");
        assert_eq!(settings.security.mechanism(), Some("OAUTHBEARER"));
        let settings = read(&[
            ("KAFKA_SECURITY_PROTOCOL", "plaintext"),
            ("FLOWX_CONNECTOR_SASL_MECHANISM", "plain"),
        ]);
        assert_eq!(settings.protocol(), "PLAINTEXT");
        assert_eq!(settings.security.mechanism(), Some("PLAIN"));
        let other = Settings::read([("SPRING_PROFILES_ACTIVE", "k8stemplate_v2")]).unwrap();
        assert_eq!((other.protocol(), other.security.mechanism()), ("PLAINTEXT", None));
    }
}
