//! Commands of Kafka's own tools, fit to be copied into a shell.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::acls::{Acl, Resource};
use crate::config::Settings;
use crate::kafka::facts::Operation;

/// Something that an administrator would do.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum KafkaCommand {
    /// Creates a topic.
    Create {
        /// Its name.
        topic: String,
        /// How many partitions.
        partitions: usize,
        /// How many replicas of each.
        replicas: usize,
        /// Its settings.
        settings: BTreeMap<&'static str, Value>,
    },
    /// Adds partitions to a topic.
    Partitions {
        /// The topic.
        topic: String,
        /// How many it has then.
        count: usize,
    },
    /// Changes a setting of a topic.
    Set {
        /// The topic.
        topic: String,
        /// The setting.
        name: &'static str,
        /// Its new value.
        value: Value,
    },
    /// Grants a permission.
    Grant(Acl),
    /// Shows what it would mean to let a group begin anew in a partition.
    Reset {
        /// The group.
        group: String,
        /// The topic.
        topic: String,
        /// The partition.
        partition: i32,
    },
}

/// The value of a setting.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Value {
    /// A number; of several that are wanted the largest is taken.
    Number(u64),
    /// A word.
    Word(&'static str),
}

/// How an administrator reaches the cluster, and who the connector is there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    /// The brokers, or what the environment has.
    pub bootstrap_servers: Option<String>,
    /// Whether the tools need to be told how to log in.
    pub secured: bool,
    /// The connector, as `User:name`.
    pub principal: Option<String>,
}

impl Reach {
    /// As the settings say. Who logs in without a name is called `ANONYMOUS`.
    #[must_use]
    pub fn of(settings: &Settings) -> Self {
        let secured = settings.protocol() != "PLAINTEXT";
        Self {
            bootstrap_servers: settings.bootstrap_servers.clone(),
            secured,
            principal: (!secured).then(|| "User:ANONYMOUS".to_owned()),
        }
    }

    /// The commands as lines of a shell script, in the order in which they make sense: what concerns one
    /// thing on one line. Behind a `#` what the lines expect.
    #[must_use]
    pub fn script(&self, commands: impl IntoIterator<Item = KafkaCommand>) -> String {
        let all: BTreeSet<KafkaCommand> = commands.into_iter().collect();
        let mut script = String::new();
        let mut settings: BTreeMap<&str, BTreeMap<&str, &Value>> = BTreeMap::new();
        let mut grants: BTreeMap<&Resource, Vec<Operation>> = BTreeMap::new();
        let mut resets = Vec::new();
        for command in &all {
            match command {
                KafkaCommand::Create { topic, partitions, replicas, settings } => {
                    let _ = write!(
                        script,
                        "{} --create --topic {} --partitions {partitions} --replication-factor {replicas}",
                        self.tool("kafka-topics.sh"),
                        quoted(topic),
                    );
                    for (name, value) in settings {
                        let _ = write!(script, " --config {name}={}", value.text());
                    }
                    script.push('\n');
                }
                KafkaCommand::Partitions { topic, count } => {
                    let tool = self.tool("kafka-topics.sh");
                    let topic = quoted(topic);
                    let _ = writeln!(script, "{tool} --alter --topic {topic} --partitions {count}");
                }
                KafkaCommand::Set { topic, name, value } => {
                    let wanted = settings.entry(topic).or_default().entry(name).or_insert(value);
                    *wanted = (*wanted).max(value);
                }
                KafkaCommand::Grant(acl) => {
                    grants.entry(&acl.resource).or_default().push(acl.operation);
                }
                KafkaCommand::Reset { group, topic, partition } => {
                    resets.push(format!(
                        "{} --group {} --topic {} --reset-offsets --to-earliest --dry-run\n",
                        self.tool("kafka-consumer-groups.sh"),
                        quoted(group),
                        quoted(&format!("{topic}:{partition}")),
                    ));
                }
            }
        }
        for (topic, settings) in settings {
            let all = settings.iter().map(|(name, value)| format!("{name}={}", value.text()));
            let _ = writeln!(
                script,
                "{} --alter --entity-type topics --entity-name {} --add-config {}",
                self.tool("kafka-configs.sh"),
                quoted(topic),
                all.collect::<Vec<_>>().join(","),
            );
        }
        let asks_who = !grants.is_empty() && self.principal.is_none();
        for (resource, operations) in grants {
            script.push_str(&self.grant(resource, &operations));
        }
        resets.iter().for_each(|line| script.push_str(line));
        let mut expected = String::new();
        if self.secured && !script.is_empty() {
            expected.push_str("# admin.properties: how an administrator logs in\n");
        }
        if asks_who {
            expected
                .push_str("# PRINCIPAL: whom the brokers take the connector for, as User:name\n");
        }
        expected + &script
    }

