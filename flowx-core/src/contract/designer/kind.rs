//! Which of the platform's types a value has.

use serde::{Deserialize, Serialize};

use super::part::{Part, Schemas};

/// An attribute type of the platform's data model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Kind {
    /// Text.
    String,
    /// A whole number or one with decimals.
    Number,
    /// An object of an `amount` and an ISO 4217 `code`.
    Currency,
    /// True or false.
    Boolean,
    /// Keys with values; also anything that may be of several types.
    Object,
    /// A list.
    Array,
    /// One of several texts.
    Enum,
    /// A date, a time or both, as ISO 8601 text.
    Date,
}

impl Kind {
    /// What the platform calls it, for example `STRING`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::String => "STRING",
            Self::Number => "NUMBER",
            Self::Currency => "CURRENCY",
            Self::Boolean => "BOOLEAN",
            Self::Object => "OBJECT",
            Self::Array => "ARRAY",
            Self::Enum => "ENUM",
            Self::Date => "DATE",
        }
    }

    /// The type that the platform calls so; capitals do not count.
    fn named(name: &str) -> Option<Self> {
        [
            Self::String,
            Self::Number,
            Self::Currency,
            Self::Boolean,
            Self::Object,
            Self::Array,
            Self::Enum,
            Self::Date,
        ]
        .into_iter()
        .find(|kind| kind.name().eq_ignore_ascii_case(name))
    }

    /// The type of a value: the one that its schema asks for with `x-flowx-type`, else the one that
    /// follows from its JSON.
    pub(super) fn of<'s>(part: &Part<'s>, schemas: &Schemas<'s>) -> Self {
        // What is looked at here still counts as not shown, and yet a type that contains itself ends.
        Self::seen(part, &mut schemas.apart())
    }

    fn seen<'s>(part: &Part<'s>, apart: &mut Schemas<'s>) -> Self {
        let chosen = part.text("x-flowx-type").or_else(|| part.text("x-flowx-lenient"));
        if let Some(chosen) = chosen.and_then(Self::named) {
            return chosen;
        }
        if !part.choices.is_empty() {
            return Self::of_branches(part, apart);
        }
        let types = part.types();
        let can_be = |kind: &str| types.contains(&kind);
        if can_be("object") {
            if is_currency(part, apart) { Self::Currency } else { Self::Object }
        } else if can_be("array") {
            Self::Array
        } else if can_be("number") || can_be("integer") {
            Self::Number
        } else if can_be("boolean") {
            Self::Boolean
        } else if can_be("string") {
            match part.text("format") {
                _ if !part.values.is_empty() => Self::Enum,
                Some("date" | "date-time" | "partial-date-time" | "time" | "partial-time") => {
                    Self::Date
                }
                _ => Self::String,
            }
        } else if part.nullable && part.closed.is_none() {
            // Nothing but null: what would stand there otherwise is a text, as in the error field.
            Self::String
        } else {
            Self::Object
        }
    }

    /// The type that all branches have, if they agree and are simple.
    fn of_branches<'s>(part: &Part<'s>, apart: &mut Schemas<'s>) -> Self {
        let branches = part.choices.iter().flatten();
        let mut kinds = branches.map(|branch| {
            let branch = apart.part(branch);
            Self::seen(&branch, apart)
        });
        match kinds.next() {
            Some(first)
                if !matches!(first, Self::Array | Self::Currency)
                    && part.properties().is_empty()
                    && kinds.all(|kind| kind == first) =>
            {
                first
            }
            _ => Self::Object,
        }
    }
}

/// Whether these are exactly the platform's two keys of an amount of money.
fn is_currency<'s>(part: &Part<'s>, apart: &mut Schemas<'s>) -> bool {
    let properties = part.properties();
    let mut has = |name: &str, kinds: &[Kind]| {
        let schema = properties.iter().find(|(known, _)| *known == name).map(|(_, schema)| schema);
        schema.is_some_and(|schema| {
            let property = apart.part(schema);
            kinds.contains(&Kind::seen(&property, apart))
        })
    };
    properties.len() == 2
        && has("amount", &[Kind::Number])
        && has("code", &[Kind::String, Kind::Enum])
}
