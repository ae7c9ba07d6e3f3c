//! How many allocations a record may cost on its way through the runtime.

use flowx_benches::loopback;
use flowx_benches::sample::{self, Shape};
use flowx_core::Connector;
use tokio::runtime::Builder;

/// Allocations of a run with so many requests.
fn allocations(handler: &str, requests: u64) -> u64 {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let topic = format!("ai.flowx.dev.benches.trigger.{handler}.v1").as_str().into();
    let connector = Connector::builder().group("benches").only([handler]).build().unwrap();
    let records = sample::records(&topic, requests, Shape::default());
    let (source, sink) = loopback::pair(&topic, records);
    let all = sink.all();
    let counted = allocation_counter::measure(|| {
        runtime.block_on(connector.run_between(source, sink, all)).unwrap();
    });
    counted.count_total
}

#[test]
fn a_record_costs_no_more_allocations_than_it_did() {
    for (handler, most) in [("bare", 8), ("exchange", 20)] {
        // What begins and ends a connector falls out of the difference.
        let (few, many) = (allocations(handler, 2_000), allocations(handler, 6_000));
        let each = (many - few) as f64 / 4_000.0;
        assert!(each > 1.0, "{handler}: nothing was counted");
        assert!(each < f64::from(most) + 0.1, "{handler}: {each}, and {most} are allowed");
    }
}
