//! The settings as they came out, each with its origin.

use std::collections::BTreeSet;
use std::fmt;

use serde_json::{Value, json};

use super::Settings;
use super::handlers::PARTS;
use super::keys::KEYS;
use super::origin::Origin;
use super::values::Shown;

/// All settings with their origins; of secrets only whether they are set.
///
/// Its `Display` is a configuration file: whoever reads it again gets the same settings, less the
/// secrets.
#[derive(Clone, Copy, Debug)]
pub struct Effective<'a>(pub &'a Settings);

/// One setting.
struct Row {
    /// The section of the file.
    section: String,
    /// Its name in there.
    name: String,
    shown: Shown,
    origin: Origin,
}

impl Effective<'_> {
    /// The tree of the file: each setting is an object with `value` and `origin`, a secret has
    /// `"secret": true` in place of its value.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut root = json!({});
        for row in self.rows() {
            let origin = row.origin.to_string();
            let section = row.section.split('.').fold(&mut root, |tree, step| &mut tree[step]);
            section[row.name] = match row.shown {
                Shown::Plain(value) => json!({ "value": value, "origin": origin }),
                Shown::Secret { set } => json!({ "secret": true, "set": set, "origin": origin }),
            };
        }
        root
    }

    /// Section by section, in the order of the tables.
    fn rows(&self) -> Vec<Row> {
        let Self(settings) = *self;
        let row = |section: String, name: &str, shown: Shown| {
            let origin = settings.origin(&format!("{section}.{name}"));
            Row { section, name: name.to_owned(), shown, origin }
        };
        let mut rows: Vec<Row> = Vec::new();
        let sections = KEYS.iter().map(|key| section(key.path).0);
        let mut done = BTreeSet::new();
        for wanted in sections.filter(|section| done.insert(*section)) {
            let keys = KEYS.iter().map(|key| (section(key.path), key));
            let keys = keys.filter(|((section, _), _)| *section == wanted);
            rows.extend(
                keys.map(|((_, name), key)| row(wanted.to_owned(), name, key.shown(settings))),
            );
            if wanted == "kafka" {
                let properties = settings.kafka.keys();
                rows.extend(properties.map(|name| {
                    row("kafka.properties".to_owned(), name, Shown::Secret { set: true })
                }));
            }
        }
        for (handler, set) in settings.handlers.iter() {
            let section = format!("handler.{}", handler.to_ascii_lowercase());
            let parts = PARTS.iter().map(|part| (part, (part.show)(set)));
            let parts = parts.filter(|(_, shown)| *shown != Shown::Plain(Value::Null));
            rows.extend(parts.map(|(part, shown)| row(section.clone(), part.path, shown)));
        }
        rows
    }
}

impl fmt::Display for Effective<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = self.rows();
        let lines: Vec<String> = rows.iter().map(line).collect();
        let width = lines.iter().map(|line| line.chars().count()).max().unwrap_or_default().min(60);
        let mut section = "";
        for (row, line) in rows.iter().zip(&lines) {
            if row.section != section {
                let gap = if section.is_empty() { "" } else { "\n" };
                writeln!(f, "{gap}[{}]", row.section)?;
                section = &row.section;
            }
            // One line, whatever is in a file's name.
            let origin = row.origin.to_string().replace(char::is_control, "�");
            writeln!(f, "{line:width$}  # {origin}")?;
        }
        Ok(())
    }
}

/// A setting as a line of a file; what has no value, or none to show, as a comment.
fn line(row: &Row) -> String {
    let name = toml_key(&row.name);
    match &row.shown {
        Shown::Plain(Value::Null) => format!("# {name} is not set"),
        Shown::Plain(value) => format!("{name} = {}", toml_value(value)),
        Shown::Secret { set: true } => format!("# {name} is a secret that is set"),
        Shown::Secret { set: false } => format!("# {name} is a secret that is not set"),
    }
}

fn toml_key(name: &str) -> String {
    if name.contains('.') { format!("\"{name}\"") } else { name.to_owned() }
}

fn toml_value(value: &Value) -> String {
    match value {
        Value::String(text) => toml::Value::String(text.clone()).to_string(),
        Value::Array(items) => {
            format!("[{}]", items.iter().map(toml_value).collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}

/// The section of a path, and the name within.
fn section(path: &str) -> (&str, &str) {
    path.rsplit_once('.').unwrap_or(("", path))
}
