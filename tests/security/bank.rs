//! Apache Kafka with a guarded listener, and a connector that comes by it.

use std::path::PathBuf;
use std::time::Duration;

use flowx_core::admin::{Actuator, ConnectionLimits};
use flowx_core::config::Settings;
use flowx_core::config::secret::Secret;
use flowx_core::kafka::{KafkaSettings, ReadFrom, Reader, Writer};
use flowx_core::message::record::{Outbound, Record};
use flowx_core::{Connector, HandlerError, Raw, flowx_handler};
use flowx_tests::eventually;
use flowx_tests::http::Visited;
use flowx_tests::kafka::{KafkaCluster, NewTopic};
use flowx_tests::proxy::Proxy;
use schemars::JsonSchema;
use serde::Serialize;
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub(crate) const REQUESTS: &str = "ai.flowx.dev.vault.trigger.keep.v1";
pub(crate) const REPLIES: &str = "ai.flowx.dev.engine.receive.vault.keep.results.v1";
pub(crate) const ASIDE: &str = "ai.flowx.dev.vault.trigger.keep.v1.dlq";
pub(crate) const GROUP: &str = "vault";
pub(crate) const WITHIN: Duration = Duration::from_secs(60);

/// Who comes by the second listener must log in, as `clerk` with `secret` or as `robot` with a token;
/// who comes by the first may do everything.
pub(crate) const LOGINS: &[(&str, &str)] = &[
    ("authorizer.class.name", "org.apache.kafka.metadata.authorizer.StandardAuthorizer"),
    (
        "listener.name.behind.sasl.enabled.mechanisms",
        "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER",
    ),
    (
        "listener.name.behind.plain.sasl.jaas.config",
        "org.apache.kafka.common.security.plain.PlainLoginModule required user_clerk=\"secret\";",
    ),
    (
        "listener.name.behind.scram-sha-256.sasl.jaas.config",
        "org.apache.kafka.common.security.scram.ScramLoginModule required;",
    ),
    (
        "listener.name.behind.scram-sha-512.sasl.jaas.config",
        "org.apache.kafka.common.security.scram.ScramLoginModule required;",
    ),
    (
        "listener.name.behind.oauthbearer.sasl.jaas.config",
        "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub=\"broker\";",
    ),
];

#[derive(Serialize, JsonSchema)]
struct Receipt {
    kept: bool,
}

/// Keeps whatever it gets.
#[flowx_handler(topic = "vault.trigger.keep")]
async fn keep(_: Raw) -> Result<Receipt, HandlerError> {
    Ok(Receipt { kept: true })
}

/// A cluster with the topics of the connector.
pub(crate) struct Bank {
    pub(crate) cluster: KafkaCluster,
    /// The way to the guarded listener, for who uses it.
    pub(crate) proxy: Proxy,
    pub(crate) folder: TempDir,
}

/// A connector on its way, until this is dropped.
pub(crate) struct Running {
    pub(crate) site: Visited,
    stop: oneshot::Sender<()>,
    running: JoinHandle<()>,
}

impl Bank {
    /// Opens with a guarded listener of this protocol, and whom `super_users` names beside the tests.
    pub(crate) async fn open(protocol: &str, super_users: &str, more: &[(&str, &str)]) -> Self {
        let proxy = Proxy::listen().await.unwrap();
        let port = proxy.port();
        let bank = Self::advertised(protocol, super_users, more, port, proxy).await;
        bank.proxy.lead_to(bank.cluster.hidden_port(0).unwrap());
        bank
    }

    /// The same, with clients sent to this port.
    pub(crate) async fn advertised(
        protocol: &str,
        super_users: &str,
        more: &[(&str, &str)],
        port: u16,
        proxy: Proxy,
    ) -> Self {
        let map = format!("PLAINTEXT:PLAINTEXT,BEHIND:{protocol},CONTROLLER:PLAINTEXT");
        let users = format!("User:ANONYMOUS{super_users}");
        let mut settings = LOGINS.to_vec();
        settings.push(("listener.security.protocol.map", &map));
        settings.push(("super.users", &users));
        settings.extend(more);
        let cluster = KafkaCluster::start_advertised(1, &settings, &[port]).await;
        cluster
            .create_topics(&[REQUESTS, REPLIES, ASIDE].map(|name| NewTopic::new(name, 1, 1)))
            .await;
        Self { cluster, proxy, folder: tempfile::tempdir().unwrap() }
    }

    /// Settings that lead to the guarded listener.
    pub(crate) fn settings(&self, protocol: &str) -> Settings {
        let mut settings = Settings::default();
        settings.bootstrap_servers = Some(format!("127.0.0.1:{}", self.proxy.port()));
        settings.security_protocol = protocol.to_owned();
        settings.security.auth_retry = Duration::from_secs(1);
        // Longer than a client is kept out, also where everything is slow: who is expelled answers twice.
        settings.session_timeout = Duration::from_secs(30);
        settings.drain = Duration::from_secs(2);
        settings.check = false;
        settings
    }

