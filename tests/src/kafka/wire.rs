//! As much of Kafka's protocol as it takes to ask whether a cluster is ready, to create topics and to
//! look up what a group has committed: a tool of Kafka would need a second of a JVM for each.
//!
//! Versions are the last before the "flexible" encoding; Kafka 4 still speaks them.

use std::io;
use std::net::{Ipv4Addr, SocketAddrV4};

use flowx_core::check::acls::{Acl, Resource};
use flowx_core::kafka::facts::Operation;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::cluster::NewTopic;

const METADATA: Call = Call { key: 3, version: 4 };
const CREATE_TOPICS: Call = Call { key: 19, version: 4 };
const FIND_COORDINATOR: Call = Call { key: 10, version: 2 };
const OFFSET_FETCH: Call = Call { key: 9, version: 5 };
const CREATE_PARTITIONS: Call = Call { key: 37, version: 1 };
const CREATE_ACLS: Call = Call { key: 30, version: 1 };

/// Milliseconds that the broker may take to create topics.
const CREATE_TIMEOUT: i32 = 15_000;

/// What a node knows of its cluster.
#[derive(Debug)]
pub(crate) struct Metadata {
    pub(crate) cluster_id: Option<String>,
    pub(crate) brokers: Vec<i32>,
    pub(crate) topics: Vec<Topic>,
}

#[derive(Debug)]
pub(crate) struct Topic {
    pub(crate) error: i16,
    pub(crate) partitions: Vec<Partition>,
}

#[derive(Debug)]
pub(crate) struct Partition {
    pub(crate) leader: i32,
    pub(crate) replicas: Vec<i32>,
    pub(crate) in_sync: Vec<i32>,
}

/// Asks the node that listens on `port`; only about `topics`.
pub(crate) async fn metadata(port: u16, topics: &[&str]) -> io::Result<Metadata> {
    let mut request = Writer::default();
    request.array(topics, |writer, topic| writer.string(topic));
    request.bool(false); // Asking for a topic must not create it.
    let body = METADATA.make(port, &request.0).await?;
    let mut reader = Reader(&body);
    let _throttle = reader.i32()?;
    let brokers = reader.array(|reader| {
        let id = reader.i32()?;
        let (_host, _port, _rack) = (reader.string()?, reader.i32()?, reader.string()?);
        Ok(id)
    })?;
    let cluster_id = reader.string()?;
    let _controller = reader.i32()?;
    let topics = reader.array(|reader| {
        let error = reader.i16()?;
        let (_name, _internal) = (reader.string()?, reader.bool()?);
        let partitions = reader.array(|reader| {
            let (_error, _index, leader) = (reader.i16()?, reader.i32()?, reader.i32()?);
            let (replicas, in_sync) = (reader.array(Reader::i32)?, reader.array(Reader::i32)?);
            Ok(Partition { leader, replicas, in_sync })
        })?;
        Ok(Topic { error, partitions })
    })?;
    Ok(Metadata { cluster_id, brokers, topics })
}

/// The outcome per topic: Kafka's words for what it refuses.
pub(crate) async fn create_topics(
    port: u16,
    topics: &[NewTopic],
) -> io::Result<Vec<(String, Result<(), String>)>> {
    let mut request = Writer::default();
    request.array(topics, |writer, topic| {
        writer.string(&topic.name);
        writer.i32(topic.partitions);
        writer.i16(topic.replication);
        writer.i32(0); // No assignment by hand.
        writer.array(&topic.settings, |writer, (name, value)| {
            writer.string(name);
            writer.string(value);
        });
    });
    request.i32(CREATE_TIMEOUT);
    request.bool(false); // Not only a rehearsal.
    let body = CREATE_TOPICS.make(port, &request.0).await?;
    let mut reader = Reader(&body);
    let _throttle = reader.i32()?;
    reader.array(|reader| {
        let name = reader.string()?.unwrap_or_default();
        let (error, message) = (reader.i16()?, reader.string()?);
        let outcome = match error {
            0 => Ok(()),
            code => Err(format!("{} (error {code})", message.unwrap_or_default())),
        };
        Ok((name, outcome))
    })
}

/// The port of the node that keeps the offsets of `group`.
pub(crate) async fn coordinator(port: u16, group: &str) -> io::Result<u16> {
    let mut request = Writer::default();
    request.string(group);
    request.0.push(0); // A group, not a transaction.
    let body = FIND_COORDINATOR.make(port, &request.0).await?;
    let mut reader = Reader(&body);
    let _throttle = reader.i32()?;
    accepted(reader.i16()?)?;
    let (_message, _node, _host) = (reader.string()?, reader.i32()?, reader.string()?);
    u16::try_from(reader.i32()?).map_err(|_| malformed())
}

/// What `group` has committed for each partition of `topic`, asked of the group's coordinator.
pub(crate) async fn committed_offsets(
    port: u16,
    group: &str,
    topic: &str,
    partitions: &[i32],
) -> io::Result<Vec<(i32, Option<i64>)>> {
    let mut request = Writer::default();
    request.string(group);
    request.array(&[topic], |writer, topic| {
        writer.string(topic);
        writer.array(partitions, |writer, partition| writer.i32(*partition));
    });
    let body = OFFSET_FETCH.make(port, &request.0).await?;
    let mut reader = Reader(&body);
    let _throttle = reader.i32()?;
    let topics = reader.array(|reader| {
        let _name = reader.string()?;
        reader.array(|reader| {
            let (partition, offset) = (reader.i32()?, reader.i64()?);
            let (_leader_epoch, _metadata) = (reader.i32()?, reader.string()?);
            accepted(reader.i16()?)?;
            Ok((partition, (offset >= 0).then_some(offset)))
        })
    })?;
    accepted(reader.i16()?)?;
    Ok(topics.into_iter().flatten().collect())
}

