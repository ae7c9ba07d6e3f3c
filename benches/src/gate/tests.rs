//! Each violation, planted into a small history that is good without it.

use super::*;
use crate::contender::Order;
use crate::load::{Feed, Size};

const REQUESTS: u64 = 40;
const PARTITIONS: i32 = 2;

/// A reply that a test may spoil.
#[derive(Clone)]
struct Draft {
    partition: i32,
    key: String,
    headers: Vec<(String, String)>,
    payload: serde_json::Value,
}

fn sent() -> Sent {
    let feed = Feed { size: Size::Small, keys: 4, partitions: PARTITIONS, count: REQUESTS };
    Sent::new(Maker::new(1, &feed), PARTITIONS, REQUESTS)
}

fn draft(sent: &Sent, sequence: u64) -> Draft {
    let request = sent.maker.request(sequence);
    let names = HEADERS.iter().map(|name| (*name).to_owned());
    Draft {
        partition: request.partition,
        key: request.key.clone(),
        headers: names.zip(request.headers()).collect(),
        payload: serde_json::json!({
            "note": request.note(),
            "requestId": request.id,
            "sequence": request.sequence,
            "customerId": request.customer(),
            "status": "CONVERTED",
            "currency": "RON",
            "converted": request.converted(),
            "rate": 4.9755,
            "total": 0.0,
            "convertedAt": Request::AT,
        }),
    }
}

/// What the judge says of a good history after `spoil` was at it; everything is committed but for what
/// `spoil` takes back.
fn judged(spoil: impl FnOnce(&mut Vec<Draft>, &mut Vec<Option<i64>>)) -> (Verdict, Vec<String>) {
    let sent = sent();
    let mut drafts: Vec<_> = (0..REQUESTS).map(|sequence| draft(&sent, sequence)).collect();
    let mut committed: Vec<_> =
        sent.partitions.iter().map(|all| Some(i64::try_from(all.len()).unwrap())).collect();
    spoil(&mut drafts, &mut committed);
    let mut judge = Judge::new(&sent, false);
    for (at, draft) in (1_000..).zip(&drafts) {
        let payload = draft.payload.to_string();
        judge.hear(&Reply {
            partition: draft.partition,
            at,
            key: draft.key.as_bytes(),
            headers: draft.headers.iter().map(|(n, v)| (n.as_str(), v.as_bytes())).collect(),
            payload: payload.as_bytes(),
        });
    }
    let (verdict, firsts) = judge.finish(&committed);
    assert_eq!(firsts.len() as u64, verdict.answered);
    assert!(firsts.is_sorted());
    let violations = verdict.violations(Order::Key);
    (verdict, violations)
}

/// Two replies to requests of one process instance, by their places.
fn of_one_process(drafts: &[Draft]) -> (usize, usize) {
    let second = drafts.iter().skip(1).position(|other| other.key == drafts[0].key).unwrap() + 1;
    (0, second)
}

#[test]
fn a_good_history_passes() {
    let (verdict, violations) = judged(|_, _| ());
    assert_eq!(violations, [""; 0]);
    assert!(verdict.is_complete());
    assert_eq!((verdict.replies, verdict.duplicates), (REQUESTS, 0));
}

#[test]
fn headers_of_its_own_may_stand_beside_those_of_the_request() {
    let (_, violations) = judged(|drafts, _| {
        drafts[3].headers.push(("x-reply-id".to_owned(), "1".to_owned()));
        drafts[4].headers.reverse();
    });
    assert_eq!(violations, [""; 0]);
}

#[test]
fn a_committed_request_without_a_reply_is_lost() {
    let (verdict, violations) = judged(|drafts, _| drop(drafts.remove(17)));
    assert_eq!((verdict.lost, verdict.first_lost), (1, Some(17)));
    assert!(violations[0].starts_with("1 requests lost"), "{violations:?}");
}

