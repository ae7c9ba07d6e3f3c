//! Traps of consumers: hanging, sleeping on, silently being out of the group.

use std::fs;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use flowx_core::kafka::KafkaSink;
use flowx_core::message::record::Outbound;
use flowx_core::runtime::port::{Sink, Source, SourceEvent, Token};
use flowx_core::testing::process_engine::PlatformVersion;
use flowx_core::{HandlerError, State, flowx_handler};
use flowx_tests::eventually;

use crate::broker::{Broker, next, start};
use crate::handlers::{Doubled, Number};
use crate::member::{Member, broker, offsets, outbound, topic, within, write, write_ten_each};
use crate::support::{WITHIN, alone};

/// The threads of this process that belong to a Kafka client, ours and librdkafka's.
fn client_threads() -> Vec<String> {
    let tasks = fs::read_dir("/proc/self/task").expect("this system lists threads");
    let names = tasks.filter_map(|task| {
        // A thread may end while its name is read.
        let name = fs::read_to_string(task.ok()?.path().join("comm")).ok()?;
        Some(name.trim_end().to_owned())
    });
    names.filter(|name| name.starts_with("rdk:") || name.starts_with("flowx-")).collect()
}

#[test]
fn a_dropped_consumer_does_not_hang() {
    if !alone("consumer::a_dropped_consumer_does_not_hang") {
        return;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let broker = broker(2, &["requests"]);
        write_ten_each(&broker, "requests", 2).await;
        let mut member = Member::joined(&broker.settings("g"), vec![topic("requests")], 2).await;
        // Records are in its queues, a commit is on its way, and nobody will ever answer.
        member.read(0, 1).await;
        assert!(client_threads().contains(&"flowx-kafka".to_owned()), "{:?}", client_threads());
        drop(broker);
        let begun = Instant::now();
        drop(member);
        assert!(begun.elapsed() < Duration::from_millis(250), "it took {:?}", begun.elapsed());
        // And in the background it does come to an end.
        eventually(WITHIN, || async {
            let left = client_threads();
            if left.is_empty() { Ok(()) } else { Err(format!("{left:?} are left")) }
        })
        .await;
    });
}

#[tokio::test]
async fn no_wakeup_is_missed_while_statistics_come() {
    let broker = broker(1, &["requests"]);
    let mut settings = broker.settings("g");
    settings.extra.insert("statistics.interval.ms".to_owned(), "100".into());
    let mut member = Member::joined(&settings, vec![topic("requests")], 1).await;
    let mut sink = KafkaSink::connect(&broker.settings("writer")).unwrap();
    // Each record is alone: if it wakes nobody, nothing else does.
    for number in 0..300 {
        sink.send(&outbound("requests", 0, "{}"), Token(number)).unwrap();
        within("delivery", sink.delivered()).await.result.unwrap();
        assert_eq!(offsets(&member.read(0, 1).await), [number.cast_signed()]);
    }
    member.close(Vec::new()).await;
}

/// Holds its thread until it is let go.
#[derive(Default)]
struct Latch {
    state: Mutex<(u32, bool)>,
    changed: Condvar,
}

impl Latch {
    fn calls(&self) -> u32 {
        self.state.lock().unwrap().0
    }

    fn let_go(&self) {
        self.state.lock().unwrap().1 = true;
        self.changed.notify_all();
    }
}

/// Blocks its thread, as no handler should.
#[flowx_handler(topic = "numbers.trigger.block")]
async fn block(request: Number, latch: State<Arc<Latch>>) -> Result<Doubled, HandlerError> {
    let mut state = latch.state.lock().unwrap();
    state.0 += 1;
    let _open = latch.changed.wait_while(state, |(_, open)| !*open).unwrap();
    Ok(Doubled { number: request.number, doubled: request.number * 2 })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn exceeding_the_poll_interval_is_impossible_while_handlers_run() {
    /// The shortest that leaves time to give a partition back.
    const INTERVAL: Duration = Duration::from_secs(7);
    let broker = Broker::embedded("poll_interval");
    let request = broker.topic("numbers.trigger.block");
    let reply = broker.topic("engine.receive.numbers.block.results");
    broker.create_topics(&[&request, &reply]).await;
    let mut settings = broker.settings("c");
    settings.session_timeout = INTERVAL;
    settings.drain = Duration::from_millis(500);
    let interval = INTERVAL.as_millis().to_string();
    settings.kafka.insert("max.poll.interval.ms".to_owned(), interval.into());
    let latch = Arc::<Latch>::default();
    let builder = flowx_core::Connector::builder().settings(settings).only(["block"]);
    let connector = start(builder.state(Arc::clone(&latch)));
    let number = |number: i64| Outbound {
        topic: request.as_str().into(),
        partition: Some(0),
        key: None,
        headers: PlatformVersion::V5_9.headers("process", 1),
        payload: Some(format!("{{\"number\":{number}}}").into_bytes()),
    };
    let mut replies = broker.reader(&[&reply]).await;
    broker.write(&[number(1)]).await;
    eventually(WITHIN, || async { latch.calls() == 1 }).await;
    let begun = Instant::now();
    // The runtime stands still for three intervals; the member does not.
    eventually(WITHIN, || async { begun.elapsed() > 3 * INTERVAL }).await;
    latch.let_go();
    next(&mut replies, 1).await;
    broker.write(&[number(2)]).await;
    next(&mut replies, 1).await;
    assert_eq!(latch.calls(), 2, "a member that was out would have got its request again");
    connector.stop().await;
}

#[tokio::test]
async fn rebalances_are_answered_without_the_runtime_polling() {
    let broker = broker(2, &["requests"]);
    write_ten_each(&broker, "requests", 2).await;
    let mut settings = broker.settings("g");
    settings.drain = Duration::from_millis(50);
    let mut old = Member::joined(&settings, vec![topic("requests")], 2).await;
    // From here on nobody asks the old member for anything.
    let mut new = Member::joined(&settings, vec![topic("requests")], 1).await;
    let moved = new.assigned[0].partition;
    assert_eq!(offsets(&new.read(moved, 1).await), [0]);
    while old.assigned.len() > 1 {
        old.event().await;
    }
    assert_eq!(offsets(&old.read(1 - moved, 1).await), [0], "the other one is still its own");
}

#[tokio::test]
async fn the_end_of_a_partition_is_no_record_and_no_error() {
    let broker = broker(1, &["requests"]);
    write_ten_each(&broker, "requests", 1).await;
    let settings = broker.settings("g");
    let mut member = Member::joined(&settings, vec![topic("requests")], 1).await;
    let epoch = member.epoch(0);
    let mut read = Vec::new();
    for written in 10..20 {
        while read.len() < written {
            match member.source.take(epoch) {
                Some(record) => read.push(record.at.offset),
                None => match member.event().await {
                    SourceEvent::Readable => {}
                    other => panic!("{other:?}"),
                },
            }
        }
        // Behind each end the next record begins.
        write(&broker, &[outbound("requests", 0, "{}")]).await;
    }
    assert_eq!(read, Vec::from_iter(0..19));
    member.close(Vec::new()).await;
}
