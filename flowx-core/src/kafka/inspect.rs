//! Looks at topics and a group without changing anything: joins no group, writes and creates nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::CString;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rdkafka::admin::{AdminClient, AdminOptions, ConfigResource, ResourceSpecifier};
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer as _, ConsumerContext};
use rdkafka::error::KafkaError;
use rdkafka::types::RDKafkaErrorCode;
use rdkafka::{Offset, TopicPartitionList};
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use super::facts::{
    Commit, Facts, Group, Member, Newest, Operation, Question, Told, Topic, TopicFacts,
    TopicSettings,
};
use super::ffi::{self, OperationCode, Which};
use super::logging::{LogOnly, guarded, log_line};
use super::login::Login;
use super::settings::{KafkaSettings, SetupError};
use super::unspoken::Unspoken;

/// Asks the brokers everything that a question is about, within `patience`. With `listing` the question
/// is made from the names of all topics that this user may see, by name; else from none. What the
/// question brings with it comes back beside the answers.
///
/// Must be called inside a tokio runtime; asking has a thread of its own, which ends soon after
/// `patience`, also when the future is dropped.
///
/// # Errors
/// Settings that cannot work, or no broker that answers.
pub async fn inspect<T: Send + 'static>(
    settings: &KafkaSettings,
    patience: Duration,
    listing: bool,
    question: impl FnOnce(&[String]) -> (Question, T) + Send + 'static,
) -> Result<(Facts, T), SetupError> {
    let mut login = Login::of(settings)?;
    let mut config = settings.consumer();
    // It looks on as the group does, and is no member of it.
    config
        .set("auto.offset.reset", "earliest")
        .remove("group.protocol")
        .remove("group.instance.id");
    let consumer: BaseConsumer<Heard> =
        settings.create(&config, Heard::new(settings.unspoken()))?;
    let admin: AdminClient<LogOnly> =
        settings.create(&settings.producer(), LogOnly(settings.unspoken()))?;
    let deadline = Instant::now() + patience;
    login.first().await;
    login.step(consumer.client());
    // Nobody polls for this one: it has no other way to a token.
    Login::of(settings)?.step(admin.inner());
    let group = settings.group.clone();
    let inspector = Inspector { consumer, admin, group, deadline, runtime: Handle::current() };
    let (done, outcome) = oneshot::channel();
    thread::Builder::new()
        .name("flowx-inspect".to_owned())
        .spawn(move || {
            guarded("an inspection", || {
                let _ = done.send(inspector.look(listing, question));
            })
        })
        .map_err(|error| SetupError::of(format!("no thread to ask the brokers: {error}")))?;
    let ended = || SetupError::of("the thread that asks the brokers has ended; please report it");
    outcome.await.map_err(|_| ended())?
}

/// How many brokers there are, and the id of one that is up.
struct Cluster {
    brokers: usize,
    one: i32,
}

struct Inspector {
    consumer: BaseConsumer<Heard>,
    /// Only for settings of topics, for which the other client has no call.
    admin: AdminClient<LogOnly>,
    group: String,
    deadline: Instant,
    runtime: Handle,
}

impl Inspector {
    fn look<T>(
        &self,
        listing: bool,
        question: impl FnOnce(&[String]) -> (Question, T),
    ) -> Result<(Facts, T), SetupError> {
        // Without a list the brokers are counted in the answer about any one topic.
        let (cluster, question, beside) = if listing {
            let (cluster, names) = self.cluster(None)?;
            let (question, beside) = question(&names);
            (cluster, question, beside)
        } else {
            let (question, beside) = question(&[]);
            let (cluster, _) = self.cluster(question.topics.first().map(String::as_str))?;
            (cluster, question, beside)
        };
        let (topics, partitions) = self.topics(cluster.one, &question.topics);
        let commits = self.commits(&partitions, &question.read);
        let (group, newest) = (self.group(), self.newest(&partitions));
        let brokers = cluster.brokers;
        Ok((Facts { brokers, topics, group, commits, newest }, beside))
    }

    /// The brokers, and the names of all topics, or the one topic that is named.
    fn cluster(&self, topic: Option<&str>) -> Result<(Cluster, Vec<String>), SetupError> {
        // Without this answer there is no other.
        let patience = self.deadline.saturating_duration_since(Instant::now());
        match self.consumer.fetch_metadata(topic, patience) {
            Ok(metadata) => {
                let names = metadata.topics().iter().map(|topic| topic.name().to_owned());
                let mut names: Vec<_> = names.collect();
                names.sort_unstable();
                let brokers = metadata.brokers();
                let one = brokers.first().map_or(0, |broker| broker.id());
                Ok((Cluster { brokers: brokers.len(), one }, names))
            }
            Err(error) => {
                // What went wrong on the connection is told by the client's events.
                let events = std::iter::from_fn(|| self.consumer.poll(EVENTS));
                events.take(MOST_EVENTS).for_each(drop);
                let heard =
                    self.consumer.context().last.lock().unwrap_or_else(PoisonError::into_inner);
                let reason = heard.clone().unwrap_or_else(|| error.to_string());
                Err(SetupError::of(format!("the brokers do not answer: {reason}")))
            }
        }
    }

