//! What brokers say of topics and of a consumer group: plain data, so that it can be judged without them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// What may be asked of a topic or a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    /// Reading records; as a member of a group, joining it. Includes describing.
    Read,
    /// Writing records. Includes describing.
    Write,
    /// Knowing that it is there.
    Describe,
    /// Reading its settings.
    DescribeConfigs,
}

impl Operation {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Read, Self::Write, Self::Describe, Self::DescribeConfigs];

    /// The name that Kafka's own tools take.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Read => "Read",
            Self::Write => "Write",
            Self::Describe => "Describe",
            Self::DescribeConfigs => "DescribeConfigs",
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What is asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Question {
    /// The topics of which everything is asked.
    pub topics: BTreeSet<String>,
    /// Those of them that the group reads: where it stands in them is asked too.
    pub read: BTreeSet<String>,
}

/// Something that was asked for, or in a few words why it is not known.
pub type Told<T> = Result<T, String>;

/// What the brokers say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// How many brokers the cluster has.
    pub brokers: usize,
    /// What is known of each topic that was asked for.
    pub topics: BTreeMap<String, Topic>,
    /// The consumer group.
    pub group: Told<Group>,
    /// Where the group stands in what it reads, for each partition in which it stands somewhere.
    pub commits: Told<Vec<Commit>>,
    /// The largest timestamp of any record, and when it was looked up; `None` if there are no records.
    pub newest: Told<Option<Newest>>,
}

/// A topic as far as it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Topic {
    /// There is none of this name.
    Missing,
    /// This user must not know whether there is one.
    Hidden,
    /// It could not be looked up, and why.
    Unknown(String),
    /// It is there.
    There(TopicFacts),
}

/// A topic that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicFacts {
    /// How many partitions it has.
    pub partitions: usize,
    /// Partitions that no broker leads now.
    pub leaderless: Vec<i32>,
    /// Replicas of the partition that has fewest.
    pub replicas: usize,
    /// Replicas in sync of the partition that has fewest.
    pub in_sync: usize,
    /// What this user may do with it; `None` if the broker does not say.
    pub allowed: Option<BTreeSet<Operation>>,
    /// Its settings.
    pub settings: Told<TopicSettings>,
}

/// The settings of a topic that matter here, its own or its broker's; `None` for one that is not told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TopicSettings {
    /// `cleanup.policy`.
    pub cleanup_policy: Option<String>,
    /// `retention.ms`; negative for ever.
    pub retention_ms: Option<i64>,
    /// `retention.bytes`, for each partition; negative for no limit.
    pub retention_bytes: Option<i64>,
    /// `max.message.bytes`.
    pub max_message_bytes: Option<u64>,
    /// `min.insync.replicas`.
    pub min_insync_replicas: Option<usize>,
}

/// A consumer group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Group {
    /// Who is in it now.
    pub members: Vec<Member>,
    /// What this user may do with it; `None` if the broker does not say.
    pub allowed: Option<BTreeSet<Operation>>,
}

/// A member of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The name under which it is logged.
    pub client_id: String,
    /// Where it runs.
    pub host: String,
    /// The topics of which it has partitions now.
    pub topics: Vec<String>,
}

/// Where a group stands in a partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// The topic.
    pub topic: String,
    /// The partition.
    pub partition: i32,
    /// The offset that is committed.
    pub committed: i64,
    /// The offset of the oldest record that is still there.
    pub first: i64,
    /// The offset behind the newest record.
    pub end: i64,
}

/// A timestamp that a broker told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Newest {
    /// The topic of its record.
    pub topic: String,
    /// Milliseconds since 1970, by the clock of who wrote it or of the broker.
    pub timestamp: i64,
    /// Milliseconds since 1970 by this machine's clock, just after it was told.
    pub now: i64,
}
