//! Clients that open connections and take their time.

use std::time::{Duration, Instant};

use flowx_core::admin::{Actuator, ConnectionLimits};
use flowx_tests::http::Visited;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::handlers::{at, started};

const PATIENCE: Duration = Duration::from_secs(60);

async fn site(limits: ConnectionLimits) -> (flowx_core::testing::TestConnector, Visited) {
    let (connector, _) = started().await;
    let site = Visited::admin(Actuator::of_test(&connector), None, limits).await;
    (connector, site)
}

/// Reads until the other side closes; whether it said anything before.
async fn closed(stream: &mut TcpStream) -> bool {
    let mut bytes = Vec::new();
    // A reset is an end like any other.
    let _ = timeout(PATIENCE, stream.read_to_end(&mut bytes)).await.expect("it is closed");
    !bytes.is_empty()
}

#[tokio::test]
async fn a_thousand_connections_that_say_nothing_keep_no_probe_out() {
    let head = Duration::from_secs(600);
    let limits = ConnectionLimits { at_once: 16, head, ..ConnectionLimits::default() };
    let (_connector, site) = site(limits).await;
    let mut slow = Vec::new();
    for number in 0..1_000 {
        let mut stream = TcpStream::connect(site.address).await.expect("a connection");
        // Some have begun to speak.
        if number % 2 == 0 {
            let _ = stream.write_all(b"GET /manage/actuator/health HTTP/1.1\r\nHost: loc").await;
        }
        slow.push(stream);
        if number % 100 == 0 {
            let answer = timeout(PATIENCE, site.get(&at("health/liveness"))).await;
            assert_eq!(answer.expect("in time").status, 200, "beside {number}");
        }
    }
    let answer = timeout(PATIENCE, site.get(&at("prometheus"))).await.expect("in time");
    assert_eq!(answer.status, 200);
    // All but the last few were cut for others, long before their time was up.
    for stream in &mut slow[..900] {
        closed(stream).await;
    }
}

#[tokio::test]
async fn a_head_that_comes_byte_by_byte_is_not_waited_for() {
    let head = Duration::from_millis(300);
    let limits = ConnectionLimits { head, ..ConnectionLimits::default() };
    let (_connector, site) = site(limits).await;
    let mut stream = TcpStream::connect(site.address).await.expect("a connection");
    let began = Instant::now();
    for byte in b"GET /manage/actuator/health HTTP/1.1\r\nX: ".iter().cycle() {
        // Once it is cut, writing fails sooner or later.
        if stream.write_all(&[*byte]).await.is_err() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
        assert!(began.elapsed() < PATIENCE, "it goes on for ever");
    }
    assert!(began.elapsed() >= head, "it had its time");
}

#[tokio::test]
async fn a_connection_that_is_idle_is_closed_and_one_that_is_used_is_not() {
    let limits = ConnectionLimits { head: Duration::from_millis(500), ..Default::default() };
    let (_connector, site) = site(limits).await;
    let mut stream = TcpStream::connect(site.address).await.expect("a connection");
    let request = format!("GET {} HTTP/1.1\r\nHost: localhost\r\n\r\n", at("info"));
    for _ in 0..3 {
        stream.write_all(request.as_bytes()).await.expect("it is still open");
        let mut bytes = [0; 16 << 10];
        let read = timeout(PATIENCE, stream.read(&mut bytes)).await.expect("in time");
        assert!(bytes[..read.expect("an answer")].starts_with(b"HTTP/1.1 200"));
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(!closed(&mut stream).await);
}

#[tokio::test]
async fn a_head_without_an_end_is_refused() {
    let (_connector, site) = site(ConnectionLimits::default()).await;
    let long = format!("GET /{} HTTP/1.1\r\nHost: localhost", "a".repeat(100_000));
    let many = format!("GET / HTTP/1.1\r\nHost: localhost{}", "\r\nA: b".repeat(1_000));
    for head in [long, many] {
        let answer = timeout(PATIENCE, site.send(&head, "")).await.expect("in time");
        assert!([0, 400, 414, 431].contains(&answer.status), "{answer:?}");
    }
    assert_eq!(site.get(&at("info")).await.status, 200);
}

#[tokio::test]
async fn a_body_that_does_not_come_holds_nobody_up() {
    let (_connector, site) = site(ConnectionLimits::default()).await;
    let mut stream = TcpStream::connect(site.address).await.expect("a connection");
    let path = at("handlers/exchange/pause");
    let head =
        format!("POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000000\r\n\r\n");
    stream.write_all(head.as_bytes()).await.expect("sent");
    assert!(closed(&mut stream).await, "it was answered, and closed");
}
