//! What is found in which cluster: a table, without a broker.

use flowx_core::check::Level::{self, Problem, Unknown, Warning};
use flowx_core::check::command::Reach;
use flowx_core::check::judge;
use flowx_core::kafka::facts::{Commit, Member, Newest, Operation, Topic};

use crate::world::{DAY, NOW, World};

const BOOK: &str = "ai.flowx.dev.ledger.book.v1";
const RETRY: &str = "ai.flowx.dev.ledger.book.v1.retry.1s";
const ASIDE: &str = "ai.flowx.dev.ledger.book.v1.dlq";
const REPLY: &str = "ai.flowx.dev.engine.receive.ledger.book.results.v1";
const ODD: &str = "ai.flowx.dev.engine.receive.odd.v1";
const PARTNER: &str = "ai.flowx.dev.partners.acme.v1";

/// How bad, which rule, of what, some words of the line, and some of its commands (`""` for none).
type Expected = (Level, &'static str, &'static str, &'static str, &'static str);

struct Case {
    handlers: &'static [&'static str],
    change: fn(&mut World),
    expected: &'static [Expected],
}

const fn book(change: fn(&mut World), expected: &'static [Expected]) -> Case {
    Case { handlers: &["book"], change, expected }
}

const CASES: &[Case] = &[
    book(|_| (), &[]),
    book(
        |w| drop(w.facts.topics.insert(BOOK.into(), Topic::Missing)),
        &[(
            Problem,
            "topics",
            BOOK,
            "it does not exist: no request can come in; create it",
            "--create --topic ai.flowx.dev.ledger.book.v1 --partitions 3 --replication-factor 3 --config cleanup.policy=delete --config max.message.bytes=52428800 --config min.insync.replicas=2 --config retention.ms=259200000\n",
        )],
    ),
    book(
        |w| {
            w.topic(BOOK).partitions = 7;
            w.topic(ASIDE).partitions = 7;
            w.facts.brokers = 1;
            w.facts.topics.insert(RETRY.into(), Topic::Missing);
        },
        &[(
            Problem,
            "topics",
            RETRY,
            "a request that fails is held",
            "--partitions 7 --replication-factor 1 --config cleanup.policy=delete --config max.message.bytes=52428800 --config retention.ms=259201000\n",
        )],
    ),
    book(
        |w| drop(w.facts.topics.insert(ASIDE.into(), Topic::Missing)),
        &[(Problem, "topics", ASIDE, "a request that fails is held", "retention.ms=1209600000\n")],
    ),
    book(
        |w| drop(w.facts.topics.insert(REPLY.into(), Topic::Missing)),
        &[(Problem, "topics", REPLY, "what is to be answered is held", "--create --topic ai.fl")],
    ),
    book(
        |w| drop(w.facts.topics.insert(RETRY.into(), Topic::Hidden)),
        &[(
            Problem,
            "access",
            RETRY,
            "must not even know whether it exists",
            "--operation Read --operation Write --operation DescribeConfigs --topic ai.flowx.dev.ledger.book.v1.retry.1s\n",
        )],
    ),
    book(
        |w| drop(w.facts.topics.insert(REPLY.into(), Topic::Unknown("timed out".into()))),
        &[(Unknown, "topics", REPLY, "could not be looked up: timed out", "")],
    ),
    // Partitions.
    book(
        |w| w.topic(BOOK).leaderless = vec![0, 2],
        &[(Problem, "partitions", BOOK, "no broker leads partition 0, 2", "")],
    ),
    book(
        |w| w.terms.instances = 4,
        &[(
            Warning,
            "partitions",
            BOOK,
            "3 partitions, so of 4 instances some get no request",
            "--alter --topic ai.flowx.dev.ledger.book.v1 --partitions 4\n",
        )],
    ),
    book(
        |w| w.group().members = vec![member("bank", &[BOOK]); 5],
        &[(Warning, "partitions", BOOK, "of 5 instances", "--partitions 5\n")],
    ),
    // Copies.
    book(
        |w| {
            (
                w.topic(REPLY).replicas,
                w.topic(REPLY).in_sync,
                w.settings(REPLY).min_insync_replicas,
            ) = (1, 1, Some(1))
        },
        &[(Warning, "replication", REPLY, "what one broker loses is lost", "")],
    ),
    book(
        |w| {
            w.facts.brokers = 1;
            (w.topic(REPLY).replicas, w.topic(REPLY).in_sync) = (1, 1);
            w.settings(REPLY).min_insync_replicas = Some(1);
        },
        &[],
    ),
    book(
        |w| (w.topic(REPLY).replicas, w.topic(REPLY).in_sync) = (1, 1),
        &[
            (Warning, "replication", REPLY, "one replica", ""),
            (
                Problem,
                "replication",
                REPLY,
                "of 2 is more than its 1 replicas",
                "min.insync.replicas=1\n",
            ),
        ],
    ),
    book(
        |w| w.topic(ASIDE).in_sync = 1,
        &[(Problem, "replication", ASIDE, "1 of its 3 replicas are in sync and 2 must be", "")],
    ),
    book(
        |w| w.topic(ASIDE).in_sync = 2,
        &[(Warning, "replication", ASIDE, "2 of its 3 replicas are in sync", "")],
    ),
    book(
        |w| w.settings(ASIDE).min_insync_replicas = Some(3),
        &[(
            Warning,
            "replication",
            ASIDE,
            "one broker that is down stops",
            "min.insync.replicas=2\n",
        )],
    ),
    book(
        |w| w.settings(RETRY).min_insync_replicas = Some(1),
        &[(Warning, "replication", RETRY, "when one broker has it", "min.insync.replicas=2\n")],
    ),
    // Cleanup and retention.
    book(
        |w| w.settings(BOOK).cleanup_policy = Some("compact".into()),
        &[(Problem, "cleanup", BOOK, "of the requests of one process", "cleanup.policy=delete\n")],
    ),
    book(
        |w| w.settings(ASIDE).cleanup_policy = Some("compact,delete".into()),
        &[(Problem, "cleanup", ASIDE, "of the dead letters", "cleanup.policy=delete\n")],
    ),
    book(
        |w| w.settings(BOOK).retention_ms = Some(7_200_000),
        &[(
            Warning,
            "retention",
            BOOK,
            "deleted after 2h, so a connector that is away for 3days",
            "retention.ms=259200000\n",
        )],
    ),
    book(
        |w| {
            w.settings(BOOK).retention_ms = Some(7_200_000);
            w.terms.downtime = std::time::Duration::from_secs(7_200);
        },
        &[],
    ),
    book(|w| w.settings(BOOK).retention_ms = Some(-1), &[]),
    book(
        |w| w.settings(RETRY).retention_ms = Some(999),
        &[(
            Problem,
            "retention",
            RETRY,
            "wait here for 1s and are deleted after 999ms, so they are lost",
            "retention.ms=259201000\n",
        )],
    ),
    book(
        |w| w.settings(RETRY).retention_ms = Some(3 * DAY),
        &[(Warning, "retention", RETRY, "away for 3days loses some", "retention.ms=259201000\n")],
    ),
    book(
        |w| w.settings(ASIDE).retention_ms = Some(DAY),
        &[(
            Warning,
            "retention",
            ASIDE,
            "dead letters are deleted after 1day",
            "retention.ms=1209600000\n",
        )],
    ),
    book(
        |w| w.settings(BOOK).retention_bytes = Some(1_000),
        &[(Warning, "retention", BOOK, "beyond 1000 bytes of a partition", "")],
    ),
    book(|w| w.settings(REPLY).retention_bytes = Some(1_000), &[]),
    // Sizes.
    book(
        |w| w.settings(BOOK).max_message_bytes = Some(60_000_000),
        &[(Warning, "sizes", BOOK, "records of 60000000 bytes and this connector 52428800", "")],
    ),
    book(|w| w.settings(BOOK).max_message_bytes = Some(1_048_588), &[]),
    book(
        |w| w.settings(REPLY).max_message_bytes = Some(1_048_588),
        &[(
            Warning,
            "sizes",
            REPLY,
            "takes 1048588 bytes and this connector 52428800",
            "max.message.bytes=52428800\n",
        )],
    ),
    book(
        |w| {
            w.settings(BOOK).max_message_bytes = Some(2_000_000);
            w.settings(RETRY).max_message_bytes = Some(1_999_999);
            w.settings(ASIDE).max_message_bytes = Some(1_000_000);
        },
        &[
            (Warning, "sizes", ASIDE, "only a pointer is put aside", "max.message.bytes=2000000\n"),
            (
                Warning,
                "sizes",
                RETRY,
                "larger ones cannot wait here",
                "max.message.bytes=2000000\n",
            ),
        ],
    ),
    // Permissions.
    book(
        |w| w.topic(REPLY).allowed = Some([Operation::Describe, Operation::DescribeConfigs].into()),
        &[(
            Problem,
            "access",
            REPLY,
            "lacks the permission Write",
            "--operation Write --topic ai.flowx.dev.engine",
        )],
    ),
    book(
        |w| {
            w.topic(RETRY).allowed = Some([Operation::Describe].into());
            w.topic(RETRY).settings = Err("not allowed".into());
        },
        &[
            (
                Problem,
                "access",
                RETRY,
                "lacks the permission Read and Write",
                "--operation Read --operation Write --topic",
            ),
            (
                Unknown,
                "settings",
                RETRY,
                "lacks the permission DescribeConfigs",
                "--operation DescribeConfigs --topic",
            ),
        ],
    ),
    book(
        |w| w.topic(BOOK).settings = Err("unsupported".into()),
        &[(Unknown, "settings", BOOK, "could not be looked at: unsupported", "")],
    ),
    book(
        |w| w.topic(BOOK).allowed = None,
        &[(Unknown, "access", BOOK, "does not say what this user may do", "")],
    ),
    book(
        |w| w.group().allowed = Some([].into()),
        &[(
            Problem,
            "access",
            "bank",
            "lacks the permission Read, so it cannot join",
            "--operation Read --group bank\n",
        )],
    ),
    // The group.
    book(
        |w| w.facts.group = Err("timed out".into()),
        &[(Unknown, "group", "bank", "timed out", "")],
    ),
    book(
        |w| {
            w.group().members =
                vec![member("bank", &[BOOK]), member("evil\n\u{202e}", &["other", BOOK])]
        },
        &[(Warning, "group", "bank", r"its member `evil\n\u{202e}` on h reads `other`", "")],
    ),
    book(
        |w| w.facts.commits = Ok(vec![commit(5, 6, 9), commit(6, 6, 9), commit(9, 6, 9)]),
        &[(
            Problem,
            "offsets",
            "bank",
            "stands at offset 5 of `ai.flowx.dev.ledger.book.v1`[1], but records up to offset 6 are deleted",
            "--reset-offsets --to-earliest --dry-run\n",
        )],
    ),
    book(
        |w| w.facts.commits = Ok(vec![commit(10, 0, 9)]),
        &[(
            Problem,
            "offsets",
            "bank",
            "ends at offset 9",
            "--topic ai.flowx.dev.ledger.book.v1:1 ",
        )],
    ),
    book(
        |w| w.facts.commits = Err("timed out".into()),
        &[(Unknown, "offsets", "bank", "timed out", "")],
    ),
    // The clock.
    book(
        |w| {
            w.facts.newest =
                Ok(Some(Newest { topic: BOOK.into(), timestamp: NOW + 5_001, now: NOW }))
        },
        &[(Warning, "clock", "", "is from 5s in the future", "")],
    ),
    book(
        |w| {
            w.facts.newest =
                Ok(Some(Newest { topic: BOOK.into(), timestamp: NOW + 5_000, now: NOW }))
        },
        &[],
    ),
    book(|w| w.facts.newest = Ok(None), &[(Unknown, "clock", "", "not checked: there are no", "")]),
    // Who else reads.
    Case {
        handlers: &["astray"],
        change: |_| (),
        expected: &[(
            Warning,
            "engine",
            "ai.flowx.dev.elsewhere.v1",
            "the engine does not read it",
            "",
        )],
    },
    Case {
        handlers: &["odd"],
        change: |_| (),
        expected: &[(Warning, "engine", ODD, "takes each request for an answer", "")],
    },
    Case { handlers: &["audit"], change: |_| (), expected: &[] },
    // Patterns.
    Case {
        handlers: &["partners"],
        change: |w| w.needs.patterns[0].matches = 0,
        expected: &[(
            Warning,
            "topics",
            "ai.flowx.dev.partners.",
            "no topic of this pattern",
            "--topic ai.flowx.dev.partners. --resource-pattern-type prefixed\n",
        )],
    },
    Case {
        handlers: &["partners"],
        change: |w| {
            w.topic(PARTNER).allowed =
                Some([Operation::Describe, Operation::DescribeConfigs].into())
        },
        expected: &[(
            Problem,
            "access",
            PARTNER,
            "lacks the permission Read",
            "--operation Read --topic ai.flowx.dev.partners. --resource-pattern-type prefixed\n",
        )],
    },
    Case {
        handlers: &["partners"],
        change: |w| w.group().members = vec![member("bank", &["ai.flowx.dev.partners.new"])],
        expected: &[],
    },
    Case { handlers: &["strict"], change: |_| (), expected: &[] },
    Case { handlers: &["exchange", "book", "strict", "partners"], change: |_| (), expected: &[] },
];

