//! A broker for one test, with topics that no other test uses.

use std::sync::OnceLock;
use std::time::Duration;

use flowx_core::check::command::KafkaCommand;
use flowx_core::check::{Check, acls};
use flowx_core::config::Settings;
use flowx_core::config::assignment::AssignmentProtocol;
use flowx_core::kafka::{EmbeddedBroker, KafkaSettings, ReadFrom, Reader, Writer};
use flowx_core::message::record::{Outbound, Record};
use flowx_core::message::topic::Naming;
use flowx_core::testing::process_engine::{PlatformVersion, ProcessEngine};
use flowx_core::{Connector, ConnectorBuilder, ConnectorError};
use flowx_tests::eventually;
use flowx_tests::kafka::{CLERK, GuardedCluster, KafkaCluster, NewTopic};
use tokio::sync::{OnceCell, oneshot};
use tokio::task::JoinHandle;

/// Partitions of every topic.
pub(crate) const PARTITIONS: i32 = 4;

pub(crate) struct Broker {
    /// Keeps the broker alive.
    embedded: Option<EmbeddedBroker>,
    bootstrap_servers: String,
    /// Where connectors may do nothing but what `check --acls` prints.
    guarded: Option<&'static GuardedCluster>,
    test: &'static str,
}

/// Stands in the groups of the tests in which connectors need permissions.
const GUARDED_TESTS: &str = "-guarded-";
const WITHIN: Duration = Duration::from_secs(60);

/// One cluster serves all tests of this binary; each has topics and groups of its own.
static KAFKA: OnceCell<KafkaCluster> = OnceCell::const_new();

/// Likewise, for the tests in which connectors need permissions.
static GUARDED: OnceCell<GuardedCluster> = OnceCell::const_new();

/// The cluster belongs to a runtime that outlives every test.
fn runtime() -> &'static tokio::runtime::Runtime {
    static RUNTIME: OnceLock<tokio::runtime::Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| tokio::runtime::Runtime::new().unwrap())
}

impl Broker {
    pub(crate) fn embedded(test: &'static str) -> Self {
        let embedded = EmbeddedBroker::start(PARTITIONS).unwrap();
        let bootstrap_servers = embedded.bootstrap_servers().to_owned();
        Self { embedded: Some(embedded), bootstrap_servers, guarded: None, test }
    }

    pub(crate) async fn kafka(test: &'static str) -> Self {
        let cluster = KAFKA
            .get_or_init(|| async {
                runtime().spawn(KafkaCluster::start(1)).await.expect("Kafka starts")
            })
            .await;
        let bootstrap_servers = cluster.bootstrap_servers();
        Self { embedded: None, bootstrap_servers, guarded: None, test }
    }

    /// Apache Kafka that admits connectors to what they need and to nothing else.
    pub(crate) async fn guarded(test: &'static str) -> Self {
        let guarded = GUARDED
            .get_or_init(|| async {
                runtime().spawn(GuardedCluster::start()).await.expect("Kafka starts")
            })
            .await;
        let bootstrap_servers = guarded.cluster.bootstrap_servers();
        Self { embedded: None, bootstrap_servers, guarded: Some(guarded), test }
    }

