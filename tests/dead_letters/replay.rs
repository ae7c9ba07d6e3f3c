//! What is sent again, what is left out, and what the handler gets.

use std::num::NonZeroU32;
use std::time::Duration;

use flowx_core::dead_letters::replay::{Pace, Tally};
use flowx_core::dead_letters::{Consent, Filter};
use flowx_core::runtime::port::SendError;
use flowx_core::testing::memory::Fault;
use serde_json::json;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::numbers::{ASIDE, BRITTLE, Office};

fn everything() -> Consent {
    Consent { answered: true, not_retryable: true, unfinished: true, max_replays: u32::MAX }
}

#[tokio::test(start_paused = true)]
async fn what_failed_is_sent_again_once_and_answered_once() {
    let office = Office::new();
    office.put_aside(2).await;
    let before = office.requests();
    office.world.mend();
    let connector = office.connector().await;
    let (told, tally) = office.replay(Filter::default(), Consent::default()).await;
    assert_eq!((tally.replayed, tally.skipped, tally.failed), (2, 0, 0), "{told:?}");
    office
        .broker
        .wait_for_records("ai.flowx.dev.engine.receive.numbers.brittle.results.v1", 2)
        .await;

    let requests = office.requests();
    for (old, new) in before.iter().zip(&requests[2..]) {
        assert_eq!((&old.key, &old.payload), (&new.key, &new.payload));
    }
    for _ in 0..2 {
        let (told, tally) = office.replay(Filter::default(), Consent::default()).await;
        assert_eq!(tally, Tally { skipped: 2, ..Tally::default() });
        assert_eq!(told[0].obstacles, ["replayed"]);
    }
    let (told, _) = office.replay(Filter::default(), everything()).await;
    assert_eq!(told[1].obstacles, ["replayed"], "no consent makes it two");
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!((office.requests().len(), office.replies().len()), (4, 2));
    let rows = office.rows(Filter::default()).await;
    assert!(rows.iter().all(|row| row.replay == "replayed"), "{rows:?}");
    connector.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn key_payload_and_headers_survive_byte_for_byte() {
    let office = Office::new();
    let connector = office.connector().await;
    let request = || connector.handler("brittle").without_headers();
    let odd = request()
        .add_header("b", Some(&[0xff, 0x00]))
        .add_header("a", None)
        .add_header("b", Some(b""))
        .add_header("\u{202e}\n", Some(b"\x1b[2J"));
    for request in [
        odd.key([0x00, 0xff, 0xfe]).payload([0xc3, 0x28, 0x00, 0x0a]),
        request().without_key().payload([]),
        request().key("").tombstone(),
    ] {
        request.exchange().await.dead_letter().expect("a dead letter");
    }
    let before = office.requests();
    let (told, tally) = office.replay(Filter::default(), everything()).await;
    assert_eq!(tally.replayed, 3, "{told:?}");
    let after = office.requests();
    for (old, new) in before.iter().zip(&after[3..]) {
        assert_eq!((&old.key, &old.payload), (&new.key, &new.payload));
        let headers: Vec<_> = new.headers.iter().collect();
        let (own, added) = headers.split_at(old.headers.len());
        assert_eq!(own, old.headers.iter().collect::<Vec<_>>());
        assert_eq!(
            added.iter().map(|(name, _)| *name).collect::<Vec<_>>(),
            ["dlq-replay-of", "dlq-replays"]
        );
    }
    connector.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_was_answered_is_left_out_unless_it_is_asked_for() {
    let office = Office::new();
    let connector = office.connector().await;
    let exchange = connector.handler("brittle").payload("{}").exchange().await;
    exchange.expect_refusal("RETRY_EXHAUSTED");
    office.world.mend();
    let (told, tally) = office.replay(Filter::default(), Consent::default()).await;
    assert_eq!(tally, Tally { skipped: 1, ..Tally::default() });
    assert_eq!(told[0].obstacles, ["answered"]);
    assert!(told[0].text.contains("a second answer overwrites process data"), "{}", told[0].text);
    assert_eq!(office.requests().len(), 1);

    let consent = Consent { answered: true, ..Consent::default() };
    let (_, tally) = office.replay(Filter::default(), consent).await;
    assert_eq!(tally.replayed, 1);
    let replies = office.broker.wait_for_records(crate::numbers::REPLIES, 2).await;
    let id = |index: usize| replies[index].headers.text("x-reply-id").unwrap();
    assert_ne!(id(0), id(1), "it is another request, at another offset");
    assert_eq!(replies[0].key, replies[1].key, "of the same process");
    connector.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_cannot_pass_is_left_out_unless_it_is_asked_for() {
    let office = Office::new();
    office.world.mend();
    let connector = office.connector().await;
    connector.handler("picky").without_headers().payload("{").exchange().await;
    let (told, _) = office.replay(Filter::default(), Consent::default()).await;
    assert_eq!(told[0].obstacles, ["not-retryable"]);
    let consent = Consent { not_retryable: true, ..Consent::default() };
    let (_, tally) = office.replay(Filter::default(), consent).await;
    assert_eq!(tally.replayed, 1);
    connector.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_request_that_keeps_failing_is_sent_again_so_often_and_no_more() {
    let office = Office::new();
    office.put_aside(1).await;
    let connector = office.connector().await;
    for replays in 1..=3 {
        let (_, tally) = office.replay(Filter::default(), Consent::default()).await;
        assert_eq!(tally.replayed, 1, "the newest, the {replays}. time");
        office.broker.wait_for_records(ASIDE, 1 + 3 * replays).await;
        let rows = office.rows(Filter::default()).await;
        let newest = rows.last().unwrap();
        assert_eq!(newest.replays as usize, replays);
        assert_eq!(newest.replay_of.as_ref(), Some(&rows[rows.len() - 2].id));
    }
    let (told, tally) = office.replay(Filter::default(), Consent::default()).await;
    assert_eq!((tally.replayed, tally.skipped), (0, 4));
    assert_eq!(told.last().unwrap().obstacles, ["cap"]);
    let consent = Consent { max_replays: 4, ..Consent::default() };
    assert_eq!(office.replay(Filter::default(), consent).await.1.replayed, 1);
    connector.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_count_comes_through_retry_topics() {
    let office = Office::new();
    let connector = office.connector().await;
    let request = connector.handler("patient").without_headers().payload("x");
    request.exchange().await.expect_dead_letter("retry-exhausted");
    office.replay(Filter::default(), Consent::default()).await;
    // One letter and its two marks; then the letter of the second round.
    office.broker.wait_for_records("ai.flowx.dev.numbers.trigger.patient.v1.dlq", 4).await;
    let rows = office.rows(Filter::default()).await;
    assert_eq!(rows.iter().map(|row| row.replays).collect::<Vec<_>>(), [0, 1]);
    connector.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_says_what_it_would_do_and_writes_nothing() {
    let office = Office::new();
    office.put_aside(2).await;
    let (requests, aside) = (office.requests(), office.broker.records(ASIDE));
    let pace = Pace { dry_run: true, ..Pace::default() };
    let (told, tally) =
        office.try_replay(Filter::default(), Consent::default(), pace).await.unwrap();
    assert_eq!(tally.replayed, 2);
    assert!(told.iter().all(|told| told.outcome == "would-replay"), "{told:?}");
    assert_eq!((office.requests(), office.broker.records(ASIDE)), (requests, aside));
}

#[tokio::test(start_paused = true)]
async fn no_more_go_in_a_second_than_may() {
    let office = Office::new();
    office.put_aside(9).await;
    let begun = Instant::now();
    let pace = Pace { rate: NonZeroU32::new(4).unwrap(), ..Pace::default() };
    office.try_replay(Filter::default(), Consent::default(), pace).await.unwrap();
    assert_eq!(begun.elapsed().as_secs(), 2, "8 pauses of a quarter");
}

#[tokio::test(start_paused = true)]
async fn a_run_that_is_stopped_leaves_the_rest_as_it_was() {
    let office = Office::new();
    office.put_aside(5).await;
    let stop = CancellationToken::new();
    let pace = Pace { rate: NonZeroU32::MIN, stop: stop.clone(), ..Pace::default() };
    let stopping = async {
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        stop.cancel();
    };
    let run = office.try_replay(Filter::default(), Consent::default(), pace);
    let (run, ()) = tokio::join!(run, stopping);
    let tally = run.unwrap().1;
    assert_eq!(tally, Tally { replayed: 2, untouched: 3, ..Tally::default() });
    let (_, tally) = office.replay(Filter::default(), Consent::default()).await;
    assert_eq!(tally, Tally { replayed: 3, skipped: 2, ..Tally::default() });
}

#[tokio::test(start_paused = true)]
async fn an_original_that_is_not_there_is_refused() {
    let office = Office::new();
    let connector = office.connector().await;
    let too_large = SendError::Rejected("too large".to_owned());
    office.broker.inject(Fault::on_send(too_large).topic(ASIDE).larger_than(5_000));
    let request = connector.handler("brittle").without_headers().payload([7; 10_000]);
    assert!(request.exchange().await.dead_letter().unwrap().payload.is_none());
    let (told, tally) = office.replay(Filter::default(), everything()).await;
    assert_eq!((told[0].obstacles.as_slice(), tally.failed), (&["truncated"][..], 1));
    assert_eq!(office.requests().len(), 1);
    connector.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn letters_of_a_pattern_go_back_to_the_topic_that_they_came_from() {
    let office = Office::new();
    let connector = office.connector().await;
    for topic in ["audit.logins", "audit.orders"] {
        let request = connector.topic(topic).without_headers().send(&json!({})).await;
        request.expect_dead_letter("retry-exhausted");
    }
    office.world.mend();
    let (told, tally) = office.replay(Filter::default(), Consent::default()).await;
    assert_eq!(tally.replayed, 2, "{told:?}");
    for topic in ["ai.flowx.dev.audit.logins.v1", "ai.flowx.dev.audit.orders.v1"] {
        assert_eq!(office.broker.records(topic).len(), 2, "{topic}");
    }
    connector.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_filter_chooses() {
    let office = Office::new();
    let connector = office.connector().await;
    connector.handler("brittle").process("p-1").payload("1").exchange().await;
    connector.handler("brittle").process("p-2").payload("2").exchange().await;
    connector.handler("picky").process("p-1").payload("{").exchange().await;
    let count = async |filter: Filter| office.rows(filter).await.len();
    let some = |text: &str| vec![text.to_owned()];
    let all = office.rows(Filter::default()).await;
    assert_eq!(all.len(), 3);
    let base = Filter::default;
    assert_eq!(count(Filter { handlers: some("brittle"), ..base() }).await, 2);
    assert_eq!(count(Filter { processes: some("p-1"), ..base() }).await, 2);
    assert_eq!(count(Filter { reasons: some("malformed-json"), ..base() }).await, 1);
    assert_eq!(count(Filter::id(&all[1].id)).await, 1);
    let (_, tally) = office.replay(Filter::id(&all[1].id), everything()).await;
    assert_eq!(tally, Tally { replayed: 1, ..Tally::default() });
    assert_eq!(office.broker.records(BRITTLE).last().unwrap().payload.as_deref(), Some(&b"2"[..]));
    connector.stop().await.unwrap();
}
