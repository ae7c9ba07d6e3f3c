//! What becomes of partitions when another member comes, by both ways of assigning them.
//!
//! In the eager way a member gives back its partitions before it joins. Apache Kafka takes its last
//! commit until then, the embedded broker refuses it, so what hangs on that is shown on Kafka alone.

use std::sync::OnceLock;
use std::time::Duration;

use flowx_core::config::assignment::AssignmentProtocol;
use flowx_core::kafka::{EmbeddedBroker, KafkaSettings, Writer};
use flowx_core::runtime::port::{Position, Source, SourceEvent};
use flowx_tests::kafka::{KafkaCluster, NewTopic};
use tokio::sync::OnceCell;

use crate::member::{Member, offsets, ten_each, topic};

/// A broker with a topic of two partitions and ten records in each, and a group.
struct Place {
    settings: KafkaSettings,
    topic: &'static str,
    /// Keeps the broker alive.
    embedded: Option<EmbeddedBroker>,
}

impl Place {
    async fn embedded(test: &'static str, assignment: AssignmentProtocol) -> Self {
        let broker = EmbeddedBroker::start(2).unwrap();
        broker.create_topic(test).unwrap();
        Self::filled(broker.settings("g"), test, assignment, Some(broker)).await
    }

    async fn kafka(test: &'static str, assignment: AssignmentProtocol) -> Self {
        static KAFKA: OnceCell<KafkaCluster> = OnceCell::const_new();
        // The cluster belongs to a runtime that outlives every test.
        static RUNTIME: OnceLock<tokio::runtime::Runtime> = OnceLock::new();
        let runtime = RUNTIME.get_or_init(|| tokio::runtime::Runtime::new().unwrap());
        let start = || async { runtime.spawn(KafkaCluster::start(1)).await.expect("Kafka starts") };
        let cluster = KAFKA.get_or_init(start).await;
        let test: &'static str = format!("{test}-{assignment}").leak();
        cluster.create_topics(&[NewTopic::new(test, 2, 1)]).await;
        let settings = KafkaSettings::new(cluster.bootstrap_servers(), test);
        Self::filled(settings, test, assignment, None).await
    }

    async fn filled(
        mut settings: KafkaSettings,
        topic: &'static str,
        assignment: AssignmentProtocol,
        embedded: Option<EmbeddedBroker>,
    ) -> Self {
        settings.assignment = assignment;
        Writer::connect(&settings).unwrap().write(&ten_each(topic, 2)).await.unwrap();
        Self { settings, topic, embedded }
    }

    fn join(&self) -> Member {
        Member::join(&self.settings, vec![topic(self.topic)])
    }

    async fn joined(&self, partitions: usize) -> Member {
        Member::joined(&self.settings, vec![topic(self.topic)], partitions).await
    }

    /// Where the next owner of a partition begins, if the last one said `next`.
    ///
    /// The embedded broker refuses the last commit when another rebalance has begun meanwhile, which
    /// Apache Kafka does not: then the owner is told, and nothing is skipped.
    fn start(&self, last: &Member, next: i64) -> i64 {
        if self.embedded.is_some() && last.was_refused { 0 } else { next }
    }

    fn is_eager(&self) -> bool {
        self.settings.assignment == AssignmentProtocol::Eager
    }
}

/// Runs tests on one broker by one way of assigning.
macro_rules! tests {
    ($($module:ident: $broker:ident, $way:ident, [$($test:ident),* $(,)?];)*) => {
        $(mod $module {
            $(#[tokio::test]
            async fn $test() {
                tests!(@needs $broker);
                let way = super::AssignmentProtocol::$way;
                super::$test(super::Place::$broker(stringify!($test), way).await).await;
            })*
        })*
    };
    (@needs kafka) => { flowx_tests::require_kafka!() };
    (@needs embedded) => {};
}

tests! {
    cooperative: embedded, Cooperative, [
        the_next_owner_starts_where_the_last_one_says_and_is_fenced_from_it,
        an_owner_that_does_not_answer_loses_its_partition_after_the_drain_time,
        an_owner_that_answers_when_its_time_is_up_is_still_heard,
        a_member_that_leaves_hands_its_partitions_to_the_one_that_stays,
    ];
    eager: embedded, Eager, [
        an_owner_that_does_not_answer_loses_its_partition_after_the_drain_time,
        a_member_that_leaves_hands_its_partitions_to_the_one_that_stays,
    ];
    cooperative_on_kafka: kafka, Cooperative, [
        the_next_owner_starts_where_the_last_one_says_and_is_fenced_from_it,
        an_owner_that_answers_when_its_time_is_up_is_still_heard,
    ];
    eager_on_kafka: kafka, Eager, [
        the_next_owner_starts_where_the_last_one_says_and_is_fenced_from_it,
        an_owner_that_does_not_answer_loses_its_partition_after_the_drain_time,
        an_owner_that_answers_when_its_time_is_up_is_still_heard,
        a_member_that_leaves_hands_its_partitions_to_the_one_that_stays,
    ];
}

