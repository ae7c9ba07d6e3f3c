//! Record headers exactly as Kafka carries them: ordered, with duplicates and nulls.

use std::fmt;

/// The headers of one record: an ordered list of names and values.
///
/// A name may occur more than once and a value may be null; both survive a round trip. Look-ups by
/// name return the **last** header of that name, as the platform's own services do.
///
/// As a handler's parameter it holds all received headers:
///
/// ```
/// use flowx_core::Headers;
///
/// let headers: Headers = [("fxContext", "main"), ("fxContext", "main:4")].into_iter().collect();
/// assert_eq!(headers.text("fxContext"), Some("main:4"));
/// assert_eq!(headers.len(), 2);
/// ```
///
/// `Debug` shows names only: header values may be access tokens.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Headers {
    /// All names and values, one behind the other: two allocations for any number of headers.
    bytes: Vec<u8>,
    spans: Vec<Span>,
}

/// Where a header stands among the bytes. Kafka counts the bytes of a whole record in 31 bits.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Span {
    start: u32,
    name: u32,
    /// [`NULL`] is Kafka's null value.
    value: u32,
}

const NULL: u32 = u32::MAX;

impl Headers {
    /// No headers, with room for `count` of them and `bytes` bytes of names and values.
    #[must_use]
    pub fn with_capacity(count: usize, bytes: usize) -> Self {
        Self { bytes: Vec::with_capacity(bytes), spans: Vec::with_capacity(count) }
    }

    /// Appends a header; an existing one of the same name stays.
    ///
    /// # Panics
    /// With 4 GiB of names and values, more than any record of Kafka can have.
    pub fn push(&mut self, name: &str, value: Option<&[u8]>) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(name.as_bytes());
        self.bytes.extend_from_slice(value.unwrap_or_default());
        self.spans.push(Span::new(start, name.len(), value.map(<[u8]>::len)));
    }

    /// Appends a header whose value is text.
    pub fn push_text(&mut self, name: &str, value: &str) {
        self.push(name, Some(value.as_bytes()));
    }

    /// Appends a header whose value is text of several parts.
    pub(crate) fn push_parts(&mut self, name: &str, parts: &[&str]) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(name.as_bytes());
        parts.iter().for_each(|part| self.bytes.extend_from_slice(part.as_bytes()));
        let value = self.bytes.len() - start - name.len();
        self.spans.push(Span::new(start, name.len(), Some(value)));
    }

    /// A copy of those whose name is wanted, with room for `count` more of `bytes` bytes together, so
    /// that what is added takes no second allocation.
    pub(crate) fn retained(
        &self,
        wanted: impl Fn(&[u8]) -> bool,
        count: usize,
        bytes: usize,
    ) -> Self {
        let mut copy = Self::with_capacity(self.len() + count, self.size() + bytes);
        if self.names().all(&wanted) {
            copy.bytes.extend_from_slice(&self.bytes);
            copy.spans.extend_from_slice(&self.spans);
            return copy;
        }
        for (name, value) in self.iter().filter(|(name, _)| wanted(name.as_bytes())) {
            copy.push(name, value);
        }
        copy
    }

    /// All names in their order, as bytes: whoever compares them need not know that they are text.
    pub(crate) fn names(&self) -> impl Iterator<Item = &[u8]> {
        self.spans.iter().map(|span| self.name(span))
    }

    /// All headers in their order, names as bytes as well.
    #[cfg(feature = "kafka")]
    pub(crate) fn entries(&self) -> impl Iterator<Item = (&[u8], Option<&[u8]>)> {
        self.spans.iter().map(|span| (self.name(span), self.value(span)))
    }

    /// All headers in their order: name, and value or `None` for a null.
    pub fn iter(
        &self,
    ) -> impl DoubleEndedIterator<Item = (&str, Option<&[u8]>)> + ExactSizeIterator {
        self.spans.iter().map(|span| self.resolve(span))
    }

    /// The value of the last header of that name; `None` if there is none or its value is null.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        let last = self.spans.iter().rev().find(|span| self.name(span) == name.as_bytes())?;
        self.value(last)
    }

    /// Like [`get`](Self::get), as text; `None` also if the value is not UTF-8.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(|value| std::str::from_utf8(value).ok())
    }

    /// Whether a header of that name is there, whatever its value.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.names().any(|other| other == name.as_bytes())
    }

    /// How many headers there are, duplicates counted.
    #[must_use]
    pub fn len(&self) -> usize {
        self.spans.len()
    }

    /// Whether there is no header at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// Bytes of all names and values.
    #[must_use]
    pub fn size(&self) -> usize {
        self.bytes.len()
    }

    fn resolve(&self, span: &Span) -> (&str, Option<&[u8]>) {
        let name = std::str::from_utf8(self.name(span)).expect("names come in as &str");
        (name, self.value(span))
    }

    fn name(&self, span: &Span) -> &[u8] {
        let start = span.start as usize;
        &self.bytes[start..start + span.name as usize]
    }

    fn value(&self, span: &Span) -> Option<&[u8]> {
        let start = span.start as usize + span.name as usize;
        (span.value != NULL).then(|| &self.bytes[start..start + span.value as usize])
    }
}

impl Span {
    fn new(start: usize, name: usize, value: Option<usize>) -> Self {
        let short = |length: usize| {
            let fits = u32::try_from(length).ok().filter(|length| *length != NULL);
            fits.expect("headers of one record have less than 4 GiB")
        };
        Self { start: short(start), name: short(name), value: value.map_or(NULL, short) }
    }
}

impl<'a> FromIterator<(&'a str, &'a str)> for Headers {
    fn from_iter<I: IntoIterator<Item = (&'a str, &'a str)>>(headers: I) -> Self {
        let mut all = Self::default();
        for (name, value) in headers {
            all.push_text(name, value);
        }
        all
    }
}

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter().map(|(name, _)| name)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn duplicates_nulls_order_and_empty_values_survive() {
        let mut headers = Headers::default();
        headers.push("a", Some(b"1"));
        headers.push("b", None);
        headers.push("a", Some(b""));
        headers.push("", Some(&[0xff]));
        let all: Vec<_> = headers.iter().collect();
        assert_eq!(
            all,
            [
                ("a", Some(&b"1"[..])),
                ("b", None),
                ("a", Some(&b""[..])),
                ("", Some(&[0xff_u8][..])),
            ]
        );
    }

    #[test]
    fn a_look_up_takes_the_last_of_a_name_and_a_null_hides_nothing_older() {
        let mut headers = Headers::default();
        headers.push_text("a", "old");
        headers.push_text("a", "new");
        assert_eq!(headers.text("a"), Some("new"));
        headers.push("a", None);
        assert_eq!(headers.get("a"), None);
        assert!(headers.contains("a"));
    }

    #[test]
    fn debug_shows_no_value() {
        let headers: Headers = [("jwt", "secret")].into_iter().collect();
        assert_eq!(format!("{headers:?}"), r#"["jwt"]"#);
    }
}
