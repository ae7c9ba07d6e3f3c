//! A member of a group, whose consumer can be destroyed and made anew.

use std::sync::Arc;
use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::consumer::Consumer as _;

use super::ffi;
use super::login::Login;
use super::outbox::Outbox;
use super::rebalance::{Consumer, Rebalancer};
use super::settings::{KafkaSettings, SetupError};
use super::subscription::Subscriptions;
use super::watchdog::{Sight, Watched};
use crate::message::topic::Subscription;
use crate::runtime::port::Epoch;

/// How long the broker may take to say where a partition ends.
pub(super) const WATERMARKS: Duration = Duration::from_secs(2);

/// Within which time the control thread is heard of again, whatever it does beside waiting for a drain:
/// a few look-ups of 5 s at a broker that does not answer.
const BEAT: Duration = Duration::from_secs(30);

/// What it takes to join the group, any number of times.
pub(super) struct Membership {
    settings: KafkaSettings,
    config: ClientConfig,
    subscriptions: Arc<Subscriptions>,
    outbox: Arc<Outbox>,
}

impl Membership {
    /// # Errors
    /// Topic names that cannot work, all mistakes at once.
    pub(super) fn new(
        settings: &KafkaSettings,
        topics: Vec<Subscription>,
        outbox: Outbox,
    ) -> Result<Self, SetupError> {
        let subscriptions = Arc::new(Subscriptions::new(topics)?);
        let mut config = settings.consumer();
        // How the watchdog tells the end of a partition from its silence.
        config.set("enable.partition.eof", "true");
        if let Some(blacklist) = subscriptions.blacklist() {
            config.set("topic.blacklist", blacklist);
        }
        Ok(Self { settings: settings.clone(), config, subscriptions, outbox: Arc::new(outbox) })
    }

    /// A consumer that joins the group; its assignments have epochs after `last_epoch`.
    ///
    /// # Errors
    /// Settings that cannot work.
    pub(super) fn join(&self, last_epoch: u64) -> Result<(Arc<Consumer>, Login), SetupError> {
        let mut login = Login::of(&self.settings)?;
        let subscriptions = Arc::clone(&self.subscriptions);
        let outbox = Arc::clone(&self.outbox);
        let context = Rebalancer::new(subscriptions, &self.settings, outbox, last_epoch);
        let consumer: Arc<Consumer> = Arc::new(self.settings.create(&self.config, context)?);
        consumer.context().set_consumer(&consumer);
        login.step(consumer.client());
        let expressions = self.subscriptions.expressions();
        let names: Vec<_> = expressions.iter().map(String::as_str).collect();
        consumer.subscribe(&names).map_err(|error| SetupError::of(error.to_string()))?;
        Ok((consumer, login))
    }

    /// One of the topics that are read.
    pub(super) fn topic(&self) -> Option<String> {
        self.subscriptions.expressions().into_iter().next()
    }

    /// After which time is looked whether a refusal is over.
    pub(super) fn auth_retry(&self) -> Duration {
        self.settings.security.auth_retry
    }

    /// After which time a partition that stands still has the consumer made anew.
    pub(super) fn stall(&self) -> Duration {
        self.settings.stall
    }

    pub(super) fn bootstrap_servers(&self) -> &str {
        &self.settings.bootstrap_servers
    }

    /// How long the control thread may be busy with a rebalance, and what it asks brokers in it.
    pub(super) fn busy(&self) -> Duration {
        BEAT + self.settings.drain
    }

    pub(super) fn outbox(&self) -> &Outbox {
        &self.outbox
    }
}

impl Watched for Consumer {
    fn all(&self) -> Vec<(Epoch, Sight)> {
        let all = self.context().assignments().all();
        all.iter().filter_map(|(epoch, ..)| Some((*epoch, self.one(*epoch)?))).collect()
    }

    fn one(&self, epoch: Epoch) -> Option<Sight> {
        let (partition, began) = self.context().assignments().one(epoch)?;
        let waiting = ffi::waiting(self.client(), partition.topic(), partition.partition());
        let mut sight = partition.sight(waiting)?;
        sight.position = sight.position.or(began);
        Some(sight)
    }

