//! A token endpoint that behaves as it is told.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use flowx_core::config::Settings;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use crate::authority::{Authority, Flaw};

pub(crate) const SECRET: &str = "canary-client-secret";
/// Who a token is for, by its own words.
pub(crate) const SUBJECT: &str = "robot";

/// What it does with a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// Gives a token for so many seconds to who knows the secret.
    Obedient(u64),
    HugeBody,
    SlowBody,
    EndlessHead,
    Redirect,
    RedirectToHttp,
    ContentType,
    Expired,
    NoExpiry,
    Garbage,
    NoToken,
    Injection,
    Failure,
    Closed,
    Silent,
    /// An error of the standard, and one with a code that attacks a log.
    Refusal,
    OwnRefusal,
    /// With certificates that are not good.
    OtherAuthority,
    ExpiredCertificate,
    OtherHost,
}

pub(crate) struct Endpoint {
    pub(crate) port: u16,
    pub(crate) authority: Arc<Authority>,
    manner: watch::Sender<Manner>,
    asked: Arc<AtomicUsize>,
    last: watch::Receiver<String>,
    acceptor: JoinHandle<()>,
}

impl Endpoint {
    pub(crate) async fn new(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let authority = Arc::new(Authority::new("tokens"));
        let (manner, seen) = watch::channel(manner);
        let (says, last) = watch::channel(String::new());
        let asked = Arc::<AtomicUsize>::default();
        let acceptor = tokio::spawn(accept(
            listener,
            Arc::clone(&authority),
            seen,
            Arc::new(says),
            Arc::clone(&asked),
        ));
        Self { port, authority, manner, asked, last, acceptor }
    }

    pub(crate) fn set(&self, manner: Manner) {
        self.manner.send_replace(manner);
    }

    /// How often it was asked.
    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }

    /// The last question, whole.
    pub(crate) fn question(&self) -> String {
        self.last.borrow().clone()
    }

    /// Settings of who asks it; `ca` is a file of its authority.
    pub(crate) fn tell(&self, settings: &mut Settings, ca: &str) {
        let security = &mut settings.security;
        security.sasl_mechanism = Some("OAUTHBEARER".to_owned());
        security.oauth_client_id = Some(SUBJECT.to_owned());
        security.oauth_client_secret = Some(SECRET.into());
        security.oauth_token_endpoint = Some(format!("https://127.0.0.1:{}/token", self.port));
        security.oauth_ca = Some(ca.to_owned());
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.acceptor.abort();
    }
}

async fn accept(
    listener: TcpListener,
    authority: Arc<Authority>,
    manner: watch::Receiver<Manner>,
    says: Arc<watch::Sender<String>>,
    asked: Arc<AtomicUsize>,
) {
    let other = Authority::new("nobody knows it");
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        let manner = *manner.borrow();
        asked.fetch_add(1, Ordering::Relaxed);
        let signed = match manner {
            Manner::OtherAuthority => other.sign("endpoint", Flaw::None),
            Manner::ExpiredCertificate => authority.sign("endpoint", Flaw::Expired),
            Manner::OtherHost => authority.sign("endpoint", Flaw::OtherHost),
            _ => authority.sign("endpoint", Flaw::None),
        };
        let acceptor = TlsAcceptor::from(signed.server(None));
        let says = Arc::clone(&says);
        tokio::spawn(async move {
            if manner == Manner::Closed {
                return;
            }
            let Ok(mut stream) = acceptor.accept(stream).await else { return };
            if let Some(question) = question(&mut stream).await {
                says.send_replace(question.clone());
                let _ = answer(&mut stream, manner, &question).await;
                let _ = stream.shutdown().await;
            }
        });
    }
}

async fn question(stream: &mut (impl AsyncRead + Unpin)) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let head = head.to_ascii_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "))?;
            if body.len() >= length.trim().parse().ok()? {
                return Some(text);
            }
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
}

