//! What goes wrong, and when: the seed decides.

use std::time::Duration;

use super::agenda::Happening;
use super::driver::Driver;
use super::world::Trouble;

impl Driver<'_> {
    /// The broker changes how difficult it is.
    pub(super) fn trouble(&mut self) {
        if self.calm {
            return;
        }
        self.shared.with(|world| {
            let mut parts = |one_in: u8, most: u8| match world.rng.u8(..one_in) {
                0 => world.rng.u8(1..most),
                _ => 0,
            };
            let (full, failed, rejected, commit) =
                (parts(3, 200), parts(3, 200), parts(4, 80), parts(3, 250));
            let latency = [1, 20, 300, 3_000][world.rng.usize(..4)];
            world.trouble = Trouble { full, failed, rejected, commit, latency };
            world.trace.line(format_args!("{:?}", world.trouble));
            let after = world.rng.u64(200..4_000);
            world.later(after, Happening::Trouble);
        });
    }

    /// Something goes wrong.
    pub(super) async fn disturb(&mut self) {
        if self.calm {
            return;
        }
        let alive: Vec<usize> =
            (0..self.members.len()).filter(|one| self.members[*one].is_some()).collect();
        let (what, pick) = self.shared.with(|world| {
            let after = world.rng.u64(..world.scenario.pause * 2);
            world.later(after, Happening::Disturb);
            (world.rng.u8(..100), world.rng.usize(..))
        });
        if what >= 92 {
            return self.jump_ahead().await;
        }
        if alive.is_empty() {
            return;
        }
        let number = alive[pick % alive.len()];
        match what {
            0..20 => self.crash(number),
            20..32 => self.stop(number),
            32..60 => self.shared.with(|world| world.revoke(number)),
            60..74 => self.shared.with(|world| world.lose(number)),
            74..84 => self.freeze(number),
            _ => self.shared.with(|world| world.later(0, Happening::Join)),
        }
    }

    /// A member ends in the middle of whatever it waits for.
    fn crash(&mut self, number: usize) {
        self.shared.with(|world| {
            world.trace.line(format_args!("member {number} crashes"));
            world.links[number].alive = false;
            world.ledger.tally.crashes += 1;
        });
        self.members[number] = None;
        self.come_back();
    }

    /// A member is asked to stop.
    pub(super) fn stop(&mut self, number: usize) {
        let Some(member) = &self.members[number] else { return };
        self.shared.with(|world| {
            world.trace.line(format_args!("member {number} is to stop"));
            world.ledger.tally.stops += 1;
            let now = world.trace.now();
            world.links[number].stop_asked_at.get_or_insert(now);
        });
        member.stop.cancel();
    }

    /// A member stands still for so long that others get its partitions, or nearly.
    fn freeze(&mut self, number: usize) {
        let Some(member) = &mut self.members[number] else { return };
        member.frozen = true;
        self.shared.with(|world| {
            world.trace.line(format_args!("member {number} stands still"));
            world.links[number].in_group = false;
            if world.rng.bool() {
                world.expire(number);
            }
            let after = world.rng.u64(..5_000);
            world.later(after, Happening::Thaw(number));
        });
    }

    /// The clock jumps: much is overdue at once.
    async fn jump_ahead(&mut self) {
        let by = self.shared.with(|world| {
            let by = world.rng.u64(1..8_000);
            world.trace.line(format_args!("the clock jumps by {by} ms"));
            world.ledger.tally.jumps += 1;
            by
        });
        (self.jump)(Duration::from_millis(by)).await;
    }
}
