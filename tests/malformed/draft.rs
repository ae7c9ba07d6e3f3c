//! Requests by their numbers: number and seed decide every byte, so that what comes back can be
//! compared with what was sent without keeping it.

use fastrand::Rng;
use flowx_core::message::envelope::{PROCESS_INSTANCE_ID, PROCESS_INSTANCE_UUID};
use flowx_core::message::headers::Headers;
use flowx_core::testing::process_engine::PlatformVersion;

use crate::classes::{CLASSES, Class, End, Variant};
use crate::connector::Said;

/// Process instances that send requests.
const PROCESSES: u64 = 5_000;

/// The header that names a request by its number.
pub(crate) const NUMBER: &str = "number";

/// A good request on its way to become a malformed one.
pub(crate) struct Draft<'a> {
    pub(crate) rng: &'a mut Rng,
    /// The connector's limit for a request, in bytes.
    pub(crate) largest: usize,
    pub(crate) headers: Headers,
    pub(crate) payload: Option<Vec<u8>>,
    /// Whether it goes to the handler that passes over unknown fields.
    pub(crate) is_open: bool,
    /// What a reply to it must say.
    pub(crate) said: Said,
}

/// A request as it is sent, and what must become of it.
#[derive(Clone)]
pub(crate) struct Request {
    pub(crate) is_open: bool,
    pub(crate) key: Vec<u8>,
    pub(crate) headers: Headers,
    pub(crate) payload: Option<Vec<u8>>,
    pub(crate) fate: Fate,
    /// What a reply to it must say, and under which key.
    pub(crate) said: Said,
    pub(crate) reply_key: Vec<u8>,
}

impl Request {
    /// Bytes of key, headers and payload.
    pub(crate) fn size(&self) -> usize {
        self.key.len() + self.headers.size() + self.payload.as_ref().map_or(0, Vec::len)
    }
}

/// What kind of request it is, and what must become of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fate {
    /// Its class and variant in the table; `None` for a good one.
    pub(crate) class: Option<(usize, usize)>,
    pub(crate) end: End,
    /// Whether it does not name its process.
    pub(crate) is_anonymous: bool,
}

/// All requests of a run.
#[derive(Clone, Debug)]
pub(crate) struct Requests {
    pub(crate) seed: u64,
    /// Malformed ones.
    pub(crate) malformed: u64,
    /// Good ones for each of them.
    pub(crate) good: u64,
    /// The connector's limit for a request, in bytes.
    pub(crate) largest: usize,
}

impl Requests {
    pub(crate) fn count(&self) -> u64 {
        self.malformed * (self.good + 1)
    }

