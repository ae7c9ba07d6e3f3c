//! The handler of every request.

use std::sync::Arc;

use flowx_core::config::handlers::HandlerOverrides;
use flowx_core::handler::binder::BindEnvironment;
use flowx_core::handler::bound::bind;
use flowx_core::handler::entry::entries;
use flowx_core::handler::policy::Policy;
use flowx_core::handler::registry::Registry;
use flowx_core::message::topic::Naming;
use flowx_core::{HandlerError, State, flowx_handler};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;

use crate::model::Model;

/// Full name of the topic that it reads.
pub(crate) const TOPIC: &str = "ai.flowx.dev.schedules.trigger.work.v1";

#[derive(Deserialize, JsonSchema)]
struct Request {
    fate: Fate,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Fate {
    Ready,
    Waits,
    Hangs,
}

#[derive(Serialize, JsonSchema)]
struct Reply {
    done: bool,
}

/// Does what its request says.
#[flowx_handler(topic = "schedules.trigger.work")]
async fn work(request: Request, model: State<Model>) -> Result<Reply, HandlerError> {
    match request.fate {
        Fate::Ready => {}
        Fate::Waits => {
            let (go, gone) = oneshot::channel();
            model.waiting.push(go);
            gone.await?;
        }
        Fate::Hangs => std::future::pending().await,
    }
    Ok(Reply { done: true })
}

/// The registry with this one handler.
pub(crate) fn registry(model: &Arc<Model>) -> Registry {
    let mut environment = BindEnvironment::default();
    environment.insert::<Model>(Arc::clone(model));
    let bind = |entry| bind(entry, &environment).expect("the handler fits");
    let bound = entries().filter(|entry| entry.name == "work").map(bind).collect();
    let overrides = HandlerOverrides::default();
    Registry::build(bound, Naming::default(), &overrides, "schedules", &Policy::default())
        .expect("the topics fit")
}
