//! What settings of security mean to librdkafka, and which of them do not fit together.

use std::fs;
use std::path::Path;

use rdkafka::ClientConfig;

use super::settings::KafkaSettings;
use crate::config::secret::Secret;
use crate::config::security::SecuritySettings;

/// Names of one property, the setting, and whether it is set.
type Twice = (&'static [&'static str], &'static str, fn(&SecuritySettings) -> bool);

/// librdkafka's properties for which there are settings: with both set, one of them would look as if it
/// held.
const TWICE: &[Twice] = &[
    (&["sasl.mechanism", "sasl.mechanisms"], "SASL_MECHANISM", |it| it.mechanism().is_some()),
    (&["sasl.username"], "SASL_USERNAME", |it| it.sasl_username.is_some()),
    (&["sasl.password"], "SASL_PASSWORD", |it| it.sasl_password.is_some()),
    (&["ssl.ca.location", "ssl.ca.pem"], "TLS_CA", |it| it.tls_ca.is_some()),
    (&["ssl.certificate.location", "ssl.certificate.pem"], "TLS_CERTIFICATE", |it| {
        it.tls_certificate.is_some()
    }),
    (&["ssl.key.location", "ssl.key.pem"], "TLS_KEY", |it| it.tls_key.is_some()),
    (&["ssl.key.password"], "TLS_KEY_PASSWORD", |it| it.tls_key_password.is_some()),
];

/// Values of librdkafka's properties that leave the way to Kafka open.
const OPEN: &[(&str, &str, &str)] = &[
    ("enable.ssl.certificate.verification", "false", "any broker would be believed"),
    (
        "ssl.endpoint.identification.algorithm",
        "none",
        "a certificate of any host would be believed",
    ),
    ("enable.sasl.oauthbearer.unsecure.jwt", "true", "tokens that nobody signed would be sent"),
];

impl KafkaSettings {
    /// Which settings of security do not fit together, each with its remedy.
    pub(super) fn insecurities(&self) -> Vec<String> {
        let security = &self.security;
        let mut problems = Vec::new();
        problems.extend(TWICE.iter().filter(|(.., is_set)| is_set(security)).flat_map(
            |(names, setting, _)| {
                let set = names.iter().filter(|name| self.extra.contains_key(**name));
                set.map(move |name| {
                    format!(
                        "`{name}` has a setting of its own, FLOWX_CONNECTOR_{setting}, and both are set; remove `{name}`"
                    )
                })
            },
        ));
        problems.extend(OPEN.iter().filter(|open| self.is_open(open)).map(|(name, _, what)| {
            format!(
                "`{name}` is not allowed, for {what}; remove it, or set FLOWX_CONNECTOR_ALLOW_INSECURE to `true`"
            )
        }));
        self.login_problems(&mut problems);
        self.tls_problems(&mut problems);
        problems
    }

