//! A request as the process engine would send it.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use tokio::sync::broadcast::{Receiver, error::RecvError};
use tokio::time::timeout;

use super::connector::TestConnector;
use super::exchange::{Before, Exchange};
use crate::message::envelope::{FX_CONTEXT, PROCESS_INSTANCE_ID, PROCESS_INSTANCE_UUID};
use crate::message::headers::Headers;
use crate::message::record::{Coordinates, Outbound, Record};
use crate::runtime::status::Finished;

/// A request that a test puts together; [`send`](Self::send) it as JSON, or give it another
/// [`payload`](Self::payload) and [`exchange`](Self::exchange) it.
///
/// It comes from a process instance of its own, as its headers say: `processInstanceUuid`, which is
/// also its key, `processInstanceId`, and `fxContext` with `main`.
#[derive(Clone, Debug)]
#[must_use = "it is not sent before `send`, `exchange` or `post`"]
pub struct TestRequest<'c> {
    connector: &'c TestConnector,
    outbound: Outbound,
}

impl<'c> TestRequest<'c> {
    pub(super) fn new(connector: &'c TestConnector, topic: Arc<str>) -> Self {
        let number = connector.next_process();
        let uuid = format!("00000000-0000-4000-8000-{number:012}");
        let id = number.to_string();
        let headers = [
            (PROCESS_INSTANCE_UUID, uuid.as_str()),
            (PROCESS_INSTANCE_ID, id.as_str()),
            (FX_CONTEXT, "main"),
        ];
        let headers = headers.into_iter().collect();
        let key = Some(uuid.into_bytes());
        let outbound = Outbound { topic, partition: None, key, headers, payload: None };
        Self { connector, outbound }
    }

    /// Comes from this process instance: sets `processInstanceUuid` and the key.
    pub fn process(self, uuid: &str) -> Self {
        self.header(PROCESS_INSTANCE_UUID, uuid).key(uuid)
    }

    /// Sets a header, in place of those of the same name.
    pub fn header(self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.without_header(name).add_header(name, Some(value.as_ref()))
    }

    /// Adds a header behind all others, beside those of the same name; `None` is Kafka's null.
    pub fn add_header(mut self, name: &str, value: Option<&[u8]>) -> Self {
        self.outbound.headers.push(name, value);
        self
    }

    /// Leaves out all headers of this name.
    pub fn without_header(mut self, name: &str) -> Self {
        let mut others = Headers::default();
        for (other, value) in self.outbound.headers.iter().filter(|(other, _)| *other != name) {
            others.push(other, value);
        }
        self.outbound.headers = others;
        self
    }

    /// Leaves out all headers: nobody waits for an answer.
    pub fn without_headers(mut self) -> Self {
        self.outbound.headers = Headers::default();
        self
    }

    /// Sets the record key.
    pub fn key(mut self, key: impl AsRef<[u8]>) -> Self {
        self.outbound.key = Some(key.as_ref().to_vec());
        self
    }

    /// Leaves out the record key.
    pub fn without_key(mut self) -> Self {
        self.outbound.key = None;
        self
    }

    /// Goes to this partition, which comes into being if need be; by default the key chooses one.
    pub fn partition(mut self, partition: i32) -> Self {
        self.outbound.partition = Some(partition);
        self
    }

    /// Carries these bytes.
    pub fn payload(mut self, bytes: impl AsRef<[u8]>) -> Self {
        self.outbound.payload = Some(bytes.as_ref().to_vec());
        self
    }

    /// Carries no value at all, Kafka's null.
    pub fn tombstone(mut self) -> Self {
        self.outbound.payload = None;
        self
    }

    /// Carries a value as JSON.
    ///
    /// # Panics
    /// It cannot be written as JSON.
    pub fn json(self, value: &(impl Serialize + ?Sized)) -> Self {
        let json = serde_json::to_vec(value);
        self.payload(json.unwrap_or_else(|error| panic!("the request is no JSON: {error}")))
    }

    /// Sends a value as JSON at once; what it returns waits for all that follows.
    ///
    /// # Panics
    /// As [`exchange`](Self::exchange); or the value cannot be written as JSON.
    pub fn send<T: Serialize + ?Sized>(
        self,
        value: &T,
    ) -> impl Future<Output = Exchange> + Send + use<'c, T> {
        self.json(value).exchange()
    }

    /// Sends it as it is, a tombstone if it was given no payload, and waits for all that follows.
    ///
    /// # Panics
    /// As [`PostedRequest::settled`].
    pub async fn exchange(self) -> Exchange {
        self.post().settled().await
    }

    /// Sends it as it is, and waits for nothing.
    #[must_use = "what follows is told by `settled`"]
    pub fn post(self) -> PostedRequest<'c> {
        let Self { connector, outbound } = self;
        let finished = connector.status.watch();
        let before = Before::of(connector, &outbound);
        let at = connector.broker().append(outbound);
        let request = connector.broker().record(&at).expect("what was appended is there");
        PostedRequest { connector, finished, before, request }
    }
}

/// A request that is under way.
pub struct PostedRequest<'c> {
    connector: &'c TestConnector,
    finished: Receiver<Finished>,
    before: Before,
    request: Record,
}

impl PostedRequest<'_> {
    /// Where it stands.
    #[must_use]
    pub fn at(&self) -> &Coordinates {
        &self.request.at
    }

    /// Waits until the connector has given its last word on it, and all answers are acknowledged.
    ///
    /// # Panics
    /// That did not happen within the [patience](TestConnector::with_patience) of the test, the
    /// connector has stopped, or more than a thousand requests finished unseen.
    pub async fn settled(self) -> Exchange {
        self.try_settled().await.unwrap_or_else(|reason| panic!("{reason}"))
    }

    /// As [`settled`](Self::settled), but a request without a last word is no panic: it says why.
    pub(crate) async fn try_settled(mut self) -> Result<Exchange, String> {
        let ended = self.connector.ended.clone();
        let waiting = async {
            tokio::select! {
                biased;
                finished = last_word(&mut self.finished, &self.request.at) => finished,
                () = ended.cancelled() => Err("the connector has stopped".to_owned()),
            }
        };
        let patience = self.connector.patience;
        match timeout(patience, waiting).await {
            Ok(Ok(finished)) => {
                Ok(Exchange::gather(self.connector, self.request, &self.before, finished))
            }
            Ok(Err(reason)) => Err(format!("{} is not settled: {reason}", self.request.at)),
            Err(_) => Err(format!(
                "{} was not settled within {}: its handler does not end, its answers are not acknowledged, or its partition is not assigned",
                self.request.at,
                humantime::format_duration(patience)
            )),
        }
    }
}

impl fmt::Debug for PostedRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PostedRequest({})", self.request.at)
    }
}

async fn last_word(
    finished: &mut Receiver<Finished>,
    at: &Coordinates,
) -> Result<Finished, String> {
    loop {
        match finished.recv().await {
            Ok(finished) if finished.at == *at => return Ok(finished),
            Ok(_) => {}
            Err(RecvError::Lagged(missed)) => {
                return Err(format!(
                    "{missed} other requests finished before the test looked; send fewer at a time"
                ));
            }
            Err(RecvError::Closed) => return Err("the connector is gone".to_owned()),
        }
    }
}
