//! The artefacts as Markdown, for who has no browser at hand.

use std::fmt;

use serde_json::Value;

use super::conditions::Condition;
use super::model::Row;
use super::names;
use super::rules::inline;
use super::topics::Topics;
use super::{Artefacts, Kind, When};
use crate::message::error_reply::CODE_FIELD;

impl fmt::Display for Artefacts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "# {}", self.handler)?;
        if !self.description.is_empty() {
            writeln!(f, "\n{}", self.description)?;
        }
        for note in &self.notes {
            writeln!(f, "\n> {note}")?;
        }
        self.sending(f)?;
        self.receiving(f)?;
        self.branching(f)?;
        table(f, "Data model of the request", &self.request_model)?;
        if self.receive.is_some() {
            table(f, "Data model of the reply", &self.reply_model)?;
            if self.sample_reply.is_some() {
                writeln!(f, "\nMandatory keys are those of a successful reply.")?;
            }
        }
        self.samples(f)?;
        self.mocking(f)
    }
}

impl Artefacts {
    fn sending(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\n## Send the request")?;
        writeln!(f, "\nIn a Send Message Task, an action of type Kafka Send Action.\n")?;
        fields(f, &topic_fields("Topics", &self.send))?;
        if let Some(note) = &self.send.note {
            writeln!(f, "\n{note}")?;
        }
        writeln!(f, "\nMessage:")?;
        block(f, "json", &self.message_template)?;
        for other in &self.other_templates {
            writeln!(f, "\nMessage, if {}:", other.form)?;
            block(f, "json", &other.template)?;
        }
        writeln!(
            f,
            "\nEach placeholder is named after the key of the request: put the process's own key in its place, and leave out keys that are not mandatory and that the process does not have."
        )?;
        writeln!(f, "\nAdvanced configuration, Headers:")?;
        block(f, "json", &self.headers_template)
    }

    fn receiving(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(receive) = &self.receive {
            writeln!(f, "\n## Receive the reply")?;
            writeln!(f, "\nIn a Receive Message Task, a data stream.\n")?;
            let mut rows = topic_fields("Topic Name", &receive.topic);
            rows.push(("Key Name".to_owned(), receive.key_name.clone()));
            rows.push(("Response Timeout".to_owned(), receive.response_timeout.clone()));
            fields(f, &rows)?;
        }
        if !self.parameters.is_empty() {
            writeln!(f, "\n## Configuration parameters")?;
            writeln!(
                f,
                "\nOf the project, with the values of this environment; only needed where topics are written with them.\n"
            )?;
            writeln!(f, "| key | value | |\n|---|---|---|")?;
            for parameter in &self.parameters {
                let value = code(&parameter.value);
                writeln!(f, "| `{}` | {value} | {} |", parameter.name, parameter.description)?;
            }
        }
        Ok(())
    }

    fn branching(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.conditions.is_empty() {
            return Ok(());
        }
        writeln!(f, "\n## Branch on the outcome")?;
        writeln!(
            f,
            "\nConditions for an exclusive gateway behind the receive node. The first that is true wins: single codes come before any error."
        )?;
        let is_own = |condition: &&Condition| {
            let known = |code: &String| {
                self.sample_errors.iter().any(|error| error.own && error.code == *code)
            };
            condition.code.as_ref().is_some_and(known)
        };
        let (own, theirs): (Vec<_>, Vec<_>) = self.conditions.iter().partition(is_own);
        let (single, whole): (Vec<_>, Vec<_>) =
            theirs.into_iter().partition(|condition| condition.when == When::Code);
        single.iter().try_for_each(|condition| branch(f, condition))?;
        writeln!(f, "\nEvery handler may also send these codes; one branches on them alike:\n")?;
        for condition in own {
            let name = condition.code.as_deref().unwrap_or_default();
            writeln!(f, "- `{name}`: {}", condition.description)?;
        }
        whole.iter().try_for_each(|condition| branch(f, condition))
    }

    fn samples(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\n## Samples\n\nA request:")?;
        block(f, "json", &pretty(&self.sample_request))?;
        if let Some(reply) = &self.sample_reply {
            writeln!(f, "\nIts reply, when it is handled:")?;
            block(f, "json", &pretty(reply))?;
        }
        if let Some(error) = self.sample_errors.first() {
            writeln!(f, "\nA reply when it is not; the other codes look the same:")?;
            block(f, "json", &pretty(&error.reply))?;
        }
        Ok(())
    }

    fn mocking(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.mock.is_null() {
            return Ok(());
        }
        writeln!(f, "\n## Mock adapter")?;
        writeln!(f, "\n`POST {{MOCK_ADAPTER_URL}}/api/kafka-exchanges/` with this body:")?;
        block(f, "json", &pretty(&self.mock))
    }
}

