//! What a process designer needs to wire a handler into a process, and nothing of Rust.
//!
//! [`Artefacts`] are made from a contract alone: what is typed into the Kafka Send Action and the
//! receive node, conditions for the gateway behind it, the data model in the platform's types, samples,
//! and an entry for the mock adapter. `Display` writes them as Markdown; `designer` of the command line
//! prints that for every handler.
//!
//! # Where the texts come from
//!
//! From the types, so that they cannot say something else than what runs:
//!
//! | in the data model | is written as |
//! |---|---|
//! | description | the doc comment of the field, the variant or the type |
//! | label | `#[schemars(title = "…")]`, else the key's name in words |
//! | order | the order of the fields |
//! | group | `#[schemars(extend("x-flowx-group" = "Customer"))]`, inherited by what stands inside |
//! | type | follows from the field; `extend("x-flowx-type" = "CURRENCY")` sets another |
//! | sensitive | `extend("x-flowx-sensitive" = true)` |
//! | example | `#[schemars(example = …)]` of the field, else the example of the request or reply |
//! | rules | `#[schemars(range(min = 0), length(max = 3), regex(pattern = "^[A-Z]{3}$"))]` |
//!
//! A variant of an enumeration that has no doc comment is listed before those that have one: document
//! all of them, or none.
//!
//! ```standalone_crate
//! use flowx_core::contract::designer::{Artefacts, Kind};
//! use flowx_core::{Connector, HandlerError, flowx_handler};
//! use schemars::JsonSchema;
//! use serde::{Deserialize, Serialize};
//! use serde_json::json;
//!
//! /// An order of one article.
//! #[derive(Deserialize, JsonSchema)]
//! #[serde(rename_all = "camelCase")]
//! #[schemars(example = json!({ "customerId": "C-1001", "pieces": 2 }))]
//! struct Order {
//!     /// The customer's number: `C-1001`.
//!     #[schemars(title = "Customer", extend("x-flowx-group" = "Customer"))]
//!     customer_id: String,
//!     /// How many are wanted.
//!     #[schemars(range(min = 1, max = 99))]
//!     pieces: u8,
//! }
//!
//! #[derive(Serialize, JsonSchema)]
//! struct Ordered {
//!     /// The number of the order.
//!     number: u32,
//! }
//!
//! /// Places an order.
//! #[flowx_handler(topic = "plugin.shop.trigger.order")]
//! async fn order(request: Order) -> Result<Ordered, HandlerError> {
//!     Ok(Ordered { number: request.pieces.into() })
//! }
//!
//! let connector = Connector::builder().settings(Default::default()).group("shop").build()?;
//! let contract = connector.contract();
//! let artefacts = Artefacts::of(&contract.handlers[0], &contract);
//! assert_eq!(
//!     artefacts.message_template,
//!     "{\n  \"customerId\": \"${customerId}\",\n  \"pieces\": ${pieces}\n}"
//! );
//! let customer = &artefacts.request_model[0];
//! assert_eq!((&*customer.label, customer.kind), ("Customer", Kind::String));
//! assert_eq!(customer.group.as_deref(), Some("Customer"));
//! assert_eq!(artefacts.request_model[1].rules, ["a whole number", "at least 1", "at most 99"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod conditions;
mod forms;
mod kind;
mod markdown;
mod mock;
mod model;
mod names;
mod notes;
mod part;
mod replies;
mod rules;
mod template;
mod topics;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::model::{Contract, HandlerContract};

pub use conditions::{Condition, When};
pub use kind::Kind;
pub use model::{EnumValue, Row};
pub use replies::SampleError;
pub use template::OtherTemplate;
pub use topics::{Parameter, Receive, Topics};

/// Headers of every Kafka Send Action. The engine adds all others itself.
const HEADERS: &str = r#"{"processInstanceId": ${processInstanceId}}"#;