    fn ends(&self, epoch: Epoch) -> Option<(i64, i64)> {
        let (partition, _) = self.context().assignments().one(epoch)?;
        self.fetch_watermarks(partition.topic(), partition.partition(), WATERMARKS).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::super::control::Command;
    use super::super::source::tests::{PATIENCE, assigned, until};
    use super::*;
    use crate::kafka::{EmbeddedBroker, KafkaSource, Writer};
    use crate::message::record::Outbound;
    use crate::runtime::port::{Position, Source as _, SourceEvent};

    async fn write_ten_each(broker: &EmbeddedBroker, partitions: i32) {
        let numbers = (0..partitions).flat_map(|partition| (0..10).map(move |_| partition));
        let records: Vec<_> = numbers
            .map(|partition| Outbound {
                topic: "t".into(),
                partition: Some(partition),
                key: None,
                headers: Default::default(),
                // So large that none is taken out of its queue ahead of its turn.
                payload: Some(vec![b'x'; 100_000]),
            })
            .collect();
        Writer::connect(&broker.settings("w")).unwrap().write(&records).await.unwrap();
    }

    /// The offsets of the next records of an assignment.
    async fn read(source: &mut KafkaSource, epoch: Epoch, count: usize) -> Vec<i64> {
        let mut offsets = Vec::new();
        while offsets.len() < count {
            match source.take(epoch) {
                Some(record) => offsets.push(record.at.offset),
                None => {
                    until(source, |event| match event {
                        SourceEvent::Readable => Some(()),
                        SourceEvent::Failed(reason) => panic!("{reason}"),
                        _ => None,
                    })
                    .await;
                }
            }
        }
        offsets
    }

    #[tokio::test]
    async fn a_partition_that_stands_still_is_read_on_by_a_new_consumer() {
        let broker = EmbeddedBroker::start(3).unwrap();
        broker.create_topic("t").unwrap();
        write_ten_each(&broker, 3).await;
        let mut settings = broker.settings("g");
        settings.stall = Duration::from_millis(800);
        let topics = vec![Subscription::Exact("t".into())];
        let mut source = KafkaSource::subscribe(&settings, topics).unwrap();
        let before = until(&mut source, assigned).await;
        let [full, idle, still] = before[..] else { panic!("three partitions") };
        read(&mut source, still, 4).await;
        read(&mut source, idle, 10).await;
        read(&mut source, full, 2).await;
        let (deaf, done) = tokio::sync::oneshot::channel();
        source.commands.send(Command::Deafen(still, deaf)).unwrap();
        done.await.unwrap();

        let mut told = Vec::new();
        let done = loop {
            // The one that stands still and the one that is idle are waited for, the third is not.
            assert!(source.take(idle).is_none() && source.take(still).is_none());
            match tokio::time::timeout(PATIENCE, source.event()).await.expect("it is found") {
                SourceEvent::Trouble(text) => told.push(text),
                SourceEvent::Revoking { epochs, done } => {
                    assert_eq!(epochs, before);
                    break done;
                }
                SourceEvent::Readable => {}
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(told.len(), 1, "{told:?}");
        for part in ["t[2]", "at offset 4", "records up to 10", "is restarted"] {
            assert!(told[0].contains(part), "`{part}` is missing in: {}", told[0]);
        }
        let finished = [(full, 2), (idle, 10), (still, 4)];
        done.send(finished.map(|(epoch, next)| Position { epoch, next }).to_vec()).unwrap();

        let after = until(&mut source, assigned).await;
        assert_eq!(after.len(), 3);
        assert!(after.iter().all(|epoch| *epoch > still), "{after:?} come after {before:?}");
        assert_eq!(read(&mut source, after[2], 6).await, Vec::from_iter(4..10));
        assert_eq!(read(&mut source, after[0], 8).await, Vec::from_iter(2..10));
        assert!(source.take(after[1]).is_none(), "nothing is done twice");
        source.close(Vec::new(), PATIENCE).await.unwrap();
    }
}
