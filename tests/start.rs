//! What a connector checks before its first record: handlers, topics, settings.

use flowx_core::config::Settings;
use flowx_core::contract::table::HandlerTable;
use flowx_core::{Connector, ConnectorBuilder, HandlerError, State, flowx_handler};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Debug, Deserialize, JsonSchema)]
struct Request {}

#[derive(Debug, Serialize, JsonSchema)]
struct Reply {}

type Replied = Result<Reply, HandlerError>;
type Silent = Result<(), HandlerError>;

/// Many handlers live in this file, so that they can be put together in many ways.
macro_rules! handlers {
    ($($name:ident: $outcome:ty = $value:expr, $($argument:ident = $text:literal),+;)*) => {
        $(#[flowx_handler($($argument = $text),+)]
        async fn $name(_: Request) -> $outcome {
            Ok($value)
        })*
    };
}

handlers! {
    plain: Replied = Reply {}, topic = "a.trigger.b";
    earlier: Replied = Reply {}, topic = "a.before";
    twin: Replied = Reply {}, topic = "a.trigger.b";
    same_name_one: Replied = Reply {}, topic = "names.one", name = "same";
    same_name_two: Replied = Reply {}, topic = "names.two", name = "same";
    family: Silent = (), topic = "a.*";
    wider: Silent = (), topic = "a.trigger.*";
    pattern_that_replies: Replied = Reply {}, topic = "p.*";
    pattern_with_reply: Replied = Reply {}, topic = "q.*", reply = "engine.receive.q.results";
    engine_topic_that_replies: Replied = Reply {}, topic = "engine.receive.x";
    audit: Silent = (), topic = "engine.receive.*";
    ping: Replied = Reply {}, topic = "ping", reply = "pong";
    pong: Replied = Reply {}, topic = "pong", reply = "ping";
    outside: Replied = Reply {}, topic = "outside", reply = "elsewhere";
    dead_letters_of_plain: Replied = Reply {}, topic = "/ai.flowx.dev.a.trigger.b.v1.dlq", reply = "a.trigger.b";
}

/// With retry topics; a macro cannot hand on a list.
#[flowx_handler(topic = "mail.send", order = unordered, retry_topics = ["30s", "5m"])]
async fn mail(_: Request) -> Silent {
    Ok(())
}

/// What it may listen to must be as free as the list that it has.
#[flowx_handler(topic = "/ai.flowx.dev.engine.receive.mail", order = unordered, retry_topics = ["30s"])]
async fn mail_of_the_engine(_: Request) -> Silent {
    Ok(())
}

handlers! {
    reads_retries_of_mail: Silent = (), topic = "/ai.flowx.dev.mail.send.v1.retry.5m";
    feeds_retries_of_mail: Replied = Reply {}, topic = "mail.feed", reply = "/ai.flowx.dev.mail.send.v1.retry.5m";
}

#[flowx_handler(topic = "mail.loop", reply = "/ai.flowx.dev.mail.loop.v1.retry.30s", order = unordered, retry_topics = ["30s"])]
async fn mail_loop(_: Request) -> Replied {
    Ok(Reply {})
}

#[flowx_handler(topic = "needs.state")]
async fn needs_state(_: Request, _number: State<u64>, _text: State<String>) -> Replied {
    Ok(Reply {})
}

fn connector(handlers: &[&str]) -> ConnectorBuilder {
    Connector::builder().settings(Settings::default()).only(handlers.iter().copied())
}

/// The problems of these handlers together, one line each.
fn problems(builder: ConnectorBuilder) -> String {
    builder.build().expect_err("this must not start").problems().join("\n")
}

