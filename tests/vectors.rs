//! Every message that the platform's documentation shows, through typed handlers and back.
//!
//! `vectors/flowx-examples.json` holds the messages as they are documented. Those to and from
//! services and connectors are sent to a handler whose types say what the documentation says; what
//! the handler decoded must be what was sent, and what it answers must be what is documented, nulls
//! included. The whole way is the production one: topics, headers back, key.

#[path = "vectors/connectors.rs"]
mod connectors;
#[path = "vectors/content.rs"]
mod content;
#[path = "vectors/customers.rs"]
mod customers;
#[path = "vectors/documents.rs"]
mod documents;
#[path = "vectors/file.rs"]
mod file;
#[path = "vectors/notifications.rs"]
mod notifications;
#[path = "vectors/play.rs"]
mod play;
#[path = "vectors/search.rs"]
mod search;
#[path = "vectors/tasks.rs"]
mod tasks;

use std::collections::BTreeSet;

use file::{Kind, Vector};
use play::Case;

/// The part that plays a documented message; `None` if nobody does.
fn case(vector: &Vector) -> Option<Case> {
    let services = [
        connectors::case,
        content::case,
        customers::case,
        documents::case,
        notifications::case,
        search::case,
        tasks::case,
    ];
    services.iter().find_map(|service| service(vector))
}

/// Messages between services and connectors. What the engine starts processes with, what a designer
/// types, and the mock adapter's own interface are no requests that a connector gets.
fn concerns_connectors(vector: &Vector) -> bool {
    matches!(vector.kind, Kind::Plugin | Kind::Core | Kind::Connector)
}

#[tokio::test(start_paused = true)]
async fn every_documented_message_is_read_and_answered_as_documented() {
    for vector in file::vectors().iter().filter(|vector| concerns_connectors(vector)) {
        let case = case(vector);
        let case = case.unwrap_or_else(|| panic!("`{}` has no handler here", vector.name));
        play::play(vector, case).await;
    }
}

#[test]
fn the_file_holds_what_the_handlers_were_written_for() {
    let vectors = file::vectors();
    let names: BTreeSet<&str> = vectors.iter().map(|vector| vector.name.as_str()).collect();
    assert_eq!(names.len(), vectors.len(), "every name is there once");
    let concerned = vectors.iter().filter(|vector| concerns_connectors(vector)).count();
    // A file that lost its messages would pass every loop over it.
    assert_eq!((vectors.len(), concerned), (29, 23));
}

#[tokio::test(start_paused = true)]
async fn a_message_that_is_almost_json_is_answered_once_its_commas_are_there() {
    content::mended_message_is_answered(&file::vector("cms-request-content-3x")).await;
}
