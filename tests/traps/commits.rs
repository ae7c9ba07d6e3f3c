//! Traps of commits: those that block, and those that come too late.

use std::time::{Duration, Instant};

use flowx_core::kafka::{KafkaSettings, Writer};
use flowx_core::runtime::port::{Epoch, Position, Source, SourceEvent};
use flowx_tests::kafka::KafkaCluster;
use flowx_tests::proxy::{Proxy, Traffic};
use flowx_tests::{eventually, require_kafka};

use crate::member::{Member, broker, offsets, outbound, topic, write_ten_each};
use crate::support::WITHIN;

const TOPIC: &str = "requests";
const GROUP: &str = "g";

/// A member that was cut off from Kafka, and the one that has its partitions now.
struct Replaced {
    cluster: KafkaCluster,
    /// The way of the old one.
    proxy: Proxy,
    old: Member,
    /// What the old one still takes for its own: the assignments of both partitions.
    epochs: [Epoch; 2],
    new: Member,
}

impl Replaced {
    /// Two partitions with ten records each. The old member has finished five of each, and says so
    /// when it is cut off; the new one finishes as many as `finished`.
    async fn set_up(finished: i64) -> Self {
        let proxy = Proxy::listen().await.unwrap();
        let cluster = KafkaCluster::start_advertised(1, &[], &[proxy.port()]).await;
        proxy.lead_to(cluster.hidden_port(0).unwrap());
        cluster.create_topic(TOPIC, 2, 1).await;
        let settings = |servers: String| {
            let mut settings = KafkaSettings::new(servers, GROUP);
            settings.session_timeout = Duration::from_secs(2);
            settings.drain = Duration::from_millis(100);
            settings
        };
        let direct = settings(cluster.bootstrap_servers());
        let records: Vec<_> = (0..20).map(|n| outbound(TOPIC, n % 2, "{}")).collect();
        Writer::connect(&direct).unwrap().write(&records).await.unwrap();
        let by_proxy = settings(format!("127.0.0.1:{}", proxy.port()));
        let mut old = Member::joined(&by_proxy, vec![topic(TOPIC)], 2).await;
        let epochs = [old.epoch(0), old.epoch(1)];
        proxy.set(Traffic::HalfOpen);
        old.source.commit(at(epochs, 5));
        let mut new = Member::joined(&direct, vec![topic(TOPIC)], 2).await;
        let positions = at([new.epoch(0), new.epoch(1)], finished);
        assert_eq!(new.commit(positions.clone()).await, positions);
        proxy.set(Traffic::Pass);
        // It hears that its partitions are gone, and must not give up over it.
        while epochs.iter().any(|lost| old.assigned.iter().any(|one| one.epoch == *lost)) {
            old.event().await;
        }
        Self { cluster, proxy, old, epochs, new }
    }
}

fn at(epochs: [Epoch; 2], next: i64) -> Vec<Position> {
    epochs.map(|epoch| Position { epoch, next }).to_vec()
}

/// Commits, and returns when the last word on it was said: which of the positions were still its own.
/// What was asked for before may be refused by Kafka, which is told and no more.
async fn committed_by(member: &mut Member, positions: Vec<Position>) -> Vec<Position> {
    member.source.commit(positions);
    loop {
        if let SourceEvent::Committed(positions) = member.event().await {
            return positions;
        }
    }
}

async fn committed(cluster: &KafkaCluster, partition: i32) -> Option<i64> {
    let (admin, partitions) = (cluster.admin(), [partition]);
    eventually(WITHIN, || admin.committed_offsets(GROUP, TOPIC, &partitions)).await[0].1
}

#[tokio::test]
async fn a_commit_for_a_lost_partition_is_stale_and_not_fatal() {
    require_kafka!();
    let set = Replaced::set_up(8).await;
    let Replaced { cluster: _cluster, proxy: _proxy, mut old, epochs, new } = set;
    assert_eq!(committed_by(&mut old, at(epochs, 5)).await, []);
    // It goes on when the partitions come back, as other assignments.
    new.close(Vec::new()).await;
    old.own(2).await;
    for partition in [0, 1] {
        assert!(!epochs.contains(&old.epoch(partition)));
        assert_eq!(offsets(&old.read(partition, 2).await), [8, 9]);
    }
    old.close(Vec::new()).await;
}

#[tokio::test]
async fn a_stale_commit_never_moves_the_next_owners_offset_back() {
    require_kafka!();
    let Replaced { cluster, proxy: _proxy, mut old, epochs, new } = Replaced::set_up(10).await;
    // One partition comes back to it: it is a member in good standing, and Kafka would take its
    // commits for any partition.
    old.own(1).await;
    assert_eq!(committed_by(&mut old, at(epochs, 5)).await, []);
    old.close(at(epochs, 5)).await;
    for partition in [0, 1] {
        assert_eq!(committed(&cluster, partition).await, Some(10), "partition {partition}");
    }
    new.close(Vec::new()).await;
}

#[tokio::test]
async fn a_commit_that_waits_for_its_broker_blocks_nobody() {
    let broker = broker(1, &[TOPIC]);
    write_ten_each(&broker, TOPIC, 1).await;
    let mut member = Member::joined(&broker.settings(GROUP), vec![topic(TOPIC)], 1).await;
    member.read(0, 1).await;
    let epoch = member.epoch(0);
    drop(broker);
    let begun = Instant::now();
    for next in 1..=9 {
        member.source.commit(vec![Position { epoch, next }]);
        // What was read ahead can still be taken.
        let record = member.source.take(epoch).expect("it is in the queue");
        assert_eq!(record.at.offset, next);
    }
    assert!(begun.elapsed() < Duration::from_millis(250), "it took {:?}", begun.elapsed());
    drop(member);
    assert!(begun.elapsed() < Duration::from_millis(500), "it took {:?}", begun.elapsed());
}
