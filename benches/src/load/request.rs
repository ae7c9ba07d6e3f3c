//! A request that follows from a seed and its number, and the reply that must come.

use std::fmt::Write as _;

use super::{Feed, Size};

/// The names of what every request carries, in their order.
pub(crate) const HEADERS: [&str; 8] = [
    "processInstanceUuid",
    "processInstanceId",
    "tokenUuid",
    "fxContext",
    "Fx-AppId",
    "Fx-RuntimeBuildId",
    "Fx-WorkspaceId",
    "Fx-Organization-Id",
];

const RATE: f64 = 4.9755;
const LINES: u64 = 30;

/// Makes requests: the same for the same seed, on every machine.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Maker {
    seed: u64,
    size: Size,
    keys: u32,
    partitions: i32,
}

/// What a request says, before it is written as JSON.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) sequence: u64,
    /// The number of its process instance.
    pub(crate) process: u32,
    pub(crate) partition: i32,
    pub(crate) key: String,
    pub(crate) id: String,
    size: Size,
    cents: u64,
    mixed: u64,
}

impl Maker {
    pub(crate) const fn new(seed: u64, feed: &Feed) -> Self {
        Self { seed, size: feed.size, keys: feed.keys, partitions: feed.partitions }
    }

    /// How many process instances there are.
    pub(crate) const fn processes(&self) -> u32 {
        self.keys
    }

    /// Where the request of this number goes, without making it: that of its process instance.
    pub(crate) fn partition(&self, sequence: u64) -> i32 {
        self.place(self.process(sequence))
    }

    /// The request of this number.
    pub(crate) fn request(&self, sequence: u64) -> Request {
        let process = self.process(sequence);
        let mixed = mix(self.seed ^ sequence ^ (1 << 40));
        Request {
            sequence,
            process,
            partition: self.place(process),
            key: uuid(self.seed ^ u64::from(process) ^ (2 << 40)),
            id: uuid(self.seed ^ sequence ^ (3 << 40)),
            size: self.size,
            cents: 100 + mixed % 1_000_000,
            mixed,
        }
    }

    fn process(&self, sequence: u64) -> u32 {
        (mix(self.seed ^ sequence) % u64::from(self.keys)) as u32
    }

    fn place(&self, process: u32) -> i32 {
        (process % self.partitions.unsigned_abs()).cast_signed()
    }
}

impl Request {
    /// The values of [`HEADERS`].
    pub(crate) fn headers(&self) -> [String; 8] {
        [
            self.key.clone(),
            (119_000 + self.process).to_string(),
            uuid(u64::from(self.process) ^ (4 << 40)),
            "main".to_owned(),
            "0193a7a6-9a37-7be6-8b4e-1f7a6a3d2c11".to_owned(),
            "0193a7a6-9a39".to_owned(),
            "0193a7a6-0000".to_owned(),
            "acme".to_owned(),
        ]
    }

    /// Its JSON.
    pub(crate) fn payload(&self) -> Vec<u8> {
        let mut json = format!(
            r#"{{"requestId":"{}","sequence":{},"customer":{{"id":"{}","name":"Ana Maria Pop","segment":"RETAIL"}},"account":"RO49AAAA1B31007593840000","amount":{},"currency":"EUR","target":"{}","channel":"MOBILE","requestedAt":"{}","note":"{}""#,
            self.id,
            self.sequence,
            self.customer(),
            self.amount(),
            Self::TARGET,
            Self::AT,
            self.note(),
        );
        if self.size == Size::Large {
            json.push_str(",\"lines\":[");
            for (number, quantity, half_euros) in self.lines() {
                let _ = write!(
                    json,
                    r#"{{"number":{number},"description":"Item {number:03} of the order, second edition, delivered by post within a week","quantity":{quantity},"price":{:.1},"unit":"PCS"}},"#,
                    half_euros as f64 / 2.0
                );
            }
            json.pop();
            json.push(']');
        }
        json.push('}');
        json.into_bytes()
    }

    pub(crate) const TARGET: &str = "RON";
    pub(crate) const AT: &str = "2026-11-26T08:00:00Z";

    pub(crate) fn customer(&self) -> String {
        format!("C-{:08}", self.process)
    }

    pub(crate) fn note(&self) -> String {
        format!("transfer {:08} to the savings account", self.mixed % 100_000_000)
    }

    fn amount(&self) -> f64 {
        self.cents as f64 / 100.0
    }

