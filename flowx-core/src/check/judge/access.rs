//! What this user may do, by the brokers' own word.

use std::collections::BTreeSet;

use super::super::acls::Acl;
use super::super::command::KafkaCommand;
use super::{Level, Look, Said};
use crate::kafka::facts::Operation;

pub(super) fn permissions(look: &Look<'_>) -> Vec<Said> {
    let Some(allowed) = &look.topic.allowed else {
        return vec![Said::new(
            Level::Unknown,
            "the broker does not say what this user may do with it",
        )];
    };
    let mut missing = BTreeSet::new();
    for used in &look.need.uses {
        let operations = used.role.operations().iter().filter(|wanted| !allowed.contains(wanted));
        missing.extend(operations.map(|operation| Acl::new(used.resource.clone(), *operation)));
    }
    if missing.is_empty() {
        return Vec::new();
    }
    let operations: BTreeSet<_> = missing.iter().map(|acl| acl.operation.name()).collect();
    let operations = Vec::from_iter(operations).join(" and ");
    let said = Said::new(Level::Problem, format!("this user lacks the permission {operations}"));
    vec![said.remedy("grant it").commands(missing.into_iter().map(KafkaCommand::Grant))]
}

/// Whether its settings could be looked at.
pub(super) fn settings(look: &Look<'_>) -> Vec<Said> {
    let Err(reason) = &look.topic.settings else { return Vec::new() };
    let beginning = "its retention, sizes and cleanup could not be looked at";
    let may = |allowed: &BTreeSet<Operation>| allowed.contains(&Operation::DescribeConfigs);
    if look.topic.allowed.as_ref().is_none_or(may) {
        return vec![Said::new(Level::Unknown, format!("{beginning}: {reason}"))];
    }
    let resources: BTreeSet<_> = look.need.uses.iter().map(|used| used.resource.clone()).collect();
    let grants = resources
        .into_iter()
        .map(|resource| KafkaCommand::Grant(Acl::new(resource, Operation::DescribeConfigs)));
    vec![
        Said::new(
            Level::Unknown,
            format!("{beginning}: this user lacks the permission DescribeConfigs, which only `check` needs"),
        )
        .remedy("grant it")
        .commands(grants),
    ]
}
