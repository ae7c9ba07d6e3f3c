//! What brokers refuse, in words: what is wrong, where, and what to do.
//!
//! librdkafka's own sentences name hosts and may name users, so they are looked at and not repeated.

use rdkafka::types::RDKafkaErrorCode as Code;

/// What is refused; one thing is refused once, whatever the words.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Refused {
    /// The connection itself: TLS, the login.
    Connection,
    Group,
    Cluster,
    Topic(String),
}

/// What an error says of it, if it is a refusal.
pub(super) fn of_error(code: Code, reason: &str, group: Option<&str>) -> Option<(Refused, String)> {
    Some(match code {
        // A connection that logs in again too soon, with a token that has hardly any life left: the next
        // one is let in.
        Code::Authentication if reason.contains("current SASL state") => return None,
        Code::Authentication | Code::SaslAuthenticationFailed | Code::UnsupportedSASLMechanism => {
            (Refused::Connection, login(reason).to_owned())
        }
        Code::SSL => (Refused::Connection, tls(reason).to_owned()),
        // In TLS 1.3 a server looks at certificates of clients when these take themselves for connected.
        Code::BrokerTransportFailure if reason.contains("SSL alert") => {
            (Refused::Connection, tls(reason).to_owned())
        }
        Code::BrokerTransportFailure if reason.contains("SSL listener?") => {
            let words = "a broker speaks TLS at this address and this connector does not; set \
                         FLOWX_CONNECTOR_SECURITY_PROTOCOL to `SASL_SSL` or `SSL`";
            (Refused::Connection, words.to_owned())
        }
        Code::TopicAuthorizationFailed => {
            let topic = topic(reason)?;
            (Refused::Topic(topic.to_owned()), reading(topic))
        }
        Code::GroupAuthorizationFailed => {
            let name = group.map(|group| format!(" `{group}`")).unwrap_or_default();
            let words = format!(
                "this user may not be in the consumer group{name}; grant Read on the group (`check` prints \
                 the command)"
            );
            (Refused::Group, words)
        }
        Code::ClusterAuthorizationFailed => (
            Refused::Cluster,
            "this user may not write idempotently, which brokers before Kafka 3.0 ask for; grant \
             IdempotentWrite on the cluster"
                .to_owned(),
        ),
        _ => return None,
    })
}

/// A topic from which this user may not read.
pub(super) fn reading(topic: &str) -> String {
    format!(
        "this user may not read `{topic}`; grant Read on the topic (`check` prints the command)"
    )
}

/// A topic to which this user may not write.
pub(super) fn writing(topic: &str) -> String {
    format!(
        "this user may not write to `{topic}`; grant Write on the topic (`check` prints the command)"
    )
}

fn login(reason: &str) -> &'static str {
    if reason.contains("mechanism handshake failed") {
        return "the brokers do not take this SASL mechanism; set FLOWX_CONNECTOR_SASL_MECHANISM to one that \
                their listener has";
    }
    if reason.contains("OAUTHBEARER")
        || reason.contains("invalid_token")
        || reason.contains("bearer")
    {
        return "the brokers do not accept the token; see that they trust its issuer, and that its audience \
                and its scope are those that they ask for (FLOWX_CONNECTOR_OAUTH_AUDIENCE, \
                FLOWX_CONNECTOR_OAUTH_SCOPE)";
    }
    "the brokers refuse the login; set FLOWX_CONNECTOR_SASL_USERNAME and FLOWX_CONNECTOR_SASL_PASSWORD, or \
     their files, to a user of the brokers with its password, or with tokens what \
     FLOWX_CONNECTOR_OAUTH_CLIENT_ID may do"
}