    /// Every topic, and the partitions of those that are there.
    fn topics(
        &self,
        broker: i32,
        names: &BTreeSet<String>,
    ) -> (BTreeMap<String, Topic>, Vec<(CString, i32)>) {
        let wanted: Vec<_> = names.iter().filter_map(|n| CString::new(n.as_str()).ok()).collect();
        let mut partitions = Vec::new();
        let unknown = |reason: String| {
            names.iter().map(|name| (name.clone(), Topic::Unknown(reason.clone()))).collect()
        };
        if wanted.is_empty() {
            return (BTreeMap::new(), partitions);
        }
        let Some(patience) = self.left() else { return (unknown(LATE.to_owned()), partitions) };
        let described =
            match ffi::describe_topics(self.consumer.client(), broker, &wanted, patience) {
                Ok(described) => described,
                Err(code) => return (unknown(code.to_string()), partitions),
            };
        let there: Vec<_> =
            described.iter().filter(|topic| topic.error.is_none()).map(|t| &*t.name).collect();
        let mut settings = self.settings(broker, &there);
        let mut topics = BTreeMap::new();
        for topic in described {
            let found = match topic.error {
                None => {
                    let name = CString::new(topic.name.as_str()).unwrap_or_default();
                    let spread = &topic.partitions;
                    partitions.extend(spread.iter().map(|one| (name.clone(), one.partition)));
                    let fewest = |count: fn(&ffi::Spread) -> usize| spread.iter().map(count).min();
                    let leaderless = spread.iter().filter(|one| !one.is_led);
                    Topic::There(TopicFacts {
                        partitions: spread.len(),
                        leaderless: leaderless.map(|one| one.partition).collect(),
                        replicas: fewest(|one| one.replicas).unwrap_or(0),
                        in_sync: fewest(|one| one.in_sync).unwrap_or(0),
                        allowed: topic.allowed.map(operations),
                        settings: settings
                            .remove(&topic.name)
                            .unwrap_or_else(|| Err("the broker did not tell them".to_owned())),
                    })
                }
                Some(RDKafkaErrorCode::UnknownTopicOrPartition) => Topic::Missing,
                Some(RDKafkaErrorCode::TopicAuthorizationFailed) => Topic::Hidden,
                Some(code) => Topic::Unknown(code.to_string()),
            };
            topics.insert(topic.name, found);
        }
        (topics, partitions)
    }

    fn settings(&self, broker: i32, topics: &[&str]) -> BTreeMap<String, Told<TopicSettings>> {
        let all = |reason: &str| {
            topics.iter().map(|name| ((*name).to_owned(), Err(reason.to_owned()))).collect()
        };
        if topics.is_empty() {
            return BTreeMap::new();
        }
        let Some(patience) = self.left() else { return all(LATE) };
        let wanted: Vec<_> = topics.iter().map(|name| ResourceSpecifier::Topic(name)).collect();
        let options = AdminOptions::new().request_timeout(Some(patience)).broker_id(broker);
        let asked = self.admin.describe_configs(&wanted, &options);
        match self.runtime.block_on(asked) {
            // Answers come in the order of the question.
            Ok(answers) => {
                let told = answers.into_iter().map(|answer| match answer {
                    // A refusal looks like this, for the client library drops its reason.
                    Ok(resource) if resource.entries.is_empty() => Err("not allowed".to_owned()),
                    Ok(resource) => Ok(topic_settings(&resource)),
                    Err(code) => Err(code.to_string()),
                });
                topics.iter().map(|name| (*name).to_owned()).zip(told).collect()
            }
            Err(error) => all(&plain(&error)),
        }
    }

    fn group(&self) -> Told<Group> {
        let name = CString::new(self.group.as_str()).map_err(|error| error.to_string())?;
        let patience = self.left().ok_or(LATE)?;
        let group = ffi::describe_group(self.consumer.client(), &name, patience)
            .map_err(|code| code.to_string())?;
        match group.error {
            None => {}
            Some(RDKafkaErrorCode::GroupAuthorizationFailed) => {
                return Ok(Group { members: Vec::new(), allowed: Some(BTreeSet::new()) });
            }
            Some(code) => return Err(code.to_string()),
        }
        let member = |member: ffi::DescribedMember| Member {
            client_id: member.client_id,
            host: member.host,
            topics: member.topics,
        };
        let members = group.members.into_iter().map(member).collect();
        Ok(Group { members, allowed: group.allowed.map(operations) })
    }

