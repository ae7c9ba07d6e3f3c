//! The routes of the admin endpoint: who is let in, and what they get.

use flowx_core::ConnectorError;
use flowx_core::admin::{Actuator, ConnectionLimits, DeadLetterSite, dead_letters_router, serve};
use flowx_core::config::Settings;
use flowx_core::config::admin_group::AdminGroup;
use flowx_core::config::secret::Secret;
use flowx_core::dead_letters::Desk;
use flowx_core::kafka::{EmbeddedBroker, ReadFrom, Reader, Writer};
use flowx_core::message::record::Outbound;
use flowx_tests::http::Visited;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::numbers::{ASIDE, BRITTLE, REPLIES, World, builder, outbound};

const TOKEN: &str = "Authorization: Bearer canary";
const REPLAY: &str = "/deadletters/replay";

/// Serves the dead letters of a connector on this broker.
async fn visited(settings: Settings, world: &World) -> Visited {
    let connector = builder(world, &["brittle"]).settings(settings).build().expect("a connector");
    let site = DeadLetterSite::new(Desk::of(&connector).expect("a desk"), Secret::new("canary"));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(serve(listener, dead_letters_router(site), std::future::pending()));
    Visited { address }
}

fn settings(bootstrap_servers: &str) -> Settings {
    let mut settings = Settings::default();
    settings.bootstrap_servers = Some(bootstrap_servers.to_owned());
    settings
}

/// A connector at work, the dead letter of a request, and the site that shows it.
pub(crate) struct Scene {
    pub(crate) broker: EmbeddedBroker,
    pub(crate) world: World,
    pub(crate) site: Visited,
    pub(crate) aside: Reader,
    pub(crate) running: JoinHandle<Result<(), ConnectorError>>,
}

pub(crate) async fn scene(request: Outbound) -> Scene {
    let broker = EmbeddedBroker::start(1).expect("a broker");
    for topic in [BRITTLE, ASIDE, REPLIES] {
        broker.create_topic(topic).expect("a topic");
    }
    let client = broker.settings("test");
    let mut settings = settings(broker.bootstrap_servers());
    settings.kafka = client.extra.clone();
    settings.session_timeout = client.session_timeout;
    settings.drain = client.session_timeout / 2;
    let world = World::default();
    let connector = builder(&world, &["brittle"]).settings(settings.clone()).build().unwrap();
    let running = tokio::spawn(connector.run(std::future::pending()));
    let mut aside = Reader::open(&client, &[ASIDE], ReadFrom::Beginning).await.unwrap();
    Writer::connect(&client).unwrap().write(&[request]).await.unwrap();
    aside.next().await;
    let site = visited(settings, &world).await;
    Scene { broker, world, site, aside, running }
}

#[tokio::test]
async fn nobody_gets_in_without_the_token() {
    let site = visited(settings("127.0.0.1:1"), &World::default()).await;
    let get = |path: &str, more: &str| format!("GET {path} HTTP/1.1\r\nHost: x{more}");
    for path in ["/deadletters", "/deadletters/0f8e", "/deadletters/0f8e?payload=true"] {
        for (more, status) in [
            ("", 401),
            ("\r\nAuthorization: Bearer guess", 401),
            ("\r\nAuthorization: Basic canary", 401),
            ("\r\nAuthorization: Bearer canary\r\nOrigin: http://evil.example", 403),
        ] {
            let answer = site.send(&get(path, more), "").await;
            assert_eq!(answer.status, status, "{path} {more}: {answer:?}");
            assert_eq!(answer.header("cache-control"), Some("no-store"), "{path}");
            assert!(!answer.body.contains("canary"), "{answer:?}");
        }
    }
    let all = r#"{"all": true}"#;
    assert_eq!(site.post(REPLAY, &[], all).await.status, 401);
    assert_eq!(site.post(REPLAY, &[TOKEN, "Origin: http://evil.example"], all).await.status, 403);
    let form = [TOKEN, "Content-Type: text/plain"];
    assert_eq!(site.post(REPLAY, &form, all).await.status, 415);
}