#[test]
fn what_cannot_work_together_is_refused_with_place_and_remedy() {
    for (handlers, words) in [
        (
            &["plain", "twin"][..],
            &["handler `twin`: it reads `ai.flowx.dev.a.trigger.b.v1`, which overlaps", "`plain`"]
                [..],
        ),
        (&["same"], &["another handler has this name", "give one of them a `name = \"…\"`"]),
        (&["plain", "family"], &["it reads `ai.flowx.dev.a.*`, which overlaps"]),
        (&["family", "wider"], &["it reads `ai.flowx.dev.a.trigger.*`, which overlaps"]),
        (&["pattern_that_replies"], &["it is a pattern; add `reply = \"…\"`"]),
        (&["engine_topic_that_replies"], &["the engine itself reads it; add `reply = \"…\"`"]),
        (&["ping", "pong"], &["what it sends comes back to it (ping → pong → ping)"]),
        (
            &["plain", "dead_letters_of_plain"],
            &["what it sends comes back to it (plain → dead_letters_of_plain → plain)"],
        ),
        (
            &["mail", "reads_retries_of_mail"],
            &[
                "it reads `ai.flowx.dev.mail.send.v1.retry.5m`, which overlaps",
                "a record goes to one handler",
            ],
        ),
        (&["mail_loop"], &["what it sends comes back to it (mail_loop → mail_loop)"]),
        (
            &["mail_of_the_engine"],
            &[
                "its retry topic `ai.flowx.dev.engine.receive.mail.retry.30s` would be read by the engine",
            ],
        ),
        (&["nobody"], &["no handler `nobody` is linked into this binary"]),
    ] {
        let problems = problems(connector(handlers));
        assert!(problems.contains("tests/start.rs:") || handlers == ["nobody"], "{problems}");
        for words in words {
            assert!(problems.contains(words), "{handlers:?}: {words}\n{problems}");
        }
    }
}

#[test]
fn what_may_work_together_does() {
    for handlers in [
        &["plain", "earlier", "ping", "pattern_with_reply"][..],
        // It sends nothing, so it closes no circle, though it reads what the other sends.
        &["plain", "audit"],
        // What waits there comes back so many times and no more.
        &["mail", "feeds_retries_of_mail"],
    ] {
        connector(handlers).build().unwrap_or_else(|error| panic!("{handlers:?}: {error}"));
    }
}

#[test]
fn all_missing_values_are_named_at_once_by_type() {
    let problems = problems(connector(&["needs_state"]));
    assert!(problems.contains("`State<u64>` finds no such value"), "{problems}");
    assert!(problems.contains("`State<alloc::string::String>` finds no such value"), "{problems}");
    let given = connector(&["needs_state"]).state(7_u64).state(String::new());
    given.clone().build().unwrap();
    let twice = given.state(8_u64).build().unwrap_err().to_string();
    assert!(twice.contains("two values of type `u64`"), "{twice}");
}

#[test]
fn handlers_stand_in_the_order_of_their_topics() {
    let connector = connector(&["plain", "outside", "earlier"]).build().unwrap();
    let names: Vec<_> = connector.registry().routes().map(|route| route.name()).collect();
    assert_eq!(names, ["earlier", "plain", "outside"]);
}

#[test]
fn a_reply_that_nobody_reads_is_a_warning() {
    let connector = connector(&["outside", "plain"]).build().unwrap();
    let warnings = connector.registry().warnings();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].contains("outside `ai.flowx.dev.engine.receive.*`"), "{warnings:?}");
}

#[test]
fn fewer_handlers_than_expected_are_reported_with_the_way_to_link_them() {
    let error = Connector::builder().settings(Settings::default()).expect_handlers(100).build();
    let error = error.unwrap_err().to_string();
    assert!(error.contains("100 handlers were expected, 22 are linked"), "{error}");
    assert!(error.contains("use my_handlers as _;"), "{error}");
}

#[test]
fn topics_can_be_set_from_outside_and_are_checked_as_those_in_the_source() {
    let with = |variables: &[(&str, &str)]| {
        let settings = Settings::read(variables.iter().copied()).unwrap();
        connector(&["plain", "earlier"]).settings(settings).build()
    };
    let connector = with(&[
        ("FLOWX_CONNECTOR_HANDLER_PLAIN_TOPIC", "other.trigger.topic"),
        ("FLOWX_CONNECTOR_HANDLER_EARLIER_REPLY", "/answers"),
        ("KAFKA_TOPIC_NAMING_ENVIRONMENT", "prod."),
    ])
    .unwrap();
    let route = connector.registry().route("ai.flowx.prod.other.trigger.topic.v1").unwrap();
    let reply = "ai.flowx.prod.engine.receive.other.topic.results.v1";
    assert_eq!((route.name(), route.reply.as_deref()), ("plain", Some(reply)));
    let earlier = connector.registry().route("ai.flowx.prod.a.before.v1").unwrap();
    assert_eq!(earlier.reply.as_deref(), Some("answers"));

    let wrong = with(&[
        ("FLOWX_CONNECTOR_HANDLER_PLAIN_TOPIC", "no topic"),
        ("FLOWX_CONNECTOR_HANDLER_EARLER_TOPIC", "x"),
    ]);
    let wrong = wrong.unwrap_err().to_string();
    assert!(wrong.contains("`no topic` is not a topic name"), "{wrong}");
    assert!(wrong.contains("for handler `EARLER`, but there are only"), "{wrong}");
}

