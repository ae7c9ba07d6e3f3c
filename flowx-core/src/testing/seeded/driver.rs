//! The hand that moves a run: polls members, lets things happen, disturbs, heals, and looks.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use futures_util::task::AtomicWaker;
use tokio::time::sleep_until;
use tokio_util::sync::CancellationToken;

use super::Jump;
use super::agenda::Happening;
use super::handlers;
use super::link::{Link, SeededSink, SeededSource};
use super::world::{Shared, Trouble, World};
use crate::config::handlers::HandlerOverrides;
use crate::handler::registry::Registry;
use crate::message::topic::Naming;
use crate::runtime::dispatch::{self, RunError};
use crate::runtime::plan::Plan;
use crate::runtime::status::Status;

/// How long everything may take to settle once nothing disturbs it any more, in milliseconds.
const SETTLE: u64 = 600_000;
/// How long a member that has nothing to do may take to stop, in milliseconds.
const STOP: u64 = 2_000;
/// Steps in which nothing may hold up the clock.
const LONGEST_BUSY: u32 = 100_000;

type Run = Pin<Box<dyn Future<Output = Result<(), RunError>> + Send>>;

/// One member: its runtime, and what wakes it.
pub(super) struct Member {
    run: Run,
    alarm: Arc<Alarm>,
    pub(super) stop: CancellationToken,
    pub(super) frozen: bool,
}

/// Notes that a member wants to be polled, and wakes the driver for it.
struct Alarm {
    rung: AtomicBool,
    driver: Arc<AtomicWaker>,
}

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        self.rung.store(true, Ordering::Relaxed);
        self.driver.wake();
    }
}

/// Drives one run.
pub(super) struct Driver<'j> {
    pub(super) shared: Shared,
    /// By number, as in the world; `None` once it has ended.
    pub(super) members: Vec<Option<Member>>,
    waker: Arc<AtomicWaker>,
    pub(super) jump: &'j Jump,
    /// Nothing disturbs any more.
    pub(super) calm: bool,
    /// Nobody joins any more.
    ending: bool,
    busy: u32,
}

impl<'j> Driver<'j> {
    pub(super) fn new(shared: Shared, jump: &'j Jump) -> Self {
        let waker = Arc::new(AtomicWaker::new());
        Self { shared, members: Vec::new(), waker, jump, calm: false, ending: false, busy: 0 }
    }

    /// Plays the whole run; it ends early if a promise is broken.
    pub(super) async fn play(mut self) -> Shared {
        let calm_from = self.shared.with(|world| {
            for _ in 0..world.scenario.members {
                let after = world.rng.u64(..500);
                world.later(after, Happening::Join);
            }
            world.later(0, Happening::Trouble);
            world.later(world.scenario.pause, Happening::Disturb);
            world.scenario.calm_from
        });
        self.until(calm_from, |_| false).await;
        self.heal();
        self.until(calm_from + SETTLE, World::is_done).await;
        if self.is_clean() {
            self.shared.with(World::check_end);
        }
        if self.is_clean() {
            self.stop_all().await;
        }
        let clean = self.is_clean();
        drop(self.members);
        if clean && self.shared.holders() > 1 {
            let left = self.shared.holders() - 1;
            self.shared.with(|world| {
                world.trace.violated(format_args!("{left} parts of members that ended are left"));
            });
        }
        self.shared
    }

    /// Goes on until a time, or until something holds or is broken.
    async fn until(&mut self, end: u64, holds: impl Fn(&World) -> bool + Send) {
        while self.is_clean() && !self.shared.with(|world| holds(world)) {
            let now = self.shared.with(|world| world.trace.now());
            if now >= end {
                return;
            }
            self.step(end).await;
        }
    }

    /// One thing: something happens, or a member is polled, or time passes.
    async fn step(&mut self, end: u64) {
        let happening = self.shared.with(|world| {
            let now = world.trace.now();
            world.agenda.due(now)
        });
        let awake: Vec<usize> = (0..self.members.len()).filter(|one| self.is_awake(*one)).collect();
        if let Some(happening) = happening {
            self.busy = 0;
            self.happen(happening).await;
        } else if awake.is_empty() {
            self.busy = 0;
            self.wait(end).await;
        } else {
            let member = self.shared.with(|world| awake[world.rng.usize(..awake.len())]);
            self.poll(member);
            self.busy += 1;
            if self.busy > LONGEST_BUSY {
                self.shared.with(|world| {
                    world.trace.violated(format_args!("member {member} turns in circles"));
                });
            }
            yield_to_tokio().await;
        }
        self.shared.with(World::settle_revocations);
    }

    fn is_awake(&self, member: usize) -> bool {
        let member = self.members[member].as_ref();
        member.is_some_and(|member| !member.frozen && member.alarm.rung.load(Ordering::Relaxed))
    }