/// All that a process designer needs of one handler.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Artefacts {
    /// The handler's name.
    pub handler: String,
    /// What it does, in one sentence; empty if nobody said.
    pub summary: String,
    /// What it does, in Markdown; empty if nobody said.
    pub description: String,
    /// What must be known beyond the rest, one sentence or two each.
    pub notes: Vec<String>,
    /// The topic of the Kafka Send Action.
    pub send: Topics,
    /// The data stream of the receive node; null if no reply comes.
    pub receive: Option<Receive>,
    /// The configuration parameters that the topics use.
    pub parameters: Vec<Parameter>,
    /// The message of the Kafka Send Action: the request with a placeholder for each value, named after
    /// the request's own keys. The designer replaces them by the keys of the process.
    pub message_template: String,
    /// The same for the other forms that a request may have; mostly there are none.
    pub other_templates: Vec<OtherTemplate>,
    /// The headers of the Kafka Send Action.
    pub headers_template: String,
    /// A request.
    pub sample_request: Value,
    /// A successful reply as it is sent; null if none comes.
    pub sample_reply: Option<Value>,
    /// An error reply for each code.
    pub sample_errors: Vec<SampleError>,
    /// The keys of the request.
    pub request_model: Vec<Row>,
    /// The keys of a reply, those of error replies behind those of a success.
    pub reply_model: Vec<Row>,
    /// Conditions on the reply: each code, then any error, then success.
    pub conditions: Vec<Condition>,
    /// The entry for the platform's mock adapter; null where it could not answer.
    pub mock: Value,
}

impl Artefacts {
    /// The artefacts of one handler of a contract.
    #[must_use]
    pub fn of(handler: &HandlerContract, contract: &Contract) -> Self {
        let (naming, error_field) = (&contract.naming, contract.error_field.as_str());
        let send = topics::send(handler, naming);
        let receive = topics::receive(handler, naming);
        let used: Vec<&Topics> =
            [&send].into_iter().chain(receive.as_ref().map(|receive| &receive.topic)).collect();
        let parameters = topics::parameters(&used, naming);
        let sample_request = replies::request(handler);
        let sample_reply = replies::success(handler, error_field);
        let shape = replies::shape(handler);
        let conditions = receive
            .as_ref()
            .map(|receive| conditions::of(handler, error_field, &receive.key_name, shape));
        let whole = format!("{}Request", names::identifier(&handler.name));
        Self {
            handler: handler.name.clone(),
            summary: handler.summary.clone(),
            description: handler.description.clone(),
            notes: notes::of(handler),
            parameters,
            message_template: template::of(&handler.request, &whole),
            other_templates: template::others(&handler.request, &whole),
            headers_template: HEADERS.to_owned(),
            request_model: model::rows(&handler.request, &sample_request),
            reply_model: reply_model(handler, error_field, sample_reply.as_ref()),
            conditions: conditions.unwrap_or_default(),
            mock: mock(handler, &sample_request, sample_reply.as_ref()),
            sample_errors: replies::errors(handler, error_field),
            sample_request,
            sample_reply,
            send,
            receive,
        }
    }
}

/// The keys that may stand under the key of the reply: of a success, then of an error reply.
fn reply_model(handler: &HandlerContract, error_field: &str, reply: Option<&Value>) -> Vec<Row> {
    let schema = handler.reply.as_ref();
    let mut rows: Vec<Row> =
        schema.map(|schema| model::rows(schema, reply.unwrap_or(&Value::Null))).unwrap_or_default();
    for row in rows.iter_mut().filter(|row| row.path == error_field) {
        if let Some(rule) = row.rules.iter_mut().find(|rule| *rule == rules::ALWAYS_NULL) {
            "null on success, a text in an error reply".clone_into(rule);
        }
    }
    let errors = handler.error.as_ref();
    let example = replies::errors(handler, error_field).into_iter().next();
    let example = example.map(|error| error.reply).unwrap_or_default();
    for mut row in errors.map(|schema| model::rows(schema, &example)).unwrap_or_default() {
        if !rows.iter().any(|known| known.path == row.path) {
            row.mandatory = false;
            row.rules.insert(0, "only in an error reply".to_owned());
            rows.push(row);
        }
    }
    rows
}

/// The mock adapter needs a topic to listen on, one to answer on, and an answer.
fn mock(handler: &HandlerContract, request: &Value, reply: Option<&Value>) -> Value {
    match (&handler.reply_topic, reply) {
        (Some(reply_topic), Some(reply)) if !handler.topic.ends_with('*') => {
            mock::exchange(&handler.topic, request, reply_topic, reply)
        }
        _ => Value::Null,
    }
}
