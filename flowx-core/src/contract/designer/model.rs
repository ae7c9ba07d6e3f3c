//! The data model of a request or reply: one row for each key, in the platform's types.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::forms;
use super::kind::Kind;
use super::names;
use super::part::{Part, Schemas};
use super::rules;
use crate::contract::sample;

/// One key of a data model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Row {
    /// Where it stands: names with dots between them, `[]` for the items of an array, `<key>` for
    /// keys that have no name of their own. Empty for the whole, where that is no object.
    pub path: String,
    /// Its own name, the last of the path.
    pub name: String,
    /// The name for people.
    pub label: String,
    /// Its type.
    pub kind: Kind,
    /// The type of an array's items.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item_kind: Option<Kind>,
    /// Whether the key must be there, or always is.
    pub mandatory: bool,
    /// What it means; empty if nobody said.
    pub description: String,
    /// A value of it; null for an object, whose keys have theirs.
    pub example: Value,
    /// The values that are allowed, if they are listed.
    pub values: Vec<EnumValue>,
    /// What else holds for it, in words.
    pub rules: Vec<String>,
    /// The heading under which it belongs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Whether it is to be marked as sensitive data.
    pub sensitive: bool,
    /// Whether a number or boolean is also accepted as text.
    pub lenient: bool,
}

/// A value of an enumeration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EnumValue {
    /// The value as it is sent.
    pub value: Value,
    /// What it means; empty if nobody said.
    pub description: String,
}

/// The rows of a root schema, in the order in which the keys are declared; `shown` is JSON of it, from
/// which examples are taken.
pub(super) fn rows(root: &Value, shown: &Value) -> Vec<Row> {
    let mut schemas = Schemas::of(root);
    let whole = schemas.whole();
    let mut table = Table { schemas };
    let place = Place { shown: Some(shown), mandatory: true, ..Place::default() };
    let mut rows = table.value(&whole, &place);
    // An object has its keys, and needs no row of its own unless it says more.
    let whole_is_told = rows.first().is_some_and(|row| {
        row.path.is_empty() && row.kind == Kind::Object && row.rules.is_empty() && rows.len() > 1
    });
    if whole_is_told {
        rows.remove(0);
    }
    rows
}

/// Where a value stands.
#[derive(Clone, Debug, Default)]
struct Place<'p> {
    path: String,
    name: String,
    mandatory: bool,
    /// The heading of what it stands in.
    group: Option<&'p str>,
    /// It, in JSON that serves as example.
    shown: Option<&'p Value>,
}

impl<'p> Place<'p> {
    /// Its name for people; a root's title is the name of a Rust type.
    fn label(&self, title: Option<&str>) -> String {
        match title {
            _ if self.path.is_empty() => "The whole".to_owned(),
            Some(title) => title.to_owned(),
            None => names::label(self.name.trim_end_matches("[]")),
        }
    }

    /// The place of a key inside.
    fn key(&self, name: &str, mandatory: bool) -> Self {
        let path =
            if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) };
        let shown = self.shown.and_then(|shown| shown.get(name));
        Self { path, name: name.to_owned(), mandatory, group: self.group, shown }
    }

    /// The place of an array's items.
    fn items(&self) -> Self {
        let shown = self.shown.and_then(|shown| shown.get(0));
        Self { path: format!("{}[]", self.path), name: format!("{}[]", self.name), shown, ..*self }
    }

    /// The place of keys without names of their own.
    fn entries(&self) -> Self {
        let shown = self.shown.and_then(Value::as_object).and_then(|all| all.values().next());
        Self { shown, ..self.key("<key>", false) }
    }
}

/// Reads the schemas of one document into rows.
struct Table<'s> {
    schemas: Schemas<'s>,
}

/// What stands inside a value.
struct Inside<'s> {
    items: Option<Part<'s>>,
    entries: Option<Part<'s>>,
    choices: Vec<Vec<Part<'s>>>,
}

impl<'s> Table<'s> {
    /// The row of a value, and those of all keys inside it.
    fn value(&mut self, part: &Part<'s>, place: &Place<'_>) -> Vec<Row> {
        let kind = Kind::of(part, &self.schemas);
        let inside = Inside {
            items: part.items().map(|items| self.schemas.part(items)),
            entries: part.entries().map(|entries| self.schemas.part(entries)),
            choices: forms::open(part, &mut self.schemas),
        };
        let mut own = self.row(part, kind, &inside, place);
        let group = part.text("x-flowx-group").or(place.group);
        let place = Place { group, ..place.clone() };
        let below = match kind {
            Kind::Array => self.items(inside.items, &place, &mut own),
            Kind::Object => self.keys(part, inside, &place, &mut own),
            _ => Vec::new(),
        };
        if !below.is_empty() {
            own.example = Value::Null;
        }
        [own].into_iter().chain(below).collect()
    }

