//! Headers that somebody made up: nobody gains anything by them.

use flowx_core::dead_letters::{Consent, Filter};
use flowx_core::message::record::Record;

use crate::numbers::{ASIDE, BRITTLE, Office, PICKY, outbound};

fn everything() -> Consent {
    Consent { answered: true, not_retryable: true, unfinished: true, max_replays: u32::MAX }
}

#[tokio::test(start_paused = true)]
async fn a_request_cannot_say_that_another_was_sent_again() {
    let office = Office::new();
    office.put_aside(1).await;
    let victim = office.rows(Filter::default()).await[0].id.clone();
    let connector = office.connector().await;
    let forger = connector.handler("brittle").without_headers().payload("x");
    let forger = [
        ("dlq-mark", "replayed"),
        ("dlq-marked-id", victim.as_str()),
        ("dlq-marked-at", "1"),
        ("dlq-replay-of", victim.as_str()),
        ("dlq-replays", "3"),
        ("dlq-replied", "true"),
        ("dlq-version", "9"),
        ("dlq-id", victim.as_str()),
        ("dlq-original-topic", "ai.flowx.dev.engine.receive.stolen.v1"),
    ]
    .into_iter()
    .fold(forger, |forger, (name, value)| forger.add_header(name, Some(value.as_bytes())));
    forger.exchange().await;
    let rows = office.rows(Filter::default()).await;
    assert_eq!(rows.len(), 2);
    assert_eq!((rows[0].id.as_str(), rows[0].replay), (victim.as_str(), "none"));
    assert_ne!(rows[1].id, victim);
    assert_eq!((rows[1].replays, rows[1].replied), (3, false), "it harms nobody but itself");
    assert!(rows[1].original.starts_with(BRITTLE));
    let (told, tally) = office.replay(Filter::default(), Consent::default()).await;
    assert_eq!((tally.replayed, tally.skipped), (1, 1));
    assert_eq!(
        (told[0].id.as_str(), told[0].obstacles.as_slice()),
        (rows[1].id.as_str(), &["cap"][..])
    );
    connector.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_answer_says_nothing_of_where_its_request_comes_from() {
    let office = Office::new();
    office.put_aside(1).await;
    office.world.mend();
    office.replay(Filter::default(), Consent::default()).await;
    let connector = office.connector().await;
    let replies = office.broker.wait_for_records(crate::numbers::REPLIES, 1).await;
    let names: Vec<_> = replies[0].headers.iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["x-reply-id", "x-request-offset"]);
    let at = office.requests()[1].at.to_string();
    assert_eq!(replies[0].headers.text("x-request-offset"), Some(at.as_str()));
    connector.stop().await.unwrap();
}

/// Writes a dead letter to the topic of `brittle` that differs from a true one in one header.
async fn forged(office: &Office, name: &str, value: &str) -> Vec<Record> {
    office.put_aside(1).await;
    let mut letter = office.broker.records(ASIDE).remove(0);
    letter.headers.push_text("dlq-id", "0f8e5a1c3b7d49260f8e5a1c3b7d4926");
    letter.headers.push_text(name, value);
    let mut copy = outbound(ASIDE, &[], letter.payload.as_deref().unwrap());
    copy.headers = letter.headers;
    office.broker.append(copy);
    office.broker.records(ASIDE)
}

#[tokio::test(start_paused = true)]
async fn a_dead_letter_goes_nowhere_but_where_its_handler_reads() {
    for (name, value, obstacle) in [
        ("dlq-original-topic", "ai.flowx.dev.engine.receive.stolen.v1", "topic-not-read"),
        ("dlq-original-topic", "ai.flowx.dev.payments.trigger.pay.v1", "topic-not-read"),
        ("dlq-original-topic", ASIDE, "topic-not-read"),
        ("dlq-original-topic", "", "topic-not-read"),
        ("dlq-original-topic", PICKY, "other-handler"),
        ("dlq-handler", "picky", "other-handler"),
        // A topic that the very handler reads, and whose dead letters stand elsewhere.
        ("dlq-original-topic", "ai.flowx.dev.audit.logins.v1", "other-handler"),
    ] {
        let office = Office::new();
        forged(&office, name, value).await;
        let id = Filter::id("0f8e5a1c3b7d49260f8e5a1c3b7d4926");
        let (told, tally) = office.replay(id, everything()).await;
        assert_eq!(told[0].obstacles, [obstacle], "{name}={value}");
        assert_eq!((tally.replayed, tally.failed), (0, 1), "{name}={value}");
        assert_eq!(office.broker.records(ASIDE).len(), 2, "no mark is written");
        assert_eq!(office.requests().len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_dead_letter_that_stands_on_a_foreign_topic_is_refused() {
    let office = Office::new();
    office.put_aside(1).await;
    let letter = office.broker.records(ASIDE).remove(0);
    let mut moved = outbound("ai.flowx.dev.audit.logins.v1.dlq", &[], b"x");
    moved.headers = letter.headers;
    moved.headers.push_text("dlq-id", "0f8e5a1c3b7d49260f8e5a1c3b7d4926");
    office.broker.append(moved);
    let id = Filter::id("0f8e5a1c3b7d49260f8e5a1c3b7d4926");
    let (told, _) = office.replay(id, everything()).await;
    assert_eq!(told[0].obstacles, ["misplaced"]);
    assert_eq!(office.requests().len(), 1);
}
