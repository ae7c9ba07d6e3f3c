//! Handlers of every kind, with types of every shape that serde knows.

#![allow(dead_code, reason = "only the schemas of these types are looked at")]

use std::collections::{BTreeMap, HashMap};

use flowx_core::{FlowxError, HandlerError, flowx_handler};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Money as the shop counts it.
mod shop {
    use super::{Deserialize, JsonSchema, Serialize};

    /// An amount in cents.
    #[derive(Deserialize, Serialize, JsonSchema)]
    pub(super) struct Money {
        pub(super) cents: u64,
    }
}

/// Money as the bank counts it.
mod bank {
    use super::{Deserialize, JsonSchema, Serialize};

    /// An amount and its currency.
    #[derive(Deserialize, Serialize, JsonSchema)]
    pub(super) struct Money {
        pub(super) amount: f64,
        #[schemars(length(equal = 3))]
        pub(super) code: String,
    }
}

/// An order of the shop.
///
/// It may be large.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(example = json!({ "orderNumber": 7, "total": { "cents": 1250 }, "paid": null }))]
struct Order {
    order_number: i64,
    total: shop::Money,
    paid: Option<bank::Money>,
    #[serde(default)]
    notes: Vec<String>,
    #[serde(default)]
    lines: HashMap<String, Line>,
    size: Option<(u32, u32)>,
    #[serde(flatten)]
    more: Origin,
}

/// A line of an order.
#[derive(Deserialize, Serialize, JsonSchema)]
struct Line {
    #[schemars(range(min = 1, max = 1000))]
    count: u16,
    #[serde(default)]
    discount: f32,
}

#[derive(Deserialize, Default, JsonSchema)]
struct Origin {
    #[serde(default)]
    channel: Option<char>,
    #[serde(default)]
    raw: Value,
}

#[derive(Serialize, JsonSchema)]
struct Receipt {
    total: bank::Money,
    lines: Vec<Line>,
    checksum: u128,
}

#[derive(Debug, thiserror::Error, FlowxError)]
enum OrderError {
    /// The shop is out of it.
    #[error("sold out")]
    #[flowx(refuse = "SOLD_OUT")]
    SoldOut,
    #[error("no answer")]
    #[flowx(retry)]
    Silent,
}

/// Takes an order.
///
/// It is paid at once.
#[flowx_handler(topic = "shop.trigger.order")]
async fn order(_: Order) -> Result<Receipt, OrderError> {
    Err(OrderError::Silent)
}

/// Takes money back, and says nothing.
#[flowx_handler(topic = "shop.trigger.refund")]
async fn refund(_: shop::Money) -> Result<(), OrderError> {
    Err(OrderError::SoldOut)
}

/// Says something only when it fails; on the topic where orders are answered.
#[flowx_handler(topic = "shop.trigger.cancel", reply = "engine.receive.shop.order.results")]
async fn cancel(_: bank::Money) -> Result<(), OrderError> {
    Err(OrderError::SoldOut)
}

/// Sees everything that the bank says.
#[flowx_handler(topic = "bank.*", name = "watch-the-bank")]
async fn watch(_: Value) -> Result<(), HandlerError> {
    Ok(())
}

/// Answers what the engine is told.
#[flowx_handler(topic = "engine.receive.*", reply = "mirror")]
async fn mirror(text: String) -> Result<Vec<String>, HandlerError> {
    Ok(vec![text])
}

/// Sends a mail, sooner or later.
#[flowx_handler(
    topic = "/legacy.mail.in",
    order = unordered,
    retry_topics = ["30s", "5m"],
    attempts = 2,
    timeout = std::time::Duration::from_millis(1500)
)]
async fn mail(request: Page<Tree>) -> Result<Page<Tree>, OrderError> {
    Ok(request)
}

#[derive(Deserialize, Serialize, JsonSchema)]
struct Page<T> {
    items: Vec<T>,
    next: Option<Box<Self>>,
}

/// Grows by itself.
#[derive(Deserialize, Serialize, JsonSchema)]
struct Tree {
    name: String,
    children: Vec<Self>,
    by_name: BTreeMap<String, Self>,
}

#[flowx_handler(topic = "forest.trigger.grow")]
async fn grow(tree: Tree) -> Result<Tree, HandlerError> {
    Ok(tree)
}

/// Everything that can be told apart.
#[derive(Deserialize, Serialize, JsonSchema)]
struct Shapes {
    outside: Outside,
    inside: Inside,
    beside: Beside,
    nowhere: Nowhere,
    plain: Plain,
    odd: Odd<u8>,
    nested: Option<Vec<Option<Outside>>>,
    #[serde(rename = "prefixItems")]
    items: Option<String>,
    examples: Vec<Plain>,
    #[schemars(regex(pattern = r"^[A-Z]{2}\d{4}$"))]
    pattern: String,
    bytes: [u8; 4],
    unit: (),
}

#[derive(Deserialize, Serialize, JsonSchema)]
enum Outside {
    Unit,
    Newtype(shop::Money),
    Tuple(i8, String),
    Struct { a: Option<bool> },
}

#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(tag = "kind")]
enum Inside {
    Unit,
    Newtype(bank::Money),
    Struct { a: isize },
}

#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(tag = "kind", content = "value")]
enum Beside {
    Unit,
    Newtype(u64),
    Tuple(i64, i64),
    Struct { a: String },
}

#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(untagged)]
enum Nowhere {
    Number(f64),
    Text(String),
    Many(Vec<Self>),
}

/// One of a few words.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Plain {
    /// The first.
    FirstWord,
    SecondWord,
}

/// A name that no component may have.
#[derive(Deserialize, Serialize, JsonSchema)]
#[schemars(rename = "Odd name/with~ {T}")]
struct Odd<T> {
    value: T,
}

#[flowx_handler(topic = "shapes", refuses = ["UNKNOWN_SHAPE"])]
async fn shapes(shapes: Shapes) -> Result<Shapes, HandlerError> {
    Ok(shapes)
}

/// The same types as requests of others, sent.
#[flowx_handler(topic = "shapes.trigger.one", error_null = false)]
async fn one_shape(_: Odd<u8>) -> Result<Line, HandlerError> {
    Err(HandlerError::refuse("NOTHING", "no shape"))
}
