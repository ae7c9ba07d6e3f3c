//! The handlers of a connector as a table for people.

use std::fmt;

use crate::handler::registry::{Registry, Route};

/// What is promised of every record that a handler reads.
///
/// Offsets follow acknowledged answers, so a record is handled at least once.
pub const GUARANTEE: &str = "at least once";

/// The handlers of a connector, printed as a table: topic, reply topic, group, guarantee.
#[derive(Clone, Copy, Debug)]
pub struct HandlerTable<'a> {
    /// The handlers.
    pub registry: &'a Registry,
    /// The consumer group.
    pub group: &'a str,
}

impl fmt::Display for HandlerTable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = ["handler", "topic", "reply topic", "group", "guarantee"].map(str::to_owned);
        let rows = self.registry.routes().map(|route| self.row(route));
        let rows: Vec<[String; 5]> = std::iter::once(head).chain(rows).collect();
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

impl HandlerTable<'_> {
    fn row(&self, route: &Route) -> [String; 5] {
        [
            route.name().to_owned(),
            route.subscription.to_string(),
            route.reply.as_deref().unwrap_or("none").to_owned(),
            self.group.to_owned(),
            GUARANTEE.to_owned(),
        ]
    }
}
