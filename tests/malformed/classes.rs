//! The thirty classes of malformed input, and what must become of each.

use std::io::Write as _;
use std::sync::OnceLock;

use flate2::Compression;
use flate2::write::GzEncoder;
use flowx_core::message::envelope::{FX_CONTEXT, PROCESS_INSTANCE_UUID};
use flowx_core::message::headers::Headers;

use crate::draft::Draft;

/// One class: a row of the table.
pub(crate) struct Class {
    pub(crate) name: &'static str,
    /// How many of it are sent at most, whatever the run: some are large.
    pub(crate) most: u64,
    /// Its members take turns.
    pub(crate) variants: &'static [Variant],
}

impl Class {
    /// The name of a variant with that of its class.
    pub(crate) fn title(&self, variant: usize) -> String {
        match self.variants[variant].name {
            "" => self.name.to_owned(),
            name => format!("{}: {name}", self.name),
        }
    }
}

/// A member of a class.
pub(crate) struct Variant {
    pub(crate) name: &'static str,
    pub(crate) end: End,
    /// Makes it out of a good request.
    pub(crate) make: fn(&mut Draft<'_>),
}

/// What must become of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// It is odd but legal: one reply, no dead letter.
    Served,
    /// One error reply and one dead letter with this reason, the original unchanged; without a
    /// process that is named, the dead letter alone.
    Refused(&'static str),
    /// As refused, but the original is larger than any record may be: the dead letter says where it
    /// stands, how long it is and what its hash is.
    Pointed(&'static str),
}

/// No limit but the run's.
const ANY: u64 = u64::MAX;

const fn served(name: &'static str, make: fn(&mut Draft<'_>)) -> Variant {
    Variant { name, end: End::Served, make }
}

const fn refused(reason: &'static str, name: &'static str, make: fn(&mut Draft<'_>)) -> Variant {
    Variant { name, end: End::Refused(reason), make }
}

const fn class(name: &'static str, most: u64, variants: &'static [Variant]) -> Class {
    Class { name, most, variants }
}

/// The reason for which not even the headers go back.
pub(crate) const TOO_MANY_HEADERS: &str = "too-many-headers";

/// A variant is named where its class has several.
pub(crate) const CLASSES: [Class; 30] = [
    class(
        "empty",
        ANY,
        &[
            refused("empty", "no bytes", |d| d.text("")),
            refused("empty", "white space", |d| d.text(" \r\n\t")),
        ],
    ),
    class("null", ANY, &[refused("null", "", |d| d.payload = None)]),
    class(
        "truncated JSON",
        ANY,
        &[refused("malformed-json", "", |d| {
            let good = d.good();
            let end = d.rng.usize(1..good.len());
            d.text(&good[..end]);
        })],
    ),
    class(
        "trailing garbage",
        ANY,
        &[
            refused("malformed-json", "words", |d| d.text(&format!("{} and more", d.good()))),
            refused("malformed-json", "a second document", |d| d.text(&d.good().repeat(2))),
        ],
    ),
    class(
        "invalid UTF-8",
        ANY,
        &[
            refused("not-utf8", "Latin-1", |d| d.note(b"\xe4")),
            refused("not-utf8", "overlong", |d| d.note(b"\xc0\xaf")),
            refused("not-utf8", "cut character", |d| d.note(b"\xe2\x82")),
            refused("not-utf8", "raw surrogate", |d| d.note(b"\xed\xa0\x80")),
        ],
    ),
    class(
        "UTF-16",
        ANY,
        &[
            refused("malformed-json", "little-endian", |d| d.utf16(u16::to_le_bytes, false)),
            refused("malformed-json", "big-endian", |d| d.utf16(u16::to_be_bytes, false)),
            refused("not-utf8", "with its mark", |d| d.utf16(u16::to_le_bytes, true)),
        ],
    ),
    class(
        "byte order mark",
        ANY,
        &[refused("malformed-json", "", |d| d.text(&format!("\u{feff}{}", d.good())))],
    ),
    class(
        "lone surrogate",
        ANY,
        &[
            refused("malformed-json", "in a text that is read", |d| d.more(r#","note":"\ud800""#)),
            served("in a field nobody reads", |d| d.open(r#","other":"\udc00""#)),
        ],
    ),
    class(
        "NUL bytes",
        ANY,
        &[
            refused("malformed-json", "in a text", |d| d.note(b"\0")),
            refused("malformed-json", "behind the document", |d| {
                d.text(&format!("{}\0\0", d.good()));
            }),
        ],
    ),
    class("depth 129", ANY, &[refused("too-deep", "", |d| d.nested(128))]),
    class(
        "depth 10^6",
        40,
        &[refused("too-deep", "", |d| d.text(&"[".repeat(d.at_most(1_000_000))))],
    ),
    class(
        "10 MB number",
        40,
        &[refused("malformed-json", "", |d| {
            let digits = "7".repeat(d.at_most(10_000_000));
            d.more(&format!(r#","price":{digits}"#));
        })],
    ),
    class(
        "1e400",
        ANY,
        &[
            refused("malformed-json", "in a number that is read", |d| d.more(r#","price":1e400"#)),
            served("in a field nobody reads", |d| d.open(r#","other":-1e400"#)),
        ],
    ),
    class(
        "-0 and NaN",
        ANY,
        &[
            served("-0", |d| d.more(r#","price":-0"#)),
            refused("malformed-json", "NaN", |d| d.more(r#","price":NaN"#)),
            refused("malformed-json", "-Infinity", |d| d.more(r#","price":-Infinity"#)),
        ],
    ),
    class(
        "integer beyond 2^53",
        ANY,
        &[served("", |d| {
            d.said.big = (1 << 53) + 1 + 2 * d.rng.u64(..1 << 52);
            d.more(&format!(r#","big":{}"#, d.said.big));
        })],
    ),
    class(
        "integer beyond its field",
        ANY,
        &[
            refused("wrong-shape", "of 8 bits", |d| {
                let amount = d.rng.u32(256..);
                d.amount(&amount.to_string());
            }),
            refused("wrong-shape", "of 64 bits", |d| d.more(r#","big":18446744073709551616"#)),
            refused("wrong-shape", "negative", |d| d.amount("-1")),
        ],
    ),
    class(
        "wrong type",
        ANY,
        &[
            refused("wrong-shape", "text", |d| d.amount("\"1\"")),
            refused("wrong-shape", "null", |d| d.amount("null")),
            refused("wrong-shape", "fraction", |d| d.amount("1.5")),
            refused("wrong-shape", "object", |d| d.amount("{}")),
            refused("wrong-shape", "the whole is a text", |d| d.text("\"amount\"")),
        ],
    ),
    class(
        "missing field",
        ANY,
        &[refused("wrong-shape", "", |d| d.text(&format!(r#"{{"seq":{}}}"#, d.said.seq)))],
    ),
    class("unknown variant", ANY, &[refused("wrong-shape", "", |d| d.more(r#","act":"dance""#))]),
    class(
        "unknown field",
        ANY,
        &[
            refused("wrong-shape", "denied", |d| d.more(r#","colour":"red""#)),
            served("not denied", |d| d.open(r#","colour":"red""#)),
        ],
    ),
    class("duplicate key", ANY, &[refused("wrong-shape", "", |d| d.more(r#","amount":2"#))]),
    class(
        "array bomb",
        8,
        &[
            refused("wrong-shape", "denied", |d| d.bomb("[],", false)),
            served("in a field nobody reads", |d| d.bomb("[],", true)),
        ],
    ),
    class(
        "object bomb",
        8,
        &[
            refused("wrong-shape", "denied", |d| d.bomb(r#"{"a":0},"#, false)),
            served("in a field nobody reads", |d| d.bomb(r#"{"a":0},"#, true)),
        ],
    ),
    class(
        "10^5 distinct keys",
        40,
        &[
            refused("wrong-shape", "denied", |d| d.more(&distinct_keys())),
            served("not denied", |d| d.open(&distinct_keys())),
        ],
    ),
    class(
        "huge text",
        8,
        &[
            served("just within the limit", |d| {
                d.said.note = d.largest - 200;
                d.more(&format!(r#","note":"{}""#, "x".repeat(d.said.note)));
            }),
            Variant {
                name: "beyond it",
                end: End::Pointed("too-large"),
                make: |d| d.more(&format!(r#","note":"{}""#, "x".repeat(d.largest))),
            },
        ],
    ),
    class("gzip bomb", ANY, &[refused("not-utf8", "", |d| d.payload = Some(gzip_bomb(d)))]),
    class(
        "schema id in front",
        ANY,
        &[refused("framed", "", |d| {
            // What a client of a schema registry writes: a zero and four bytes before the document.
            let mut framed = vec![0, 0, 0, d.rng.u8(..128), d.rng.u8(..128)];
            framed.extend(d.good().into_bytes());
            d.payload = Some(framed);
        })],
    ),
    class(
        "no FLOWX headers",
        ANY,
        &[
            served("else good", |d| d.headers = Headers::default()),
            refused("wrong-shape", "else bad", |d| {
                d.headers = Headers::default();
                d.amount("true");
            }),
        ],
    ),
    class(
        "duplicate FLOWX headers",
        ANY,
        &[
            served("else good", duplicate_headers),
            refused("wrong-shape", "else bad", |d| {
                duplicate_headers(d);
                d.amount("[]");
            }),
        ],
    ),
    class("10^4 headers of 1 kB", 20, &[refused(TOO_MANY_HEADERS, "", many_headers)]),
];

fn distinct_keys() -> String {
    (0..100_000).map(|key| format!(r#","k{key}":1"#)).collect()
}

/// The last of each name counts.
fn duplicate_headers(d: &mut Draft<'_>) {
    let other = format!("ffffffff-0000-4000-8000-{:012x}", d.rng.u64(..1 << 40));
    d.headers.push_text(FX_CONTEXT, "main:1");
    d.headers.push_text(PROCESS_INSTANCE_UUID, &other);
    d.headers.push("Fx-AppId", None);
}

/// More than may be, however small the largest request is.
fn many_headers(d: &mut Draft<'_>) {
    let bytes = d.at_most(10_000_000);
    let count = (bytes / 1_000).max(300);
    let value = vec![d.rng.alphanumeric() as u8; bytes / count];
    for number in 0..count {
        d.headers.push(&format!("h{number}"), Some(&value));
    }
}

/// A gzip of a gzip of 64 MB of zeros; a few hundred bytes, no two alike.
fn gzip_bomb(d: &mut Draft<'_>) -> Vec<u8> {
    static BOMB: OnceLock<Vec<u8>> = OnceLock::new();
    let packed = |bytes: &[u8], times: usize| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        let written = (0..times).try_for_each(|_| encoder.write_all(bytes));
        written.and_then(|()| encoder.finish()).expect("memory takes every write")
    };
    let bomb = BOMB.get_or_init(|| packed(&packed(&vec![0; 1 << 20], 64), 1));
    let mut bomb = bomb.clone();
    // The time of the file, which may be any.
    bomb[4..8].copy_from_slice(&d.rng.u32(..).to_le_bytes());
    bomb
}
