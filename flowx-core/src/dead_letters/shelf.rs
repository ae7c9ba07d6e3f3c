//! Where dead letters are read, and where what follows from them is written: the seam to a broker.

use std::collections::BTreeSet;

use crate::kafka::{KafkaSettings, KafkaSink, Scan, SetupError};
use crate::message::record::Record;
use crate::runtime::port::Sink;

/// A broker, as a desk needs it.
pub trait Shelf: Send + Sync + 'static {
    /// The records of some topics.
    type Records: Records;
    /// Where records are written.
    type Sink: Sink;

    /// Opens all topics whose name is wanted.
    fn open(
        &self,
        wanted: impl Fn(&str) -> bool + Send + 'static,
    ) -> impl Future<Output = Result<Self::Records, String>> + Send;

    /// Sets up a producer.
    ///
    /// # Errors
    /// Settings that cannot work.
    fn sink(&self) -> Result<Self::Sink, String>;
}

/// What topics hold when they are opened.
pub trait Records: Send {
    /// The topics that are there.
    fn topics(&self) -> BTreeSet<String>;

    /// The next record, in order within each partition; `None` behind the last.
    fn next(&mut self) -> impl Future<Output = Result<Option<Record>, String>> + Send;
}

/// Kafka.
#[derive(Clone, Debug)]
pub struct KafkaShelf(pub KafkaSettings);

impl Shelf for KafkaShelf {
    type Records = Scan;
    type Sink = KafkaSink;

    async fn open(
        &self,
        wanted: impl Fn(&str) -> bool + Send + 'static,
    ) -> Result<Self::Records, String> {
        Scan::open(&self.0, wanted).await.map_err(|error| in_one(&error))
    }

    fn sink(&self) -> Result<KafkaSink, String> {
        KafkaSink::connect(&self.0).map_err(|error| in_one(&error))
    }
}

impl Records for Scan {
    fn topics(&self) -> BTreeSet<String> {
        Self::topics(self).iter().cloned().collect()
    }

    async fn next(&mut self) -> Result<Option<Record>, String> {
        Self::next(self).await.map_err(|error| in_one(&error))
    }
}

fn in_one(error: &SetupError) -> String {
    error.problems().join("; ")
}
