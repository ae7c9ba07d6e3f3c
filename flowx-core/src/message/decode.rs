//! A record's bytes to a typed request, or a reason why not.
//!
//! Size, depth and encoding are looked at before anything is built from the bytes, and the request
//! is decoded straight into its type: a tree of JSON values would cost many times the payload.

use std::fmt;
use std::sync::LazyLock;

use memchr::memmem::Finder;
use serde::de::DeserializeOwned;

use super::headers::Headers;
use super::{framing, placeholder};

/// What is refused before it is decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Largest payload in bytes; default 52 428 800, the platform's own `KAFKA_MESSAGE_MAX_BYTES`.
    pub max_bytes: usize,
    /// Deepest nesting of objects and arrays; default 64, at most [`Limits::DEEPEST`].
    pub max_depth: usize,
    /// Whether a text that still holds a `${…}` of the designer's template is refused; default yes.
    pub refuse_placeholders: bool,
    /// How many values (objects, arrays, texts, numbers, …) a request may hold to be looked at whole,
    /// which takes a tree of them in memory; default 100 000.
    pub max_values: usize,
    /// How many headers a request may have; default 200. The platform itself sends about ten.
    pub max_headers: usize,
    /// Bytes of names and values of all headers together; default 65 536.
    pub max_header_bytes: usize,
}

impl Limits {
    /// The nesting at which the JSON decoder itself gives up.
    pub const DEEPEST: usize = 127;
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_bytes: 52_428_800,
            max_depth: 64,
            refuse_placeholders: true,
            max_values: 100_000,
            max_headers: 200,
            max_header_bytes: 65_536,
        }
    }
}

/// How a placeholder begins. To get ready for a search takes as long as the search of a small request.
static PLACEHOLDER: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("${"));

/// Decodes a JSON payload into `T`.
///
/// # Errors
/// The first thing that is wrong, with its JSON path where it has one.
pub fn typed<T: DeserializeOwned>(
    payload: Option<&[u8]>,
    limits: &Limits,
) -> Result<T, DecodeError> {
    let bytes = raw(payload, limits)?;
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(DecodeError::new(Reason::Empty, "the request is empty; send a JSON object"));
    }
    framing::refuse(bytes)?;
    let text = std::str::from_utf8(bytes).map_err(|error| {
        DecodeError::new(Reason::NotUtf8, "the request is not UTF-8; send JSON as UTF-8 text")
            .at_byte(error.valid_up_to())
    })?;
    if deeper_than(bytes, limits.max_depth) {
        let message = format!("the request is nested deeper than {} levels", limits.max_depth);
        return Err(DecodeError::new(Reason::TooDeep, message));
    }
    let suspicious = limits.refuse_placeholders && PLACEHOLDER.find(bytes).is_some();
    if suspicious {
        if let Some(found) = placeholder::find(text) {
            return Err(unresolved(&found));
        }
    }
    serde_json::from_str(text).map_err(|error| explain::<T>(text, &error))
}

/// Admits a payload that is not looked into: only its size counts.
///
/// # Errors
/// The payload is null or larger than the limit.
pub fn raw<'a>(payload: Option<&'a [u8]>, limits: &Limits) -> Result<&'a [u8], DecodeError> {
    let Some(bytes) = payload else {
        let message = "the request has no value (a Kafka tombstone); send a JSON object";
        return Err(DecodeError::new(Reason::Null, message));
    };
    if bytes.len() > limits.max_bytes {
        let (size, limit) = (bytes.len(), limits.max_bytes);
        let message = format!("the request has {size} bytes, more than the limit of {limit}");
        return Err(DecodeError::new(Reason::TooLarge, message));
    }
    Ok(bytes)
}

