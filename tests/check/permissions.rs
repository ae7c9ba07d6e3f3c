//! The list of permissions, which needs no broker, and what is looked for on one are the same.

use std::collections::BTreeSet;

use flowx_core::check::acls::{self, Acl, Resource};
use flowx_core::check::needs::Role;
use flowx_core::config::Settings;
use flowx_core::kafka::facts::Operation::{self, DescribeConfigs, Read, Write};

use crate::world::World;

fn needed(handlers: &[&str]) -> BTreeSet<Acl> {
    let connector = crate::connector(handlers, Settings::default());
    acls::needed(connector.registry(), connector.group())
}

#[test]
fn what_is_listed_is_what_is_looked_for() {
    let partners = ["exchange", "book", "strict", "partners", "astray"];
    for handlers in [&partners[..], &["audit", "strict"], &["odd"]] {
        let names = ["ai.flowx.dev.partners.acme.v1", "ai.flowx.dev.engine.receive.x"];
        let world = World::in_order(handlers, &names);
        let mut looked_for: BTreeSet<Acl> = world
            .needs
            .topics
            .values()
            .flat_map(|need| &need.uses)
            .flat_map(|used| {
                let operations = used.role.operations().iter().chain(&[DescribeConfigs]);
                operations.map(|operation| Acl::new(used.resource.clone(), *operation))
            })
            .collect();
        looked_for.insert(Acl::new(Resource::Group("bank".to_owned()), Read));
        assert_eq!(looked_for, needed(handlers), "{handlers:?}");
    }
}

#[test]
fn a_pattern_is_granted_as_one_and_dead_letters_of_the_engines_family_stand_apart() {
    let prefix = |name: &str| Resource::Prefix(name.to_owned());
    let topic = |name: &str| Resource::Topic(name.to_owned());
    let all = |resource: &Resource, operations: &[Operation]| -> Vec<Acl> {
        operations.iter().map(|operation| Acl::new(resource.clone(), *operation)).collect()
    };
    let partners = prefix("ai.flowx.dev.partners.");
    let replies = topic("ai.flowx.dev.engine.receive.partners.results.v1");
    let group = Resource::Group("bank".to_owned());
    let expected = [
        all(&partners, &[Read, Write, DescribeConfigs]),
        all(&replies, &[Write, DescribeConfigs]),
        all(&group, &[Read]),
    ];
    assert_eq!(needed(&["partners"]), expected.concat().into_iter().collect());

    // Nobody may write where the engine reads, least of all what was put aside.
    let aside = topic("ai.flowx.dev.connector.bank.dead-letter.v1");
    let expected = [
        all(&prefix("ai.flowx.dev.engine.receive."), &[Read, DescribeConfigs]),
        all(&aside, &[Write, DescribeConfigs]),
        all(&group, &[Read]),
    ];
    assert_eq!(needed(&["audit"]), expected.concat().into_iter().collect());
    let world = World::in_order(&["audit"], &[]);
    let (name, need) = world.needs.topics.first_key_value().unwrap();
    assert_eq!(name, "ai.flowx.dev.connector.bank.dead-letter.v1");
    assert!(need.has(|role| role == Role::DeadLetters));
}
