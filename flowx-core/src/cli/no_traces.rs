//! In place of `traces.rs` in a build that exports no spans.

use super::logs::Listener;

pub(super) struct Traces;

pub(super) fn start(_: bool) -> Traces {
    Traces
}

impl Traces {
    pub(super) fn listener(&self) -> Option<Listener> {
        None
    }

    pub(super) fn report(&self) {}

    pub(super) fn end(&self) {}
}
