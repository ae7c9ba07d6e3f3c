//! One run from the first broker to the closed books.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, bail};
use flowx_core::kafka::{ReadFrom, Reader, Writer};
use flowx_core::message::headers::Headers;
use flowx_core::message::record::{Outbound, Record};
use flowx_tests::kafka::KafkaCluster;
use tokio::time::{Instant, timeout};

use crate::books::Books;
use crate::draft::Requests;
use crate::process::Process;
use crate::scene::{GROUP, PARTITIONS, Scene};

/// The longest time without any answer while some are missing.
const PATIENCE: Duration = Duration::from_secs(60);

/// What is handed over at once: records, and bytes of them.
const BATCH: (usize, usize) = (500, 8 << 20);

/// The header of what is not part of the run: before it, and behind it.
const BESIDES: &str = "besides";

/// What a run found.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) books: Books,
    /// From the first request to the last answer.
    pub(crate) took: Duration,
    pub(crate) peak_memory: Option<u64>,
    /// Bytes of all requests: keys, headers and payloads.
    pub(crate) bytes: u64,
    /// The largest request of each class.
    pub(crate) largest: [usize; crate::classes::CLASSES.len()],
    pub(crate) panics: usize,
}

pub(crate) async fn run(requests: &Requests) -> anyhow::Result<Outcome> {
    let folder = tempfile::Builder::new().prefix("flowx-malformed-").tempdir()?;
    let cluster = KafkaCluster::start(1).await;
    let scene = Scene::create(&cluster, requests.largest).await;
    let topics: Vec<_> =
        scene.replies.iter().chain(&scene.dead_letters).map(String::as_str).collect();
    let mut answers = Reader::open(&scene.client(), &topics, ReadFrom::Beginning).await?;
    let mut writer = Writer::connect(&scene.client())?;
    let mut process = Process::start(&scene, folder.path())?;
    tokio::select! {
        ready = ready(&scene, &mut writer, &mut answers) => ready?,
        end = process.ends() => return Err(end),
    }

    let books = Arc::new(Mutex::new(Books::open(requests, &scene)));
    let began = Instant::now();
    let sending = send(requests, &scene, &mut writer, &books);
    let all = async {
        let (sent, ()) = tokio::try_join!(sending, collect(requests, &mut answers, &books))?;
        anyhow::Ok(sent)
    };
    let (bytes, largest) = tokio::select! {
        sent = all => sent?,
        end = process.ends() => return Err(end),
    };
    let took = began.elapsed();
    let peak_memory = process.peak_memory();
    let status = process.stop().await?;
    let panics = process.panics()?;

    let mut books = Arc::into_inner(books)
        .context("nobody else has the books by now")?
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner);
    if !status.success() {
        books.wrong(None, &format!("the connector did not stop in good order: {status}"));
    }
    rest(&scene, &mut writer, &mut answers, &mut books).await?;
    locate(requests, &scene, &cluster, &mut books).await?;
    books.close();
    Ok(Outcome { books, took, peak_memory, bytes, largest, panics })
}

