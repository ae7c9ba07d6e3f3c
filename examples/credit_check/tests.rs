//! The handler called as the plain function it is, and as part of a connector, against services that
//! each test starts.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::http::{HeaderMap, HeaderValue};
use axum::routing::post;
use axum::{Json, Router};
use flowx_core::config::Settings;
use flowx_core::testing::TestConnector;
use tokio::sync::mpsc;

use super::*;

fn request(customer: &str, amount: f64) -> CreditRequest {
    CreditRequest { customer_id: customer.to_owned(), amount }
}

async fn service(router: Router) -> State<LegacyService> {
    let base = stand_in::start(router).await.expect("a free port");
    State::new(LegacyService::at(&base).expect("its own URL"))
}

/// A service that always answers with this status.
async fn answering(status: u16) -> State<LegacyService> {
    let status = StatusCode::from_u16(status).expect("a status");
    service(Router::new().route("/credit-checks", post(move || async move { status }))).await
}

#[tokio::test]
async fn the_services_words_become_the_processs() {
    let service = service(stand_in::service()).await;
    let reply = check(request("C-1001", 2500.0), service.clone(), Context::for_test()).await;
    let customer_id = "C-1001".to_owned();
    let approved = CreditReply { customer_id, approved: true, limit: 5000.0, risk: Risk::Low };
    assert_eq!(reply.expect("a decision"), approved);

    let reply = check(request("C-1001", 5000.01), service.clone(), Context::for_test()).await;
    assert!(!reply.expect("a decision").approved);

    let reply = check(request("C-1002", 1.0), service, Context::for_test()).await;
    let reply = reply.expect("a decision");
    assert_eq!((reply.approved, reply.limit, reply.risk), (false, 0.0, Risk::High));
}

#[tokio::test]
async fn a_customer_that_is_not_known_is_refused_by_number() {
    let service = service(stand_in::service()).await;
    let refused = check(request("C-9999", 2500.0), service, Context::for_test()).await;
    assert!(matches!(refused, Err(CreditError::CustomerNotFound(id)) if id == "C-9999"));
}

#[tokio::test]
async fn an_impossible_amount_is_not_even_asked_for() {
    // Nothing listens there: a request would be an error of another kind.
    let nowhere = || State::new(LegacyService::at("http://127.0.0.1:9").expect("a URL"));
    for amount in [0.0, -1.0, 0.004, f64::NAN, f64::INFINITY, LARGEST_AMOUNT + 1.0] {
        let refused = check(request("C-1001", amount), nowhere(), Context::for_test()).await;
        assert!(matches!(refused, Err(CreditError::InvalidAmount(_))), "{amount}");
    }
}

#[tokio::test]
async fn an_overloaded_service_is_asked_again_and_a_strict_one_is_not() {
    for status in [500, 502, 503, 504, 429, 408] {
        let error = check(request("C-1001", 1.0), answering(status).await, Context::for_test());
        let error = error.await.expect_err("no decision");
        assert!(matches!(error, CreditError::Overloaded(_)), "{status}");
        assert_eq!(error.failure().code(), None, "{status} is a retry");
    }
    for status in [400, 401, 403, 422] {
        let error = check(request("C-1001", 1.0), answering(status).await, Context::for_test());
        let error = error.await.expect_err("no decision");
        assert_eq!(error.failure().code(), Some("NOT_ACCEPTED"), "{status}");
    }
}

/// Nothing answers here, so that the clock can be stopped: it jumps to the time-out.
#[tokio::test(start_paused = true)]
async fn a_silent_service_is_given_up_before_the_handler_is_cut_off() {
    let silent = Router::new().route("/credit-checks", post(std::future::pending::<StatusCode>));
    let context = Context::for_test();
    let error = check(request("C-1001", 1.0), service(silent).await, context.clone()).await;
    let Err(CreditError::Unreachable(error)) = error else { panic!("{error:?}") };
    assert!(error.is_timeout(), "{error:?}");
    assert!(!context.remaining().is_zero());
}

