//! Writes records without a connector: for simulators and tools.

use std::time::Duration;

use tokio::time::timeout;

use super::settings::{KafkaSettings, SetupError};
use super::sink::KafkaSink;
use crate::message::record::Outbound;
use crate::runtime::port::{SendError, Sink, Token};

/// How long the brokers may take to take everything that was handed over.
const DEADLINE: Duration = Duration::from_secs(60);

/// A producer that waits for its acknowledgements; the counterpart of a [`Reader`](super::Reader).
#[derive(Debug)]
pub struct Writer {
    sink: KafkaSink,
    next: u64,
}

impl Writer {
    /// Sets up a producer. Returns at once, whether or not a broker can be reached.
    ///
    /// # Errors
    /// Settings that cannot work.
    pub fn connect(settings: &KafkaSettings) -> Result<Self, SetupError> {
        Ok(Self { sink: KafkaSink::connect(settings)?, next: 0 })
    }

    /// Writes records in their order, however many; all are acknowledged when it returns.
    ///
    /// # Errors
    /// The first record that was not taken, or not within a minute; others may have been.
    pub async fn write(&mut self, records: &[Outbound]) -> Result<(), SendError> {
        timeout(DEADLINE, self.written(records))
            .await
            .unwrap_or_else(|_| Err(SendError::Failed("no broker answers".to_owned())))
    }

    async fn written(&mut self, records: &[Outbound]) -> Result<(), SendError> {
        let first = self.next;
        self.next += records.len() as u64;
        let mut acknowledged = 0;
        for (token, record) in (first..).zip(records) {
            while let Err(error) = self.sink.send(record, Token(token)) {
                match error {
                    SendError::Full => acknowledged += self.acknowledged(first).await?,
                    error => return Err(error),
                }
            }
        }
        while acknowledged < records.len() {
            acknowledged += self.acknowledged(first).await?;
        }
        Ok(())
    }

    /// Waits for one delivery; how many of the records from this token on it is for.
    async fn acknowledged(&mut self, first: u64) -> Result<usize, SendError> {
        let delivery = self.sink.delivered().await;
        // What an earlier call gave up on may still come in.
        if delivery.token.0 < first {
            return Ok(0);
        }
        delivery.result.map(|()| 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kafka::{EmbeddedBroker, ReadFrom, Reader};

    #[tokio::test]
    async fn more_records_than_the_producer_holds_are_written_in_their_order() {
        let broker = EmbeddedBroker::start(1).unwrap();
        broker.create_topic("t").unwrap();
        let mut settings = broker.settings("w");
        settings.max_unacknowledged = 0;
        let record = |number: usize| Outbound {
            topic: "t".into(),
            partition: Some(0),
            key: None,
            headers: Default::default(),
            payload: Some(number.to_string().into_bytes()),
        };
        let records: Vec<_> = (0..5_000).map(record).collect();
        Writer::connect(&settings).unwrap().write(&records).await.unwrap();
        let mut there = Reader::open(&settings, &["t"], ReadFrom::Beginning).await.unwrap();
        for record in records {
            assert_eq!(there.next().await.payload, record.payload);
        }
    }
}
