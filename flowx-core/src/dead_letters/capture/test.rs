//! Writes a test with the request of a dead letter.

use std::fmt::Write as _;

use serde_json::Value;

use super::super::escape;
use super::super::letter::DeadLetter;
use super::super::secret::looks_secret;
use super::super::view::time;
use super::literal::{byte_string, in_quotes, of};
use super::mask::{self, Masked, Path};
use crate::handler::registry::{Registry, Route};
use crate::handler::schema::Draft;
use crate::message::record::Record;
use crate::message::reply::given_back;
use crate::message::topic::Subscription;

/// What is kept out of a test, beside what has the name of a secret or is marked in the schema.
#[derive(Clone, Debug, Default)]
pub struct Hide {
    /// Places in the payload.
    pub paths: Vec<Path>,
    /// Names of headers.
    pub headers: Vec<String>,
    /// Takes a payload that is no JSON, in which nothing can be masked; default false.
    pub raw: bool,
}

/// Why there is no test.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoTest {
    /// The dead letter does not hold its request.
    #[error("the request was too large for its dead letter: only its length and hash are there")]
    Truncated,
    /// There is no such handler.
    #[error("no handler `{0}` is in this connector")]
    NoHandler(String),
    /// The payload cannot be masked.
    #[error(
        "its payload is no JSON, so nothing in it can be masked; look through it with --payload, then say --raw"
    )]
    NoJson,
    /// What was to be masked is not there.
    #[error("nothing is at {0}; see the payload with --payload")]
    Missed(String),
}

/// A test that sends the request of a dead letter to its handler, in memory, and expects an answer: it
/// fails as long as the request does.
///
/// # Errors
/// The request is not there, or cannot be masked as it should.
pub fn test(
    letter: &DeadLetter,
    record: &Record,
    registry: &Registry,
    hide: &Hide,
) -> Result<String, NoTest> {
    if letter.truncated {
        return Err(NoTest::Truncated);
    }
    let mut routes = registry.routes();
    let route = routes
        .find(|route| route.name() == letter.handler)
        .ok_or_else(|| NoTest::NoHandler(letter.handler.clone()))?;
    let masked = match &record.payload {
        Some(payload) => Some(payload_of(payload, route, hide)?),
        None => None,
    };
    let (headers, hidden) = headers_of(record, hide);
    let mut notes: Vec<String> =
        masked.iter().flat_map(|masked| &masked.paths).map(|path| format!("`{path}`")).collect();
    notes.extend(hidden.iter().map(|name| format!("header `{name}`")));
    let id = letter.id.as_str();
    let mut test = String::new();
    let mut line = |text: &str| test.extend([text, "\n"]);
    let place = escape::text(&letter.original.to_string());
    line(&format!("// Dead letter {id}: the request at {place} to handler"));
    line(&format!(
        "// `{}`, put aside at {} after {} attempt(s).",
        route.name(),
        time(letter.failed_at),
        letter.attempts
    ));
    let told = |text: &str| escape::text(text);
    line(&format!(
        "// Reason: {}, code {}: {}",
        told(&letter.reason),
        told(&letter.code),
        told(&letter.message)
    ));
    if !notes.is_empty() {
        line(&format!("// Masked: {}.", escape::text(&notes.join(", "))));
    }
    line("//");
    line(
        "// Fails as long as the request does. A crate that nothing refers to is not linked: if this does not",
    );
    line(&format!(
        "// stand beside its handlers, name them once, as in `use {} as _;`.",
        route.handler.site.package.replace('-', "_")
    ));
    line("");
    line("use flowx_core::Connector;");
    line("use flowx_core::runtime::status::End;");
    line("use flowx_core::testing::TestConnector;");
    line("");
    line("#[tokio::test(start_paused = true)]");
    line(&format!(
        "async fn dead_letter_{}_of_{}_is_answered() {{",
        &id[..8],
        identifier(route.name())
    ));
    line("    // What handlers share goes here, as in `main`: `.state(…)`.");
    line(&format!(
        "    let builder = Connector::builder().group({}).only([{}]);",
        in_quotes(&letter.group),
        in_quotes(route.name())
    ));
    line("    let connector = TestConnector::start(builder).await.unwrap();");
    line("    let exchange = connector");
    line(&format!("        {}", begin(route, &letter.original.topic, registry)));
    line("        .without_headers()");
    for (name, value) in &headers {
        let value =
            value.as_deref().map_or("None".to_owned(), |v| format!("Some({})", byte_string(v)));
        line(&format!("        .add_header({}, {value})", name_literal(name)));
    }
    match &record.key {
        Some(key) => line(&format!("        .key({})", of(key))),
        None => line("        .without_key()"),
    }
    match &masked {
        Some(masked) => line(&format!("        .payload({})", of(&masked.json))),
        None => line("        .tombstone()"),
    }
    line("        .exchange()");
    line("        .await;");
    let end = if route.handler.replies { "Replied" } else { "Nothing" };
    line(&format!("    assert!(matches!(exchange.end(), End::{end}), \"{{exchange}}\");"));
    line("}");
    Ok(test)
}

