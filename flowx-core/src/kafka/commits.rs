//! Commits: one after another, and the thread that polls never waits for their answers.
//!
//! While a group rebalances, the broker answers a commit only when the join is over, and then refuses
//! it. Whoever waited for that in the thread that polls could neither hear of the join nor stop. What
//! is asked for is therefore heard of later; only the last commit of an assignment is waited for, and
//! only so long.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::types::RDKafkaErrorCode;

use super::ffi::AskedCommit;
use super::rebalance::{Consumer, Rebalancer};
use crate::runtime::port::{Epoch, Position, SourceEvent};

/// How long the last commit of a partition may take that is given back, the one before it included.
pub(super) const PARTING: Duration = Duration::from_secs(5);

/// How long a stop tries to commit what is finished: another member that drains holds up the join.
const LAST: Duration = Duration::from_secs(6);

/// How often a stop looks at what has become of its commit; the join goes on meanwhile.
const BEAT: Duration = Duration::from_millis(20);

/// How long a group that rebalances is let be before it is asked again.
const PAUSE: Duration = Duration::from_millis(100);

/// The commits of one consumer.
#[derive(Default)]
pub(super) struct Commits {
    /// The one under way. None is sent beside it: sent again by the library, it could come after.
    asked: Option<Asked>,
    /// What is to be committed next.
    waiting: BTreeMap<Epoch, i64>,
    /// Before that time the group is let be, for it refused the last one because it rebalances.
    not_before: Option<Instant>,
}

struct Asked {
    commit: AskedCommit<Rebalancer>,
    positions: Vec<Position>,
}

/// What came of asking.
enum Sent {
    UnderWay,
    /// These are live, and nothing of them is new.
    NothingNew(Vec<Position>),
    Refused(Vec<Position>, RDKafkaErrorCode),
}

impl Commits {
    /// Keeps what was refused for the next time; what has come since goes further.
    fn hold(&mut self, positions: Vec<Position>) {
        for Position { epoch, next } in positions {
            self.waiting.entry(epoch).or_insert(next);
        }
        self.not_before = Some(Instant::now() + PAUSE);
    }

    fn may_ask(&self) -> bool {
        self.asked.is_none()
            && !self.waiting.is_empty()
            && self.not_before.is_none_or(|time| time <= Instant::now())
    }

    /// Lets go of the consumer; what is under way may still come to pass.
    pub(super) fn abandon(&mut self) {
        *self = Self::default();
    }
}

impl Rebalancer {
    /// Takes positions in; [`serve_commits`](Self::serve_commits) commits those that are this
    /// member's by then. The others are another member's business.
    pub(super) fn want_committed(&self, positions: Vec<Position>) {
        let positions = positions.into_iter().map(|one| (one.epoch, one.next));
        self.commits().waiting.extend(positions);
    }

    /// Hears of the commit under way and asks for the next one. Never waits.
    pub(super) fn serve_commits(&self, consumer: &Arc<Consumer>) {
        if let Some((positions, result)) = self.hear(Duration::ZERO) {
            self.take_note(positions, result);
        }
        let mut commits = self.commits();
        if !commits.may_ask() {
            return;
        }
        let waiting = std::mem::take(&mut commits.waiting);
        drop(commits);
        let positions: Vec<_> =
            waiting.into_iter().map(|(epoch, next)| Position { epoch, next }).collect();
        match self.ask(consumer, &positions) {
            Sent::UnderWay => {}
            Sent::NothingNew(live) => self.tell(live, Ok(())),
            Sent::Refused(live, code) => self.tell(live, Err(code)),
        }
    }

    /// The last commit of partitions that are about to be given back; waits for its answer, for at
    /// most [`PARTING`].
    pub(super) fn commit_parting(
        &self,
        consumer: &Arc<Consumer>,
        positions: &[Position],
    ) -> Result<(), String> {
        let deadline = Instant::now() + PARTING;
        let left = || deadline.saturating_duration_since(Instant::now());
        let silent = || format!("no answer within {PARTING:?}");
        if let Some((positions, result)) = self.hear(left()) {
            self.take_note(positions, result);
        } else if self.commits().asked.is_some() {
            return Err(silent());
        }
        match self.ask(consumer, positions) {
            Sent::NothingNew(_) => Ok(()),
            Sent::Refused(_, code) => Err(code.to_string()),
            Sent::UnderWay => match self.hear(left()) {
                Some((_, result)) => result.map_err(|code| code.to_string()),
                None => Err(silent()),
            },
        }
    }