#[test]
fn a_request_that_is_not_committed_is_not_lost() {
    let (verdict, violations) = judged(|drafts, committed| {
        drafts.truncate(20);
        let sent = sent();
        for (partition, committed) in committed.iter_mut().enumerate() {
            let done = sent.partitions[partition].iter().filter(|number| **number < 20).count();
            *committed = Some(i64::try_from(done).unwrap());
        }
    });
    assert_eq!((verdict.lost, verdict.answered, verdict.is_complete()), (0, 20, false));
    assert_eq!(violations, [""; 0]);
}

#[test]
fn what_is_answered_must_be_committed_at_the_end() {
    for taken_back in [Some(3), None] {
        let (verdict, violations) = judged(|_, committed| committed[1] = taken_back);
        assert!(verdict.uncommitted > 0);
        assert!(violations[0].contains("not committed at the end"), "{violations:?}");
    }
}

#[test]
fn a_second_reply_is_counted_and_does_not_fail() {
    let (verdict, violations) = judged(|drafts, _| drafts.push(drafts[5].clone()));
    assert_eq!((verdict.duplicates, verdict.answered), (1, REQUESTS));
    assert_eq!(violations, [""; 0]);
}

#[test]
fn two_replies_of_a_key_the_wrong_way_round_are_found_unless_no_order_is_promised() {
    let (verdict, violations) = judged(|drafts, _| {
        let (one, other) = of_one_process(drafts);
        drafts.swap(one, other);
    });
    assert!(verdict.disordered > 0);
    assert!(violations[0].contains("out of the order"), "{violations:?}");
    assert_eq!(verdict.violations(Order::None), [""; 0]);
}

#[test]
fn replies_of_a_key_in_two_partitions_have_no_order() {
    let (verdict, _) = judged(|drafts, _| {
        let (_, other) = of_one_process(drafts);
        drafts[other].partition = 1 - drafts[other].partition;
    });
    assert!(verdict.disordered > 0);
}

#[test]
fn a_spoilt_reply_is_found_whatever_is_wrong_with_it() {
    type Spoil = fn(&mut Draft);
    let cases: [(&str, Spoil); 9] = [
        ("another key", |draft| draft.key.replace_range(0..1, "x")),
        ("without all headers", |draft| drop(draft.headers.pop())),
        ("without all headers", |draft| draft.headers[2].1.push('x')),
        ("without all headers", |draft| draft.headers[0].0 = "processinstanceuuid".to_owned()),
        ("without all headers", |draft| draft.headers.push(draft.headers[0].clone())),
        ("wrong content", |draft| draft.payload["converted"] = 1.0.into()),
        ("wrong content", |draft| draft.payload["requestId"] = "other".into()),
        ("wrong content", |draft| drop(draft.payload.as_object_mut().unwrap().remove("note"))),
        ("nothing that was asked", |draft| draft.payload["sequence"] = 4_000.into()),
    ];
    for (words, spoil) in cases {
        let (_, violations) = judged(|drafts, _| {
            // Answered once more, so that only what is spoilt is found.
            let mut spoilt = drafts[9].clone();
            spoil(&mut spoilt);
            drafts.push(spoilt);
        });
        assert_eq!(violations.len(), 1, "{words}: {violations:?}");
        assert!(violations[0].contains(words), "{words}: {violations:?}");
    }
}

#[test]
fn a_request_cut_short_is_a_reply_only_for_who_decodes_nothing() {
    let sent = sent();
    let request = sent.maker.request(0);
    let headers = request.headers();
    let payload = request.payload();
    for (is_cut, wrong) in [(true, 0), (false, 1)] {
        let mut judge = Judge::new(&sent, is_cut);
        judge.hear(&Reply {
            partition: 0,
            at: 0,
            key: request.key.as_bytes(),
            headers: HEADERS.iter().zip(&headers).map(|(n, v)| (*n, v.as_bytes())).collect(),
            payload: &payload[..230],
        });
        assert_eq!(judge.finish(&[None, None]).0.wrong, wrong);
    }
}
