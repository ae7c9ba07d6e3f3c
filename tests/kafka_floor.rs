//! The Kafka floor against the embedded broker: what comes in, what goes out, who owns what.

#[path = "kafka_floor/member.rs"]
mod member;
#[path = "kafka_floor/rebalance.rs"]
mod rebalance;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use flowx_core::Headers;
use flowx_core::kafka::{KafkaSink, ReadFrom, Reader, Subscription};
use flowx_core::message::record::Outbound;
use flowx_core::runtime::port::{Position, SendError, Sink, Source, SourceEvent, Token};

use member::{Member, broker, offsets, outbound, topic, within, write, write_ten_each};

#[tokio::test]
async fn records_come_through_unchanged_both_ways() {
    let broker = broker(1, &["requests"]);
    let mut headers = Headers::default();
    headers.push_text("fxContext", "main");
    headers.push("fxContext", Some(&[0, 0xff, b'\n']));
    headers.push("null", None);
    headers.push("empty", Some(b""));
    headers.push_text("", "no name");
    let record = |key: Option<&[u8]>, payload: Option<&[u8]>| Outbound {
        topic: Arc::from("requests"),
        partition: Some(0),
        key: key.map(<[u8]>::to_vec),
        headers: headers.clone(),
        payload: payload.map(<[u8]>::to_vec),
    };
    let mut written = vec![
        record(Some(b"key"), Some(b"{\"a\": 1}")),
        record(None, None),
        record(Some(b""), Some(b"")),
        record(Some(&[0xff, 0]), Some(&[0, 159, 146, 150])),
    ];
    written.push(Outbound { headers: Headers::default(), ..written[0].clone() });
    write(&broker, &written).await;

    let mut member = Member::joined(&broker.settings("g"), vec![topic("requests")], 1).await;
    let read = member.read(0, written.len()).await;
    for (n, (read, written)) in read.iter().zip(&written).enumerate() {
        assert!(read.headers == written.headers, "headers of record {n}");
        assert_eq!((&read.key, &read.payload), (&written.key, &written.payload), "record {n}");
        assert_eq!(read.at.to_string(), format!("requests[0]@{n}"));
        assert!(read.timestamp.is_some());
    }
    member.close(Vec::new()).await;
}

#[tokio::test]
async fn records_without_a_partition_go_where_java_clients_send_their_key() {
    let broker = broker(4, &["replies"]);
    // Java's own reference values of its murmur2.
    let keys = [
        ("21", -973_932_308_i32),
        ("foobar", -790_332_482),
        ("a-little-bit-long-string", -985_981_536),
        ("a-little-bit-longer-string", -1_486_304_829),
    ];
    let records: Vec<_> = keys
        .iter()
        .map(|(key, _)| Outbound {
            key: Some(key.as_bytes().to_vec()),
            partition: None,
            ..outbound("replies", 0, "{}")
        })
        .collect();
    write(&broker, &records).await;
    let mut reader =
        Reader::open(&broker.settings("tool"), &["replies"], ReadFrom::Beginning).await.unwrap();
    let mut found = BTreeMap::new();
    for _ in keys {
        let record = within("record", reader.next()).await;
        found.insert(String::from_utf8(record.key.unwrap()).unwrap(), record.at.partition);
    }
    for (key, hash) in keys {
        assert_eq!(found[key], (hash & 0x7fff_ffff) % 4, "{key}");
    }
}

#[tokio::test]
async fn assignments_name_their_cluster_to_every_member_alike() {
    let (one, other) = (broker(2, &["requests"]), broker(1, &["requests"]));
    let mut names = Vec::new();
    for (broker, group, partitions) in [(&one, "g", 2), (&one, "h", 2), (&other, "g", 1)] {
        let topics = vec![topic("requests")];
        let member = Member::joined(&broker.settings(group), topics, partitions).await;
        names.extend(member.assigned.iter().map(|one| (*one.cluster).to_owned()));
        member.close(Vec::new()).await;
    }
    assert!(!names[0].is_empty());
    assert!(names[..4].iter().all(|name| *name == names[0]), "{names:?}");
    assert_ne!(names[4], names[0], "another cluster has another name");
}

#[tokio::test]
async fn an_assignment_without_a_commit_starts_at_the_earliest_record() {
    let broker = broker(2, &["requests"]);
    write_ten_each(&broker, "requests", 2).await;
    let mut member = Member::joined(&broker.settings("g"), vec![topic("requests")], 2).await;
    for partition in [0, 1] {
        assert_eq!(offsets(&member.read(partition, 10).await), Vec::from_iter(0..10));
    }
    member.close(Vec::new()).await;
}

