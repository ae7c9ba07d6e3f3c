//! All metrics of a connector, as they are now.

use prometheus::TextEncoder;
use prometheus::proto::MetricFamily;

use super::{Hold, PartitionView, Status};
use crate::runtime::metrics::{self, measured};

impl Status {
    /// All metrics in the text format 0.0.4 of Prometheus.
    #[must_use]
    pub fn prometheus(&self) -> String {
        // Only a family without a sample cannot be written, and there is none.
        TextEncoder::new().encode_to_string(&self.gather()).unwrap_or_default()
    }

    /// All metrics: what was counted, and what is measured now.
    pub(crate) fn gather(&self) -> Vec<MetricFamily> {
        let mut all = self.board.metrics.gather();
        let is = |yes: bool| f64::from(u8::from(yes));
        let about = self.about().map(|about| {
            let version = about.version.unwrap_or_default().to_owned();
            (vec![about.name.clone(), version, env!("CARGO_PKG_VERSION").to_owned()], 1.0)
        });
        all.extend(measured(&metrics::INFO, about));
        all.extend(measured(&metrics::LIVE, [(vec![], is(self.stuck().is_empty()))]));
        all.extend(measured(&metrics::READY, [(vec![], is(self.not_ready().is_empty()))]));
        let paused = self.handlers().into_iter();
        let paused = paused.map(|handler| (vec![handler.name.to_owned()], is(handler.paused)));
        all.extend(measured(&metrics::HANDLER_PAUSED, paused));
        let brokers = self.clients().1.and_then(|client| client.brokers);
        all.extend(measured(&metrics::BROKERS_UP, brokers.map(|all| (vec![], all.up as f64))));
        all.extend(of_partitions(&self.partitions()));
        all.sort_by(|a, b| a.name().cmp(b.name()));
        all
    }
}

fn of_partitions(partitions: &[PartitionView]) -> Vec<MetricFamily> {
    let measure = |family, value: &dyn Fn(&PartitionView) -> Option<f64>| {
        let sample = |one: &PartitionView| {
            Some((vec![one.topic.to_string(), one.partition.to_string()], value(one)?))
        };
        measured(family, partitions.iter().filter_map(sample))
    };
    let yes = |yes: bool| Some(f64::from(u8::from(yes)));
    [
        measure(&metrics::POSITION, &|one| one.position.map(|at| at as f64)),
        measure(&metrics::LAG, &|one| one.lag.map(|lag| lag as f64)),
        measure(&metrics::OLDEST, &|one| Some(one.oldest.unwrap_or_default().as_secs_f64())),
        measure(&metrics::UNFINISHED, &|one| Some(one.unfinished as f64)),
        measure(&metrics::BREAKER_OPEN, &|one| yes(one.hold == Some(Hold::Breaker))),
        measure(&metrics::PARTITION_PAUSED, &|one| yes(one.hold.is_some())),
    ]
    .concat()
}
