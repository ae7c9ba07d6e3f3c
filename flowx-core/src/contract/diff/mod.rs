//! What a new release changes for processes that already run.
//!
//! Two [`Contract`]s are compared, mostly that of the last release and that of the next. Which way a
//! message goes decides: what is accepted may become more, what is sent may become less.
//!
//! A template that was written for the old schema sends what that schema declares; in a request there
//! may also be fields that no schema names, which a connector ignores. The engine stores the whole of
//! a reply, so further fields in one harm nobody. What `format` says is taken at its word, and a
//! number's format (`int32`) as the range that it stands for.

mod codes;
mod containment;
mod handler;
mod pairs;
mod schema;
mod times;

use std::fmt;

use serde::{Deserialize, Serialize};

use super::model::Contract;

/// One difference between two contracts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    /// Name of the handler, the new one if it has changed; `None` for the connector as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handler: Option<String>,
    /// Which part of the contract.
    pub place: Place,
    /// Where in the messages, for example `$.lines[].amount`; `None` outside of schemas.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// What is different, in one sentence.
    pub what: String,
    /// What it means for processes that run.
    pub verdict: Verdict,
    /// Why, and what to do.
    pub reason: String,
}

/// What a change means for processes that run: exactly one of these.
///
/// A change is [`Safe`](Self::Safe) if everything that is sent today is still understood on the other
/// side, and read where it is read today. Otherwise the release as it is would do harm, and the line
/// between the other two is whether old and new can share a topic:
///
/// - [`Breaks`](Self::Breaks): some messages are right for both, or the change is not about messages.
///   There is a way on the same topic on which no process breaks; the reason says which.
/// - [`NewVersion`](Self::NewVersion): no message can be right for both, so there is no such way.
///
/// | what | changed so | verdict |
/// |---|---|---|
/// | request | accepts less | breaks |
/// | request | accepts nothing of what it did at this place | new version |
/// | request | accepts the same or more; a new optional field; a field that is ignored | safe |
/// | reply, error reply | more values, kinds or cases; null; a field that may be missing or is gone | breaks |
/// | reply, error reply | nothing of what it was at this place | new version |
/// | reply, error reply | the same or less; a new field; an optional field that is gone | safe |
/// | handler | sends replies where it sent error replies only | new version |
/// | handler | removed or renamed; its topic or reply topic moved; does not answer any more | breaks |
/// | handler | added; answers for the first time; reads more topics than before | safe |
/// | codes | added, removed, a set that became open or closed | safe |
/// | order, guarantee | weaker | breaks |
/// | order | stricter | safe |
/// | attempts | an answer may take longer than it ever could | breaks |
/// | attempts | all else | safe |
/// | retry topics | one is not read any more | breaks |
/// | retry topics, dead letters | all else | safe |
/// | group, error field | another one | breaks |
///
/// What cannot be decided counts as breaking, and the reason says so.
///
/// A code is safe to add although a gateway does not know it: every error reply carries a text too,
/// and flowx's own codes may come from any handler at any time, so each process has a branch for all
/// codes that it does not name. A new one goes there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Verdict {
    /// Nothing that runs can notice, or it is ready for it.
    Safe,
    /// Processes that run break, and need not: make the change in the way that the reason names.
    Breaks,
    /// Processes that run break, and old and new exclude each other. It can be done beside the old,
    /// under a topic of its own (`.v2`), until the last process has moved.
    NewVersion,
}

/// A part of a contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Place {
    /// The consumer group.
    Group,
    /// The field that holds the text of error replies.
    ErrorField,
    /// A handler as a whole.
    Handler,
    /// The topic that it reads.
    Topic,
    /// The topic on which it answers.
    ReplyTopic,
    /// What it promises of every record.
    Guarantee,
    /// What runs one after another.
    Order,
    /// How often and for how long a request is tried.
    Attempts,
    /// Where requests wait for another try.
    RetryTopics,
    /// Where failed requests are put aside.
    DeadLetterTopic,
    /// What it accepts.
    Request,
    /// What it answers.
    Reply,
    /// What it answers when it refuses or fails.
    Error,
    /// The codes of its error replies.
    Codes,
}

/// All changes from one contract to another, with their number by verdict.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Those of the connector first, then by handler.
    pub changes: Vec<Change>,
    /// How many are safe.
    pub safe: usize,
    /// How many break processes and need not.
    pub breaks: usize,
    /// How many need a new version of a topic.
    pub new_version: usize,
}

/// What changes when a connector with the old contract is replaced by one with the new.
///
/// What does not decide about messages is no change: texts, examples, names of types, the order of
/// keys, and what stands in front of and behind the topics of an environment.
///
/// ```
/// use flowx_core::contract::diff::{Verdict, diff};
/// use flowx_core::contract::read;
///
/// let contract = |group: &str| {
///     let text = format!(
///         r#"{{ "flowxContract": 1, "group": "{group}", "errorField": "errorMessage",
///              "naming": {{ "prefix": "ai.flowx.dev.", "suffix": ".v1" }}, "handlers": [] }}"#
///     );
///     read::contract(&text).expect("a contract")
/// };
/// assert_eq!(diff(&contract("credit"), &contract("credit")), []);
/// let changes = diff(&contract("credit"), &contract("credit-v2"));
/// assert_eq!(changes[0].verdict, Verdict::Breaks);
/// ```
#[must_use]
pub fn diff(old: &Contract, new: &Contract) -> Vec<Change> {
    let mut changes = connector(old, new);
    for pair in pairs::of(old, new) {
        changes.extend(handler::changes(&pair, old, new));
    }
    changes
}

impl Report {
    /// These changes, counted.
    #[must_use]
    pub fn of(changes: Vec<Change>) -> Self {
        let count =
            |verdict: Verdict| changes.iter().filter(|change| change.verdict == verdict).count();
        Self {
            safe: count(Verdict::Safe),
            breaks: count(Verdict::Breaks),
            new_version: count(Verdict::NewVersion),
            changes,
        }
    }

    /// Whether a release may go out under the same topics.
    #[must_use]
    pub fn is_safe(&self) -> bool {
        self.breaks + self.new_version == 0
    }
}

fn connector(old: &Contract, new: &Contract) -> Vec<Change> {
    let mut changes = Vec::new();
    let mut add = |place, what, reason: &str| {
        changes.push(Change {
            handler: None,
            place,
            path: None,
            what,
            verdict: Verdict::Breaks,
            reason: reason.to_owned(),
        });
    };
    if old.group != new.group {
        add(
            Place::Group,
            format!("The consumer group was `{}` and is `{}`.", old.group, new.group),
            "A new group knows no offsets: it reads every topic again from its beginning, and requests \
             that were answered are handled once more; keep the old group's name.",
        );
    }
    if old.error_field != new.error_field {
        add(
            Place::ErrorField,
            format!(
                "The text of an error reply was in `{}` and is in `{}`.",
                old.error_field, new.error_field
            ),
            "Conditions in processes look at the old field and take every error for a success; keep its \
             name.",
        );
    }
    changes
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Safe => "safe",
            Self::Breaks => "breaks",
            Self::NewVersion => "new version",
        })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Group => "group",
            Self::ErrorField => "error field",
            Self::Handler => "handler",
            Self::Topic => "topic",
            Self::ReplyTopic => "reply topic",
            Self::Guarantee => "guarantee",
            Self::Order => "order",
            Self::Attempts => "attempts",
            Self::RetryTopics => "retry topics",
            Self::DeadLetterTopic => "dead letters",
            Self::Request => "request",
            Self::Reply => "reply",
            Self::Error => "error reply",
            Self::Codes => "codes",
        })
    }
}
