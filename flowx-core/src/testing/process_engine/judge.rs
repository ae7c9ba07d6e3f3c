//! Whether an answer is as the protocol demands.

use std::fmt;
use std::time::Duration;

use super::PlatformVersion;
use crate::message::envelope::PROCESS_INSTANCE_UUID;
use crate::message::headers::Headers;
use crate::message::record::{Coordinates, Outbound, Record};
use crate::message::reply::is_reserved;
use crate::message::topic::Naming;

/// Something about an answer that the engine would stumble over.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Finding {
    /// The receive node waited in vain.
    NoAnswer {
        /// Where it waited.
        topic: String,
        /// How long.
        waited: Duration,
    },
    /// The engine does not read this topic.
    OutsideReceivePattern {
        /// Where the answer stands.
        topic: String,
        /// What the engine reads.
        pattern: String,
    },
    /// A received header did not come back, or not byte for byte.
    HeaderLost {
        /// Its name.
        name: String,
    },
    /// All received headers came back, but not in their order, or among others.
    HeadersReordered,
    /// This version of the engine rejects a message without this header.
    MandatoryHeaderMissing {
        /// Its name.
        name: String,
    },
    /// The key is not the UUID of the process instance.
    WrongKey,
    /// The engine stores objects and arrays under a key; this is neither.
    NotAnObject,
    /// A second answer overwrites process data.
    SecondAnswer {
        /// Where it stands.
        at: Coordinates,
    },
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoAnswer { topic, waited } => {
                write!(f, "no answer on `{topic}` within {waited:?}: the process would hang")
            }
            Self::OutsideReceivePattern { topic, pattern } => {
                write!(f, "`{topic}` is outside `{pattern}`: the engine never reads it")
            }
            Self::HeaderLost { name } => write!(f, "the header `{name}` did not come back as sent"),
            Self::HeadersReordered => f.write_str("the headers came back in another order"),
            Self::MandatoryHeaderMissing { name } => {
                write!(f, "without the header `{name}` the engine rejects the answer")
            }
            Self::WrongKey => f.write_str("the key is not the UUID of the process instance"),
            Self::NotAnObject => f.write_str("the answer is neither a JSON object nor an array"),
            Self::SecondAnswer { at } => {
                write!(f, "a second answer, {at}: it overwrites the first")
            }
        }
    }
}

/// Everything about an answer that is not as the protocol demands.
pub(super) fn judge(
    request: &Outbound,
    answer: &Record,
    naming: &Naming,
    version: PlatformVersion,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    if !naming.engine_pattern().matches(&answer.at.topic) {
        findings.push(Finding::OutsideReceivePattern {
            topic: answer.at.topic.to_string(),
            pattern: naming.engine_pattern().to_string(),
        });
    }
    findings.extend(judge_headers(&request.headers, &answer.headers));
    for name in version.mandatory() {
        if !answer.headers.contains(name) {
            findings.push(Finding::MandatoryHeaderMissing { name: (*name).to_owned() });
        }
    }
    if answer.key.as_deref() != request.headers.get(PROCESS_INSTANCE_UUID) {
        findings.push(Finding::WrongKey);
    }
    let payload = answer.payload.as_deref().unwrap_or_default();
    match serde_json::from_slice(payload) {
        Ok(serde_json::Value::Object(_) | serde_json::Value::Array(_)) => {}
        _ => findings.push(Finding::NotAnObject),
    }
    findings
}

/// What was sent must stand first and unchanged; what a connector adds comes after.
fn judge_headers(sent: &Headers, received: &Headers) -> Vec<Finding> {
    let compared = |headers: &Headers| -> Vec<(String, Option<Vec<u8>>)> {
        headers
            .iter()
            .filter(|(name, _)| !is_reserved(name) && !is_trace(name))
            .map(|(name, value)| (name.to_owned(), value.map(<[u8]>::to_vec)))
            .collect()
    };
    let (sent, received) = (compared(sent), compared(received));
    if received.starts_with(&sent) {
        return Vec::new();
    }
    let mut left = received;
    let mut lost = Vec::new();
    for header in sent {
        match left.iter().position(|other| *other == header) {
            Some(index) => drop(left.remove(index)),
            None => lost.push(Finding::HeaderLost { name: header.0 }),
        }
    }
    if lost.is_empty() { vec![Finding::HeadersReordered] } else { lost }
}

