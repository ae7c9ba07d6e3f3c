//! Every pair of schemas, in both directions: as a request and as a reply.

use flowx_core::contract::diff::{Change, Place, Verdict, diff};
use serde_json::{Map, Value, json};

use crate::contracts::contract;
use crate::instances::{Instances, validator};
use crate::pairs::{Pair, all};

/// How many messages confirm a verdict.
const MESSAGES: usize = 2_000;
/// How many may be made for them: rules that hang together make some invalid.
const TRIES: usize = 40 * MESSAGES;

/// The worst of the verdicts; what names no change is safe.
fn worst(changes: &[Change]) -> Verdict {
    changes.iter().map(|change| change.verdict).max().unwrap_or(Verdict::Safe)
}

/// Changes of a pair, read as requests or as replies.
fn changes(pair: &Pair, place: Place) -> Vec<Change> {
    let side = |schema: &Value| match place {
        Place::Request => contract(schema, &json!({ "type": "object" })),
        _ => contract(&json!({ "type": "object" }), schema),
    };
    let changes = diff(&side(&pair.old), &side(&pair.new));
    for change in &changes {
        assert_eq!(change.place, place, "{}: {change:#?}", pair.name);
        assert_eq!(change.handler.as_deref(), Some("exchange"));
        for sentence in [&change.what, &change.reason] {
            assert!(sentence.ends_with('.') && sentence.len() > 10, "{change:#?}");
        }
    }
    changes
}

#[test]
fn every_change_of_a_schema_has_its_verdict_and_its_path() {
    let mut wrong = Vec::new();
    for pair in all() {
        for (place, expected) in [(Place::Request, pair.request), (Place::Reply, pair.reply)] {
            let found = changes(&pair, place);
            let mut told: Vec<(&str, Verdict)> = found
                .iter()
                .map(|change| (change.path.as_deref().expect("a path"), change.verdict))
                .collect();
            let mut expected: Vec<(&str, Verdict)> = expected.to_vec();
            told.sort_unstable();
            expected.sort_unstable();
            if told != expected {
                wrong.push(format!("{} as {place}: {found:#?}\nexpected {expected:?}", pair.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), all().len(), wrong.join("\n"));
}

#[test]
fn messages_confirm_every_verdict() {
    let mut wrong = Vec::new();
    let mut confirmed = 0;
    for (seed, pair) in (1..).zip(all()) {
        for place in [Place::Request, Place::Reply] {
            let verdict = worst(&changes(&pair, place));
            match confirm(&pair, place, verdict, seed) {
                Ok(()) => confirmed += 1,
                Err(problem) => wrong.push(format!("{} as {place}: {problem}", pair.name)),
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(confirmed >= 120, "{confirmed}");
}

/// Sends what the sender's schema describes to a reader with the receiver's.
fn confirm(pair: &Pair, place: Place, verdict: Verdict, seed: u64) -> Result<(), String> {
    let is_request = place == Place::Request;
    let (sender, receiver) = if is_request {
        (lenient(&pair.old), lenient(&pair.new))
    } else {
        (lenient(&pair.new), stored(&lenient(&pair.old)))
    };
    let (sends, reads) = (validator(&sender), validator(&receiver));
    let mut instances = Instances::new(&sender, seed, is_request).with_names_of(&receiver);
    let messages: Vec<Value> = (0..TRIES)
        .map(|_| instances.make())
        .filter(|message| sends.is_valid(message))
        .take(MESSAGES)
        .collect();
    if messages.len() < MESSAGES {
        return Err(format!("only {} messages could be made", messages.len()));
    }
    let refused = messages.iter().find(|message| !reads.is_valid(message));
    match (verdict, refused) {
        (Verdict::Safe, Some(message)) => Err(format!("safe, and {message} is refused")),
        (Verdict::Breaks | Verdict::NewVersion, None) if pair.proved => {
            Err(format!("{verdict}, and no message shows it"))
        }
        _ => Ok(()),
    }
}

/// What is marked as lenient is accepted as text too.
fn lenient(schema: &Value) -> Value {
    match schema {
        Value::Object(words) => {
            let mut words: Map<String, Value> =
                words.iter().map(|(word, value)| (word.clone(), lenient(value))).collect();
            if words.contains_key("x-flowx-lenient") {
                words.insert("type".to_owned(), json!([words["type"], "string"]));
            }
            Value::Object(words)
        }
        Value::Array(values) => values.iter().map(lenient).collect(),
        other => other.clone(),
    }
}

/// The engine stores the whole of a reply: nothing in it is too much.
fn stored(schema: &Value) -> Value {
    match schema {
        Value::Object(words) => {
            let mut kept = Map::new();
            for (word, value) in words {
                let closes = word == "additionalProperties" || word == "unevaluatedProperties";
                if !(closes && value == &json!(false)) {
                    let word = if word == "oneOf" { "anyOf" } else { word };
                    kept.insert(word.to_owned(), stored(value));
                }
            }
            Value::Object(kept)
        }
        Value::Array(values) => values.iter().map(stored).collect(),
        other => other.clone(),
    }
}

#[test]
fn a_schema_against_itself_has_no_change() {
    for pair in all() {
        for schema in [&pair.old, &pair.new] {
            let itself = Pair { old: schema.clone(), new: schema.clone(), ..pair };
            for place in [Place::Request, Place::Reply] {
                assert_eq!(changes(&itself, place), [], "{}", pair.name);
            }
        }
    }
}

#[test]
fn ranges_of_number_formats_count() {
    let of = |format: &str| json!({ "type": "integer", "format": format });
    for (old, new, request, reply) in [
        ("int64", "int32", Verdict::Breaks, Verdict::Safe),
        ("int32", "int64", Verdict::Safe, Verdict::Breaks),
        ("uint32", "int64", Verdict::Safe, Verdict::Breaks),
        ("int32", "uint32", Verdict::Breaks, Verdict::Breaks),
    ] {
        let pair = Pair { old: of(old), new: of(new), ..Pair::default() };
        for (place, verdict) in [(Place::Request, request), (Place::Reply, reply)] {
            assert_eq!(worst(&changes(&pair, place)), verdict, "{old} to {new} as {place}");
        }
    }
    // The types behind the formats agree.
    assert!(serde_json::from_value::<i32>(json!(i64::MAX)).is_err());
    assert!(serde_json::from_value::<i64>(json!(i32::MAX)).is_ok());
    assert!(serde_json::from_value::<i64>(json!(u32::MAX)).is_ok());
    assert!(serde_json::from_value::<u32>(json!(-1)).is_err());
}

#[test]
fn a_message_of_many_places_ends() {
    // Each type has the next one twice: 2^30 places, if each were looked at.
    let schema = |last: &str| {
        let mut definitions = Map::new();
        for level in 0..30 {
            let next = json!({ "$ref": format!("#/$defs/L{}", level + 1) });
            let fields = json!({ "a": next, "b": next });
            definitions
                .insert(format!("L{level}"), json!({ "type": "object", "properties": fields }));
        }
        definitions.insert("L30".to_owned(), json!({ "type": last }));
        json!({ "$ref": "#/$defs/L0", "$defs": definitions })
    };
    let pair = Pair { old: schema("string"), new: schema("number"), ..Pair::default() };
    assert!(worst(&changes(&pair, Place::Request)) > Verdict::Safe);
}
