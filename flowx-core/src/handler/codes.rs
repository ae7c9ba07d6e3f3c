//! The codes with which a handler refuses.

use std::fmt;

use super::entry::Docs;

/// The payload could not be read, or is not as its schema says.
pub const INVALID_REQUEST: &str = "INVALID_REQUEST";
/// Every attempt asked for another one.
pub const RETRY_EXHAUSTED: &str = "RETRY_EXHAUSTED";
/// The handler ran out of time.
pub const HANDLER_TIMEOUT: &str = "HANDLER_TIMEOUT";
/// The handler panicked.
pub const HANDLER_PANIC: &str = "HANDLER_PANIC";
/// The reply could not be sent.
pub const REPLY_REJECTED: &str = "REPLY_REJECTED";

/// Codes that flowx itself puts into error replies, of any handler, with what they mean; no handler
/// may use them for its own refusals.
pub const OWN_CODES: [Code; 5] = [
    Code {
        code: INVALID_REQUEST,
        docs: Docs("The request is not as its schema says; the text names every place."),
    },
    Code { code: RETRY_EXHAUSTED, docs: Docs("The request failed at every attempt.") },
    Code { code: HANDLER_TIMEOUT, docs: Docs("The request took too long to handle.") },
    Code { code: HANDLER_PANIC, docs: Docs("The connector failed while it handled the request.") },
    Code {
        code: REPLY_REJECTED,
        docs: Docs("The request was handled, but its reply could not be sent."),
    },
];

/// The codes with which a handler refuses: a known set, or an open one to which others may come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Codes {
    known: Vec<Code>,
    open: bool,
}

/// One code and what it means.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Code {
    /// The code, for example `UNKNOWN_CURRENCY`.
    pub code: &'static str,
    /// The doc comments of its variant; empty if there are none.
    pub docs: Docs,
}

impl Codes {
    /// Adds a known code. If it is there already, only missing docs are taken over.
    pub fn add(&mut self, code: &'static str, docs: Docs) {
        match self.known.iter_mut().find(|known| known.code == code) {
            None => self.known.push(Code { code, docs }),
            Some(known) if known.docs.summary().is_empty() => known.docs = docs,
            Some(_) => {}
        }
    }

    /// Says that there may be further codes, which nobody declared.
    pub fn open(&mut self) {
        self.open = true;
    }

    /// Takes codes that the handler's author declared beside the error type: with them the set is
    /// known.
    pub(crate) fn declare(&mut self, codes: &[&'static str]) {
        for code in codes {
            self.add(code, Docs::default());
        }
        self.open = false;
    }

    /// Whether there may be further codes.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.open
    }

    /// The known codes, in the order in which they were declared.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Code> {
        self.known.iter()
    }

    /// Whether this code is a known one.
    #[must_use]
    pub fn contains(&self, code: &str) -> bool {
        self.known.iter().any(|known| known.code == code)
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code)
    }
}

/// Whether a text can be a code: capitals, digits and `_`, a capital first, at most 64 of them.
///
/// ```
/// use flowx_core::handler::codes::is_legal;
///
/// assert!(is_legal("UNKNOWN_CURRENCY"));
/// assert!(!is_legal("unknown currency"));
/// ```
#[must_use]
pub fn is_legal(code: &str) -> bool {
    let tail = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    code.len() <= 64 && code.starts_with(|c: char| c.is_ascii_uppercase()) && code.chars().all(tail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_known_once_with_the_first_docs_there_are() {
        let mut codes = Codes::default();
        codes.add("A", Docs(""));
        codes.add("B", Docs(" Second."));
        codes.add("A", Docs(" First."));
        codes.add("B", Docs(" Later."));
        let all: Vec<_> = codes.iter().map(|code| (code.code, code.docs.summary())).collect();
        assert_eq!(all, [("A", "First.".to_owned()), ("B", "Second.".to_owned())]);
    }

    #[test]
    fn declared_codes_close_an_open_set() {
        let mut codes = Codes::default();
        codes.open();
        codes.declare(&["NO_RATE"]);
        assert!(!codes.is_open() && codes.contains("NO_RATE"));
    }

    #[test]
    fn flowx_keeps_to_its_own_rule() {
        assert!(OWN_CODES.iter().all(|own| is_legal(own.code)));
        let longest = "A".repeat(64);
        assert!(is_legal(&longest) && !is_legal(&format!("{longest}A")));
        for illegal in ["", "a", "1A", "_A", "A-B", "A B", "Ä", "Aa"] {
            assert!(!is_legal(illegal), "{illegal}");
        }
    }
}
