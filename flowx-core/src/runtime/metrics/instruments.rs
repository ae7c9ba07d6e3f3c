//! What counts: instruments that are found once and then cost an atomic each.

use prometheus::core::Collector;
use prometheus::proto::MetricFamily;
use prometheus::{
    GaugeVec, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge,
    IntGaugeVec, Opts, Registry,
};

use super::families::{self as family, BUCKETS, Family, OTHER, OUTCOMES};
use crate::handler::codes::Codes;
use crate::message::decode::Reason;
use crate::runtime::status::End;
use crate::runtime::verdict::RefusalClass;

/// The instruments of one connector.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    in_flight: IntGaugeVec,
    duration: HistogramVec,
    requests: IntCounterVec,
    refusals: IntCounterVec,
    retries: IntCounterVec,
    decode_errors: IntCounterVec,
    dead_letters: IntCounterVec,
    pub(crate) commit_failures: IntCounter,
    pub(crate) assigned: IntCounter,
    pub(crate) revoked: IntCounter,
    pub(crate) lost: IntCounter,
    pub(crate) unacknowledged: IntGauge,
    pub(crate) unacknowledged_bytes: IntGauge,
    pub(crate) producer_queue: IntGauge,
    pub(crate) held_answers: IntGauge,
}

/// Why the tables of this room cannot be wrong: a test makes every one of them.
const CHECKED: &str = "the tables of metrics are legal";

fn opts(family: &Family) -> Opts {
    Opts::new(family.name, family.help)
}

impl Default for Metrics {
    fn default() -> Self {
        let registry = Registry::new();
        let counters = |family: &Family| {
            let made = IntCounterVec::new(opts(family), family.labels).expect(CHECKED);
            registry.register(Box::new(made.clone())).expect(CHECKED);
            made
        };
        let counter = |family: &Family| {
            let made = IntCounter::with_opts(opts(family)).expect(CHECKED);
            registry.register(Box::new(made.clone())).expect(CHECKED);
            made
        };
        let gauge = |family: &Family| {
            let made = IntGauge::with_opts(opts(family)).expect(CHECKED);
            registry.register(Box::new(made.clone())).expect(CHECKED);
            made
        };
        let in_flight =
            IntGaugeVec::new(opts(&family::IN_FLIGHT), family::IN_FLIGHT.labels).expect(CHECKED);
        registry.register(Box::new(in_flight.clone())).expect(CHECKED);
        let buckets = HistogramOpts::from(opts(&family::DURATION)).buckets(BUCKETS.to_vec());
        let duration = HistogramVec::new(buckets, family::DURATION.labels).expect(CHECKED);
        registry.register(Box::new(duration.clone())).expect(CHECKED);
        let rebalances = counters(&family::REBALANCES);
        Self {
            in_flight,
            duration,
            requests: counters(&family::REQUESTS),
            refusals: counters(&family::REFUSALS),
            retries: counters(&family::RETRIES),
            decode_errors: counters(&family::DECODE_ERRORS),
            dead_letters: counters(&family::DEAD_LETTERS),
            commit_failures: counter(&family::COMMIT_FAILURES),
            assigned: rebalances.with_label_values(&["assigned"]),
            revoked: rebalances.with_label_values(&["revoked"]),
            lost: rebalances.with_label_values(&["lost"]),
            unacknowledged: gauge(&family::UNACKNOWLEDGED),
            unacknowledged_bytes: gauge(&family::UNACKNOWLEDGED_BYTES),
            producer_queue: gauge(&family::PRODUCER_QUEUE),
            held_answers: gauge(&family::HELD_ANSWERS),
            registry,
        }
    }
}