async fn the_next_owner_starts_where_the_last_one_says_and_is_fenced_from_it(place: Place) {
    let mut old = place.joined(2).await;
    for partition in [0, 1] {
        old.read(partition, 4).await;
    }
    let before = old.assigned.clone();

    let mut new = place.join();
    let mut revoked = Vec::new();
    while new.assigned.is_empty() || old.assigned.is_empty() || revoked.is_empty() {
        tokio::select! {
            event = old.event() => if let SourceEvent::Revoking { epochs, done } = event {
                assert!(epochs.iter().all(|epoch| old.source.take(*epoch).is_none()));
                let positions = epochs.iter().map(|&epoch| Position { epoch, next: 4 }).collect();
                done.send(positions).unwrap();
                revoked.extend(epochs);
            },
            _ = new.event() => {}
        }
    }
    let stopped = if place.is_eager() { 2 } else { 1 };
    assert_eq!(revoked.len(), stopped);
    assert_eq!((old.assigned.len(), new.assigned.len()), (1, 1), "each has one");
    let moved = new.assigned[0].partition;
    let gone = before.iter().find(|one| one.partition == moved).unwrap().epoch;
    assert!(revoked.contains(&gone));
    let start = place.start(&old, 4);
    assert_eq!(offsets(&new.read(moved, 2).await), [start, start + 1]);
    assert_eq!(offsets(&old.read(1 - moved, 2).await), [4, 5], "the other one reads on");

    // What the old owner finishes late finds nothing to change.
    let late = vec![Position { epoch: gone, next: 9 }];
    assert_eq!(old.commit(late.clone()).await, []);
    old.close(late).await;
    drop(new);
    let mut last = place.joined(2).await;
    assert_eq!(offsets(&last.read(moved, 1).await), [start]);
    last.close(Vec::new()).await;
}

async fn an_owner_that_does_not_answer_loses_its_partition_after_the_drain_time(mut place: Place) {
    place.settings.drain = Duration::from_millis(50);
    let mut old = place.joined(2).await;
    let mut new = place.join();
    let mut unanswered = Vec::new();
    while new.assigned.is_empty() {
        tokio::select! {
            event = old.event() => if let SourceEvent::Revoking { done, .. } = event {
                unanswered.push(done);
            },
            _ = new.event() => {}
        }
    }
    // On a busy machine the group may need more than one attempt to settle.
    assert!(!unanswered.is_empty());
    let partition = new.assigned[0].partition;
    assert_eq!(offsets(&new.read(partition, 1).await), [0], "nothing was committed");
}

async fn an_owner_that_answers_when_its_time_is_up_is_still_heard(mut place: Place) {
    place.settings.drain = Duration::from_millis(100);
    let mut old = place.joined(2).await;
    let mut new = place.join();
    while new.assigned.is_empty() {
        tokio::select! {
            event = old.event() => if let SourceEvent::Revoking { epochs, done } = event {
                // Its clock begins when it hears of it, a little after the source's.
                let waiting = std::future::pending::<()>();
                let _ = tokio::time::timeout(place.settings.drain, waiting).await;
                let positions = epochs.iter().map(|&epoch| Position { epoch, next: 4 }).collect();
                done.send(positions).expect("the source still listens");
            },
            _ = new.event() => {}
        }
    }
    let partition = new.assigned[0].partition;
    assert_eq!(offsets(&new.read(partition, 1).await), [place.start(&old, 4)]);
}

async fn a_member_that_leaves_hands_its_partitions_to_the_one_that_stays(place: Place) {
    let mut leaving = place.joined(2).await;
    let mut staying = place.join();
    while staying.assigned.is_empty() || leaving.assigned.len() != 1 {
        tokio::select! {
            event = leaving.event() => if let SourceEvent::Revoking { epochs, done } = event {
                let positions = epochs.iter().map(|&epoch| Position { epoch, next: 2 }).collect();
                done.send(positions).unwrap();
            },
            _ = staying.event() => {}
        }
    }
    let last = leaving.assigned[0].clone();
    leaving.read(last.partition, 1).await;
    leaving.close(vec![Position { epoch: last.epoch, next: 5 }]).await;
    // In the eager way the one that stays gives its own back for a moment, and gets both anew.
    while staying.assigned.len() != 2 {
        if let SourceEvent::Revoking { epochs, done } = staying.event().await {
            done.send(epochs.iter().map(|&epoch| Position { epoch, next: 2 }).collect()).unwrap();
        }
    }
    assert_eq!(offsets(&staying.read(last.partition, 1).await), [5]);
    staying.close(Vec::new()).await;
}