    /// The last commit of all, within [`LAST`]: asked for again while the group is rebalancing, which
    /// goes on meanwhile. What is taken away by that is committed with its revocation.
    pub(super) fn commit_last(
        &self,
        consumer: &Arc<Consumer>,
        positions: &[Position],
    ) -> Result<(), String> {
        let deadline = Instant::now() + LAST;
        self.begin_closing(positions.to_vec());
        let mut refused = None;
        let mut again = Instant::now();
        while Instant::now() < deadline {
            if self.commits().asked.is_none() && again <= Instant::now() {
                match self.ask(consumer, positions) {
                    Sent::UnderWay => {}
                    Sent::NothingNew(_) => return self.parted(),
                    Sent::Refused(_, code) => return Err(code.to_string()),
                }
            }
            // No record comes this way; rebalances do.
            drop(consumer.poll(BEAT));
            match self.hear(Duration::ZERO) {
                None | Some((_, Ok(()))) => {}
                Some((_, Err(code))) if passes(code) => {
                    refused = Some(code);
                    again = Instant::now() + PAUSE;
                }
                Some((_, Err(code))) => return Err(code.to_string()),
            }
        }
        let reason = refused.map_or_else(|| "no answer".to_owned(), |code| code.to_string());
        Err(format!("{reason}, for {LAST:?}"))
    }

    /// Asks for what is live and new of these positions.
    ///
    /// The list is explicit and only ever goes forward: the library's own store would commit for
    /// all partitions at once, and a commit of a lower offset would be taken by the broker.
    fn ask(&self, consumer: &Arc<Consumer>, positions: &[Position]) -> Sent {
        let (live, list) = self.assignments().to_commit(positions);
        if list.count() == 0 {
            return Sent::NothingNew(live);
        }
        match AskedCommit::new(Arc::clone(consumer), &list) {
            Ok(commit) => {
                self.commits().asked = Some(Asked { commit, positions: live });
                Sent::UnderWay
            }
            Err(code) => Sent::Refused(live, code),
        }
    }

    /// The answer to the commit under way, if it comes within `patience`.
    fn hear(&self, patience: Duration) -> Option<(Vec<Position>, Result<(), RDKafkaErrorCode>)> {
        let asked = self.commits().asked.take()?;
        let Some(result) = asked.commit.answer(patience) else {
            self.commits().asked = Some(asked);
            return None;
        };
        if result.is_ok() {
            self.assignments().committed(&asked.positions);
        }
        Some((asked.positions, result))
    }

    /// What came of an ordinary commit. One that is refused because the group rebalances is no
    /// failure: it is sent again, as far as it is this member's by then.
    fn take_note(&self, positions: Vec<Position>, result: Result<(), RDKafkaErrorCode>) {
        match result {
            Err(code) if is_rebalancing(code) => self.commits().hold(positions),
            result => self.tell(positions, result),
        }
    }

    fn tell(&self, positions: Vec<Position>, result: Result<(), RDKafkaErrorCode>) {
        self.outbox().event(match result {
            Ok(()) => SourceEvent::Committed(positions),
            Err(code) => SourceEvent::CommitFailed { positions, reason: code.to_string() },
        });
    }
}

fn is_rebalancing(code: RDKafkaErrorCode) -> bool {
    matches!(
        code,
        RDKafkaErrorCode::RebalanceInProgress
            | RDKafkaErrorCode::IllegalGeneration
            | RDKafkaErrorCode::StaleMemberEpoch
    )
}

/// Whether the end of the rebalance, or of the coordinator's move, ends this refusal.
fn passes(code: RDKafkaErrorCode) -> bool {
    is_rebalancing(code)
        || matches!(
            code,
            RDKafkaErrorCode::CoordinatorLoadInProgress
                | RDKafkaErrorCode::CoordinatorNotAvailable
                | RDKafkaErrorCode::NotCoordinator
        )
}

