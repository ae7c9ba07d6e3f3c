//! Requests as the platform sends them, and handlers that do next to nothing with them.

use std::collections::VecDeque;
use std::sync::Arc;

use flowx_core::message::headers::Headers;
use flowx_core::message::record::{Coordinates, Record};
use flowx_core::{HandlerError, Raw, flowx_handler};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A request of about 350 bytes as JSON, with twelve fields; thirty lines make it 4.6 KB.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct ExchangeRequest {
    pub request_id: String,
    pub sequence: u64,
    pub customer: Customer,
    pub account: String,
    pub amount: f64,
    pub currency: String,
    pub target: String,
    pub channel: String,
    pub requested_at: String,
    pub note: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<Line>,
}

/// What is bought with it.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[allow(missing_docs)]
pub struct Line {
    pub number: u32,
    pub description: String,
    pub quantity: u32,
    pub price: f64,
    pub unit: String,
}

/// Whose money it is.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[allow(missing_docs)]
pub struct Customer {
    pub id: String,
    pub name: String,
    pub segment: String,
}

/// A reply of about 230 bytes as JSON.
#[derive(Clone, Debug, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct ExchangeReply {
    pub request_id: String,
    pub sequence: u64,
    pub customer_id: String,
    pub status: String,
    pub currency: String,
    pub converted: f64,
    pub rate: f64,
    pub total: f64,
    pub converted_at: String,
    pub note: String,
}

/// The smallest reply that there can be.
#[derive(Clone, Copy, Debug, JsonSchema, Serialize)]
#[allow(missing_docs)]
pub struct Nothing {}

/// The rate of the day.
pub const RATE: f64 = 4.9755;

/// Converts an amount; the work of an ordinary handler that has all it needs.
#[must_use]
pub fn converted(request: ExchangeRequest) -> ExchangeReply {
    ExchangeReply {
        request_id: request.request_id,
        sequence: request.sequence,
        customer_id: request.customer.id,
        status: "CONVERTED".to_owned(),
        currency: request.target,
        converted: (request.amount * RATE * 100.0).round() / 100.0,
        rate: RATE,
        total: request.lines.iter().map(|line| f64::from(line.quantity) * line.price).sum(),
        converted_at: request.requested_at,
        note: request.note,
    }
}

/// Converts an amount.
#[flowx_handler(topic = "benches.trigger.exchange")]
async fn exchange(request: ExchangeRequest) -> Result<ExchangeReply, HandlerError> {
    Ok(converted(request))
}

/// Looks at nothing and answers next to nothing: what is left is what every request costs.
#[flowx_handler(topic = "benches.trigger.bare")]
async fn bare(request: Raw) -> Result<Nothing, HandlerError> {
    std::hint::black_box(request.len());
    Ok(Nothing {})
}

/// The same, one request of a partition after another.
#[flowx_handler(topic = "benches.trigger.bare_in_partition", order = partition)]
async fn bare_in_partition(request: Raw) -> Result<Nothing, HandlerError> {
    bare(request).await
}

/// The same, in no order.
#[flowx_handler(topic = "benches.trigger.bare_unordered", order = unordered)]
async fn bare_unordered(request: Raw) -> Result<Nothing, HandlerError> {
    bare(request).await
}

/// Is not ready at once, as whatever waits for another service.
#[flowx_handler(topic = "benches.trigger.pending")]
async fn pending(request: Raw) -> Result<Nothing, HandlerError> {
    tokio::task::yield_now().await;
    bare(request).await
}

/// The same, in no order.
#[flowx_handler(topic = "benches.trigger.pending_unordered", order = unordered)]
async fn pending_unordered(request: Raw) -> Result<Nothing, HandlerError> {
    pending(request).await
}

/// What requests there are.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Among how many partitions they are dealt out in turn.
    pub partitions: u64,
    /// How many process instances send them, in turn.
    pub keys: u64,
    /// Lines of each.
    pub lines: u32,
}

