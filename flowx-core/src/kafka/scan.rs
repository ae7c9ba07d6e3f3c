//! Reads what topics hold now, from the oldest record to the newest, and ends.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::KafkaError;
use rdkafka::message::Message as _;
use rdkafka::{Offset, TopicPartitionList};
use tokio::sync::{mpsc, oneshot};

use super::ffi;
use super::logging::{LogOnly, guarded};
use super::login::Login;
use super::reader::{Bounds, LOOK_UP, POLL, found};
use super::settings::{KafkaSettings, SetupError};
use crate::message::record::Record;

/// Records that wait for the one who reads: few, for each may be as large as the broker takes.
const WAITING: usize = 4;

/// How long the brokers may give nothing before the reading is given up.
const SILENCE: Duration = Duration::from_secs(30);

/// All records that some topics hold when they are opened, in order within each partition; topic by
/// topic. It commits nothing and joins no group. Dropping it ends it in the background.
///
/// ```
/// use flowx_core::kafka::{EmbeddedBroker, Scan};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), flowx_core::kafka::SetupError> {
/// let broker = EmbeddedBroker::start(1)?;
/// broker.create_topic("requests.dlq")?;
/// let settings = broker.settings("a-tool");
/// let mut scan = Scan::open(&settings, |topic| topic.ends_with(".dlq")).await?;
/// assert_eq!(scan.topics(), ["requests.dlq"]);
/// assert_eq!(scan.next().await?, None);
/// # Ok(())
/// # }
/// ```
pub struct Scan {
    topics: Vec<String>,
    records: mpsc::Receiver<Result<Record, SetupError>>,
}

impl Scan {
    /// Opens all topics of the cluster whose name is wanted and that may be seen.
    ///
    /// # Errors
    /// Settings that cannot work, or no broker that answers.
    pub async fn open(
        settings: &KafkaSettings,
        wanted: impl Fn(&str) -> bool + Send + 'static,
    ) -> Result<Self, SetupError> {
        let mut config = settings.consumer();
        config
            .set("auto.offset.reset", "earliest")
            .set("enable.partition.eof", "true")
            .remove("group.protocol");
        let consumer: BaseConsumer<LogOnly> =
            settings.create(&config, LogOnly(settings.unspoken()))?;
        let mut login = Login::of(settings)?;
        login.first().await;
        login.step(consumer.client());
        let (records, received) = mpsc::channel(WAITING);
        let (found, topics) = oneshot::channel();
        thread::Builder::new()
            .name("flowx-scan".to_owned())
            .spawn(move || guarded("a scan", || scan(&consumer, wanted, found, &records)))
            .map_err(|error| SetupError::of(format!("no thread for the reader: {error}")))?;
        let topics = topics.await.map_err(|_| ended())??;
        Ok(Self { topics, records: received })
    }

    /// The topics that were found, by name.
    #[must_use]
    pub fn topics(&self) -> &[String] {
        &self.topics
    }

    /// The next record; `None` behind the last. Dropping the future loses none.
    ///
    /// # Errors
    /// A topic cannot be read to its end: it was deleted, it is not allowed, or no broker answers.
    pub async fn next(&mut self) -> Result<Option<Record>, SetupError> {
        self.records.recv().await.transpose()
    }
}

impl fmt::Debug for Scan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scan").field("topics", &self.topics).finish_non_exhaustive()
    }
}

fn ended() -> SetupError {
    SetupError::of("the reading thread has ended; please report it")
}

fn scan(
    consumer: &BaseConsumer<LogOnly>,
    wanted: impl Fn(&str) -> bool,
    opened: oneshot::Sender<Result<Vec<String>, SetupError>>,
    records: &mpsc::Sender<Result<Record, SetupError>>,
) {
    let topics = match names(consumer, wanted) {
        Ok(topics) => topics,
        Err(error) => {
            let _ = opened.send(Err(SetupError::of(format!("the brokers do not answer: {error}"))));
            return;
        }
    };
    if opened.send(Ok(topics.clone())).is_err() {
        return;
    }
    for topic in topics {
        match whole(consumer, &topic, records) {
            Ok(true) => {}
            // Nobody reads any more.
            Ok(false) => return,
            Err(reason) => {
                let error = SetupError::of(format!("topic `{topic}` cannot be read: {reason}"));
                let _ = records.blocking_send(Err(error));
                return;
            }
        }
    }
}