#[tokio::test]
async fn reading_resumes_at_what_was_committed_and_no_commit_goes_back() {
    let broker = broker(1, &["requests"]);
    write_ten_each(&broker, "requests", 1).await;
    let settings = broker.settings("g");
    let mut first = Member::joined(&settings, vec![topic("requests")], 1).await;
    first.read(0, 10).await;
    let at = |epoch, next| vec![Position { epoch, next }];
    let epoch = first.epoch(0);
    assert_eq!(first.commit(at(epoch, 5)).await, at(epoch, 5));
    first.commit(at(epoch, 3)).await;
    drop(first);

    let mut second = Member::joined(&settings, vec![topic("requests")], 1).await;
    assert_eq!(offsets(&second.read(0, 2).await), [5, 6]);
    let last = at(second.epoch(0), 7);
    second.close(last).await;

    let mut third = Member::joined(&settings, vec![topic("requests")], 1).await;
    assert_eq!(offsets(&third.read(0, 1).await), [7]);
    third.close(Vec::new()).await;
}

#[tokio::test]
async fn a_partition_that_is_not_read_does_not_hold_up_another() {
    let broker = broker(2, &["requests"]);
    let large = "x".repeat(50_000);
    let records: Vec<_> = (0..40).map(|n| outbound("requests", n % 2, &large)).collect();
    write(&broker, &records).await;
    let mut settings = broker.settings("g");
    // Room for a handful of these records, all partitions together.
    settings.extra.insert("queued.max.messages.kbytes".to_owned(), "200".into());
    let mut member = Member::joined(&settings, vec![topic("requests")], 2).await;
    assert_eq!(offsets(&member.read(1, 20).await), Vec::from_iter(0..20));
    assert_eq!(offsets(&member.read(0, 20).await), Vec::from_iter(0..20));
    member.close(Vec::new()).await;
}

#[tokio::test]
async fn a_committed_offset_that_is_gone_holds_its_partition_and_says_so() {
    let broker = broker(2, &["requests"]);
    write_ten_each(&broker, "requests", 2).await;
    let settings = broker.settings("g");
    let first = Member::joined(&settings, vec![topic("requests")], 2).await;
    let beyond = vec![Position { epoch: first.epoch(0), next: 1_000 }];
    first.close(beyond).await;

    let mut second = Member::joined(&settings, vec![topic("requests")], 2).await;
    let held = second.epoch(0);
    assert!(second.source.take(held).is_none());
    while second.source.take(held).is_none() {
        if let SourceEvent::Trouble(text) = second.event().await {
            for part in ["requests[0]", "held", "offset 1000", "0 up to 10", "--reset-offsets"] {
                assert!(text.contains(part), "`{part}` is missing in: {text}");
            }
            break;
        }
    }
    assert_eq!(offsets(&second.read(1, 10).await), Vec::from_iter(0..10));
    assert!(second.source.take(held).is_none());
    second.close(Vec::new()).await;
}

#[tokio::test]
async fn a_record_that_is_too_large_is_rejected_and_a_large_one_gets_through() {
    let broker = broker(1, &["requests"]);
    let mut settings = broker.settings("g");
    settings.message_max_bytes = 10_000;
    let mut sink = KafkaSink::connect(&settings).unwrap();
    let outcome = sink.send(&outbound("requests", 0, &"x".repeat(20_000)), Token(1));
    assert!(matches!(outcome, Err(SendError::Rejected(_))), "{outcome:?}");

    let large = "x".repeat(3_000_000);
    write(&broker, &[outbound("requests", 0, &large)]).await;
    let mut member = Member::joined(&broker.settings("g"), vec![topic("requests")], 1).await;
    assert_eq!(member.read(0, 1).await[0].payload.as_ref().map(Vec::len), Some(large.len()));
    member.close(Vec::new()).await;
}

#[tokio::test]
async fn a_full_sink_says_so_and_goes_on_after_a_delivery() {
    let broker = broker(1, &["replies"]);
    let mut settings = broker.settings("g");
    settings.max_unacknowledged = 0;
    // Nothing leaves before all of the queue is filled.
    settings.extra.insert("linger.ms".to_owned(), "500".into());
    let mut sink = KafkaSink::connect(&settings).unwrap();
    let record = outbound("replies", 0, "{}");
    let taken = (0..).take_while(|&token| match sink.send(&record, Token(token)) {
        Ok(()) => true,
        Err(SendError::Full) => false,
        Err(error) => panic!("{error}"),
    });
    let taken = taken.count() as u64;
    assert!(taken > 0);
    for token in 0..taken {
        let delivery = within("delivery", sink.delivered()).await;
        assert_eq!((delivery.token, delivery.result), (Token(token), Ok(())));
    }
    sink.send(&record, Token(taken)).unwrap();
    assert_eq!(within("delivery", sink.delivered()).await.token, Token(taken));
}

