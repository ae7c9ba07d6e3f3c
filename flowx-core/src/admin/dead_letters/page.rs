//! `GET deadletters/page`: a page for people. It holds nothing itself: what it shows it asks for, with
//! the token that is typed into it.

use axum::http::header::CONTENT_SECURITY_POLICY;
use axum::response::{Html, IntoResponse, Response};

use crate::contract::catalog::own_policy;

const FRAME: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

pub(super) async fn page() -> Response {
    let policy = format!("{}; frame-ancestors 'none'", own_policy(STYLE, SCRIPT, "'self'"));
    let page = FRAME.replace("{{style}}", STYLE).replace("{{script}}", SCRIPT);
    ([(CONTENT_SECURITY_POLICY, policy)], Html(page)).into_response()
}
