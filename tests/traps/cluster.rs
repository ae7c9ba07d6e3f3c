//! A trap of whole clusters: one that comes back and does not yet know its own brokers.

use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use flowx_core::kafka::{KafkaSettings, KafkaSink, KafkaSource};
use flowx_core::runtime::port::{Sink, Source, Token};
use flowx_tests::eventually;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::member::{outbound, topic};
use crate::support::WITHIN;

/// Clients of each kind: whether one falls in is a matter of microseconds.
const CLIENTS: usize = 8;

const TOPIC: &str = "requests";

/// The keys and the highest versions of what [`Amnesiac`] says it can do.
const CALLS: [(i16, i16); 6] = [(0, 7), (1, 10), (PLACES, 4), (10, 2), (VERSIONS, 3), (22, 1)];
const PLACES: i16 = 3;
const VERSIONS: i16 = 18;

/// A broker that once, when it is asked who is there, names a topic and nobody. Apache Kafka does so
/// between the end of a pause and its next heartbeat to the controller.
struct Amnesiac {
    port: u16,
    /// How often it has answered who is there.
    answered: AtomicUsize,
    /// Which of these answers names nobody.
    forgets: AtomicUsize,
}

impl Amnesiac {
    async fn start() -> Arc<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (answered, forgets) = (AtomicUsize::new(0), AtomicUsize::new(usize::MAX));
        let broker = Arc::new(Self { port, answered, forgets });
        let serving = Arc::clone(&broker);
        tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                let serving = Arc::clone(&serving);
                // A client that goes away ends its own connection only.
                tokio::spawn(async move { serving.serve(connection).await });
            }
        });
        broker
    }

    async fn serve(&self, mut connection: TcpStream) -> io::Result<()> {
        loop {
            let size = connection.read_u32().await?;
            let mut request = vec![0; size as usize];
            connection.read_exact(&mut request).await?;
            let number = |at| i16::from_be_bytes([request[at], request[at + 1]]);
            let answer = match number(0) {
                VERSIONS => versions(number(2)),
                PLACES => self.places(),
                // A group is never found, and nothing is written: that is not what this is about.
                _ => continue,
            };
            let size = u32::try_from(4 + answer.len()).expect("it is short");
            connection.write_u32(size).await?;
            connection.write_all(&request[4..8]).await?;
            connection.write_all(&answer).await?;
        }
    }

    /// Who is there, in version 4.
    fn places(&self) -> Vec<u8> {
        let number = self.answered.fetch_add(1, Ordering::SeqCst);
        let knows = number != self.forgets.load(Ordering::SeqCst);
        let mut answer = Vec::new();
        let text = |answer: &mut Vec<u8>, text: &str| {
            answer.extend(i16::try_from(text.len()).unwrap().to_be_bytes());
            answer.extend(text.as_bytes());
        };
        let numbers = |answer: &mut Vec<u8>, all: &[i32]| {
            all.iter().for_each(|number| answer.extend(number.to_be_bytes()));
        };
        numbers(&mut answer, &[0, i32::from(knows)]);
        if knows {
            numbers(&mut answer, &[1]);
            text(&mut answer, "127.0.0.1");
            numbers(&mut answer, &[self.port.into()]);
            answer.extend((-1_i16).to_be_bytes()); // No rack.
        }
        text(&mut answer, "cluster");
        numbers(&mut answer, &[if knows { 1 } else { -1 }, 1]);
        // The leader of the topic's only partition is not available (5), or broker 1.
        let error: i16 = if knows { 0 } else { 5 };
        answer.extend(error.to_be_bytes());
        text(&mut answer, TOPIC);
        answer.push(0); // No inner topic.
        numbers(&mut answer, &[1]);
        answer.extend(error.to_be_bytes());
        numbers(&mut answer, &[0, if knows { 1 } else { -1 }, 1, 1, 1, 1]);
        answer
    }

    /// From now on: an answer that names nobody, and then as many as it is asked for.
    fn forget(&self) {
        self.forgets.store(self.answered.load(Ordering::SeqCst), Ordering::SeqCst);
    }

    fn has_forgotten(&self) -> bool {
        self.answered.load(Ordering::SeqCst) > self.forgets.load(Ordering::SeqCst)
    }

    /// How often it was asked after it had named nobody.
    fn asked_since(&self) -> usize {
        let forgotten = self.forgets.load(Ordering::SeqCst).saturating_add(1);
        self.answered.load(Ordering::SeqCst).saturating_sub(forgotten)
    }
}

/// What it can do, in the version of the question.
fn versions(version: i16) -> Vec<u8> {
    let is_compact = version >= 3;
    let mut answer = vec![0, 0];
    if is_compact {
        answer.push(CALLS.len() as u8 + 1);
    } else {
        answer.extend((CALLS.len() as u32).to_be_bytes());
    }
    for (key, highest) in CALLS {
        [key, 0, highest].iter().for_each(|number| answer.extend(number.to_be_bytes()));
        answer.extend(is_compact.then_some(0));
    }
    if version >= 1 {
        answer.extend([0; 4]);
    }
    answer.extend(is_compact.then_some(0));
    answer
}

/// A client that is served as the runtime does it.
fn client(number: usize, broker: &Amnesiac) -> JoinHandle<()> {
    let mut settings = KafkaSettings::new(format!("127.0.0.1:{}", broker.port), "g");
    settings.extra.insert("topic.metadata.refresh.interval.ms".to_owned(), "200".into());
    if number.is_multiple_of(2) {
        let mut sink = KafkaSink::connect(&settings).unwrap();
        sink.send(&outbound(TOPIC, 0, "{}"), Token(1)).unwrap();
        tokio::spawn(async move { drop(sink.delivered().await) })
    } else {
        let mut source = KafkaSource::subscribe(&settings, vec![topic(TOPIC)]).unwrap();
        tokio::spawn(async move {
            loop {
                source.event().await;
            }
        })
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_that_comes_back_without_a_broker_is_found_again() {
    let mut brokers = Vec::new();
    for number in 0..2 * CLIENTS {
        let broker = Amnesiac::start().await;
        brokers.push((client(number, &broker), broker));
    }
    let all = async |what: &str, is_so: fn(&Amnesiac) -> bool| {
        eventually(WITHIN, async || {
            let missing: Vec<_> =
                (0..brokers.len()).filter(|number| !is_so(&brokers[*number].1)).collect();
            if missing.is_empty() { Ok(()) } else { Err(format!("{what}: not {missing:?}")) }
        })
        .await;
    };
    all("finds its cluster", |broker| broker.answered.load(Ordering::SeqCst) > 1).await;
    brokers.iter().for_each(|(_, broker)| broker.forget());
    all("hears that nobody is there", Amnesiac::has_forgotten).await;
    // Whether a client has fallen in shows only when what it had asked before has been answered.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let before: Vec<_> = brokers.iter().map(|(_, broker)| broker.asked_since()).collect();
    eventually(WITHIN, async || {
        let silent: Vec<_> = (0..brokers.len())
            .filter(|number| brokers[*number].1.asked_since() <= before[*number])
            .collect();
        if silent.is_empty() { Ok(()) } else { Err(format!("{silent:?} do not ask again")) }
    })
    .await;
}
