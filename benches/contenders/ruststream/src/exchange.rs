//! What the connector does for a request.

use std::collections::HashSet;
use std::sync::Mutex;
use std::time::Duration;

use ruststream::Outgoing;
use serde::{Deserialize, Serialize};

const RATE: f64 = 4.9755;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(dead_code, reason = "all of a request is decoded, whatever of it is used")]
pub struct Request {
    request_id: String,
    sequence: u64,
    customer: Customer,
    account: String,
    amount: f64,
    currency: String,
    target: String,
    channel: String,
    requested_at: String,
    note: String,
    #[serde(default)]
    lines: Vec<Line>,
}

#[derive(Debug, Deserialize)]
#[allow(dead_code, reason = "all of a request is decoded, whatever of it is used")]
struct Customer {
    id: String,
    name: String,
    segment: String,
}

#[derive(Debug, Deserialize)]
#[allow(dead_code, reason = "all of a request is decoded, whatever of it is used")]
struct Line {
    number: u32,
    description: String,
    quantity: u32,
    price: f64,
    unit: String,
}

#[derive(Debug, Serialize, Outgoing)]
#[serde(rename_all = "camelCase")]
pub struct Reply {
    request_id: String,
    sequence: u64,
    customer_id: String,
    status: &'static str,
    currency: String,
    converted: f64,
    rate: f64,
    total: f64,
    converted_at: String,
    note: String,
}

#[derive(Debug)]
pub struct TryAgain;

/// What the scenario asks of the handler.
#[derive(Debug, Default)]
pub struct Scenario {
    pub wait: Option<Duration>,
    pub retry_percent: u64,
    /// Ids of requests that have had their first attempt.
    pub failed: Mutex<HashSet<String>>,
}

impl Scenario {
    pub async fn exchange(&self, request: &Request) -> Result<Reply, TryAgain> {
        if request.sequence % 100 < self.retry_percent {
            let mut failed = self.failed.lock().expect("nobody panics with it");
            if failed.insert(request.request_id.clone()) {
                return Err(TryAgain);
            }
        }
        if let Some(wait) = self.wait {
            tokio::time::sleep(wait).await;
        }
        Ok(Reply {
            request_id: request.request_id.clone(),
            sequence: request.sequence,
            customer_id: request.customer.id.clone(),
            status: "CONVERTED",
            currency: request.target.clone(),
            converted: (request.amount * RATE * 100.0).round() / 100.0,
            rate: RATE,
            total: request.lines.iter().map(|line| f64::from(line.quantity) * line.price).sum(),
            converted_at: request.requested_at.clone(),
            note: request.note.clone(),
        })
    }
}
