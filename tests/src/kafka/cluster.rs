//! A cluster that lives as long as the test holds it.

use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;

use super::admin::Admin;
use super::console::Console;
use super::error::KafkaError;
use super::guard::Guard;
use super::jars::Jars;
use super::node::{Behind, Node, Ports};
use super::{ports, wire};
use crate::eventually;

/// How often other ports are tried when one was taken in the meantime.
const ATTEMPTS: usize = 5;

const REPLICATED_WITHIN: Duration = Duration::from_secs(60);

/// Apache Kafka with one or three nodes, each broker and controller in one process.
///
/// It listens on 127.0.0.1 only, on ports that were free, and keeps its data in a temporary folder.
/// Dropped, it is killed and its data is removed; so it is when the test panics, when the test process
/// is killed, and when it stands in a `static`. Nodes are numbered from 0.
///
/// Its methods panic when Kafka does not do as told, with the end of its log where that helps: in a
/// test there is nothing else to do about it.
#[derive(Debug)]
pub struct KafkaCluster {
    id: String,
    nodes: Vec<Node>,
    jars: Jars,
    guard: Guard,
    data: TempDir,
}

/// A topic to create.
#[derive(Clone, Debug)]
pub struct NewTopic {
    pub(crate) name: String,
    pub(crate) partitions: i32,
    pub(crate) replication: i16,
    pub(crate) settings: Vec<(String, String)>,
}

impl KafkaCluster {
    /// Starts a cluster of 1 or 3 `nodes` and returns when each of them serves clients and knows all
    /// others. The very first start on a machine copies Kafka's jars, which takes some seconds more.
    ///
    /// # Panics
    /// When it does not come up within 90 s, with the end of the log of the node that failed.
    pub async fn start(nodes: usize) -> Self {
        Self::start_with(nodes, &[]).await
    }

    /// As [`start`](Self::start), with settings of the broker (names as in `server.properties`) that
    /// override those made for tests.
    ///
    /// # Panics
    /// As [`start`](Self::start).
    pub async fn start_with(nodes: usize, settings: &[(&str, &str)]) -> Self {
        Self::start_advertised(nodes, settings, &[]).await
    }

    /// As [`start_with`](Self::start_with), with a second listener on every node that tells clients
    /// to come by a port of `advertised` instead of its own: that of a
    /// [`Proxy`](crate::proxy::Proxy), which then must lead to the node's
    /// [`hidden_port`](Self::hidden_port). Who connects through one proxy meets only proxies.
    ///
    /// # Panics
    /// As [`start`](Self::start), and when there are not as many ports as nodes, or none.
    pub async fn start_advertised(
        nodes: usize,
        settings: &[(&str, &str)],
        advertised: &[u16],
    ) -> Self {
        assert!(matches!(nodes, 1 | 3), "a cluster has 1 or 3 nodes, not {nodes}");
        assert!(advertised.is_empty() || advertised.len() == nodes, "each node has its own port");
        for _ in 1..ATTEMPTS {
            match Self::try_start(nodes, settings, advertised).await {
                Ok(cluster) => return cluster,
                Err(error) if error.is_port_clash() => {}
                Err(error) => panic!("{error}"),
            }
        }
        let last = Self::try_start(nodes, settings, advertised).await;
        last.unwrap_or_else(|error| panic!("{error}"))
    }

    /// Where node `index` listens for those who come by the port that it advertises, if it does.
    #[must_use]
    pub fn hidden_port(&self, index: usize) -> Option<u16> {
        self.nodes[index].ports.behind.map(|behind| behind.hidden)
    }

    /// Asks and orders without panicking, also while nodes are down.
    #[must_use]
    pub fn admin(&self) -> Admin {
        Admin::new(self.nodes.iter().map(|node| node.ports.client).collect())
    }

    /// `host:port` of every node, separated by commas, as clients take it; also of nodes that are
    /// down.
    #[must_use]
    pub fn bootstrap_servers(&self) -> String {
        let servers = self.nodes.iter().map(|node| format!("127.0.0.1:{}", node.ports.client));
        servers.collect::<Vec<_>>().join(",")
    }

    /// Kafka's own console clients, connected to this cluster.
    #[must_use]
    pub fn console(&self) -> Console {
        Console::new(self.jars.clone(), self.bootstrap_servers())
    }

    /// Creates a topic and returns when every running node sees all replicas of it in sync.
    ///
    /// # Panics
    /// When Kafka refuses, with its words.
    pub async fn create_topic(&self, name: &str, partitions: i32, replication: i16) {
        self.create_topics(&[NewTopic::new(name, partitions, replication)]).await;
    }

    /// As [`create_topic`](Self::create_topic), for several at once.
    ///
    /// # Panics
    /// When Kafka refuses any of them, with its words for each.
    pub async fn create_topics(&self, topics: &[NewTopic]) {
        let port = self.running().next().expect("a node of the cluster runs").ports.client;
        let outcomes = eventually(REPLICATED_WITHIN, || wire::create_topics(port, topics)).await;
        let refused: Vec<_> = outcomes
            .into_iter()
            .filter_map(|(name, outcome)| outcome.err().map(|reason| format!("{name}: {reason}")))
            .collect();
        assert!(refused.is_empty(), "Kafka did not create topics: {}", refused.join("; "));
        let names: Vec<_> = topics.iter().map(|topic| topic.name.as_str()).collect();
        self.wait_until_replicated(&names).await;
    }

