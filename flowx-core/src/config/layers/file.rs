//! The configuration file, in TOML.

use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::entry::{Entry, Given, Layer, PATHS, Target, near};
use crate::config::keys::KEYS;
use crate::config::origin::Origin;
use crate::config::secret::{Secret, text_of};

/// Far more than all settings take.
const LARGEST: u64 = 1_048_576;

/// Reads a file; `asked` is who named it.
pub(super) fn layer(path: &Path, asked: &str) -> Layer {
    match text_of(path, LARGEST) {
        Ok(text) => read(&path.display().to_string(), &text),
        Err(reason) => Layer {
            problems: vec![format!(
                "{asked}: the file {} cannot be read: {reason}; name a configuration file in TOML, or none",
                path.display()
            )],
            ..Layer::default()
        },
    }
}

/// Reads what stands in a file of this name.
pub(super) fn read(file: &str, text: &str) -> Layer {
    let mut reading = Reading { file, text, layer: Layer::default() };
    match DeTable::parse(text) {
        Ok(table) => reading.table(&mut Vec::new(), table.get_ref()),
        Err(error) => {
            // Only the library's own words: with the line itself it would show a value.
            let line = error.span().map_or(1, |span| reading.line(span.start));
            let problem = format!("{file}:{line}: this is no TOML: {}", error.message());
            reading.layer.problems.push(problem);
        }
    }
    reading.layer
}

struct Reading<'t> {
    file: &'t str,
    text: &'t str,
    layer: Layer,
}

impl<'t> Reading<'t> {
    fn table<'k>(&mut self, path: &mut Vec<&'k str>, table: &'k DeTable<'t>) {
        // In the order of the file, for that is how somebody reads the problems.
        let mut items: Vec<_> = table.iter().collect();
        items.sort_by_key(|(key, _)| key.span().start);
        for (key, value) in items {
            path.push(key.get_ref());
            self.value(path, key.span().start, value);
            path.pop();
        }
    }

    fn value<'k>(&mut self, path: &mut Vec<&'k str>, at: usize, value: &'k Spanned<DeValue<'t>>) {
        let origin = Origin::File { file: self.file.to_owned(), line: self.line(at) };
        let subject = origin.subject(&path.join("."));
        if let DeValue::Table(table) = value.get_ref() {
            return match unknown_section(path) {
                Some(advice) => self.problem(format!("{subject} is unknown; {advice}")),
                None => self.table(path, table),
            };
        }
        let (target, in_file) = match Target::of_path(path) {
            Ok(known) => known,
            Err(advice) => return self.problem(format!("{subject} is unknown; {advice}")),
        };
        match text(value.get_ref(), target.takes_list() && !in_file) {
            Some(text) if in_file => {
                self.layer.push(Entry { target, given: Given::File(text), origin });
            }
            Some(text) => {
                let given = Given::Text(Secret::new(text));
                self.layer.push(Entry { target, given, origin });
            }
            None => {
                let list = if target.takes_list() { ", or a list of texts" } else { "" };
                self.problem(format!(
                    "{subject} cannot be read: expected a text, a whole number, `true` or `false`{list}"
                ));
            }
        }
    }

    fn problem(&mut self, problem: String) {
        self.layer.problems.push(problem);
    }

    fn line(&self, at: usize) -> usize {
        self.text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1
    }
}

/// A value as it would be written in a variable.
fn text(value: &DeValue<'_>, list: bool) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Integer(number) => {
            i64::from_str_radix(number.as_str(), number.radix()).ok().map(|n| n.to_string())
        }
        DeValue::Boolean(switch) => Some(switch.to_string()),
        DeValue::Array(items) if list => {
            let texts = items.iter().map(|item| text(item.get_ref(), false));
            texts.collect::<Option<Vec<_>>>().map(|texts| texts.join(","))
        }
        _ => None,
    }
}

/// The advice for a table in which nothing can stand; what is in it is not looked at then.
fn unknown_section(path: &[&str]) -> Option<String> {
    let whole = path.join(".");
    let within = |key: &str| key.strip_prefix(&whole).is_some_and(|rest| rest.starts_with('.'));
    let known = match path {
        ["kafka", "properties", ..] | ["handler"] => true,
        ["handler", ..] => path.len() == 2,
        _ => KEYS.iter().any(|key| within(key.path) || (key.is_secret() && key.path == whole)),
    };
    let sections = KEYS.iter().filter_map(|key| key.path.split('.').next());
    (!known).then(|| near(&whole, PATHS, sections.chain(["handler", "kafka.properties"])))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(text: &str) -> Vec<String> {
        read("c.toml", text).problems
    }

    #[test]
    fn everything_unknown_is_told_with_its_line_and_the_nearest_name() {
        let text = "attempts = 3\n\
            [retry]\n\
            attempt = 3\n\
            [kafka.properties]\n\
            \"Fetch-Wait\" = 1\n\
            [handler.credit-check]\n\
            topics = 'x'\n\
            [retries]\n\
            delay = 'canary'\n\
            budget = 'canary'\n\
            [retry.attempts]\n\
            most = 3\n\
            [somewhere.else]\n";
        assert_eq!(
            problems(text),
            [
                "c.toml:1: `attempts` is unknown; did you mean `retry.attempts`?",
                "c.toml:3: `retry.attempt` is unknown; did you mean `retry.attempts`?",
                "c.toml:11: `retry.attempts` is unknown; did you mean `retry`?",
                "c.toml:5: `kafka.properties.Fetch-Wait` is unknown; librdkafka's properties are small letters, digits and dots, as `fetch.wait.max.ms`",
                "c.toml:7: `handler.credit-check.topics` is unknown; of a handler `topic`, `reply`, `concurrency`, `order`, `timeout`, `attempts`, `retry_topics` can be set",
                "c.toml:8: `retries` is unknown; did you mean `retry`?",
                "c.toml:13: `somewhere` is unknown; the names are in the documentation of flowx_core::config",
            ]
        );
    }
}
