//! An answer as the engine finds it, compared with its request.

use super::link::way_of;
use super::request::{Fate, Request};
use super::trace::Trace;
use crate::handler::codes::{self, OWN_CODES};
use crate::message::envelope::PROCESS_INSTANCE_UUID;
use crate::message::headers::Headers;
use crate::message::record::Outbound;
use crate::message::reply::{REPLY_ID, REQUEST_OFFSET, given_back};

/// The header that a record gets when it is read: its assignment. It comes back with the answer.
pub(super) const ASSIGNMENT: &str = "simulation-assignment";
/// The code with which the handlers refuse.
pub(super) const REFUSED: &str = "SIMULATED";

/// What was read out of one record that a connector sent.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) kind: Kind,
    pub(super) number: usize,
    pub(super) assignment: u64,
    pub(super) reply_id: String,
    /// The partition that it goes to.
    pub(super) partition: u64,
}

/// What kind of record it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Reply,
    /// With the code.
    ErrorReply(String),
    DeadLetter,
    /// A dead letter without the bytes.
    Pointer,
}

impl Kind {
    /// Whether nothing more has to be written for the request.
    pub(super) fn is_final(&self) -> bool {
        match self {
            Self::Reply | Self::DeadLetter | Self::Pointer => true,
            // What failed is put aside as well.
            Self::ErrorReply(code) => !is_own(code),
        }
    }
}

fn is_own(code: &str) -> bool {
    OWN_CODES.iter().any(|own| own.code == code)
}

impl Answer {
    /// Reads an answer; `number_of` finds the request at `topic[partition]@offset`, `put_aside_in` the
    /// assignment in which the dead letter of a request was too large.
    pub(super) fn read(
        outbound: &Outbound,
        number_of: impl Fn(&str) -> Option<usize>,
        put_aside_in: impl Fn(usize) -> Option<u64>,
    ) -> Result<Self, String> {
        let headers = &outbound.headers;
        let text = |name: &str| headers.text(name).ok_or_else(|| format!("no header {name}"));
        let letter = outbound.topic.ends_with(".dlq");
        let (kind, at, reply_id) = if letter {
            let at = format!(
                "{}[{}]@{}",
                text("dlq-original-topic")?,
                text("dlq-original-partition")?,
                text("dlq-original-offset")?
            );
            let cut = headers.contains("dlq-truncated");
            (if cut { Kind::Pointer } else { Kind::DeadLetter }, at, text("dlq-id")?)
        } else {
            let json = outbound.payload.as_deref().unwrap_or_default();
            let json: serde_json::Value =
                serde_json::from_slice(json).map_err(|error| error.to_string())?;
            let kind = match json["errorCode"].as_str() {
                Some(code) => Kind::ErrorReply(code.to_owned()),
                None => Kind::Reply,
            };
            (kind, text(REQUEST_OFFSET)?.to_owned(), text(REPLY_ID)?)
        };
        let number = number_of(&at).ok_or_else(|| format!("there is no request at {at}"))?;
        let assignment = if kind == Kind::Pointer {
            put_aside_in(number).ok_or("no dead letter of this request was rejected")?
        } else {
            let assignment = text(ASSIGNMENT)?;
            assignment.parse().map_err(|_| format!("assignment `{assignment}`"))?
        };
        let partition = way_of(outbound).1;
        Ok(Self { kind, number, assignment, reply_id: reply_id.to_owned(), partition })
    }

    /// Holds the answer against its request.
    pub(super) fn check(&self, trace: &mut Trace, outbound: &Outbound, request: &Request) {
        let number = self.number;
        if !self.fits(request) {
            trace.violated(format_args!("{:?} is no answer to request {number}", self.kind));
        }
        if self.kind == Kind::Pointer {
            return;
        }
        let own = if self.kind == Kind::DeadLetter { "dlq-" } else { "x-re" };
        let sent = headers(&outbound.headers);
        let end = sent.iter().rposition(|(name, _)| !name.starts_with(own)).map_or(0, |at| at + 1);
        let mut expected = given_back(&request.headers);
        expected.push_text(ASSIGNMENT, &self.assignment.to_string());
        if sent[..end] != headers(&expected) {
            trace.violated(format_args!("the headers of request {number} came back changed"));
        }
        let uuid = request.headers.text(PROCESS_INSTANCE_UUID).map(|uuid| uuid.as_bytes().to_vec());
        let key = match self.kind {
            Kind::DeadLetter => request.key.clone(),
            _ => uuid.or_else(|| request.key.clone()),
        };
        if outbound.key != key {
            trace.violated(format_args!("the key of request {number} came back changed"));
        }
        if self.kind == Kind::DeadLetter && outbound.payload != request.payload {
            trace.violated(format_args!("request {number} was put aside changed"));
        }
    }

    /// Whether a request with this fate can be answered so.
    fn fits(&self, request: &Request) -> bool {
        let code = match &self.kind {
            Kind::Reply => {
                return !matches!(request.fate, Fate::Refuse | Fate::Hang | Fate::Undecodable);
            }
            Kind::DeadLetter | Kind::Pointer => return true,
            Kind::ErrorReply(code) => code.as_str(),
        };
        match request.fate {
            Fate::Undecodable => code == codes::INVALID_REQUEST,
            Fate::Refuse => [REFUSED, codes::HANDLER_TIMEOUT].contains(&code),
            Fate::Hang => code == codes::HANDLER_TIMEOUT,
            Fate::Succeed => [codes::HANDLER_TIMEOUT, codes::REPLY_REJECTED].contains(&code),
            Fate::Retry(_) | Fate::Panic(_) => is_own(code) && code != codes::INVALID_REQUEST,
        }
    }
}

fn headers(headers: &Headers) -> Vec<(&str, Option<&[u8]>)> {
    headers.iter().collect()
}
