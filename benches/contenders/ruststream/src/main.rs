//! A connector on RustStream: a replying subscriber, as its guide of commits and delivery
//! guarantees writes it, with lanes by key and a transform that gives the headers back.

mod exchange;

use std::convert::Infallible;
use std::env;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use exchange::{Reply, Request, Scenario};
use ruststream::runtime::{Outgoing, PublishContext};
use ruststream_rdkafka::prelude::*;
use tikv_jemallocator::Jemalloc;

#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

/// Which requests are handled at once where the handler does not wait but for its reply.
const WORKERS: NonZeroUsize = NonZeroUsize::new(1024).unwrap();

#[subscriber(
    KafkaTopic::new(setting("BENCH_REQUESTS"))
        .commit(Commit::Tracked)
        .start(StartOffset::Earliest)
        .assignment(Assignment::CooperativeSticky)
        .lane_key(LaneKey::RecordKey)
        .config("auto.commit.interval.ms", "1000"),
    reply(setting("BENCH_REPLIES").leak())
)]
async fn answer(
    request: &Request,
    State(scenario): State<Arc<Scenario>>,
) -> Result<Reply, HandlerOutcome> {
    scenario.exchange(request).await.map_err(|_| HandlerOutcome::retry())
}

/// What handlers share.
#[derive(Clone, FromRef)]
struct Shared {
    scenario: Arc<Scenario>,
}

/// Gives the headers of the request back; the key travels among them.
struct GiveBack;

impl<C, Options> PublishTransform<ForReply<C>, Options> for GiveBack {
    type Destination = Reads;

    fn apply(
        &self,
        out: &mut Outgoing<'_>,
        _options: &mut Option<Options>,
        delivery: &PublishContext<'_, C>,
    ) {
        out.headers_mut().overwrite_with(delivery.headers().clone());
    }
}

#[ruststream::app]
fn app() -> impl App {
    let broker = KafkaBroker::new(setting("BENCH_BROKERS").split(','))
        .default_group(setting("BENCH_GROUP"))
        .producer_config("acks", "all")
        .producer_config("enable.idempotence", "true")
        .producer_config("linger.ms", "1");
    RustStream::new(AppInfo::new("exchange", "0.1.0"))
        .shutdown_timeout(Duration::from_secs(8))
        .on_startup(async |()| Ok::<_, Infallible>(Shared { scenario: scenario().into() }))
        .with_broker(broker, |b| {
            b.include(answer.workers_by_key(workers()))
                .out_reply(Publish::default())
                .transform(GiveBack);
        })
}

fn scenario() -> Scenario {
    let wait = setting("BENCH_HANDLER").strip_prefix("await:").map(|ms| {
        Duration::from_millis(ms.parse().expect("BENCH_HANDLER is await:<milliseconds>"))
    });
    let retry_percent = env::var("BENCH_RETRY_PERCENT").ok().and_then(|n| n.parse().ok());
    Scenario { wait, retry_percent: retry_percent.unwrap_or(0), ..Scenario::default() }
}

fn workers() -> NonZeroUsize {
    let wanted = env::var("BENCH_CONCURRENCY").ok().and_then(|n| n.parse().ok());
    wanted.filter(|_| setting("BENCH_HANDLER") != "ready").unwrap_or(WORKERS)
}

fn setting(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| panic!("{name} is not set"))
}
