//! What the clients know of themselves: noted where it comes in anyway, read by who looks on.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::error::KafkaError;
use serde::Deserialize;

use super::refusal::{self, Refused};
use crate::runtime::port::{Brokers, ClientView, Ends, Insight};

/// The notes of one client. Nobody writes here for a record.
#[derive(Debug, Default)]
pub(super) struct Notes {
    state: Mutex<State>,
    /// Something is refused.
    refused: AtomicBool,
}

#[derive(Debug, Default)]
struct State {
    brokers: Option<Brokers>,
    initialised: bool,
    last_error: Option<(String, Instant)>,
    /// What brokers refuse, in words, and when they did so last.
    refused: BTreeMap<Refused, (String, Instant)>,
    /// Why there is nothing new to log in with.
    login: Option<String>,
    ends: HashMap<String, HashMap<i32, Ends>>,
    held: HashMap<(String, i32), &'static str>,
    /// When the control thread is heard of again at the latest, if all is well.
    expected: Option<Instant>,
    last_standstill: Option<Instant>,
    /// A partition stood still again, soon after the consumer was made anew for one; until when that
    /// counts, if it does not come once more.
    stands_still_until: Option<Instant>,
}

impl Notes {
    /// Something failed that the client goes on from by itself. Only the kind is kept: librdkafka's
    /// sentence names hosts, and may name users.
    pub(super) fn error(&self, error: &KafkaError) {
        let kind = error.rdkafka_error_code().map_or_else(
            || "an error without a code; the log has it".to_owned(),
            |code| code.to_string(),
        );
        self.lock().last_error = Some((kind, Instant::now()));
    }

    /// Takes in the client's own statistics.
    pub(super) fn statistics(&self, json: &[u8]) {
        // A form that is not this one leaves what was known.
        let Ok(Statistics { brokers, eos }) = serde_json::from_slice(json) else { return };
        let real = || brokers.values().filter(|broker| broker.is_real());
        let mut state = self.lock();
        state.brokers = Some(Brokers {
            up: real().filter(|broker| broker.state == "UP").count(),
            known: real().count(),
        });
        let is_up = state.brokers.is_some_and(|brokers| brokers.up > 0);
        let is_admitted = eos.as_ref().is_some_and(|eos| eos.idemp_state == "Assigned");
        // Once admitted it stays so: what follows is its own to repair.
        state.initialised |= is_admitted;
        drop(state);
        // One connection may be up while another is refused, so not at once.
        self.admit(SETTLED, |refused| match refused {
            Refused::Connection => is_up,
            Refused::Cluster => is_admitted,
            _ => false,
        });
    }

    /// Brokers refuse something. Said once, and again when the words are others.
    pub(super) fn refuse(&self, refused: Refused, words: &str) {
        let now = Instant::now();
        let mut state = self.lock();
        let said = state.refused.insert(refused, (words.to_owned(), now));
        self.refused.store(true, Ordering::Relaxed);
        drop(state);
        if said.is_none_or(|(said, _)| said != words) {
            tracing::error!(target: "flowx::kafka", "{words}; trying again until then");
        }
    }

    /// Whether anything is refused; costs next to nothing.
    pub(super) fn is_refused(&self) -> bool {
        self.refused.load(Ordering::Relaxed)
    }

    /// Whether the connection itself is refused.
    pub(super) fn is_shut_out(&self) -> bool {
        self.is_refused() && self.lock().refused.contains_key(&Refused::Connection)
    }

    /// These are refused no more, if they were not for so long.
    pub(super) fn admit(&self, for_so_long: Duration, which: impl Fn(&Refused) -> bool) {
        if !self.is_refused() {
            return;
        }
        let now = Instant::now();
        let mut state = self.lock();
        let over = |refused: &Refused, at: Instant| which(refused) && now - at >= for_so_long;
        let over: Vec<Refused> = state
            .refused
            .iter()
            .filter(|(refused, (_, at))| over(refused, *at))
            .map(|(refused, _)| refused.clone())
            .collect();
        over.iter().for_each(|refused| drop(state.refused.remove(refused)));
        self.refused.store(!state.refused.is_empty(), Ordering::Relaxed);
        drop(state);
        for refused in over {
            let what = match refused {
                Refused::Connection => "the brokers accept this connector again".to_owned(),
                Refused::Group => "this user may be in the consumer group again".to_owned(),
                Refused::Cluster => "this user may write idempotently again".to_owned(),
                Refused::Topic(topic) => format!("`{topic}` is open to this user again"),
            };
            tracing::info!(target: "flowx::kafka", "{what}");
        }
    }

