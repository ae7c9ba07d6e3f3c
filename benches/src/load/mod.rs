//! Requests: what is in them, and how they get into a topic.

mod client;
mod open;
mod preload;
mod request;

pub(crate) use client::Feeder;
pub(crate) use open::{OpenLoop, Phase};
pub(crate) use preload::preload;
pub(crate) use request::{HEADERS, Maker, Request, sequence_of};

/// Which requests stand in a topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Feed {
    pub(crate) size: Size,
    /// Process instances.
    pub(crate) keys: u32,
    pub(crate) partitions: i32,
    pub(crate) count: u64,
}

/// How large a request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Size {
    /// About 350 bytes.
    Small,
    /// About 4.6 KB: 30 lines besides.
    Large,
}

impl Size {
    /// As in `BENCH_SIZE`.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Small => "small",
            Self::Large => "large",
        }
    }
}

impl Feed {
    /// The topic that holds these requests.
    pub(crate) fn topic(&self) -> String {
        let Self { size, keys, partitions, count } = self;
        format!("requests-{}-{keys}-{partitions}-{count}", size.name())
    }
}