#[cfg(test)]
mod tests {
    use rdkafka::consumer::Consumer as _;
    use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};

    use super::super::membership::Membership;
    use super::super::outbox::{Message, Outbox};
    use super::super::source::KafkaSource;
    use super::super::source::tests::{PATIENCE, assigned, joined, until};
    use super::*;
    use crate::kafka::{EmbeddedBroker, Subscription};
    use crate::runtime::port::Source as _;

    const REBALANCING: RDKafkaRespErr = RDKafkaRespErr::RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS;

    /// A broker, and a source that has all partitions of its one topic.
    async fn started(partitions: i32) -> (EmbeddedBroker, KafkaSource, Vec<Position>) {
        let broker = EmbeddedBroker::start(partitions).unwrap();
        let mut source = joined(&broker);
        let epochs = until(&mut source, assigned).await;
        let positions = epochs.into_iter().map(|epoch| Position { epoch, next: 5 }).collect();
        (broker, source, positions)
    }

    /// The offsets from which the next member of the group goes on.
    fn committed(broker: &EmbeddedBroker) -> Vec<rdkafka::Offset> {
        let settings = broker.settings("g");
        let reader: rdkafka::consumer::BaseConsumer<_> = settings
            .create(&settings.consumer(), super::super::logging::LogOnly::default())
            .unwrap();
        let mut list = rdkafka::TopicPartitionList::new();
        list.add_partition_range("t", 0, 1);
        let found = rdkafka::consumer::Consumer::committed_offsets(&reader, list, PATIENCE);
        found
            .unwrap()
            .elements()
            .iter()
            .map(rdkafka::topic_partition_list::TopicPartitionListElem::offset)
            .collect()
    }

    #[tokio::test]
    async fn a_refused_commit_is_told_and_the_next_one_counts() {
        let broker = EmbeddedBroker::start(1).unwrap();
        let mut source = joined(&broker);
        let epoch = until(&mut source, assigned).await[0];
        let positions = vec![Position { epoch, next: 5 }];
        broker.fail_requests(
            RDKafkaApiKey::OffsetCommit,
            &[RDKafkaRespErr::RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED],
        );
        source.commit(positions.clone());
        let refused = until(&mut source, |event| match event {
            SourceEvent::CommitFailed { positions, .. } => Some(positions),
            SourceEvent::Committed(_) => panic!("the broker has refused it"),
            _ => None,
        })
        .await;
        assert_eq!(refused, positions);
        source.commit(positions.clone());
        let committed = until(&mut source, |event| match event {
            SourceEvent::Committed(positions) => Some(positions),
            _ => None,
        })
        .await;
        assert_eq!(committed, positions);
        source.close(positions, PATIENCE).await.unwrap();
    }

    #[test]
    fn a_commit_that_is_not_answered_is_not_waited_for() {
        let broker = EmbeddedBroker::start(1).unwrap();
        broker.create_topic("t").unwrap();
        let (sender, mut messages) = tokio::sync::mpsc::unbounded_channel();
        let outbox = Outbox::new(sender, Arc::default());
        let topics = vec![Subscription::Exact("t".into())];
        let membership = Membership::new(&broker.settings("g"), topics, outbox).unwrap();
        let (consumer, _) = membership.join(0).unwrap();
        let context = Arc::clone(consumer.context());
        let poll_until = |is_over: &mut dyn FnMut() -> bool| {
            let deadline = Instant::now() + PATIENCE;
            while !is_over() {
                assert!(Instant::now() < deadline, "it does not come");
                drop(consumer.poll(BEAT));
            }
        };
        poll_until(&mut || !context.assignments().all().is_empty());
        let positions = vec![Position { epoch: context.assignments().all()[0].0, next: 5 }];
        broker.delay_request(RDKafkaApiKey::OffsetCommit, Duration::from_secs(1));
        context.want_committed(positions.clone());
        context.serve_commits(&consumer);
        context.serve_commits(&consumer);
        assert!(context.commits().asked.is_some(), "it is under way, and the thread is free");
        poll_until(&mut || {
            context.serve_commits(&consumer);
            context.commits().asked.is_none()
        });
        let told = std::iter::from_fn(|| messages.try_recv().ok());
        let told = told.filter_map(|message| match message {
            Message::Event(SourceEvent::Committed(positions)) => Some(positions),
            _ => None,
        });
        assert_eq!(told.collect::<Vec<_>>(), [positions]);
        context.close();
    }

    #[tokio::test]
    async fn a_commit_that_is_refused_during_a_join_is_no_failure_and_comes_to_pass() {
        let (broker, mut source, positions) = started(2).await;
        broker.fail_requests(RDKafkaApiKey::OffsetCommit, &[REBALANCING; 3]);
        source.commit(positions.clone());
        let answered = until(&mut source, |event| match event {
            SourceEvent::Committed(positions) => Some(positions),
            SourceEvent::CommitFailed { reason, .. } => panic!("{reason}"),
            _ => None,
        });
        assert_eq!(answered.await, positions);
        assert_eq!(committed(&broker), [rdkafka::Offset::Offset(5); 2]);
        source.close(Vec::new(), PATIENCE).await.unwrap();
    }

    #[tokio::test]
    async fn a_stop_during_a_join_commits_what_is_finished() {
        let (broker, source, positions) = started(2).await;
        broker.fail_requests(RDKafkaApiKey::OffsetCommit, &[REBALANCING; 5]);
        source.close(positions, PATIENCE).await.unwrap();
        assert_eq!(committed(&broker), [rdkafka::Offset::Offset(5); 2]);
    }

    #[tokio::test]
    async fn a_stop_commits_what_is_finished_while_its_partitions_go_to_another() {
        let broker = EmbeddedBroker::start(2).unwrap();
        broker.create_topic("t").unwrap();
        let mut settings = broker.settings("g");
        // This broker's join takes as long as a session, less a second.
        settings.session_timeout = Duration::from_secs(2);
        let topics = vec![Subscription::Exact("t".into())];
        let mut source = KafkaSource::subscribe(&settings, topics.clone()).unwrap();
        let epochs = until(&mut source, assigned).await;
        let positions = epochs.into_iter().map(|epoch| Position { epoch, next: 5 }).collect();
        // The first one cannot say its last word before the join has begun.
        broker.fail_requests(RDKafkaApiKey::OffsetCommit, &[REBALANCING; 4]);
        let mut other = KafkaSource::subscribe(&settings, topics).unwrap();
        let (closed, _) =
            tokio::join!(source.close(positions, PATIENCE), until(&mut other, assigned));
        closed.unwrap();
        assert_eq!(committed(&broker), [rdkafka::Offset::Offset(5); 2]);
        other.close(Vec::new(), PATIENCE).await.unwrap();
    }

    #[tokio::test]
    async fn a_stop_of_a_member_that_was_expelled_says_what_it_could_not_commit() {
        let (broker, source, positions) = started(2).await;
        broker.fail_requests(RDKafkaApiKey::OffsetCommit, &[REBALANCING; 10_000]);
        broker.fail_requests(
            RDKafkaApiKey::Heartbeat,
            &[RDKafkaRespErr::RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID],
        );
        let reason = source.close(positions, PATIENCE).await.unwrap_err();
        assert!(reason.contains("the partitions went to another member"), "{reason}");
        assert_eq!(committed(&broker), [rdkafka::Offset::Invalid; 2]);
    }

    #[tokio::test]
    async fn a_stop_does_not_insist_where_the_broker_no_longer_knows_the_member() {
        let (broker, source, positions) = started(2).await;
        broker.fail_requests(
            RDKafkaApiKey::OffsetCommit,
            &[RDKafkaRespErr::RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID],
        );
        let reason = source.close(positions, PATIENCE).await.unwrap_err();
        assert!(reason.contains("UnknownMemberId"), "{reason}");
    }

    #[tokio::test]
    async fn a_stop_whose_last_commit_is_never_taken_says_so_in_time() {
        let (broker, source, positions) = started(2).await;
        broker.fail_requests(RDKafkaApiKey::OffsetCommit, &[REBALANCING; 10_000]);
        let begun = Instant::now();
        let reason = source.close(positions, PATIENCE).await.unwrap_err();
        assert!(reason.contains("RebalanceInProgress"), "{reason}");
        assert!(begun.elapsed() < Duration::from_secs(15), "it took {:?}", begun.elapsed());
    }

    #[tokio::test]
    async fn a_stop_does_not_wait_for_a_commit_that_is_not_answered() {
        let (broker, source, positions) = started(1).await;
        broker.delay_request(RDKafkaApiKey::OffsetCommit, LAST * 3);
        let begun = Instant::now();
        // The session may end before the patience does.
        source.close(positions, PATIENCE).await.unwrap_err();
        assert!(begun.elapsed() < LAST * 2, "it took {:?}", begun.elapsed());
    }
}
