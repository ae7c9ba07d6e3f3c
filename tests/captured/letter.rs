// Dead letter f34d6212ff209bed7fbff50e3b8fbb48: the request at ai.flowx.dev.shop.trigger.check-login.v1[0]@0 to handler
// `check_login`, put aside at 2026-01-01T00:00:00.000Z after 1 attempt(s).
// Reason: retry-exhausted, code RETRY_EXHAUSTED: thirteen brings bad luck
// Masked: `$.password`, `$.born`, header `jwt`.
//
// Fails as long as the request does. A crate that nothing refers to is not linked: if this does not
// stand beside its handlers, name them once, as in `use flowx_tests as _;`.

use flowx_core::Connector;
use flowx_core::runtime::status::End;
use flowx_core::testing::TestConnector;

#[tokio::test(start_paused = true)]
async fn dead_letter_f34d6212_of_check_login_is_answered() {
    // What handlers share goes here, as in `main`: `.state(…)`.
    let builder = Connector::builder().group("shop").only(["check_login"]);
    let connector = TestConnector::start(builder).await.unwrap();
    let exchange = connector
        .handler("check_login")
        .without_headers()
        .add_header("processInstanceUuid", Some(b"00000000-0000-4000-8000-000000000001"))
        .add_header("processInstanceId", Some(b"1"))
        .add_header("fxContext", Some(b"main"))
        .add_header("jwt", Some(b"xxxxxx.xxx-1"))
        .add_header("odd \u{202e}\"", Some(b"\xff\x1b"))
        .add_header("null", None)
        .key(b"\xff\x00")
        .payload(r#"{"user":"ada","password":"xxxxxx-1111","born":"1111-11-11","amount":13}"#)
        .exchange()
        .await;
    assert!(matches!(exchange.end(), End::Replied), "{exchange}");
}
