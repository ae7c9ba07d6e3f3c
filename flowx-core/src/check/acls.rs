//! What a connector must be allowed to do: no more than that.

use std::collections::BTreeSet;

use crate::handler::registry::{Registry, Route};
use crate::kafka::facts::Operation;
use crate::message::topic::{Naming, Subscription};

/// What a permission is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Resource {
    /// One topic.
    Topic(String),
    /// All topics whose name begins so.
    Prefix(String),
    /// One consumer group.
    Group(String),
}

/// One thing that must be allowed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Acl {
    /// About what.
    pub resource: Resource,
    /// What.
    pub operation: Operation,
}

impl Acl {
    /// An operation on a resource.
    #[must_use]
    pub fn new(resource: Resource, operation: Operation) -> Self {
        Self { resource, operation }
    }
}

/// Everything that `run` and `check` of these handlers must be allowed to do.
///
/// Kafka lets those describe a topic or group who may read or write it, so that is not listed.
/// `DescribeConfigs` is for `check` alone. Brokers older than 2.8 want `IdempotentWrite` on the cluster as
/// well; to newer ones the right to write any topic says as much.
///
/// `dlq` needs more: to read what was put aside and, for `dlq replay`, to write requests. So does the
/// catalog in `run`, if it is switched on: to write requests and read replies.
#[must_use]
pub fn needed(registry: &Registry, group: &str) -> BTreeSet<Acl> {
    let mut acls = BTreeSet::new();
    let mut add = |resource: &Resource, operation| {
        acls.insert(Acl::new(resource.clone(), operation));
        if matches!(resource, Resource::Topic(_) | Resource::Prefix(_)) {
            acls.insert(Acl::new(resource.clone(), Operation::DescribeConfigs));
        }
    };
    for route in registry.routes() {
        add(&requests(route), Operation::Read);
        if let Some(reply) = &route.reply {
            add(&Resource::Topic(reply.to_string()), Operation::Write);
        }
        for retry in &route.retry_topics {
            let topic = Resource::Topic(retry.topic.to_string());
            add(&topic, Operation::Read);
            add(&topic, Operation::Write);
        }
        for resource in dead_letters(route, registry.naming(), group) {
            add(&resource, Operation::Write);
        }
    }
    add(&Resource::Group(group.to_owned()), Operation::Read);
    acls
}

/// What a handler reads.
pub(super) fn requests(route: &Route) -> Resource {
    match &route.subscription {
        Subscription::Exact(topic) => Resource::Topic(topic.to_string()),
        Subscription::Prefix(prefix) => Resource::Prefix(prefix.to_string()),
    }
}

/// Where a handler puts aside. Kafka knows patterns by their beginning only, so for dead letters of a
/// pattern the whole of it must be allowed.
pub(super) fn dead_letters(route: &Route, naming: &Naming, group: &str) -> Vec<Resource> {
    let engine = naming.engine_pattern();
    match &route.subscription {
        Subscription::Exact(topic) => {
            vec![Resource::Topic(naming.dead_letter(topic, group).to_string())]
        }
        Subscription::Prefix(prefix) => {
            let any = format!("{prefix}x");
            let aside = naming.dead_letter(&any, group).to_string();
            let mut all = match aside.starts_with(&**prefix) {
                true => vec![Resource::Prefix(prefix.to_string())],
                false => vec![Resource::Topic(aside)],
            };
            if let (Subscription::Prefix(engine), true) = (
                &engine,
                engine.overlaps(&route.subscription) && !naming.is_read_by_the_platform(&any),
            ) {
                let aside = naming.dead_letter(&format!("{engine}x"), group);
                all.push(Resource::Topic(aside.to_string()));
            }
            all
        }
    }
}
