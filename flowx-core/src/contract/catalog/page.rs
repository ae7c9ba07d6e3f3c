//! Puts the page together from its parts.

use std::fmt::Write as _;

use super::policy::meta;
use super::{Catalog, Presence};

const FRAME: &str = include_str!("page.html");
const STYLES: &[&str] =
    &[include_str!("page.css"), include_str!("parts.css"), include_str!("form.css")];
/// In this order one script: each uses only those above it.
const SCRIPTS: &[&str] = &[
    include_str!("vendor/libraries.min.js"),
    include_str!("base.js"),
    include_str!("copy.js"),
    include_str!("markdown.js"),
    include_str!("schema.js"),
    include_str!("check.js"),
    include_str!("fields.js"),
    include_str!("form.js"),
    include_str!("exchange.js"),
    include_str!("try.js"),
    include_str!("handler.js"),
    include_str!("page.js"),
];

/// The page of a catalog: one HTML file that needs nothing beside it.
///
/// ```
/// use flowx_core::contract::catalog::{self, Catalog};
/// use flowx_core::contract::model::{Contract, FORMAT, TopicNaming};
///
/// let naming = TopicNaming { prefix: "ai.flowx.dev.".into(), suffix: ".v1".into() };
/// let contract = Contract {
///     flowx_contract: FORMAT,
///     group: "currency-exchange".into(),
///     naming,
///     error_field: "errorMessage".into(),
///     handlers: Vec::new(),
/// };
/// let page = catalog::page(&Catalog::of(contract));
/// assert!(page.contains("<title>currency-exchange"));
/// ```
#[must_use]
pub fn page(catalog: &Catalog) -> String {
    let parts = Parts::new();
    let mut page = String::with_capacity(parts.script.len() * 2);
    let mut rest = FRAME;
    while let Some((before, from)) = rest.split_once("{{") {
        let (name, after) = from.split_once("}}").unwrap_or((from, ""));
        page.push_str(before);
        match name {
            "policy" => page.push_str(&parts.policy(catalog.presence)),
            "title" => push_text(&mut page, &catalog.contract.group),
            "style" => page.push_str(&parts.style),
            "data" => push_data(&mut page, catalog),
            "script" => page.push_str(&parts.script),
            unknown => unreachable!("page.html has no part `{unknown}`"),
        }
        rest = after;
    }
    page.push_str(rest);
    page
}

/// What to send as `Content-Security-Policy` with a page: what stands in the page itself, and that
/// nobody may frame it, which a page cannot say.
#[must_use]
pub fn policy(presence: Presence) -> String {
    format!("{}; frame-ancestors 'none'", Parts::new().policy(presence))
}

/// What is the same in every page.
struct Parts {
    style: String,
    script: String,
}

impl Parts {
    fn new() -> Self {
        Self { style: joined(STYLES), script: joined(SCRIPTS) }
    }

    fn policy(&self, presence: Presence) -> String {
        let connect = match presence {
            Presence::Saved => "'none'",
            Presence::Served { .. } => "'self'",
        };
        meta(&self.style, &self.script, connect)
    }
}

/// Sources one behind the other, with the line ends that a browser hashes them by.
fn joined(sources: &[&str]) -> String {
    // A comment of HTML that begins in a script would hide its end.
    sources.join("\n").replace("\r\n", "\n").replace("<!--", "\\x3C!--")
}

/// Text as HTML shows it.
fn push_text(page: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' | '<' | '>' | '"' | '\'' => {
                // A String takes everything.
                let _ = write!(page, "&#{};", u32::from(c));
            }
            c => page.push(c),
        }
    }
}

/// The catalog as JSON that no text in it can break out of: no `<` is left, which JSON has in texts
/// only.
fn push_data(page: &mut String, catalog: &Catalog) {
    let json = serde_json::to_string(catalog).unwrap_or_else(|_| "null".to_owned());
    page.push_str(&json.replace('<', "\\u003c"));
}
