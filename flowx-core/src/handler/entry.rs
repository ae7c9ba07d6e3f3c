//! What the attribute leaves in the binary: one constant entry per handler, gathered at link time.

use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use super::binder::Binder;
use crate::config::order::Order;
use crate::message::framing::Framing;

/// All handlers linked into this binary, in no particular order.
///
/// A crate that nothing refers to is not linked, and its handlers are not here: name it once, as in
/// `use my_handlers as _;`.
pub fn entries() -> impl Iterator<Item = &'static HandlerEntry> {
    inventory::iter::<HandlerEntry>.into_iter()
}

/// One handler as its author wrote it: constant data and the function that binds it.
#[derive(Debug)]
pub struct HandlerEntry {
    /// The `name` of the attribute, else the name of the function.
    pub name: &'static str,
    /// The `topic` of the attribute, as written.
    pub topic: &'static str,
    /// The `reply` of the attribute, as written; `None` means the default of the topic.
    pub reply: Option<&'static str>,
    /// The function's doc comments.
    pub docs: Docs,
    /// Where the function stands.
    pub site: Site,
    /// The attribute's further arguments.
    pub options: Options,
    /// Looks at every type of the signature and leaves the result in the binder.
    #[doc(hidden)]
    pub bind: fn(&mut Binder<'_>),
}

inventory::collect!(HandlerEntry);

/// Arguments of the attribute that have a default; `None` means that the attribute does not say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Whether a successful reply carries the error field as `null`; the default is that it does.
    pub error_null: Option<bool>,
    /// Codes with which the handler refuses, for error types that cannot say.
    pub refuses: Option<&'static [&'static str]>,
    /// Requests at work at once; the default is 256.
    pub concurrency: Option<u32>,
    /// What runs one after another; the default is by key.
    pub order: Option<Order>,
    /// The longest one attempt may run; the default is 30 s.
    pub timeout: Option<Duration>,
    /// Attempts at a request in all; the default is 5.
    pub attempts: Option<u32>,
    /// Whether it runs on a thread of its own; the default is that it does not.
    pub blocking: Option<bool>,
    /// Delays of the retry topics, as written; the default is none.
    pub retry_topics: Option<&'static [&'static str]>,
    /// Requests to show it with, beside those of the request's type; the default is none.
    pub examples: Option<Examples>,
    /// What may stand before the JSON of its requests; the default is nothing.
    pub framing: Option<Framing>,
}

/// Requests that a handler is shown with, made when they are wanted.
#[derive(Clone, Copy)]
pub struct Examples(pub fn() -> Vec<Result<Value, String>>);

impl Examples {
    /// One example as JSON, or why it is none.
    #[doc(hidden)]
    pub fn one<T: Serialize + ?Sized>(example: &T) -> Result<Value, String> {
        serde_json::to_value(example).map_err(|error| error.to_string())
    }
}

impl PartialEq for Examples {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::fn_addr_eq(self.0, other.0)
    }
}

impl Eq for Examples {}

impl std::fmt::Debug for Examples {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Examples")
    }
}

impl Options {
    /// The attribute says nothing.
    pub const DEFAULT: Self = Self {
        error_null: None,
        refuses: None,
        concurrency: None,
        order: None,
        timeout: None,
        attempts: None,
        blocking: None,
        retry_topics: None,
        examples: None,
        framing: None,
    };
}

/// Where a handler stands in the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Site {
    /// Source file, as the compiler names it.
    pub file: &'static str,
    /// Line of the attribute.
    pub line: u32,
    /// Path of the module.
    pub module: &'static str,
    /// Name of the function.
    pub function: &'static str,
    /// The package that was compiled.
    pub package: &'static str,
    /// The version of that package.
    pub version: &'static str,
    /// The binary that was compiled; `None` in a library.
    pub binary: Option<&'static str>,
}

impl std::fmt::Display for Site {
    /// `file:line`, which editors and terminals turn into a link.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// Doc comments of a handler or of an error code, as the compiler hands them on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Docs(pub &'static str);

impl Docs {
    /// The whole text in Markdown: without the space that follows `///`, and without empty lines
    /// around it. Empty if there are no comments.
    ///
    /// ```
    /// use flowx_core::handler::entry::Docs;
    ///
    /// let docs = Docs(" Converts an amount.\n Today's rate.\n\n Rates come from the bank.");
    /// assert_eq!(docs.summary(), "Converts an amount. Today's rate.");
    /// assert!(docs.text().ends_with("\n\nRates come from the bank."));
    /// ```
    #[must_use]
    pub fn text(&self) -> String {
        let lines: Vec<_> = self.lines().collect();
        lines.join("\n").trim_matches('\n').to_owned()
    }

    /// The first paragraph on one line.
    #[must_use]
    pub fn summary(&self) -> String {
        let paragraph: Vec<_> = self
            .lines()
            .skip_while(|line| line.trim().is_empty())
            .take_while(|line| !line.trim().is_empty())
            .map(str::trim)
            .collect();
        paragraph.join(" ")
    }

    /// Lines without the indentation that all of them share, which is how rustdoc reads them.
    fn lines(&self) -> impl Iterator<Item = &'static str> {
        let indentation = |line: &str| line.len() - line.trim_start_matches(' ').len();
        let filled = || self.0.lines().filter(|line| !line.trim().is_empty());
        let shared = filled().map(indentation).min().unwrap_or(0);
        self.0.lines().map(move |line| line.get(shared..).unwrap_or_default().trim_end())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn docs_keep_their_relative_indentation() {
        let docs = Docs("\n Head.\n\n     let x = 1;\n\n");
        assert_eq!(docs.text(), "Head.\n\n    let x = 1;");
        assert_eq!(docs.summary(), "Head.");
    }

    #[test]
    fn no_docs_are_an_empty_text() {
        assert_eq!(Docs("").text(), "");
        assert_eq!(Docs("\n  \n").summary(), "");
    }
}
