//! An HTTP client that does what a browser would not, and sites of flowx that it calls.

use std::net::SocketAddr;

use flowx_core::admin::{
    Actuator, ConnectionLimits, Site, admin_router, catalog_router, serve, serve_within,
};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A site that is being served.
#[derive(Clone, Copy, Debug)]
pub struct Visited {
    /// Where it listens.
    pub address: SocketAddr,
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    /// Its status; 0 if there was none.
    pub status: u16,
    head: String,
    /// Its body, in one piece.
    pub body: String,
}

impl Answer {
    /// A header, by its lower-case name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(':'));
        lines.find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// It is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The reason of a refusal.
    #[must_use]
    pub fn error(&self) -> String {
        self.json()["error"].as_str().unwrap_or_default().to_owned()
    }
}

impl Visited {
    /// Serves a catalog on a free port.
    ///
    /// # Panics
    /// There is none.
    pub async fn serve(site: Site) -> Self {
        let (listener, visited) = Self::listen().await;
        tokio::spawn(serve(listener, catalog_router(site), std::future::pending()));
        visited
    }

    /// Serves an admin endpoint on a free port.
    ///
    /// # Panics
    /// There is none.
    pub async fn admin(actuator: Actuator, site: Option<Site>, limits: ConnectionLimits) -> Self {
        let (listener, visited) = Self::listen().await;
        let router = admin_router(actuator, site);
        tokio::spawn(serve_within(listener, router, limits, std::future::pending()));
        visited
    }

    async fn listen() -> (TcpListener, Self) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        (listener, Self { address })
    }

    /// Sends a head and a body as they are, and reads the answer to its end.
    ///
    /// # Panics
    /// Nobody answers there, or not with text.
    pub async fn send(&self, head: &str, body: &str) -> Answer {
        let mut stream = TcpStream::connect(self.address).await.expect("a connection");
        let request = format!("{head}\r\nConnection: close\r\n\r\n{body}");
        stream.write_all(request.as_bytes()).await.expect("sent");
        let mut bytes = Vec::new();
        // A server that refuses early may close before it has read everything.
        let _ = stream.read_to_end(&mut bytes).await;
        let text = String::from_utf8(bytes).expect("UTF-8");
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        let body = if head.to_ascii_lowercase().contains("transfer-encoding: chunked") {
            whole(body)
        } else {
            body.to_owned()
        };
        Answer { status: status.unwrap_or_default(), head: head.to_owned(), body }
    }

    /// Asks for a path.
    ///
    /// # Panics
    /// Nobody answers there.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(&format!("GET {path} HTTP/1.1\r\nHost: {}", self.address), "").await
    }

    /// Posts JSON as the page does, with further header lines.
    ///
    /// # Panics
    /// Nobody answers there.
    pub async fn post(&self, path: &str, more: &[&str], body: &str) -> Answer {
        let mut head = format!("POST {path} HTTP/1.1\r\nContent-Length: {}", body.len());
        for line in more {
            head.push_str("\r\n");
            head.push_str(line);
        }
        for (name, usual) in [
            ("host:", format!("Host: {}", self.address)),
            ("content-type:", "Content-Type: application/json".to_owned()),
        ] {
            if !more.iter().any(|line| line.to_ascii_lowercase().starts_with(name)) {
                head.push_str("\r\n");
                head.push_str(&usual);
            }
        }
        self.send(&head, body).await
    }
}

/// A body without the lengths of its chunks.
fn whole(mut chunked: &str) -> String {
    let mut body = String::new();
    while let Some((length, rest)) = chunked.split_once("\r\n") {
        let length = usize::from_str_radix(length.trim(), 16).unwrap_or(0);
        if length == 0 {
            break;
        }
        body.push_str(&rest[..length]);
        chunked = rest[length..].trim_start_matches("\r\n");
    }
    body
}