impl Metrics {
    /// The instruments of a handler. All of their series are there from the start, at 0: what rises
    /// from nothing is no increase to Prometheus.
    pub(crate) fn handler(&self, name: &str, codes: &Codes) -> HandlerMetrics {
        let each = |all: &IntCounterVec, values: Vec<&'static str>| {
            let found = values.into_iter();
            Each(found.map(|value| (value, all.with_label_values(&[name, value]))).collect())
        };
        let codes = codes.iter().map(|code| code.code).chain([OTHER]).collect();
        let unreadable: Vec<&str> = Reason::ALL.iter().map(|reason| reason.name()).collect();
        let others = [
            RefusalClass::Business,
            RefusalClass::Exhausted,
            RefusalClass::Timeout,
            RefusalClass::Panic,
            RefusalClass::ReplyRejected,
        ];
        let aside = others.map(RefusalClass::reason).into_iter().chain(unreadable.clone());
        HandlerMetrics {
            in_flight: self.in_flight.with_label_values(&[name]),
            duration: self.duration.with_label_values(&[name]),
            outcomes: each(&self.requests, OUTCOMES.to_vec()),
            refusals: each(&self.refusals, codes),
            retries_in_place: self.retries.with_label_values(&[name, "in-place"]),
            retries_later: self.retries.with_label_values(&[name, "topic"]),
            decode_errors: each(&self.decode_errors, unreadable),
            dead_letters: each(&self.dead_letters, aside.collect()),
        }
    }

    /// What was counted so far.
    pub(crate) fn gather(&self) -> Vec<MetricFamily> {
        self.registry.gather()
    }
}

/// A gauge that is measured now: each sample is the values of its labels, and its own.
pub(crate) fn measured(
    family: &Family,
    samples: impl IntoIterator<Item = (Vec<String>, f64)>,
) -> Vec<MetricFamily> {
    let gauges = GaugeVec::new(opts(family), family.labels).expect(CHECKED);
    for (labels, value) in samples {
        gauges.with_label_values(&labels).set(value);
    }
    gauges.collect().into_iter().filter(|family| !family.get_metric().is_empty()).collect()
}

/// Counters by a value that is one of a few.
#[derive(Debug)]
struct Each(Vec<(&'static str, IntCounter)>);

impl Each {
    /// Counts one of this value; the last one stands for all that are not there.
    fn count(&self, value: &str) {
        let found = self.0.iter().find(|(known, _)| *known == value).or(self.0.last());
        if let Some((_, counter)) = found {
            counter.inc();
        }
    }
}

/// The instruments of one handler.
#[derive(Debug)]
pub(crate) struct HandlerMetrics {
    pub(crate) in_flight: IntGauge,
    pub(crate) duration: Histogram,
    outcomes: Each,
    refusals: Each,
    pub(crate) retries_in_place: IntCounter,
    pub(crate) retries_later: IntCounter,
    decode_errors: Each,
    dead_letters: Each,
}

impl HandlerMetrics {
    /// A request has come to its end.
    pub(crate) fn ended(&self, end: &End) {
        let End::Refused { code, reason, dead_letter, .. } = end else {
            let outcome = if *end == End::Replied { "replied" } else { "nothing" };
            return self.outcomes.count(outcome);
        };
        let is_unreadable = self.decode_errors.0.iter().any(|(known, _)| known == reason);
        let outcome = if is_unreadable && *reason != "invalid" { "undecodable" } else { reason };
        self.outcomes.count(outcome);
        if *reason == RefusalClass::Business.reason() {
            self.refusals.count(code);
        }
        if is_unreadable {
            self.decode_errors.count(reason);
        }
        if *dead_letter {
            self.dead_letters.count(reason);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_end_has_a_place_of_its_own() {
        let metrics = Metrics::default();
        let handler = metrics.handler("h", &Codes::default());
        let unreadable = Reason::ALL.iter().copied().map(RefusalClass::Undecodable);
        let classes = [
            RefusalClass::Business,
            RefusalClass::Exhausted,
            RefusalClass::Timeout,
            RefusalClass::Panic,
            RefusalClass::ReplyRejected,
        ];
        for class in classes.into_iter().chain(unreadable) {
            handler.ended(&End::Refused {
                code: "X".into(),
                reason: class.reason(),
                replied: true,
                dead_letter: true,
            });
        }
        let counts = |each: &Each| each.0.iter().map(|(_, one)| one.get()).collect::<Vec<_>>();
        assert_eq!(counts(&handler.dead_letters), [1; 18]);
        assert_eq!(counts(&handler.decode_errors), [1; 13]);
        assert_eq!(counts(&handler.outcomes), [0, 0, 1, 1, 12, 1, 1, 1, 1]);
        assert_eq!(counts(&handler.refusals), [1], "nobody declared this code");
    }

    #[test]
    fn several_connectors_in_one_process_stay_apart() {
        let (one, other) = (Metrics::default(), Metrics::default());
        one.commit_failures.inc();
        assert_eq!((one.commit_failures.get(), other.commit_failures.get()), (1, 0));
    }
}
