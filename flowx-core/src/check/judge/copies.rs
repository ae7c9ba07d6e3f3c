//! How many copies of a record there are, and how many must be there for it to count as written.

use super::super::command::{KafkaCommand, Value};
use super::{Level, Look, Said};

pub(super) fn replication(look: &Look<'_>) -> Vec<Said> {
    let (replicas, in_sync) = (look.topic.replicas, look.topic.in_sync);
    let set = |least: usize| KafkaCommand::Set {
        topic: look.name.to_owned(),
        name: "min.insync.replicas",
        value: Value::Number(least as u64),
    };
    let mut said = Vec::new();
    if replicas == 1 && look.facts.brokers > 1 {
        said.push(
            Said::new(Level::Warning, "it has one replica, so what one broker loses is lost")
                .remedy("give it three with kafka-reassign-partitions.sh"),
        );
    }
    let Some(least) = look.settings.min_insync_replicas else { return said };
    if replicas > 0 && least > replicas {
        said.push(
            Said::new(
                Level::Problem,
                format!("`min.insync.replicas` of {least} is more than its {replicas} replicas, so nothing can be written"),
            )
            .remedy("lower it, or give it more replicas")
            .commands([set(replicas.saturating_sub(1).max(1))]),
        );
    } else if in_sync < least {
        said.push(
            Said::new(
                Level::Problem,
                format!("{in_sync} of its {replicas} replicas are in sync and {least} must be, so nothing can be written"),
            )
            .remedy("see that the brokers of its replicas run"),
        );
    } else if in_sync < replicas {
        said.push(
            Said::new(Level::Warning, format!("{in_sync} of its {replicas} replicas are in sync"))
                .remedy("see that the brokers of its replicas run"),
        );
    }
    if replicas > 1 && least == replicas {
        said.push(
            Said::new(
                Level::Warning,
                format!("`min.insync.replicas` of {least} is all of its replicas, so one broker that is down stops all writing"),
            )
            .remedy("lower it")
            .commands([set(replicas - 1)]),
        );
    }
    if replicas > 2 && least == 1 {
        said.push(
            Said::new(
                Level::Warning,
                "`min.insync.replicas` is 1, so a record counts as written when one broker has it",
            )
            .remedy("raise it")
            .commands([set(2)]),
        );
    }
    said
}
