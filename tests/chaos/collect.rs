//! Gathers what the ledger needs, each from its topic: requests, answers, commits.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use flowx_core::kafka::{KafkaSettings, ReadFrom, Reader};
use flowx_core::message::headers::Headers;
use flowx_core::message::record::Record;
use flowx_core::message::reply::is_reserved;
use flowx_tests::ledger::{Answer, AnswerKind, Commit, Request, digest};
use flowx_tests::try_eventually;
use serde::Deserialize;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::commits;
use crate::scene::Scene;
use crate::traffic::expected;

/// How long the next request may take that is known to be there.
const PATIENCE: Duration = Duration::from_secs(60);

/// Where a request stands: partition and offset.
pub(crate) type Place = (i32, i64);

/// An answer, with the place of the request that it names.
pub(crate) type Named = (Option<Place>, Answer);

/// Reads answers and commits in the background until it is dropped.
pub(crate) struct Collector {
    answers: Arc<Mutex<Vec<Named>>>,
    commits: Arc<Mutex<Vec<Commit>>>,
    tasks: [JoinHandle<()>; 2],
}

/// What of a payload concerns the ledger.
#[derive(Deserialize)]
struct Payload {
    run: Option<u64>,
    seq: Option<u64>,
    key: Option<u64>,
    key_seq: Option<u64>,
    expected: Option<String>,
}

impl Collector {
    pub(crate) async fn start(scene: &Scene, run: u64) -> anyhow::Result<Self> {
        let topics = [scene.replies.as_str(), scene.dead_letters.as_str()];
        let mut reader = Reader::open(&settings(scene), &topics, ReadFrom::Beginning).await?;
        let mut offsets = offsets(scene).await?;
        let answers = Arc::<Mutex<Vec<_>>>::default();
        let commits = Arc::<Mutex<Vec<_>>>::default();
        let (kept, dead_letters) = (Arc::clone(&answers), scene.dead_letters.clone());
        let reading = tokio::spawn(async move {
            loop {
                let record = reader.next().await;
                let answer = answer(&record, *record.at.topic == *dead_letters, run);
                kept.lock().unwrap_or_else(PoisonError::into_inner).push(answer);
            }
        });
        let (kept, scene) = (Arc::clone(&commits), scene.clone());
        let noting = tokio::spawn(async move {
            loop {
                if let Some(commit) = commits::commit(&offsets.next().await, &scene) {
                    kept.lock().unwrap_or_else(PoisonError::into_inner).push(commit);
                }
            }
        });
        Ok(Self { answers, commits, tasks: [reading, noting] })
    }

    /// How many answers and commits there are by now.
    pub(crate) fn count(&self) -> usize {
        let answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner).len();
        answers + self.commits.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// The answers from this number on, with the place of the request that they name.
    pub(crate) fn answers_from(&self, first: usize) -> Vec<Named> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)[first..].to_vec()
    }

    /// All answers, each with the request that it belongs to.
    pub(crate) fn answers(&self, requests: &[Request]) -> Vec<Answer> {
        let places: HashMap<Place, u64> =
            requests.iter().map(|one| ((one.partition, one.offset), one.seq)).collect();
        let resolved = |(place, answer): Named| {
            let request = place.and_then(|place| places.get(&place).copied());
            Answer { request, ..answer }
        };
        self.answers_from(0).into_iter().map(resolved).collect()
    }

    /// Every commit, in the order of its partition.
    pub(crate) fn commits(&self) -> Vec<Commit> {
        self.commits.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

fn settings(scene: &Scene) -> KafkaSettings {
    KafkaSettings::new(&scene.servers, "chaos-ledger")
}

/// Opens Kafka's own topic of commits, which is there once somebody has asked for a coordinator.
async fn offsets(scene: &Scene) -> anyhow::Result<Reader> {
    let there = try_eventually(PATIENCE, || async {
        let asked = scene.admin.committed_offsets(&scene.environment, &scene.requests, &[0]).await;
        asked.map_err(|error| error.to_string())?;
        let opened = Reader::open(&settings(scene), &[commits::TOPIC], ReadFrom::Beginning).await;
        opened.map_err(|error| error.to_string())
    });
    Ok(there.await?)
}

/// Reads the whole request topic, which must hold `count` records.
pub(crate) async fn requests(scene: &Scene, count: u64) -> anyhow::Result<Vec<Request>> {
    let mut reader =
        Reader::open(&settings(scene), &[&scene.requests], ReadFrom::Beginning).await?;
    let mut requests = Vec::new();
    while (requests.len() as u64) < count {
        let Ok(record) = timeout(PATIENCE, reader.next()).await else {
            bail!("only {} of {count} acknowledged requests are in their topic", requests.len());
        };
        requests.push(request(&record).with_context(|| record.at.to_string())?);
    }
    Ok(requests)
}

fn request(record: &Record) -> anyhow::Result<Request> {
    let payload: Payload = serde_json::from_slice(record.payload.as_deref().unwrap_or_default())?;
    let missing = || anyhow!("a request without its numbers");
    Ok(Request {
        seq: payload.seq.ok_or_else(missing)?,
        key: payload.key.ok_or_else(missing)?,
        key_seq: payload.key_seq.ok_or_else(missing)?,
        partition: record.at.partition,
        offset: record.at.offset,
        headers: headers_of(&record.headers),
        expected: payload.expected.as_deref().and_then(expected).ok_or_else(missing)?,
    })
}

fn answer(record: &Record, is_dead_letter: bool, run: u64) -> Named {
    let payload = record.payload.as_deref().unwrap_or_default();
    let payload = serde_json::from_slice::<Payload>(payload).ok();
    let said = payload.as_ref().and_then(|payload| payload.seq);
    // What belongs to another run answers no request of this one.
    let is_stray = said.is_some() && payload.and_then(|payload| payload.run) != Some(run);
    let (kind, id, place) = if is_dead_letter {
        (AnswerKind::DeadLetter, "dlq-id", original(&record.headers))
    } else {
        let kind = if said.is_some() { AnswerKind::Reply } else { AnswerKind::ErrorReply };
        (kind, "x-reply-id", record.headers.text("x-request-offset").and_then(place))
    };
    let id = record.headers.text(id).and_then(|id| u128::from_str_radix(id, 16).ok());
    let answer = Answer {
        request: None,
        said: if is_stray { Some(u64::MAX) } else { said },
        kind,
        reply_id: id.unwrap_or_default(),
        headers: headers_of(&record.headers),
        partition: record.at.partition,
        offset: record.at.offset,
        millis: record.timestamp.unwrap_or(i64::MAX),
    };
    (place, answer)
}

/// The headers that are neither a connector's own nor reserved for it.
fn headers_of(headers: &Headers) -> u64 {
    digest(headers.iter().filter(|(name, _)| !is_reserved(name)))
}

/// Reads `topic[partition]@offset`.
fn place(text: &str) -> Option<Place> {
    let (rest, offset) = text.rsplit_once("]@")?;
    let (_, partition) = rest.rsplit_once('[')?;
    Some((partition.parse().ok()?, offset.parse().ok()?))
}

fn original(headers: &Headers) -> Option<Place> {
    let number = |name| headers.text(name)?.parse::<i64>().ok();
    let partition = i32::try_from(number("dlq-original-partition")?).ok()?;
    Some((partition, number("dlq-original-offset")?))
}
