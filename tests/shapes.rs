//! Types of every shape come out right in everything that is made of them: schemas of both drafts, the
//! AsyncAPI document, the designer's artefacts, the catalog; and the runtime agrees.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, NaiveDate, Utc};
use flowx_core::config::Settings;
use flowx_core::contract::catalog::{Catalog, page};
use flowx_core::contract::designer::Artefacts;
use flowx_core::contract::lint::lint;
use flowx_core::handler::schema::Draft;
use flowx_core::testing::TestConnector;
use flowx_core::{Connector, HandlerError, flowx_handler};
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A handler that gives back what it gets, and a test of everything that is said of its type.
macro_rules! shape {
    (
        $name:ident: $ty:ty, $topic:literal,
        shown as $example:tt, refusing $refused:tt, in rows $rows:tt
    ) => {
        #[flowx_handler(topic = $topic, examples = [json!($example)])]
        async fn $name(request: $ty) -> Result<$ty, HandlerError> {
            Ok(request)
        }

        mod $name {
            #[tokio::test(start_paused = true)]
            async fn comes_out_right_in_all_artefacts() {
                let refused = serde_json::json!($refused);
                super::check(stringify!($name), &refused, &$rows).await;
            }
        }
    };
}

async fn check(name: &str, refused: &Value, rows: &[(&str, &str)]) {
    let builder = Connector::builder().only([name]).settings(Settings::default());
    let connector = builder.clone().build().unwrap();
    let routes: Vec<_> = connector.registry().routes().collect();
    let [route] = routes[..] else { panic!("one handler") };
    let example = &route.handler.examples()[0];

    // The runtime takes the example, and its reply is as the schema says; the other it does not take.
    let running = TestConnector::start(builder).await.unwrap();
    running.play_examples().await;
    running.handler(name).send(refused).await.expect_refusal("INVALID_REQUEST");

    for draft in [Draft::Draft202012, Draft::Draft07] {
        let schema = route.handler.request_schema(draft);
        let validator = jsonschema::options().should_validate_formats(true).build(&schema).unwrap();
        assert!(validator.is_valid(example), "{example}: {schema:#}");
        assert!(!validator.is_valid(refused), "{refused}: {schema:#}");
    }

    let document = connector.asyncapi();
    let mistakes: Vec<String> = lint(&document).iter().map(ToString::to_string).collect();
    assert_eq!(mistakes, [""; 0]);
    let message = &document["components"]["messages"][format!("{name}.request")];
    assert_eq!(&message["examples"][0]["payload"], example);

    let contract = connector.contract();
    let artefacts = Artefacts::of(&contract.handlers[0], &contract);
    let kind = |kind: &Value| kind.as_str().unwrap_or_default().to_owned();
    let model = serde_json::to_value(&artefacts.request_model).unwrap();
    let model: Vec<(String, String)> = model
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (kind(&row["path"]), kind(&row["kind"])))
        .collect();
    let expected: Vec<(String, String)> =
        rows.iter().map(|(path, kind)| ((*path).to_owned(), (*kind).to_owned())).collect();
    assert_eq!(model, expected);
    assert_eq!(&artefacts.sample_request, example);

    let page = page(&Catalog::of(contract));
    assert!(page.contains(&format!("\"name\":\"{name}\"")), "the page has the handler");
}

/// A part of something larger, which has parts of its own.
#[derive(Deserialize, Serialize, JsonSchema)]
struct Tree {
    name: String,
    children: Vec<Self>,
}

shape! {
    recursive: Tree, "shapes.trigger.recursive",
    shown as { "name": "root", "children": [{ "name": "leaf", "children": [] }] },
    refusing { "name": "root", "children": [{ "name": 1, "children": [] }] },
    in rows [("name", "STRING"), ("children", "ARRAY")]
}

#[derive(Deserialize, Serialize, JsonSchema)]
struct Page<T> {
    items: Vec<T>,
    next: Option<T>,
}

#[derive(Deserialize, Serialize, JsonSchema)]
struct Item {
    id: u32,
}

shape! {
    generic: Page<Item>, "shapes.trigger.generic",
    shown as { "items": [{ "id": 1 }], "next": null },
    refusing { "items": [{ "id": -1 }] },
    in rows [
        ("items", "ARRAY"), ("items[].id", "NUMBER"), ("next", "OBJECT"), ("next.id", "NUMBER")
    ]
}