/// Admits the headers of a request: how many, and how large together.
///
/// # Errors
/// There are more than the limit, or they are larger.
pub fn headers(headers: &Headers, limits: &Limits) -> Result<(), DecodeError> {
    if headers.len() > limits.max_headers {
        let (count, limit) = (headers.len(), limits.max_headers);
        let message = format!(
            "the request has {count} headers, more than the limit of {limit}; send fewer, or set FLOWX_CONNECTOR_MAX_HEADERS"
        );
        return Err(DecodeError::new(Reason::TooManyHeaders, message));
    }
    if headers.size() > limits.max_header_bytes {
        let (size, limit) = (headers.size(), limits.max_header_bytes);
        let message = format!(
            "the headers of the request have {size} bytes, more than the limit of {limit}; send less in them, or set FLOWX_CONNECTOR_MAX_HEADER_BYTES"
        );
        return Err(DecodeError::new(Reason::HeadersTooLarge, message));
    }
    Ok(())
}

/// Why a record could not be read as a request.
///
/// [`Display`](fmt::Display) is for the process that sent it and may quote the payload;
/// [`Debug`](fmt::Debug) and [`for_logs`](Self::for_logs) never do.
#[derive(Clone, PartialEq, Eq)]
pub struct DecodeError {
    reason: Reason,
    message: String,
    path: Option<String>,
    place: Option<Place>,
    violations: Vec<Violation>,
}

/// One place of a request that is not as its schema says.
#[derive(Clone, PartialEq, Eq)]
pub struct Violation {
    /// The JSON path, for example `$.lines[2].amount`.
    pub path: String,
    /// What is wrong with it; may quote the payload.
    pub message: String,
}

/// How many violations are put into words.
const MOST_VIOLATIONS: usize = 20;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Byte(usize),
    Line { line: usize, column: usize },
}

/// The reasons, each with its name; all of them are in `ALL`.
macro_rules! reasons {
    ($($(#[$doc:meta])* $reason:ident = $name:literal,)*) => {
        /// The kinds of unreadable request, each with a stable name for headers and metrics.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Reason {
            $($(#[$doc])* $reason,)*
        }

        impl Reason {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$reason),*];

            /// Its stable name, for example `malformed-json`.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$reason => $name,)*
                }
            }
        }
    };
}

reasons! {
    /// The record has more headers than the limit.
    TooManyHeaders = "too-many-headers",
    /// Names and values of its headers are larger than the limit.
    HeadersTooLarge = "headers-too-large",
    /// The record has no value.
    Null = "null",
    /// The value has no bytes, or white space only.
    Empty = "empty",
    /// The value is larger than the limit.
    TooLarge = "too-large",
    /// Objects and arrays are nested deeper than the limit.
    TooDeep = "too-deep",
    /// The value begins with the prefix of a schema registry.
    Framed = "framed",
    /// The value is not UTF-8.
    NotUtf8 = "not-utf8",
    /// The value is not JSON.
    MalformedJson = "malformed-json",
    /// The value is JSON of another shape: a wrong type, a missing or an unknown field.
    WrongShape = "wrong-shape",
    /// The value has the right shape, and something in it is out of range, too long or the like.
    Invalid = "invalid",
    /// The value has more parts than can be looked at.
    TooManyValues = "too-many-values",
    /// A `${…}` of the designer's template was sent as it stands.
    UnresolvedPlaceholder = "unresolved-placeholder",
}

impl Reason {
    /// Whether it is the headers that were not looked at: then they do not go back either.
    #[must_use]
    pub fn is_of_headers(self) -> bool {
        matches!(self, Self::TooManyHeaders | Self::HeadersTooLarge)
    }
}

impl DecodeError {
    pub(super) fn new(reason: Reason, message: impl Into<String>) -> Self {
        Self { reason, message: message.into(), path: None, place: None, violations: Vec::new() }
    }

    /// Everything in which a request differs from its schema, in one message.
    pub(crate) fn of_violations(reason: Reason, mut violations: Vec<Violation>) -> Self {
        let beyond = violations.len().saturating_sub(MOST_VIOLATIONS);
        violations.truncate(MOST_VIOLATIONS);
        let words: Vec<String> = violations.iter().map(ToString::to_string).collect();
        let mut message = words.join("; ");
        if beyond > 0 {
            message.push_str(&format!("; and {beyond} more"));
        }
        Self { violations, ..Self::new(reason, message) }
    }

