//! Replies, one after another, and what is wrong with them.

use serde::Deserialize;

use super::Verdict;
use crate::load::{HEADERS, Maker, Request, sequence_of};

/// Where the requests stand: for each partition their numbers, by offset.
pub(crate) struct Sent {
    maker: Maker,
    partitions: Vec<Vec<u32>>,
    count: u64,
}

/// A reply as it was read.
#[derive(Clone, Debug)]
pub(crate) struct Reply<'a> {
    pub(crate) partition: i32,
    /// When the broker wrote it, in milliseconds.
    pub(crate) at: i64,
    pub(crate) key: &'a [u8],
    pub(crate) headers: Vec<(&'a str, &'a [u8])>,
    pub(crate) payload: &'a [u8],
}

/// Hears all replies of a run, in the order of each partition, and then judges.
pub(crate) struct Judge<'a> {
    sent: &'a Sent,
    /// Whether replies are requests cut short, and nothing was decoded.
    is_cut: bool,
    answered: Vec<bool>,
    /// Of each process instance: the partition of its first reply, and the number of its last.
    last: Vec<Option<(i32, u64)>>,
    /// When each request was answered first.
    firsts: Vec<i64>,
    verdict: Verdict,
}

impl Sent {
    /// The first `count` requests of a maker, written in their order.
    pub(crate) fn new(maker: Maker, partitions: i32, count: u64) -> Self {
        let mut places = vec![Vec::new(); partitions.unsigned_abs() as usize];
        for sequence in 0..count {
            let place = maker.partition(sequence).unsigned_abs() as usize;
            places[place].push(u32::try_from(sequence).expect("fewer than 2^32 requests"));
        }
        Self { maker, partitions: places, count }
    }
}

impl<'a> Judge<'a> {
    pub(crate) fn new(sent: &'a Sent, is_cut: bool) -> Self {
        Self {
            sent,
            is_cut,
            answered: vec![false; usize::try_from(sent.count).unwrap_or(0)],
            last: vec![None; sent.maker.processes() as usize],
            firsts: Vec::new(),
            verdict: Verdict { requests: sent.count, ..Verdict::default() },
        }
    }

    /// Hears one reply.
    pub(crate) fn hear(&mut self, reply: &Reply<'_>) {
        self.verdict.replies += 1;
        let sequence = sequence_of(reply.payload).filter(|sequence| *sequence < self.sent.count);
        let Some(sequence) = sequence else {
            self.verdict.foreign += 1;
            return;
        };
        let request = self.sent.maker.request(sequence);
        if reply.key != request.key.as_bytes() {
            self.verdict.keys += 1;
        }
        if !has_headers(reply, &request) {
            self.verdict.headers += 1;
        }
        let is_right = if self.is_cut {
            request.payload().starts_with(reply.payload)
        } else {
            is_answer(reply.payload, &request)
        };
        if !is_right {
            self.verdict.wrong += 1;
        }
        let answered = &mut self.answered[usize::try_from(sequence).unwrap_or(0)];
        if std::mem::replace(answered, true) {
            self.verdict.duplicates += 1;
            return;
        }
        self.verdict.answered += 1;
        self.firsts.push(reply.at);
        let last = &mut self.last[request.process as usize];
        if let Some((partition, before)) = *last {
            // In another partition nobody could tell which came first.
            if partition != reply.partition || sequence < before {
                self.verdict.disordered += 1;
            }
        }
        let highest = last.map_or(sequence, |(_, before)| before.max(sequence));
        *last = Some((reply.partition, highest));
    }

    /// The verdict, given what the group has committed of each partition, and when each request that
    /// was answered was answered first, in the order of time.
    pub(crate) fn finish(mut self, committed: &[Option<i64>]) -> (Verdict, Vec<i64>) {
        for (sequences, committed) in self.sent.partitions.iter().zip(committed) {
            let committed = usize::try_from(committed.unwrap_or(0)).unwrap_or(0);
            let (passed, open) = sequences.split_at(committed.min(sequences.len()));
            let is_answered = |sequence: &&u32| self.answered[**sequence as usize];
            let lost: Vec<_> = passed.iter().filter(|sequence| !is_answered(sequence)).collect();
            self.verdict.lost += lost.len() as u64;
            if let Some(first) = lost.first() {
                let first = u64::from(**first);
                let so_far = self.verdict.first_lost.get_or_insert(first);
                *so_far = first.min(*so_far);
            }
            self.verdict.uncommitted += open.iter().filter(is_answered).count() as u64;
        }
        self.firsts.sort_unstable();
        (self.verdict, self.firsts)
    }
}

/// Whether all headers of a request came back; others may stand beside them.
fn has_headers(reply: &Reply<'_>, request: &Request) -> bool {
    let values = request.headers();
    HEADERS.iter().zip(&values).all(|(name, value)| {
        let mut same = reply.headers.iter().filter(|(other, _)| other == name);
        same.next().is_some_and(|(_, other)| *other == value.as_bytes()) && same.next().is_none()
    })
}

/// The reply as its contract has it, whatever the order of its fields.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer<'a> {
    #[serde(borrow)]
    request_id: std::borrow::Cow<'a, str>,
    sequence: u64,
    #[serde(borrow)]
    customer_id: std::borrow::Cow<'a, str>,
    #[serde(borrow)]
    status: std::borrow::Cow<'a, str>,
    #[serde(borrow)]
    currency: std::borrow::Cow<'a, str>,
    converted: f64,
    rate: f64,
    total: f64,
    #[serde(borrow)]
    converted_at: std::borrow::Cow<'a, str>,
    #[serde(borrow)]
    note: std::borrow::Cow<'a, str>,
}

fn is_answer(payload: &[u8], request: &Request) -> bool {
    let Ok(answer) = serde_json::from_slice::<Answer<'_>>(payload) else { return false };
    // Languages round halves in different ways.
    let is_near = |one: f64, other: f64| (one - other).abs() < 0.0101;
    answer.request_id == request.id
        && answer.sequence == request.sequence
        && answer.customer_id == request.customer()
        && answer.status == "CONVERTED"
        && answer.currency == Request::TARGET
        && is_near(answer.converted, request.converted())
        && (answer.rate - 4.9755).abs() < 1e-9
        && is_near(answer.total, request.total())
        && answer.converted_at == Request::AT
        && answer.note == request.note()
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
