//! The platform's own sample connectors.

use std::convert::Infallible;

use flowx_core::{FlowxError, State, flowx_handler};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::file::Vector;
use crate::play::{Case, Outcome, Seen};

pub(crate) fn case(vector: &Vector) -> Option<Case> {
    let text = |field: &str| vector.reply[field].as_str().unwrap_or_default().to_owned();
    Some(match vector.name.as_str() {
        "quickstart-easy" => {
            let person = Person { id: "1".to_owned(), name: text("name") };
            Case::documented(vector, "find_person", person)
        }
        "quickstart-master-default" => Case::documented(vector, "process_message", ()),
        "currency-exchange-ok" => Case::documented(
            vector,
            "exchange",
            Upstream::Rate { from: "EUR", to: "RON", rate: 4.92 },
        ),
        // The sample repeats its reply with nulls; here an error reply has the text and a code.
        "currency-exchange-error" => {
            let message = text("errorMessage");
            assert!(!message.is_empty(), "the documented reply has an error");
            assert_all_null_but(&vector.reply, "errorMessage");
            Case::documented(vector, "exchange", Upstream::Exception(message.clone()))
                .expects(Outcome::Refused { code: "UPSTREAM_FAILED", message })
        }
        _ => return None,
    })
}

fn assert_all_null_but(reply: &Value, field: &str) {
    let fields = reply.as_object().expect("an object");
    assert!(fields.iter().all(|(name, value)| value.is_null() == (name != field)), "{reply:#}");
}

#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct PersonWanted {
    id: String,
}

#[derive(Serialize, JsonSchema)]
struct PersonFound {
    name: Option<String>,
}

struct Person {
    id: String,
    name: String,
}

/// Finds a person, as the sample of the branch for beginners does.
#[flowx_handler(topic = "/ai.flowx.easy-connector.in", reply = "/ai.flowx.easy-connector.out")]
async fn find_person(
    request: PersonWanted,
    person: State<Person>,
    seen: State<Seen>,
) -> Result<PersonFound, Infallible> {
    seen.note(&request);
    Ok(PersonFound { name: (request.id == person.id).then(|| person.name.clone()) })
}

#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Message {
    message: String,
}

#[derive(Serialize, JsonSchema)]
struct Response {
    response: &'static str,
}

/// Processes a message, as the sample of the main branch does.
#[flowx_handler(
    topic = "/ai.flowx.connector.in",
    reply = "/ai.flowx.updates.from_connector",
    error_null = false
)]
async fn process_message(request: Message, seen: State<Seen>) -> Result<Response, Infallible> {
    seen.note(&request);
    Ok(Response { response: "Message processed successfully" })
}

#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ExchangeRequest {
    from_currency: String,
    to_currency: String,
    amount: f64,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct ExchangeReply {
    from_currency: String,
    to_currency: String,
    initial_amount: f64,
    exchanged_amount: f64,
}

/// The service that the sample asks for rates.
enum Upstream {
    Rate { from: &'static str, to: &'static str, rate: f64 },
    Exception(String),
}

#[derive(Debug, thiserror::Error, FlowxError)]
enum ExchangeError {
    /// The service of rates has thrown.
    #[error("{0}")]
    #[flowx(refuse = "UPSTREAM_FAILED")]
    Upstream(String),
    /// The service knows another pair of currencies.
    #[error("there is no such rate")]
    #[flowx(refuse = "NO_RATE")]
    NoRate,
}

/// Converts an amount, as the sample for currencies does.
#[flowx_handler(
    topic = "/ai.flowx.currency.exchange.in",
    reply = "/ai.flowx.updates.currency.exchange"
)]
async fn exchange(
    request: ExchangeRequest,
    upstream: State<Upstream>,
    seen: State<Seen>,
) -> Result<ExchangeReply, ExchangeError> {
    seen.note(&request);
    let rate = match &*upstream {
        Upstream::Exception(text) => return Err(ExchangeError::Upstream(text.clone())),
        Upstream::Rate { from, to, rate } => {
            let known = *from == request.from_currency && *to == request.to_currency;
            known.then_some(rate).ok_or(ExchangeError::NoRate)?
        }
    };
    Ok(ExchangeReply {
        exchanged_amount: (request.amount * rate * 100.0).round() / 100.0,
        initial_amount: request.amount,
        from_currency: request.from_currency,
        to_currency: request.to_currency,
    })
}
