//! What a record costs on its way through the runtime, with a source and a sink that cost nothing.
//! Records are made before the clock starts; times and allocations are those of 10 000 of them.

use divan::{AllocProfiler, Bencher, counter::ItemsCount};
use flowx_benches::loopback;
use flowx_benches::sample::{self, Shape};
use flowx_core::Connector;
use tokio::runtime::Builder;

#[global_allocator]
static ALLOCATOR: AllocProfiler<tikv_jemallocator::Jemalloc> =
    AllocProfiler::new(tikv_jemallocator::Jemalloc);

const RECORDS: u64 = 10_000;

fn main() {
    divan::main();
}

/// A connector of one handler, and the topic that it reads.
fn through(bencher: Bencher<'_, '_>, handler: &str, shape: Shape) {
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    let connector = || Connector::builder().group("benches").only([handler]).build().expect("one");
    let subscription = format!("ai.flowx.dev.benches.trigger.{handler}.v1");
    bencher
        .counter(ItemsCount::new(RECORDS))
        .with_inputs(|| {
            let topic = subscription.as_str().into();
            (connector(), loopback::pair(&topic, sample::records(&topic, RECORDS, shape)))
        })
        .bench_local_values(|(connector, (source, sink))| {
            let all = sink.all();
            runtime.block_on(connector.run_between(source, sink, all)).expect("a good end")
        });
}

/// The runtime alone: no JSON is read, two bytes of it are written.
#[divan::bench]
fn bare(bencher: Bencher<'_, '_>) {
    through(bencher, "bare", Shape::default());
}

/// An ordinary handler of 350 bytes of JSON.
#[divan::bench]
fn exchange(bencher: Bencher<'_, '_>) {
    through(bencher, "exchange", Shape::default());
}

/// The same of 4.6 KB.
#[divan::bench]
fn exchange_large(bencher: Bencher<'_, '_>) {
    through(bencher, "exchange", Shape::LARGE);
}

/// What of these is JSON and the handler's own work, without any connector.
#[divan::bench(args = [0, 30])]
fn json_alone(bencher: Bencher<'_, '_>, lines: u32) {
    let shape = Shape { partitions: 1, lines, ..Shape::default() };
    bencher
        .counter(ItemsCount::new(RECORDS))
        .with_inputs(|| sample::records(&"t".into(), RECORDS, shape).remove(0))
        .bench_local_values(|records| {
            for record in records {
                let payload = record.payload.as_deref().unwrap_or_default();
                let request = serde_json::from_slice(payload).expect("it is one");
                let reply = sample::converted(request);
                std::hint::black_box(serde_json::to_vec(&reply).expect("it is JSON"));
            }
        });
}

/// What order costs: requests of a thousand process instances, for handlers that are ready at once and for
/// some that are not.
mod order {
    use super::*;

    #[divan::bench(args = ["bare", "bare_in_partition", "bare_unordered", "pending", "pending_unordered"])]
    fn of(bencher: Bencher<'_, '_>, handler: &str) {
        through(bencher, handler, Shape::THOUSAND_KEYS);
    }
}
