//! The broker as the driver sees it: topics, how far they are, and what groups have committed.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, bail, ensure};
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use tokio::runtime::Runtime;

const PATIENCE: Duration = Duration::from_secs(30);

/// A cluster, and what is needed to ask it.
pub(crate) struct Broker {
    servers: String,
    copies: i32,
    runtime: Runtime,
    admin: AdminClient<DefaultClientContext>,
    asking: BaseConsumer,
}

impl Broker {
    /// Connects; topics will have so many copies.
    pub(crate) fn connect(servers: &str, copies: usize) -> anyhow::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        Ok(Self {
            servers: servers.to_owned(),
            copies: i32::try_from(copies)?,
            runtime,
            admin: ClientConfig::new().set("bootstrap.servers", servers).create()?,
            asking: reader(servers, "none")?,
        })
    }

    pub(crate) fn servers(&self) -> &str {
        &self.servers
    }

    pub(crate) fn create_topic(
        &self,
        name: &str,
        partitions: i32,
        settings: &[(&str, &str)],
    ) -> anyhow::Result<()> {
        let mut topic = NewTopic::new(name, partitions, TopicReplication::Fixed(self.copies));
        for (name, value) in settings {
            topic = topic.set(name, value);
        }
        let created = self.admin.create_topics([&topic], &AdminOptions::new());
        for outcome in self.runtime.block_on(created)? {
            if let Err((topic, error)) = outcome {
                bail!("cannot create `{topic}`: {error}");
            }
        }
        // Created is not yet known everywhere. The client would remember for long that it was not.
        let began = Instant::now();
        while !self.is_led(name, partitions)? {
            ensure!(began.elapsed() < PATIENCE, "`{name}` has no leader after {PATIENCE:?}");
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    /// Takes a topic away; what it held goes soon after.
    pub(crate) fn delete_topic(&self, name: &str) -> anyhow::Result<()> {
        let deleted = self.admin.delete_topics(&[name], &AdminOptions::new());
        for outcome in self.runtime.block_on(deleted)? {
            if let Err((topic, error)) = outcome {
                bail!("cannot delete `{topic}`: {error}");
            }
        }
        Ok(())
    }

    pub(crate) fn has_topic(&self, name: &str) -> anyhow::Result<bool> {
        let known = self.asking.fetch_metadata(None, PATIENCE).context("the broker is silent")?;
        Ok(known.topics().iter().any(|topic| topic.name() == name))
    }

    /// Whether every partition of a topic has a leader, by what the broker says now.
    fn is_led(&self, name: &str, partitions: i32) -> anyhow::Result<bool> {
        let known = self.asking.fetch_metadata(Some(name), PATIENCE);
        let known = known.context("the broker is silent")?;
        let led = known.topics().iter().filter(|topic| topic.name() == name).flat_map(|topic| {
            topic.partitions().iter().filter(|partition| partition.leader() >= 0)
        });
        Ok(led.count() == partitions.unsigned_abs() as usize)
    }

    /// Behind the last record of each partition; one question, however many there are.
    pub(crate) fn end_offsets(&self, topic: &str, partitions: i32) -> anyhow::Result<Vec<i64>> {
        let asked = places(topic, partitions, Offset::End)?;
        persistently(|| {
            let told = offsets(&self.asking.offsets_for_times(asked.clone(), PATIENCE)?)?;
            let all: Option<Vec<_>> = told.into_iter().collect();
            all.context("the broker does not tell")
        })
        .with_context(|| format!("cannot ask how far `{topic}` is"))
    }

    /// What a group has committed of each partition.
    pub(crate) fn committed(
        &self,
        group: &str,
        topic: &str,
        partitions: i32,
    ) -> anyhow::Result<Vec<Option<i64>>> {
        let asking = reader(&self.servers, group)?;
        let asked = places(topic, partitions, Offset::Invalid)?;
        persistently(|| offsets(&asking.committed_offsets(asked.clone(), PATIENCE)?))
            .with_context(|| format!("cannot ask what `{group}` has committed"))
    }

    /// A consumer of all partitions of a topic, from their beginning.
    pub(crate) fn read(&self, topic: &str, partitions: i32) -> anyhow::Result<BaseConsumer> {
        let consumer = reader(&self.servers, "none")?;
        consumer.assign(&places(topic, partitions, Offset::Beginning)?)?;
        Ok(consumer)
    }
}

/// Asks again for a while: leaders and coordinators may be on the move.
fn persistently<T>(ask: impl Fn() -> anyhow::Result<T>) -> anyhow::Result<T> {
    let began = Instant::now();
    loop {
        match ask() {
            Err(_) if began.elapsed() < PATIENCE => std::thread::sleep(Duration::from_millis(50)),
            outcome => return outcome,
        }
    }
}

/// Milliseconds as in the timestamps of records.
pub(crate) fn milliseconds(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// A consumer that is in no group; the name is only for asking about one.
fn reader(servers: &str, group: &str) -> anyhow::Result<BaseConsumer> {
    ClientConfig::new()
        .set("bootstrap.servers", servers)
        .set("group.id", group)
        .set("enable.auto.commit", "false")
        .set("fetch.wait.max.ms", "100")
        .set("queued.max.messages.kbytes", "32768")
        .set("fetch.queue.backoff.ms", "10")
        .create()
        .context("cannot make a consumer")
}

fn places(topic: &str, partitions: i32, offset: Offset) -> anyhow::Result<TopicPartitionList> {
    let mut list = TopicPartitionList::new();
    for partition in 0..partitions {
        list.add_partition_offset(topic, partition, offset)?;
    }
    Ok(list)
}

fn offsets(list: &TopicPartitionList) -> anyhow::Result<Vec<Option<i64>>> {
    let mut elements = list.elements();
    elements.sort_by_key(rdkafka::topic_partition_list::TopicPartitionListElem::partition);
    elements
        .into_iter()
        .map(|element| {
            element.error()?;
            Ok(match element.offset() {
                Offset::Offset(offset) => Some(offset),
                _ => None,
            })
        })
        .collect()
}