    /// One line that grants operations on a resource.
    fn grant(&self, resource: &Resource, operations: &[Operation]) -> String {
        let principal = match &self.principal {
            Some(principal) => quoted(principal),
            None => Cow::Borrowed("\"$PRINCIPAL\""),
        };
        let tool = self.tool("kafka-acls.sh");
        let mut line = format!("{tool} --add --allow-principal {principal}");
        for operation in operations {
            let _ = write!(line, " --operation {operation}");
        }
        let _ = match resource {
            Resource::Topic(topic) => writeln!(line, " --topic {}", quoted(topic)),
            Resource::Prefix(prefix) => {
                writeln!(line, " --topic {} --resource-pattern-type prefixed", quoted(prefix))
            }
            Resource::Group(group) => writeln!(line, " --group {}", quoted(group)),
        };
        line
    }

    /// A tool, and where it finds the cluster.
    fn tool(&self, name: &str) -> String {
        let servers = match &self.bootstrap_servers {
            Some(servers) => quoted(servers),
            None => Cow::Borrowed("\"$KAFKA_BOOTSTRAP_SERVERS\""),
        };
        let config = if self.secured { " --command-config admin.properties" } else { "" };
        format!("{name} --bootstrap-server {servers}{config}")
    }
}

impl Value {
    fn text(&self) -> String {
        match self {
            Self::Number(number) => number.to_string(),
            Self::Word(word) => (*word).to_owned(),
        }
    }
}

/// A text as one word of a POSIX shell. Kafka's names and ours hold no zero byte, which no shell has.
fn quoted(text: &str) -> Cow<'_, str> {
    shlex::try_quote(text).unwrap_or_else(|_| Cow::Owned(text.replace('\0', "")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_survives_a_shell_and_nothing_in_it_is_run() {
        let evil = "a b'c\"$(touch x)`id`;&|>\n\\é#!*?~";
        let reach = Reach {
            bootstrap_servers: Some(evil.to_owned()),
            secured: false,
            principal: Some(evil.to_owned()),
        };
        let acl = Acl::new(Resource::Group(evil.to_owned()), Operation::Read);
        let script = reach.script([KafkaCommand::Grant(acl)]);
        let words = shlex::split(&script).expect("a shell can read it");
        let expected = [
            "kafka-acls.sh",
            "--bootstrap-server",
            evil,
            "--add",
            "--allow-principal",
            evil,
            "--operation",
            "Read",
            "--group",
            evil,
        ];
        assert_eq!(words, expected);
    }

    #[test]
    fn what_concerns_one_thing_is_one_line_and_the_largest_number_wins() {
        let reach = Reach { secured: true, ..Reach::default() };
        let topic = || "t".to_owned();
        let set = |name, value| KafkaCommand::Set { topic: topic(), name, value };
        let grant = |operation| KafkaCommand::Grant(Acl::new(Resource::Topic(topic()), operation));
        let script = reach.script([
            grant(Operation::Write),
            set("retention.ms", Value::Number(20)),
            set("retention.ms", Value::Number(100)),
            set("cleanup.policy", Value::Word("delete")),
            grant(Operation::Read),
            grant(Operation::Read),
        ]);
        let at =
            "--bootstrap-server \"$KAFKA_BOOTSTRAP_SERVERS\" --command-config admin.properties";
        let expected = [
            "# admin.properties: how an administrator logs in".to_owned(),
            "# PRINCIPAL: whom the brokers take the connector for, as User:name".to_owned(),
            format!(
                "kafka-configs.sh {at} --alter --entity-type topics --entity-name t --add-config cleanup.policy=delete,retention.ms=100"
            ),
            format!(
                "kafka-acls.sh {at} --add --allow-principal \"$PRINCIPAL\" --operation Read --operation Write --topic t"
            ),
        ];
        assert_eq!(script.lines().collect::<Vec<_>>(), expected);
        assert_eq!(reach.script([]), "", "nothing to do needs no words");
    }
}
