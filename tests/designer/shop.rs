//! Handlers with a type of every kind that serde knows.

use super::*;

#[derive(Debug, thiserror::Error, FlowxError)]
pub(super) enum ShopError {
    /// Nothing is left of it.
    #[error("sold out")]
    #[flowx(refuse = "SOLD_OUT")]
    SoldOut,
    #[error("who?")]
    #[flowx(refuse = "UNKNOWN_CUSTOMER")]
    Unknown,
}

/// An order.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Order {
    /// The customer's number.
    #[schemars(
        title = "Customer",
        length(equal = 6),
        regex(pattern = "^C-[0-9]{4}$"),
        example = "C-1001",
        extend("x-flowx-group" = "Customer")
    )]
    customer_id: String,
    #[schemars(extend("x-flowx-group" = "Delivery"))]
    delivery: Delivery,
    #[schemars(length(min = 1, max = 20))]
    articles: Vec<Article>,
    price: Money,
    channel: Channel,
    #[schemars(extend("format" = "date"))]
    due: String,
    #[schemars(extend("type" = ["number", "string"], "x-flowx-lenient" = "number"))]
    weight: f64,
    /// A number of the ledger.
    ledger: u64,
    #[schemars(extend("x-flowx-sensitive" = true))]
    pin: String,
    #[schemars(extend("const" = 2))]
    version: u8,
    #[serde(default)]
    notes: BTreeMap<String, String>,
}

#[derive(Deserialize, JsonSchema)]
struct Delivery {
    street_name: String,
    floor: Option<i32>,
    #[serde(default)]
    express: bool,
}

#[derive(Deserialize, JsonSchema)]
struct Article {
    number: String,
    #[schemars(example = ["red"])]
    tags: Vec<String>,
}