    /// Returns when every running node sees a leader and all replicas in sync for every partition of
    /// `topics`; of use after a node came back.
    ///
    /// # Panics
    /// When that takes more than 60 s, with what is missing.
    pub async fn wait_until_replicated(&self, topics: &[&str]) {
        for node in self.running() {
            eventually(REPLICATED_WITHIN, || replicated(node.ports.client, topics)).await;
        }
    }

    /// Ends node `index` in an orderly way (SIGTERM) and returns when it is gone.
    ///
    /// # Panics
    /// When it still runs after 60 s.
    pub async fn stop_node(&mut self, index: usize) {
        let stopped = self.nodes[index].stop(&mut self.guard).await;
        stopped.unwrap_or_else(|error| panic!("cannot stop node {index}: {error}"));
    }

    /// Kills node `index` (SIGKILL) and returns when it is gone. The others notice 5 s later.
    ///
    /// # Panics
    /// When the system refuses.
    pub fn kill_node(&mut self, index: usize) {
        let killed = self.nodes[index].kill(&mut self.guard);
        killed.unwrap_or_else(|error| panic!("cannot kill node {index}: {error}"));
    }

    /// Starts node `index` again after [`stop_node`](Self::stop_node) or
    /// [`kill_node`](Self::kill_node), on its port and with its data, and returns when it serves
    /// clients. A node that runs is left alone.
    ///
    /// # Panics
    /// When it does not come up within 90 s, with the end of its log.
    pub async fn start_node(&mut self, index: usize) {
        let node = &mut self.nodes[index];
        if node.is_running() {
            return;
        }
        let mut started = node.start(&self.jars, &mut self.guard);
        if started.is_ok() {
            started = node.ready(&self.id, 1).await;
        }
        started.unwrap_or_else(|error| panic!("{error}"));
    }

    /// The process id of node `index`, if it runs.
    #[must_use]
    pub fn node_pid(&self, index: usize) -> Option<u32> {
        self.nodes[index].pid()
    }

    /// The end of the log of node `index`.
    #[must_use]
    pub fn log_tail(&self, index: usize) -> String {
        self.nodes[index].log_tail()
    }

    /// The folder with settings, data and logs of all nodes.
    #[must_use]
    pub fn data_folder(&self) -> &Path {
        self.data.path()
    }

    async fn try_start(
        nodes: usize,
        settings: &[(&str, &str)],
        advertised: &[u16],
    ) -> Result<Self, KafkaError> {
        let jars = tokio::task::spawn_blocking(Jars::get).await.expect("copying does not panic")?;
        let data = tempfile::Builder::new()
            .prefix("flowx-kafka-")
            .tempdir()
            .map_err(KafkaError::file("create a folder in", std::env::temp_dir()))?;
        let guard = Guard::start(data.path()).map_err(KafkaError::run("sh"))?;
        let ports = ports::free(3 * nodes).map_err(KafkaError::Ports)?;
        let ports: Vec<_> = ports
            .chunks_exact(3)
            .enumerate()
            .map(|(index, free)| {
                let behind = advertised.get(index);
                let behind = behind.map(|&advertised| Behind { hidden: free[2], advertised });
                Ports { client: free[0], controller: free[1], behind }
            })
            .collect();
        let nodes = (0..nodes)
            .map(|index| Node::create(index, &ports, settings, data.path()))
            .collect::<Result<_, _>>()?;
        let mut cluster = Self { id: new_id(), nodes, jars, guard, data };
        Node::format_all(&cluster.nodes, &cluster.id, &cluster.jars).await?;
        for node in &mut cluster.nodes {
            node.start(&cluster.jars, &mut cluster.guard)?;
        }
        for node in &mut cluster.nodes {
            node.ready(&cluster.id, ports.len()).await?;
        }
        Ok(cluster)
    }

    fn running(&self) -> impl Iterator<Item = &Node> {
        self.nodes.iter().filter(|node| node.is_running())
    }
}

impl Drop for KafkaCluster {
    fn drop(&mut self) {
        for node in &mut self.nodes {
            // What this cannot end, the guard does when it is dropped right after.
            let _ = node.kill(&mut self.guard);
        }
    }
}

impl NewTopic {
    /// A topic with Kafka's default settings.
    #[must_use]
    pub fn new(name: impl Into<String>, partitions: i32, replication: i16) -> Self {
        Self { name: name.into(), partitions, replication, settings: Vec::new() }
    }

    /// Sets one of Kafka's topic settings, such as `cleanup.policy`.
    #[must_use]
    pub fn setting(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.settings.push((name.into(), value.into()));
        self
    }
}

/// Whether the node on `port` sees every replica in sync; else what it does see.
async fn replicated(port: u16, topics: &[&str]) -> Result<(), String> {
    let known = wire::metadata(port, topics).await.map_err(|error| error.to_string())?;
    for (name, topic) in topics.iter().zip(&known.topics) {
        if topic.error != 0 {
            return Err(format!("topic {name} has error {}", topic.error));
        }
        let behind = topic.partitions.iter().position(|partition| {
            partition.leader < 0 || partition.in_sync.len() < partition.replicas.len()
        });
        if let Some(partition) = behind {
            return Err(format!(
                "partition {partition} of {name} is not in sync: {:?}",
                topic.partitions[partition]
            ));
        }
    }
    Ok(())
}

/// Kafka wants 16 bytes in URL-safe base64, which are 22 digits, of the last of which two bits count.
fn new_id() -> String {
    let mut id: String = std::iter::repeat_with(fastrand::alphanumeric).take(21).collect();
    id.push('A');
    id
}
