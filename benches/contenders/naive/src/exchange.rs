//! The request and the reply, and how one becomes the other.

use serde::{Deserialize, Serialize};

const RATE: f64 = 4.9755;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(dead_code, reason = "a request is decoded whole, whatever of it is used")]
pub(crate) struct Request {
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

#[derive(Deserialize)]
#[allow(dead_code, reason = "as above")]
struct Customer {
    id: String,
    name: String,
    segment: String,
}

#[derive(Deserialize)]
#[allow(dead_code, reason = "as above")]
struct Line {
    number: u32,
    description: String,
    quantity: u32,
    price: f64,
    unit: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Reply {
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

impl Reply {
    pub(crate) fn to(request: Request) -> Self {
        Self {
            request_id: request.request_id,
            sequence: request.sequence,
            customer_id: request.customer.id,
            status: "CONVERTED",
            currency: request.target,
            converted: (request.amount * RATE * 100.0).round() / 100.0,
            rate: RATE,
            total: request.lines.iter().map(|line| f64::from(line.quantity) * line.price).sum(),
            converted_at: request.requested_at,
            note: request.note,
        }
    }
}
