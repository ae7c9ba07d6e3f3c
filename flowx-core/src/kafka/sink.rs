//! Where answers go: a producer whose delivery reports come back as events.

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::KafkaError;
use rdkafka::message::Message as _;
use rdkafka::producer::{BaseProducer, DeliveryResult, Producer as _, ProducerContext};
use rdkafka::types::RDKafkaErrorCode;
use tokio::sync::Notify;
use tokio::time::timeout_at;

use super::bootstrap::Bootstrap;
use super::ffi::{Doorbell, Topics};
use super::insight::Notes;
use super::logging::{guarded, log_error, log_line};
use super::login::Login;
use super::refusal::{self, Refused};
use super::settings::{KafkaSettings, SetupError};
use super::unspoken::Unspoken;
use crate::message::record::Outbound;
use crate::runtime::port::{Delivery, Insight, SendError, Sink, Token};

/// Writes records, acknowledged by all in-sync replicas, once and in order.
///
/// A record waits for its broker as long as that takes, so the caller bounds how many are
/// unacknowledged. Dropping the sink gives up what is not delivered by then; it does not block.
///
/// Its reports, errors and statistics are taken in by whoever waits for a [delivery](Sink::delivered),
/// so somebody always should.
///
/// ```no_run
/// use flowx_core::kafka::{KafkaSettings, KafkaSink};
///
/// # fn main() -> Result<(), flowx_core::kafka::SetupError> {
/// let sink = KafkaSink::connect(&KafkaSettings::new("localhost:9092", "currency-exchange"))?;
/// # drop(sink);
/// # Ok(())
/// # }
/// ```
pub struct KafkaSink {
    settings: KafkaSettings,
    /// `None` only while the sink is dropped.
    producer: Option<Rung>,
    inbox: Arc<Inbox>,
    /// Taken from the inbox and not told yet.
    ready: VecDeque<Delivery>,
    bootstrap: Bootstrap,
    login: Login,
    notes: Arc<Notes>,
}

type Producer = BaseProducer<Reports>;

/// A producer that says when it has something to say. Its bell is taken down, and its topics are let go of,
/// before it goes.
struct Rung {
    bell: Doorbell,
    topics: Topics,
    producer: Producer,
}

/// What producers have said.
#[derive(Debug, Default)]
struct Inbox {
    deliveries: Mutex<VecDeque<Delivery>>,
    lost_all_brokers: AtomicBool,
    /// Something may have come in.
    rings: Arc<Notify>,
}

struct Reports {
    inbox: Arc<Inbox>,
    unspoken: Unspoken,
    notes: Arc<Notes>,
}

/// How often the producer says how it stands: which brokers it has, and whether one has admitted it.
/// The consumer is not asked for that, because it would in turn ask brokers for the beginning of each
/// partition.
const STATISTICS_MS: &str = "2000";

impl KafkaSink {
    /// Sets up a producer. Returns at once, whether or not a broker can be reached.
    ///
    /// # Errors
    /// Settings that cannot work, all mistakes at once.
    pub fn connect(settings: &KafkaSettings) -> Result<Self, SetupError> {
        let (inbox, notes) = Default::default();
        let mut login = Login::of(settings)?;
        let rung = producer(settings, &inbox, &notes)?;
        login.step(rung.producer.client());
        let producer = Some(rung);
        let bootstrap = Bootstrap::new(&settings.bootstrap_servers);
        let (settings, ready) = (settings.clone(), VecDeque::new());
        Ok(Self { settings, producer, inbox, ready, bootstrap, login, notes })
    }

    /// After a fatal error librdkafka takes nothing more; only a new producer goes on. What the old
    /// one still held comes back as failed.
    fn replace(&mut self) -> Result<(), SendError> {
        let failed = |error: SetupError| SendError::Failed(error.to_string());
        let producer = producer(&self.settings, &self.inbox, &self.notes).map_err(failed)?;
        self.login = Login::of(&self.settings).map_err(failed)?;
        self.login.step(producer.producer.client());
        tracing::warn!(target: "flowx::kafka", "the producer was fenced; a new one takes over");
        retire(self.producer.replace(producer), Some(Arc::clone(&self.inbox.rings)));
        Ok(())
    }

    fn hand_over(&mut self, record: &Outbound, token: usize) -> Result<(), KafkaError> {
        let Rung { topics, .. } = self.producer.as_mut().ok_or(KafkaError::Canceled)?;
        topics.produce(record, token)
    }
}

