//! The schemas of all handlers as components: every type once, every reference leading there.
//!
//! Each schema comes with definitions under names that are unique in it alone. Types of one name that
//! are the same, with all that they refer to, become one component; types that differ (of two modules,
//! or one that is taken in another form than it is sent) are told apart by the handler that uses them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::headers::RESERVED;
use super::keys::{Keys, legal};
use super::{Subject, reference};
use crate::contract::lint::keys::is_legal;
use crate::contract::model::Contract;
use crate::contract::schema::error_schema;
use crate::handler::schema::{Draft, walk};

/// What a schema is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Use {
    Request,
    Reply,
    Error,
}

/// All components, and which of them a handler's messages are.
#[derive(Debug)]
pub(super) struct Schemas {
    components: Map<String, Value>,
    roots: BTreeMap<(String, Use), String>,
    documents: BTreeMap<(String, Use), Value>,
}

impl Schemas {
    /// The schemas of these handlers.
    pub(super) fn of(subjects: &[Subject<'_>], contract: &Contract) -> Self {
        let mut documents = BTreeMap::new();
        let mut families = Vec::new();
        for subject in subjects {
            for (usage, schema) in written(subject, contract) {
                families.push((
                    (subject.key.clone(), usage),
                    Family::of(&schema, &format!("{}.{}", subject.key, usage.name())),
                ));
                documents.insert((subject.key.clone(), usage), schema);
            }
        }
        let names = names(&families);
        let mut components = Map::new();
        let mut roots = BTreeMap::new();
        for (owner, family) in &families {
            let key_of = |member: &str| &names[&(member.to_owned(), family.identity(member))];
            // What is meant by the handler comes before what it is made of.
            let others = family.members.keys().filter(|name| **name != family.root);
            for member in std::iter::once(&family.root).chain(others) {
                components
                    .entry(key_of(member))
                    .or_insert_with(|| family.rewritten(member, key_of));
            }
            roots.insert(owner.clone(), key_of(&family.root).clone());
        }
        Self { components, roots, documents }
    }

    /// A reference to the component; `None` if there is none for this.
    pub(super) fn reference(&self, subject: &Subject<'_>, usage: Use) -> Option<Value> {
        let key = self.roots.get(&(subject.key.clone(), usage))?;
        Some(reference(format!("components/schemas/{key}")))
    }

    /// The schema as a document of its own.
    pub(super) fn document(&self, subject: &Subject<'_>, usage: Use) -> Option<&Value> {
        self.documents.get(&(subject.key.clone(), usage))
    }

    /// The components, by name, with those of flowx itself behind them.
    pub(super) fn into_json(self, own: Map<String, Value>) -> Value {
        let sorted: BTreeMap<_, _> = self.components.into_iter().collect();
        Value::Object(sorted.into_iter().chain(own).collect())
    }
}

impl Use {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Reply => "reply",
            Self::Error => "error",
        }
    }
}

fn written(subject: &Subject<'_>, contract: &Contract) -> Vec<(Use, Value)> {
    let handler = &subject.route.handler;
    let draft = Draft::Draft07;
    let error = || error_schema(handler, &contract.error_field, draft);
    let reply = subject.route.reply.is_some();
    [
        (Use::Request, Some(handler.request_schema(draft))),
        (Use::Reply, handler.reply_schema(draft).filter(|_| reply)),
        (Use::Error, reply.then(error)),
    ]
    .into_iter()
    .filter_map(|(usage, schema)| Some((usage, schema?)))
    .collect()
}

/// A schema and its definitions, all by name and referring to each other by name.
#[derive(Debug)]
struct Family {
    root: String,
    members: BTreeMap<String, Value>,
}

impl Family {
    fn of(schema: &Value, fallback: &str) -> Self {
        let mut schema = schema.clone();
        let mut members = BTreeMap::new();
        if let Some(own) = schema.as_object_mut() {
            own.shift_remove("$schema");
            if let Some(Value::Object(definitions)) = own.shift_remove("definitions") {
                members.extend(definitions);
            }
        }
        let title = schema.get("title").and_then(Value::as_str);
        let is_free = |name: &&str| is_legal(name) && !members.contains_key(*name);
        let root = title.filter(is_free).unwrap_or(fallback).to_owned();
        members.insert(root.clone(), schema);
        let mut family = Self { root, members };
        let Self { root, members } = &mut family;
        for member in members.values_mut() {
            each_reference(member, |written| {
                name_of(written).map(|name| name.unwrap_or_else(|| root.clone()))
            });
        }
        family
    }

    /// What tells a member from others of its name: the schema itself and all that it refers to.
    fn identity(&self, name: &str) -> String {
        let mut reached = BTreeSet::from([name]);
        let mut waiting = vec![name];
        while let Some(member) = waiting.pop().and_then(|name| self.members.get(name)) {
            for target in references(member) {
                let known = self.members.get_key_value(target);
                if let Some((target, _)) = known.filter(|(target, _)| reached.insert(target)) {
                    waiting.push(target);
                }
            }
        }
        let members = reached.into_iter().filter_map(|name| {
            let mut member = self.members.get(name)?.clone();
            // A root schema has its type's name as title, a definition has none.
            if let Some(own) = member.as_object_mut() {
                if own.get("title").and_then(Value::as_str) == Some(name) {
                    own.shift_remove("title");
                }
            }
            Some((name.to_owned(), member))
        });
        Value::Object(members.collect()).to_string()
    }

    /// A member that refers to components.
    fn rewritten<'k>(&self, name: &str, key_of: impl Fn(&str) -> &'k String) -> Value {
        let mut member = self.members[name].clone();
        each_reference(&mut member, |target| {
            let known = self.members.contains_key(target);
            known.then(|| format!("#/components/schemas/{}", key_of(target)))
        });
        member
    }
}

