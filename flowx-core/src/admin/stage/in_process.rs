//! Plays a request to the handlers of this process, past Kafka.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::time::timeout;

use super::{PlayError, Played, meant};
use crate::connector::Connector;
use crate::contract::catalog::exchange::{
    Answer, DeadLetter, Ending, Header, Place, RecordedExchange, shown_payload,
};
use crate::message::envelope::PROCESS_INSTANCE_UUID;
use crate::message::record::Record;
use crate::runtime::plan::Plan;
use crate::runtime::status::{End, Status};
use crate::testing::memory::MemoryBroker;
use crate::testing::{Exchange, TestConnector, TestRequest};

/// The handlers of a connector over a broker in memory, a new one for each request: what they share is
/// the connector's, and nothing is left behind.
#[derive(Clone, Debug)]
pub struct InProcess {
    plan: Arc<Plan>,
}

impl InProcess {
    /// The handlers of a connector, which may run beside it.
    #[must_use]
    pub fn of(connector: &Connector) -> Self {
        Self { plan: Arc::clone(&connector.plan) }
    }

    /// Plays a request to its last word; to a retry topic if it has to wait there.
    pub(crate) async fn play(
        &self,
        wanted: Played<'_>,
        limit: Duration,
    ) -> Result<RecordedExchange, PlayError> {
        let (route, topic) = meant(&self.plan.registry, &wanted)?;
        let retry_topic = route.retry_topics.first().map(|retry| retry.topic.to_string());
        let broker = MemoryBroker::new();
        let connector = TestConnector::over(&broker, Arc::clone(&self.plan), Status::default());
        let begun = Instant::now();
        let posted = request(&connector, &topic, &wanted).post();
        let at = posted.at().clone();
        let outcome = timeout(limit, async {
            tokio::select! {
                biased;
                settled = posted.try_settled() => settled.map(Settled::Whole),
                record = waiting(&broker, retry_topic) => Ok(Settled::Waits(record)),
            }
        })
        .await;
        let took = begun.elapsed();
        let sent = broker.record(&at);
        // Whatever still runs is not waited for: nobody would see what comes of it.
        connector.kill().await;
        let (Ok(settled), Some(sent)) = (outcome, sent) else {
            return Err(PlayError::TooLong(limit));
        };
        let base = unsettled(&sent, took);
        match settled.map_err(PlayError::Failed)? {
            Settled::Whole(exchange) => Ok(settled_as(base, &exchange)),
            Settled::Waits(record) => Ok(RecordedExchange {
                ending: Ending::Waits,
                waits_on: Some(record.at.topic.to_string()),
                ..base
            }),
        }
    }
}

enum Settled {
    Whole(Exchange),
    Waits(Record),
}

fn request<'c>(connector: &'c TestConnector, topic: &str, wanted: &Played<'_>) -> TestRequest<'c> {
    let mut request = connector.topic(topic).payload(wanted.payload);
    for (name, value) in wanted.headers.iter() {
        request = request.without_header(name).add_header(name, value);
    }
    match wanted.headers.text(PROCESS_INSTANCE_UUID) {
        Some(uuid) => request.key(uuid),
        None => request,
    }
}

/// The record with which the request waits for another try; never, where there is no such topic.
async fn waiting(broker: &MemoryBroker, retry_topic: Option<String>) -> Record {
    let Some(topic) = retry_topic else { return std::future::pending().await };
    let mut records = broker.wait_for_records(&topic, 1).await;
    records.swap_remove(0)
}

fn unsettled(sent: &Record, took: Duration) -> RecordedExchange {
    RecordedExchange {
        on: Place::Process,
        topic: sent.at.topic.to_string(),
        headers: Header::all(&sent.headers),
        request: shown_payload(sent.payload.as_deref()),
        ending: Ending::Unanswered,
        code: None,
        reason: None,
        answer: None,
        dead_letter: None,
        waits_on: None,
        attempts: None,
        took_ms: took.as_secs_f64() * 1_000.0,
        findings: Vec::new(),
    }
}

fn settled_as(base: RecordedExchange, exchange: &Exchange) -> RecordedExchange {
    let (ending, code, reason) = match exchange.end() {
        End::Replied => (Ending::Replied, None, None),
        End::Nothing => (Ending::Nothing, None, None),
        End::Refused { code, reason, .. } => {
            (Ending::Refused, Some(code.clone().into_owned()), Some((*reason).to_owned()))
        }
    };
    RecordedExchange {
        ending,
        code,
        reason,
        answer: exchange.replies().last().map(answer),
        dead_letter: exchange.dead_letter().map(|letter| DeadLetter {
            topic: letter.at.topic.to_string(),
            headers: Header::all(&letter.headers),
        }),
        attempts: Some(exchange.attempts()),
        ..base
    }
}

pub(super) fn answer(record: &Record) -> Answer {
    Answer {
        topic: record.at.topic.to_string(),
        key: record.key.as_deref().map(|key| String::from_utf8_lossy(key).into_owned()),
        headers: Header::all(&record.headers),
        payload: shown_payload(record.payload.as_deref()),
    }
}
