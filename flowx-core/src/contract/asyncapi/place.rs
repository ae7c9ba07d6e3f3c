//! Where a connector stands: what of the document the handlers do not say.

use serde_json::{Map, Value, json};

use super::reference;
use crate::config::Settings;
use crate::config::secret::Secret;
use crate::contract::model::Contract;
use crate::handler::registry::Registry;

/// What the document is called, and which brokers it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// What the document is called.
    pub title: String,
    /// The version of what is described.
    pub version: String,
    /// The brokers; without any the document is about no cluster in particular.
    pub servers: Vec<Server>,
    /// Whether answers carry `x-reply-id` and `x-request-offset`.
    pub own_headers: bool,
}

/// One of the brokers with which a client begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// `host:port`.
    pub host: String,
    /// Whether the way to it is encrypted.
    pub encrypted: bool,
    /// What a client must show, if anything.
    pub security: Option<Security>,
}

/// What a client must show to a broker.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Security {
    /// Name and password, as they are.
    Plain,
    /// Name and password, as SCRAM-SHA-256.
    ScramSha256,
    /// Name and password, as SCRAM-SHA-512.
    ScramSha512,
    /// A Kerberos ticket.
    Gssapi,
    /// A token, from this address if it is known.
    OauthBearer {
        /// Where a client gets the token.
        token_url: Option<String>,
    },
    /// A certificate of the client's own.
    Certificate,
}

impl Place {
    /// A document of this title and version that is about no cluster in particular.
    #[must_use]
    pub fn new(title: impl Into<String>, version: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            version: version.into(),
            servers: Vec::new(),
            own_headers: true,
        }
    }

    /// The place of a connector with these settings: its group is the title, the version is that of
    /// the package which holds its handlers; if there are several, flowx's own. No secret is part
    /// of it.
    #[must_use]
    pub fn of(registry: &Registry, contract: &Contract, settings: &Settings) -> Self {
        Self {
            title: contract.group.clone(),
            version: package_version(registry).unwrap_or(env!("CARGO_PKG_VERSION")).to_owned(),
            servers: servers_of(settings),
            own_headers: settings.own_headers,
        }
    }
}

/// The version of the one package that holds all handlers.
fn package_version(registry: &Registry) -> Option<&'static str> {
    let mut packages = registry.routes().map(|route| {
        let site = &route.handler.site;
        (site.package, site.version)
    });
    let first = packages.next()?;
    packages.all(|other| other == first).then_some(first.1)
}

fn servers_of(settings: &Settings) -> Vec<Server> {
    let protocol = settings.protocol().to_ascii_uppercase();
    let encrypted = protocol.contains("SSL");
    let security = security_of(settings, &protocol);
    let brokers = settings.bootstrap_servers.as_deref().unwrap_or_default().split(',');
    brokers
        .map(|broker| broker.trim())
        // A broker may be written with its protocol in front.
        .map(|broker| broker.split_once("://").map_or(broker, |(_, host)| host))
        .filter(|broker| !broker.is_empty())
        .map(|host| Server { host: host.to_owned(), encrypted, security: security.clone() })
        .collect()
}

fn security_of(settings: &Settings, protocol: &str) -> Option<Security> {
    let property = |names: &[&str]| {
        names.iter().find_map(|name| settings.kafka.get(*name).map(Secret::expose))
    };
    if !protocol.starts_with("SASL") {
        let own = settings.security.tls_certificate.as_deref();
        let own = own.or_else(|| property(&["ssl.certificate.location", "ssl.keystore.location"]));
        return own.filter(|_| protocol == "SSL").map(|_| Security::Certificate);
    }
    let mechanism = settings.security.mechanism();
    let mechanism = mechanism.or_else(|| property(&["sasl.mechanism", "sasl.mechanisms"]));
    let mechanism = mechanism.map_or("GSSAPI".to_owned(), |name| name.to_ascii_uppercase());
    Some(match mechanism.as_str() {
        "PLAIN" => Security::Plain,
        "SCRAM-SHA-256" => Security::ScramSha256,
        "SCRAM-SHA-512" => Security::ScramSha512,
        "OAUTHBEARER" => Security::OauthBearer {
            token_url: settings
                .security
                .oauth_token_endpoint
                .as_deref()
                .or_else(|| property(&["sasl.oauthbearer.token.endpoint.url"]))
                .map(public),
        },
        _ => Security::Gssapi,
    })
}

/// An address without the name and password that may stand in it, and without its query.
fn public(url: &str) -> String {
    let url = url.split(['?', '#']).next().unwrap_or(url);
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = host.rsplit('@').next().unwrap_or(host);
    format!("{scheme}://{host}{path}")
}

