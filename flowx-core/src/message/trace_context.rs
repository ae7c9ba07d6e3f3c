//! The trace that a request belongs to, as W3C Trace Context writes it.
//!
//! Received headers go back on every answer as they came; where spans are exported, a context of our own
//! takes the place of the received one.

use super::headers::Headers;

/// The header that names the trace and the span that the request was sent in.
pub const TRACEPARENT: &str = "traceparent";
/// The header with what tracing systems have added for themselves.
pub const TRACESTATE: &str = "tracestate";

/// The id of the trace that a request belongs to: 32 lower-case hexadecimal digits.
///
/// `None` if the request names none, or not in the form of the standard: then it counts as not traced.
///
/// ```
/// use flowx_core::message::trace_context::trace_id;
/// use flowx_core::Headers;
///
/// let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
/// let headers: Headers = [("traceparent", parent)].into_iter().collect();
/// assert_eq!(trace_id(&headers), Some("4bf92f3577b34da6a3ce929d0e0e4736"));
/// ```
#[must_use]
pub fn trace_id(headers: &Headers) -> Option<&str> {
    let parent = headers.text(TRACEPARENT)?;
    let (version, rest) = parent.split_once('-')?;
    let (trace, rest) = rest.split_once('-')?;
    let (span, flags) = rest.split_once('-')?;
    // A later version may have more behind the flags; this one has not.
    let flags = match (version, flags.split_once('-')) {
        ("00", _) | (_, None) => flags,
        (_, Some((flags, _))) => flags,
    };
    let legal = is_hex(version, 2)
        && version != "ff"
        && is_hex(flags, 2)
        && is_id(trace, 32)
        && is_id(span, 16);
    legal.then_some(trace)
}

/// What others continue a trace with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceContext {
    /// The value of `traceparent`: trace, span and whether it is sampled.
    pub parent: String,
    /// The value of `tracestate`; empty for none.
    pub state: String,
}

impl TraceContext {
    /// The same headers with this context in place of the one that they have.
    ///
    /// ```
    /// use flowx_core::message::trace_context::TraceContext;
    /// use flowx_core::Headers;
    ///
    /// let context = TraceContext { parent: "00-ab-cd-01".to_owned(), state: String::new() };
    /// let headers: Headers = [("traceparent", "old"), ("fxContext", "main")].into_iter().collect();
    /// let headers = context.in_place_of(&headers);
    /// assert_eq!(headers.text("traceparent"), Some("00-ab-cd-01"));
    /// assert_eq!(headers.len(), 2);
    /// ```
    #[must_use]
    pub fn in_place_of(&self, headers: &Headers) -> Headers {
        let bytes = headers.size() + self.parent.len() + self.state.len() + 32;
        let mut all = Headers::with_capacity(headers.len() + 2, bytes);
        all.push_text(TRACEPARENT, &self.parent);
        if !self.state.is_empty() {
            all.push_text(TRACESTATE, &self.state);
        }
        let others = headers.iter().filter(|(name, _)| ![TRACEPARENT, TRACESTATE].contains(name));
        others.for_each(|(name, value)| all.push(name, value));
        all
    }
}

fn is_hex(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// All zeros are no id.
fn is_id(text: &str, digits: usize) -> bool {
    is_hex(text, digits) && text.bytes().any(|b| b != b'0')
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
    const SPAN: &str = "00f067aa0ba902b7";

    #[test]
    fn only_what_the_standard_allows_names_a_trace() {
        let zeros = "0".repeat(32);
        let upper = TRACE.to_uppercase();
        for (parent, is_one) in [
            (format!("00-{TRACE}-{SPAN}-01"), true),
            (format!("00-{TRACE}-{SPAN}-00"), true),
            (format!("01-{TRACE}-{SPAN}-01"), true),
            (format!("01-{TRACE}-{SPAN}-01-more"), true),
            (format!("00-{TRACE}-{SPAN}-01-more"), false),
            (format!("ff-{TRACE}-{SPAN}-01"), false),
            (format!("00-{zeros}-{SPAN}-01"), false),
            (format!("00-{TRACE}-0000000000000000-01"), false),
            (format!("00-{upper}-{SPAN}-01"), false),
            (format!("00-{TRACE}-{SPAN}"), false),
            (format!("00-{TRACE}x-{SPAN}-01"), false),
            (format!("00-{TRACE}-{SPAN}-1\n"), false),
            (String::new(), false),
        ] {
            let headers: Headers = [(TRACEPARENT, &*parent)].into_iter().collect();
            assert_eq!(trace_id(&headers), is_one.then_some(TRACE), "{parent:?}");
        }
    }
}
