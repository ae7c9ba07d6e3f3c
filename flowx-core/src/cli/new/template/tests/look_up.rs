//! What processes may rely on, shown on the real runtime over a broker in memory.

use flowx_core::testing::TestConnector;
use flowx_core::{Connector, State};
use serde_json::json;

use my_connector::{Customer, CustomerError, CustomerRequest, Register, look_up};

/// A handler is a plain function: a test calls it.
#[tokio::test]
async fn a_known_customer_is_found() {
    let request = CustomerRequest {
        customer_number: "4711".to_owned(),
    };
    let customer = look_up(request, State::new(Register::open()))
        .await
        .unwrap();
    assert_eq!(
        customer,
        Customer {
            name: "Ada Lovelace".to_owned(),
            credit_limit: 5_000
        }
    );
}

/// The same handler as the platform meets it.
#[tokio::test(start_paused = true)]
async fn a_process_gets_the_customer_or_a_code_to_branch_on() {
    let connector = TestConnector::start(my_connector::connector())
        .await
        .unwrap();

    let exchange = connector
        .handler("look_up")
        .send(&json!({ "customerNumber": "4711" }))
        .await;
    let expected = json!({ "name": "Ada Lovelace", "creditLimit": 5_000, "errorMessage": null });
    assert_eq!(exchange.reply_json().unwrap(), expected);

    let exchange = connector
        .handler("look_up")
        .send(&json!({ "customerNumber": "1" }))
        .await;
    let refusal = exchange.expect_refusal("CUSTOMER_NOT_FOUND");
    assert_eq!(
        refusal.message,
        CustomerError::NotFound("1".to_owned()).to_string()
    );

    let exchange = connector
        .handler("look_up")
        .send(&json!({ "customerNumber": "Ada" }))
        .await;
    exchange.expect_refusal("INVALID_REQUEST");
    connector.stop().await.unwrap();
}

/// Minutes of attempts and waits pass at once, for the clock is paused.
#[tokio::test(start_paused = true)]
async fn a_request_that_keeps_failing_is_answered_and_put_aside() {
    let builder = Connector::builder().state(Register::closed());
    let connector = TestConnector::start(builder).await.unwrap();
    let exchange = connector
        .handler("look_up")
        .send(&json!({ "customerNumber": "4711" }))
        .await;
    assert!(exchange.refusal().is_some(), "{exchange}");
    assert!(exchange.dead_letter().is_some(), "{exchange}");
    connector.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn every_example_is_answered_as_the_contract_says() {
    let connector = TestConnector::start(my_connector::connector())
        .await
        .unwrap();
    assert_eq!(connector.play_examples().await.len(), 2);
    connector.stop().await.unwrap();
}
