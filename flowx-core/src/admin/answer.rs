//! Answers, and the headers that all of them carry.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY};
use axum::http::header::{X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri};
use axum::response::{Html, IntoResponse, Response};
use serde_json::json;

use super::site::Site;
use crate::contract::catalog;

/// What is sent with all that is no page.
const NOTHING: &str = "default-src 'none'; frame-ancestors 'none'";

/// `GET /catalog`.
pub(super) async fn page(State(site): State<Arc<Site>>) -> Response {
    let policy = catalog::policy(site.catalog.presence);
    let mut headers = HeaderMap::new();
    if let Ok(allowed) = HeaderValue::from_str(&policy) {
        headers.insert(CONTENT_SECURITY_POLICY, allowed);
    }
    (headers, Html(catalog::page(&site.catalog))).into_response()
}

/// `GET /catalog/contract.json`.
pub(super) async fn contract(State(site): State<Arc<Site>>) -> Response {
    Json(&site.catalog.contract).into_response()
}

pub(super) async fn nothing_here(uri: Uri) -> Response {
    refused(StatusCode::NOT_FOUND, format!("there is nothing at {}; try /catalog", uri.path()))
}

/// A refusal, as JSON with one sentence.
pub(super) fn refused(status: StatusCode, reason: impl Into<String>) -> Response {
    (status, Json(json!({ "error": reason.into() }))).into_response()
}

/// Nothing is kept, guessed or framed; what is no page may do nothing at all in a browser.
pub(super) async fn secured(mut response: Response) -> Response {
    let headers = response.headers_mut();
    let fixed = [
        (CACHE_CONTROL, "no-store"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        (REFERRER_POLICY, "no-referrer"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.entry(CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(NOTHING));
    response
}