    fn cluster(&self) -> &'static KafkaCluster {
        self.guarded.map_or_else(|| KAFKA.get().unwrap(), |guarded| &guarded.cluster)
    }

    pub(crate) async fn create_topics(&self, topics: &[&str]) {
        match &self.embedded {
            Some(broker) => topics.iter().for_each(|topic| broker.create_topic(topic).unwrap()),
            None => {
                let topics: Vec<_> =
                    topics.iter().map(|topic| NewTopic::new(*topic, PARTITIONS, 1)).collect();
                self.cluster().create_topics(&topics).await;
            }
        }
    }

    /// Settings for a client that is no connector.
    pub(crate) fn client(&self, name: &str) -> KafkaSettings {
        match &self.embedded {
            Some(broker) => broker.settings(name),
            None => KafkaSettings::new(&self.bootstrap_servers, name),
        }
    }

    pub(crate) fn naming(&self) -> Naming {
        Naming { prefix: format!("ai.flowx.{}.", self.test), ..Naming::default() }
    }

    /// The full name of a topic of this test.
    pub(crate) fn topic(&self, name: &str) -> String {
        let Naming { prefix, suffix, .. } = self.naming();
        format!("{prefix}{name}{suffix}")
    }

    /// A connector of some of the handlers, in a group of this test's own.
    pub(crate) fn connector(&self, group: &str, handlers: &[&str]) -> ConnectorBuilder {
        Connector::builder().settings(self.settings(group)).only(handlers.iter().copied())
    }

    /// The same, as a member of its group that keeps its name.
    pub(crate) fn connector_named(
        &self,
        group: &str,
        instance: &str,
        handlers: &[&str],
    ) -> ConnectorBuilder {
        let mut settings = self.settings(group);
        settings.instance_id = Some(instance.to_owned());
        Connector::builder().settings(settings).only(handlers.iter().copied())
    }

    /// The same, whose group assigns partitions in this way.
    pub(crate) fn connector_assigned(
        &self,
        group: &str,
        assignment: AssignmentProtocol,
        handlers: &[&str],
    ) -> ConnectorBuilder {
        let mut settings = self.settings(group);
        settings.assignment = assignment;
        Connector::builder().settings(settings).only(handlers.iter().copied())
    }

    pub(crate) fn settings(&self, group: &str) -> Settings {
        let mut settings = Settings::default();
        settings.bootstrap_servers = Some(self.bootstrap_servers.clone());
        let client = self.client(group);
        settings.kafka = client.extra;
        if let Some(guarded) = self.guarded {
            guarded.log_in(&mut settings);
        }
        settings.session_timeout = client.session_timeout;
        settings.drain = client.session_timeout / 2;
        settings.naming.environment = format!("{}.", self.test);
        settings.group = Some(format!("{}-{group}", self.test.replace('_', "-")));
        settings.organization_id = Some("acme".to_owned());
        settings
    }

    pub(crate) fn engine(&self, version: PlatformVersion) -> ProcessEngine {
        ProcessEngine::connect(&self.client("engine"), version)
            .unwrap()
            .naming(self.naming())
            .response_timeout(Duration::from_secs(30))
    }

    pub(crate) async fn write(&self, records: &[Outbound]) {
        let mut writer = Writer::connect(&self.client("writer")).unwrap();
        writer.write(records).await.unwrap();
    }

    pub(crate) async fn reader(&self, topics: &[&str]) -> Reader {
        Reader::open(&self.client("reader"), topics, ReadFrom::Beginning).await.unwrap()
    }
}

/// A connector at work in the background.
pub(crate) struct Running {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

pub(crate) fn start(builder: ConnectorBuilder) -> Running {
    let connector = builder.build().unwrap();
    let (stop, stopped) = oneshot::channel();
    let run = async move { serve(connector, async { drop(stopped.await) }).await.unwrap() };
    Running { stop, task: tokio::spawn(run) }
}

/// Runs a connector, and before that grants what it needs where it needs to be granted.
pub(crate) async fn serve(
    connector: Connector,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<(), ConnectorError> {
    if connector.group().contains(GUARDED_TESTS) {
        grant(&connector).await;
    }
    connector.run(stop).await
}

/// Allows the connector what it says that it needs, and no more.
async fn grant(connector: &Connector) {
    let admin = GUARDED.get().expect("it runs").cluster.admin();
    let needed = acls::needed(connector.registry(), connector.group());
    admin.grant(CLERK, &needed.into_iter().collect::<Vec<_>>()).await.expect("it is granted");
    // A broker hears of it from its controller.
    eventually(WITHIN, || async {
        let report = Check::of(connector).unwrap().principal(CLERK).look(WITHIN).await;
        let report = report.map_err(|error| error.to_string())?;
        let mut commands = report.findings.iter().flat_map(|finding| &finding.commands);
        let lacks = commands.any(|command| matches!(command, KafkaCommand::Grant(_)));
        if lacks { Err(report.to_string()) } else { Ok(()) }
    })
    .await;
}

impl Running {
    /// Stops in good order, and fails the test if that is not how it ended.
    pub(crate) async fn stop(self) {
        self.stop.send(()).expect("the connector still runs");
        self.task.await.unwrap();
    }
}

impl Running {
    /// Ends it as a crash does, at the next point where it waits.
    pub(crate) async fn kill(self) {
        self.task.abort();
        assert!(self.task.await.unwrap_err().is_cancelled(), "it was still at work");
    }
}

/// The next `count` records, or a failure that says how many there were.
pub(crate) async fn next(reader: &mut Reader, count: usize) -> Vec<Record> {
    let mut records = Vec::new();
    let all = async {
        while records.len() < count {
            records.push(reader.next().await);
        }
    };
    if tokio::time::timeout(Duration::from_secs(60), all).await.is_err() {
        panic!("{} records came of {count}", records.len());
    }
    records
}
