//! Tells processes what is known of a customer.
//!
//! This is a connector to begin with: rename the handler, its types and its topic, and put your own
//! system in place of [`Register`].

use std::collections::HashMap;

use flowx_core::{Connector, ConnectorBuilder, FlowxError, State, flowx_handler};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The connector with everything that its handlers need.
pub fn connector() -> ConnectorBuilder {
    Connector::builder()
        .expect_handlers(1)
        .state(Register::open())
}

/// The customer that is asked for. What stands here is what process designers read.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(example = CustomerRequest::number("4711"))]
#[schemars(example = CustomerRequest::number("9999"))]
pub struct CustomerRequest {
    /// Number of the customer: digits.
    #[schemars(regex(pattern = "^[0-9]{1,10}$"))]
    pub customer_number: String,
}

/// What is known of a customer.
#[derive(Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Customer {
    /// First and last name.
    pub name: String,
    /// How much may be owed, in euros.
    pub credit_limit: u32,
}

/// Why there is no answer. A gateway of the process can branch on the code of a refusal.
#[derive(Debug, PartialEq, thiserror::Error, FlowxError)]
pub enum CustomerError {
    /// Nobody has this number.
    #[error("there is no customer {0}")]
    #[flowx(refuse = "CUSTOMER_NOT_FOUND")]
    NotFound(String),
    /// The register does not answer; the request is tried again.
    #[error("the register does not answer")]
    #[flowx(retry)]
    Unreachable,
}

/// Looks up a customer by number.
#[flowx_handler(topic = "plugin.my-connector.trigger.look-up")]
pub async fn look_up(
    request: CustomerRequest,
    register: State<Register>,
) -> Result<Customer, CustomerError> {
    let found = register.find(&request.customer_number).await?;
    found.ok_or(CustomerError::NotFound(request.customer_number))
}

impl CustomerRequest {
    fn number(number: &str) -> serde_json::Value {
        serde_json::json!({ "customerNumber": number })
    }
}

/// The system behind this connector. Here it is a table; a client of a real one looks the same.
#[derive(Debug)]
pub struct Register {
    customers: HashMap<&'static str, (&'static str, u32)>,
    is_open: bool,
}

impl Register {
    /// A register that answers.
    pub fn open() -> Self {
        Self {
            customers: HashMap::from([("4711", ("Ada Lovelace", 5_000))]),
            is_open: true,
        }
    }

    /// One that does not, for tests.
    pub fn closed() -> Self {
        Self {
            is_open: false,
            ..Self::open()
        }
    }

    async fn find(&self, number: &str) -> Result<Option<Customer>, CustomerError> {
        if !self.is_open {
            return Err(CustomerError::Unreachable);
        }
        let found = self.customers.get(number);
        Ok(found.map(|(name, limit)| Customer {
            name: (*name).to_owned(),
            credit_limit: *limit,
        }))
    }
}