    /// The same, for `clerk`, who logs in so with this password.
    pub(crate) fn clerk(
        &self,
        protocol: &str,
        mechanism: &str,
        password: impl Into<Secret>,
    ) -> Settings {
        let mut settings = self.settings(protocol);
        settings.security.sasl_mechanism = Some(mechanism.to_owned());
        settings.security.sasl_username = Some("clerk".into());
        settings.security.sasl_password = Some(password.into());
        settings
    }

    /// A file of the test with this text.
    pub(crate) fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    /// Who comes by the listener that is open to the tests.
    pub(crate) fn tests(&self) -> KafkaSettings {
        KafkaSettings::new(self.cluster.bootstrap_servers(), "tests")
    }

    /// Sends requests of processes with these names.
    pub(crate) async fn ask(&self, processes: &[&str]) {
        self.ask_at(REQUESTS, processes).await;
    }

    /// The same, to this topic.
    pub(crate) async fn ask_at(&self, topic: &str, processes: &[&str]) {
        let requests: Vec<_> = processes
            .iter()
            .map(|process| Outbound {
                topic: topic.into(),
                partition: None,
                key: Some(process.as_bytes().to_vec()),
                headers: [("processInstanceUuid", *process)].into_iter().collect(),
                payload: Some(b"{}".to_vec()),
            })
            .collect();
        Writer::connect(&self.tests()).unwrap().write(&requests).await.unwrap();
    }

    pub(crate) async fn replies(&self) -> Reader {
        Reader::open(&self.tests(), &[REPLIES], ReadFrom::Beginning).await.unwrap()
    }

    /// Up to which offset requests are done for good; 0 if none is.
    pub(crate) async fn committed(&self) -> i64 {
        self.committed_of(REQUESTS).await
    }

    /// The same of another topic with one partition.
    pub(crate) async fn committed_of(&self, topic: &str) -> i64 {
        let offsets = self.cluster.admin().committed_offsets(GROUP, topic, &[0]).await;
        // Before the first join nobody is its coordinator.
        offsets.ok().and_then(|all| all.first()?.1).unwrap_or(0)
    }

    /// Grants `clerk` what these words say, or takes it away (`--remove --force`).
    pub(crate) async fn acl(&self, words: &[&str]) {
        let all = [words, &["--allow-principal", "User:clerk"]].concat();
        self.cluster.console().tool("org.apache.kafka.tools.AclCommand", &all).await;
    }
}

/// Runs the connector, with its admin endpoint beside it.
pub(crate) async fn run(settings: Settings) -> Running {
    run_that(connector(settings)).await
}

/// Runs this one likewise.
pub(crate) async fn run_that(connector: Connector) -> Running {
    let site = Visited::admin(Actuator::of(&connector), None, ConnectionLimits::default()).await;
    let (stop, stopped) = oneshot::channel::<()>();
    let running = tokio::spawn(async move {
        connector.run(async { drop(stopped.await) }).await.unwrap();
    });
    Running { site, stop, running }
}

/// The connector with this one of the handlers that are linked.
pub(crate) fn connector_of(handler: &str, settings: Settings) -> Connector {
    let builder = Connector::builder().only([handler]).group(GROUP).settings(settings);
    builder.build().unwrap()
}

pub(crate) fn connector(settings: Settings) -> Connector {
    connector_of("keep", settings)
}

impl Running {
    /// What brokers refuse it, as the health page says it.
    pub(crate) async fn refused(&self) -> String {
        let health = self.site.get("/manage/actuator/health").await.json();
        let kafka = &health["components"]["kafka"];
        let told = ["consumer", "producer"].map(|client| {
            let all = kafka["details"][client]["refused"].as_array().cloned().unwrap_or_default();
            all.iter().filter_map(|one| one.as_str().map(str::to_owned)).collect::<Vec<_>>()
        });
        let told = told.concat().join("\n");
        assert!(told.is_empty() || kafka["status"] == "DOWN", "{kafka:#}");
        told
    }

    /// Waits until the health page says this of what is refused.
    pub(crate) async fn refuses(&self, words: &str) -> String {
        eventually(WITHIN, || async {
            let told = self.refused().await;
            if told.contains(words) { Ok(told) } else { Err(format!("{words}: {told}")) }
        })
        .await
    }

    /// Waits until nothing is refused.
    pub(crate) async fn is_well(&self) {
        eventually(WITHIN, || async {
            let told = self.refused().await;
            if told.is_empty() { Ok(()) } else { Err(told) }
        })
        .await;
    }

    pub(crate) async fn stop(self) {
        drop(self.stop);
        tokio::time::timeout(WITHIN, self.running).await.expect("it stops").unwrap();
    }
}

/// The processes of the next replies, sorted.
pub(crate) async fn answered(replies: &mut Reader, count: usize) -> Vec<String> {
    let mut processes = Vec::new();
    while processes.len() < count {
        let record: Record =
            tokio::time::timeout(WITHIN, replies.next()).await.expect("a reply comes");
        processes.push(String::from_utf8(record.key.unwrap_or_default()).unwrap());
    }
    processes.sort();
    processes
}