    /// What may be meant so, and is said when a connector starts.
    pub(crate) fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if self.protocol() == "SASL_PLAINTEXT" {
            let what = match self.security.mechanism() {
                Some("PLAIN") => "the password goes to the brokers as it is",
                Some("OAUTHBEARER") => "the token goes to the brokers as it is",
                _ => "what is read and written can be read on the way",
            };
            warnings.push(format!(
                "{what}, for SASL_PLAINTEXT has no TLS; set FLOWX_CONNECTOR_SECURITY_PROTOCOL to \
                 `SASL_SSL` unless nobody else is in this network"
            ));
        }
        if self.security.allow_insecure {
            warnings.push(
                "FLOWX_CONNECTOR_ALLOW_INSECURE is on: what is sent may be read or answered by \
                 others; set it to `false` where requests are real"
                    .to_owned(),
            );
        }
        warnings
    }

    /// What is wrong with the files that settings name; looked at when a client is made.
    pub(super) fn unreadable_files(&self) -> Vec<String> {
        let security = &self.security;
        let files = [
            (&security.tls_ca, "TLS_CA", "CERTIFICATE"),
            (&security.tls_certificate, "TLS_CERTIFICATE", "CERTIFICATE"),
            (&security.tls_key, "TLS_KEY", "PRIVATE KEY"),
            (&security.oauth_ca, "OAUTH_CA", "CERTIFICATE"),
        ];
        let problem = |(path, setting, what): (&Option<String>, &str, &str)| {
            let path = path.as_deref()?;
            let reason = match fs::read(Path::new(path)) {
                Err(error) => error.to_string(),
                Ok(bytes) => {
                    let text = String::from_utf8_lossy(&bytes);
                    let has = |line: &str| line.starts_with("-----BEGIN") && line.contains(what);
                    if text.lines().any(has) {
                        return None;
                    }
                    format!("there is no `{what}` in PEM in it")
                }
            };
            Some(format!(
                "the file {path} cannot be used: {reason}; set FLOWX_CONNECTOR_{setting} to another, in PEM"
            ))
        };
        files.into_iter().filter_map(problem).collect()
    }

    /// Sets what librdkafka has to know.
    pub(super) fn secure(&self, config: &mut ClientConfig) {
        let security = &self.security;
        let texts = [
            (
                "sasl.mechanisms",
                security.mechanism().filter(|_| self.protocol().starts_with("SASL")),
            ),
            ("sasl.username", security.sasl_username.as_ref().map(Secret::expose)),
            ("sasl.password", security.sasl_password.as_ref().map(Secret::expose)),
            ("ssl.ca.location", security.tls_ca.as_deref()),
            ("ssl.certificate.location", security.tls_certificate.as_deref()),
            ("ssl.key.location", security.tls_key.as_deref()),
            ("ssl.key.password", security.tls_key_password.as_ref().map(Secret::expose)),
        ];
        for (name, value) in texts {
            if let Some(value) = value {
                config.set(name, value);
            }
        }
    }

    /// Whether clients log in with tokens that are fetched.
    pub(super) fn needs_tokens(&self) -> bool {
        self.protocol().starts_with("SASL") && self.security.mechanism() == Some("OAUTHBEARER")
    }

    /// What nobody may say of these settings.
    pub(super) fn secrets(&self) -> impl Iterator<Item = &Secret> {
        let security = &self.security;
        // A log without every `a` could not be read.
        let name = security.sasl_username.as_ref().filter(|name| name.expose().len() > 3);
        let others =
            [&security.sasl_password, &security.tls_key_password, &security.oauth_client_secret];
        others.into_iter().flatten().chain(name)
    }

    pub(super) fn protocol(&self) -> String {
        let set = self.extra.get("security.protocol").map(Secret::expose);
        set.unwrap_or("PLAINTEXT").to_ascii_uppercase()
    }

    fn is_open(&self, (name, value, _): &(&str, &str, &str)) -> bool {
        let set = self.extra.get(*name).map(|set| set.expose().trim().to_ascii_lowercase());
        let is_switch = matches!(*value, "true" | "false");
        !self.security.allow_insecure
            && set.is_some_and(|set| match set.as_str() {
                // As librdkafka reads switches.
                "f" | "0" => is_switch && *value == "false",
                "t" | "1" => is_switch && *value == "true",
                set => set == *value,
            })
    }

    fn login_problems(&self, problems: &mut Vec<String>) {
        let security = &self.security;
        let protocol = self.protocol();
        let has_login = security.sasl_username.is_some() || security.sasl_password.is_some();
        if !protocol.starts_with("SASL") {
            if security.sasl_mechanism.is_some() || has_login {
                problems.push(format!(
                    "there is a SASL mechanism or a login, and the protocol {protocol} has none; set \
                     FLOWX_CONNECTOR_SECURITY_PROTOCOL to `SASL_SSL` or `SASL_PLAINTEXT`, or remove \
                     FLOWX_CONNECTOR_SASL_MECHANISM, FLOWX_CONNECTOR_SASL_USERNAME and \
                     FLOWX_CONNECTOR_SASL_PASSWORD"
                ));
            }
            return;
        }
        let raw = ["sasl.mechanism", "sasl.mechanisms"];
        match security.mechanism() {
            None if raw.iter().any(|name| self.extra.contains_key(*name)) => {}
            None => problems.push(format!(
                "the protocol {protocol} needs a way to log in; set FLOWX_CONNECTOR_SASL_MECHANISM to \
                 `PLAIN`, `SCRAM-SHA-256`, `SCRAM-SHA-512` or `OAUTHBEARER`"
            )),
            Some("OAUTHBEARER") => self.token_problems(problems),
            Some(mechanism) => {
                for (is_set, property, setting) in [
                    (security.sasl_username.is_some(), "sasl.username", "SASL_USERNAME"),
                    (security.sasl_password.is_some(), "sasl.password", "SASL_PASSWORD"),
                ] {
                    if !is_set && !self.extra.contains_key(property) {
                        problems.push(format!(
                            "{mechanism} needs a name and a password; set FLOWX_CONNECTOR_{setting}, or \
                             FLOWX_CONNECTOR_{setting}_FILE to a file that holds it"
                        ));
                    }
                }
            }
        }
    }

    fn token_problems(&self, problems: &mut Vec<String>) {
        let security = &self.security;
        if !cfg!(feature = "oauth") {
            problems.push(
                "OAUTHBEARER needs tokens, and this build fetches none; build flowx-core with its feature \
                 `oauth`, or set FLOWX_CONNECTOR_SASL_MECHANISM to another"
                    .to_owned(),
            );
        }
        for (is_set, setting, what) in [
            (security.oauth_client_id.is_some(), "OAUTH_CLIENT_ID", "who asks for them"),
            (security.oauth_client_secret.is_some(), "OAUTH_CLIENT_SECRET", "the client's secret"),
            (
                security.oauth_token_endpoint.is_some(),
                "OAUTH_TOKEN_ENDPOINT",
                "the `https` address that gives them",
            ),
        ] {
            if !is_set {
                problems.push(format!(
                    "OAUTHBEARER needs tokens; set FLOWX_CONNECTOR_{setting} to {what}"
                ));
            }
        }
        let is_open =
            security.oauth_token_endpoint.as_deref().is_some_and(|url| url.starts_with("http://"));
        if is_open && !security.allow_insecure {
            problems.push(
                "the token endpoint is asked over `http`, so the client's secret could be read on the way; \
                 set FLOWX_CONNECTOR_OAUTH_TOKEN_ENDPOINT to its `https` address, or \
                 FLOWX_CONNECTOR_ALLOW_INSECURE to `true`"
                    .to_owned(),
            );
        }
    }

    fn tls_problems(&self, problems: &mut Vec<String>) {
        let security = &self.security;
        let protocol = self.protocol();
        let is_named = |property: &str| self.extra.keys().any(|name| name.starts_with(property));
        let certificate = security.tls_certificate.is_some();
        let key = security.tls_key.is_some();
        if certificate && !key && !is_named("ssl.key.") {
            problems.push(
                "there is a certificate for brokers and no key of it; set FLOWX_CONNECTOR_TLS_KEY"
                    .to_owned(),
            );
        }
        if key && !certificate && !is_named("ssl.certificate.") {
            problems.push(
                "there is a key and no certificate that it belongs to; set FLOWX_CONNECTOR_TLS_CERTIFICATE"
                    .to_owned(),
            );
        }
        if security.tls_key_password.is_some() && !key && !is_named("ssl.key.") {
            problems.push(
                "there is a password of a key and no key; set FLOWX_CONNECTOR_TLS_KEY, or remove \
                 FLOWX_CONNECTOR_TLS_KEY_PASSWORD"
                    .to_owned(),
            );
        }
        if (certificate || key || security.tls_ca.is_some()) && !protocol.ends_with("SSL") {
            problems.push(format!(
                "there are certificates, and the protocol {protocol} has no TLS; set \
                 FLOWX_CONNECTOR_SECURITY_PROTOCOL to `SSL` or `SASL_SSL`, or remove \
                 FLOWX_CONNECTOR_TLS_CA, FLOWX_CONNECTOR_TLS_CERTIFICATE and FLOWX_CONNECTOR_TLS_KEY"
            ));
        }
    }
}