fn tls(reason: &str) -> &'static str {
    let reason = reason.to_ascii_lowercase();
    let says = |words: &[&str]| words.iter().any(|words| reason.contains(words));
    if says(&["certificate has expired", "not yet valid"]) {
        "the certificate of a broker has expired, or is not valid yet; renew it, or set this machine's clock"
    } else if says(&["hostname mismatch", "ip address mismatch"]) {
        "the certificate of a broker is for another host; reach the broker by the name that its certificate \
         has (FLOWX_CONNECTOR_BOOTSTRAP_SERVERS, advertised.listeners of the broker)"
    } else if says(&["alert", "certificate required", "bad certificate"]) {
        "a broker does not accept the certificate of this connector; set FLOWX_CONNECTOR_TLS_CERTIFICATE and \
         FLOWX_CONNECTOR_TLS_KEY to one that the brokers' authority has signed and that has not expired"
    } else if says(&["verify", "unable to get", "self-signed", "self signed"]) {
        "the certificate of a broker is not signed by an authority that is trusted here, has expired or is \
         for another host; set FLOWX_CONNECTOR_TLS_CA to a file of that authority, or renew the certificate"
    } else if says(&["plaintext", "wrong version number", "disconnected"]) {
        "a broker does not speak TLS at this address; set FLOWX_CONNECTOR_BOOTSTRAP_SERVERS to its TLS \
         listener, or FLOWX_CONNECTOR_SECURITY_PROTOCOL to what the listener speaks"
    } else {
        "there is no TLS with a broker; see that both have a version and a cipher in common"
    }
}

/// The topic that a sentence is about.
fn topic(reason: &str) -> Option<&str> {
    let rest = reason.strip_prefix("Subscribed topic not available: ")?;
    rest.split_once(": ").map(|(topic, _)| topic)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_says_what_to_do_and_quotes_nothing() {
        let of = |code, reason| of_error(code, reason, Some("a-group"));
        for (code, reason, words) in [
            (
                Code::Authentication,
                "sasl_ssl://canary:9092/1: SASL authentication error: Invalid username or password",
                "refuse the login; set FLOWX_CONNECTOR_SASL_USERNAME",
            ),
            (
                Code::Authentication,
                "canary: SASL authentication error: invalid credentials with SASL mechanism SCRAM-SHA-256",
                "refuse the login",
            ),
            (
                Code::Authentication,
                "sasl_ssl://canary:9092/1: SASL mechanism handshake failed",
                "FLOWX_CONNECTOR_SASL_MECHANISM",
            ),
            (Code::SSL, "canary: error: certificate has expired", "renew it"),
            (Code::SSL, "canary: Hostname mismatch", "is for another host; reach"),
            (Code::SSL, "canary: certificate verify failed", "FLOWX_CONNECTOR_TLS_CA"),
            (Code::SSL, "canary: tlsv13 alert certificate required", "FLOWX_CONNECTOR_TLS_KEY"),
            (Code::SSL, "canary: wrong version number", "does not speak TLS"),
            (Code::SSL, "canary", "a cipher in common"),
            (
                Code::BrokerTransportFailure,
                "canary: Receive failed: sslv3 alert bad certificate: SSL alert number 42",
                "FLOWX_CONNECTOR_TLS_KEY",
            ),
            (
                Code::BrokerTransportFailure,
                "canary: might be caused by incorrect security.protocol configuration (connecting to a SSL listener?)",
                "set FLOWX_CONNECTOR_SECURITY_PROTOCOL",
            ),
            (Code::GroupAuthorizationFailed, "canary", "`a-group`; grant Read on the group"),
            (
                Code::TopicAuthorizationFailed,
                "Subscribed topic not available: a.b: Broker: Topic authorization failed",
                "may not read `a.b`",
            ),
        ] {
            let (_, told) = of(code, reason).unwrap();
            assert!(told.contains(words) && !told.contains("canary"), "{words}: {told}");
        }
        assert_eq!(of(Code::BrokerTransportFailure, "canary"), None);
        let again = "SASL mechanism handshake failed: Request not valid in current SASL state";
        assert_eq!(of(Code::Authentication, again), None);
    }
}
