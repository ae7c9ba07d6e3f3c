//! The parts of an AsyncAPI document, wherever they may stand.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::pointer;

/// How many references in a row are followed: more are a circle.
const LONGEST_CHAIN: usize = 32;

/// A document and what is found in it.
#[derive(Debug)]
pub(super) struct Document<'d> {
    pub(super) root: &'d Value,
}

/// A part of the document and its place, as a JSON pointer.
#[derive(Clone, Debug)]
pub(super) struct Part<'d> {
    pub(super) name: &'d str,
    pub(super) path: String,
    pub(super) value: &'d Value,
}

/// How a schema is written down.
#[derive(Clone, Debug)]
pub(super) struct SchemaPart<'d> {
    /// Where the schema itself stands.
    pub(super) path: String,
    pub(super) value: &'d Value,
    /// Its format and where that stands, if it says one.
    pub(super) format: Option<(String, &'d str)>,
}

impl<'d> Document<'d> {
    pub(super) fn new(root: &'d Value) -> Self {
        Self { root }
    }

    /// What a part is: the part itself, or what its reference leads to in the end.
    pub(super) fn resolved(&self, value: &'d Value) -> Option<&'d Value> {
        let mut value = value;
        for _ in 0..LONGEST_CHAIN {
            match pointer::reference(value) {
                None => return Some(value),
                Some(reference) => value = pointer::target(self.root, reference)?,
            }
        }
        None
    }

    /// The entries of the map at this place.
    pub(super) fn entries(&self, path: &str) -> Vec<Part<'d>> {
        parts(self.root.pointer(path), path)
    }

    /// All operations, those in the components too.
    pub(super) fn operations(&self) -> Vec<Part<'d>> {
        [self.entries("/operations"), self.entries("/components/operations")].concat()
    }

    /// All channels, those in the components too.
    pub(super) fn channels(&self) -> Vec<Part<'d>> {
        [self.entries("/channels"), self.entries("/components/channels")].concat()
    }

    /// All messages that are written down, each once.
    pub(super) fn messages(&self) -> Vec<Part<'d>> {
        let of_channels = self.channels().into_iter().flat_map(|channel| {
            let path = pointer::join(&channel.path, "messages");
            parts(channel.value.get("messages"), &path)
        });
        let all = self.entries("/components/messages").into_iter().chain(of_channels);
        all.filter(|message| pointer::reference(message.value).is_none()).collect()
    }

    /// All places where a schema is written down: components, payloads, headers and what Kafka's
    /// bindings say of groups, clients and keys.
    pub(super) fn schemas(&self) -> Vec<SchemaPart<'d>> {
        let components = self.entries("/components/schemas").into_iter();
        let traits = self.entries("/components/messageTraits");
        let of_messages = self.messages().into_iter().chain(traits).flat_map(|message| {
            ["payload", "headers"].into_iter().filter_map(move |name| member(&message, name))
        });
        let of_bindings = self.bound_schemas().into_iter().filter(|part| part.value.is_object());
        components.chain(of_messages).chain(of_bindings).map(SchemaPart::of).collect()
    }

    /// What Kafka's bindings say of groups, clients and keys: schemas, if all is well.
    pub(super) fn bound_schemas(&self) -> Vec<Part<'d>> {
        let of_operations = [
            (self.operations(), true),
            (self.entries("/components/operationTraits"), true),
            (self.entries("/components/operationBindings"), false),
        ];
        let of_messages = [
            (self.messages(), true),
            (self.entries("/components/messageTraits"), true),
            (self.entries("/components/messageBindings"), false),
        ];
        let wanted = [(of_operations, &["groupId", "clientId"][..]), (of_messages, &["key"])];
        let mut found = Vec::new();
        for (groups, names) in wanted {
            for (owners, inside) in groups {
                for owner in owners {
                    let bindings = if inside { member(&owner, "bindings") } else { Some(owner) };
                    let kafka = bindings.as_ref().and_then(|bindings| member(bindings, "kafka"));
                    let Some(kafka) = kafka else { continue };
                    found.extend(names.iter().filter_map(|name| member(&kafka, name)));
                }
            }
        }
        found
    }

    /// The addresses of servers that a channel is on; `None` if it is on all.
    pub(super) fn servers_of(&self, channel: &'d Value) -> Option<BTreeSet<&'d str>> {
        let servers = channel.get("servers")?.as_array()?;
        let servers: BTreeSet<_> = servers.iter().filter_map(pointer::reference).collect();
        (!servers.is_empty()).then_some(servers)
    }
}

impl<'d> SchemaPart<'d> {
    /// A schema, taken out of the object that says its format if there is one.
    pub(super) fn of(part: Part<'d>) -> Self {
        let Part { path, value, .. } = part;
        match (value.get("schemaFormat").and_then(Value::as_str), value.get("schema")) {
            (Some(format), Some(schema)) => Self {
                format: Some((pointer::join(&path, "schemaFormat"), format)),
                path: pointer::join(&path, "schema"),
                value: schema,
            },
            _ => Self { path, value, format: None },
        }
    }

    /// Whether it is written in JSON Schema, which this linter reads: the default, which extends
    /// draft-07, or draft-07 itself.
    pub(super) fn is_json_schema(&self) -> bool {
        self.format.as_ref().is_none_or(|(_, format)| {
            format.starts_with("application/schema+")
                || format.starts_with("application/vnd.aai.asyncapi")
        })
    }
}

/// A member of a part.
pub(super) fn member<'d>(part: &Part<'d>, name: &'static str) -> Option<Part<'d>> {
    let value = part.value.get(name)?;
    Some(Part { name, path: pointer::join(&part.path, name), value })
}

/// The entries of a map that stands at `path`.
pub(super) fn parts<'d>(map: Option<&'d Value>, path: &str) -> Vec<Part<'d>> {
    let map: Option<&Map<String, Value>> = map.and_then(Value::as_object);
    let part = |(name, value): (&'d String, &'d Value)| Part {
        name,
        path: pointer::join(path, name),
        value,
    };
    map.into_iter().flatten().map(part).collect()
}
