//! The customer management plugin.

use std::convert::Infallible;

use flowx_core::{State, flowx_handler};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::file::Vector;
use crate::play::{Case, Seen, typed};

pub(crate) fn case(vector: &Vector) -> Option<Case> {
    match vector.name.as_str() {
        "customer-search-by-id" | "customer-search-by-name" => {
            Some(Case::documented(vector, "search_customers", typed::<Customers>(&vector.reply)))
        }
        _ => None,
    }
}

/// Who is looked for: by identifier or by name.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct CustomerSearch {
    #[serde(skip_serializing_if = "Option::is_none")]
    client_unique_identifier: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_name: Option<String>,
}

#[derive(Clone, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Customers {
    customers: Vec<Customer>,
    has_more: bool,
    error: Option<String>,
}

#[derive(Clone, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Customer {
    id: String,
    first_name: String,
    last_name: String,
    birth_date: String,
    cui: String,
    company_name: String,
    client_category: String,
    client_type: String,
    id_series: String,
    id_number: String,
    id_doc_type: String,
    id_expiry_date: String,
    legal_form: String,
    list_id: String,
    mobile_phone: String,
    attributes: Option<Value>,
    #[serde(rename = "type")]
    kind: String,
}

/// Searches customers.
#[flowx_handler(
    topic = "/ro.flowx.in.sandbox.customer.management.request",
    reply = "/ro.flowx.updates.sandbox.customer.management.response",
    error_null = false
)]
async fn search_customers(
    request: CustomerSearch,
    found: State<Customers>,
    seen: State<Seen>,
) -> Result<Customers, Infallible> {
    seen.note(&request);
    Ok((*found).clone())
}
