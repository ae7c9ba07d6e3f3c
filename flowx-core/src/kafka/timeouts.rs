//! Whether the times that a client is set up with fit together.

use std::time::Duration;

use humantime::format_duration;
use rdkafka::ClientConfig;

use super::commits::PARTING;
use super::rebalance::HEARING;
use super::settings::KafkaSettings;

/// librdkafka's own defaults of what flowx leaves alone.
const FETCH_WAIT: u64 = 500;
const REQUEST_TIMEOUT: u64 = 30_000;

/// Times that are fine alone and not together, each with what to change.
pub(super) fn contradictions(settings: &KafkaSettings) -> Vec<String> {
    let (consumer, producer) = (settings.consumer(), settings.producer());
    let mut problems = Vec::new();
    let session = settings.session_timeout;
    let poll = property(&consumer, "max.poll.interval.ms");
    if let Some(poll) = poll.filter(|poll| *poll < session) {
        problems.push(format!(
            "`max.poll.interval.ms` of {} is shorter than the session timeout of {}: a member would be \
             expelled before it is missed; raise it, or shorten FLOWX_CONNECTOR_SESSION_TIMEOUT",
            format_duration(poll),
            format_duration(session),
        ));
    }
    let parting = settings.drain + HEARING + PARTING;
    if let Some(poll) = poll.filter(|poll| *poll <= parting) {
        problems.push(format!(
            "giving a partition back may take {}, the drain of {} and what follows it, which is not \
             shorter than `max.poll.interval.ms` of {}: the group would go on without this member; \
             shorten FLOWX_CONNECTOR_DRAIN or raise `max.poll.interval.ms`",
            format_duration(parting),
            format_duration(settings.drain),
            format_duration(poll),
        ));
    }
    // Not there in the newer protocol, where it is the broker's.
    let heartbeat = property(&consumer, "heartbeat.interval.ms");
    if let Some(heartbeat) = heartbeat.filter(|heartbeat| *heartbeat * 3 > session) {
        problems.push(format!(
            "`heartbeat.interval.ms` of {} is longer than a third of the session timeout of {}: two lost \
             heartbeats would expel a healthy member; shorten it, or raise \
             FLOWX_CONNECTOR_SESSION_TIMEOUT",
            format_duration(heartbeat),
            format_duration(session),
        ));
    }
    let wait = property(&consumer, "fetch.wait.max.ms");
    let wait = wait.unwrap_or(Duration::from_millis(FETCH_WAIT));
    if wait >= settings.stall {
        problems.push(format!(
            "`fetch.wait.max.ms` of {} is not shorter than the stall of {}: a broker that waits for more \
             records would pass for one that is stuck; shorten it, or raise FLOWX_CONNECTOR_STALL",
            format_duration(wait),
            format_duration(settings.stall),
        ));
    }
    problems.extend(delivery(settings, &producer));
    problems
}

/// A time limit for replies that runs out before a broker had its time to answer.
fn delivery(settings: &KafkaSettings, producer: &ClientConfig) -> Option<String> {
    let (name, limit) = ["delivery.timeout.ms", "message.timeout.ms"]
        .into_iter()
        .find_map(|name| Some((name, milliseconds(settings.extra.get(name)?.expose())?)))?;
    let request = property(producer, "request.timeout.ms");
    let request = request.unwrap_or(Duration::from_millis(REQUEST_TIMEOUT));
    let linger = property(producer, "linger.ms").unwrap_or_default();
    // Zero is no limit.
    (!limit.is_zero() && limit <= request + linger).then(|| {
        format!(
            "`{name}` of {} is not longer than `request.timeout.ms` of {} and `linger.ms` of {} together: \
             replies would be given up, and sent again, while they are on their way; remove it",
            format_duration(limit),
            format_duration(request),
            format_duration(linger),
        )
    })
}

fn property(config: &ClientConfig, name: &str) -> Option<Duration> {
    milliseconds(config.get(name)?)
}

/// What is no number is told by librdkafka.
fn milliseconds(text: &str) -> Option<Duration> {
    text.trim().parse().ok().map(Duration::from_millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(change: impl FnOnce(&mut KafkaSettings)) -> Vec<String> {
        let mut settings = KafkaSettings::new("127.0.0.1:1", "g");
        change(&mut settings);
        settings.problems()
    }

    fn with(properties: &[(&str, &str)]) -> Vec<String> {
        of(|settings| {
            let properties = properties.iter();
            settings
                .extra
                .extend(properties.map(|(name, value)| ((*name).into(), (*value).into())));
        })
    }

    #[test]
    fn the_defaults_fit_together_and_so_do_ordinary_changes() {
        for properties in [
            &[][..],
            &[("max.poll.interval.ms", "45000"), ("heartbeat.interval.ms", "15000")],
            &[("fetch.wait.max.ms", "59999"), ("message.timeout.ms", "0")],
            &[("delivery.timeout.ms", "30002")],
            &[("group.protocol", "consumer")],
        ] {
            assert_eq!(with(properties), Vec::<String>::new());
        }
        assert_eq!(of(|settings| settings.session_timeout *= 20), Vec::<String>::new());
    }

    #[test]
    fn each_contradiction_is_told_at_the_first_millisecond_of_it() {
        for (properties, words) in [
            (
                &[("max.poll.interval.ms", "44999")][..],
                "is shorter than the session timeout of 45s",
            ),
            (&[("heartbeat.interval.ms", "15001")], "longer than a third of the session timeout"),
            (&[("fetch.wait.max.ms", "60000")], "is not shorter than the stall of 1m"),
            (&[("delivery.timeout.ms", "30001")], "`delivery.timeout.ms` of 30s 1ms is not longer"),
            (&[("message.timeout.ms", "1"), ("request.timeout.ms", "1")], "of 1ms is not longer"),
        ] {
            let problems = with(properties);
            assert!(problems.len() == 1 && problems[0].contains(words), "{problems:?}");
        }
        let problems = of(|settings| {
            settings.session_timeout = Duration::from_secs(300);
            settings.drain = Duration::from_secs(294);
        });
        assert!(problems.len() == 1 && problems[0].contains("may take 5m, "), "{problems:?}");
    }

    #[test]
    fn all_are_told_at_once() {
        let problems = with(&[
            ("max.poll.interval.ms", "10000"),
            ("heartbeat.interval.ms", "40000"),
            ("fetch.wait.max.ms", "90000"),
            ("message.timeout.ms", "5"),
        ]);
        assert_eq!(problems.len(), 5, "{problems:?}");
    }
}
