//! Plays a request through Kafka, as a process engine sends it.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Mutex;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::timeout;

use super::in_process::answer;
use super::{PlayError, Played, meant};
use crate::connector::Connector;
use crate::contract::catalog::exchange::{
    DeadLetter, Ending, Header, Place, RecordedExchange, shown_payload,
};
use crate::handler::registry::Route;
use crate::kafka::{KafkaSettings, SetupError};
use crate::message::error_reply::CODE_FIELD;
use crate::message::record::{Outbound, Record};
use crate::message::reply::REQUEST_OFFSET;
use crate::runtime::plan::Plan;
use crate::runtime::status::{End, Finished, Status};
use crate::testing::process_engine::{EngineError, PlatformVersion, ProcessEngine};

/// How long after an answer the connector may take to say that it is done with the request.
const LAST_WORD: Duration = Duration::from_secs(2);

/// A process engine opposite a connector that runs in this process. It plays one request at a time.
pub(crate) struct ThroughKafka {
    plan: Arc<Plan>,
    status: Status,
    engine: Mutex<ProcessEngine>,
}

/// What came of a request, before it is told.
struct Told {
    sent: Outbound,
    answered: Option<Record>,
    finished: Option<Finished>,
    took: Duration,
    findings: Vec<String>,
}

impl ThroughKafka {
    /// Connects an engine to the broker of a connector that is about to run.
    pub(crate) fn connect(
        kafka: &KafkaSettings,
        connector: &Connector,
        patience: Duration,
    ) -> Result<Self, SetupError> {
        let plan = Arc::clone(&connector.plan);
        let engine = ProcessEngine::connect(kafka, PlatformVersion::V5_9)?
            .naming(plan.registry.naming().clone())
            .response_timeout(patience);
        Ok(Self { plan, status: connector.status(), engine: Mutex::new(engine) })
    }

    /// Plays a request and waits for its answer, or where none is promised, for its end.
    pub(crate) async fn play(
        &self,
        wanted: Played<'_>,
        limit: Duration,
    ) -> Result<RecordedExchange, PlayError> {
        let (route, topic) = meant(&self.plan.registry, &wanted)?;
        let playing = async {
            let mut engine = self.engine.lock().await;
            let watch = self.status.watch();
            match route.reply.as_deref().filter(|_| route.handler.replies) {
                Some(reply) => asked(&mut engine, &topic, reply, &wanted, watch).await,
                None => told(&mut engine, &topic, route, &wanted, watch).await,
            }
        };
        let story = timeout(limit, playing)
            .await
            .map_err(|_| PlayError::TooLong(limit))?
            .map_err(|error| PlayError::Failed(error.to_string()))?;
        Ok(self.exchange(&topic, story))
    }

    fn exchange(&self, topic: &str, story: Told) -> RecordedExchange {
        let end = story.finished.as_ref().map(|finished| &finished.end);
        let body = story.answered.as_ref().map(answer);
        let code = body.as_ref().and_then(|answer| answer.payload.get(CODE_FIELD)?.as_str());
        let code = code.map(str::to_owned).or(match end {
            Some(End::Refused { code, .. }) => Some(code.clone().into_owned()),
            _ => None,
        });
        let ending = match (&code, end, &body) {
            (Some(_), ..) => Ending::Refused,
            (None, Some(End::Nothing), _) => Ending::Nothing,
            (None, _, Some(_)) => Ending::Replied,
            (None, ..) => Ending::Unanswered,
        };
        let (reason, put_aside) = match end {
            Some(End::Refused { reason, dead_letter, .. }) => {
                (Some((*reason).to_owned()), *dead_letter)
            }
            _ => (None, false),
        };
        let naming = self.plan.registry.naming();
        let dead_letter = put_aside.then(|| DeadLetter {
            topic: naming.dead_letter(topic, &self.plan.group).to_string(),
            headers: Vec::new(),
        });
        RecordedExchange {
            on: Place::Broker,
            topic: topic.to_owned(),
            headers: Header::all(&story.sent.headers),
            request: shown_payload(story.sent.payload.as_deref()),
            ending,
            code,
            reason,
            answer: body,
            dead_letter,
            waits_on: None,
            attempts: story.finished.map(|finished| finished.attempts),
            took_ms: story.took.as_secs_f64() * 1_000.0,
            findings: story.findings,
        }
    }
}

impl fmt::Debug for ThroughKafka {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThroughKafka").field("group", &self.plan.group).finish_non_exhaustive()
    }
}

/// A request that is to be answered.
async fn asked(
    engine: &mut ProcessEngine,
    topic: &str,
    reply: &str,
    wanted: &Played<'_>,
    mut watch: Receiver<Finished>,
) -> Result<Told, EngineError> {
    let exchange = engine.request_with(topic, wanted.payload, reply, &wanted.headers).await?;
    let origin = exchange.answer.as_ref().and_then(|answer| answer.headers.text(REQUEST_OFFSET));
    let finished = match origin {
        Some(at) => next(&mut watch, LAST_WORD, |one| one.at.to_string() == at).await,
        None => None,
    };
    Ok(Told {
        findings: exchange.findings.iter().map(ToString::to_string).collect(),
        sent: exchange.request,
        answered: exchange.answer,
        finished,
        took: exchange.took,
    })
}

/// A request that nobody waits for an answer to.
async fn told(
    engine: &mut ProcessEngine,
    topic: &str,
    route: &Route,
    wanted: &Played<'_>,
    mut watch: Receiver<Finished>,
) -> Result<Told, EngineError> {
    let begun = Instant::now();
    let sent = engine.notify_with(topic, wanted.payload, &wanted.headers).await?;
    // Nothing names the request; the handler's next one is this, unless somebody else sends too.
    let finished = next(&mut watch, Duration::MAX, |one| one.handler == route.name()).await;
    Ok(Told { sent, answered: None, finished, took: begun.elapsed(), findings: Vec::new() })
}

/// The next end of a request that is the one.
async fn next(
    watch: &mut Receiver<Finished>,
    patience: Duration,
    is_it: impl Fn(&Finished) -> bool + Send + Sync,
) -> Option<Finished> {
    let looking = async {
        loop {
            match watch.recv().await {
                Ok(one) if is_it(&one) => return Some(one),
                Ok(_) | Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return None,
            }
        }
    };
    timeout(patience, looking).await.ok().flatten()
}