    /// Request `number`, the same every time.
    pub(crate) fn request(&self, number: u64) -> Request {
        let mut rng = Rng::with_seed(self.seed ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let process = rng.u64(..PROCESSES);
        let uuid = format!("00000000-0000-4000-8000-{process:012x}");
        let variant = self.variant(number, &mut rng);
        let end = variant.map_or(End::Served, |(_, variant)| variant.end);
        let is_anonymous = end != End::Served && rng.u8(..8) == 0;
        let is_open = rng.bool();
        let mut draft = Draft {
            headers: headers(&uuid, process, is_anonymous),
            payload: None,
            is_open,
            largest: self.largest,
            said: Said { seq: number, big: 0, note: 0 },
            rng: &mut rng,
        };
        match variant {
            Some((_, variant)) => {
                // What nobody reads or denies depends on the handler; a variant that wants the other
                // one says so.
                draft.is_open = false;
                draft.text(&draft.good());
                (variant.make)(&mut draft);
            }
            None => {
                let note = "Grüße, 世界 ".repeat(draft.rng.usize(..8));
                draft.said.note = note.len();
                draft.more(&format!(r#","note":"{note}""#));
            }
        }
        let Draft { mut headers, payload, is_open, said, .. } = draft;
        let named = headers.text(PROCESS_INSTANCE_UUID).map(str::to_owned);
        let is_anonymous = named.is_none() && !headers.contains(PROCESS_INSTANCE_ID);
        headers.push_text(NUMBER, &number.to_string());
        Request {
            is_open,
            reply_key: named.unwrap_or_else(|| uuid.clone()).into_bytes(),
            key: uuid.into_bytes(),
            headers,
            payload,
            fate: Fate { class: variant.map(|(place, _)| place), end, is_anonymous },
            said,
        }
    }

    /// Which malformed request this is, if it is none of the good ones: one in each `good + 1`, at a
    /// place that the seed decides. The classes take turns; what is large gives its turn to another
    /// when there were enough of it.
    fn variant(&self, number: u64, rng: &mut Rng) -> Option<((usize, usize), &'static Variant)> {
        let (turn, place) = (number / (self.good + 1), number % (self.good + 1));
        let chosen = Rng::with_seed(self.seed.wrapping_add(turn)).u64(..=self.good);
        if place != chosen {
            return None;
        }
        let classes = CLASSES.len() as u64;
        let (round, mut class) = (turn / classes, (turn % classes) as usize);
        let rounds = self.malformed.div_ceil(classes);
        let mut count = round;
        if CLASSES[class].most < rounds {
            let stride = rounds.div_ceil(CLASSES[class].most);
            // Not all of them at once.
            let round = round + class as u64;
            count = round / stride;
            if !round.is_multiple_of(stride) {
                let others: Vec<_> = (0..CLASSES.len()).filter(|&one| is_small(one)).collect();
                class = others[rng.usize(..others.len())];
                count = rng.u64(..64);
            }
        }
        let Class { variants, .. } = &CLASSES[class];
        let variant = (count % variants.len() as u64) as usize;
        Some(((class, variant), &variants[variant]))
    }
}

fn is_small(class: usize) -> bool {
    CLASSES[class].most == u64::MAX
}

/// The engine's headers.
fn headers(uuid: &str, process: u64, is_anonymous: bool) -> Headers {
    let mut headers = Headers::default();
    for (name, value) in PlatformVersion::V5_9.headers(uuid, process).iter() {
        if !is_anonymous || !name.starts_with("processInstance") {
            headers.push(name, value);
        }
    }
    headers.push("nothing", None);
    headers.push("bytes", Some(&[0, 0xff, 0xfe]));
    headers
}

impl Draft<'_> {
    /// A good document.
    pub(crate) fn good(&self) -> String {
        self.with("")
    }

    fn with(&self, more: &str) -> String {
        format!(r#"{{"seq":{},"amount":1{more}}}"#, self.said.seq)
    }

    /// This text instead of a document.
    pub(crate) fn text(&mut self, text: &str) {
        self.payload = Some(text.as_bytes().to_vec());
    }

    /// A document with further fields.
    pub(crate) fn more(&mut self, more: &str) {
        self.text(&self.with(more));
    }

    /// The same, for the handler that passes over unknown fields.
    pub(crate) fn open(&mut self, more: &str) {
        self.is_open = true;
        self.more(more);
    }

    /// A document with another amount.
    pub(crate) fn amount(&mut self, amount: &str) {
        self.text(&format!(r#"{{"seq":{},"amount":{amount}}}"#, self.said.seq));
    }

    /// A document with these bytes in its note.
    pub(crate) fn note(&mut self, bytes: &[u8]) {
        let mut payload = self.with(r#","note":"#).into_bytes();
        payload.pop();
        payload.push(b'"');
        payload.extend(bytes);
        payload.extend(b"\"}");
        self.payload = Some(payload);
    }

    /// A document in UTF-16.
    pub(crate) fn utf16(&mut self, bytes: fn(u16) -> [u8; 2], marked: bool) {
        let mark = marked.then_some(0xfeff);
        let units = mark.into_iter().chain(self.good().encode_utf16().collect::<Vec<_>>());
        self.payload = Some(units.flat_map(bytes).collect());
    }

    /// A document with so many arrays in one another in one of its fields.
    pub(crate) fn nested(&mut self, depth: usize) {
        let (open, close) = ("[".repeat(depth), "]".repeat(depth));
        self.more(&format!(r#","tree":{open}{close}"#));
    }

    /// A document almost as large as is allowed, full of this.
    pub(crate) fn bomb(&mut self, element: &str, is_open: bool) {
        self.is_open = is_open;
        let elements = element.repeat(self.largest / 100 * 95 / element.len());
        self.more(&format!(r#","tree":[{elements}0]"#));
    }

    /// So many bytes, or as many as may well be.
    pub(crate) fn at_most(&self, bytes: usize) -> usize {
        bytes.min(self.largest / 2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_has_its_turn_and_the_large_ones_not_too_many() {
        let requests = Requests { seed: 3, malformed: 60_000, good: 0, largest: 20_000 };
        let mut counts = vec![vec![0_u64; 8]; CLASSES.len()];
        for number in 0..requests.count() {
            let mut rng = Rng::with_seed(number);
            let ((class, variant), _) = requests.variant(number, &mut rng).unwrap();
            counts[class][variant] += 1;
        }
        for (class, counts) in CLASSES.iter().zip(&counts) {
            let all: u64 = counts.iter().sum();
            assert!(all <= class.most, "{}: {all}", class.name);
            let named = &counts[..class.variants.len()];
            assert!(named.iter().all(|count| *count > 0), "{}: {counts:?}", class.name);
        }
    }

    #[test]
    fn one_in_each_ten_is_malformed_and_all_are_the_same_every_time() {
        let requests = Requests { seed: 7, malformed: 90, good: 9, largest: 100_000 };
        for ten in 0..90 {
            let of_these = (10 * ten..10 * ten + 10).map(|number| requests.request(number));
            assert_eq!(of_these.filter(|one| one.fate.class.is_some()).count(), 1);
        }
        let (one, again) = (requests.request(17), requests.request(17));
        assert!(one.headers == again.headers && one.payload == again.payload);
    }
}
