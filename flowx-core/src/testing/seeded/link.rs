//! The two ends that a member's runtime holds: its source and its sink.

use std::collections::{BTreeMap, VecDeque};
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Poll, Waker};
use std::time::Duration;

use super::agenda::{Happening, Way};
use super::answer::Answer;
use super::world::Shared;
use crate::message::record::{Outbound, Record};
use crate::runtime::port::{
    Delivery, Epoch, Position, SendError, Sink, Source, SourceEvent, Token,
};

/// What the world knows of one member.
#[derive(Debug, Default)]
pub(super) struct Link {
    /// Its runtime is there.
    pub(super) alive: bool,
    /// It gets partitions.
    pub(super) in_group: bool,
    pub(super) owned: BTreeMap<Epoch, Owned>,
    /// What the names of its assignments stand for, also after their end.
    pub(super) names: BTreeMap<Epoch, u64>,
    /// What it will hear, each with the assignments whose end it learns by that.
    events: VecDeque<(SourceEvent, Vec<u64>)>,
    event_waker: Option<Waker>,
    /// Commits on their way.
    pub(super) commits: VecDeque<Vec<Position>>,
    /// Its last word has reached the broker.
    farewell: bool,
    farewell_waker: Option<Waker>,
    /// What was sent and is not acknowledged, in order.
    pub(super) ways: BTreeMap<Way, VecDeque<Sent>>,
    deliveries: VecDeque<Delivery>,
    delivery_waker: Option<Waker>,
    /// Sent, and the runtime has not heard of it.
    pub(super) outstanding: BTreeMap<Token, Outstanding>,
    /// When it was asked to stop.
    pub(super) stop_asked_at: Option<u64>,
    /// The runtime must have noticed that it is to stop.
    pub(super) knows_stop: bool,
}

/// An answer of which the runtime has heard nothing since it was sent.
#[derive(Debug)]
pub(super) struct Outstanding {
    pub(super) answer: Answer,
    pub(super) topic: Arc<str>,
    pub(super) bytes: usize,
}

/// One assignment, as the broker serves it.
#[derive(Debug)]
pub(super) struct Owned {
    pub(super) assignment: u64,
    pub(super) place: usize,
    pub(super) position: i64,
    pub(super) serving: bool,
    /// The last look found nothing: the next record is announced.
    pub(super) hungry: bool,
    /// A record that was passed over and comes next.
    pub(super) passed_over: Option<(i64, usize)>,
}

/// One record on its way to the broker.
#[derive(Debug)]
pub(super) struct Sent {
    pub(super) token: Token,
    pub(super) outbound: Outbound,
    /// In which it was sent.
    pub(super) assignment: u64,
    pub(super) result: Result<(), SendError>,
    /// Whether the broker writes it, whatever it says of it.
    pub(super) is_written: bool,
    pub(super) has_arrived: bool,
    /// Its delivery is not reported any more.
    pub(super) is_reported: bool,
}

impl Link {
    /// A member that has just joined.
    pub(super) fn new() -> Self {
        Self { alive: true, in_group: true, ..Self::default() }
    }

    /// Puts an event before the member.
    pub(super) fn tell(&mut self, event: SourceEvent) {
        self.tell_end(event, Vec::new());
    }

    /// Puts an event before the member from which it learns that assignments have ended.
    pub(super) fn tell_end(&mut self, event: SourceEvent, ended: Vec<u64>) {
        self.events.push_back((event, ended));
        self.event_waker.take().into_iter().for_each(Waker::wake);
    }

    /// Puts a delivery report before the member.
    pub(super) fn report(&mut self, delivery: Delivery) {
        self.deliveries.push_back(delivery);
        self.delivery_waker.take().into_iter().for_each(Waker::wake);
    }

    /// The last word has reached the broker.
    pub(super) fn farewell_arrived(&mut self) {
        self.farewell = true;
        self.farewell_waker.take().into_iter().for_each(Waker::wake);
    }
}

/// A member's consumer.
pub(super) struct SeededSource {
    pub(super) shared: Shared,
    pub(super) member: usize,
}

impl Source for SeededSource {
    async fn event(&mut self) -> SourceEvent {
        let Self { shared, member } = self;
        poll_fn(|context| {
            shared.with(|world| {
                let link = &mut world.links[*member];
                match link.events.pop_front() {
                    Some((event, ended)) => {
                        world.heard(*member, &event, &ended);
                        Poll::Ready(event)
                    }
                    None => {
                        link.event_waker = Some(context.waker().clone());
                        Poll::Pending
                    }
                }
            })
        })
        .await
    }

    fn take(&mut self, epoch: Epoch) -> Option<Record> {
        self.shared.with(|world| world.take(self.member, epoch))
    }

    fn commit(&mut self, positions: Vec<Position>) {
        self.shared.with(|world| world.commit(self.member, positions));
    }

    async fn close(self, positions: Vec<Position>, _: Duration) -> Result<(), String> {
        self.shared.with(|world| {
            world.close(self.member, &positions);
            let after = world.rng.u64(..100);
            world.later(after, Happening::Farewell(self.member));
        });
        poll_fn(|context| {
            self.shared.with(|world| {
                let link = &mut world.links[self.member];
                if link.farewell {
                    return Poll::Ready(());
                }
                link.farewell_waker = Some(context.waker().clone());
                Poll::Pending
            })
        })
        .await;
        self.shared.with(|world| world.say_farewell(self.member, &positions));
        Ok(())
    }
}

impl Drop for SeededSource {
    fn drop(&mut self) {
        self.shared.with(|world| world.leave(self.member));
    }
}

/// A member's producer.
pub(super) struct SeededSink {
    pub(super) shared: Shared,
    pub(super) member: usize,
}

impl Sink for SeededSink {
    fn send(&mut self, record: &Outbound, token: Token) -> Result<(), SendError> {
        self.shared.with(|world| world.send(self.member, record, token))
    }

    async fn delivered(&mut self) -> Delivery {
        let Self { shared, member } = self;
        poll_fn(|context| {
            shared.with(|world| {
                let link = &mut world.links[*member];
                match link.deliveries.pop_front() {
                    Some(delivery) => {
                        world.delivered(*member, &delivery);
                        Poll::Ready(delivery)
                    }
                    None => {
                        link.delivery_waker = Some(context.waker().clone());
                        Poll::Pending
                    }
                }
            })
        })
        .await
    }
}

impl Drop for SeededSink {
    fn drop(&mut self) {
        self.shared.with(|world| world.cut_off(self.member));
    }
}

/// The way of a record: its topic, and the partition that its key chooses.
pub(super) fn way_of(record: &Outbound) -> Way {
    let key = super::trace::fingerprint(record.key.as_deref().unwrap_or_default());
    (Arc::clone(&record.topic), key % 3)
}