    /// The request has more values than may be looked at.
    pub(crate) fn too_many_values(limit: usize) -> Self {
        let message = format!(
            "the request holds more than {limit} values, too many to check them; send less at once, or set FLOWX_CONNECTOR_MAX_VALUES"
        );
        Self::new(Reason::TooManyValues, message)
    }

    /// The same in words that quote nothing, for a request with sensitive fields; `nameable` is how much
    /// of a path may be named.
    pub(crate) fn without_quotes(mut self, nameable: impl Fn(&str) -> &str) -> Self {
        if !self.violations.is_empty() {
            return self;
        }
        let message = match self.reason {
            Reason::WrongShape => "is not what the type of the request takes",
            Reason::UnresolvedPlaceholder => {
                "a `${…}` of the template was sent as it stands; the process had no value for it, or its name is misspelled"
            }
            _ => return self,
        };
        self.message =
            format!("{message} (the request has sensitive fields, so nothing is quoted)");
        self.path = self.path.map(|path| nameable(&path).to_owned());
        self
    }

    fn at_byte(mut self, byte: usize) -> Self {
        self.place = Some(Place::Byte(byte));
        self
    }

    fn at_line(mut self, error: &serde_json::Error) -> Self {
        self.place = Some(Place::Line { line: error.line(), column: error.column() });
        self
    }

    /// The kind of failure.
    #[must_use]
    pub fn reason(&self) -> Reason {
        self.reason
    }

    /// The JSON path of what is wrong, for example `$.lines[2].amount`.
    #[must_use]
    pub fn path(&self) -> Option<&str> {
        let first = self.violations.first().map(|violation| violation.path.as_str());
        self.path.as_deref().or(first)
    }

    /// Every place that is not as the schema says, at most 20 of them; empty if the payload could not
    /// be compared with it.
    #[must_use]
    pub fn violations(&self) -> &[Violation] {
        &self.violations
    }

    /// What is wrong and where, without a word of the payload.
    #[must_use]
    pub fn for_logs(&self) -> String {
        let name = self.reason.name();
        match self.place {
            None if self.violations.is_empty() => name.to_owned(),
            None => format!("{name} in {} places", self.violations.len()),
            Some(Place::Byte(byte)) => format!("{name} at byte {byte}"),
            Some(Place::Line { line, column }) => format!("{name} at line {line} column {column}"),
        }
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.path {
            Some(path) => write!(f, "{path}: {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

impl fmt::Debug for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DecodeError({})", self.for_logs())
    }
}

impl std::error::Error for DecodeError {}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.message)
    }
}

impl fmt::Debug for Violation {
    /// Neither the path nor the message: both may quote the payload.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Violation")
    }
}

/// Decodes once more, this time counting the steps: only a failure pays for its path.
fn explain<T: DeserializeOwned>(text: &str, error: &serde_json::Error) -> DecodeError {
    if !error.is_data() {
        let message = if memchr::memmem::find(text.as_bytes(), b"${").is_some() {
            format!("not JSON: {error}; a `${{…}}` of the template was sent without its value")
        } else {
            format!("not JSON: {error}")
        };
        return DecodeError::new(Reason::MalformedJson, message).at_line(error);
    }
    let mut decoder = serde_json::Deserializer::from_str(text);
    let path = match serde_path_to_error::deserialize::<_, T>(&mut decoder) {
        Err(located) => json_path(located.path()),
        // What fails while nobody looks and succeeds when watched has no place.
        Ok(_) => None,
    };
    let mut message = error.to_string();
    // The path says where; line and column of a one-line payload only blur it.
    if let Some(end) = message.rfind(" at line ") {
        message.truncate(end);
    }
    DecodeError { path, ..DecodeError::new(Reason::WrongShape, message).at_line(error) }
}