/// What a member refers to, once its references are names.
fn references(member: &Value) -> BTreeSet<&str> {
    let mut found = BTreeSet::new();
    let mut waiting = vec![member];
    while let Some(schema) = waiting.pop() {
        let Value::Object(schema) = schema else { continue };
        found.extend(schema.get("$ref").and_then(Value::as_str));
        waiting.extend(walk::parts(schema));
    }
    found
}

/// Replaces references, but for those of which `replaced` knows nothing.
fn each_reference(schema: &mut Value, replaced: impl Fn(&str) -> Option<String>) {
    walk::change_all(schema, &mut |schema| {
        if let Some(Value::String(reference)) = schema.get_mut("$ref") {
            if let Some(other) = replaced(reference) {
                *reference = other;
            }
        }
    });
}

/// The definition that a reference names: `Some(None)` is the root, `None` nothing of this schema.
fn name_of(reference: &str) -> Option<Option<String>> {
    let pointer = crate::contract::lint::pointer::of_reference(reference)?;
    if pointer.is_empty() {
        return Some(None);
    }
    let name = pointer.strip_prefix("/definitions/").filter(|name| !name.contains('/'))?;
    Some(Some(name.replace("~1", "/").replace("~0", "~")))
}

/// The name of every member of each family as a component, by name and identity.
fn names(families: &[((String, Use), Family)]) -> BTreeMap<(String, String), String> {
    let mut users: BTreeMap<&str, Vec<(String, String)>> = BTreeMap::new();
    for ((handler, usage), family) in families {
        for name in family.members.keys() {
            let identity = family.identity(name);
            let same = users.entry(name).or_default();
            if !same.iter().any(|(known, _)| *known == identity) {
                same.push((identity, format!("{handler}.{}", usage.name())));
            }
        }
    }
    let mut keys = Keys::default();
    let mut names = BTreeMap::new();
    // Names that are clear are given first, so that no other one is in their way.
    let (clear, shared): (Vec<_>, Vec<_>) = users.into_iter().partition(|(name, users)| {
        users.len() == 1 && is_legal(name) && !name.starts_with(RESERVED)
    });
    for (name, users) in clear.into_iter().chain(shared) {
        let alone = users.len() == 1 && !name.starts_with(RESERVED);
        for (identity, user) in users {
            let wanted = if alone { legal(name) } else { format!("{}.{user}", legal(name)) };
            names.insert((name.to_owned(), identity), keys.claim(&wanted));
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn family(schema: &Value, fallback: &str) -> Family {
        Family::of(schema, fallback)
    }

    fn named(families: Vec<((&str, Use), Family)>) -> Vec<String> {
        let families: Vec<_> = families
            .into_iter()
            .map(|((handler, usage), family)| ((handler.to_owned(), usage), family))
            .collect();
        names(&families).into_values().collect::<BTreeSet<_>>().into_iter().collect()
    }

    fn order(money: &Value) -> Value {
        json!({
            "$schema": "http://json-schema.org/draft-07/schema#",
            "title": "Order",
            "properties": { "total": { "$ref": "#/definitions/Money" } },
            "definitions": { "Money": money }
        })
    }

    #[test]
    fn a_schema_and_its_definitions_refer_to_each_other_by_name() {
        let tree = json!({
            "title": "Tree",
            "properties": {
                "children": { "items": { "$ref": "#" } },
                "odd": { "$ref": "#/definitions/My%20Type%3CT%3E" },
                "elsewhere": { "$ref": "https://example.com/schema" }
            },
            "definitions": { "My Type<T>": { "properties": { "up": { "$ref": "#" } } } }
        });
        let family = family(&tree, "grow.request");
        assert_eq!(family.root, "Tree");
        let key = |name: &str| match name {
            "Tree" => "T",
            _ => "M",
        };
        let keys = ["T".to_owned(), "M".to_owned()];
        let key_of = |name: &str| keys.iter().find(|known| *known == key(name)).unwrap();
        let rewritten = family.rewritten("Tree", key_of);
        assert_eq!(
            rewritten["properties"],
            json!({
                "children": { "items": { "$ref": "#/components/schemas/T" } },
                "odd": { "$ref": "#/components/schemas/M" },
                "elsewhere": { "$ref": "https://example.com/schema" }
            })
        );
        assert!(rewritten.get("definitions").is_none());
    }

    #[test]
    fn one_type_is_one_component_and_two_types_are_two() {
        let (euros, cents) = (json!({ "type": "number" }), json!({ "type": "integer" }));
        let alone = json!({ "title": "Money", "type": "number" });
        for (families, names) in [
            (
                vec![
                    (("a", Use::Request), family(&order(&euros), "a.request")),
                    (("b", Use::Request), family(&order(&euros), "b.request")),
                    (("c", Use::Request), family(&alone, "c.request")),
                ],
                vec!["Money", "Order"],
            ),
            (
                vec![
                    (("a", Use::Request), family(&order(&euros), "a.request")),
                    (("a", Use::Reply), family(&order(&cents), "a.reply")),
                ],
                vec!["Money.a.reply", "Money.a.request", "Order.a.reply", "Order.a.request"],
            ),
            (
                vec![
                    (
                        ("a", Use::Request),
                        family(&json!({ "title": "Label of it", "type": "null" }), "a.request"),
                    ),
                    (
                        ("b", Use::Request),
                        family(&json!({ "title": "flowx.requestHeaders" }), "b.request"),
                    ),
                ],
                vec!["a.request", "flowx.requestHeaders.b.request"],
            ),
        ] {
            assert_eq!(named(families), names);
        }
    }
}