#[derive(serde::Serialize, schemars::JsonSchema)]
#[schemars(example = serde_json::json!({ "count": "many" }))]
struct BadlyShown {
    count: u8,
}

#[flowx_handler(
    topic = "a.trigger.shown",
    examples = [serde_json::json!({}), serde_json::json!("x")]
)]
async fn shown(_: std::collections::BTreeMap<String, u8>) -> Result<BadlyShown, HandlerError> {
    Ok(BadlyShown { count: 1 })
}

#[test]
fn examples_that_are_not_as_the_schema_says_are_all_told() {
    let wrong = connector(&["shown"]).build().unwrap_err().to_string();
    for words in [
        "its example 2 is no request that it accepts: $: must be an object, not a string; mend",
        "example 1 of its reply is not as its schema says: $.count: must be an integer, not a string; mend",
    ] {
        assert!(wrong.contains(words), "{wrong}");
    }
}

#[test]
fn retry_topics_are_read_and_shown() {
    let connector = connector(&["mail", "plain"]).build().unwrap();
    let registry = connector.registry();
    for topic in ["ai.flowx.dev.mail.send.v1.retry.30s", "ai.flowx.dev.mail.send.v1.retry.5m"] {
        assert_eq!(registry.route(topic).map(|route| route.name()), Some("mail"), "{topic}");
        assert!(registry.subscriptions().iter().any(|one| one.matches(topic)), "{topic}");
    }
    let table = HandlerTable(&connector.contract()).to_string();
    let column: Vec<_> = table.lines().map(|row| row.rsplit("  ").next().unwrap()).collect();
    assert_eq!(column, ["retry topics", "none", ".retry.30s, .retry.5m"], "{table}");
}

#[test]
fn retry_topics_can_be_set_from_outside_but_never_with_an_order() {
    let with = |handlers: &[&str], variables: &[(&str, &str)]| {
        let settings = Settings::read(variables.iter().copied()).unwrap();
        connector(handlers).settings(settings).build()
    };
    let retries = |connector: &Connector, topic: &str| -> Vec<String> {
        let route = connector.registry().route(topic).unwrap();
        route.retry_topics.iter().map(|retry| retry.topic.to_string()).collect()
    };
    const MAIL: &str = "ai.flowx.dev.mail.send.v1";
    let set = with(&["mail"], &[("FLOWX_CONNECTOR_HANDLER_MAIL_RETRY_TOPICS", "1h")]).unwrap();
    assert_eq!(retries(&set, MAIL), [format!("{MAIL}.retry.1h")]);
    let none = [
        ("FLOWX_CONNECTOR_HANDLER_MAIL_RETRY_TOPICS", ""),
        ("FLOWX_CONNECTOR_HANDLER_MAIL_ORDER", "key"),
    ];
    assert!(retries(&with(&["mail"], &none).unwrap(), MAIL).is_empty());
    let unordered = [
        ("FLOWX_CONNECTOR_HANDLER_PLAIN_RETRY_TOPICS", "30s"),
        ("FLOWX_CONNECTOR_HANDLER_PLAIN_ORDER", "unordered"),
    ];
    let plain = "ai.flowx.dev.a.trigger.b.v1";
    assert_eq!(retries(&with(&["plain"], &unordered).unwrap(), plain).len(), 1);

    for (handler, name, value, words) in [
        ("mail", "MAIL_ORDER", "key", "runs its requests in order (`key`)"),
        (
            "mail",
            "MAIL_ORDER",
            "partition",
            "set its order to `unordered`, or leave the retry topics out",
        ),
        ("plain", "PLAIN_RETRY_TOPICS", "30s", "handler `plain`: it has retry topics and runs its"),
        (
            "mail",
            "MAIL_TOPIC",
            "mail.*",
            "reads the pattern `ai.flowx.dev.mail.*`, which cannot have",
        ),
        ("mail", "MAIL_TOPIC", "engine.receive.mail", "would be read by the engine"),
        ("mail", "MAIL_TOPIC", &format!("/{}", "x".repeat(245)), "longer than 249 characters"),
    ] {
        let name = format!("FLOWX_CONNECTOR_HANDLER_{name}");
        let problem = with(&[handler], &[(&name, value)]).unwrap_err().to_string();
        assert!(problem.contains(words), "{name}={value}: {problem}");
    }
}

