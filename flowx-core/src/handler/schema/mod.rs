//! JSON Schemas of requests and replies.

pub(super) mod admission;
mod brackets;
mod integers;
pub(crate) mod lenient;
pub mod sensitive;
pub(super) mod shape;
mod unique;
pub(crate) mod validator;
pub(crate) mod walk;

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::Value;

/// A dialect of JSON Schema.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Draft {
    /// 2020-12, the current one.
    #[default]
    Draft202012,
    /// 07, which the schema fields of AsyncAPI tools and many validators understand.
    Draft07,
}

impl Draft {
    /// Its short name: `2020-12` or `draft-07`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Draft202012 => "2020-12",
            Self::Draft07 => "draft-07",
        }
    }

    /// What stands under `$schema` of a document in it.
    #[must_use]
    pub fn meta_schema(self) -> &'static str {
        match self {
            Self::Draft202012 => "https://json-schema.org/draft/2020-12/schema",
            Self::Draft07 => "http://json-schema.org/draft-07/schema#",
        }
    }

    fn settings(self) -> SchemaSettings {
        match self {
            Self::Draft202012 => SchemaSettings::draft2020_12(),
            Self::Draft07 => SchemaSettings::draft07(),
        }
    }
}

/// What is accepted as a `T`: fields with a default are optional.
pub(in crate::handler) fn of_request<T: JsonSchema>(draft: Draft) -> Value {
    let generator = draft.settings().for_deserialize().into_generator();
    bounded(generator.into_root_schema_for::<T>().to_value())
}

/// What a `T` is sent as: fields with a default are always there.
pub(in crate::handler) fn of_reply<T: JsonSchema>(draft: Draft) -> Value {
    let generator = draft.settings().for_serialize().into_generator();
    bounded(generator.into_root_schema_for::<T>().to_value())
}

fn bounded(mut schema: Value) -> Value {
    integers::bound_all(&mut schema);
    schema
}

/// The examples that stand at the root of a schema, from `#[schemars(example = …)]`.
pub(in crate::handler) fn examples(schema: &Value) -> Vec<Value> {
    match schema.get("examples") {
        Some(Value::Array(examples)) => examples.clone(),
        _ => Vec::new(),
    }
}
