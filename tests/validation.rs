//! What a request must pass: accepted, and valid by its schema, are the same.

use std::collections::{BTreeMap, BTreeSet};

use flowx_core::handler::schema::Draft;
use flowx_core::testing::TestConnector;
use flowx_core::{Connector, HandlerError, Lenient, flowx_handler};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// One field of every kind that requests are made of.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(example = full())]
#[expect(dead_code, reason = "it is only read by the decoder")]
struct Everything {
    #[schemars(range(min = 0.01, max = 1000.0))]
    amount: f64,
    #[schemars(length(min = 2, max = 5))]
    short_name: String,
    #[schemars(regex(pattern = r"^[A-ZÄ]{3}$"))]
    currency: String,
    #[schemars(email)]
    email: Option<String>,
    #[schemars(length(max = 2))]
    lines: Vec<Line>,
    small: u8,
    signed: i32,
    large: i64,
    unsigned: u64,
    risk: Risk,
    action: Action,
    payment: Payment,
    either: Either,
    #[serde(default)]
    flag: bool,
    counts: BTreeMap<String, i16>,
    distinct: BTreeSet<u8>,
    pair: (String, u8),
    letter: char,
    #[serde(flatten)]
    more: More,
    anything: Option<Value>,
    #[schemars(range(min = 1))]
    lenient: Lenient<i32>,
    yes: Lenient<bool>,
    nested: Option<Box<Line>>,
}