fn member(client_id: &str, topics: &[&str]) -> Member {
    let topics = topics.iter().map(|topic| (*topic).to_owned()).collect();
    Member { client_id: client_id.to_owned(), host: "h".to_owned(), topics }
}

fn commit(committed: i64, first: i64, end: i64) -> Commit {
    Commit { topic: BOOK.to_owned(), partition: 1, committed, first, end }
}

#[test]
fn each_fault_is_found_and_nothing_else_is() {
    for (number, case) in CASES.iter().enumerate() {
        let mut world = World::in_order(case.handlers, &[PARTNER, "ai.flowx.dev.engine.receive.x"]);
        (case.change)(&mut world);
        let findings = judge(&world.needs, &world.facts, &world.terms);
        let complaints: Vec<_> = findings.iter().filter(|one| one.level > Level::Ok).collect();
        assert_eq!(complaints.len(), case.expected.len(), "case {number}: {complaints:#?}");
        for (finding, (level, rule, name, words, commands)) in complaints.iter().zip(case.expected)
        {
            let line = finding.to_string();
            let script = Reach::default().script(finding.commands.iter().cloned());
            assert_eq!((&finding.level, finding.rule), (level, *rule), "case {number}: {line}");
            assert_eq!(finding.place.kind_and_name().1, *name, "case {number}: {line}");
            assert!(line.contains(words), "case {number}: `{words}` is missing in: {line}");
            assert!(!line.contains('\n'), "case {number}: one line: {line}");
            assert_eq!(script.is_empty(), commands.is_empty(), "case {number}: {script}");
            assert!(
                script.contains(commands),
                "case {number}: `{commands}` is missing in: {script}"
            );
        }
    }
}