fn topic_fields(name: &str, topic: &Topics) -> Vec<(String, String)> {
    let mut rows = vec![(name.to_owned(), topic.name.clone())];
    if let Some(parameter) = &topic.parameter {
        rows.push(("or, for all environments".to_owned(), parameter.clone()));
    }
    rows
}

fn fields(f: &mut fmt::Formatter<'_>, rows: &[(String, String)]) -> fmt::Result {
    writeln!(f, "| field | value |\n|---|---|")?;
    rows.iter().try_for_each(|(name, value)| writeln!(f, "| {name} | {} |", code(value)))
}

fn branch(f: &mut fmt::Formatter<'_>, condition: &Condition) -> fmt::Result {
    let name = match (&condition.code, condition.when) {
        (Some(code), _) => format!("`{code}`"),
        (None, When::Success) => "Success".to_owned(),
        (None, _) => "Any error".to_owned(),
    };
    writeln!(f, "\n{}", format!("{name}: {}", condition.description).trim_end_matches([':', ' ']))?;
    let Condition { javascript, mvel, python, .. } = condition;
    let forms = format!("JavaScript  {javascript}\nMVEL        {mvel}\nPython      {python}");
    block(f, "text", &forms)
}

fn table(f: &mut fmt::Formatter<'_>, title: &str, rows: &[Row]) -> fmt::Result {
    writeln!(f, "\n## {title}\n")?;
    let grouped = rows.iter().any(|row| row.group.is_some());
    let (head, line) = if grouped { (" group |", "---|") } else { ("", "") };
    writeln!(f, "| key | type | mandatory |{head} description | rules | example |")?;
    writeln!(f, "|---|---|---|{line}---|---|---|")?;
    for row in rows {
        let path = if row.path.is_empty() { "(the whole)".to_owned() } else { code(&row.path) };
        let mandatory = if row.mandatory { "yes" } else { "no" };
        let group = if grouped {
            format!(" {} |", cell(row.group.as_deref().unwrap_or_default()))
        } else {
            String::new()
        };
        let example =
            if row.example.is_null() { String::new() } else { code(&inline(&row.example)) };
        writeln!(
            f,
            "| {path} | {} | {mandatory} |{group} {} | {} | {example} |",
            type_of(row),
            cell(&told(row)),
            cell(&rules(row)),
        )?;
    }
    meanings(f, rows)
}

fn type_of(row: &Row) -> String {
    match row.item_kind {
        Some(item) if row.kind == Kind::Array => format!("ARRAY of {}", item.name()),
        _ => row.kind.name().to_owned(),
    }
}

/// The description, behind the label where that is more than the key's name.
fn told(row: &Row) -> String {
    let is_plain = row.path.is_empty() || row.label == names::label(&row.name);
    match (is_plain, row.description.as_str()) {
        (_, "") if row.path.is_empty() => String::new(),
        (_, "") => row.label.clone(),
        (true, description) => description.to_owned(),
        (false, description) => format!("{}: {description}", row.label),
    }
}

/// What the values of enumerations mean; error codes are told where one branches on them.
fn meanings(f: &mut fmt::Formatter<'_>, rows: &[Row]) -> fmt::Result {
    for row in rows.iter().filter(|row| row.path != CODE_FIELD) {
        let told: Vec<_> =
            row.values.iter().filter(|value| !value.description.is_empty()).collect();
        if !told.is_empty() {
            writeln!(f, "\nValues of {}:\n", code(&row.path))?;
        }
        for value in told {
            writeln!(f, "- {}: {}", code(&inline(&value.value)), cell(&value.description))?;
        }
    }
    Ok(())
}

fn rules(row: &Row) -> String {
    let sensitive = row.sensitive.then(|| "sensitive data".to_owned());
    row.rules.iter().cloned().chain(sensitive).collect::<Vec<_>>().join("; ")
}

/// A text that stays in its cell.
fn cell(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
}

/// A text as code, also in a cell.
fn code(text: &str) -> String {
    let text = text.replace('\n', " ").replace('|', "\\|");
    match text.as_str() {
        "" => "(empty)".to_owned(),
        _ if text.contains('`') => format!("`` {text} ``"),
        _ => format!("`{text}`"),
    }
}

fn block(f: &mut fmt::Formatter<'_>, language: &str, text: &str) -> fmt::Result {
    writeln!(f, "\n```{language}\n{text}\n```")
}

fn pretty(value: &Value) -> String {
    format!("{value:#}")
}