#[derive(Deserialize, Serialize, JsonSchema)]
enum External {
    Cash,
    Card { number: String },
}

#[derive(Deserialize, Serialize, JsonSchema)]
struct HoldsExternal {
    payment: External,
}

shape! {
    externally_tagged: HoldsExternal, "shapes.trigger.external",
    shown as { "payment": { "Card": { "number": "1" } } },
    refusing { "payment": { "Card": {} } },
    in rows [
        ("payment", "OBJECT"), ("payment.Card", "OBJECT"), ("payment.Card.number", "STRING")
    ]
}

#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Internal {
    Cash,
    Card { number: String },
}

shape! {
    internally_tagged: Internal, "shapes.trigger.internal",
    shown as { "kind": "card", "number": "1" },
    refusing { "kind": "card" },
    in rows [("", "OBJECT"), ("kind", "ENUM"), ("number", "STRING")]
}

#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(tag = "kind", content = "of")]
enum Adjacent {
    Card { number: String },
    Amount { cents: u64 },
}

shape! {
    adjacently_tagged: Adjacent, "shapes.trigger.adjacent",
    shown as { "kind": "Amount", "of": { "cents": 1 } },
    refusing { "kind": "Amount", "of": { "number": "1" } },
    in rows [("", "OBJECT"), ("kind", "ENUM"), ("of", "OBJECT"), ("of.number", "STRING"), ("of.cents", "NUMBER")]
}

#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(untagged)]
enum Untagged {
    Person { name: String },
    Company { company: String },
}

shape! {
    untagged: Untagged, "shapes.trigger.untagged",
    shown as { "company": "C" },
    refusing { "nobody": "N" },
    in rows [("", "OBJECT"), ("name", "STRING"), ("company", "STRING")]
}

#[derive(Deserialize, Serialize, JsonSchema)]
struct Flat {
    own: bool,
    #[serde(flatten)]
    item: Item,
}

shape! {
    flattened: Flat, "shapes.trigger.flat",
    shown as { "own": true, "id": 1 },
    refusing { "own": true },
    in rows [("own", "BOOLEAN"), ("id", "NUMBER")]
}

#[derive(Deserialize, Serialize, JsonSchema)]
struct Maps {
    counts: BTreeMap<String, u8>,
    items: HashMap<String, Item>,
}

shape! {
    maps: Maps, "shapes.trigger.maps",
    shown as { "counts": { "a": 1 }, "items": { "b": { "id": 1 } } },
    refusing { "counts": { "a": 256 }, "items": {} },
    in rows [
        ("counts", "OBJECT"), ("items", "OBJECT"), ("items.<key>", "OBJECT"),
        ("items.<key>.id", "NUMBER")
    ]
}

#[derive(Deserialize, Serialize, JsonSchema)]
struct Optional {
    nullable: Option<String>,
    #[serde(default)]
    left_out: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    skipped: Option<Item>,
}

shape! {
    optional: Optional, "shapes.trigger.optional",
    shown as { "nullable": null },
    refusing { "left_out": null },
    in rows [
        ("nullable", "STRING"), ("left_out", "NUMBER"), ("skipped", "OBJECT"),
        ("skipped.id", "NUMBER")
    ]
}

#[derive(Deserialize, Serialize, JsonSchema)]
struct Wide {
    signed: i64,
    unsigned: u64,
}

shape! {
    integers_of_64_bits: Wide, "shapes.trigger.wide",
    shown as { "signed": (i64::MIN), "unsigned": (u64::MAX) },
    refusing { "signed": 9_223_372_036_854_775_808_u64, "unsigned": 0 },
    in rows [("signed", "NUMBER"), ("unsigned", "NUMBER")]
}

#[derive(Deserialize, Serialize, JsonSchema)]
struct Price {
    net: Decimal,
}

shape! {
    decimals: Price, "shapes.trigger.decimals",
    shown as { "net": "12.50" },
    refusing { "net": "a lot" },
    in rows [("net", "NUMBER")]
}

#[derive(Deserialize, Serialize, JsonSchema)]
struct Dates {
    day: NaiveDate,
    time: DateTime<Utc>,
}

shape! {
    dates: Dates, "shapes.trigger.dates",
    shown as { "day": "2024-06-28", "time": "2024-06-28T09:30:00Z" },
    refusing { "day": "28.6.2024", "time": "2024-06-28T09:30:00Z" },
    in rows [("day", "DATE"), ("time", "DATE")]
}