fn payload_of(payload: &[u8], route: &Route, hide: &Hide) -> Result<Masked, NoTest> {
    let schema: Value = route.handler.request_schema(Draft::default());
    match mask::payload(payload, &schema, &hide.paths) {
        Some(masked) if !masked.missed.is_empty() => {
            let paths: Vec<_> = masked.missed.iter().map(ToString::to_string).collect();
            Err(NoTest::Missed(paths.join(", ")))
        }
        Some(masked) => Ok(masked),
        None if hide.raw => {
            Ok(Masked { json: payload.to_vec(), paths: Vec::new(), missed: Vec::new() })
        }
        None => Err(NoTest::NoJson),
    }
}

type Named = (String, Option<Vec<u8>>);

/// The headers of the request, and the names of those that were masked.
fn headers_of(record: &Record, hide: &Hide) -> (Vec<Named>, Vec<String>) {
    let mut hidden = Vec::new();
    let mut headers = Vec::new();
    for (name, value) in given_back(&record.headers).iter() {
        let is_secret = looks_secret(name) || hide.headers.iter().any(|hide| hide == name);
        let value = match value {
            Some(value) if is_secret => {
                hidden.push(name.to_owned());
                Some(mask::header(value))
            }
            value => value.map(<[u8]>::to_vec),
        };
        headers.push((name.to_owned(), value));
    }
    (headers, hidden)
}

/// How the test names the topic: by the handler where that is enough.
fn begin(route: &Route, topic: &str, registry: &Registry) -> String {
    if let Subscription::Exact(_) = &route.subscription {
        return format!(".handler({})", in_quotes(route.name()));
    }
    let naming = registry.naming();
    let own = topic.strip_prefix(&naming.prefix);
    let relative = match own.map(|own| own.strip_suffix(&naming.suffix).unwrap_or(own)) {
        Some(own) => own.to_owned(),
        None => format!("/{topic}"),
    };
    format!(".topic({})", in_quotes(&relative))
}

/// A header's name as a literal of text, whatever stands in it.
fn name_literal(name: &str) -> String {
    let mut literal = "\"".to_owned();
    for c in name.chars() {
        match c {
            '"' => literal.push_str("\\\""),
            c => literal.push_str(&escape::text(c.encode_utf8(&mut [0; 4]))),
        }
    }
    literal.push('"');
    literal
}

fn identifier(name: &str) -> String {
    let mut identifier = String::new();
    for c in name.chars() {
        let _ = match c {
            c if c.is_ascii_alphanumeric() => identifier.write_char(c.to_ascii_lowercase()),
            _ => identifier.write_char('_'),
        };
    }
    identifier
}