    fn poll(&mut self, number: usize) {
        let Some(member) = &mut self.members[number] else { return };
        member.alarm.rung.store(false, Ordering::Relaxed);
        let waker = Waker::from(Arc::clone(&member.alarm));
        let mut context = Context::from_waker(&waker);
        let stopping = member.stop.is_cancelled();
        let run = &mut member.run;
        let polled = catch_unwind(AssertUnwindSafe(|| run.as_mut().poll(&mut context)));
        if let Ok(Poll::Pending) = polled {
            if stopping {
                self.shared.with(|world| world.links[number].knows_stop = true);
            }
            return;
        }
        self.members[number] = None;
        self.shared.with(|world| {
            world.trace.line(format_args!("member {number} has ended"));
            match polled {
                Ok(Poll::Ready(Ok(()))) if stopping => {}
                Ok(Poll::Ready(Ok(()))) => {
                    world.trace.violated(format_args!("member {number} stopped unasked"));
                }
                Ok(Poll::Ready(Err(error))) => {
                    world.trace.violated(format_args!("member {number} ended: {error}"));
                }
                _ => world.trace.violated(format_args!("the runtime of member {number} panicked")),
            }
        });
        self.come_back();
    }

    /// Somebody takes the place of a member that has ended.
    pub(super) fn come_back(&self) {
        if !self.calm {
            self.shared.with(|world| {
                let after = world.rng.u64(..1_500);
                world.later(after, Happening::Join);
            });
        }
    }

    /// Lets time pass until something is due or a member wakes.
    async fn wait(&mut self, end: u64) {
        let (started, next) = self.shared.with(|world| {
            (world.trace.started(), world.agenda.next_at().map_or(end, |next| next.min(end)))
        });
        let alarm = sleep_until(started + Duration::from_millis(next));
        let mut alarm = std::pin::pin!(alarm);
        let members = self.members.iter().flatten().filter(|member| !member.frozen);
        let alarms: Vec<_> = members.map(|member| Arc::clone(&member.alarm)).collect();
        let waker = Arc::clone(&self.waker);
        std::future::poll_fn(|context| {
            waker.register(context.waker());
            if alarms.iter().any(|alarm| alarm.rung.load(Ordering::Relaxed)) {
                return Poll::Ready(());
            }
            alarm.as_mut().poll(context)
        })
        .await;
    }

    async fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Arrive(number) => self.shared.with(|world| world.arrive(number)),
            Happening::Write(member, way) => self.shared.with(|world| world.write(member, way)),
            Happening::Acknowledge(member, way) => {
                self.shared.with(|world| world.acknowledge(member, &way));
            }
            Happening::Commit(member) => self.shared.with(|world| world.commit_arrives(member)),
            Happening::Farewell(member) => {
                self.shared.with(|world| world.links[member].farewell_arrived());
            }
            Happening::HandOut => self.shared.with(World::hand_out),
            Happening::LetGo(number) => self.shared.with(|world| world.let_go(number)),
            Happening::Join => self.join(),
            Happening::Thaw(member) => self.thaw(member),
            Happening::Trouble => self.trouble(),
            Happening::Disturb => self.disturb().await,
        }
    }

    fn join(&mut self) {
        if self.ending {
            return;
        }
        let number = self.members.len();
        let policy = self.shared.with(|world| {
            world.links.push(Link::new());
            world.trace.line(format_args!("member {number} joins"));
            world.later(0, Happening::HandOut);
            world.scenario.policy.clone()
        });
        let overrides = HandlerOverrides::default();
        let bound = handlers::bound(&self.shared);
        let registry = Registry::build(bound, Naming::default(), &overrides, "simulation", &policy);
        let registry = registry.expect("the topics fit");
        let mut plan = Plan::new(registry, "simulation");
        self.shared.with(|world| world.scenario.set(&mut plan));
        let source = SeededSource { shared: self.shared.clone(), member: number };
        let sink = SeededSink { shared: self.shared.clone(), member: number };
        let stop = CancellationToken::new();
        let run = dispatch::run(source, sink, Arc::new(plan), Status::default(), stop.clone());
        let alarm =
            Arc::new(Alarm { rung: AtomicBool::new(true), driver: Arc::clone(&self.waker) });
        self.members.push(Some(Member { run: Box::pin(run), alarm, stop, frozen: false }));
    }

    fn thaw(&mut self, number: usize) {
        if let Some(member) = self.members[number].as_mut().filter(|member| member.frozen) {
            member.frozen = false;
            self.shared.with(|world| {
                world.trace.line(format_args!("member {number} goes on"));
                world.links[number].in_group = true;
                world.later(0, Happening::HandOut);
            });
        }
    }

    /// Nothing disturbs from now on, and somebody is there.
    fn heal(&mut self) {
        self.calm = true;
        for number in 0..self.members.len() {
            self.thaw(number);
        }
        self.shared.with(|world| {
            world.trace.line(format_args!("nothing disturbs any more"));
            world.trouble = Trouble { latency: 20, ..Trouble::default() };
            world.later(1, Happening::Join);
        });
    }

    /// Stops what is left; nothing is under way, so that takes no time.
    async fn stop_all(&mut self) {
        self.ending = true;
        let now = self.shared.with(|world| world.trace.now());
        for number in 0..self.members.len() {
            self.stop(number);
        }
        let ended = |world: &World| world.links.iter().all(|link| !link.alive);
        self.until(now + STOP, ended).await;
        if self.is_clean() {
            self.shared.with(|world| {
                if !ended(world) {
                    world.trace.violated(format_args!("a member with nothing to do does not stop"));
                }
            });
        }
    }

    fn is_clean(&self) -> bool {
        self.shared.with(|world| world.trace.is_clean())
    }
}

/// Lets tokio look at its clock.
async fn yield_to_tokio() {
    let mut yielded = false;
    std::future::poll_fn(|context| {
        if std::mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
