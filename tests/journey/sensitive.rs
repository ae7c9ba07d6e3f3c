//! What a schema marks as sensitive: no message, no log and no view of a dead letter has it.

use std::collections::HashSet;
use std::time::Duration;

use flowx_core::config::Settings;
use flowx_core::config::process_ids::ProcessIds;
use flowx_core::dead_letters::Filter;
use flowx_core::dead_letters::journal::Journal;
use flowx_core::dead_letters::view::{Payload, Row, Whole, json_line};
use flowx_core::message::decode::Reason;
use flowx_core::testing::TestConnector;
use flowx_core::{Connector, HandlerError, flowx_handler};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::logs::Log;
use crate::shop;

/// Stands in every sensitive place.
const CANARY: &str = "tweety-4713";

#[derive(Deserialize, JsonSchema)]
#[expect(dead_code, reason = "that it is read is enough")]
struct Applicant {
    #[serde(default)]
    act: String,
    #[schemars(extend("x-flowx-sensitive" = true), length(max = 20), regex(pattern = "^[^!]*$"))]
    born: Option<String>,
    #[schemars(extend("writeOnly" = true), range(max = 9_999))]
    code: Option<u32>,
    #[schemars(extend("x-flowx-sensitive" = true))]
    kind: Option<Kind>,
    #[schemars(extend("format" = "password"), with = "Option<String>")]
    #[serde(default, deserialize_with = "picky")]
    word: Option<String>,
    #[serde(default)]
    people: Vec<Person>,
    #[serde(default)]
    #[schemars(extend("x-flowx-sensitive" = true))]
    tree: serde_json::Value,
}

#[derive(Deserialize, JsonSchema)]
#[expect(dead_code, reason = "that it is read is enough")]
struct Person {
    #[schemars(extend("x-flowx-sensitive" = true))]
    cards: std::collections::BTreeMap<String, u8>,
}

#[derive(Deserialize, JsonSchema)]
enum Kind {
    Natural,
    Legal,
}

/// Takes no canaries, and quotes what it does not take.
fn picky<'de, D: Deserializer<'de>>(decoder: D) -> Result<Option<String>, D::Error> {
    let word = Option::<String>::deserialize(decoder)?;
    match word {
        Some(word) if word.contains(CANARY) => {
            Err(serde::de::Error::custom(format!("`{word}` is no word")))
        }
        word => Ok(word),
    }
}

#[derive(JsonSchema)]
struct Broken {
    #[expect(dead_code, reason = "it is never sent")]
    done: bool,
}

impl Serialize for Broken {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(serde::ser::Error::custom("no answer for this"))
    }
}

/// Ends in every way that a handler can.
#[flowx_handler(topic = "sensitive.apply", attempts = 2)]
async fn apply(request: Applicant) -> Result<Broken, HandlerError> {
    let born = request.born.unwrap_or_default();
    match &*request.act {
        "refuse" => Err(HandlerError::refuse("TOO_YOUNG", "come back later")),
        "retry" => Err(HandlerError::retry("the register does not answer")),
        "panic" => panic!("{born} is unlucky"),
        "hang" => std::future::pending().await,
        _ => Ok(Broken { done: true }),
    }
}

