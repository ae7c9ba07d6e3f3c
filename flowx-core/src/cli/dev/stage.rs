//! The connector at work, and the engine that plays its examples to it.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::super::CommandError;
use super::show;
use crate::connector::{Connector, ConnectorError};
use crate::contract::answer;
use crate::handler::registry::Route;
use crate::kafka::{EmbeddedBroker, SetupError};
use crate::runtime::plan::Plan;
use crate::runtime::status::{End, Finished};
use crate::testing::process_engine::{EngineError, PlatformVersion, ProcessEngine};

/// How long an example may take: all attempts of a request, and some.
const PATIENCE: Duration = Duration::from_secs(150);

pub(super) struct Stage {
    plan: Arc<Plan>,
    engine: ProcessEngine,
    finished: broadcast::Receiver<Finished>,
    stop: CancellationToken,
    running: JoinHandle<Result<(), ConnectorError>>,
}

impl Stage {
    pub(super) fn open(broker: &EmbeddedBroker, connector: Connector) -> Result<Self, SetupError> {
        let plan = Arc::clone(&connector.plan);
        let finished = connector.status().watch();
        let engine =
            ProcessEngine::connect(&broker.settings("process-engine"), PlatformVersion::V5_9)?
                .naming(plan.registry.naming().clone())
                .response_timeout(PATIENCE);
        let stop = CancellationToken::new();
        let running = tokio::spawn(connector.run(stop.clone().cancelled_owned()));
        Ok(Self { plan, engine, finished, stop, running })
    }

    /// Plays the examples of every handler; whether all of them went as they should.
    pub(super) async fn play_examples(&mut self) -> Result<bool, CommandError> {
        let plan = Arc::clone(&self.plan);
        let (mut played, mut failed) = (0, 0);
        for route in plan.registry.routes() {
            let examples = route.handler.examples();
            if examples.is_empty() {
                show::no_examples(route);
            }
            for example in examples {
                let good = tokio::select! {
                    good = play(&mut self.engine, &mut self.finished, &plan, route, example) => good?,
                    ended = &mut self.running => return Err(ended_early(ended)),
                };
                played += 1;
                failed += usize::from(!good);
            }
        }
        show::summary(played, failed);
        Ok(failed == 0)
    }

    /// Stops the connector in good order.
    pub(super) async fn close(self) -> Result<(), CommandError> {
        self.stop.cancel();
        if self.running.is_finished() {
            // Why it ended early was said already.
            return Ok(());
        }
        match self.running.await {
            Ok(ended) => Ok(ended?),
            Err(fault) => Err(CommandError::Failed(fault.to_string())),
        }
    }
}

impl From<EngineError> for CommandError {
    fn from(error: EngineError) -> Self {
        Self::Failed(error.to_string())
    }
}

async fn play(
    engine: &mut ProcessEngine,
    finished: &mut broadcast::Receiver<Finished>,
    plan: &Plan,
    route: &Route,
    example: &Value,
) -> Result<bool, EngineError> {
    let topic = route.example_topic(plan.registry.naming());
    let json = example.to_string();
    show::request(route, &topic, &json);
    let Some(reply_topic) = &route.reply else {
        engine.notify(&topic, json.as_bytes()).await?;
        let end = end_of_next(finished, route).await;
        show::end(end.as_ref());
        return Ok(end == Some(End::Nothing));
    };
    if !route.handler.replies {
        // It answers only when it fails, so there is nothing to wait for on its topic.
        engine.notify(&topic, json.as_bytes()).await?;
        let end = end_of_next(finished, route).await;
        show::end(end.as_ref());
        return Ok(matches!(end, Some(End::Nothing | End::Refused { dead_letter: false, .. })));
    }
    let exchange = engine.request(&topic, json.as_bytes(), reply_topic).await?;
    let answer = exchange.answer.as_ref().and_then(|answer| answer.payload.as_deref());
    let unfit = answer.map(|json| answer::findings(&route.handler, &plan.error_field, json));
    let unfit = unfit.unwrap_or_default();
    show::answer(&exchange, &unfit);
    Ok(exchange.findings.is_empty() && unfit.is_empty())
}

/// How the handler's next request ends; `None` if it does not.
async fn end_of_next(finished: &mut broadcast::Receiver<Finished>, route: &Route) -> Option<End> {
    timeout(PATIENCE, async {
        loop {
            match finished.recv().await {
                Ok(next) if next.handler == route.name() => return Some(next.end),
                Ok(_) | Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return None,
            }
        }
    })
    .await
    .ok()
    .flatten()
}

fn ended_early(ended: Result<Result<(), ConnectorError>, tokio::task::JoinError>) -> CommandError {
    match ended {
        Ok(Err(error)) => error.into(),
        Ok(Ok(())) => CommandError::Failed("the connector stopped by itself".to_owned()),
        Err(fault) => CommandError::Failed(fault.to_string()),
    }
}
