//! Reads requests, answers them, and stores offsets behind the acknowledgements.

mod exchange;

use std::env::var;
use std::error::Error;
use std::future::ready;
use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt};
use rdkafka::ClientConfig;
use rdkafka::consumer::{CommitMode, Consumer, StreamConsumer};
use rdkafka::message::{BorrowedMessage, Message};
use rdkafka::producer::{FutureProducer, FutureRecord};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::sleep;

use exchange::{Reply, Request};

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// Replies sent and not acknowledged; far below what the producer's queue holds.
const UNACKNOWLEDGED: usize = 10_000;

const RETRY_AFTER: Duration = Duration::from_millis(300);

#[derive(Clone, Copy)]
struct Handler {
    wait: Option<Duration>,
    retry_percent: u64,
}

impl Handler {
    fn from_env() -> Result<Self, Box<dyn Error>> {
        let wait = match var("BENCH_HANDLER")?.strip_prefix("await:") {
            Some(milliseconds) => Some(Duration::from_millis(milliseconds.parse()?)),
            None => None,
        };
        Ok(Self { wait, retry_percent: var("BENCH_RETRY_PERCENT")?.parse()? })
    }

    async fn handle(self, request: Request) -> Reply {
        if let Some(wait) = self.wait {
            sleep(wait).await;
        }
        if request.sequence % 100 < self.retry_percent {
            sleep(RETRY_AFTER).await;
            if let Some(wait) = self.wait {
                sleep(wait).await;
            }
        }
        Reply::to(request)
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let handler = Handler::from_env()?;
    let concurrency: usize = var("BENCH_CONCURRENCY")?.parse()?;
    let (requests, replies) = (var("BENCH_REQUESTS")?, var("BENCH_REPLIES")?);
    let consumer: StreamConsumer = ClientConfig::new()
        .set("bootstrap.servers", var("BENCH_BROKERS")?)
        .set("group.id", var("BENCH_GROUP")?)
        .set("auto.offset.reset", "earliest")
        .set("enable.auto.offset.store", "false")
        .set("auto.commit.interval.ms", "1000")
        .create()?;
    let producer: FutureProducer = ClientConfig::new()
        .set("bootstrap.servers", var("BENCH_BROKERS")?)
        .set("acks", "all")
        .set("enable.idempotence", "true")
        .set("linger.ms", "1")
        .set("partitioner", "murmur2_random")
        .create()?;
    consumer.subscribe(&[&requests])?;
    let mut terminated = signal(SignalKind::terminate())?;

    consumer
        .stream()
        .take_until(terminated.recv())
        .map_err(Box::<dyn Error>::from)
        .map_ok(|message| async move {
            let request = serde_json::from_slice(message.payload().unwrap_or_default())?;
            let reply = serde_json::to_vec(&handler.handle(request).await)?;
            Ok::<_, Box<dyn Error>>((message, reply))
        })
        .try_buffered(concurrency)
        .map_ok(|(message, reply)| {
            let acknowledged = send(&producer, &replies, &message, &reply);
            async move {
                acknowledged?.await?.map_err(|(error, _)| error)?;
                Ok(message)
            }
        })
        .try_buffered(UNACKNOWLEDGED)
        .try_for_each(|message| {
            // Refused for a partition that went to another member, rightly.
            let _ = consumer.store_offset_from_message(&message);
            ready(Ok(()))
        })
        .await?;

    // Nothing to commit is an error here.
    let _ = consumer.commit_consumer_state(CommitMode::Sync);
    Ok(())
}

/// Puts a reply into the producer's queue, with the key and all headers of its request.
fn send(
    producer: &FutureProducer,
    topic: &str,
    request: &BorrowedMessage<'_>,
    reply: &[u8],
) -> Result<rdkafka::producer::DeliveryFuture, rdkafka::error::KafkaError> {
    let mut record = FutureRecord::to(topic).payload(reply);
    if let Some(key) = request.key() {
        record = record.key(key);
    }
    if let Some(headers) = request.headers() {
        record = record.headers(headers.detach());
    }
    producer.send_result(record).map_err(|(error, _)| error)
}