/// Every way to fail, with the canary where only a sensitive value stands.
fn cases() -> Vec<(&'static str, Vec<u8>)> {
    let act = |act: &str| format!(r#"{{"act":"{act}","born":"{CANARY}"}}"#).into_bytes();
    let with = |fields: String| format!("{{{fields}}}").into_bytes();
    let deep = format!("{}\"{CANARY}\"{}", "[".repeat(70), "]".repeat(70));
    let many = format!("[{}\"{CANARY}\"]", "1,".repeat(100_001));
    let mut latin = with(format!(r#""born":"{CANARY}?""#));
    *latin.iter_mut().find(|byte| **byte == b'?').unwrap() = 0xe4;
    vec![
        ("refused", act("refuse")),
        ("retry-exhausted", act("retry")),
        ("handler-panic", act("panic")),
        ("handler-timeout", act("hang")),
        ("reply-rejected", act("answer")),
        ("wrong-shape", with(format!(r#""code":"{CANARY}""#))),
        ("wrong-shape", with(format!(r#""kind":"{CANARY}""#))),
        ("wrong-shape", with(format!(r#""word":"{CANARY}""#))),
        ("wrong-shape", with(format!(r#""people":[{{"cards":{{"{CANARY}":"{CANARY}"}}}}]"#))),
        ("wrong-shape", with(format!(r#""people":[{{"cards":{{"{CANARY}":300}}}}]"#))),
        ("invalid", with(format!(r#""born":"{CANARY}!""#))),
        ("invalid", with(format!(r#""born":"{CANARY}, far too long for it""#))),
        ("unresolved-placeholder", with(format!(r#""born":"${{{CANARY}}}""#))),
        ("malformed-json", with(format!(r#""born":"{CANARY}" "{CANARY}""#))),
        ("malformed-json", format!(r#"{{"born":"{CANARY}"#).into_bytes()),
        ("framed", [b"\0\0\0\0\x01", &act("answer")[..]].concat()),
        ("not-utf8", latin),
        ("too-deep", with(format!(r#""tree":{deep}"#))),
        ("too-many-values", with(format!(r#""tree":{many}"#))),
        ("too-large", with(format!(r#""born":"{}""#, CANARY.repeat(100_000)))),
    ]
}

fn settings() -> Settings {
    let mut settings = Settings::default();
    settings.message_max_bytes = 1_000_000;
    settings.dead_letter_refusals = true;
    settings.handler_timeout = Duration::from_secs(1);
    settings
}

async fn started() -> TestConnector {
    let builder = Connector::builder().settings(settings()).group("sensitive").only(["apply"]);
    TestConnector::start(builder).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn no_log_no_answer_and_no_view_of_a_dead_letter_has_what_is_sensitive() {
    let log = Log::begin();
    let connector = started().await;
    let mut seen = HashSet::new();
    for (reason, payload) in cases() {
        let name =
            format!("{reason}: {}", String::from_utf8_lossy(&payload[..payload.len().min(80)]));
        let request = connector.handler("apply").process("p-1").key("k");
        let exchange = request.payload(payload.clone()).exchange().await;
        let letter = exchange.dead_letter().unwrap_or_else(|| panic!("{name}: no dead letter"));
        assert_eq!(letter.headers.text("dlq-reason"), Some(reason), "{name}");
        seen.insert(reason);
        for (header, value) in letter.headers.iter() {
            let value = String::from_utf8_lossy(value.unwrap_or_default());
            assert!(!value.contains(CANARY), "{name}: {header}: {value}");
        }
        for answer in exchange.replies() {
            let answer = String::from_utf8_lossy(answer.payload.as_deref().unwrap_or_default());
            assert!(!answer.contains(CANARY), "{name}: {answer}");
        }
        let mut journal = Journal::new("sensitive", Filter::default());
        journal.note(letter);
        let journal = journal.finished();
        let entry = &journal.entries()[0];
        let mut routes = connector.registry().routes();
        let handler = &routes.find(|route| route.name() == "apply").unwrap().handler;
        for shown in [Payload::Length, Payload::Masked(Some(handler))] {
            let whole = Whole::of(entry, letter, shown);
            for text in [whole.to_string(), json_line(&whole), json_line(&Row::of(entry))] {
                assert!(!text.contains(CANARY), "{name}: {text}");
            }
        }
        // An operator who asks for it sees all that is there.
        let whole = Whole::of(entry, letter, Payload::Whole).to_string();
        assert!(whole.contains(CANARY) || entry.letter.truncated, "{name}: {whole}");
    }
    // Those in which no field can be.
    let bare = [Reason::TooManyHeaders, Reason::HeadersTooLarge, Reason::Null, Reason::Empty];
    let reasons = Reason::ALL.iter().filter(|reason| !bare.contains(reason));
    let unseen: Vec<_> = reasons.filter(|reason| !seen.contains(reason.name())).collect();
    assert!(unseen.is_empty(), "{unseen:?}");
    connector.stop().await.unwrap();
    assert!(log.lines("request refused").len() >= cases().len(), "there is a log to look at");
    assert_eq!(log.lines(CANARY), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn what_is_wrong_is_still_said_and_where() {
    let connector = started().await;
    for (payload, words) in [
        (r#"{"code":"x"}"#, "$.code: must be null or an integer; it is sensitive"),
        (r#"{"code":12345}"#, "$.code: is not as it must be; it is sensitive"),
        (r#"{"people":[{"cards":{"visa":"x"}}]}"#, "$.people[0].cards: must be an integer; it"),
        (r#"{"word":"tweety-4713"}"#, "$.word: is not what the type of the request takes"),
        (r#"{"act":7}"#, "$.act: must be a string, not a number"),
    ] {
        let exchange = connector.handler("apply").payload(payload).exchange().await;
        let message = exchange.refusal().expect("a refusal").message;
        assert!(message.contains(words), "{payload}: {message}");
    }
    connector.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn ids_of_processes_are_logged_as_the_setting_says() {
    let (id, hash) = ("process-4714", "92aaad31ab07b5c5");
    for (ids, seen, unseen) in [
        (ProcessIds::Shown, id, Some(hash)),
        (ProcessIds::Hashed, hash, Some(id)),
        (ProcessIds::Hidden, "request refused", Some(id)),
    ] {
        let log = Log::begin();
        let (connector, _) = shop::open_with(|settings| settings.process_ids = ids).await;
        for act in ["refuse", "retry", "hang", "panic"] {
            let request = connector.handler("order").process(id);
            request.send(&serde_json::json!({"amount": 1, "act": act})).await;
        }
        connector.stop().await.unwrap();
        assert!(log.lines(seen).len() >= 4, "{ids}");
        for unseen in unseen {
            assert_eq!(log.lines(unseen), [""; 0], "{ids}");
        }
    }
}