#[tokio::test]
async fn a_service_that_talks_nonsense_is_asked_again() {
    let nonsense = Router::new().route("/credit-checks", post(|| async { "OK" }));
    let error = check(request("C-1001", 1.0), service(nonsense).await, Context::for_test()).await;
    assert!(matches!(error, Err(CreditError::Unreachable(error)) if error.is_decode()));
}

/// A service that answers with 503, all but the last time, and says which keys it was sent.
async fn recovering(
    failures: usize,
) -> (State<LegacyService>, mpsc::UnboundedReceiver<HeaderValue>) {
    let (sender, seen) = mpsc::unbounded_channel();
    let asked = Arc::new(AtomicUsize::new(0));
    let recovering = post(move |headers: HeaderMap, question: Json<Question>| {
        let key = headers.get("Idempotency-Key").cloned();
        // A test that looks at the answers only has dropped its end.
        let _ = key.map(|key| sender.send(key));
        let recovered = asked.fetch_add(1, Ordering::Relaxed) >= failures;
        async move {
            if recovered {
                stand_in::decide(question).await
            } else {
                Err(StatusCode::SERVICE_UNAVAILABLE)
            }
        }
    });
    (service(Router::new().route("/credit-checks", recovering)).await, seen)
}

/// Real sockets need a clock that runs: the pauses between attempts are made short instead.
async fn connector(service: State<LegacyService>) -> TestConnector {
    let mut settings = Settings::default();
    settings.retry_delay = Duration::from_millis(1);
    settings.retry_attempts = 3;
    let service = Arc::into_inner(service.into_arc()).expect("nobody else has it");
    let builder = Connector::builder().state(service).settings(settings);
    TestConnector::start(builder).await.expect("it starts")
}

#[tokio::test]
async fn a_service_that_recovers_in_time_was_sent_one_key_and_the_process_knows_nothing_of_it() {
    let (service, mut keys) = recovering(2).await;
    let connector = connector(service).await;
    let exchange = connector.handler("check").send(&request_json("C-1001")).await;
    assert_eq!(exchange.attempts(), 3);
    let reply = exchange.reply_json().expect("a decision");
    let expected = json!({
        "customerId": "C-1001",
        "approved": true,
        "limit": 5000.0,
        "risk": "LOW",
        "errorMessage": null
    });
    assert_eq!(reply, expected);
    let first = keys.recv().await.expect("a key");
    for _ in 2..=3 {
        assert_eq!(keys.recv().await.as_ref(), Some(&first));
    }

    let other = connector.handler("check").send(&request_json("C-1002")).await;
    assert_eq!(other.reply_json().expect("a decision")["approved"], false);
    assert_ne!(keys.recv().await.as_ref(), Some(&first), "another request has another key");
    connector.stop().await.expect("a stop in good order");
}

#[tokio::test]
async fn a_service_that_stays_down_is_an_error_reply_and_a_dead_letter() {
    let connector = connector(answering(503).await).await;
    let exchange = connector.handler("check").send(&request_json("C-1001")).await;
    exchange.expect_refusal("RETRY_EXHAUSTED");
    assert!(exchange.dead_letter().is_some() && exchange.attempts() == 3, "{exchange}");
}

#[tokio::test]
async fn a_refusal_is_final_at_once() {
    let connector = connector(service(stand_in::service()).await).await;
    let exchange = connector.handler("check").send(&request_json("C-9999")).await;
    let refusal = exchange.expect_refusal("CUSTOMER_NOT_FOUND");
    assert_eq!(refusal.message, "the customer `C-9999` is not known");
    assert_eq!(exchange.attempts(), 1);
}

#[tokio::test]
async fn every_example_is_answered_as_the_contract_says() {
    let connector = connector(service(stand_in::service()).await).await;
    assert_eq!(connector.play_examples().await.len(), 4);
}

fn request_json(customer: &str) -> serde_json::Value {
    json!({ "customerId": customer, "amount": 2500.0 })
}
