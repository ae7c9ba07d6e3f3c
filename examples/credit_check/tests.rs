//! The handler called as the plain function it is, against services that each test starts.

use axum::Router;
use axum::http::HeaderMap;
use axum::routing::post;
use flowx_core::handler::call::Attempt;
use tokio::sync::mpsc;
use tokio::time::Instant;

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

#[tokio::test]
async fn a_service_that_is_silent_or_talks_nonsense_is_asked_again() {
    let silent = Router::new().route("/credit-checks", post(std::future::pending::<StatusCode>));
    let deadline = Instant::now() + Duration::from_millis(200);
    let context = Context::from(Attempt::first(deadline, "key"));
    let error = check(request("C-1001", 1.0), service(silent).await, context).await;
    let Err(CreditError::Unreachable(error)) = error else { panic!("{error:?}") };
    assert!(error.is_timeout(), "{error:?}");
    assert!(Instant::now() < deadline, "it gives up before the handler is cut off");

    let nonsense = Router::new().route("/credit-checks", post(|| async { "OK" }));
    let error = check(request("C-1001", 1.0), service(nonsense).await, Context::for_test()).await;
    assert!(matches!(error, Err(CreditError::Unreachable(error)) if error.is_decode()));
}

#[tokio::test]
async fn every_try_carries_the_same_key() {
    let (sender, mut seen) = mpsc::unbounded_channel();
    let recording = post(move |headers: HeaderMap| {
        let key = headers.get("Idempotency-Key").cloned();
        let sent = sender.send(key);
        async move { sent.map_or(StatusCode::IM_A_TEAPOT, |()| StatusCode::SERVICE_UNAVAILABLE) }
    });
    let service = service(Router::new().route("/credit-checks", recording)).await;
    for attempt in 1..=2 {
        let context = Context::for_test().with_idempotency_key("one-key").with_attempt(attempt);
        let error = check(request("C-1001", 1.0), service.clone(), context).await;
        assert!(matches!(error, Err(CreditError::Overloaded(_))), "{error:?}");
        let key = seen.recv().await.flatten().expect("a key");
        assert_eq!(key, "one-key");
    }
}
