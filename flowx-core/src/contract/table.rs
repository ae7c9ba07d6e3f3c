//! The handlers of a connector as a table for people.

use std::fmt;

use super::model::{Contract, HandlerContract};

/// What is promised of every record that a handler reads.
///
/// Offsets follow acknowledged answers, so a record is handled at least once.
pub const GUARANTEE: &str = "at least once";

/// The handlers of a connector, printed as a table: topic, reply topic, group, guarantee, contract
/// hash, and where a handler has some, what its retry topics are called behind the topic's name.
#[derive(Clone, Copy, Debug)]
pub struct HandlerTable<'a>(pub &'a Contract);

impl fmt::Display for HandlerTable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(contract) = self;
        let mut head =
            ["handler", "topic", "reply topic", "group", "guarantee", "contract"].to_vec();
        let retries = contract.handlers.iter().any(|handler| !handler.retry_topics.is_empty());
        if retries {
            head.push("retry topics");
        }
        let head = head.into_iter().map(str::to_owned).collect();
        let rows = contract.handlers.iter().map(|handler| row(handler, &contract.group, retries));
        let rows: Vec<Vec<String>> = std::iter::once(head).chain(rows).collect();
        let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
        for row in &rows {
            let cells = row.iter().enumerate().map(|(column, cell)| {
                let width = width(column).unwrap_or_default();
                format!("{cell:width$}")
            });
            writeln!(f, "{}", cells.collect::<Vec<_>>().join("  ").trim_end())?;
        }
        Ok(())
    }
}

fn row(handler: &HandlerContract, group: &str, retries: bool) -> Vec<String> {
    let mut row = vec![
        handler.name.clone(),
        handler.topic.clone(),
        handler.reply_topic.clone().unwrap_or_else(|| "none".to_owned()),
        group.to_owned(),
        handler.guarantee.clone(),
        handler.hash.clone(),
    ];
    if retries {
        // What they have in common stands under `topic`.
        let behind = |topic: &str| topic.strip_prefix(&handler.topic).unwrap_or(topic).to_owned();
        let names: Vec<_> = handler.retry_topics.iter().map(|retry| behind(&retry.topic)).collect();
        row.push(if names.is_empty() { "none".to_owned() } else { names.join(", ") });
    }
    row
}
