//! What became of one request.

use std::fmt;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::connector::TestConnector;
use crate::contract::answer;
use crate::handler::registry::Route;
use crate::message::envelope::Envelope;
use crate::message::error_reply::CODE_FIELD;
use crate::message::headers::Headers;
use crate::message::record::{Outbound, Record};
use crate::message::reply::{REPLY_ID, REQUEST_OFFSET, given_back};
use crate::runtime::status::{End, Finished};

/// The settled story of one request: what was answered, what was put aside, and after how many
/// attempts.
///
/// What is asked for and did not happen is told with the whole story, payloads included.
#[derive(Clone)]
pub struct Exchange {
    request: Record,
    answers: Vec<Record>,
    dead_letters: Vec<Record>,
    finished: Finished,
    error_field: String,
}

/// An error reply, as the process gets it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestRefusal {
    /// What a gateway of the process branches on.
    pub code: String,
    /// What a person reads.
    pub message: String,
}

/// Why there is no reply of the wanted type; both texts tell the whole story.
#[derive(Clone, PartialEq, Eq)]
pub struct NoReply(String);

impl Exchange {
    /// The reply, read as a `T`.
    ///
    /// # Errors
    /// There is none, or it is no `T`.
    pub fn reply<T: DeserializeOwned>(&self) -> Result<T, NoReply> {
        let Some(reply) = self.answers.last().filter(|_| self.finished.end == End::Replied) else {
            return Err(NoReply(format!("there is no reply; {self}")));
        };
        serde_json::from_slice(reply.payload.as_deref().unwrap_or_default()).map_err(|error| {
            let wanted = std::any::type_name::<T>();
            NoReply(format!("the reply is no `{wanted}`: {error}; {self}"))
        })
    }

    /// The reply as JSON.
    ///
    /// # Errors
    /// There is none.
    pub fn reply_json(&self) -> Result<Value, NoReply> {
        self.reply()
    }

    /// The error reply that the process got; `None` if it got none.
    #[must_use]
    pub fn refusal(&self) -> Option<TestRefusal> {
        let End::Refused { replied: true, .. } = self.finished.end else { return None };
        let body: Value = serde_json::from_slice(self.answers.last()?.payload.as_deref()?).ok()?;
        let text = |field: &str| body.get(field)?.as_str().map(str::to_owned);
        Some(TestRefusal { code: text(CODE_FIELD)?, message: text(&self.error_field)? })
    }

    /// The error reply, which must have this code.
    ///
    /// # Panics
    /// There is none, or it has another code.
    #[track_caller]
    pub fn expect_refusal(&self, code: &str) -> TestRefusal {
        let refusal = self.refusal().filter(|refusal| refusal.code == code);
        refusal.unwrap_or_else(|| panic!("a refusal with {code} was expected; {self}"))
    }

    /// Makes sure that nothing was sent: no reply, no error reply, no dead letter.
    ///
    /// # Panics
    /// Something was.
    #[track_caller]
    pub fn expect_nothing(&self) {
        let silent = self.answers.is_empty() && self.dead_letters.is_empty();
        assert!(silent, "nothing should have been sent; {self}");
    }

    /// The record put aside, its reason in `dlq-…` headers; `None` if there is none.
    #[must_use]
    pub fn dead_letter(&self) -> Option<&Record> {
        self.dead_letters.last()
    }

    /// The dead letter, which must be there for this reason (the header `dlq-reason`).
    ///
    /// # Panics
    /// There is none, or it is there for another reason.
    #[track_caller]
    pub fn expect_dead_letter(&self, reason: &str) -> &Record {
        let found = self.dead_letter();
        let found = found.filter(|letter| letter.headers.text("dlq-reason") == Some(reason));
        found.unwrap_or_else(|| panic!("a dead letter for `{reason}` was expected; {self}"))
    }

    /// The headers of the answer, be it a reply or an error reply.
    ///
    /// # Panics
    /// Nothing was answered.
    #[must_use]
    #[track_caller]
    pub fn headers(&self) -> &Headers {
        match self.answers.last() {
            Some(answer) => &answer.headers,
            None => panic!("there is no answer, and so no header of it; {self}"),
        }
    }

    /// All that was answered, replies and error replies: one record, unless a request was handled
    /// twice.
    #[must_use]
    pub fn replies(&self) -> &[Record] {
        &self.answers
    }

    /// All that was put aside.
    #[must_use]
    pub fn dead_letters(&self) -> &[Record] {
        &self.dead_letters
    }

    /// The request as it was read.
    #[must_use]
    pub fn request(&self) -> &Record {
        &self.request
    }