#[tokio::test]
async fn what_is_asked_for_wrongly_is_refused_before_a_broker_is_asked() {
    let site = visited(settings("127.0.0.1:1"), &World::default()).await;
    for (query, words) in [
        ("handlers=a", "there is no parameter `handlers`"),
        ("limit=0", "from 1 to 1000"),
        ("limit=1001", "from 1 to 1000"),
        ("since=yesterday", "`since`: it is neither a time"),
    ] {
        let head = format!("GET /deadletters?{query} HTTP/1.1\r\nHost: x\r\n{TOKEN}");
        let answer = site.send(&head, "").await;
        assert_eq!(answer.status, 400, "{query}: {answer:?}");
        assert!(answer.error().contains(words), "{query}: {answer:?}");
    }
    for (body, words) in [
        ("{}", "say which"),
        (r#"{"dryRun": true}"#, "say which"),
        (r#"{"all": true, "answred": true}"#, "unknown field `answred`"),
        (r#"{"all": true, "rate": 0}"#, "the body cannot be read"),
        (r#"{"until": "never"}"#, "`until`: it is neither a time"),
        ("{", "the body cannot be read"),
    ] {
        let answer = site.post(REPLAY, &[TOKEN], body).await;
        assert_eq!(answer.status, 400, "{body}: {answer:?}");
        assert!(answer.error().contains(words), "{body}: {answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dead_letters_are_listed_shown_and_sent_again() {
    let request = outbound(BRITTLE, &[("jwt", "canary-jwt")], b"canary \x1b[2J");
    let Scene { broker, world, site, mut aside, running } = scene(request).await;
    let client = broker.settings("test");
    let mut writer = Writer::connect(&client).unwrap();
    let mut replies = Reader::open(&client, &[REPLIES], ReadFrom::Beginning).await.unwrap();
    let get = async |path: &str| {
        site.send(&format!("GET {path} HTTP/1.1\r\nHost: x\r\n{TOKEN}"), "").await
    };
    let list = get("/deadletters?handler=brittle&reason=retry-exhausted&since=1h&limit=5").await;
    assert_eq!((list.status, list.header("content-type")), (200, Some("application/json")));
    let found = list.json();
    assert_eq!((&found["total"], &found["missingTopics"]), (&json!(1), &json!([])));
    let row = &found["deadLetters"][0];
    assert_eq!((&row["handler"], &row["replied"]), (&json!("brittle"), &json!(false)));
    assert_eq!(row["original"], format!("{BRITTLE}[0]@0"));
    assert_eq!(get("/deadletters?handler=nobody").await.json()["total"], 0);

    let path = format!("/deadletters/{}", row["id"].as_str().unwrap());
    for (query, payload) in [
        ("", Value::Null),
        ("?payload=true", json!("canary \\u{1b}[2J")),
        ("?payload=unmasked", json!("canary \\u{1b}[2J")),
    ] {
        let shown = get(&format!("{path}{query}")).await;
        assert_eq!(shown.json()["payload"], payload, "{shown:?}");
        assert!(!shown.body.contains("canary-jwt"), "{shown:?}");
    }
    assert_eq!(get("/deadletters/0f8e5a1c3b7d49260f8e5a1c3b7d4926").await.status, 404);
    assert_eq!(get(&format!("{path}?payloads=true")).await.status, 400);

    world.mend();
    for (body, expected) in [
        (r#"{"all": true, "dryRun": true}"#, "would-replay"),
        (r#"{"handlers": ["brittle"], "rate": 100, "maxReplays": 1}"#, "replayed"),
        (r#"{"all": true, "unfinished": true}"#, "skipped"),
    ] {
        let run = site.post(REPLAY, &[TOKEN], body).await;
        assert_eq!(run.status, 200, "{run:?}");
        assert_eq!(run.json()["outcomes"][0]["outcome"], expected, "{body}: {run:?}");
    }
    let reply = replies.next().await;
    assert_eq!(reply.payload.as_deref(), Some(&br#"{"bytes":11,"errorMessage":null}"#[..]));
    assert_eq!(get("/deadletters").await.json()["deadLetters"][0]["replay"], "replayed");

    // Two that cannot be sent again within a second: a run that lasts.
    let letters: Vec<_> = [b"a", b"b"].map(|payload| outbound(BRITTLE, &[], payload)).into();
    world.break_again();
    writer.write(&letters).await.unwrap();
    // Behind the marks of the first.
    while aside.next().await.headers.text("dlq-original-offset") != Some("3") {}
    let slow = r#"{"all": true, "rate": 1}"#;
    let (first, second) =
        tokio::join!(site.post(REPLAY, &[TOKEN], slow), site.post(REPLAY, &[TOKEN], slow),);
    let (run, refused) = if first.status == 200 { (first, second) } else { (second, first) };
    assert_eq!((run.status, refused.status), (200, 409), "{run:?} {refused:?}");
    assert_eq!(run.json()["replayed"], 2, "{run:?}");
    running.abort();
}

#[tokio::test]
async fn the_admin_endpoint_has_them_where_there_is_a_token_and_they_are_exposed() {
    let broker = EmbeddedBroker::start(1).expect("a broker");
    for topic in [BRITTLE, ASIDE, REPLIES] {
        broker.create_topic(topic).expect("a topic");
    }
    let world = World::default();
    let settings = settings(broker.bootstrap_servers());
    let connector = builder(&world, &["brittle"]).settings(settings).build().expect("a connector");
    let site = || DeadLetterSite::new(Desk::of(&connector).expect("a desk"), Secret::new("canary"));
    let with = || Actuator::of(&connector).dead_letters(site());
    for (actuator, there) in [
        (with(), true),
        (with().expose([AdminGroup::Health]), false),
        (Actuator::of(&connector), false),
    ] {
        let visited = Visited::admin(actuator, None, ConnectionLimits::default()).await;
        let links = visited.get("/manage/actuator").await.json();
        assert_eq!(links["_links"].get("deadletters").is_some(), there, "{links}");
        let without = visited.get("/manage/actuator/deadletters").await.status;
        assert_eq!(without, if there { 401 } else { 404 });
        let request =
            format!("GET /manage/actuator/deadletters HTTP/1.1\r\nHost: localhost\r\n{TOKEN}");
        let answer = visited.send(&request, "").await;
        assert_eq!(answer.status, if there { 200 } else { 404 }, "{}", answer.body);
    }
}
