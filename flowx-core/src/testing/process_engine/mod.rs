//! Plays the process engine over Kafka: sends a request as a Kafka Send Action does, waits as a
//! receive node does, and judges the answer.

mod judge;
mod version;

use std::collections::HashSet;
use std::time::Duration;

use serde_json::Value;
use tokio::time::{Instant, timeout_at};

pub use judge::Finding;
pub use version::PlatformVersion;

use crate::kafka::{KafkaSettings, ReadFrom, Reader, SetupError, Writer};
use crate::message::envelope::PROCESS_INSTANCE_UUID;
use crate::message::error_reply::CODE_FIELD;
use crate::message::headers::Headers;
use crate::message::record::{Outbound, Record};
use crate::message::topic::Naming;

/// A stand-in for the process engine, on any broker.
///
/// ```
/// use flowx_core::kafka::EmbeddedBroker;
/// use flowx_core::testing::process_engine::{Finding, PlatformVersion, ProcessEngine};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let broker = EmbeddedBroker::start(1)?;
/// broker.create_topic("in")?;
/// broker.create_topic("ai.flowx.dev.engine.receive.x.results.v1")?;
/// let mut engine = ProcessEngine::connect(&broker.settings("engine"), PlatformVersion::V5_9)?
///     .response_timeout(std::time::Duration::from_millis(50));
/// // Nobody listens on `in`, so the receive node waits in vain.
/// let reply_topic = "ai.flowx.dev.engine.receive.x.results.v1";
/// let exchange = engine.request("in", br#"{"amount": 1}"#, reply_topic).await?;
/// assert!(matches!(exchange.findings[..], [Finding::NoAnswer { .. }]));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct ProcessEngine {
    settings: KafkaSettings,
    version: PlatformVersion,
    naming: Naming,
    response_timeout: Duration,
    requests: Writer,
    replies: Option<Reader>,
    opened: HashSet<String>,
    sent: u64,
}

/// How long the engine looks out for a second answer, which must not come.
const SECOND_ANSWER: Duration = Duration::from_millis(100);

/// A request, and what came of it.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// The request as it was sent.
    pub request: Outbound,
    /// The first answer; `None` if the receive node waited in vain.
    pub answer: Option<Record>,
    /// From the broker's acknowledgement of the request to the answer, or to the end of patience.
    pub took: Duration,
    /// Everything that is not as the protocol demands; empty is good.
    pub findings: Vec<Finding>,
}

impl Exchange {
    /// The answer as JSON, if it is.
    #[must_use]
    pub fn reply(&self) -> Option<Value> {
        serde_json::from_slice(self.answer.as_ref()?.payload.as_deref()?).ok()
    }

    /// The code of an error reply; `None` for any other answer.
    #[must_use]
    pub fn refusal_code(&self) -> Option<String> {
        self.reply()?.get(CODE_FIELD)?.as_str().map(str::to_owned)
    }
}

/// Why the engine could not play its part.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// A client could not be set up, or a topic is not there.
    #[error(transparent)]
    Setup(#[from] SetupError),
    /// The request could not be sent.
    #[error("the request could not be sent to `{topic}`: {reason}")]
    NotSent {
        /// The request's topic.
        topic: String,
        /// What the broker said.
        reason: String,
    },
}

impl ProcessEngine {
    /// Connects as an engine of this platform version, with the default topic names.
    ///
    /// # Errors
    /// Settings that cannot work.
    pub fn connect(settings: &KafkaSettings, version: PlatformVersion) -> Result<Self, SetupError> {
        Ok(Self {
            settings: settings.clone(),
            version,
            naming: Naming::default(),
            response_timeout: Duration::from_secs(10),
            requests: Writer::connect(settings)?,
            replies: None,
            opened: HashSet::new(),
            sent: 0,
        })
    }

    /// Uses this naming scheme, which decides what the engine would read.
    #[must_use]
    pub fn naming(self, naming: Naming) -> Self {
        Self { naming, ..self }
    }

    /// How long a receive node waits; default 10 s.
    #[must_use]
    pub fn response_timeout(self, response_timeout: Duration) -> Self {
        Self { response_timeout, ..self }
    }

    /// Sends JSON for a new process instance and waits for the answer on `reply_topic`.
    ///
    /// # Errors
    /// A topic is not there, or the broker does not take the request. An answer that is missing or
    /// wrong is no error but a [`Finding`].
    pub async fn request(
        &mut self,
        topic: &str,
        json: &[u8],
        reply_topic: &str,
    ) -> Result<Exchange, EngineError> {
        self.request_with(topic, json, reply_topic, &Headers::default()).await
    }

