//! Which properties of librdkafka may be set beside flowx's own settings.

use rdkafka::ClientConfig;
use rdkafka::error::KafkaError;
use rdkafka::types::RDKafkaConfRes;

use crate::config::secret::Secret;

/// What flowx sets itself because its guarantees rest on it, and where the same is asked for.
const FIXED: &[(&str, &str)] = &[
    ("bootstrap.servers", "the bootstrap servers have a setting of their own"),
    ("metadata.broker.list", "the bootstrap servers have a setting of their own"),
    ("group.id", "the group has a setting of its own"),
    ("client.id", "the client id has a setting of its own"),
    ("group.instance.id", "the instance has a setting of its own"),
    ("session.timeout.ms", "the session timeout has a setting of its own"),
    ("message.max.bytes", "the largest record has a setting of its own"),
    ("enable.auto.commit", "offsets follow acknowledged replies"),
    ("auto.commit.enable", "offsets follow acknowledged replies"),
    ("enable.auto.offset.store", "offsets follow acknowledged replies"),
    ("auto.offset.reset", "a lost offset is never jumped over"),
    ("isolation.level", "aborted requests must not be answered"),
    ("acks", "replies must be on all in-sync replicas"),
    ("request.required.acks", "replies must be on all in-sync replicas"),
    ("enable.idempotence", "replies must be written once and in order"),
    ("topic.blacklist", "flowx keeps dead-letter and retry topics away itself"),
    ("partition.assignment.strategy", "the assignment has a setting of its own"),
    ("enable.partition.eof", "a partition that stands still is told by it from one that is idle"),
    ("transactional.id", "flowx does not write in transactions"),
    ("offset.store.method", "offsets follow acknowledged replies"),
    ("delivery.report.only.error", "offsets follow acknowledged replies"),
];

/// What would load or run code, replace the broker or spill secrets into the log.
const DANGEROUS: &[&str] = &[
    "plugin.library.paths",
    "ssl.engine.location",
    "ssl.engine.id",
    // OpenSSL loads a provider from the file of its name, wherever that is.
    "ssl.providers",
    "sasl.kerberos.kinit.cmd",
    "debug",
    "interceptors",
    "opaque",
    "log.queue",
];

/// Properties of producers alone, by the beginning of their names: a consumer would warn of them.
pub(super) const PRODUCER_ONLY: &[&str] = &[
    "batch.",
    "compression.",
    "delivery.timeout.ms",
    "linger.ms",
    "message.send.max.retries",
    "message.timeout.ms",
    "partitioner",
    "queue.buffering.",
    "request.timeout.ms",
    "retries",
    "sticky.partitioning.",
    "transaction.",
];

/// Properties of consumers alone, likewise.
pub(super) const CONSUMER_ONLY: &[&str] = &[
    "allow.auto.create.topics",
    "auto.",
    "check.crcs",
    "coordinator.query.",
    "fetch.",
    "group.",
    "heartbeat.interval.ms",
    "max.poll.",
    "partition.assignment.strategy",
    "queued.",
];

/// What is wrong with a property by itself, with the remedy.
pub(super) fn problem(name: &str, value: &Secret) -> Option<String> {
    if let Some((_, reason)) = FIXED.iter().find(|(fixed, _)| *fixed == name) {
        return Some(format!("`{name}` cannot be set: {reason}; remove it"));
    }
    if is_dangerous(name) {
        return Some(format!(
            "`{name}` is not allowed: it could run code, replace the broker or log secrets; remove it"
        ));
    }
    refused(name, value)
}

/// What librdkafka has against a property by itself. That it is not in this build is for a client to
/// say: documents are written with the settings of other builds too.
fn refused(name: &str, value: &Secret) -> Option<String> {
    match ClientConfig::new().set(name, value.expose()).create_native_config() {
        Err(KafkaError::ClientConfig(kind, words, ..)) if name != "security.protocol" => {
            (!words.contains(OTHER_BUILD)).then(|| not_taken(kind, &words, name))
        }
        _ => None,
    }
}

/// librdkafka's words for what was left out when it was built.
const OTHER_BUILD: &str = "not supported in this build";

