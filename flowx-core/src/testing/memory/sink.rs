//! The writing end of the broker in memory.

use std::fmt;

use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};

use super::broker::MemoryBroker;
use super::fault::Moment;
use super::state::Held;
use crate::message::record::Outbound;
use crate::runtime::port::{Delivery, SendError, Sink, Token};

/// One producer, as the runtime uses it.
pub struct MemorySink {
    broker: MemoryBroker,
    reports: UnboundedSender<Delivery>,
    reported: UnboundedReceiver<Delivery>,
}

impl MemorySink {
    pub(super) fn new(broker: MemoryBroker) -> Self {
        let (reports, reported) = mpsc::unbounded_channel();
        Self { broker, reports, reported }
    }
}

impl Sink for MemorySink {
    fn send(&mut self, record: &Outbound, token: Token) -> Result<(), SendError> {
        self.broker.with(|state| {
            let result = match state.faults.iter_mut().find_map(|fault| fault.strike(record)) {
                Some((Moment::Send, error)) => return Err(error),
                Some((Moment::Delivery, error)) => Err(error),
                None => {
                    state.append(record.clone());
                    Ok(())
                }
            };
            let delivery = Delivery { token, result };
            if state.holding {
                let (record, to) = (record.clone(), self.reports.clone());
                state.held.push_back(Held { record, delivery, to });
            } else {
                // The other end is this very sink.
                let _ = self.reports.send(delivery);
            }
            Ok(())
        })
    }

    async fn delivered(&mut self) -> Delivery {
        match self.reported.recv().await {
            Some(delivery) => delivery,
            None => std::future::pending().await,
        }
    }
}

impl fmt::Debug for MemorySink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MemorySink")
    }
}
