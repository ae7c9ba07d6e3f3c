//! Who is let in: no page of another host, and nobody without the token where there is one.

use std::collections::BTreeSet;
use std::net::IpAddr;

use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderName, ORIGIN, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::Response;

use super::answer::refused;
use crate::config::secret::Secret;

/// Who is let in.
#[derive(Clone, Debug, Default)]
pub(super) struct Door {
    /// What they must know who change something.
    pub(super) token: Option<Secret>,
    /// Names of this host beside its own, in lower case.
    pub(super) hosts: BTreeSet<String>,
}

/// Why somebody is not let in.
pub(super) type Refused = (StatusCode, &'static str);

/// Refuses requests under a foreign name: a page whose host name leads here (DNS rebinding) has one.
pub(super) async fn own_host(State(door): State<Door>, request: Request, next: Next) -> Response {
    let named = request.headers().get(HOST).and_then(|host| host.to_str().ok());
    let named = named.or_else(|| request.uri().authority().map(|authority| authority.as_str()));
    if named.is_some_and(|authority| door.is_own(host_of(authority))) {
        return next.run(request).await;
    }
    refused(
        StatusCode::FORBIDDEN,
        "this host name is not served; call it by `localhost`, or add the name to FLOWX_CONNECTOR_ADMIN_HOSTS",
    )
}

impl Door {
    /// Whether a request that is to be played comes from the page itself or from a program, and from
    /// somebody who may.
    pub(super) fn lets_play(&self, headers: &HeaderMap) -> Result<(), Refused> {
        speaks_json(headers)?;
        own_origin(headers)?;
        match &self.token {
            Some(token) => knows(token, headers),
            None => Ok(()),
        }
    }

    /// Whether a request comes from somebody who may change how the connector runs. Nobody may where
    /// there is no token.
    pub(super) fn lets_change(&self, headers: &HeaderMap) -> Result<(), Refused> {
        own_origin(headers)?;
        match &self.token {
            Some(token) => knows(token, headers),
            None => Err((
                StatusCode::FORBIDDEN,
                "nobody may change anything here; set FLOWX_CONNECTOR_ADMIN_TOKEN to allow it to who knows that token",
            )),
        }
    }

    fn is_own(&self, host: &str) -> bool {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        let loopback = host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
        loopback || host == "localhost" || self.hosts.contains(&host)
    }
}

/// A refusal; where a token is missing it says which scheme is spoken.
pub(super) fn not_let_in((status, reason): Refused) -> Response {
    let mut response = refused(status, reason);
    if status == StatusCode::UNAUTHORIZED {
        response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}

/// Whether a request says that its body is JSON, which no form of a foreign page can.
pub(super) fn speaks_json(headers: &HeaderMap) -> Result<(), Refused> {
    match text(headers, &CONTENT_TYPE) {
        Some(kind) if is_json(kind) => Ok(()),
        _ => {
            Err((StatusCode::UNSUPPORTED_MEDIA_TYPE, "the content type must be `application/json`"))
        }
    }
}

/// Whether a request comes from a program, or from a page of this very host.
pub(super) fn own_origin(headers: &HeaderMap) -> Result<(), Refused> {
    if !headers.contains_key(ORIGIN) {
        return Ok(());
    }
    let origin = text(headers, &ORIGIN).and_then(|origin| origin.split_once("://"));
    match origin {
        Some((_, authority)) if Some(authority) == text(headers, &HOST) => Ok(()),
        _ => Err((StatusCode::FORBIDDEN, "a page of another origin cannot send requests")),
    }
}

/// Whether a request brings the token.
pub(super) fn knows(token: &Secret, headers: &HeaderMap) -> Result<(), Refused> {
    let given = text(headers, &AUTHORIZATION).and_then(|value| value.split_once(' '));
    let given = given.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    match given {
        Some((_, given)) if token.is(given.trim()) => Ok(()),
        Some(_) => Err((StatusCode::UNAUTHORIZED, "the token is not the right one")),
        None => Err((
            StatusCode::UNAUTHORIZED,
            "a bearer token is needed: the value of FLOWX_CONNECTOR_ADMIN_TOKEN",
        )),
    }
}

fn text<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn is_json(kind: &str) -> bool {
    let kind = kind.split(';').next().unwrap_or_default().trim();
    kind.eq_ignore_ascii_case("application/json")
}

/// The host of `host:port`, without the brackets of an IPv6 address.
fn host_of(authority: &str) -> &str {
    match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or(rest),
        None => authority.split(':').next().unwrap_or(authority),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_read_with_and_without_its_port() {
        for (authority, host) in [
            ("localhost", "localhost"),
            ("localhost:8081", "localhost"),
            ("127.0.0.1:8081", "127.0.0.1"),
            ("[::1]:8081", "::1"),
            ("[::1]", "::1"),
            ("evil.example:80", "evil.example"),
            ("localhost.evil.example", "localhost.evil.example"),
        ] {
            assert_eq!(host_of(authority), host);
        }
    }

    #[test]
    fn json_is_told_from_what_a_foreign_form_can_send() {
        for kind in ["application/json", "Application/JSON; charset=utf-8"] {
            assert!(is_json(kind), "{kind}");
        }
        for kind in ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", ""] {
            assert!(!is_json(kind), "{kind}");
        }
    }
}
