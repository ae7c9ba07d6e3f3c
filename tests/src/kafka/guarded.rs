//! A cluster in which one user may do nothing but what is granted.

use flowx_core::config::Settings;

use super::KafkaCluster;
use crate::proxy::Proxy;

/// The principal of the user who needs permissions.
pub const CLERK: &str = "User:clerk";

/// Who comes by the second listener must log in; who comes by the first may do everything.
const SETTINGS: &[(&str, &str)] = &[
    ("authorizer.class.name", "org.apache.kafka.metadata.authorizer.StandardAuthorizer"),
    ("super.users", "User:ANONYMOUS"),
    (
        "listener.security.protocol.map",
        "PLAINTEXT:PLAINTEXT,BEHIND:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT",
    ),
    ("listener.name.behind.sasl.enabled.mechanisms", "PLAIN"),
    (
        "listener.name.behind.plain.sasl.jaas.config",
        "org.apache.kafka.common.security.plain.PlainLoginModule required user_clerk=\"secret\";",
    ),
];

/// One node, and the way by which the clerk comes to it. The cluster's own ports ask nobody for anything.
#[derive(Debug)]
pub struct GuardedCluster {
    /// The cluster, for who may do everything.
    pub cluster: KafkaCluster,
    proxy: Proxy,
}

impl GuardedCluster {
    /// Starts it.
    ///
    /// # Panics
    /// As [`KafkaCluster::start`].
    pub async fn start() -> Self {
        let proxy = Proxy::listen().await.expect("a port is free");
        let cluster = KafkaCluster::start_advertised(1, SETTINGS, &[proxy.port()]).await;
        proxy.lead_to(cluster.hidden_port(0).expect("it has a second listener"));
        Self { cluster, proxy }
    }

    /// Lets a connector of these settings come as the clerk.
    pub fn log_in(&self, settings: &mut Settings) {
        settings.bootstrap_servers = Some(format!("127.0.0.1:{}", self.proxy.port()));
        settings.security_protocol = "SASL_PLAINTEXT".to_owned();
        for (name, value) in
            [("sasl.mechanisms", "PLAIN"), ("sasl.username", "clerk"), ("sasl.password", "secret")]
        {
            settings.kafka.insert(name.to_owned(), value.into());
        }
    }
}
