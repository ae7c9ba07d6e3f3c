//! What the person at the terminal sees. Payloads are shown: the requests are their own.

use std::collections::BTreeSet;

use super::super::CommandError;
use super::super::served::Served;
use crate::handler::registry::Route;
use crate::kafka::{EmbeddedBroker, ReadFrom, Reader};
use crate::message::envelope::Envelope;
use crate::message::record::Record;
use crate::runtime::status::End;
use crate::testing::process_engine::Exchange;

/// Longest payload that is shown whole, in characters.
const LONGEST: usize = 2_000;

pub(super) fn catalog(served: &Served) {
    println!("The catalog, where requests are tried out: http://{}/catalog\n", served.address);
}

pub(super) fn no_examples(route: &Route) {
    println!(
        "{}: no example to send; add `#[schemars(example = …)]` to its request type ({})\n",
        route.name(),
        route.handler.site
    );
}

pub(super) fn request(route: &Route, topic: &str, json: &str) {
    println!("→ {} on {topic}\n  {}", route.name(), shortened(json));
}

pub(super) fn answer(exchange: &Exchange, unfit: &[String]) {
    if let Some(answer) = &exchange.answer {
        let refusal = exchange.refusal_code();
        let kind = refusal.map_or("replied".to_owned(), |code| format!("refused with {code}"));
        println!("← {kind} on {} after {:.0?}", answer.at.topic, exchange.took);
        println!("  {}", shortened(&text(answer)));
    }
    unfit.iter().for_each(|finding| println!("  ✗ {finding}"));
    exchange.findings.iter().for_each(|finding| println!("  ✗ {finding}"));
    if unfit.is_empty() && exchange.findings.is_empty() {
        println!("  ✓ as the protocol demands");
    }
    println!();
}

pub(super) fn end(end: Option<&End>) {
    match end {
        Some(End::Nothing | End::Replied) => println!("  ✓ handled, it sends no reply\n"),
        Some(End::Refused { code, reason, dead_letter, .. }) => {
            let aside = if *dead_letter { ", and the request put aside" } else { "" };
            println!("  refused with {code} ({reason}){aside}\n");
        }
        None => println!("  ✗ it did not end\n"),
    }
}

pub(super) fn summary(played: usize, failed: usize) {
    match (played, failed) {
        (0, _) => println!("No handler has an example, so nothing was sent.\n"),
        (1, 0) => println!("1 exchange, answered as the protocol demands.\n"),
        (_, 0) => println!("{played} exchanges, all answered as the protocol demands.\n"),
        _ => println!("{played} exchanges, {failed} of them not as they should be.\n"),
    }
}

/// Shows every record of these topics as it comes, until `stop`.
pub(super) async fn records(
    broker: &EmbeddedBroker,
    topics: &[String],
    stop: impl Future<Output = ()>,
) -> Result<(), CommandError> {
    let names: BTreeSet<&str> = topics.iter().map(String::as_str).collect();
    let names: Vec<&str> = names.into_iter().collect();
    let mut reader = Reader::open(&broker.settings("dev"), &names, ReadFrom::End).await?;
    let mut stop = std::pin::pin!(stop);
    loop {
        tokio::select! {
            () = &mut stop => return Ok(()),
            record = reader.next() => show(record),
        }
    }
}

fn show(record: Record) {
    let envelope = Envelope::read(record);
    let record = envelope.record();
    let process = envelope.process().unwrap_or("none");
    match record.headers.text("dlq-reason") {
        Some(reason) => println!("✗ put aside as {reason}: {} (process {process})", record.at),
        None => println!("• {} (process {process})", record.at),
    }
    println!("  {}\n", shortened(&text(record)));
}

fn text(record: &Record) -> String {
    match &record.payload {
        Some(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        None => "(no value)".to_owned(),
    }
}

/// Cut to what a screen can bear, control characters made visible.
fn shortened(text: &str) -> String {
    let mut shown: String = text
        .chars()
        .take(LONGEST)
        .flat_map(|c| if c.is_control() { c.escape_default().collect() } else { vec![c] })
        .collect();
    if text.chars().nth(LONGEST).is_some() {
        shown.push('…');
    }
    shown
}