    /// As [`request`](Self::request), with these headers in place of the engine's own of the same
    /// name.
    ///
    /// # Errors
    /// As [`request`](Self::request).
    pub async fn request_with(
        &mut self,
        topic: &str,
        json: &[u8],
        reply_topic: &str,
        headers: &Headers,
    ) -> Result<Exchange, EngineError> {
        // Whoever opens the topic after the request may miss the answer.
        self.open(reply_topic).await?;
        let request = self.compose(topic, json, headers);
        self.send(&request).await?;
        let sent = Instant::now();
        let answer = self.answer_to(&request, sent + self.response_timeout).await;
        let took = sent.elapsed();
        let second = match &answer {
            Some(_) => self.answer_to(&request, Instant::now() + SECOND_ANSWER).await,
            None => None,
        };
        let findings = match &answer {
            Some(answer) => {
                let mut findings = judge::judge(&request, answer, &self.naming, self.version);
                findings.extend(second.map(|second| Finding::SecondAnswer { at: second.at }));
                findings
            }
            None => vec![Finding::NoAnswer {
                topic: reply_topic.to_owned(),
                waited: self.response_timeout,
            }],
        };
        Ok(Exchange { request, answer, took, findings })
    }

    /// Sends JSON for a new process instance to a connector that does not answer.
    ///
    /// # Errors
    /// The broker does not take the request.
    pub async fn notify(&mut self, topic: &str, json: &[u8]) -> Result<Outbound, EngineError> {
        self.notify_with(topic, json, &Headers::default()).await
    }

    /// As [`notify`](Self::notify), with these headers in place of the engine's own of the same name.
    ///
    /// # Errors
    /// As [`notify`](Self::notify).
    pub async fn notify_with(
        &mut self,
        topic: &str,
        json: &[u8],
        headers: &Headers,
    ) -> Result<Outbound, EngineError> {
        let request = self.compose(topic, json, headers);
        self.send(&request).await?;
        Ok(request)
    }

    fn compose(&mut self, topic: &str, json: &[u8], given: &Headers) -> Outbound {
        let number = 119_246 + self.sent;
        self.sent += 1;
        let uuid = given.text(PROCESS_INSTANCE_UUID).map_or_else(random_uuid, str::to_owned);
        let mut headers = Headers::default();
        for (name, value) in self.version.headers(&uuid, number).iter() {
            if !given.contains(name) {
                headers.push(name, value);
            }
        }
        given.iter().for_each(|(name, value)| headers.push(name, value));
        Outbound {
            topic: topic.into(),
            partition: None,
            key: Some(uuid.into_bytes()),
            headers,
            payload: Some(json.to_vec()),
        }
    }

    async fn open(&mut self, topic: &str) -> Result<(), SetupError> {
        if self.opened.contains(topic) {
            return Ok(());
        }
        match &mut self.replies {
            Some(reader) => reader.add_topic(topic, ReadFrom::End).await?,
            None => {
                self.replies = Some(Reader::open(&self.settings, &[topic], ReadFrom::End).await?);
            }
        }
        self.opened.insert(topic.to_owned());
        Ok(())
    }

    async fn send(&mut self, request: &Outbound) -> Result<(), EngineError> {
        self.requests.write(std::slice::from_ref(request)).await.map_err(|error| {
            EngineError::NotSent { topic: request.topic.to_string(), reason: error.to_string() }
        })
    }

    async fn answer_to(&mut self, request: &Outbound, deadline: Instant) -> Option<Record> {
        let replies = self.replies.as_mut()?;
        loop {
            let record = timeout_at(deadline, replies.next()).await.ok()?;
            if is_answer_to(&record, request) {
                return Some(record);
            }
        }
    }
}

/// An answer names its process instance in the header, or at least in its key.
fn is_answer_to(record: &Record, request: &Outbound) -> bool {
    let process = |headers: &Headers| headers.get(PROCESS_INSTANCE_UUID).map(<[u8]>::to_vec);
    process(&record.headers).is_some_and(|uuid| Some(uuid) == process(&request.headers))
        || (record.key.is_some() && record.key == request.key)
}

/// A version 4 UUID.
fn random_uuid() -> String {
    let bits = fastrand::u128(..) & !(0xf << 76) & !(0x3 << 62) | (0x4 << 76) | (0x2 << 62);
    let digits = format!("{bits:032x}");
    let (a, b, c, d, e) =
        (&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]);
    format!("{a}-{b}-{c}-{d}-{e}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_random_uuid_says_that_it_is_one() {
        let uuid = random_uuid();
        assert_eq!(uuid.len(), 36);
        assert_eq!(&uuid[14..15], "4");
        assert!("89ab".contains(&uuid[19..20]), "{uuid}");
        assert_ne!(uuid, random_uuid());
    }
}