/// Trace headers are each hop's own.
fn is_trace(name: &str) -> bool {
    matches!(name, "traceparent" | "tracestate" | "baggage" | "uber-trace-id")
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPLY: &str = "ai.flowx.dev.engine.receive.a.results.v1";

    fn request() -> Outbound {
        Outbound {
            topic: "in".into(),
            partition: None,
            key: Some(b"u".to_vec()),
            headers: PlatformVersion::V5_9.headers("u", 1),
            payload: Some(b"{}".to_vec()),
        }
    }

    fn answer(change: impl FnOnce(&mut Record)) -> Vec<Finding> {
        let request = request();
        let mut answer = Record {
            at: Coordinates { topic: REPLY.into(), partition: 0, offset: 0 },
            timestamp: None,
            key: request.key.clone(),
            headers: request.headers.clone(),
            payload: Some(b"{\"a\":1}".to_vec()),
        };
        change(&mut answer);
        judge(&request, &answer, &Naming::default(), PlatformVersion::V5_9)
    }

    fn headers(all: &[(&str, Option<&[u8]>)]) -> Headers {
        let mut headers = Headers::default();
        all.iter().for_each(|(name, value)| headers.push(name, *value));
        headers
    }

    #[test]
    fn a_proper_answer_has_nothing_to_find_with_or_without_additions() {
        assert_eq!(answer(|_| {}), []);
        let additions = answer(|answer| {
            answer.headers.push_text("x-reply-id", "1");
            answer.headers.push_text("traceparent", "00-1");
            answer.headers.push_text("__TypeId__", "Dto");
            answer.payload = Some(b"[]".to_vec());
        });
        assert_eq!(additions, []);
    }

    #[test]
    fn every_fault_is_found_and_called_by_its_name() {
        assert_eq!(answer(|answer| answer.key = Some(b"other".to_vec())), [Finding::WrongKey]);
        assert_eq!(answer(|answer| answer.key = None), [Finding::WrongKey]);
        for payload in [&b"\"text\""[..], b"", b"{", b"null"] {
            let found = answer(|answer| answer.payload = Some(payload.to_vec()));
            assert_eq!(found, [Finding::NotAnObject]);
        }
        let outside = answer(|answer| answer.at.topic = "elsewhere".into());
        assert!(outside[0].to_string().contains("the engine never reads it"), "{outside:?}");
    }

    #[test]
    fn a_header_that_is_lost_changed_or_moved_is_found() {
        let sent = headers(&[("a", Some(b"1")), ("b", None), ("a", Some(b"2"))]);
        let judged = |received: &[(&str, Option<&[u8]>)]| judge_headers(&sent, &headers(received));
        let lost = |name: &str| Finding::HeaderLost { name: name.to_owned() };
        assert_eq!(judged(&[("a", Some(b"1")), ("b", None)]), [lost("a")]);
        assert_eq!(judged(&[("a", Some(b"1")), ("b", Some(b"")), ("a", Some(b"2"))]), [lost("b")]);
        assert_eq!(
            judged(&[("a", Some(b"2")), ("b", None), ("a", Some(b"1"))]),
            [Finding::HeadersReordered]
        );
        assert_eq!(judged(&[]).len(), 3);
    }

    #[test]
    fn an_engine_that_needs_the_organization_says_so() {
        let found = answer(|answer| {
            answer.headers = PlatformVersion::V5_1.headers("u", 1);
        });
        let name = "Fx-Organization-Id".to_owned();
        let missing = Finding::MandatoryHeaderMissing { name: name.clone() };
        assert_eq!(found, [Finding::HeaderLost { name }, missing]);
    }
}