impl Sink for KafkaSink {
    fn send(&mut self, record: &Outbound, token: Token) -> Result<(), SendError> {
        let token = usize::try_from(token.0)
            .map_err(|_| SendError::Failed("this machine's tokens are exhausted".to_owned()))?;
        let mut outcome = self.hand_over(record, token);
        if matches!(outcome, Err(KafkaError::MessageProduction(RDKafkaErrorCode::Fatal))) {
            self.replace()?;
            outcome = self.hand_over(record, token);
        }
        outcome.map_err(|error| send_error(&error, &record.topic))
    }

    fn insight(&self) -> Option<Arc<dyn Insight>> {
        Some(Arc::clone(&self.notes) as Arc<dyn Insight>)
    }

    async fn delivered(&mut self) -> Delivery {
        loop {
            if let Some(delivery) = self.ready.pop_front() {
                return delivery;
            }
            if self.inbox.empty_into(&mut self.ready) {
                continue;
            }
            if self.inbox.lost_all_brokers.swap(false, Ordering::Relaxed) {
                self.bootstrap.lost_all(Instant::now());
            }
            match &self.producer {
                // Each call takes in one event; that of many reports is one.
                Some(Rung { bell, producer, .. }) if bell.waiting() > 0 => {
                    producer.poll(Duration::ZERO);
                    // The statistics ring often enough, if nothing else does.
                    if self.login.is_due() {
                        self.login.step(producer.client());
                        self.notes.login(self.login.trouble());
                    }
                    continue;
                }
                _ => {}
            }
            let rings = self.inbox.rings.notified();
            match self.bootstrap.next() {
                None => rings.await,
                Some(next) => {
                    if timeout_at(next.into(), rings).await.is_err() {
                        if let Some(Rung { producer, .. }) = &self.producer {
                            self.bootstrap.step(producer.client(), Instant::now());
                        }
                    }
                }
            }
        }
    }
}

impl Inbox {
    /// Whether anything was there.
    fn empty_into(&self, ready: &mut VecDeque<Delivery>) -> bool {
        let mut deliveries = self.deliveries.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::swap(ready, &mut deliveries);
        !ready.is_empty()
    }
}

impl Drop for KafkaSink {
    fn drop(&mut self) {
        retire(self.producer.take(), None);
    }
}

impl fmt::Debug for KafkaSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KafkaSink").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl ClientContext for Reports {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, line: &str) {
        log_line(level, facility, &self.unspoken.hide(line));
    }

    fn error(&self, error: KafkaError, reason: &str) {
        let code = error.rdkafka_error_code();
        if let Some((refused, words)) = code.and_then(|code| refusal::of_error(code, reason, None))
        {
            guarded("the error callback", || self.notes.refuse(refused, &words));
            self.notes.error(&error);
            return;
        }
        log_error(&error, &self.unspoken.hide(reason));
        if error.rdkafka_error_code() == Some(RDKafkaErrorCode::AllBrokersDown) {
            self.inbox.lost_all_brokers.store(true, Ordering::Relaxed);
        }
        self.notes.error(&error);
    }

    fn stats_raw(&self, json: &[u8]) {
        guarded("the statistics callback", || self.notes.statistics(json));
    }
}

impl ProducerContext for Reports {
    type DeliveryOpaque = usize;

    fn delivery(&self, result: &DeliveryResult<'_>, token: usize) {
        guarded("the delivery callback", || {
            let result = match result {
                Ok(message) => {
                    if self.notes.is_refused() {
                        let topic = message.topic();
                        self.notes.admit(
                            Duration::ZERO,
                            |refused| matches!(refused, Refused::Topic(refused) if refused == topic),
                        );
                    }
                    Ok(())
                }
                Err((error, message)) => {
                    let topic = message.topic();
                    let code = error.rdkafka_error_code();
                    if code == Some(RDKafkaErrorCode::TopicAuthorizationFailed) {
                        let refused = Refused::Topic(topic.to_owned());
                        self.notes.refuse(refused, &refusal::writing(topic));
                    }
                    Err(send_error(error, topic))
                }
            };
            let delivery = Delivery { token: Token(token as u64), result };
            let mut deliveries =
                self.inbox.deliveries.lock().unwrap_or_else(PoisonError::into_inner);
            deliveries.push_back(delivery);
        });
    }
}

fn producer(
    settings: &KafkaSettings,
    inbox: &Arc<Inbox>,
    notes: &Arc<Notes>,
) -> Result<Rung, SetupError> {
    let mut config = settings.producer();
    config.set("statistics.interval.ms", STATISTICS_MS);
    let (inbox, notes) = (Arc::clone(inbox), Arc::clone(notes));
    let rings = Arc::clone(&inbox.rings);
    let context = Reports { inbox, unspoken: settings.unspoken(), notes };
    let producer: Producer = settings.create(&config, context)?;
    let bell = Doorbell::hang(producer.client(), Arc::clone(&rings));
    let topics = Topics::of(producer.client());
    // What came in before rang for nobody.
    rings.notify_one();
    Ok(Rung { bell, topics, producer })
}

