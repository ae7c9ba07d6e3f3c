//! Reads topics without a consumer group: for simulators and tools.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::KafkaError;
use rdkafka::message::Message as _;
use rdkafka::types::RDKafkaErrorCode;
use rdkafka::{Offset, TopicPartitionList};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc as async_mpsc, oneshot};

use super::ffi;
use super::logging::{LogOnly, guarded};
use super::login::Login;
use super::settings::{KafkaSettings, SetupError};
use crate::message::record::Record;

/// Where a [`Reader`] begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadFrom {
    /// At the oldest record that is there.
    Beginning,
    /// Behind the newest record that is there when the topic is opened.
    End,
}

/// Reads all partitions of some topics; commits nothing and joins no group, so it takes no record
/// away from anybody. Dropping it ends it in the background.
///
/// ```
/// use flowx_core::kafka::{EmbeddedBroker, ReadFrom, Reader};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), flowx_core::kafka::SetupError> {
/// let broker = EmbeddedBroker::start(1)?;
/// broker.create_topic("replies")?;
/// let mut reader =
///     Reader::open(&broker.settings("a-tool"), &["replies"], ReadFrom::Beginning).await?;
/// # tokio::time::timeout(std::time::Duration::ZERO, reader.next()).await.ok();
/// # Ok(())
/// # }
/// ```
pub struct Reader {
    records: async_mpsc::Receiver<Record>,
    commands: mpsc::Sender<Open>,
}

/// Topics to read from now on, and where the outcome goes.
struct Open {
    topics: Vec<String>,
    from: ReadFrom,
    done: oneshot::Sender<Result<(), SetupError>>,
}

/// Records that wait for the one who reads.
const WAITING: usize = 256;

pub(super) const POLL: Duration = Duration::from_millis(20);

/// How long each look at a topic may take.
pub(super) const LOOK_UP: Duration = Duration::from_secs(10);

impl Reader {
    /// Opens topics. When it returns, every record written from then on will be read.
    ///
    /// # Errors
    /// Settings that cannot work, no broker that answers, or a topic that is not there.
    pub async fn open(
        settings: &KafkaSettings,
        topics: &[&str],
        from: ReadFrom,
    ) -> Result<Self, SetupError> {
        let mut config = settings.consumer();
        config.set("auto.offset.reset", "earliest").remove("group.protocol");
        let consumer: BaseConsumer<LogOnly> =
            settings.create(&config, LogOnly(settings.unspoken()))?;
        let mut login = Login::of(settings)?;
        login.first().await;
        login.step(consumer.client());
        let (sender, records) = async_mpsc::channel(WAITING);
        let (commands, inbox) = mpsc::channel();
        thread::Builder::new()
            .name("flowx-reader".to_owned())
            .spawn(move || guarded("a reader", || read(&consumer, login, &sender, &inbox)))
            .map_err(|error| SetupError::of(format!("no thread for the reader: {error}")))?;
        let mut reader = Self { records, commands };
        reader.ask(topics, from).await?;
        Ok(reader)
    }

    /// Reads a further topic.
    ///
    /// # Errors
    /// No broker answers, or the topic is not there.
    pub async fn add_topic(&mut self, topic: &str, from: ReadFrom) -> Result<(), SetupError> {
        self.ask(&[topic], from).await
    }

    /// The next record of any partition; in order within each. Dropping the future loses none.
    ///
    /// # Panics
    /// If the reading thread has died of a fault of its own.
    pub async fn next(&mut self) -> Record {
        self.records.recv().await.expect("the reading thread lives as long as its reader")
    }

    async fn ask(&mut self, topics: &[&str], from: ReadFrom) -> Result<(), SetupError> {
        let (done, outcome) = oneshot::channel();
        let topics = topics.iter().map(|&topic| topic.to_owned()).collect();
        let ended = || SetupError::of("the reading thread has ended; please report it");
        self.commands.send(Open { topics, from, done }).map_err(|_| ended())?;
        outcome.await.map_err(|_| ended())?
    }
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").finish_non_exhaustive()
    }
}

fn read(
    consumer: &BaseConsumer<LogOnly>,
    mut login: Login,
    records: &async_mpsc::Sender<Record>,
    commands: &mpsc::Receiver<Open>,
) {
    let mut names: HashMap<String, Arc<str>> = HashMap::new();
    let mut waiting = None;
    while !records.is_closed() {
        if login.is_due() {
            login.step(consumer.client());
        }
        while let Ok(Open { topics, from, done }) = commands.try_recv() {
            let _ = done.send(open(consumer, &topics, from));
        }
        let next = waiting.take().or_else(|| {
            let message = consumer.poll(POLL)?.ok()?;
            let name =
                names.entry(message.topic().to_owned()).or_insert_with_key(|name| (&**name).into());
            Some(ffi::copied(&message, name))
        });
        let Some(record) = next else { continue };
        if let Err(TrySendError::Full(record)) = records.try_send(record) {
            waiting = Some(record);
            thread::park_timeout(POLL);
        }
    }
}

fn open(
    consumer: &BaseConsumer<LogOnly>,
    topics: &[String],
    from: ReadFrom,
) -> Result<(), SetupError> {
    let mut list = TopicPartitionList::new();
    let mut problems = Vec::new();
    let deadline = Instant::now() + LOOK_UP;
    for topic in topics {
        match found(consumer, topic, deadline) {
            Ok(partitions) => partitions.into_iter().for_each(|Bounds { partition, low, high }| {
                // The end is looked up now: "the end" would be wherever it is when fetching begins.
                let offset = if from == ReadFrom::Beginning { low } else { high };
                list.add_partition_offset(topic, partition, Offset::Offset(offset))
                    .expect("an offset of a broker can be expressed");
            }),
            Err(error) => problems.push(format!("topic `{topic}` cannot be read: {error}")),
        }
    }
    if !problems.is_empty() {
        return Err(SetupError::new(problems));
    }
    consumer.incremental_assign(&list).map_err(|error| SetupError::of(error.to_string()))
}

/// A partition, the offset of its oldest record, and the one behind its newest.
pub(super) struct Bounds {
    pub(super) partition: i32,
    pub(super) low: i64,
    pub(super) high: i64,
}

/// The partitions of a topic. One that was created a moment ago may have no leader yet; that passes.
pub(super) fn found(
    consumer: &BaseConsumer<LogOnly>,
    topic: &str,
    deadline: Instant,
) -> Result<Vec<Bounds>, KafkaError> {
    loop {
        let outcome = partitions(consumer, topic);
        let passes = matches!(
            outcome.as_ref().err().and_then(KafkaError::rdkafka_error_code),
            Some(
                RDKafkaErrorCode::NotLeaderForPartition
                    | RDKafkaErrorCode::LeaderNotAvailable
                    | RDKafkaErrorCode::UnknownPartition
            )
        );
        if !passes || Instant::now() >= deadline {
            return outcome;
        }
        thread::park_timeout(POLL);
    }
}

fn partitions(consumer: &BaseConsumer<LogOnly>, topic: &str) -> Result<Vec<Bounds>, KafkaError> {
    let metadata = consumer.fetch_metadata(Some(topic), LOOK_UP)?;
    let mut partitions = Vec::new();
    for found in metadata.topics() {
        if let Some(error) = found.error() {
            return Err(KafkaError::MetadataFetch(error.into()));
        }
        for partition in found.partitions() {
            let partition = partition.id();
            let (low, high) = consumer.fetch_watermarks(topic, partition, LOOK_UP)?;
            partitions.push(Bounds { partition, low, high });
        }
    }
    Ok(partitions)
}
