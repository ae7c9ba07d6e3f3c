//! The requests of a simulation, and what their handler will do with them.

use fastrand::Rng;

use crate::message::envelope::{FX_CONTEXT, PROCESS_INSTANCE_ID, PROCESS_INSTANCE_UUID};
use crate::message::headers::Headers;

/// The topic whose handler replies, as its attribute would name it.
pub(super) const ASK: &str = "simulation.trigger.ask";
/// The topic whose handler never sends anything.
pub(super) const NOTE: &str = "simulation.trigger.note";

/// One request.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) replies: bool,
    pub(super) partition: i32,
    /// What must run one after another.
    pub(super) order: Option<String>,
    pub(super) fate: Fate,
    pub(super) pace: Pace,
    /// When it is written, in milliseconds of the run.
    pub(super) arrives: u64,
    pub(super) key: Option<Vec<u8>>,
    pub(super) headers: Headers,
    pub(super) payload: Option<Vec<u8>>,
}

/// How it ends if nothing disturbs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// The handler is content.
    Succeed,
    /// The handler refuses.
    Refuse,
    /// So many attempts fail, the next one succeeds.
    Retry(u32),
    /// So many attempts panic, the next one succeeds.
    Panic(u32),
    /// The handler never comes to an end.
    Hang,
    /// The payload is no request.
    Undecodable,
}

/// How long an attempt takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pace {
    /// Ready at once.
    Now,
    /// Pending so often, and woken at once.
    Yields(u32),
    /// So many milliseconds.
    Millis(u64),
}

impl Request {
    /// The request of this number.
    pub(super) fn random(rng: &mut Rng, number: usize, keys: u32, partitions: i32) -> Self {
        let replies = rng.u8(..10) < 8;
        let key = rng.u32(..keys);
        let name = format!("process-{key}");
        let mut headers = Headers::default();
        headers.push_text(FX_CONTEXT, "main");
        for _ in 0..rng.u8(..3) {
            let name = ["jwt", "Fx-AppId", "jwt", "x-reply-id", "dlq-replied", "flowx-retry-x"]
                [rng.usize(..6)];
            let value: &[u8] = [&b"a"[..], b"", &[0, 0xff], b"b"][rng.usize(..4)];
            headers.push(name, (rng.u8(..5) > 0).then_some(value));
        }
        // The kind of a key is its number, so that all records of a key name it the same way.
        let (order, record_key, partition) = match key % 8 {
            0 if key > 0 => (None, None, rng.i32(0..partitions)),
            1 => {
                headers.push_text(PROCESS_INSTANCE_ID, &key.to_string());
                (Some(key.to_string()), Some(name.into_bytes()), key as i32 % partitions)
            }
            2 => (Some(name.clone()), Some(name.into_bytes()), key as i32 % partitions),
            _ => {
                headers.push_text(PROCESS_INSTANCE_UUID, &name);
                (Some(name.clone()), Some(name.into_bytes()), key as i32 % partitions)
            }
        };
        if rng.bool() {
            headers.push_text("z", "last");
        }
        let fate = Fate::random(rng);
        let payload = match fate {
            Fate::Undecodable => [Some(b"{".to_vec()), Some(br#"{"number":"one"}"#.to_vec()), None]
                [rng.usize(..3)]
            .clone(),
            _ => Some(format!(r#"{{"number":{number}}}"#).into_bytes()),
        };
        let pace = Pace::random(rng);
        Self {
            replies,
            partition,
            order,
            fate,
            pace,
            arrives: 0,
            key: record_key,
            headers,
            payload,
        }
    }
}

impl Fate {
    fn random(rng: &mut Rng) -> Self {
        match rng.u8(..100) {
            0..60 => Self::Succeed,
            60..70 => Self::Refuse,
            70..83 => Self::Retry(rng.u32(1..6)),
            83..92 => Self::Panic(rng.u32(1..4)),
            92..94 => Self::Hang,
            _ => Self::Undecodable,
        }
    }
}

impl Pace {
    fn random(rng: &mut Rng) -> Self {
        match rng.u8(..100) {
            0..45 => Self::Now,
            45..60 => Self::Yields(rng.u32(1..4)),
            60..95 => Self::Millis(rng.u64(1..300)),
            _ => Self::Millis(rng.u64(300..6_000)),
        }
    }
}