    /// From these topics nothing may be read; from these partitions may be read, of their topics.
    pub(super) fn readable(&self, closed: &BTreeSet<String>, open: &BTreeSet<String>) {
        for topic in closed {
            self.refuse(Refused::Topic(topic.clone()), &refusal::reading(topic));
        }
        self.admit(SETTLED, |refused| {
            matches!(refused, Refused::Topic(topic) if open.contains(topic) && !closed.contains(topic))
        });
    }

    /// Why there is nothing new to log in with, if there is not.
    pub(super) fn login(&self, trouble: Option<String>) {
        self.lock().login = trouble;
    }

    /// The control thread is at work; it is heard of again within this time.
    pub(super) fn expect(&self, within: Duration) {
        let now = Instant::now();
        let mut state = self.lock();
        state.initialised = true;
        state.expected = now.checked_add(within);
    }

    /// The control thread has ended in good order.
    pub(super) fn expect_nothing(&self) {
        self.lock().expected = None;
    }

    /// A partition stands still; once more within this time, and a new consumer has not helped.
    pub(super) fn standstill(&self, again_within: Duration) {
        let now = Instant::now();
        let mut state = self.lock();
        let again = state.last_standstill.is_some_and(|last| now - last < again_within);
        state.stands_still_until = again.then(|| now + again_within);
        state.last_standstill = Some(now);
    }

    /// Where the partitions of this client end; those that are not named are forgotten.
    pub(super) fn ends(&self, all: impl IntoIterator<Item = (String, i32, Ends)>) {
        let mut ends: HashMap<String, HashMap<i32, Ends>> = HashMap::new();
        for (topic, partition, one) in all {
            ends.entry(topic).or_default().insert(partition, one);
        }
        self.lock().ends = ends;
    }

    /// Nothing can be read from a partition without skipping a record.
    pub(super) fn hold(&self, topic: &str, partition: i32, reason: &'static str) {
        self.lock().held.insert((topic.to_owned(), partition), reason);
    }

