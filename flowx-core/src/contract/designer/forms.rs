//! Values that come in one of several forms: what an `enum` with fields is in JSON.

use super::model::{EnumValue, Row};
use super::part::{Part, Schemas};
use super::rules::{either, inline};

/// The forms of a value, group by group.
pub(super) fn open<'s>(part: &Part<'s>, schemas: &mut Schemas<'s>) -> Vec<Vec<Part<'s>>> {
    let groups = part.choices.iter();
    groups.map(|forms| forms.iter().map(|form| schemas.part(form)).collect()).collect()
}

/// The key by which a form is recognised, and its value there.
pub(super) fn tag<'s>(form: &Part<'s>) -> Option<(&'s str, &'s str)> {
    form.properties().into_iter().find_map(|(name, schema)| {
        let constant = schema.get("const")?.as_str()?;
        form.requires(name).then_some((name, constant))
    })
}

/// What a group of forms says of the value as a whole.
pub(super) fn rule(forms: &[Part<'_>]) -> String {
    let tags: Vec<_> = forms.iter().filter_map(tag).collect();
    let name = tags.first().map(|(name, _)| *name).unwrap_or_default();
    if tags.len() == forms.len() && tags.iter().all(|(other, _)| *other == name) {
        let values: Vec<String> = tags.iter().map(|(_, value)| format!("`{value}`")).collect();
        return format!("its keys depend on `{name}`: {}", either(&values));
    }
    let told: Vec<String> = forms.iter().map(in_words).collect();
    format!("one of these forms: {}", told.join("; "))
}

/// When the keys of a form are there.
pub(super) fn when(form: &Part<'_>) -> When {
    match tag(form) {
        Some((name, value)) => When::Tag { name: name.to_owned(), value: value.to_owned() },
        // The key itself says which form it is.
        None if form.properties().len() == 1 => When::Alone,
        None => When::Form(in_words(form)),
    }
}

/// A form, in a few words.
pub(super) fn in_words(form: &Part<'_>) -> String {
    if let Some((name, value)) = tag(form) {
        return format!("`{name}` is `{value}`");
    }
    if !form.values.is_empty() {
        let values: Vec<String> =
            form.values.iter().map(|listed| format!("`{}`", inline(listed.value))).collect();
        return either(&values);
    }
    let names: Vec<String> = form
        .properties()
        .into_iter()
        .filter(|(name, _)| form.requires(name))
        .map(|(name, _)| format!("`{name}`"))
        .collect();
    match form.types().first().copied() {
        Some("object") if !names.is_empty() => format!("an object with {}", names.join(", ")),
        Some("object") => "an object".to_owned(),
        Some("array") => "a list".to_owned(),
        Some("string") => "a text".to_owned(),
        Some("boolean") => "true or false".to_owned(),
        Some(_) => "a number".to_owned(),
        None if !form.choices.is_empty() => "one of several forms again".to_owned(),
        None => "any JSON".to_owned(),
    }
}

/// When the keys of a form are there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum When {
    /// Another key has this value.
    Tag { name: String, value: String },
    /// The value has no key but this one.
    Alone,
    /// The value has this form, in words.
    Form(String),
}

/// Gives the values of a tag what the forms say of themselves.
pub(super) fn describe_tag(rows: &mut [Row], path: &str, about: &str) {
    if let Some(row) = rows.iter_mut().find(|row| row.path == path) {
        for value in row.values.iter_mut().filter(|value| value.description.is_empty()) {
            about.clone_into(&mut value.description);
        }
    }
}

/// Adds the rows of all forms to those of the value that has them: each key once, and where not all
/// forms have it, with the words when it is there.
pub(super) fn merge(rows: &mut Vec<Row>, forms: Vec<(When, Vec<Row>)>) {
    let all = forms.len();
    let mut merged: Vec<(Row, Vec<When>)> = Vec::new();
    for (when, form) in forms {
        for row in form {
            if let Some(known) = rows.iter_mut().find(|known| known.path == row.path) {
                add_values(known, row.values);
            } else if let Some((known, cases)) =
                merged.iter_mut().find(|(known, _)| known.path == row.path)
            {
                known.mandatory &= row.mandatory;
                if known.kind != row.kind {
                    known.rules.push(format!("or of type {}", row.kind.name()));
                }
                add_rules(known, row.rules);
                add_values(known, row.values);
                cases.push(when.clone());
            } else {
                merged.push((row, vec![when.clone()]));
            }
        }
    }
    for at in 0..merged.len() {
        let (row, cases) = &merged[at];
        let parent = row.path.rfind('.').map(|dot| row.path[..dot].trim_end_matches("[]"));
        // What stands inside a key is there when the key is.
        let follows = merged
            .iter()
            .any(|(other, others)| Some(other.path.as_str()) == parent && others == cases);
        if cases.len() < all && !follows {
            let only = only(cases, row.mandatory);
            let (row, _) = &mut merged[at];
            row.mandatory = false;
            row.rules.insert(0, only);
        }
    }
    rows.extend(merged.into_iter().map(|(row, _)| row));
}

fn only(cases: &[When], mandatory: bool) -> String {
    let mut words = Vec::new();
    let mut values: Vec<String> = Vec::new();
    let mut tag = None;
    for case in cases {
        match case {
            When::Tag { name, value } => {
                tag.get_or_insert(name);
                values.push(format!("`{value}`"));
            }
            When::Alone => return "there is exactly one such key".to_owned(),
            When::Form(form) => words.push(form.clone()),
        }
    }
    if let Some(name) = tag {
        words.insert(0, format!("`{name}` is {}", either(&values)));
    }
    let words = match tag {
        Some(_) => format!("only if {}", words.join("; or: ")),
        None => format!("only in the form: {}", words.join("; or: ")),
    };
    if mandatory { format!("{words}, and then mandatory") } else { words }
}

/// A key with other values in another form may have any of them.
fn add_values(row: &mut Row, values: Vec<EnumValue>) {
    for value in values {
        if !row.values.iter().any(|known| known.value == value.value) {
            row.values.push(value);
        }
    }
    // The rule that lists them was made for one form.
    if row.values.len() > 1 {
        let listed: Vec<String> = row.values.iter().map(|value| inline(&value.value)).collect();
        row.rules.retain(|rule| !rule.starts_with("always ") && !rule.starts_with("one of "));
        row.rules.insert(0, format!("one of {}", listed.join(", ")));
    }
}

fn add_rules(row: &mut Row, rules: Vec<String>) {
    for rule in rules {
        if !row.rules.contains(&rule) {
            row.rules.push(rule);
        }
    }
}