/// Gives a topic more partitions, asked of the node on `port`; it passes it on to the controller.
pub(crate) async fn create_partitions(port: u16, topic: &str, count: i32) -> io::Result<()> {
    let mut request = Writer::default();
    request.array(&[topic], |writer, topic| {
        writer.string(topic);
        writer.i32(count);
        writer.i32(-1); // No assignment by hand.
    });
    request.i32(CREATE_TIMEOUT);
    request.bool(false); // Not only a rehearsal.
    let body = CREATE_PARTITIONS.make(port, &request.0).await?;
    let mut reader = Reader(&body);
    let _throttle = reader.i32()?;
    let outcomes = reader.array(|reader| {
        let _name = reader.string()?;
        let (error, _message) = (reader.i16()?, reader.string()?);
        Ok(error)
    })?;
    outcomes.into_iter().try_for_each(accepted)
}

/// Allows a principal all of this, from wherever it comes.
pub(crate) async fn create_acls(port: u16, principal: &str, acls: &[Acl]) -> io::Result<()> {
    /// Allowed, and not denied.
    const ALLOW: i8 = 3;
    let mut request = Writer::default();
    request.array(acls, |writer, acl| {
        let (kind, name, pattern): (i8, _, i8) = match &acl.resource {
            Resource::Topic(name) => (2, name, 3),
            Resource::Prefix(name) => (2, name, 4),
            Resource::Group(name) => (3, name, 3),
        };
        let operation = match acl.operation {
            Operation::Read => 3,
            Operation::Write => 4,
            Operation::Describe => 8,
            Operation::DescribeConfigs => 10,
        };
        writer.i8(kind);
        writer.string(name);
        writer.i8(pattern);
        writer.string(principal);
        writer.string("*");
        writer.i8(operation);
        writer.i8(ALLOW);
    });
    let body = CREATE_ACLS.make(port, &request.0).await?;
    let mut reader = Reader(&body);
    let _throttle = reader.i32()?;
    let outcomes = reader.array(|reader| {
        let (error, _message) = (reader.i16()?, reader.string()?);
        Ok(error)
    })?;
    outcomes.into_iter().try_for_each(accepted)
}

struct Call {
    key: i16,
    version: i16,
}

impl Call {
    async fn make(&self, port: u16, body: &[u8]) -> io::Result<Vec<u8>> {
        const CORRELATION: i32 = 1;
        let mut head = Writer::default();
        head.i16(self.key);
        head.i16(self.version);
        head.i32(CORRELATION);
        head.string("flowx-tests");

        let mut stream = TcpStream::connect(SocketAddrV4::new(Ipv4Addr::LOCALHOST, port)).await?;
        stream.write_u32(size(head.0.len() + body.len())).await?;
        stream.write_all(&head.0).await?;
        stream.write_all(body).await?;

        let length = stream.read_u32().await? as usize;
        if stream.read_i32().await? != CORRELATION {
            return Err(malformed());
        }
        let mut answer = vec![0; length.checked_sub(4).ok_or_else(malformed)?];
        stream.read_exact(&mut answer).await?;
        Ok(answer)
    }
}

#[derive(Default)]
struct Writer(Vec<u8>);

impl Writer {
    fn bool(&mut self, value: bool) {
        self.0.push(u8::from(value));
    }

    fn i8(&mut self, value: i8) {
        self.0.extend(value.to_be_bytes());
    }

    fn i16(&mut self, value: i16) {
        self.0.extend(value.to_be_bytes());
    }

    fn i32(&mut self, value: i32) {
        self.0.extend(value.to_be_bytes());
    }

    fn string(&mut self, value: &str) {
        self.i16(i16::try_from(value.len()).expect("names are shorter than 32 KiB"));
        self.0.extend(value.as_bytes());
    }

    fn array<T>(&mut self, items: &[T], write: impl Fn(&mut Self, &T)) {
        self.0.extend(size(items.len()).to_be_bytes());
        for item in items {
            write(self, item);
        }
    }
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn bytes(&mut self, count: usize) -> io::Result<&[u8]> {
        let (bytes, rest) = self.0.split_at_checked(count).ok_or_else(malformed)?;
        self.0 = rest;
        Ok(bytes)
    }

    fn fixed<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        self.bytes(N)?.try_into().map_err(|_| malformed())
    }

    fn bool(&mut self) -> io::Result<bool> {
        Ok(self.fixed::<1>()? != [0])
    }

    fn i16(&mut self) -> io::Result<i16> {
        Ok(i16::from_be_bytes(self.fixed()?))
    }

    fn i32(&mut self) -> io::Result<i32> {
        Ok(i32::from_be_bytes(self.fixed()?))
    }

    fn i64(&mut self) -> io::Result<i64> {
        Ok(i64::from_be_bytes(self.fixed()?))
    }

    /// Length −1 stands for null.
    fn string(&mut self) -> io::Result<Option<String>> {
        let Ok(length) = usize::try_from(self.i16()?) else { return Ok(None) };
        let text = std::str::from_utf8(self.bytes(length)?).map_err(|_| malformed())?;
        Ok(Some(text.to_owned()))
    }

    fn array<T>(&mut self, read: impl Fn(&mut Self) -> io::Result<T>) -> io::Result<Vec<T>> {
        (0..self.i32()?).map(|_| read(self)).collect()
    }
}

fn size(length: usize) -> u32 {
    u32::try_from(length).expect("requests are small")
}

fn accepted(error: i16) -> io::Result<()> {
    if error == 0 { Ok(()) } else { Err(io::Error::other(format!("Kafka's error {error}"))) }
}

fn malformed() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "no answer of a Kafka broker")
}
