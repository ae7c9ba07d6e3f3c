//! Who is let in.

use flowx_core::admin::Site;
use flowx_core::config::secret::Secret;

use crate::handlers::connector;
use flowx_tests::http::Visited;

const TRY: &str = "/catalog/try/double";
const GOOD: &str = r#"{"payload": {"number": 2}}"#;

async fn visited(change: impl FnOnce(Site) -> Site) -> Visited {
    Visited::serve(change(Site::of(&connector().0))).await
}

#[tokio::test]
async fn all_that_is_served_is_kept_by_nobody_and_framed_by_nobody() {
    let site = visited(|site| site).await;
    for (path, status, kind) in [
        ("/catalog", 200, "text/html; charset=utf-8"),
        ("/catalog/contract.json", 200, "application/json"),
        ("/nothing", 404, "application/json"),
        (TRY, 405, ""),
    ] {
        let answer = site.get(path).await;
        assert_eq!(answer.status, status, "{path}: {answer:?}");
        assert_eq!(answer.header("content-type").unwrap_or_default(), kind, "{path}");
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{path}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
        let policy = answer.header("content-security-policy").expect("a policy");
        assert!(policy.contains("default-src 'none'"), "{path}: {policy}");
        assert!(policy.contains("frame-ancestors 'none'"), "{path}: {policy}");
        assert_eq!(answer.header("access-control-allow-origin"), None, "{path}");
    }
    let contract = site.get("/catalog/contract.json").await.json();
    assert_eq!(contract, serde_json::to_value(connector().0.contract()).unwrap());
}

#[tokio::test]
async fn a_foreign_host_name_is_refused() {
    let site = visited(|site| site.hosts(["catalog.example"])).await;
    for (host, status) in [
        ("localhost", 200),
        ("LOCALHOST:8081", 200),
        ("127.0.0.1:1", 200),
        ("127.9.9.9", 200),
        ("[::1]:8081", 200),
        ("catalog.example:8081", 200),
        ("rebound.example", 403),
        ("localhost.example", 403),
        ("192.168.1.7:8081", 403),
        ("", 403),
    ] {
        let answer = site.send(&format!("GET /catalog HTTP/1.1\r\nHost: {host}"), "").await;
        assert_eq!(answer.status, status, "`{host}`");
        let host = format!("Host: {host}");
        let answer = site.post(TRY, &[&host], GOOD).await;
        assert_eq!(answer.status, status, "{host}");
    }
}

#[tokio::test]
async fn what_a_foreign_page_can_send_is_not_played() {
    let (connector, doubled) = connector();
    let site = Visited::serve(Site::of(&connector)).await;
    let own = format!("Origin: http://{}", site.address);
    for (lines, status) in [
        (vec!["Content-Type: text/plain"], 415),
        (vec!["Content-Type: application/x-www-form-urlencoded"], 415),
        (vec!["Content-Type: multipart/form-data; boundary=x"], 415),
        (vec!["Content-Type;"], 400),
        (vec!["Origin: https://evil.example"], 403),
        (vec!["Origin: null"], 403),
        (vec!["Origin: http://localhost:1"], 403),
        (vec![own.as_str()], 200),
        (vec!["Content-Type: application/json; charset=utf-8"], 200),
    ] {
        let before = doubled.count();
        let answer = site.post(TRY, &lines, GOOD).await;
        assert_eq!(answer.status, status, "{lines:?}: {answer:?}");
        assert_eq!(doubled.count() - before, u32::from(status == 200), "{lines:?}");
    }
    // What a browser asks before it sends JSON to another origin.
    let asked = format!(
        "OPTIONS {TRY} HTTP/1.1\r\nHost: {}\r\nOrigin: https://evil.example\r\nAccess-Control-Request-Method: POST",
        site.address
    );
    let answer = site.send(&asked, "").await;
    assert_eq!(answer.header("access-control-allow-origin"), None, "{answer:?}");
    assert!(answer.status >= 400, "{answer:?}");
}

#[tokio::test]
async fn where_there_is_a_token_nothing_is_played_without_it() {
    let (connector, doubled) = connector();
    let site = Visited::serve(Site::of(&connector).token(Secret::new("canary"))).await;
    for (line, status) in [
        ("Accept: */*", 401),
        ("Authorization: Bearer canar", 401),
        ("Authorization: Bearer canaryy", 401),
        ("Authorization: Bearer ", 401),
        ("Authorization: Basic canary", 401),
        ("Authorization: canary", 401),
        ("Authorization: Bearer canary", 200),
        ("authorization: bearer canary", 200),
    ] {
        let answer = site.post(TRY, &[line], GOOD).await;
        assert_eq!(answer.status, status, "{line}: {answer:?}");
        if status == 401 {
            assert_eq!(answer.header("www-authenticate"), Some("Bearer"), "{line}");
            assert!(answer.error().contains("token"), "{line}: {answer:?}");
        }
        assert!(!answer.body.contains("canary"), "{line}");
    }
    assert_eq!(doubled.count(), 2);
    let page = site.get("/catalog").await;
    assert_eq!(page.status, 200, "the page itself is for everybody");
    assert!(!page.body.contains("canary"));
    assert!(page.body.contains(r#""presence":{"kind":"served","token":true,"broker":false}"#));
}

#[test]
fn the_token_is_not_in_what_a_log_may_show() {
    let site = Site::of(&connector().0).token(Secret::new("canary"));
    assert!(!format!("{site:?}").contains("canary"), "{site:?}");
}
