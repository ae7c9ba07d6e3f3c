//! Asks a legacy HTTP service whether a customer may have a credit.
//!
//! A process sends `{"customerId": "C-1001", "amount": 2500.0}` to
//! `ai.flowx.dev.plugin.credit.trigger.check.v1` and gets `{"customerId": "C-1001",
//! "approved": true, "limit": 5000.0, "risk": "LOW", "errorMessage": null}` on
//! `ai.flowx.dev.engine.receive.plugin.credit.check.results.v1`. The legacy service counts in cents
//! and speaks in capitals; the connector keeps that away from the process.
//!
//! What goes wrong decides what happens: a customer that the service does not know is refused at
//! once; a service that is slow, overloaded or down is asked again, with the same `Idempotency-Key`.
//!
//! | variable | means | default |
//! |---|---|---|
//! | `LEGACY_URL` | base of the service, for example `http://credit.internal:8080` | a stand-in is started |
//!
//! ```text
//! cargo run --bin credit_check                                 # against the stand-in
//! LEGACY_URL=http://credit.internal:8080 credit_check run      # against the real one
//! ```

#![forbid(unsafe_code)]

mod stand_in;

use std::process::ExitCode;
use std::time::Duration;

use flowx_core::{Connector, Context, FlowxError, State, flowx_handler};
use reqwest::{StatusCode, Url};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// `EX_CONFIG` of sysexits: the configuration is wrong, and a restart will not mend it.
const EXIT_CONFIG: u8 = 78;

#[tokio::main]
async fn main() -> ExitCode {
    match LegacyService::from_environment().await {
        Ok(service) => Connector::builder().state(service).main().await,
        Err(problem) => {
            eprintln!("error: {problem}");
            ExitCode::from(EXIT_CONFIG)
        }
    }
}

/// A customer and the credit that is wanted.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(example = json!({ "customerId": "C-1001", "amount": 2500.0 }))]
#[schemars(example = json!({ "customerId": "C-1002", "amount": 2500.0 }))]
#[schemars(example = json!({ "customerId": "C-9999", "amount": 2500.0 }))]
#[schemars(example = json!({ "customerId": "C-1001", "amount": 0.0 }))]
struct CreditRequest {
    /// The customer's number in the legacy system: `C-1001`.
    customer_id: String,
    /// The credit that is wanted, in euros: at least one cent, at most 10 000 000.
    amount: f64,
}

/// What the legacy service decided.
#[derive(Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(example = CreditReply {
    customer_id: "C-1001".to_owned(),
    approved: true,
    limit: 5000.0,
    risk: Risk::Low,
})]
struct CreditReply {
    /// The customer's number.
    customer_id: String,
    /// Whether the customer may have this credit.
    approved: bool,
    /// The largest credit that the customer may have, in euros.
    limit: f64,
    /// How likely it is that the credit is not paid back.
    risk: Risk,
}

/// How likely it is that a credit is not paid back.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
enum Risk {
    /// Classes 1 to 3 of the legacy service.
    Low,
    /// Classes 4 to 6.
    Medium,
    /// All others.
    High,
}