impl Default for Shape {
    /// Eight partitions; each request is small, and a process instance of its own sends it.
    fn default() -> Self {
        Self { partitions: 8, keys: u64::MAX, lines: 0 }
    }
}

impl Shape {
    /// Requests of 4.6 KB.
    pub const LARGE: Self = Self { partitions: 8, keys: u64::MAX, lines: 30 };
    /// Requests of a thousand process instances.
    pub const THOUSAND_KEYS: Self = Self { partitions: 8, keys: 1_000, lines: 0 };
}

/// A request with this number, and with so many lines.
#[must_use]
pub fn request(number: u64, lines: u32) -> ExchangeRequest {
    ExchangeRequest {
        request_id: process(number),
        sequence: number,
        customer: Customer {
            id: format!("C-{:08}", number % 100_000),
            name: "Ana Maria Pop".to_owned(),
            segment: "RETAIL".to_owned(),
        },
        account: "RO49AAAA1B31007593840000".to_owned(),
        amount: 1000.0 + f64::from(u32::try_from(number % 10_000).unwrap_or(0)) / 100.0,
        currency: "EUR".to_owned(),
        target: "RON".to_owned(),
        channel: "MOBILE".to_owned(),
        requested_at: "2026-11-26T08:00:00Z".to_owned(),
        note: "transfer to the savings account".to_owned(),
        lines: (0..lines).map(line).collect(),
    }
}

fn line(number: u32) -> Line {
    Line {
        number,
        description: format!(
            "Item {number:03} of the order, second edition, delivered by post within a week"
        ),
        quantity: 1 + number % 5,
        price: f64::from(number) / 2.0,
        unit: "PCS".to_owned(),
    }
}

/// The UUID of the process instance of this number.
#[must_use]
pub fn process(number: u64) -> String {
    let number = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    format!(
        "{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}",
        number >> 32,
        (number >> 16) & 0xffff,
        number & 0xfff,
        (number >> 20) & 0xfff,
        number & 0xffff_ffff_ffff
    )
}

/// The eight headers with which a request of the process instance of this number comes.
#[must_use]
pub fn headers(number: u64) -> Headers {
    let uuid = process(number);
    let id = (119_000 + number).to_string();
    let token = process(number + 1);
    [
        ("processInstanceUuid", uuid.as_str()),
        ("processInstanceId", id.as_str()),
        ("tokenUuid", token.as_str()),
        ("fxContext", "main"),
        ("Fx-AppId", "0193a7a6-9a37-7be6-8b4e-1f7a6a3d2c11"),
        ("Fx-RuntimeBuildId", "0193"),
        ("Fx-WorkspaceId", "0193a7a6-0000"),
        ("Fx-Organization-Id", "acme"),
    ]
    .into_iter()
    .collect()
}

/// So many requests of this shape in each partition of a topic.
///
/// # Panics
/// If JSON cannot be written, which cannot be.
#[must_use]
pub fn records(topic: &Arc<str>, count: u64, shape: Shape) -> Vec<VecDeque<Record>> {
    let Shape { partitions, keys, lines } = shape;
    let mut all: Vec<VecDeque<Record>> = (0..partitions).map(|_| VecDeque::new()).collect();
    for number in 0..count {
        let partition = number % partitions;
        let (Ok(index), Ok(offset), Ok(in_kafka)) = (
            usize::try_from(partition),
            i64::try_from(number / partitions),
            i32::try_from(partition),
        ) else {
            continue;
        };
        all[index].push_back(Record {
            at: Coordinates { topic: Arc::clone(topic), partition: in_kafka, offset },
            timestamp: Some(1_795_000_000_000),
            key: Some(process(number % keys).into_bytes()),
            headers: headers(number % keys),
            payload: Some(serde_json::to_vec(&request(number, lines)).expect("it is JSON")),
        });
    }
    all
}
