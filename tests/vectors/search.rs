//! The data search, in two versions of the platform.

use std::convert::Infallible;

use flowx_core::{State, flowx_handler};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::file::Vector;
use crate::play::{Case, Outcome, Seen, typed};

pub(crate) fn case(vector: &Vector) -> Option<Case> {
    Some(match vector.name.as_str() {
        // Request and reply are documented as two examples: they are about different names.
        "data-search-simple-no-results" => {
            Case::documented(vector, "search_data", typed::<Found>(&vector.reply))
        }
        "data-search-cross-application" => {
            let reply = json!({
                "result": [],
                "searchKey": "application.client.account.type",
                "searchValue": "Premium",
                "tooManyResults": false,
                "success": true
            });
            Case::documented(vector, "search_data", typed::<Found>(&reply))
                .expects(Outcome::Reply(reply))
        }
        "data-search-4.1" => {
            Case::documented(vector, "search_data_4_1", typed::<Found41>(&vector.reply))
        }
        _ => return None,
    })
}

#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Search {
    search_key: String,
    value: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    process_start_date_after: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    process_start_date_before: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    process_definition_names: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    states: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    application_ids: Option<Vec<String>>,
}

#[derive(Clone, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Found {
    result: Vec<Value>,
    search_key: String,
    search_value: String,
    too_many_results: bool,
    success: bool,
}

/// What was found, as in 4.1: without `success`, and with a boolean that is a text.
#[derive(Clone, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Found41 {
    result: Vec<Value>,
    search_key: String,
    too_many_results: String,
    search_value: String,
}

/// Searches the data of process instances.
#[flowx_handler(topic = "core.trigger.search.data", error_null = false)]
async fn search_data(
    request: Search,
    found: State<Found>,
    seen: State<Seen>,
) -> Result<Found, Infallible> {
    seen.note(&request);
    Ok((*found).clone())
}

/// Searches the data of process instances, as in 4.1.
#[flowx_handler(topic = "core.trigger.search.data", error_null = false)]
async fn search_data_4_1(
    request: Search,
    found: State<Found41>,
    seen: State<Seen>,
) -> Result<Found41, Infallible> {
    seen.note(&request);
    Ok((*found).clone())
}
