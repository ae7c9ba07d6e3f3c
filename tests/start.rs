//! What a connector checks before its first record: handlers, topics, settings.

use flowx_core::config::Settings;
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
    assert!(error.contains("100 handlers were expected, 16 are linked"), "{error}");
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
fn the_group_is_configured_or_named_or_the_binarys_own() {
    let group = |builder: ConnectorBuilder| builder.build().unwrap().group().to_owned();
    // A test binary has no name of its own to the compiler, so its package stands in.
    assert_eq!(group(connector(&["plain"])), "flowx-tests");
    assert_eq!(group(connector(&["plain"]).group("mine")), "mine");
    let settings = Settings::read([("KAFKA_CONSUMER_GROUPID", "theirs")]).unwrap();
    assert_eq!(group(connector(&["plain"]).group("mine").settings(settings)), "theirs");
}
