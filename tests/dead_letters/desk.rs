//! What a desk finds and shows: all of it, nothing secret, nothing that plays tricks.

use flowx_core::dead_letters::Filter;
use flowx_core::dead_letters::view::{Payload, Row, Table, Whole, json_line};

use crate::numbers::{ASIDE, Office, outbound};

/// Moves the cursor, ends the line, turns text around, hides it.
const HOSTILE: &str = "a\u{1b}[2J\r\nEXTRA LINE\u{202e}\u{2066}\u{200b}\u{7f}\u{9b}31m";

fn is_harmless(text: &str) -> bool {
    let hostile = ['\u{1b}', '\r', '\u{202e}', '\u{2066}', '\u{200b}', '\u{7f}', '\u{9b}'];
    !text.contains(hostile)
}

#[tokio::test(start_paused = true)]
async fn hostile_texts_stay_on_their_line() {
    let office = Office::new();
    office.put_aside(1).await;
    let letter = office.broker.records(ASIDE).remove(0);
    let mut copy = outbound(ASIDE, &[], HOSTILE.as_bytes());
    copy.headers = letter.headers;
    copy.key = Some(HOSTILE.as_bytes().to_vec());
    let id = "0f8e5a1c3b7d49260f8e5a1c3b7d4926";
    copy.headers.push_text("dlq-id", id);
    for name in ["dlq-handler", "dlq-reason", "dlq-code", "dlq-error-message", "dlq-stage"] {
        copy.headers.push_text(name, HOSTILE);
    }
    copy.headers.push_text("dlq-original-topic", HOSTILE);
    copy.headers.push_text("processInstanceUuid", HOSTILE);
    copy.headers.push_text(HOSTILE, HOSTILE);
    office.broker.append(copy);

    let rows = office.rows(Filter::default()).await;
    let table = Table(&rows).to_string();
    assert!(is_harmless(&table), "{table}");
    assert_eq!(table.lines().count(), 3, "a head and two letters:\n{table}");
    assert!(table.contains("EXTRA LINE"), "nothing is left out:\n{table}");
    for row in &rows {
        let line = json_line(row);
        assert!(is_harmless(&line) && !line.contains('\n'), "{line}");
    }
    let (entry, record) = office.desk.show(id).await.unwrap().unwrap();
    let whole = Whole::of(&entry, &record, Payload::Whole);
    let text = whole.to_string();
    assert!(is_harmless(&text), "{text}");
    assert!(!text.lines().any(|line| line.starts_with("EXTRA")), "{text}");
    let line = json_line(&whole);
    assert!(is_harmless(&line) && !line.contains('\n'), "{line}");
}

#[tokio::test(start_paused = true)]
async fn a_list_has_no_payload_and_a_letter_shows_it_only_if_asked() {
    let office = Office::new();
    let connector = office.connector().await;
    let request = connector.handler("brittle").header("jwt", "canary-token");
    let request = request.header("X-Api-Key", "canary-key").header("fxContext", "main:4");
    request.payload("canary-payload").exchange().await;
    connector.stop().await.unwrap();
    let rows = office.rows(Filter::default()).await;
    let (entry, record) = office.desk.show(&rows[0].id).await.unwrap().unwrap();
    let shown = |with_payload| {
        let shown = if with_payload { Payload::Masked(None) } else { Payload::Length };
        let whole = Whole::of(&entry, &record, shown);
        [whole.to_string(), json_line(&whole)]
    };
    for text in [Table(&rows).to_string(), json_line(&rows[0])].iter().chain(&shown(false)) {
        assert!(!text.contains("canary"), "{text}");
    }
    for text in shown(true) {
        assert!(text.contains("canary-payload") && text.contains("main:4"), "{text}");
        assert!(!text.contains("canary-token") && !text.contains("canary-key"), "{text}");
        assert!(text.contains("(12 bytes, not shown)"), "{text}");
    }
    assert_eq!(office.desk.show("0f8e5a1c3b7d49260f8e5a1c3b7d4926").await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn what_has_the_name_of_a_secret_is_masked_unless_all_is_wanted() {
    let office = Office::new();
    let connector = office.connector().await;
    let request = connector.handler("brittle").payload(r#"{"user": "ada", "pin": "canary"}"#);
    request.exchange().await;
    connector.stop().await.unwrap();
    let rows = office.rows(Filter::default()).await;
    let (entry, record) = office.desk.show(&rows[0].id).await.unwrap().unwrap();
    let handler = office.desk.route(&entry.letter).map(|route| &route.handler);
    for handler in [None, handler] {
        let whole = Whole::of(&entry, &record, Payload::Masked(handler));
        assert_eq!(whole.payload.as_deref(), Some(r#"{"user":"ada","pin":"xxxxxx"}"#));
        assert_eq!(whole.masked, ["$.pin"]);
        assert!(whole.to_string().contains("masked\n  $.pin\n"), "{whole}");
    }
    let whole = Whole::of(&entry, &record, Payload::Whole);
    assert_eq!(whole.payload.as_deref(), Some(r#"{"user": "ada", "pin": "canary"}"#));
}

#[tokio::test(start_paused = true)]
async fn a_row_says_everything_that_a_decision_needs() {
    let office = Office::new();
    let connector = office.connector().await;
    let request = connector.handler("picky").process("p-1").payload("{");
    request.exchange().await;
    connector.stop().await.unwrap();
    let Row { at, original, handler, reason, code, attempts, replied, retryable, process, .. } =
        office.rows(Filter::default()).await.remove(0);
    assert_eq!(at, "ai.flowx.dev.numbers.trigger.picky.v1.dlq[0]@0");
    assert_eq!(original, "ai.flowx.dev.numbers.trigger.picky.v1[0]@0");
    assert_eq!((&*handler, &*reason, &*code), ("picky", "malformed-json", "INVALID_REQUEST"));
    assert_eq!((attempts, replied, retryable), (0, true, false));
    assert_eq!(process.as_deref(), Some("p-1"));
}

#[tokio::test(start_paused = true)]
async fn what_is_not_looked_at_is_told() {
    let office = Office::new();
    office.put_aside(1).await;
    office.broker.append(outbound(ASIDE, &[("something", "else")], b"x"));
    let mut foreign = outbound(ASIDE, &[], b"x");
    foreign.headers = office.broker.records(ASIDE)[0].headers.clone();
    foreign.headers.push_text("dlq-original-consumer-group", "others");
    office.broker.append(foreign);
    let found = office.desk.list(Filter::default()).await.unwrap();
    assert_eq!(found.journal.entries().len(), 1);
    assert_eq!((found.journal.foreign(), found.journal.illegible()), (1, 1));
    assert_eq!(found.read.iter().collect::<Vec<_>>(), [ASIDE]);
    assert_eq!(found.missing.len(), 2, "{:?}", found.missing);
}