#[test]
fn every_topic_has_at_least_a_line_and_every_rule_a_case() {
    let world = World::in_order(&["exchange", "book", "partners"], &[PARTNER]);
    let findings = judge(&world.needs, &world.facts, &world.terms);
    for name in world.needs.topics.keys() {
        assert!(findings.iter().any(|one| one.place.kind_and_name().1 == name), "{name}");
    }
    let documented: Vec<&str> = include_str!("../../flowx-core/src/check/mod.rs")
        .lines()
        .filter_map(|line| line.strip_prefix("//! | `")?.split('`').next())
        .collect();
    let rules = || CASES.iter().flat_map(|case| case.expected).map(|(_, rule, ..)| *rule);
    assert!(documented.len() > 10);
    for rule in &documented {
        assert!(rules().any(|held| held == *rule), "no case of `{rule}`");
    }
    assert!(rules().all(|rule| documented.contains(&rule)));
}

#[test]
fn what_was_created_as_told_is_as_it_should_be() {
    let mut world = World::in_order(&["book"], &[]);
    let world_before = world.clone();
    for topic in world.facts.topics.values_mut() {
        *topic = Topic::Missing;
    }
    let findings = judge(&world.needs, &world.facts, &world.terms);
    world.facts = world_before.facts;
    for finding in &findings {
        for command in &finding.commands {
            let script = Reach::default().script([command.clone()]);
            let words = shlex::split(&script).unwrap();
            let after = |name: &str| {
                let at = words.iter().position(|word| word == name).unwrap();
                words[at + 1].clone()
            };
            let number = |name: &str| {
                let found = words.iter().find_map(|word| word.strip_prefix(&format!("{name}=")));
                found.unwrap().parse::<i64>().unwrap()
            };
            let topic = after("--topic");
            world.topic(&topic).partitions = after("--partitions").parse().unwrap();
            let settings = world.settings(&topic);
            settings.retention_ms = Some(number("retention.ms"));
            settings.max_message_bytes = Some(number("max.message.bytes") as u64);
        }
    }
    let after = judge(&world.needs, &world.facts, &world.terms);
    assert!(after.iter().all(|finding| finding.level == Level::Ok), "{after:#?}");
}
