//! A run that ends where it should not, at every place where it can: no request is sent twice unless
//! somebody asks for it.

use flowx_core::dead_letters::replay::{Pace, Tally};
use flowx_core::dead_letters::{Consent, Filter};
use flowx_core::runtime::port::SendError;
use flowx_core::testing::memory::Fault;

use crate::numbers::{ASIDE, BRITTLE, Office, REPLIES};

/// Lets a run die when this many of its writes were acknowledged and the next one is written.
async fn dies_after(office: &Office, acknowledged: usize) {
    office.broker.hold_acknowledgements();
    let run = office.try_replay(Filter::default(), Consent::default(), Pace::default());
    let death = async {
        for _ in 0..acknowledged {
            office.broker.wait_for_held(1).await;
            office.broker.release(0);
        }
        office.broker.wait_for_held(1).await;
    };
    tokio::select! {
        _ = run => panic!("the run should wait for an acknowledgement"),
        () = death => {}
    }
    office.broker.release_all();
}

#[tokio::test(start_paused = true)]
async fn a_run_that_dies_is_told_from_one_that_ended() {
    // How many writes were acknowledged, requests that are written by then, what the next run says.
    for (acknowledged, written, next) in
        [(0, 0, "unfinished"), (1, 1, "unfinished"), (2, 1, "replayed")]
    {
        let office = Office::new();
        office.put_aside(1).await;
        dies_after(&office, acknowledged).await;
        assert_eq!(office.requests().len(), 1 + written, "after {acknowledged}");
        office.world.mend();
        let connector = office.connector().await;
        let (told, tally) = office.replay(Filter::default(), Consent::default()).await;
        assert_eq!(tally, Tally { skipped: 1, ..Tally::default() }, "after {acknowledged}");
        assert_eq!(told[0].obstacles, [next], "after {acknowledged}");
        assert_eq!(office.requests().len(), 1 + written, "nothing is sent unasked");

        let consent = Consent { unfinished: true, ..Consent::default() };
        let (_, tally) = office.replay(Filter::default(), consent.clone()).await;
        let asked = usize::from(next == "unfinished");
        assert_eq!(tally.replayed, asked, "after {acknowledged}");
        office.broker.wait_for_records(REPLIES, written + asked).await;
        let (told, _) = office.replay(Filter::default(), consent).await;
        assert_eq!(told[0].obstacles, ["replayed"], "and then it is done");
        connector.stop().await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_certainly_not_written_can_be_sent_later() {
    for error in [SendError::Rejected("no".to_owned()), SendError::Failed("no".to_owned())] {
        let office = Office::new();
        office.put_aside(2).await;
        office.broker.inject(Fault::on_send(error).topic(BRITTLE).times(1));
        let (told, tally) = office.replay(Filter::default(), Consent::default()).await;
        assert_eq!((tally.failed, tally.replayed), (1, 1), "{told:?}");
        assert_eq!(told[0].outcome, "failed");
        let (_, tally) = office.replay(Filter::default(), Consent::default()).await;
        assert_eq!((tally.replayed, tally.skipped), (1, 1));
        assert_eq!(office.requests().len(), 4);
    }
}

#[tokio::test(start_paused = true)]
async fn a_write_of_unknown_end_ends_the_run_and_is_not_repeated_unasked() {
    let office = Office::new();
    office.put_aside(3).await;
    let lost = SendError::Failed("the acknowledgement was lost".to_owned());
    office.broker.inject(Fault::on_delivery(lost).topic(BRITTLE).times(1));
    let (told, tally) = office.replay(Filter::default(), Consent::default()).await;
    assert_eq!(tally, Tally { failed: 1, untouched: 2, ..Tally::default() });
    assert_eq!(told[0].outcome, "unknown");
    let (told, tally) = office.replay(Filter::default(), Consent::default()).await;
    assert_eq!((tally.replayed, tally.skipped), (2, 1));
    assert_eq!(told[0].obstacles, ["unfinished"]);
    assert!(told[0].text.contains("--unfinished"), "{}", told[0].text);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_marked_is_not_sent() {
    let office = Office::new();
    office.put_aside(1).await;
    let forbidden = SendError::Failed("not authorised".to_owned());
    office.broker.inject(Fault::on_delivery(forbidden).topic(ASIDE));
    let (told, tally) = office.replay(Filter::default(), Consent::default()).await;
    assert_eq!((told[0].outcome, tally.failed), ("failed", 1));
    assert_eq!(office.requests().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_broker_that_falls_silent_ends_the_run() {
    let office = Office::new();
    office.put_aside(2).await;
    office.broker.hold_acknowledgements();
    let (told, tally) = office.replay(Filter::default(), Consent::default()).await;
    assert_eq!((told[0].outcome, tally.failed), ("failed", 1), "{told:?}");
    assert_eq!(office.requests().len(), 2);
}