async fn answer(
    stream: &mut (impl AsyncWrite + Unpin),
    manner: Manner,
    question: &str,
) -> std::io::Result<()> {
    const JSON: &str = "application/json";
    let ok = |body: String| whole("200 OK", JSON, "", &body);
    let forever = || ok(token("Bearer", &jwt(3_600), Some("3600")));
    let text = match manner {
        Manner::Obedient(life) if knows_the_secret(question) => {
            ok(token("Bearer", &jwt(life), Some(&life.to_string())))
        }
        Manner::Obedient(_) | Manner::Refusal => {
            whole("401 Unauthorized", JSON, "", r#"{"error":"invalid_client"}"#)
        }
        Manner::OwnRefusal => whole(
            "400 Bad Request",
            JSON,
            "",
            r#"{"error":"canary\nINJECTED","error_description":"canary"}"#,
        ),
        Manner::HugeBody => {
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n").await?;
            loop {
                stream.write_all(&[b' '; 16_384]).await?;
            }
        }
        Manner::EndlessHead => {
            stream.write_all(b"HTTP/1.1 200 OK\r\n").await?;
            loop {
                stream.write_all(b"x-canary: canary\r\n").await?;
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
        Manner::SlowBody => {
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n").await?;
            loop {
                stream.write_all(b" ").await?;
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        }
        Manner::Silent => {
            tokio::time::sleep(Duration::from_secs(60)).await;
            String::new()
        }
        Manner::Redirect => whole("307 Temporary Redirect", JSON, "location: /token\r\n", "{}"),
        Manner::RedirectToHttp => {
            whole("302 Found", JSON, "location: http://127.0.0.1:1/canary\r\n", "{}")
        }
        Manner::ContentType => {
            whole("200 OK", "text/html", "", &token("Bearer", &jwt(3_600), Some("3600")))
        }
        Manner::Expired => ok(token("Bearer", &jwt(0), Some("0"))),
        Manner::NoExpiry => ok(token("Bearer", &jwt(3_600), None)),
        Manner::Garbage => ok("\u{0}{\"access_token\": canary".to_owned()),
        Manner::NoToken => ok(r#"{"token_type":"Bearer","expires_in":3600}"#.to_owned()),
        Manner::Injection => ok(token("Bearer", "canary\\u0001auth=x\\u0000", Some("3600"))),
        Manner::Failure => whole("500 Internal Server Error", JSON, "", r#"{"error":"canary"}"#),
        Manner::Closed => String::new(),
        Manner::OtherAuthority | Manner::ExpiredCertificate | Manner::OtherHost => forever(),
    };
    stream.write_all(text.as_bytes()).await
}

fn whole(status: &str, kind: &str, more: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\n{more}content-length: {length}\r\nconnection: close\r\n\r\n{body}"
    )
}

fn token(kind: &str, token: &str, life: Option<&str>) -> String {
    let life = life.map(|life| format!(r#","expires_in":{life}"#)).unwrap_or_default();
    format!(r#"{{"access_token":"{token}","token_type":"{kind}"{life}}}"#)
}

/// The client and its secret, as HTTP's basic authentication has them.
pub(crate) fn basic() -> String {
    base64(format!("{SUBJECT}:{SECRET}").as_bytes(), b"+/", true)
}

fn knows_the_secret(question: &str) -> bool {
    let expected = basic();
    question.lines().any(|line| {
        line.split_once(": ").is_some_and(|(name, value)| {
            name.eq_ignore_ascii_case("authorization") && value == format!("Basic {expected}")
        })
    })
}

/// A token that nobody has signed, as Kafka's own validator for tests takes it.
pub(crate) fn jwt(life: u64) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let claims = format!(r#"{{"sub":"{SUBJECT}","iat":{now},"exp":{}}}"#, now + life);
    let part = |text: &str| base64(text.as_bytes(), b"-_", false);
    format!("{}.{}.", part(r#"{"alg":"none"}"#), part(&claims))
}

fn base64(bytes: &[u8], last: &[u8; 2], pads: bool) -> String {
    let mut alphabet: Vec<u8> = (b'A'..=b'Z').chain(b'a'..=b'z').chain(b'0'..=b'9').collect();
    alphabet.extend(last);
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let number = three.iter().fold(0_u32, |number, byte| number << 8 | u32::from(*byte))
            << (8 * (3 - three.len()));
        for digit in 0..4 {
            if digit <= three.len() {
                let index = (number >> (18 - 6 * digit)) & 63;
                text.push(char::from(alphabet[index as usize]));
            } else if pads {
                text.push('=');
            }
        }
    }
    text
}
