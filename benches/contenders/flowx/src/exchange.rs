//! The request and the reply, and how one becomes the other.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

const RATE: f64 = 4.9755;

/// An amount to convert.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(dead_code, reason = "a request is decoded whole, whatever of it is used")]
pub(crate) struct ExchangeRequest {
    request_id: String,
    pub(crate) sequence: u64,
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

/// Whose money it is.
#[derive(Debug, Deserialize, JsonSchema)]
#[allow(dead_code, reason = "as above")]
struct Customer {
    id: String,
    name: String,
    segment: String,
}

/// What is bought with it.
#[derive(Debug, Deserialize, JsonSchema)]
#[allow(dead_code, reason = "as above")]
struct Line {
    number: u32,
    description: String,
    quantity: u32,
    price: f64,
    unit: String,
}

/// The amount in the other currency.
#[derive(Debug, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ExchangeReply {
    request_id: String,
    sequence: u64,
    customer_id: String,
    status: String,
    currency: String,
    converted: f64,
    rate: f64,
    total: f64,
    converted_at: String,
    note: String,
}

impl ExchangeRequest {
    pub(crate) fn converted(self) -> ExchangeReply {
        ExchangeReply {
            request_id: self.request_id,
            sequence: self.sequence,
            customer_id: self.customer.id,
            status: "CONVERTED".to_owned(),
            currency: self.target,
            converted: (self.amount * RATE * 100.0).round() / 100.0,
            rate: RATE,
            total: self.lines.iter().map(|line| f64::from(line.quantity) * line.price).sum(),
            converted_at: self.requested_at,
            note: self.note,
        }
    }
}