    /// What the reply says was converted, to the cent.
    pub(crate) fn converted(&self) -> f64 {
        (self.amount() * RATE * 100.0).round() / 100.0
    }

    /// What the reply says all lines cost.
    pub(crate) fn total(&self) -> f64 {
        if self.size == Size::Small {
            return 0.0;
        }
        self.lines().map(|(_, quantity, half_euros)| (quantity * half_euros) as f64 / 2.0).sum()
    }

    fn lines(&self) -> impl Iterator<Item = (u64, u64, u64)> + use<> {
        let mixed = self.mixed;
        (1..=LINES).map(move |number| {
            let mixed = mix(mixed ^ number);
            (number, 1 + mixed % 9, 1 + (mixed >> 8) % 200)
        })
    }
}

/// The number that stands in a request or in a reply, found without reading all of it.
pub(crate) fn sequence_of(payload: &[u8]) -> Option<u64> {
    const NAME: &[u8] = b"\"sequence\":";
    let at = payload.windows(NAME.len()).position(|window| window == NAME)?;
    let digits = payload[at + NAME.len()..].trim_ascii_start();
    let end = digits.iter().position(|byte| !byte.is_ascii_digit())?;
    std::str::from_utf8(&digits[..end]).ok()?.parse().ok()
}

/// SplitMix64: any number becomes one that looks like chance.
const fn mix(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A UUID of version 4 that follows from a number.
fn uuid(number: u64) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let (high, low) = (mix(number), mix(number ^ (5 << 40)));
    let bits = (u128::from(high) << 64) | u128::from(low);
    let bits = (bits & !(0xf << 76) & !(0x3 << 62)) | (0x4 << 76) | (0x2 << 62);
    let mut text = String::with_capacity(36);
    for place in 0..32 {
        if matches!(place, 8 | 12 | 16 | 20) {
            text.push('-');
        }
        text.push(char::from(DIGITS[(bits >> (124 - 4 * place)) as usize & 0xf]));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn maker(size: Size) -> Maker {
        Maker::new(7, &Feed { size, keys: 1_000, partitions: 8, count: 1_000 })
    }

    #[test]
    fn requests_are_as_large_as_they_are_said_to_be() {
        for (size, around) in [(Size::Small, 330..=370), (Size::Large, 4_400..=4_800)] {
            for sequence in [0, 999, 999_999] {
                let payload = maker(size).request(sequence).payload();
                assert!(around.contains(&payload.len()), "{size:?}: {}", payload.len());
            }
        }
        let request = maker(Size::Small).request(1);
        let headers: usize = HEADERS
            .iter()
            .zip(request.headers())
            .map(|(name, value)| name.len() + value.len())
            .sum();
        assert!((240..=280).contains(&headers), "{headers}");
    }

    #[test]
    fn a_request_follows_from_its_seed_and_number() {
        let one = maker(Size::Large).request(12);
        assert_eq!(one.payload(), maker(Size::Large).request(12).payload());
        assert_ne!(one.payload(), maker(Size::Large).request(13).payload());
        assert_eq!(one.partition, maker(Size::Large).partition(12));
        assert_eq!(one.key.len(), 36);
        assert_eq!(one.key.as_bytes()[14], b'4');
    }

    #[test]
    fn a_request_is_json_and_its_reply_is_what_it_says() {
        let request = maker(Size::Large).request(77);
        let json: serde_json::Value = serde_json::from_slice(&request.payload()).unwrap();
        assert_eq!(json["sequence"], 77);
        let amount = json["amount"].as_f64().unwrap();
        assert!((amount * RATE - request.converted()).abs() < 0.0051);
        let lines = json["lines"].as_array().unwrap();
        assert_eq!(lines.len(), 30);
        let cost = |line: &serde_json::Value| {
            line["quantity"].as_f64().unwrap() * line["price"].as_f64().unwrap()
        };
        assert!((lines.iter().map(cost).sum::<f64>() - request.total()).abs() < 1e-6);
    }

    #[test]
    fn the_number_is_found_wherever_it_stands() {
        assert_eq!(sequence_of(br#"{"requestId":"x","sequence":123,"a":1}"#), Some(123));
        assert_eq!(sequence_of(br#"{"sequence": 5}"#), Some(5));
        assert_eq!(sequence_of(b"{}"), None);
        assert_eq!(sequence_of(br#"{"sequence":12"#), None);
        let request = maker(Size::Small).request(42);
        assert_eq!(sequence_of(&request.payload()[..230]), Some(42));
    }
}