#[tokio::test]
async fn a_pattern_sees_new_topics_but_no_dead_letters_and_no_retries() {
    let topics = ["in.a", "in.a.dlq", "in.a.retry.5s", "other"];
    let broker = broker(1, &topics);
    let all = |prefix: &str| Subscription::Prefix(prefix.into());
    for name in topics {
        write(&broker, &[outbound(name, 0, name)]).await;
    }
    let mut member = Member::joined(&broker.settings("g"), vec![all("in.")], 1).await;
    broker.create_topic("in.b.dlq").unwrap();
    broker.create_topic("in.b").unwrap();
    member.own(2).await;
    let mut names: Vec<_> = member.assigned.iter().map(|one| &*one.topic).collect();
    names.sort_unstable();
    assert_eq!(names, ["in.a", "in.b"]);
    member.close(Vec::new()).await;
}

#[tokio::test]
async fn an_exact_retry_topic_beside_a_pattern_brings_in_no_other() {
    let topics = ["in.a", "in.a.dlq", "in.a.retry.5s", "in.b.retry.5s"];
    let broker = broker(1, &topics);
    for name in topics {
        write(&broker, &[outbound(name, 0, name)]).await;
    }
    let subscriptions = vec![Subscription::Prefix("in.".into()), topic("in.a.retry.5s")];
    let mut member = Member::joined(&broker.settings("g"), subscriptions, 2).await;
    let mut seen = Vec::new();
    while seen.len() < 2 {
        for one in &member.assigned {
            seen.extend(member.source.take(one.epoch).map(|record| record.at.topic.to_string()));
        }
        if seen.len() < 2 {
            member.event().await;
        }
    }
    seen.sort_unstable();
    assert_eq!(seen, ["in.a", "in.a.retry.5s"]);
    member.close(Vec::new()).await;
}

#[tokio::test]
async fn a_topic_that_is_not_there_is_told_and_waited_for() {
    let broker = broker(1, &[]);
    let mut member = Member::join(&broker.settings("g"), vec![topic("late")]);
    assert!(member.trouble().await.contains("late"));
    broker.create_topic("late").unwrap();
    member.own(1).await;
    member.close(Vec::new()).await;
}

#[tokio::test]
async fn closing_is_bounded_when_the_broker_is_gone() {
    let broker = broker(1, &["requests"]);
    write_ten_each(&broker, "requests", 1).await;
    let mut member = Member::joined(&broker.settings("g"), vec![topic("requests")], 1).await;
    member.read(0, 10).await;
    let positions = vec![Position { epoch: member.epoch(0), next: 10 }];
    drop(broker);
    let begun = Instant::now();
    let outcome = member.source.close(positions, Duration::from_millis(500)).await;
    assert!(begun.elapsed() < Duration::from_secs(10), "it took {:?}", begun.elapsed());
    assert!(outcome.unwrap_err().contains("within 500ms"));
}

#[tokio::test]
async fn dropping_does_not_block_and_frees_the_partitions() {
    let broker = broker(1, &["requests"]);
    write_ten_each(&broker, "requests", 1).await;
    let settings = broker.settings("g");
    let mut first = Member::joined(&settings, vec![topic("requests")], 1).await;
    first.read(0, 1).await;
    let mut sink = KafkaSink::connect(&settings).unwrap();
    sink.send(&outbound("requests", 0, "{}"), Token(1)).unwrap();
    let begun = Instant::now();
    drop((first, sink));
    assert!(begun.elapsed() < Duration::from_millis(250), "it took {:?}", begun.elapsed());
    Member::joined(&settings, vec![topic("requests")], 1).await.close(Vec::new()).await;
}

#[tokio::test]
async fn a_reader_begins_where_it_is_told_and_takes_further_topics() {
    let broker = broker(2, &["a", "b"]);
    write_ten_each(&broker, "a", 2).await;
    let settings = broker.settings("tool");
    let mut all = Reader::open(&settings, &["a"], ReadFrom::Beginning).await.unwrap();
    let mut seen: BTreeMap<i32, Vec<i64>> = BTreeMap::new();
    for _ in 0..20 {
        let at = within("record", all.next()).await.at;
        seen.entry(at.partition).or_default().push(at.offset);
    }
    assert_eq!(seen, BTreeMap::from([(0, (0..10).collect()), (1, (0..10).collect())]));

    let mut new = Reader::open(&settings, &["a"], ReadFrom::End).await.unwrap();
    write(&broker, &[outbound("a", 1, "new")]).await;
    assert_eq!(within("record", new.next()).await.payload.as_deref(), Some(&b"new"[..]));

    write(&broker, &[outbound("b", 0, "more")]).await;
    new.add_topic("b", ReadFrom::Beginning).await.unwrap();
    assert_eq!(within("record", new.next()).await.at.to_string(), "b[0]@0");

    let mut nowhere = settings.clone();
    nowhere.bootstrap_servers = String::new();
    assert!(Reader::open(&nowhere, &["a"], ReadFrom::End).await.is_err());
}