    /// A partition is read, from its committed offset on.
    pub(super) fn release(&self, topic: &str, partition: i32) {
        self.lock().held.remove(&(topic.to_owned(), partition));
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How long something is not refused that is said to be open again: refusals come in one by one.
const SETTLED: Duration = Duration::from_secs(3);

impl Insight for Notes {
    fn client(&self) -> ClientView {
        let state = self.lock();
        let now = Instant::now();
        let late = state.expected.map(|expected| now.saturating_duration_since(expected));
        let stuck = match late.filter(|late| !late.is_zero()) {
            Some(late) => Some(format!(
                "the thread that reads from Kafka is overdue by {}",
                humantime::format_duration(Duration::from_secs(late.as_secs() + 1))
            )),
            None => state.stands_still_until.filter(|until| now < *until).map(|_| {
                "a partition stands still again, although the consumer was restarted for it"
                    .to_owned()
            }),
        };
        ClientView {
            brokers: state.brokers,
            initialised: state.initialised,
            last_error: state.last_error.clone().map(|(what, at)| (what, now - at)),
            refused: {
                let words = state.refused.values().map(|(words, _)| words);
                state.login.iter().chain(words).cloned().collect()
            },
            stuck,
        }
    }

    fn ends(&self, topic: &str, partition: i32) -> Option<Ends> {
        self.lock().ends.get(topic)?.get(&partition).copied()
    }

    fn held(&self, topic: &str, partition: i32) -> Option<String> {
        // Almost always there is none.
        let state = self.lock();
        if state.held.is_empty() {
            return None;
        }
        state.held.get(&(topic.to_owned(), partition)).map(|reason| (*reason).to_owned())
    }
}

/// What is of interest in librdkafka's statistics.
#[derive(Deserialize)]
struct Statistics {
    #[serde(default)]
    brokers: HashMap<String, Broker>,
    #[serde(default)]
    eos: Option<Eos>,
}

#[derive(Deserialize)]
struct Broker {
    #[serde(default)]
    source: String,
    #[serde(default)]
    state: String,
}

#[derive(Deserialize)]
struct Eos {
    #[serde(default)]
    idemp_state: String,
}

impl Broker {
    /// The others stand for the role of one of these.
    fn is_real(&self) -> bool {
        matches!(self.source.as_str(), "learned" | "configured")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statistics_tell_brokers_and_whether_one_has_admitted_the_producer() {
        let notes = Notes::default();
        let said = br#"{"name": "x", "brokers": {
            "a:9092/1": {"source": "learned", "state": "UP", "toppars": {}},
            "b:9092/2": {"source": "learned", "state": "DOWN"},
            "GroupCoordinator": {"source": "logical", "state": "UP"},
            ":0/internal": {"source": "internal", "state": "UP"}
        }, "eos": {"idemp_state": "WaitPID"}}"#;
        notes.statistics(said);
        let view = notes.client();
        assert_eq!(view.brokers, Some(Brokers { up: 1, known: 2 }));
        assert!(!view.initialised);
        notes.statistics(br#"{"brokers": {}, "eos": {"idemp_state": "Assigned"}}"#);
        assert!(notes.client().initialised);
        notes.statistics(b"not JSON");
        assert!(notes.client().initialised, "what cannot be read changes nothing");
    }

    #[test]
    fn a_thread_that_is_not_heard_of_in_time_is_stuck_and_one_that_has_ended_is_not() {
        let notes = Notes::default();
        assert_eq!(notes.client().stuck, None);
        notes.expect(Duration::from_secs(60));
        assert_eq!(notes.client().stuck, None);
        notes.expect(Duration::ZERO);
        std::thread::sleep(Duration::from_millis(5));
        assert!(notes.client().stuck.is_some_and(|what| what.contains("overdue by 1s")));
        notes.expect_nothing();
        assert_eq!(notes.client().stuck, None);
    }

    #[test]
    fn one_standstill_is_mended_by_a_new_consumer_and_a_second_one_is_not() {
        let notes = Notes::default();
        notes.standstill(Duration::from_secs(60));
        assert_eq!(notes.client().stuck, None);
        notes.standstill(Duration::from_secs(60));
        assert!(notes.client().stuck.is_some_and(|what| what.contains("stands still again")));
        notes.standstill(Duration::ZERO);
        assert_eq!(notes.client().stuck, None, "long after the last one");
        let short = Duration::from_millis(50);
        notes.standstill(short);
        notes.standstill(short);
        assert!(notes.client().stuck.is_some());
        std::thread::sleep(short);
        assert_eq!(notes.client().stuck, None, "another new consumer has helped after all");
    }

    #[test]
    fn what_is_refused_is_told_until_it_is_not() {
        let notes = Notes::default();
        assert!(!notes.is_refused() && notes.client().refused.is_empty());
        notes.refuse(Refused::Connection, "the login; set it");
        notes.refuse(Refused::Topic("t".to_owned()), &refusal::writing("t"));
        assert_eq!(notes.client().refused.len(), 2);
        notes.admit(SETTLED, |_| true);
        assert_eq!(notes.client().refused.len(), 2, "that was too soon");
        notes.admit(Duration::ZERO, |refused| *refused == Refused::Connection);
        assert!(!notes.is_shut_out() && notes.is_refused());
        assert!(notes.client().refused[0].contains("grant Write"));
        notes.admit(Duration::ZERO, |_| true);
        assert!(!notes.is_refused());
        notes.login(Some("no token".to_owned()));
        assert_eq!(notes.client().refused, ["no token"]);
    }

    #[test]
    fn of_an_error_only_the_kind_is_kept() {
        use rdkafka::types::RDKafkaErrorCode;
        let notes = Notes::default();
        notes.error(&KafkaError::Global(RDKafkaErrorCode::AllBrokersDown));
        let (said, ago) = notes.client().last_error.unwrap();
        assert!(said.contains("AllBrokersDown"), "{said}");
        assert!(ago < Duration::from_secs(5));
    }
}