/// The brokers as servers of the document.
pub(super) fn servers(place: &Place) -> Value {
    let several = place.servers.len() > 1;
    let named = (1..).zip(&place.servers).map(|(number, server)| {
        let name = if several { format!("kafka-{number}") } else { "kafka".to_owned() };
        let protocol = if server.encrypted { "kafka-secure" } else { "kafka" };
        let mut object = json!({ "host": server.host, "protocol": protocol });
        if several {
            object["description"] =
                json!("One broker of the cluster; it tells a client of all others.");
        }
        if let Some(security) = &server.security {
            let scheme = format!("components/securitySchemes/{}", security.name());
            object["security"] = json!([reference(scheme)]);
        }
        object["bindings"] = json!({ "kafka": { "bindingVersion": super::KAFKA_BINDING } });
        (name, object)
    });
    Value::Object(named.collect())
}

/// What the servers refer to.
pub(super) fn security_schemes(place: &Place) -> Map<String, Value> {
    let used = place.servers.iter().filter_map(|server| server.security.as_ref());
    used.map(|security| (security.name().to_owned(), security.scheme())).collect()
}

impl Security {
    fn name(&self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::ScramSha256 => "scramSha256",
            Self::ScramSha512 => "scramSha512",
            Self::Gssapi => "gssapi",
            Self::OauthBearer { .. } => "oauthBearer",
            Self::Certificate => "certificate",
        }
    }

    fn scheme(&self) -> Value {
        match self {
            Self::Plain | Self::ScramSha256 | Self::ScramSha512 | Self::Gssapi => {
                json!({ "type": self.name() })
            }
            Self::OauthBearer { token_url: Some(url) } => json!({
                "type": "oauth2",
                "description": "SASL OAUTHBEARER.",
                "flows": { "clientCredentials": { "tokenUrl": url, "availableScopes": {} } },
            }),
            // An address is mandatory in the other form, and there is none to tell.
            Self::OauthBearer { token_url: None } => json!({
                "type": "http",
                "scheme": "bearer",
                "description": "SASL OAUTHBEARER.",
            }),
            Self::Certificate => {
                json!({ "type": "X509", "description": "A certificate of the client's own." })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(variables: &[(&str, &str)]) -> Settings {
        let mut settings = Settings::default();
        for (name, value) in variables {
            match *name {
                "servers" => settings.bootstrap_servers = Some((*value).to_owned()),
                "protocol" => settings.security_protocol = (*value).to_owned(),
                property => {
                    settings.kafka.insert(property.to_owned(), (*value).into());
                }
            }
        }
        settings
    }

    #[test]
    fn every_broker_is_a_server_with_what_it_asks_for() {
        for (variables, servers) in [
            (&[][..], &[][..]),
            (&[("servers", "a:1")], &[("a:1", false, None)]),
            (
                &[
                    ("servers", "SASL_SSL://a:1, b:2,"),
                    ("protocol", "sasl_ssl"),
                    ("sasl.mechanism", "PLAIN"),
                ],
                &[("a:1", true, Some(Security::Plain)), ("b:2", true, Some(Security::Plain))],
            ),
            (
                &[
                    ("servers", "a:1"),
                    ("protocol", "SASL_PLAINTEXT"),
                    ("sasl.mechanisms", "scram-sha-512"),
                ],
                &[("a:1", false, Some(Security::ScramSha512))],
            ),
            (
                &[("servers", "a:1"), ("protocol", "SASL_SSL")],
                &[("a:1", true, Some(Security::Gssapi))],
            ),
            (&[("servers", "a:1"), ("protocol", "SSL")], &[("a:1", true, None)]),
            (
                &[("servers", "a:1"), ("protocol", "SSL"), ("ssl.keystore.location", "/k")],
                &[("a:1", true, Some(Security::Certificate))],
            ),
        ] {
            let servers: Vec<_> = servers
                .iter()
                .map(|(host, encrypted, security)| Server {
                    host: (*host).to_owned(),
                    encrypted: *encrypted,
                    security: security.clone(),
                })
                .collect();
            assert_eq!(servers_of(&settings(variables)), servers, "{variables:?}");
        }
    }

    #[test]
    fn no_secret_comes_into_the_document() {
        let settings = settings(&[
            ("servers", "a:1"),
            ("protocol", "SASL_SSL"),
            ("sasl.mechanism", "OAUTHBEARER"),
            ("sasl.username", "secret"),
            ("sasl.password", "secret"),
            ("sasl.oauthbearer.client.secret", "secret"),
            (
                "sasl.oauthbearer.token.endpoint.url",
                "https://me:secret@id.example/token?key=secret",
            ),
        ]);
        let place = Place { servers: servers_of(&settings), ..Place::new("t", "1") };
        let shown = format!("{} {:?} {place:?}", servers(&place), security_schemes(&place));
        assert!(shown.contains("https://id.example/token") && !shown.contains("secret"), "{shown}");
    }
}