fn names(
    consumer: &BaseConsumer<LogOnly>,
    wanted: impl Fn(&str) -> bool,
) -> Result<Vec<String>, KafkaError> {
    let metadata = consumer.fetch_metadata(None, LOOK_UP)?;
    let all = metadata.topics().iter().map(|topic| topic.name());
    let mut names: Vec<String> = all.filter(|name| wanted(name)).map(str::to_owned).collect();
    names.sort_unstable();
    Ok(names)
}

/// Reads one topic to its end; whether somebody still wants more. One topic at a time, for the client
/// tells the end of a partition by its number alone.
fn whole(
    consumer: &BaseConsumer<LogOnly>,
    topic: &str,
    records: &mpsc::Sender<Result<Record, SetupError>>,
) -> Result<bool, String> {
    let name: Arc<str> = topic.into();
    let bounds = found(consumer, topic, Instant::now() + LOOK_UP).map_err(|e| e.to_string())?;
    let mut ends = HashMap::new();
    let mut list = TopicPartitionList::new();
    for Bounds { partition, low, high } in bounds {
        if low < high {
            ends.insert(partition, high);
            list.add_partition_offset(topic, partition, Offset::Offset(low))
                .map_err(|error| error.to_string())?;
        }
    }
    consumer.assign(&list).map_err(|error| error.to_string())?;
    let mut heard = Instant::now();
    let mut trouble = "the brokers do not answer".to_owned();
    while !ends.is_empty() {
        match consumer.poll(POLL) {
            Some(Ok(message)) => {
                let (partition, offset) = (message.partition(), message.offset());
                let Some(end) = ends.get(&partition).copied() else { continue };
                if offset < end && records.blocking_send(Ok(ffi::copied(&message, &name))).is_err()
                {
                    return Ok(false);
                }
                if offset + 1 >= end {
                    ends.remove(&partition);
                }
            }
            // Also where the newest that was written was taken back, or is not yet committed.
            Some(Err(KafkaError::PartitionEOF(partition))) => {
                ends.remove(&partition);
            }
            other => {
                if let Some(Err(error)) = other {
                    trouble = error.to_string();
                }
                if records.is_closed() {
                    return Ok(false);
                }
                if heard.elapsed() > SILENCE {
                    return Err(trouble);
                }
                continue;
            }
        }
        heard = Instant::now();
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::super::{EmbeddedBroker, Writer};
    use super::*;
    use crate::message::headers::Headers;
    use crate::message::record::Outbound;

    fn numbered(topic: &str, partition: i32, number: i64) -> Outbound {
        Outbound {
            topic: topic.into(),
            partition: Some(partition),
            key: None,
            headers: Headers::default(),
            payload: Some(number.to_string().into_bytes()),
        }
    }

    #[tokio::test]
    async fn everything_that_is_there_is_read_once_and_in_order() {
        let broker = EmbeddedBroker::start(3).unwrap();
        for topic in ["a.dlq", "b", "c.dlq", "empty.dlq"] {
            broker.create_topic(topic).unwrap();
        }
        // Partitions of one number in several topics, full ones, short ones and empty ones.
        let sizes =
            [("a.dlq", 0, 50), ("a.dlq", 2, 1), ("b", 0, 9), ("c.dlq", 0, 3), ("c.dlq", 1, 40)];
        let records: Vec<_> = sizes
            .iter()
            .flat_map(|(topic, partition, size)| {
                (0..*size).map(|number| numbered(topic, *partition, number))
            })
            .collect();
        Writer::connect(&broker.settings("w")).unwrap().write(&records).await.unwrap();
        for _ in 0..2 {
            let settings = broker.settings("r");
            let mut scan = Scan::open(&settings, |topic| topic.ends_with(".dlq")).await.unwrap();
            assert_eq!(scan.topics(), ["a.dlq", "c.dlq", "empty.dlq"]);
            let mut next: HashMap<(Arc<str>, i32), i64> = HashMap::new();
            while let Some(record) = scan.next().await.unwrap() {
                let at = record.at;
                let next = next.entry((at.topic, at.partition)).or_default();
                assert_eq!(
                    (at.offset, record.payload.unwrap()),
                    (*next, next.to_string().into_bytes())
                );
                *next += 1;
            }
            for (topic, partition, size) in sizes.iter().filter(|(topic, ..)| *topic != "b") {
                assert_eq!(next.remove(&(Arc::from(*topic), *partition)), Some(*size), "{topic}");
            }
            assert!(next.is_empty(), "{next:?}");
        }
    }

    #[tokio::test]
    async fn a_broker_that_is_away_is_an_error() {
        let settings = KafkaSettings::new("127.0.0.1:1", "r");
        let error = Scan::open(&settings, |_| true).await.unwrap_err();
        assert!(error.problems()[0].contains("the brokers do not answer"), "{error}");
    }
}
