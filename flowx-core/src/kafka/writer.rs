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

    /// Writes records in their order; all are acknowledged when it returns.
    ///
    /// # Errors
    /// The first record that was not taken, or not within a minute; others may have been.
    pub async fn write(&mut self, records: &[Outbound]) -> Result<(), SendError> {
        let first = self.next;
        self.next += records.len() as u64;
        for (token, record) in (first..).zip(records) {
            self.sink.send(record, Token(token))?;
        }
        let acknowledged = async {
            let mut missing = records.len();
            while missing > 0 {
                let delivery = self.sink.delivered().await;
                // What an earlier call gave up on may still come in.
                if delivery.token.0 >= first {
                    delivery.result?;
                    missing -= 1;
                }
            }
            Ok(())
        };
        timeout(DEADLINE, acknowledged)
            .await
            .unwrap_or_else(|_| Err(SendError::Failed("no broker answers".to_owned())))
    }
}