fn unresolved(found: &placeholder::Found) -> DecodeError {
    let message = format!(
        "`{}` was sent as it stands; the process had no value for it, or its name is misspelled",
        found.text
    );
    DecodeError {
        path: Some(found.path.clone()),
        ..DecodeError::new(Reason::UnresolvedPlaceholder, message)
    }
}

fn json_path(path: &serde_path_to_error::Path) -> Option<String> {
    use serde_path_to_error::Segment;
    let mut text = String::from("$");
    for segment in path {
        match segment {
            Segment::Seq { index } => text.push_str(&format!("[{index}]")),
            Segment::Map { key } => text.push_str(&format!(".{key}")),
            // The variant is no step in the JSON itself.
            Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    Some(text)
}

/// Whether JSON holds more values than `limit`; commas and brackets in strings are not counted.
pub(crate) fn more_values_than(json: &[u8], limit: usize) -> bool {
    // Each value follows a bracket or a comma, so there are never more of those than of values.
    if memchr::memchr3_iter(b'{', b'[', b',', json).nth(limit).is_none() {
        return false;
    }
    let (mut values, mut quoted, mut escaped) = (1_usize, false, false);
    for byte in json {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'{' | b'[' | b',' if !quoted => values += 1,
            _ => {}
        }
    }
    values > limit
}

/// Whether objects and arrays are nested deeper than `limit`; strings are skipped.
fn deeper_than(json: &[u8], limit: usize) -> bool {
    // Nothing can be nested deeper than it has opening brackets, and those are quickly counted.
    if memchr::memchr2_iter(b'{', b'[', json).nth(limit).is_none() {
        return false;
    }
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    for byte in json {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'{' | b'[' if !quoted => {
                depth += 1;
                if depth > limit {
                    return true;
                }
            }
            b'}' | b']' if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize, PartialEq)]
    struct Order {
        lines: Vec<Line>,
        #[serde(default)]
        note: String,
    }

    #[derive(Debug, Deserialize, PartialEq)]
    struct Line {
        amount: f64,
    }

    #[test]
    fn every_unreadable_payload_has_its_reason_and_its_words() {
        let deep = format!("{}1{}", "[".repeat(65), "]".repeat(65));
        let cases: &[(&[u8], Reason, &str)] = &[
            (b"", Reason::Empty, "the request is empty"),
            (b" \n", Reason::Empty, "the request is empty"),
            (b"{\"lines\":[", Reason::MalformedJson, "not JSON: EOF"),
            (b"{\"lines\":[]} x", Reason::MalformedJson, "trailing characters"),
            (b"{\"lines\":[{\"amount\":\"1\"}]}", Reason::WrongShape, "$.lines[0].amount: invalid"),
            (b"{}", Reason::WrongShape, "missing field `lines`"),
            (b"{\"lines\":null}", Reason::WrongShape, "$.lines: invalid type: null"),
            (b"{\"lines\":[],\"lines\":[]}", Reason::WrongShape, "duplicate field"),
            (b"[]", Reason::WrongShape, "invalid length 0"),
            (b"{\"lines\":[{\"amount\":1e400}]}", Reason::MalformedJson, "number out of range"),
            (b"{\"note\":\"\xff\"}", Reason::NotUtf8, "not UTF-8"),
            (deep.as_bytes(), Reason::TooDeep, "deeper than 64"),
            (
                br#"{"lines":[],"note":"${application.client.name}"}"#,
                Reason::UnresolvedPlaceholder,
                "$.note: `${application.client.name}` was sent as it stands",
            ),
            (br#"{"lines":${lines}}"#, Reason::MalformedJson, "without its value"),
        ];
        for (payload, reason, words) in cases {
            let error = typed::<Order>(Some(payload), &Limits::default()).unwrap_err();
            assert_eq!(error.reason(), *reason, "{error}");
            assert!(error.to_string().contains(words), "{error}");
        }
        let error = typed::<Order>(None, &Limits::default()).unwrap_err();
        assert_eq!(error.reason(), Reason::Null);
    }

    #[test]
    fn size_is_looked_at_first() {
        let limits = Limits { max_bytes: 4, ..Limits::default() };
        assert_eq!(raw(Some(b"12345"), &limits).unwrap_err().reason(), Reason::TooLarge);
        assert_eq!(raw(Some(b"1234"), &limits), Ok(&b"1234"[..]));
    }

    #[test]
    fn headers_are_counted_and_weighed() {
        let limits = Limits { max_headers: 2, max_header_bytes: 6, ..Limits::default() };
        let reason = |all: &[(&str, &str)]| {
            let received: Headers = all.iter().copied().collect();
            headers(&received, &limits).err().map(|error| error.reason())
        };
        assert_eq!(reason(&[("a", "12"), ("a", "34")]), None);
        assert_eq!(reason(&[("a", "12"), ("a", "345")]), Some(Reason::HeadersTooLarge));
        assert_eq!(reason(&[("", ""), ("", ""), ("", "")]), Some(Reason::TooManyHeaders));
    }

    #[test]
    fn logs_and_debug_show_no_word_of_the_payload() {
        let canary = br#"{"lines":[{"amount":"canary"}]}"#;
        let error = typed::<Order>(Some(canary), &Limits::default()).unwrap_err();
        assert!(error.to_string().contains("canary"));
        assert_eq!(error.for_logs(), "wrong-shape at line 1 column 28");
        assert!(!format!("{error:?}").contains("canary"));
    }

    thread_local! {
        static COMPARED: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
    }

    /// A key that counts how often it is compared.
    #[derive(Deserialize)]
    struct Key(String);

    impl std::hash::Hash for Key {
        fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
            self.0.hash(state);
        }
    }

    impl PartialEq for Key {
        fn eq(&self, other: &Self) -> bool {
            COMPARED.set(COMPARED.get() + 1);
            self.0 == other.0
        }
    }

    impl Eq for Key {}

    #[test]
    fn keys_that_were_made_to_collide_are_hardly_ever_compared() {
        use std::collections::HashMap;
        use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

        type Fixed = BuildHasherDefault<DefaultHasher>;
        // The same place and the same tag in any map whose hash has no secret.
        let collides = |key: &String| {
            let hash = Fixed::default().hash_one(Key(key.clone()));
            hash & 0xff == 0 && hash >> 60 == 0
        };
        let keys: Vec<String> =
            (0_u32..).map(|number| format!("k{number}")).filter(collides).take(200).collect();
        let members: Vec<String> = keys.iter().map(|key| format!(r#""{key}":1"#)).collect();
        let payload = format!("{{{}}}", members.join(","));
        let limits = Limits::default();

        COMPARED.set(0);
        let map: HashMap<Key, u8, Fixed> = typed(Some(payload.as_bytes()), &limits).unwrap();
        assert_eq!(map.len(), 200);
        assert!(COMPARED.get() > 1_000, "they do collide: {}", COMPARED.get());

        COMPARED.set(0);
        let map: HashMap<Key, u8> = typed(Some(payload.as_bytes()), &limits).unwrap();
        assert_eq!(map.len(), 200);
        assert!(COMPARED.get() < 200, "compared {} times", COMPARED.get());
    }

    #[test]
    fn brackets_in_strings_are_no_depth() {
        let text = format!(r#"{{"lines":[],"note":"{}\"["}}"#, "[".repeat(500));
        let order: Order = typed(Some(text.as_bytes()), &Limits::default()).unwrap();
        assert_eq!(order.note.len(), 502);
    }

    #[test]
    fn placeholders_pass_where_they_are_wanted() {
        let limits = Limits { refuse_placeholders: false, ..Limits::default() };
        let payload = br#"{"lines":[],"note":"${name}"}"#;
        let order: Order = typed(Some(payload), &limits).unwrap();
        assert_eq!(order.note, "${name}");
    }
}