    fn row(&self, part: &Part<'s>, kind: Kind, inside: &Inside<'s>, place: &Place<'_>) -> Row {
        let kind_of = |part: &Part<'s>| Kind::of(part, &self.schemas);
        let mut told = rules::of(part, kind);
        if kind == Kind::Currency {
            told.extend(self.money(part));
        }
        if let Some(entries) = &inside.entries {
            told.insert(0, free_keys(part, entries, kind_of(entries)));
        }
        told.extend(inside.choices.iter().map(|forms| forms::rule(forms)));
        if part.types().is_empty() && part.choices.is_empty() && !part.nullable {
            told.extend(part.closed.is_none().then(|| "any JSON".to_owned()));
        }
        let text = |keyword: &str| part.text(keyword).unwrap_or_default().to_owned();
        Row {
            path: place.path.clone(),
            name: place.name.clone(),
            label: place.label(part.text("title")),
            kind,
            item_kind: inside.items.as_ref().filter(|_| kind == Kind::Array).map(kind_of),
            mandatory: place.mandatory,
            description: text("description"),
            example: self.example(part, place),
            values: values_of(part),
            rules: told,
            group: part.text("x-flowx-group").or(place.group).map(str::to_owned),
            sensitive: part.is("x-flowx-sensitive"),
            lenient: part.get("x-flowx-lenient").is_some(),
        }
    }

    /// A value that the schema gives, else the one of the example, else one that is made up.
    fn example(&self, part: &Part<'s>, place: &Place<'_>) -> Value {
        let given = part.get("examples").and_then(|examples| examples.get(0));
        let shown = given.filter(|_| !place.path.is_empty()).or(place.shown);
        shown.filter(|shown| !shown.is_null()).cloned().unwrap_or_else(|| {
            part.source.map_or(Value::Null, |schema| sample::part(schema, self.schemas.root()))
        })
    }

    /// The constraints on the two keys of an amount of money.
    fn money(&self, part: &Part<'s>) -> Vec<String> {
        let mut apart = self.schemas.apart();
        let mut told = Vec::new();
        for (name, schema) in part.properties() {
            let property = apart.part(schema);
            let kind = Kind::of(&property, &apart);
            let rules = rules::of(&property, kind).into_iter();
            told.extend(rules.map(|rule| format!("`{name}`: {rule}")));
        }
        told
    }

    /// The rows below an array: the keys of its items, or the items where they are arrays again. What
    /// else is said of the items goes into the array's own row.
    fn items(&mut self, items: Option<Part<'s>>, place: &Place<'_>, own: &mut Row) -> Vec<Row> {
        let Some(items) = items else { return Vec::new() };
        let mut rows = self.value(&items, &Place { mandatory: true, ..place.items() });
        if rows[0].kind == Kind::Array {
            return rows;
        }
        let each = rows.remove(0);
        own.rules.extend(each.rules.into_iter().map(|rule| format!("each item: {rule}")));
        own.values = each.values;
        rows
    }

    /// The rows of the keys inside an object. What is said of keys without names of their own goes
    /// into the object's own row, unless they have keys again.
    fn keys(
        &mut self,
        part: &Part<'s>,
        inside: Inside<'s>,
        place: &Place<'_>,
        own: &mut Row,
    ) -> Vec<Row> {
        let mut rows = Vec::new();
        for (name, schema) in part.properties() {
            let property = self.schemas.part(schema);
            rows.extend(self.value(&property, &place.key(name, part.requires(name))));
        }
        for forms in inside.choices {
            let mut told = Vec::new();
            for form in forms {
                let when = forms::when(&form);
                let tag = forms::tag(&form).map(|(name, _)| place.key(name, true).path);
                let about = form.text("description").unwrap_or_default();
                let mut rows = self.value(&form, place);
                // What is said of the whole stands in the row of the value.
                rows.remove(0);
                if let Some(path) = tag {
                    forms::describe_tag(&mut rows, &path, about);
                }
                told.push((when, rows));
            }
            forms::merge(&mut rows, told);
        }
        if let Some(entries) = inside.entries {
            let below = self.value(&entries, &place.entries());
            match &below[..] {
                [only] if only.rules == ["any JSON"] => {}
                [only] => {
                    own.rules.extend(only.rules.iter().map(|rule| format!("each value: {rule}")));
                }
                _ => rows.extend(below),
            }
        }
        rows
    }
}

fn values_of(part: &Part<'_>) -> Vec<EnumValue> {
    let values = part.values.iter();
    values
        .map(|listed| EnumValue {
            value: listed.value.clone(),
            description: listed.description.to_owned(),
        })
        .collect()
}

/// What is said of an object whose keys may have any name.
fn free_keys(part: &Part<'_>, entries: &Part<'_>, kind: Kind) -> String {
    let which = if part.properties().is_empty() { "any keys" } else { "further keys" };
    let is_told = !entries.types().is_empty() || !entries.choices.is_empty();
    if is_told { format!("{which}, each of type {}", kind.name()) } else { which.to_owned() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn types_that_use_each_other_without_end_are_cut_off() {
        let mut definitions = json!({ "T0": { "type": "string" } });
        for level in 1..16 {
            let below = json!({ "$ref": format!("#/$defs/T{}", level - 1) });
            definitions[format!("T{level}")] =
                json!({ "type": "object", "properties": { "a": below, "b": below } });
        }
        let root = json!({ "$ref": "#/$defs/T15", "$defs": definitions });
        let rows = rows(&root, &Value::Null);
        assert!(rows.len() < 3_000, "{}", rows.len());
        let cut_off = |row: &&Row| row.rules.iter().any(|rule| rule.contains("too many keys"));
        assert!(rows.iter().any(|row| cut_off(&row)));
    }
}