#[test]
fn an_attempt_may_not_outlast_the_time_for_all_of_them() {
    let settings = Settings::read([
        ("FLOWX_CONNECTOR_HANDLER_PLAIN_TIMEOUT", "5min"),
        ("FLOWX_CONNECTOR_RETRY_BUDGET", "1min"),
    ]);
    let problems = problems(connector(&["plain", "earlier"]).settings(settings.unwrap()));
    assert!(problems.contains("handler `plain`: its timeout of 5m is longer"), "{problems}");
    assert!(!problems.contains("earlier"), "{problems}");
}

#[test]
fn times_that_do_not_fit_together_are_refused_at_once_with_what_to_set() {
    for (variables, words) in [
        (
            &[("DRAIN", "50s")][..],
            "the drain of 50s must be shorter than the session timeout of 45s",
        ),
        (&[("RETRY_DELAY", "61s")], "the wait of 1m 1s before the second attempt is longer than"),
        (&[("RETRY_BUDGET", "31s"), ("RETRY_DELAY", "31s")], "so there would never be one"),
        (&[("STALL", "9s")], "the stall of 9s is shorter than 10s"),
        (&[("SESSION_TIMEOUT", "2h")], "it may be 1 s to 1 h"),
        (
            &[("DRAIN", "295s"), ("SESSION_TIMEOUT", "5min")],
            "giving a partition back may take 5m 1s",
        ),
    ] {
        let names = variables.iter().map(|(name, _)| format!("FLOWX_CONNECTOR_{name}"));
        let values = variables.iter().map(|(_, value)| *value);
        let problems = match Settings::read(names.zip(values)) {
            Err(problems) => problems,
            Ok(settings) => {
                let built = connector(&["plain"]).settings(settings).build();
                built.expect_err(words).problems().to_vec()
            }
        };
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(problems[0].contains(words), "{words}\n{problems:?}");
        assert!(
            problems[0].contains(&format!("FLOWX_CONNECTOR_{}", variables[0].0)),
            "{problems:?}"
        );
    }
    // The same, and Kafka's own, where the settings are made in code.
    let mut settings = Settings::default();
    settings.drain = settings.session_timeout;
    settings.retry_delay *= 1_000;
    settings.stall /= 10;
    settings.kafka.insert("max.poll.interval.ms".to_owned(), "40000".into());
    settings.kafka.insert("heartbeat.interval.ms".to_owned(), "20000".into());
    let problems = problems(connector(&["plain"]).settings(settings));
    for words in [
        "the drain of 45s",
        "the wait of 5m before the second attempt is longer than the longest before any",
        "so there would never be one",
        "the stall of 6s",
        "`max.poll.interval.ms` of 40s is shorter",
        "giving a partition back may take 51s",
        "`heartbeat.interval.ms` of 20s",
    ] {
        assert!(problems.contains(words), "{words}\n{problems}");
    }
    assert_eq!(problems.lines().count(), 7, "{problems}");
}

#[test]
fn the_group_is_configured_or_named_or_the_binarys_own() {
    let group = |builder: ConnectorBuilder| builder.build().unwrap().group().to_owned();
    // A test binary has no name of its own to the compiler, so its package stands in.
    assert_eq!(group(connector(&["plain"])), "flowx-tests");
    assert_eq!(group(connector(&["plain"]).group("mine")), "mine");
    let settings = Settings::read([("KAFKA_CONSUMER_GROUPID", "theirs")]).unwrap();
    assert_eq!(group(connector(&["plain"]).group("mine").settings(settings)), "theirs");
}
