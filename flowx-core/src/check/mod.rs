//! Floor 6: whether the cluster is as a connector needs it, and what would make it so.
//!
//! What a connector needs follows from its handlers ([`Needs`], [`acls`]); what is there is asked of the
//! brokers ([`kafka::inspect`](crate::kafka::inspect())); [`judge()`] compares the two without a broker.
//! Nothing is changed: a [`Report`] prints the commands of Kafka's own tools that would.
//!
//! # What is looked at
//!
//! | rule | what it finds |
//! |---|---|
//! | `topics` | topics that are missing, patterns that match none |
//! | `partitions` | fewer than instances; some without a leader |
//! | `replication` | one replica, or too few in sync for `acks=all`, now or with one broker down |
//! | `cleanup` | compaction, which throws requests away |
//! | `retention` | records that are deleted before they are read, tried again, or looked at |
//! | `sizes` | what one topic takes and the next does not |
//! | `access` | permissions that are missing, told by the brokers' own word on what this user may do |
//! | `settings` | settings that could not be looked at |
//! | `engine` | replies that the engine does not read, requests that it reads too |
//! | `group` | strangers in the consumer group |
//! | `offsets` | committed offsets whose records are gone |
//! | `clock` | records from the future |
//!
//! What cannot be looked up is said, and is no problem. Kafka does not tell its time, so only a clock that
//! is behind can be found. Settings of topics are read only where the user may, which no connector needs
//! for its work.

pub mod acls;
pub mod command;
pub mod finding;
pub mod judge;
pub mod needs;
pub mod report;

use std::sync::Arc;
use std::time::Duration;

pub use finding::{Finding, Level, Place};
pub use judge::judge;
pub use needs::Needs;
pub use report::Report;

use crate::connector::{Connector, StartError};
use crate::kafka::facts::Question;
use crate::kafka::{KafkaSettings, SetupError, inspect};
use crate::runtime::plan::Plan;
use command::Reach;

/// What a cluster is held against, beside the handlers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// The largest record in bytes, read or written; default 52 428 800.
    pub message_max_bytes: u64,
    /// How long the connector may be away without losing requests; default 3 days, which is a weekend.
    pub downtime: Duration,
    /// How many instances will run at once; default 1.
    pub instances: usize,
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            message_max_bytes: 52_428_800,
            downtime: Duration::from_secs(3 * 24 * 60 * 60),
            instances: 1,
        }
    }
}

/// A connector and the cluster that it is about to use.
#[derive(Debug)]
pub struct Check {
    plan: Arc<Plan>,
    kafka: KafkaSettings,
    terms: Terms,
    reach: Reach,
}

impl Check {
    /// The check of a connector on the cluster of its settings; one instance, away for 3 days at most.
    ///
    /// # Errors
    /// No broker is configured.
    ///
    /// ```standalone_crate
    /// use std::time::Duration;
    ///
    /// use flowx_core::check::{Check, Level};
    /// use flowx_core::config::Settings;
    /// use flowx_core::kafka::EmbeddedBroker;
    /// use flowx_core::{Connector, HandlerError, flowx_handler};
    ///
    /// #[flowx_handler(topic = "note.trigger.keep")]
    /// async fn keep(note: String) -> Result<(), HandlerError> {
    ///     println!("{note}");
    ///     Ok(())
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let broker = EmbeddedBroker::start(1)?;
    /// let mut settings = Settings::default();
    /// settings.bootstrap_servers = Some(broker.bootstrap_servers().to_owned());
    /// let connector = Connector::builder().group("notes").settings(settings).build()?;
    /// let report = Check::of(&connector)?.look(Duration::from_secs(10)).await?;
    /// assert_eq!(report.worst(), Level::Problem);
    /// assert!(report.to_string().contains("--create --topic ai.flowx.dev.note.trigger.keep.v1 "));
    /// # Ok(())
    /// # }
    /// ```
    pub fn of(connector: &Connector) -> Result<Self, StartError> {
        let kafka = connector.kafka_settings()?;
        let terms = Terms { message_max_bytes: kafka.message_max_bytes as u64, ..Terms::default() };
        let plan = Arc::clone(&connector.plan);
        Ok(Self { plan, kafka, terms, reach: Reach::of(&connector.settings) })
    }

    /// How long the connector may be away without losing requests.
    #[must_use]
    pub fn downtime(mut self, downtime: Duration) -> Self {
        self.terms.downtime = downtime;
        self
    }

    /// How many instances will run at once.
    #[must_use]
    pub fn instances(mut self, instances: usize) -> Self {
        self.terms.instances = instances;
        self
    }

    /// Whom commands grant what is missing, as `User:connector`.
    #[must_use]
    pub fn principal(mut self, principal: impl Into<String>) -> Self {
        self.reach.principal = Some(principal.into());
        self
    }

    /// Asks the brokers, for so long at most, and judges what they say. Must be called inside a tokio
    /// runtime. Nothing is changed, and no group is joined.
    ///
    /// # Errors
    /// No broker answers, or a setting of the client cannot work.
    pub async fn look(self, patience: Duration) -> Result<Report, SetupError> {
        let Self { plan, kafka, terms, reach } = self;
        let listing = needs::has_patterns(&plan.registry);
        let question = move |names: &[String]| {
            let needs = Needs::of(&plan.registry, &plan.group, names);
            let topics = needs.topics.keys().cloned().collect();
            (Question { topics, read: needs.read() }, needs)
        };
        let (facts, needs) = inspect(&kafka, patience, listing, question).await?;
        Ok(Report { findings: judge(&needs, &facts, &terms), reach })
    }
}
