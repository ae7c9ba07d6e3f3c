//! What stands in the way of sending a dead letter again.

use std::fmt;

use super::journal::{Entry, Replay};
use super::view::time;
use crate::handler::registry::Registry;

/// What somebody has agreed to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consent {
    /// Sends again what was answered; the second answer overwrites process data. Default false.
    pub answered: bool,
    /// Sends again what cannot pass by itself. Default false.
    pub not_retryable: bool,
    /// Sends what an earlier run began to send, whose end is not known. Default false.
    pub unfinished: bool,
    /// How often a request may be sent again in all; default 3.
    pub max_replays: u32,
}

impl Default for Consent {
    fn default() -> Self {
        Self { answered: false, not_retryable: false, unfinished: false, max_replays: 3 }
    }
}

/// Why a dead letter is not sent again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// It was sent again, at this time (milliseconds since 1970).
    Replayed(i64),
    /// An earlier run began to send it, at this time, and its end is not known.
    Unfinished(i64),
    /// Its process was answered.
    Answered,
    /// It would fail again.
    NotRetryable,
    /// It was sent again as often as may be.
    Cap {
        /// How often.
        replays: u32,
        /// How often it may be.
        max: u32,
    },
    /// The request itself is not in it.
    Truncated,
    /// No handler reads its topic.
    TopicNotRead(String),
    /// Another handler reads its topic now.
    OtherHandler {
        /// The topic.
        topic: String,
        /// Who put the request aside.
        was: String,
        /// Who reads the topic.
        is: String,
    },
    /// It stands on another topic than the dead letters of its topic do: nobody here wrote it.
    Misplaced(String),
}

impl Obstacle {
    /// A stable name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Replayed(_) => "replayed",
            Self::Unfinished(_) => "unfinished",
            Self::Answered => "answered",
            Self::NotRetryable => "not-retryable",
            Self::Cap { .. } => "cap",
            Self::Truncated => "truncated",
            Self::TopicNotRead(_) => "topic-not-read",
            Self::OtherHandler { .. } => "other-handler",
            Self::Misplaced(_) => "misplaced",
        }
    }

    /// Whether no option helps: somebody has to do something else about it.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        matches!(
            self,
            Self::Truncated
                | Self::TopicNotRead(_)
                | Self::OtherHandler { .. }
                | Self::Misplaced(_)
        )
    }
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Replayed(at) => write!(f, "it was sent again at {}", time(*at)),
            Self::Unfinished(at) => write!(
                f,
                "a run began to send it at {}, and its end is not known; see whether it was handled; --unfinished sends it",
                time(*at)
            ),
            Self::Answered => f.write_str(
                "its process was answered, and a second answer overwrites process data; --answered sends it",
            ),
            Self::NotRetryable => f.write_str(
                "it fails again unless the handler was changed; --not-retryable sends it",
            ),
            Self::Cap { replays, max } => {
                write!(f, "it was sent again {replays} times, and --max-replays is {max}")
            }
            Self::Truncated => f.write_str(
                "it was too large, so only its length and hash are here; the request stands where it stood, if it is still kept",
            ),
            Self::TopicNotRead(topic) => write!(f, "no handler of this connector reads `{topic}`"),
            Self::OtherHandler { topic, was, is } => {
                write!(f, "`{topic}` is read by `{is}` now, and `{was}` put it aside")
            }
            Self::Misplaced(topic) => {
                write!(f, "dead letters of its topic stand on `{topic}`, so this one is forged or was moved")
            }
        }
    }
}

/// Everything that stands in the way; nothing where it may be sent.
#[must_use]
pub fn obstacles(entry: &Entry, registry: &Registry, consent: &Consent) -> Vec<Obstacle> {
    let letter = &entry.letter;
    let mut found = Vec::new();
    match entry.replay {
        // What else there may be is no news then.
        Replay::Done(at) => return vec![Obstacle::Replayed(at)],
        Replay::Unfinished(at) if !consent.unfinished => found.push(Obstacle::Unfinished(at)),
        Replay::Unfinished(_) | Replay::None => {}
    }
    if letter.replied && !consent.answered {
        found.push(Obstacle::Answered);
    }
    if !letter.retryable && !consent.not_retryable {
        found.push(Obstacle::NotRetryable);
    }
    if letter.replays() >= consent.max_replays {
        found.push(Obstacle::Cap { replays: letter.replays(), max: consent.max_replays });
    }
    if letter.truncated {
        found.push(Obstacle::Truncated);
    }
    found.extend(elsewhere(entry, registry));
    found
}

/// Where it would go decides what this connector reads now, never the letter alone.
fn elsewhere(entry: &Entry, registry: &Registry) -> Option<Obstacle> {
    let letter = &entry.letter;
    let topic = &letter.original.topic;
    let Some(route) = registry.route(topic) else {
        return Some(Obstacle::TopicNotRead(topic.to_string()));
    };
    if route.name() != letter.handler {
        return Some(Obstacle::OtherHandler {
            topic: topic.to_string(),
            was: letter.handler.clone(),
            is: route.name().to_owned(),
        });
    }
    let place = registry.naming().dead_letter(route.own_topic(topic), &letter.group);
    (place != letter.at.topic).then(|| Obstacle::Misplaced(place.to_string()))
}
