//! What a designer must know of a handler beyond what is typed into a form.

use serde_json::Value;

use super::conditions::Reply;
use super::part::Schemas;
use super::replies;
use crate::contract::model::HandlerContract;

/// What is out of the ordinary about a handler; empty for most.
pub(super) fn of(handler: &HandlerContract) -> Vec<String> {
    let mut notes = Vec::new();
    notes.extend(replies(handler));
    notes.extend(request(&handler.request));
    if handler.codes_open {
        notes.push(
            "It may send further codes than the ones listed: let the condition on any error take them."
                .to_owned(),
        );
    }
    if !handler.retry_topics.is_empty() {
        notes.push(
            "A request that fails is put aside and tried again later: the response timeout covers that, and a reply may be late."
                .to_owned(),
        );
    }
    notes
}

fn replies(handler: &HandlerContract) -> Option<String> {
    if handler.reply_topic.is_none() {
        return Some(
            "It sends nothing back: no receive node belongs behind the Send Message Task, or the process would wait there."
                .to_owned(),
        );
    }
    match replies::shape(handler) {
        Reply::Nothing => Some(
            "It answers only when it fails. On success nothing comes, and the receive node waits until its response timeout."
                .to_owned(),
        ),
        Reply::List => Some(
            "A successful reply may be a list, which has no keys; an error reply is an object."
                .to_owned(),
        ),
        Reply::Object => None,
    }
}

fn request(schema: &Value) -> Vec<String> {
    let mut notes = Vec::new();
    let mut schemas = Schemas::of(schema);
    let whole = schemas.whole();
    if whole.is_strict() && whole.choices.is_empty() {
        notes.push("A request with keys that are not in the data model is refused.".to_owned());
    }
    if !whole.choices.is_empty() {
        notes.push(
            "A request has one of several forms. The message template shows the first; there is one for each other."
                .to_owned(),
        );
    }
    notes
}