    /// How often the handler was tried; 0 if it was never called.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.finished.attempts
    }

    /// How it ended.
    #[must_use]
    pub fn end(&self) -> &End {
        &self.finished.end
    }

    /// What is not as the contract of the handler says, if the request was one of its examples.
    pub(super) fn differs(&self, route: &Route, error_field: &str) -> Vec<String> {
        let answer = self.answers.last().and_then(|answer| answer.payload.as_deref());
        match (&self.finished.end, answer) {
            (_, Some(json)) => answer::findings(&route.handler, error_field, json),
            (End::Nothing, None) if !route.handler.replies => Vec::new(),
            (_, None) => vec!["an example must be handled, and has no answer".to_owned()],
        }
    }

    /// Collects what was written for a request.
    pub(super) fn gather(
        connector: &TestConnector,
        request: Record,
        before: &Before,
        finished: Finished,
    ) -> Self {
        let written = |(topic, from): &(Arc<str>, usize)| {
            connector.broker().records_behind(topic, *from, |record| belongs(record, &request))
        };
        let answers = before.replies.as_ref().map(written).unwrap_or_default();
        let dead_letters = written(&before.dead_letters);
        let error_field = connector.plan.error_field.clone();
        Self { answers, dead_letters, request, finished, error_field }
    }
}

/// The topics that an answer may come to, and how many records each had before the request.
#[derive(Clone, Debug)]
pub(super) struct Before {
    replies: Option<(Arc<str>, usize)>,
    dead_letters: (Arc<str>, usize),
}

impl Before {
    pub(super) fn of(connector: &TestConnector, request: &Outbound) -> Self {
        let registry = connector.registry();
        let route = registry.route(&request.topic).expect("a request goes to a topic that is read");
        let counted = |topic: Arc<str>| {
            let count = connector.broker().count(&topic);
            (topic, count)
        };
        let plan = &connector.plan;
        let own_topic = route.own_topic(&request.topic);
        let dead_letters = registry.naming().dead_letter(own_topic, &plan.group);
        Self { replies: route.reply.clone().map(counted), dead_letters: counted(dead_letters) }
    }
}

/// Whether a record was written for this request: by its own word, else by key and headers.
fn belongs(written: &Record, request: &Record) -> bool {
    let text = |name: &str| written.headers.text(name);
    if let Some(topic) = text("dlq-original-topic") {
        return topic == &*request.at.topic
            && text("dlq-original-partition") == Some(&request.at.partition.to_string())
            && text("dlq-original-offset") == Some(&request.at.offset.to_string());
    }
    if let (Some(at), true) = (text(REQUEST_OFFSET), written.headers.contains(REPLY_ID)) {
        return at == request.at.to_string();
    }
    let received = given_back(&request.headers);
    written.key == Envelope::read(request.clone()).reply_key()
        && written.headers.len() >= received.len()
        && written.headers.iter().zip(received.iter()).all(|(ours, theirs)| ours == theirs)
}

impl fmt::Display for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { request, finished, .. } = self;
        write!(f, "the request at {} to `{}` ", request.at, finished.handler)?;
        match &finished.end {
            End::Replied => f.write_str("was replied to")?,
            End::Nothing => f.write_str("was finished without an answer")?,
            End::Refused { code, reason, .. } => write!(f, "was refused with {code} ({reason})")?,
        }
        write!(f, " after {} attempt(s)", finished.attempts)?;
        write!(f, "\n  request: {}", Text(request.payload.as_deref()))?;
        for answer in &self.answers {
            write!(f, "\n  answer on `{}`: {}", answer.at.topic, Text(answer.payload.as_deref()))?;
        }
        for letter in &self.dead_letters {
            write!(f, "\n  dead letter on `{}`:", letter.at.topic)?;
            for name in ["dlq-reason", "dlq-code", "dlq-error-message", "dlq-replied"] {
                write!(f, " {name}={}", letter.headers.text(name).unwrap_or_default())?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Exchange {
    /// As `Display`: it is what a failed assertion prints.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for NoReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for NoReply {
    /// As `Display`: it is what `unwrap` prints.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for NoReply {}

/// A payload for people: as text where it is text, and not without end.
struct Text<'a>(Option<&'a [u8]>);

const LONGEST: usize = 2_000;

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(bytes) = self.0 else { return f.write_str("null") };
        write!(f, "{}", String::from_utf8_lossy(&bytes[..bytes.len().min(LONGEST)]))?;
        if bytes.len() > LONGEST {
            write!(f, "… ({} bytes)", bytes.len())?;
        }
        Ok(())
    }
}
