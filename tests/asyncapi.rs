//! AsyncAPI documents: ours are without a mistake to our linter and to the official parser, and the
//! linter finds what that parser lets through.

#[path = "asyncapi/handlers.rs"]
mod handlers;
#[path = "asyncapi/linted.rs"]
mod linted;
#[path = "asyncapi/made.rs"]
mod made;
#[path = "asyncapi/read.rs"]
mod read;

use std::fs;
use std::path::PathBuf;

use flowx_core::Connector;
use flowx_core::config::Settings;
use serde_json::Value;

/// A connector of all handlers here.
fn connector() -> Connector {
    Connector::builder().settings(Settings::default()).group("shop").build().unwrap()
}

fn document() -> Value {
    connector().asyncapi()
}

/// A document of `tests/asyncapi/documents/`.
fn stored(name: &str) -> Value {
    let text = fs::read_to_string(documents().join(format!("{name}.json"))).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn documents() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("asyncapi/documents")
}