/// What to say of a property that librdkafka does not take. Its own words may quote the value, so they
/// are only looked at.
pub(super) fn not_taken(kind: RDKafkaConfRes, words: &str, name: &str) -> String {
    if kind != RDKafkaConfRes::RD_KAFKA_CONF_UNKNOWN {
        let what = if words.contains(OTHER_BUILD) {
            "is not in this build of librdkafka; build with what it needs, or remove it"
        } else {
            "has a value that librdkafka does not take; see its CONFIGURATION.md"
        };
        return format!("`{name}` {what}");
    }
    let known = include_str!("properties.txt").lines().filter(|line| !line.starts_with('#'));
    let closest = known
        .map(|known| (strsim::jaro_winkler(known, name), known))
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .filter(|(likeness, _)| *likeness > 0.9);
    let advice = closest.map_or_else(
        || "see its CONFIGURATION.md".to_owned(),
        |(_, known)| format!("did you mean `{known}`?"),
    );
    format!("`{name}` is no property of librdkafka; {advice}")
}

fn is_dangerous(name: &str) -> bool {
    DANGEROUS.contains(&name) || name.starts_with("test.mock.") || name.ends_with("_cb")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_librdkafka_does_not_take_is_told_with_the_nearest_name_and_without_the_value() {
        for (name, value, words) in [
            ("fetch.wait.ms.max", "1", "did you mean `fetch.wait.max.ms`?"),
            ("something.else.at.all", "canary", "is no property of librdkafka; see its"),
            ("fetch.wait.max.ms", "canary", "has a value that librdkafka does not take"),
            ("fetch.wait.max.ms", "-1", "has a value that librdkafka does not take"),
            ("test.mock.num.brokers", "3", "is not allowed"),
            ("acks", "1", "replies must be on all in-sync replicas"),
        ] {
            let problem = problem(name, &value.into()).expect(name);
            assert!(problem.contains(words) && !problem.contains("canary"), "{problem}");
        }
        assert_eq!(problem("fetch.wait.max.ms", &"10".into()), None);
    }

    #[test]
    fn every_property_that_could_do_harm_is_refused_whatever_its_value() {
        let harm = [
            ("plugin.library.paths", "loads code"),
            ("ssl.engine.location", "loads code"),
            ("ssl.engine.id", "loads code"),
            ("ssl.providers", "loads code"),
            ("sasl.kerberos.kinit.cmd", "runs a command in a shell"),
            ("debug", "logs credentials"),
            ("interceptors", "is a pointer"),
            ("opaque", "is a pointer"),
            ("log.queue", "takes the log away from where values are hidden"),
            ("test.mock.num.brokers", "replaces the broker"),
            ("test.mock.broker.rtt", "replaces the broker"),
            ("log_cb", "is a pointer to code"),
            ("error_cb", "is a pointer to code"),
            ("rebalance_cb", "is a pointer to code"),
            ("dr_msg_cb", "is a pointer to code"),
            ("partitioner_cb", "is a pointer to code"),
            ("oauthbearer_token_refresh_cb", "is a pointer to code"),
            ("ssl.certificate.verify_cb", "is a pointer to code"),
        ];
        for (name, what) in harm {
            for value in ["", "1", "true", "none", "canary", "/tmp/canary.so"] {
                let problem =
                    problem(name, &value.into()).unwrap_or_else(|| panic!("{name} {what}"));
                assert!(problem.contains("is not allowed"), "{name} {what}: {problem}");
                assert!(!problem.contains("canary"), "{problem}");
            }
            // No other spelling leads there: librdkafka knows names only as they are.
            for other in [name.to_uppercase(), format!(" {name}"), format!("{name} ")] {
                assert!(problem(&other, &"1".into()).is_some(), "`{other}`");
            }
        }
        let listed = |name: &&str| harm.iter().any(|(harmful, _)| harmful == name);
        assert!(DANGEROUS.iter().all(listed), "each is tried");
    }

    #[test]
    fn the_names_that_are_suggested_are_librdkafkas_own() {
        for name in include_str!("properties.txt").lines().filter(|line| !line.starts_with('#')) {
            // What could load code is not even tried.
            let unknown = !is_dangerous(name)
                && matches!(
                    ClientConfig::new().set(name, "").create_native_config(),
                    Err(KafkaError::ClientConfig(RDKafkaConfRes::RD_KAFKA_CONF_UNKNOWN, ..))
                );
            assert!(!unknown, "{name}");
        }
    }
}