#[derive(Deserialize, JsonSchema)]
struct Money {
    #[schemars(extend("exclusiveMinimum" = 0))]
    amount: f64,
    code: String,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
enum Channel {
    /// In the shop on the web.
    Web,
    Branch,
    Phone,
}

#[derive(Serialize, JsonSchema)]
#[schemars(example = json!({ "number": 7, "remark": null }))]
struct Ordered {
    number: u32,
    remark: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    voucher: Option<String>,
}

/// Places an order.
#[flowx_handler(topic = "plugin.shop.trigger.order", name = "place-order")]
async fn place_order(order: Order) -> Result<Ordered, ShopError> {
    Ok(Ordered { number: order.articles.len() as u32, remark: None, voucher: None })
}

#[flowx_handler(topic = "retried", order = unordered, retry_topics = ["30s", "5m"])]
async fn retried(_: Delivery) -> Result<Ordered, ShopError> {
    Err(ShopError::SoldOut)
}

#[derive(Deserialize, JsonSchema)]
struct Transfer {
    iban: String,
    amount: f64,
}

#[derive(Deserialize, JsonSchema)]
struct Card {
    number: String,
    amount: f64,
}

#[derive(Deserialize, JsonSchema)]
#[serde(tag = "kind")]
enum Internal {
    /// From an account.
    Transfer(Transfer),
    Card(Card),
    Cash {
        amount: f64,
    },
}

#[flowx_handler(topic = "internal")]
async fn internal(_: Internal) -> Result<Ordered, ShopError> {
    Err(ShopError::Unknown)
}

#[derive(Deserialize, JsonSchema)]
#[serde(tag = "type", content = "data")]
enum Adjacent {
    Transfer(Transfer),
    Card(Card),
    Cash,
}

#[flowx_handler(topic = "adjacent")]
async fn adjacent(_: Adjacent) -> Result<Ordered, ShopError> {
    Err(ShopError::Unknown)
}

#[derive(Deserialize, JsonSchema)]
struct Paid {
    payment: External,
}

#[derive(Deserialize, JsonSchema)]
enum External {
    Transfer {
        iban: String,
    },
    Card {
        number: String,
    },
    /// In notes and coins.
    Cash,
}

#[flowx_handler(topic = "external")]
async fn external(_: Paid) -> Result<Ordered, ShopError> {
    Err(ShopError::Unknown)
}

#[derive(Deserialize, JsonSchema)]
struct Referred {
    reference: Untagged,
}

#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
enum Untagged {
    Transfer(Transfer),
    Text(String),
    Number(u32),
}

#[flowx_handler(topic = "untagged")]
async fn untagged(_: Referred) -> Result<Ordered, ShopError> {
    Err(ShopError::Unknown)
}

#[flowx_handler(topic = "untagged.root")]
async fn untagged_root(_: Untagged) -> Result<Ordered, ShopError> {
    Err(ShopError::Unknown)
}

#[flowx_handler(topic = "external.root")]
async fn external_root(_: External) -> Result<Ordered, ShopError> {
    Err(ShopError::Unknown)
}

#[derive(Deserialize, JsonSchema)]
struct Flattened {
    id: String,
    #[serde(flatten)]
    delivery: Delivery,
    #[serde(flatten)]
    payment: Internal,
    #[serde(flatten)]
    more: HashMap<String, String>,
}

#[flowx_handler(topic = "flattened")]
async fn flattened(_: Flattened) -> Result<Ordered, ShopError> {
    Err(ShopError::Unknown)
}

#[derive(Deserialize, JsonSchema)]
struct Page<T> {
    items: Vec<T>,
    first: Option<T>,
    by_name: HashMap<String, T>,
}

#[flowx_handler(topic = "generic")]
async fn generic(_: Page<Article>) -> Result<Ordered, ShopError> {
    Err(ShopError::Unknown)
}

#[derive(Deserialize, JsonSchema)]
struct Tree {
    name: String,
    children: Vec<Self>,
    parent: Option<Box<Self>>,
}

#[derive(Deserialize, JsonSchema)]
struct Trees {
    left: Tree,
    right: Tree,
}

#[flowx_handler(topic = "recursive")]
async fn recursive(_: Tree) -> Result<Ordered, ShopError> {
    Err(ShopError::Unknown)
}

#[flowx_handler(topic = "recursive.twice", name = "recursive-twice")]
async fn recursive_twice(_: Trees) -> Result<Ordered, ShopError> {
    Err(ShopError::Unknown)
}

#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
enum Expression {
    Number(f64),
    Sum { left: Box<Self>, right: Box<Self> },
}

#[derive(Deserialize, JsonSchema)]
struct Calculated {
    expression: Expression,
}

#[flowx_handler(topic = "recursive.enum")]
async fn recursive_enum(_: Calculated) -> Result<Ordered, ShopError> {
    Err(ShopError::Unknown)
}

#[flowx_handler(topic = "listed")]
async fn listed(articles: Vec<Article>) -> Result<Vec<u32>, ShopError> {
    Ok(vec![articles.len() as u32])
}

#[derive(Deserialize, JsonSchema)]
struct Collected {
    payments: Vec<Internal>,
    grid: Vec<Vec<u8>>,
    channels: Vec<Channel>,
    counts: HashMap<String, u16>,
}

#[flowx_handler(topic = "collected")]
async fn collected(_: Collected) -> Result<Ordered, ShopError> {
    Err(ShopError::Unknown)
}

#[derive(Serialize, JsonSchema)]
#[serde(tag = "kind")]
enum Found {
    One { number: u32 },
    Other(Ordered),
}

#[flowx_handler(topic = "text")]
async fn text(_: String) -> Result<Found, ShopError> {
    Err(ShopError::Unknown)
}

#[flowx_handler(topic = "anything")]
async fn anything(request: Value) -> Result<Value, HandlerError> {
    Ok(request)
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Strict {
    pair: (u8, String),
    maybe: Option<External>,
    day: Option<[u8; 3]>,
    nothing: (),
    long: std::time::Duration,
}

#[flowx_handler(topic = "strict", error_null = false)]
async fn strict(_: Strict) -> Result<Ordered, ShopError> {
    Err(ShopError::Unknown)
}

#[flowx_handler(topic = "silent")]
async fn silent(_: Delivery) -> Result<(), ShopError> {
    Ok(())
}

#[flowx_handler(topic = "failures", reply = "engine.receive.failures")]
async fn failures(_: Delivery) -> Result<(), ShopError> {
    Ok(())
}

#[flowx_handler(topic = "plugin.orders.*", reply = "engine.receive.orders")]
async fn pattern(_: Delivery) -> Result<Ordered, ShopError> {
    Err(ShopError::Unknown)
}

#[flowx_handler(topic = "/legacy.in", reply = "/legacy.out")]
async fn legacy(_: Delivery) -> Result<HashMap<String, u32>, ShopError> {
    Err(ShopError::Unknown)
}