    fn commits(&self, partitions: &[(CString, i32)], read: &BTreeSet<String>) -> Told<Vec<Commit>> {
        let read: Vec<_> = partitions
            .iter()
            .filter(|(topic, _)| topic.to_str().is_ok_and(|topic| read.contains(topic)))
            .cloned()
            .collect();
        if read.is_empty() {
            return Ok(Vec::new());
        }
        let mut list = TopicPartitionList::with_capacity(read.len());
        for (topic, partition) in &read {
            list.add_partition(&topic.to_string_lossy(), *partition);
        }
        let patience = self.left().ok_or(LATE)?;
        let committed = self.consumer.committed_offsets(list, patience).map_err(|e| plain(&e))?;
        let first = self.offsets(&read, Which::First)?;
        let end = self.offsets(&read, Which::End)?;
        let commit = |at: &rdkafka::topic_partition_list::TopicPartitionListElem<'_>| {
            let Offset::Offset(committed) = at.offset() else { return None };
            let key = (at.topic().to_owned(), at.partition());
            let (first, end) = (first.get(&key)?.0, end.get(&key)?.0);
            let (topic, partition) = key;
            Some(Commit { topic, partition, committed, first, end })
        };
        Ok(committed.elements().iter().filter_map(commit).collect())
    }

    fn newest(&self, partitions: &[(CString, i32)]) -> Told<Option<Newest>> {
        let offsets = self.offsets(partitions, Which::Newest)?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        let now = i64::try_from(now).unwrap_or(i64::MAX);
        let told = offsets.into_iter().filter(|(_, (_, timestamp))| *timestamp >= 0);
        let newest = told.max_by_key(|(_, (_, timestamp))| *timestamp);
        Ok(newest.map(|((topic, _), (_, timestamp))| Newest { topic, timestamp, now }))
    }

    /// An offset of each partition, and its timestamp if that was asked for.
    fn offsets(
        &self,
        partitions: &[(CString, i32)],
        which: Which,
    ) -> Told<BTreeMap<(String, i32), (i64, i64)>> {
        if partitions.is_empty() {
            return Ok(BTreeMap::new());
        }
        let patience = self.left().ok_or(LATE)?;
        let listed = ffi::list_offsets(self.consumer.client(), partitions, which, patience)
            .map_err(|code| code.to_string())?;
        let told = listed.into_iter();
        Ok(told.map(|l| ((l.topic, l.partition), (l.offset, l.timestamp))).collect())
    }

    /// How long the next answer may take: half of what is left, for one that does not come must not keep
    /// the others from being asked for. `None` if nothing is left.
    fn left(&self) -> Option<Duration> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        (left > SHORTEST).then(|| (left / 2).max(SHORTEST))
    }
}

/// How long an event of the client is waited for, and how many are looked at.
const EVENTS: Duration = Duration::from_millis(50);
const MOST_EVENTS: usize = 100;

/// Nothing is asked for that has less time to come.
const SHORTEST: Duration = Duration::from_millis(100);

/// Why something was not even asked.
const LATE: &str = "there was no time left";

/// The context of a client that remembers what went wrong last on a connection.
struct Heard {
    last: Mutex<Option<String>>,
    unspoken: Unspoken,
}

impl Heard {
    fn new(unspoken: Unspoken) -> Self {
        Self { last: Mutex::default(), unspoken }
    }
}

impl ClientContext for Heard {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, line: &str) {
        log_line(level, facility, &self.unspoken.hide(line));
    }

    fn error(&self, error: KafkaError, reason: &str) {
        guarded("the error callback", || {
            // That all are down says less than why one of them is.
            let code = error.rdkafka_error_code();
            if code != Some(RDKafkaErrorCode::AllBrokersDown) {
                let mut heard = self.last.lock().unwrap_or_else(PoisonError::into_inner);
                *heard = Some(self.unspoken.hide(reason).into_owned());
            }
        });
    }
}

impl ConsumerContext for Heard {}

/// Those operations that matter here.
fn operations(codes: Vec<OperationCode>) -> BTreeSet<Operation> {
    let one = |code| {
        Some(match code {
            OperationCode::RD_KAFKA_ACL_OPERATION_READ => Operation::Read,
            OperationCode::RD_KAFKA_ACL_OPERATION_WRITE => Operation::Write,
            OperationCode::RD_KAFKA_ACL_OPERATION_DESCRIBE => Operation::Describe,
            OperationCode::RD_KAFKA_ACL_OPERATION_DESCRIBE_CONFIGS => Operation::DescribeConfigs,
            _ => return None,
        })
    };
    codes.into_iter().filter_map(one).collect()
}

fn topic_settings(resource: &ConfigResource) -> TopicSettings {
    let entries = resource.entry_map();
    let text = |name: &str| entries.get(name)?.value.as_deref();
    TopicSettings {
        cleanup_policy: text("cleanup.policy").map(str::to_owned),
        retention_ms: text("retention.ms").and_then(|value| value.parse().ok()),
        retention_bytes: text("retention.bytes").and_then(|value| value.parse().ok()),
        max_message_bytes: text("max.message.bytes").and_then(|value| value.parse().ok()),
        min_insync_replicas: text("min.insync.replicas").and_then(|value| value.parse().ok()),
    }
}

/// An error without the name of its kind in the client library.
fn plain(error: &KafkaError) -> String {
    error.rdkafka_error_code().map_or_else(|| error.to_string(), |code| code.to_string())
}