/// What OpenSSL cannot use of a connector's own files, by librdkafka's words on a client that it does not
/// create.
pub(super) fn unusable(words: &str) -> Option<&'static str> {
    // The first that is found; a key that is another certificate's is a key that cannot be used, too.
    let advice = [
        (
            "key values mismatch",
            "the key in FLOWX_CONNECTOR_TLS_KEY is not that of the certificate in \
             FLOWX_CONNECTOR_TLS_CERTIFICATE; set both to files that belong together",
        ),
        (
            "ssl.key.location failed",
            "the key in FLOWX_CONNECTOR_TLS_KEY cannot be read; if it is encrypted, set \
             FLOWX_CONNECTOR_TLS_KEY_PASSWORD to its password",
        ),
        (
            "ssl.certificate.location failed",
            "the certificate in FLOWX_CONNECTOR_TLS_CERTIFICATE cannot be read; set it to a file in PEM \
             that is whole",
        ),
        (
            "ssl.ca.location failed",
            "the certificates in FLOWX_CONNECTOR_TLS_CA cannot be read; set it to a file in PEM that is \
             whole",
        ),
    ];
    advice.into_iter().find(|(sign, _)| words.contains(sign)).map(|(_, advice)| advice)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The problems of settings of this protocol that are made in this way.
    fn problems(protocol: &str, set: impl FnOnce(&mut KafkaSettings)) -> Vec<String> {
        let mut settings = KafkaSettings::new("broker:9092", "group");
        settings.extra.insert("security.protocol".to_owned(), protocol.into());
        set(&mut settings);
        settings.insecurities()
    }

    fn login(settings: &mut KafkaSettings, mechanism: &str) {
        settings.security.sasl_mechanism = Some(mechanism.to_owned());
        settings.security.sasl_username = Some("canary".into());
        settings.security.sasl_password = Some("canary".into());
    }

    #[test]
    fn what_fits_together_has_no_problem() {
        assert_eq!(problems("PLAINTEXT", |_| ()), [""; 0]);
        assert_eq!(problems("SASL_PLAINTEXT", |it| login(it, "PLAIN")), [""; 0]);
        assert_eq!(problems("SASL_SSL", |it| login(it, "SCRAM-SHA-512")), [""; 0]);
        let own = |it: &mut KafkaSettings| {
            it.extra.insert("sasl.mechanisms".to_owned(), "GSSAPI".into());
        };
        assert_eq!(problems("SASL_SSL", own), [""; 0], "librdkafka has more than flowx");
        let mutual = |it: &mut KafkaSettings| {
            it.security.tls_certificate = Some("a.pem".to_owned());
            it.security.tls_key = Some("a.key".to_owned());
        };
        assert_eq!(problems("SSL", mutual), [""; 0]);
    }

    #[test]
    fn every_contradiction_is_told_with_what_to_set_and_without_a_value() {
        type Set = fn(&mut KafkaSettings);
        let cases: &[(&str, Set, &[&str])] = &[
            ("SASL_SSL", |_| (), &["set FLOWX_CONNECTOR_SASL_MECHANISM to"]),
            ("PLAINTEXT", |it| login(it, "PLAIN"), &["set FLOWX_CONNECTOR_SECURITY_PROTOCOL"]),
            (
                "SASL_SSL",
                |it| it.security.sasl_mechanism = Some("PLAIN".to_owned()),
                &["set FLOWX_CONNECTOR_SASL_USERNAME,", "set FLOWX_CONNECTOR_SASL_PASSWORD,"],
            ),
            (
                "SSL",
                |it| it.security.tls_certificate = Some("a.pem".to_owned()),
                &["set FLOWX_CONNECTOR_TLS_KEY"],
            ),
            (
                "SSL",
                |it| it.security.tls_key = Some("a.key".to_owned()),
                &["set FLOWX_CONNECTOR_TLS_CERTIFICATE"],
            ),
            (
                "SSL",
                |it| it.security.tls_key_password = Some("canary".into()),
                &["remove FLOWX_CONNECTOR_TLS_KEY_PASSWORD"],
            ),
            (
                "PLAINTEXT",
                |it| it.security.tls_ca = Some("ca.pem".to_owned()),
                &["the protocol PLAINTEXT has no TLS"],
            ),
            (
                "SASL_SSL",
                |it| {
                    login(it, "PLAIN");
                    it.extra.insert("sasl.password".to_owned(), "canary".into());
                },
                &["remove `sasl.password`"],
            ),
        ];
        for (protocol, set, expected) in cases {
            let told = problems(protocol, set);
            assert_eq!(told.len(), expected.len(), "{told:?}");
            for (told, words) in told.iter().zip(*expected) {
                assert!(told.contains(words) && !told.contains("canary"), "{words}: {told}");
            }
        }
    }

    #[test]
    fn tokens_need_all_that_they_are_asked_for_with_and_a_way_that_nobody_reads() {
        let bearer = |it: &mut KafkaSettings| {
            it.security.sasl_mechanism = Some("OAUTHBEARER".to_owned());
        };
        let told = problems("SASL_SSL", bearer).join("\n");
        for setting in ["OAUTH_CLIENT_ID", "OAUTH_CLIENT_SECRET", "OAUTH_TOKEN_ENDPOINT"] {
            assert!(told.contains(&format!("set FLOWX_CONNECTOR_{setting} to")), "{told}");
        }
        assert_eq!(told.contains("its feature `oauth`"), !cfg!(feature = "oauth"), "{told}");
        let http = |allowed: bool| {
            problems("SASL_SSL", |it| {
                bearer(it);
                it.security.oauth_token_endpoint = Some("http://user:canary@id/token".to_owned());
                it.security.allow_insecure = allowed;
            })
            .join("\n")
        };
        assert!(http(false).contains("FLOWX_CONNECTOR_ALLOW_INSECURE to `true`"));
        assert!(!http(true).contains("ALLOW_INSECURE") && !http(false).contains("canary"));
    }

    #[test]
    fn what_leaves_the_way_open_is_refused_unless_it_is_allowed() {
        for (name, value) in [
            ("enable.ssl.certificate.verification", "false"),
            ("enable.ssl.certificate.verification", " F "),
            ("enable.ssl.certificate.verification", "0"),
            ("ssl.endpoint.identification.algorithm", "None"),
            ("enable.sasl.oauthbearer.unsecure.jwt", "true"),
            ("enable.sasl.oauthbearer.unsecure.jwt", "1"),
        ] {
            let set = |it: &mut KafkaSettings, allowed| {
                it.extra.insert(name.to_owned(), value.into());
                it.security.allow_insecure = allowed;
            };
            let told = problems("PLAINTEXT", |it| set(it, false));
            assert!(told.len() == 1 && told[0].contains(name), "{name}={value}: {told:?}");
            assert_eq!(problems("PLAINTEXT", |it| set(it, true)), [""; 0], "{name}={value}");
        }
        let checked = |it: &mut KafkaSettings| {
            it.extra.insert("enable.ssl.certificate.verification".to_owned(), "true".into());
        };
        assert_eq!(problems("SSL", checked), [""; 0]);
    }

    #[test]
    fn a_password_in_the_open_is_a_warning() {
        let mut settings = KafkaSettings::new("broker:9092", "group");
        assert_eq!(settings.warnings(), [""; 0]);
        settings.extra.insert("security.protocol".to_owned(), "SASL_PLAINTEXT".into());
        login(&mut settings, "PLAIN");
        assert!(settings.warnings()[0].contains("the password goes to the brokers as it is"));
    }
}
