//! Messages that nobody answers: task operations and the scheduler.

use std::convert::Infallible;

use flowx_core::{State, flowx_handler};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::file::Vector;
use crate::play::{Case, Outcome, Seen};

pub(crate) fn case(vector: &Vector) -> Option<Case> {
    let handler = match vector.name.as_str() {
        "task-operation-unassign" => "operate_task",
        "scheduler-stop" => "stop_schedule",
        _ => return None,
    };
    Some(Case::documented(vector, handler, ()).expects(Outcome::Nothing))
}

#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct TaskOperation {
    operation_type: OperationType,
    task_id: String,
    process_instance_uuid: String,
    swimlane_name: String,
    swimlane_id: String,
    owner: Owner,
    author: String,
}

#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
enum OperationType {
    Assign,
    Unassign,
    Hold,
    Unhold,
    Terminate,
}

#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Owner {
    first_name: Option<String>,
    last_name: Option<String>,
    username: String,
    enabled: bool,
}

/// Takes a task operation.
#[flowx_handler(topic = "core.trigger.operations")]
async fn operate_task(request: TaskOperation, seen: State<Seen>) -> Result<(), Infallible> {
    seen.note(&request);
    Ok(())
}

/// A scheduled message, as the application that set it names it.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Scheduled {
    application_name: String,
    application_id: String,
}

/// Stops a scheduled message.
#[flowx_handler(topic = "core.trigger.stop.schedule")]
async fn stop_schedule(request: Scheduled, seen: State<Seen>) -> Result<(), Infallible> {
    seen.note(&request);
    Ok(())
}