#[derive(Deserialize, JsonSchema)]
#[expect(dead_code, reason = "it is only read by the decoder")]
struct Line {
    #[schemars(range(min = 1))]
    amount: u32,
    #[schemars(length(max = 3))]
    note: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
enum Risk {
    Low,
    High,
}

#[derive(Deserialize, JsonSchema)]
#[expect(dead_code, reason = "it is only read by the decoder")]
enum Action {
    None,
    Wait(u8),
    Call { number: String },
}

#[derive(Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "lowercase")]
#[expect(dead_code, reason = "it is only read by the decoder")]
enum Payment {
    Cash,
    Card {
        #[schemars(length(equal = 4))]
        last: String,
    },
}

#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "it is only read by the decoder")]
enum Either {
    Number(u16),
    Line(Line),
}

#[derive(Deserialize, JsonSchema)]
#[expect(dead_code, reason = "it is only read by the decoder")]
struct More {
    #[schemars(range(max = 9))]
    level: i8,
}

fn full() -> Value {
    json!({
        "amount": 12.5, "shortName": "Żółw", "currency": "EÄR", "email": "a@example.com",
        "lines": [{ "amount": 1, "note": "öäü" }, { "amount": 2 }],
        "small": 1, "signed": -1, "large": -9_007_199_254_740_993_i64, "unsigned": u64::MAX,
        "risk": "Low", "action": { "Call": { "number": "1" } }, "payment": { "kind": "card", "last": "1234" },
        "either": { "amount": 3 }, "flag": true, "counts": { "a": 1 }, "distinct": [1, 2],
        "pair": ["a", 1], "letter": "ß", "level": 9, "anything": { "x": [1.0] },
        "lenient": "12", "yes": "true", "nested": { "amount": 1, "note": null }
    })
}

#[derive(Serialize, JsonSchema)]
struct Taken {
    taken: bool,
}

#[flowx_handler(topic = "validation.trigger.take")]
async fn take(_: Everything) -> Result<Taken, HandlerError> {
    Ok(Taken { taken: true })
}

#[derive(Deserialize, JsonSchema)]
#[expect(dead_code, reason = "it is only read by the decoder")]
struct Unbounded {
    text: String,
    line: Point,
    risk: Risk,
}

#[derive(Deserialize, JsonSchema)]
#[expect(dead_code, reason = "it is only read by the decoder")]
struct Point {
    x: f64,
    y: i32,
}

/// Nothing of its request is bounded, so that only what types are lenient about tells the two apart.
#[flowx_handler(topic = "validation.trigger.point", examples = [json!({ "text": "t", "line": { "x": 1.5, "y": 1 }, "risk": "Low" })])]
async fn point(_: Unbounded) -> Result<Taken, HandlerError> {
    Ok(Taken { taken: true })
}

async fn start() -> TestConnector {
    TestConnector::start(Connector::builder()).await.unwrap()
}

/// Changes one place of a value, at random.
fn mutate(value: &mut Value, random: &mut fastrand::Rng) {
    let places = match value {
        Value::Object(properties) if !properties.is_empty() && random.u8(..) < 230 => {
            let index = random.usize(..properties.len());
            if random.u8(..) < 30 {
                let key = properties.keys().nth(index).cloned().unwrap();
                properties.remove(&key);
                return;
            }
            properties.values_mut().nth(index)
        }
        Value::Array(items) if !items.is_empty() && random.u8(..) < 180 => {
            if random.u8(..) < 60 {
                let copy = items[0].clone();
                items.push(copy);
                return;
            }
            let index = random.usize(..items.len());
            items.get_mut(index)
        }
        _ => None,
    };
    match places {
        Some(place) => mutate(place, random),
        None => *value = another(value, random),
    }
}

/// A value near this one, or one from a box of odd ones.
fn another(value: &Value, random: &mut fastrand::Rng) -> Value {
    let odd = [
        json!(null),
        json!(true),
        json!("true"),
        json!("false"),
        json!("yes"),
        json!(0),
        json!(1),
        json!(1.0),
        json!(-0.0),
        json!(-1),
        json!(9.5),
        json!(10),
        json!(256),
        json!(65_536),
        json!(2_147_483_648_u32),
        json!(9_223_372_036_854_775_808_u64),
        json!(1e30),
        json!(0.01),
        json!(0.009_999),
        json!(1000),
        json!(""),
        json!("ä"),
        json!("Ääääää"),
        json!("ÄÄÄ"),
        json!("e\u{301}"),
        json!("👩‍👩‍👧"),
        json!("EUR\n"),
        json!("1"),
        json!("-7"),
        json!("0"),
        json!("1.0"),
        json!(" 1"),
        json!("007"),
        json!("1e3"),
        json!("Low"),
        json!("None"),
        json!("not a mail"),
        json!([]),
        json!({}),
        json!([1, 1]),
        json!(["a", 1]),
        json!({ "Low": null }),
        json!({ "None": null }),
        json!({ "Wait": 1.0 }),
        json!({ "Call": ["1"] }),
        json!({ "kind": "cash" }),
        json!(["cash"]),
        json!({ "kind": "card", "last": "äöüß" }),
        json!({ "amount": 0 }),
        json!({ "amount": 1.0, "note": "ÄÖÜ" }),
        json!([1, "n"]),
        json!([1.5, 2]),
    ];
    match value {
        Value::String(text) if random.bool() => Value::from(text.repeat(random.usize(0..3))),
        Value::Number(number) if random.bool() => {
            let step = *random.choice(&[-1.0, 1.0, 0.5]).unwrap();
            json!(number.as_f64().unwrap_or_default() + step)
        }
        Value::Object(_) if random.u8(..) < 90 => {
            // What a type reads in the order of its fields.
            Value::Array(value.as_object().unwrap().values().cloned().collect())
        }
        _ => random.choice(&odd).unwrap().clone(),
    }
}

#[tokio::test(start_paused = true)]
async fn accepted_and_valid_by_the_schema_mean_the_same() {
    const CASES: usize = 8_000;
    let connector = start().await;
    for name in ["take", "point"] {
        let routes = connector.registry().routes();
        let handler = &routes.into_iter().find(|route| route.name() == name).unwrap().handler;
        let schema = handler.request_schema(Draft::Draft202012);
        let validator = jsonschema::options().should_validate_formats(true).build(&schema).unwrap();
        let example = handler.examples()[0].clone();
        let (mut valid, mut random) = (0, fastrand::Rng::with_seed(7));
        for case in 0..CASES {
            let mut request = example.clone();
            (0..random.usize(1..=2)).for_each(|_| mutate(&mut request, &mut random));
            let is_valid = validator.is_valid(&request);
            let exchange = connector.handler(name).payload(request.to_string()).exchange().await;
            let is_accepted = exchange.reply_json().is_ok();
            // Bounds of numbers that come as text stand in the schema for people only.
            let lenient = request.get("lenient").and_then(Value::as_str).map(str::parse::<i64>);
            let is_out_of_bounds = matches!(lenient, Some(Ok(number)) if number < 1);
            assert_eq!(
                is_accepted,
                is_valid && !is_out_of_bounds,
                "case {case}: {request}\n{exchange}"
            );
            valid += usize::from(is_valid);
        }
        assert!((CASES / 10..CASES * 9 / 10).contains(&valid), "{valid} of {CASES} are valid");
    }
}

#[tokio::test(start_paused = true)]
async fn everything_that_is_wrong_is_said_at_once() {
    let connector = start().await;
    let mut request = full();
    request["amount"] = json!(0);
    request["shortName"] = json!("Żółwie");
    request["currency"] = json!("eur");
    request["email"] = json!("nobody");
    request["lines"] = json!([{ "amount": 0 }, { "amount": 1, "note": "four" }, { "amount": 1 }]);
    request["payment"]["last"] = json!("12");
    request["distinct"] = json!([1, 1]);
    request["lenient"] = json!("0");
    request["nested"] = json!({ "amount": 0 });
    let exchange = connector.handler("take").send(&request).await;
    let message = exchange.expect_refusal("INVALID_REQUEST").message;
    let said: BTreeSet<&str> = message.split("; ").collect();
    let expected = [
        "$.amount: must be at least 0.01, not 0",
        "$.shortName: must have at most 5 characters, not 6",
        "$.currency: must match ^[A-ZÄ]{3}$, not \"eur\"",
        "$.email: must be an e-mail address, not \"nobody\"",
        "$.lines: must have at most 2 items, not 3",
        "$.lines[0].amount: must be at least 1, not 0",
        "$.lines[1].note: must have at most 3 characters, not 4",
        "$.payment.last: must have at least 4 characters, not 2",
        "$.distinct: must not hold the same item twice",
        "$.lenient: must be at least 1, not 0",
        "$.nested.amount: must be at least 1, not 0",
    ];
    assert_eq!(said, BTreeSet::from(expected), "{message}");
    // The process has its answer, and nothing failed: there is nothing to send again.
    assert!(exchange.dead_letter().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_request_of_the_wrong_shape_is_put_aside_with_all_that_is_wrong_in_its_answer() {
    let connector = start().await;
    let request = json!({ "text": 7, "line": ["a", 1], "risk": "Medium" });
    let exchange = connector.handler("point").send(&request).await;
    let message = exchange.expect_refusal("INVALID_REQUEST").message;
    let said: BTreeSet<&str> = message.split("; ").collect();
    let expected = [
        "$.text: must be a string, not a number",
        "$.line: must be an object, not an array",
        "$.risk: must be one of \"Low\", \"High\", not \"Medium\"",
    ];
    assert_eq!(said, BTreeSet::from(expected), "{message}");
    exchange.expect_dead_letter("wrong-shape");
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_looked_at_whole_is_refused_only_where_it_matters() {
    let mut settings = flowx_core::config::Settings::default();
    settings.max_values = 50;
    let connector = TestConnector::start(Connector::builder().settings(settings)).await.unwrap();
    let many = Value::from(vec![0; 100]);
    let bounded = |anything: &Value| {
        let mut request = full();
        request["anything"] = anything.clone();
        request
    };
    let exchange = connector.handler("take").send(&bounded(&many)).await;
    let refusal = exchange.expect_refusal("INVALID_REQUEST");
    assert!(refusal.message.contains("more than 50 values"), "{}", refusal.message);
    exchange.expect_dead_letter("too-many-values");
    // Nothing in this one is bounded.
    let mut request =
        json!({ "text": "t", "line": { "x": 1, "y": 1 }, "risk": "Low", "more": many });
    assert!(connector.handler("point").send(&request).await.reply_json().is_ok());
    request["line"]["y"] = json!("1");
    let refusal = connector.handler("point").send(&request).await.expect_refusal("INVALID_REQUEST");
    assert!(refusal.message.starts_with("$.line.y: invalid type"), "{}", refusal.message);
}