/// One request to every partition: when all are answered, every partition is read.
async fn ready(scene: &Scene, writer: &mut Writer, answers: &mut Reader) -> anyhow::Result<()> {
    let greetings = besides(scene.requests.iter(), Some(br#"{"seq":0,"amount":1}"#));
    writer.write(&greetings).await?;
    for _ in &greetings {
        timeout(PATIENCE, answers.next()).await.context("the connector does not answer")?;
    }
    Ok(())
}

/// A record beside the run for every partition of these topics.
fn besides<'a>(topics: impl Iterator<Item = &'a String>, payload: Option<&[u8]>) -> Vec<Outbound> {
    let headers: Headers = [(BESIDES, "the run")].into_iter().collect();
    let of = |topic: &String| {
        let (topic, headers) = (Arc::from(topic.as_str()), headers.clone());
        let payload = payload.map(<[u8]>::to_vec);
        (0..PARTITIONS).map(move |partition| Outbound {
            topic: Arc::clone(&topic),
            partition: Some(partition),
            key: None,
            headers: headers.clone(),
            payload: payload.clone(),
        })
    };
    topics.flat_map(of).collect()
}

/// Sends all requests as fast as the broker takes them; how many bytes, and the largest of each class.
async fn send(
    requests: &Requests,
    scene: &Scene,
    writer: &mut Writer,
    books: &Mutex<Books>,
) -> anyhow::Result<(u64, [usize; crate::classes::CLASSES.len()])> {
    let (mut bytes, mut largest) = (0, [0; crate::classes::CLASSES.len()]);
    let (mut batch, mut weight) = (Vec::new(), 0);
    for number in 0..requests.count() {
        let request = requests.request(number);
        let size = request.size();
        bytes += size as u64;
        if let Some((class, _)) = request.fate.class {
            largest[class] = largest[class].max(size);
        }
        lock(books).sent(request.fate);
        batch.push(scene.outbound(request));
        weight += size;
        if batch.len() >= BATCH.0 || weight >= BATCH.1 || number + 1 == requests.count() {
            writer.write(&batch).await.context("requests could not be sent")?;
            batch.clear();
            weight = 0;
        }
    }
    Ok((bytes, largest))
}

/// Takes in answers until there are as many as must be, or none comes any more.
async fn collect(
    requests: &Requests,
    answers: &mut Reader,
    books: &Mutex<Books>,
) -> anyhow::Result<()> {
    loop {
        let is_sent = lock(books).accounts.len() as u64 == requests.count();
        if is_sent && lock(books).is_even() {
            return Ok(());
        }
        match timeout(PATIENCE, answers.next()).await {
            Ok(record) => lock(books).received(record),
            Err(_) => {
                lock(books).wrong(None, &format!("no answer came for {PATIENCE:?}"));
                return Ok(());
            }
        }
    }
}

/// What was written before the connector ended and is not read yet: up to a mark behind it in every
/// partition.
async fn rest(
    scene: &Scene,
    writer: &mut Writer,
    answers: &mut Reader,
    books: &mut Books,
) -> anyhow::Result<()> {
    let marks = besides(scene.replies.iter().chain(&scene.dead_letters), None);
    writer.write(&marks).await?;
    let mut seen = BTreeSet::new();
    while seen.len() < marks.len() {
        let record = timeout(PATIENCE, answers.next()).await.context("a mark is not read")?;
        if is_besides(&record) {
            seen.insert((record.at.topic, record.at.partition));
        } else {
            books.received(record);
        }
    }
    Ok(())
}

/// Looks up where each request stands, and whether everything up to the end is committed.
async fn locate(
    requests: &Requests,
    scene: &Scene,
    cluster: &KafkaCluster,
    books: &mut Books,
) -> anyhow::Result<()> {
    let topics = scene.requests.each_ref().map(String::as_str);
    let mut reader = Reader::open(&scene.client(), &topics, ReadFrom::Beginning).await?;
    let mut ends = [[0; PARTITIONS as usize]; 2];
    let besides = 2 * PARTITIONS.unsigned_abs();
    for read in 0..requests.count() + u64::from(besides) {
        let Ok(record) = timeout(PATIENCE, reader.next()).await else {
            bail!("only {read} acknowledged requests are in their topics");
        };
        if let Some(handler) = scene.handler(&record.at.topic) {
            ends[handler][record.at.partition as usize] = record.at.offset + 1;
        }
        books.stands(&record);
    }
    let all: Vec<_> = (0..PARTITIONS).collect();
    for (topic, ends) in topics.iter().zip(ends) {
        let committed = cluster.admin().committed_offsets(GROUP, topic, &all).await?;
        for (partition, offset) in committed {
            let end = ends[partition as usize];
            if offset != Some(end) {
                books.wrong(
                    None,
                    &format!("{topic}[{partition}] is committed to {offset:?}, not to {end}"),
                );
            }
        }
    }
    Ok(())
}

fn is_besides(record: &Record) -> bool {
    record.headers.contains(BESIDES)
}

fn lock(books: &Mutex<Books>) -> std::sync::MutexGuard<'_, Books> {
    books.lock().unwrap_or_else(PoisonError::into_inner)
}
