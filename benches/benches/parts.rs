//! What the parts of a record's way cost, each by itself, for small requests and for large ones.

use std::sync::Arc;

use divan::{AllocProfiler, Bencher, black_box};
use flowx_benches::sample::{self, ExchangeRequest, Shape};
use flowx_core::message::decode::{self, Limits};
use flowx_core::message::envelope::Envelope;
use flowx_core::message::identity::Place;
use flowx_core::message::record::Record;
use flowx_core::message::reply::{ReplyStyle, answer};
use flowx_core::runtime::tracker::Tracker;
use tokio::time::Instant;

#[global_allocator]
static ALLOCATOR: AllocProfiler<tikv_jemallocator::Jemalloc> =
    AllocProfiler::new(tikv_jemallocator::Jemalloc);

const HANDLER: &str = "exchange";

/// Lines of a request of 350 bytes, and of one of 4.6 KB.
const LINES: [u32; 2] = [0, 30];

fn main() {
    divan::main();
}

fn record(lines: u32) -> Record {
    let shape = Shape { lines, ..Shape::default() };
    sample::records(&"in".into(), 1, shape).remove(0).remove(0).expect("it was made")
}

fn place() -> Place {
    Place::new("a-cluster", "in", 0)
}

/// From bytes to the handler's type, with all that is refused on the way.
#[divan::bench(args = LINES)]
fn decode(bencher: Bencher<'_, '_>, lines: u32) {
    let (record, limits) = (record(lines), Limits::default());
    bencher.bench_local(|| {
        let payload = black_box(&record).payload.as_deref();
        decode::typed::<ExchangeRequest>(payload, &limits).expect("it is one")
    });
}

/// JSON alone, to compare with.
#[divan::bench(args = LINES)]
fn decode_by_serde_alone(bencher: Bencher<'_, '_>, lines: u32) {
    let record = record(lines);
    bencher.bench_local(|| {
        let payload = black_box(&record).payload.as_deref().unwrap_or_default();
        serde_json::from_slice::<ExchangeRequest>(payload).expect("it is one")
    });
}

/// Who waits for the answer, what it must stay in order with, and the key of the answer.
#[divan::bench(args = LINES)]
fn envelope(bencher: Bencher<'_, '_>, lines: u32) {
    let envelope = Envelope::read(record(lines));
    bencher.bench_local(|| {
        let envelope = black_box(&envelope);
        black_box((envelope.is_correlated(), envelope.order_key()));
        envelope.reply_key()
    });
}

/// The name under which everybody knows the request.
#[divan::bench]
fn identity(bencher: Bencher<'_, '_>) {
    let place = place();
    bencher.bench_local(|| place.id(black_box(7), Some(1_795_000_000_000), HANDLER));
}

/// From the handler's JSON to the record that goes out: the received headers, the key, and two more headers.
#[divan::bench(args = LINES)]
fn reply(bencher: Bencher<'_, '_>, lines: u32) {
    let envelope = Envelope::read(record(lines));
    let id = place().id(7, None, HANDLER);
    let (topic, style) = (Arc::from("out"), ReplyStyle::default());
    let json = serde_json::to_vec(&sample::converted(sample::request(7, lines))).expect("JSON");
    bencher
        .with_inputs(|| json.clone())
        .bench_local_values(|json| answer(black_box(&envelope), &topic, json, &id, &style));
}

/// A record's stay in the books of its partition, among so many that are not finished.
#[divan::bench(args = [1, 100, 10_000])]
fn tracker(bencher: Bencher<'_, '_>, unfinished: usize) {
    let mut tracker = Tracker::default();
    let now = Instant::now();
    let mut offsets = 0_i64..;
    let mut under_way: std::collections::VecDeque<_> =
        offsets.by_ref().take(unfinished).map(|offset| tracker.deliver(offset, now)).collect();
    bencher.bench_local(|| {
        let sequence = tracker.deliver(offsets.next().unwrap_or_default(), now);
        tracker.at_handler(sequence, Some(now));
        tracker.at_handler(sequence, None);
        under_way.push_back(sequence);
        tracker.complete(under_way.pop_front().unwrap_or(sequence));
        tracker.frontier()
    });
}