/// Why there is no decision.
#[derive(Debug, thiserror::Error, FlowxError)]
enum CreditError {
    /// The legacy service has no customer of this number.
    #[error("the customer `{0}` is not known")]
    #[flowx(refuse = "CUSTOMER_NOT_FOUND")]
    CustomerNotFound(String),
    /// The amount is below one cent or above what the service can decide on.
    #[error("the amount must be at least 0.01 and at most {LARGEST_AMOUNT}, not {0}")]
    #[flowx(refuse = "INVALID_AMOUNT")]
    InvalidAmount(f64),
    /// The legacy service does not accept the request; asking again would not help.
    #[error("the credit service does not accept the request (HTTP {})", .0.as_u16())]
    #[flowx(refuse = "NOT_ACCEPTED")]
    NotAccepted(StatusCode),
    /// The service is overloaded or broken.
    #[error("the credit service answers with HTTP {}", .0.as_u16())]
    #[flowx(retry)]
    Overloaded(StatusCode),
    /// The service is not there, is too slow, or speaks something other than its own JSON.
    #[error("the credit service cannot be asked")]
    #[flowx(retry)]
    Unreachable(#[source] reqwest::Error),
}

const LARGEST_AMOUNT: f64 = 10_000_000.0;

/// Decides whether a customer may have a credit of this amount.
///
/// A customer who may not have it is a decision like any other: `approved` is `false`. Only what
/// cannot be decided is an error.
#[flowx_handler(topic = "plugin.credit.trigger.check")]
async fn check(
    request: CreditRequest,
    service: State<LegacyService>,
    context: Context,
) -> Result<CreditReply, CreditError> {
    let cents = (request.amount * 100.0).round();
    if !(cents >= 1.0 && request.amount <= LARGEST_AMOUNT) {
        return Err(CreditError::InvalidAmount(request.amount));
    }
    let question = Question { customer: request.customer_id, cents: cents as u64 };
    let answer = service.ask(&question, &context).await?;
    Ok(CreditReply {
        customer_id: question.customer,
        approved: answer.decision == Decision::Yes,
        limit: answer.limit_cents as f64 / 100.0,
        risk: answer.risk(),
    })
}

/// The legacy service, as one client with pooled connections.
#[derive(Debug)]
struct LegacyService {
    checks: Url,
    http: reqwest::Client,
}

/// What the service is sent, in its own words.
#[derive(Debug, Deserialize, Serialize)]
struct Question {
    #[serde(rename = "CUSTNO")]
    customer: String,
    #[serde(rename = "AMT_CENTS")]
    cents: u64,
}

/// What the service sends back, in its own words.
#[derive(Clone, Debug, Deserialize, Serialize)]
struct Answer {
    #[serde(rename = "DECISION")]
    decision: Decision,
    #[serde(rename = "LIMIT_CENTS")]
    limit_cents: u64,
    #[serde(rename = "RISK_CLASS")]
    risk_class: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
enum Decision {
    #[serde(rename = "Y")]
    Yes,
    #[serde(rename = "N")]
    No,
}

impl Answer {
    fn risk(&self) -> Risk {
        match self.risk_class {
            1..=3 => Risk::Low,
            4..=6 => Risk::Medium,
            _ => Risk::High,
        }
    }
}

impl LegacyService {
    /// The service at `LEGACY_URL`; without it, a stand-in that ends with the connector.
    async fn from_environment() -> Result<Self, String> {
        match std::env::var("LEGACY_URL") {
            Ok(base) => Self::at(&base).map_err(|problem| format!("LEGACY_URL: {problem}")),
            Err(_) => {
                let base = stand_in::start(stand_in::service()).await;
                let base = base.map_err(|error| format!("cannot start the stand-in: {error}"))?;
                eprintln!("LEGACY_URL is not set: a stand-in answers at {base}");
                Self::at(&base)
            }
        }
    }

    fn at(base: &str) -> Result<Self, String> {
        let checks = format!("{}/credit-checks", base.trim_end_matches('/'));
        let checks = Url::parse(&checks)
            .map_err(|error| format!("`{base}` is no URL ({error}); write `http://host:port`"))?;
        // The service stands in the same network: no proxy lies between.
        let http = reqwest::Client::builder().no_proxy().build();
        let http = http.map_err(|error| format!("cannot make an HTTP client: {error}"))?;
        Ok(Self { checks, http })
    }

    async fn ask(&self, question: &Question, context: &Context) -> Result<Answer, CreditError> {
        let asked = self.http.post(self.checks.clone()).json(question);
        let asked = asked.header("Idempotency-Key", context.idempotency_key());
        let response = asked.timeout(patience(context)).send().await.map_err(unreachable)?;
        match response.status() {
            status if status.is_success() => response.json().await.map_err(unreachable),
            StatusCode::NOT_FOUND => Err(CreditError::CustomerNotFound(question.customer.clone())),
            status if status.is_server_error() || is_later(status) => {
                Err(CreditError::Overloaded(status))
            }
            status => Err(CreditError::NotAccepted(status)),
        }
    }
}

/// A tenth of the time that is left is kept back: a request that ends by itself says what happened,
/// one that is cut off with the handler does not.
fn patience(context: &Context) -> Duration {
    context.remaining() * 9 / 10
}

fn is_later(status: StatusCode) -> bool {
    matches!(status, StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS)
}

fn unreachable(error: reqwest::Error) -> CreditError {
    CreditError::Unreachable(error.without_url())
}

#[cfg(test)]
mod tests;