/// Destroys a producer elsewhere, for its destructor waits for purged records; then rings, if anybody is
/// to hear of these.
fn retire(producer: Option<Rung>, rings: Option<Arc<Notify>>) {
    let Some(Rung { bell, topics, producer }) = producer else { return };
    drop((bell, topics));
    // Where no thread can be had, the closure and the producer in it are dropped here.
    let _ = thread::Builder::new().name("flowx-kafka-end".to_owned()).spawn(move || {
        guarded("closing the producer", || drop(producer));
        rings.into_iter().for_each(|rings| rings.notify_one());
    });
}

fn send_error(error: &KafkaError, topic: &str) -> SendError {
    let Some(code) = error.rdkafka_error_code() else {
        // Only a zero byte in the topic's name gets here.
        return SendError::Rejected(format!("`{topic}` cannot be the name of a topic: {error}"));
    };
    match code {
        RDKafkaErrorCode::QueueFull => SendError::Full,
        RDKafkaErrorCode::MessageSizeTooLarge
        | RDKafkaErrorCode::MessageBatchTooLarge
        | RDKafkaErrorCode::InvalidMessageSize
        | RDKafkaErrorCode::InvalidTopic
        | RDKafkaErrorCode::InvalidRecord
        | RDKafkaErrorCode::InvalidTimestamp
        | RDKafkaErrorCode::InvalidArgument
        | RDKafkaErrorCode::PolicyViolation
        | RDKafkaErrorCode::UnsupportedForMessageFormat => {
            SendError::Rejected(format!("`{topic}` does not take the record: {code}"))
        }
        _ => SendError::Failed(format!("the record did not get to `{topic}`: {code}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kafka::EmbeddedBroker;
    use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};
    use std::time::Duration;

    fn record(topic: &str) -> Outbound {
        Outbound {
            topic: Arc::from(topic),
            partition: None,
            key: None,
            headers: Default::default(),
            payload: Some(b"{}".to_vec()),
        }
    }

    async fn delivery(sink: &mut KafkaSink) -> Delivery {
        tokio::time::timeout(Duration::from_secs(60), sink.delivered())
            .await
            .expect("every record that was taken is reported")
    }

    #[test]
    fn errors_fall_into_three_classes() {
        let class = |code| send_error(&KafkaError::MessageProduction(code), "t");
        assert_eq!(class(RDKafkaErrorCode::QueueFull), SendError::Full);
        for code in [RDKafkaErrorCode::MessageSizeTooLarge, RDKafkaErrorCode::InvalidTopic] {
            assert!(matches!(class(code), SendError::Rejected(_)), "{code:?}");
        }
        for code in [
            RDKafkaErrorCode::UnknownTopicOrPartition,
            RDKafkaErrorCode::UnknownTopic,
            RDKafkaErrorCode::TopicAuthorizationFailed,
            RDKafkaErrorCode::PurgeQueue,
            RDKafkaErrorCode::Fatal,
        ] {
            assert!(matches!(class(code), SendError::Failed(_)), "{code:?}");
        }
    }

    #[tokio::test]
    async fn a_zero_byte_in_a_topic_is_rejected() {
        let mut sink = KafkaSink::connect(&KafkaSettings::new("127.0.0.1:1", "g")).unwrap();
        let outcome = sink.send(&record("a\0b"), Token(1));
        assert!(matches!(outcome, Err(SendError::Rejected(_))), "{outcome:?}");
    }

    #[tokio::test]
    async fn a_new_producer_takes_over_after_a_fatal_error() {
        let broker = EmbeddedBroker::start(1).unwrap();
        broker.create_topic("t").unwrap();
        let mut sink = KafkaSink::connect(&broker.settings("g")).unwrap();
        sink.send(&record("t"), Token(1)).unwrap();
        delivery(&mut sink).await.result.unwrap();

        broker.fail_requests(
            RDKafkaApiKey::Produce,
            &[RDKafkaRespErr::RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER],
        );
        sink.send(&record("t"), Token(2)).unwrap();
        let failed = delivery(&mut sink).await;
        assert_eq!(failed.token, Token(2));
        assert!(matches!(failed.result, Err(SendError::Failed(_))), "{failed:?}");

        sink.send(&record("t"), Token(3)).unwrap();
        let delivered = delivery(&mut sink).await;
        assert_eq!((delivered.token, delivered.result), (Token(3), Ok(())));
    }
}
