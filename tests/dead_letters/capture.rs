//! A dead letter as a test: it compiles, it fails for the reason that the dead letter names, and it has
//! no secret.

use std::process::Command;

use flowx_core::config::Settings;
use flowx_core::dead_letters::capture::test::{Hide, NoTest, test};
use flowx_core::dead_letters::letter::DeadLetter;
use flowx_core::message::record::Record;
use flowx_core::testing::TestConnector;
use flowx_core::{Connector, HandlerError, flowx_handler};
use flowx_tests::repository;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The same handler as in `tests/captured/main.rs`, in which the written test runs.
#[derive(Deserialize, JsonSchema)]
#[expect(dead_code, reason = "it fails whatever is in it")]
struct Login {
    user: String,
    password: String,
    #[schemars(extend("x-flowx-sensitive" = true))]
    born: String,
    amount: i64,
}

#[derive(Serialize, JsonSchema)]
struct Checked {
    ok: bool,
}

#[flowx_handler(topic = "shop.trigger.check-login", attempts = 1)]
async fn check_login(_: Login) -> Result<Checked, HandlerError> {
    Err(HandlerError::retry("thirteen brings bad luck"))
}

const PAYLOAD: &str =
    r#"{"user": "ada", "password": "canary-1815", "born": "1985-12-10", "amount": 13}"#;

async fn captured(payload: &[u8], hide: &Hide) -> Result<String, NoTest> {
    let builder = Connector::builder().settings(Settings::default()).group("shop");
    let builder = builder.only(["check_login"]);
    let registry = builder.clone().build().expect("a connector");
    let connector = TestConnector::start(builder).await.expect("it starts");
    let request = connector.handler("check_login").header("jwt", "canary.jwt-7");
    let request =
        request.add_header("odd \u{202e}\"", Some(&[0xff, 0x1b])).add_header("null", None);
    let exchange = request.key([0xff, 0x00]).payload(payload).exchange().await;
    let record: Record = exchange.dead_letter().expect("a dead letter").clone();
    let mut letter = DeadLetter::read(&record).expect("a dead letter");
    // The one thing that is different each time.
    letter.failed_at = 1_767_225_600_000;
    connector.stop().await.expect("it stops");
    test(&letter, &record, registry.registry(), hide)
}

/// After a change of what is written, run with `CAPTURED=overwrite` and read the difference.
#[tokio::test(start_paused = true)]
async fn a_test_holds_the_request_and_no_secret() {
    let written = captured(PAYLOAD.as_bytes(), &Hide::default()).await.expect("a test");
    assert!(!written.contains("canary") && !written.contains("1985"), "{written}");
    assert!(!written.contains('\u{202e}'), "{written}");
    let file = repository().join("tests/captured/letter.rs");
    if std::env::var_os("CAPTURED").is_some() {
        std::fs::write(&file, &written).expect("it can be written");
    }
    assert_eq!(std::fs::read_to_string(file).expect("the written test"), written);
}

#[test]
fn the_test_compiles_and_fails_for_the_reason_of_the_dead_letter() {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let run = Command::new(cargo)
        .args(["test", "--quiet", "--package", "flowx-tests", "--test", "captured"])
        .current_dir(repository())
        .output()
        .expect("cargo can be started");
    let said = String::from_utf8_lossy(&run.stdout);
    assert!(!run.status.success(), "{run:?}");
    assert!(said.contains("0 passed; 1 failed"), "{said}{}", String::from_utf8_lossy(&run.stderr));
    assert!(said.contains("was refused with RETRY_EXHAUSTED (retry-exhausted)"), "{said}");
    assert!(said.contains("thirteen brings bad luck"), "{said}");
}

#[tokio::test(start_paused = true)]
async fn more_is_masked_on_request() {
    let hide = Hide {
        paths: vec!["$.user".parse().expect("a path")],
        headers: vec!["fxContext".to_owned()],
        ..Hide::default()
    };
    let written = captured(PAYLOAD.as_bytes(), &hide).await.expect("a test");
    assert!(written.contains(r#""user":"xxx""#), "{written}");
    assert!(written.contains(r#".add_header("fxContext", Some(b"xxxx"))"#), "{written}");
    assert!(written.contains(r#""amount":13"#), "{written}");
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_masked_is_refused() {
    let gone = Hide { paths: vec!["$.gone".parse().expect("a path")], ..Hide::default() };
    let refused = captured(PAYLOAD.as_bytes(), &gone).await;
    assert_eq!(refused, Err(NoTest::Missed("$.gone".to_owned())));
    assert_eq!(captured(b"password=canary", &Hide::default()).await, Err(NoTest::NoJson));
    let raw = Hide { raw: true, ..Hide::default() };
    let written = captured(b"\xff{", &raw).await.expect("a test");
    assert!(written.contains(r#".payload(b"\xff{")"#), "{written}");
}
