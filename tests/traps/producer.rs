//! Traps of producers: what they hold when they are dropped, and what they reorder when they are full.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use flowx_core::kafka::{KafkaSink, KafkaSource, Reader};
use flowx_core::message::record::Outbound;
use flowx_core::runtime::port::{Delivery, SendError, Sink, Token};
use flowx_core::testing::process_engine::PlatformVersion;
use flowx_core::{Connector, HandlerError, flowx_handler};
use flowx_tests::eventually;
use tokio::sync::oneshot;

use crate::broker::{Broker, next, start};
use crate::handlers::{Doubled, Number, Seen};
use crate::support::WITHIN;

/// The topics of a handler of numbers: of its requests, and of its replies.
async fn topics(broker: &Broker, action: &str) -> (String, String) {
    let request = broker.topic(&format!("numbers.trigger.{action}"));
    let reply = broker.topic(&format!("engine.receive.numbers.{action}.results"));
    broker.create_topics(&[&request, &reply]).await;
    (request, reply)
}

/// Numbers of one process.
fn numbers(topic: &str, numbers: std::ops::Range<i64>) -> Vec<Outbound> {
    let request = |number: i64| Outbound {
        topic: topic.into(),
        partition: None,
        key: Some(b"process".to_vec()),
        headers: PlatformVersion::V5_9.headers("process", 1),
        payload: Some(format!("{{\"number\":{number}}}").into_bytes()),
    };
    numbers.map(request).collect()
}

/// The numbers of the next replies.
async fn replied(replies: &mut Reader, count: usize) -> Vec<i64> {
    let records = next(replies, count).await;
    let number = |payload: Option<Vec<u8>>| {
        serde_json::from_slice::<Doubled>(&payload.unwrap()).unwrap().number
    };
    records.into_iter().map(|record| number(record.payload)).collect()
}

/// A sink that counts how often it was full.
struct Counting {
    sink: KafkaSink,
    full: Arc<AtomicU64>,
}

impl Sink for Counting {
    fn send(&mut self, record: &Outbound, token: Token) -> Result<(), SendError> {
        let outcome = self.sink.send(record, token);
        if outcome == Err(SendError::Full) {
            self.full.fetch_add(1, Ordering::Relaxed);
        }
        outcome
    }

    async fn delivered(&mut self) -> Delivery {
        self.sink.delivered().await
    }
}

/// Doubles a number, but not at once: others of its process wait in line behind it, and go on whether
/// or not there is room for another reply.
#[flowx_handler(topic = "numbers.trigger.double-later-on")]
async fn double_later_on(request: Number) -> Result<Doubled, HandlerError> {
    tokio::task::yield_now().await;
    Ok(Doubled { number: request.number, doubled: request.number * 2 })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replies_keep_their_order_when_the_producer_queue_is_full() {
    const REQUESTS: i64 = 10_000;
    const PROCESSES: i64 = 8;
    let broker = Broker::embedded("full_queue");
    let (request, reply) = topics(&broker, "double-later-on").await;
    let of_processes: Vec<_> = numbers(&request, 0..REQUESTS)
        .into_iter()
        .enumerate()
        .map(|(number, request)| {
            let process = format!("process-{}", number as i64 % PROCESSES);
            Outbound {
                partition: Some(0),
                headers: PlatformVersion::V5_9.headers(&process, 1),
                ..request
            }
        })
        .collect();
    broker.write(&of_processes).await;
    let connector = broker.connector("c", &["double_later_on"]).build().unwrap();
    let mut kafka = broker.client(connector.group());
    // The smallest queue that there is, and a producer that lets it fill up.
    kafka.max_unacknowledged = 0;
    kafka.extra.insert("linger.ms".to_owned(), "50".into());
    let source = KafkaSource::subscribe(&kafka, connector.registry().subscriptions()).unwrap();
    let full = Arc::<AtomicU64>::default();
    let sink = Counting { sink: KafkaSink::connect(&kafka).unwrap(), full: Arc::clone(&full) };
    let mut replies = broker.reader(&[&reply]).await;
    let (stop, stopped) = oneshot::channel::<()>();
    let run = tokio::spawn(connector.run_between(source, sink, async { drop(stopped.await) }));
    let order = replied(&mut replies, REQUESTS.unsigned_abs() as usize).await;
    assert!(full.load(Ordering::Relaxed) > 0, "the queue was never full: this shows nothing");
    for process in 0..PROCESSES {
        let of_this = order.iter().copied().filter(|number| number % PROCESSES == process);
        let in_order = (0..REQUESTS / PROCESSES).map(|turn| turn * PROCESSES + process);
        assert!(of_this.eq(in_order), "the replies to process {process} are not in order");
    }
    stop.send(()).unwrap();
    run.await.unwrap().unwrap();
}

/// Stops a connector right after its handlers have replied to a hundred requests, while the replies
/// still wait in the producer for more to come.
async fn stopped_while_replies_linger(broker: &Broker, request: &str) {
    let mut settings = broker.settings("c");
    settings.kafka.insert("linger.ms".to_owned(), "500".into());
    settings.drain = Duration::from_millis(2_500);
    let seen = Arc::<Seen>::default();
    let builder = Connector::builder().settings(settings).only(["double"]);
    let connector = start(builder.state(Arc::clone(&seen)));
    broker.write(&numbers(request, 0..100)).await;
    eventually(WITHIN, || async { seen.numbers().len() == 100 }).await;
    connector.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dropping_the_sink_at_a_stop_discards_no_reply() {
    let broker = Broker::embedded("lingering_replies");
    let (request, reply) = topics(&broker, "double").await;
    let mut replies = broker.reader(&[&reply]).await;
    stopped_while_replies_linger(&broker, &request).await;
    assert_eq!(replied(&mut replies, 100).await, Vec::from_iter(0..100));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn acks_at_shutdown_are_not_lost() {
    let broker = Broker::embedded("late_acknowledgements");
    let (request, _) = topics(&broker, "double").await;
    stopped_while_replies_linger(&broker, &request).await;
    // All that was acknowledged during the stop is committed: only what is new is left.
    broker.write(&numbers(&request, 100..101)).await;
    let seen = Arc::<Seen>::default();
    let connector = start(broker.connector("c", &["double"]).state(Arc::clone(&seen)));
    eventually(WITHIN, || async { seen.numbers().contains(&100) }).await;
    assert_eq!(seen.numbers(), [100]);
    connector.stop().await;
}
