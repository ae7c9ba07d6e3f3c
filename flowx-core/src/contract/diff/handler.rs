//! What changes from one handler to the one in its place.

use super::pairs::{Pair, own_name_beside};
use super::schema::{self, Direction};
use super::{Change, Place, Verdict, codes, times};
use crate::contract::model::{Contract, HandlerContract};

/// All changes of one handler; none if nobody could notice.
pub(super) fn changes(pair: &Pair<'_>, old: &Contract, new: &Contract) -> Vec<Change> {
    match pair {
        Pair::Removed(ours) => vec![Notes::new(ours).one(
            Place::Handler,
            format!("The handler is gone, and nobody reads `{}`.", ours.topic),
            Verdict::Breaks,
            "What processes send there stays unread, and those that wait for an answer wait in vain; \
             keep the handler until the last process that uses it has ended.",
        )],
        Pair::Moved(ours, theirs) => vec![Notes::new(theirs).one(
            Place::Topic,
            format!("The topic was `{}` and is `{}`.", ours.topic, theirs.topic),
            Verdict::Breaks,
            "Processes send to the old topic, which nobody reads; keep the old handler as it was, and \
             add another one for the new topic beside it.",
        )],
        Pair::Added(theirs) => vec![Notes::new(theirs).one(
            Place::Handler,
            format!("The handler is new; it reads `{}`.", theirs.topic),
            Verdict::Safe,
            "No process uses it yet; its topics must be there before it starts.",
        )],
        Pair::Both(ours, theirs) => {
            let mut notes = Notes::new(theirs);
            notes.identity(ours, theirs, old, new);
            notes.order(ours, theirs);
            notes.changes.extend(times::changes(ours, theirs, old, new));
            notes.schema(Place::Request, Some(&ours.request), Some(&theirs.request), Direction::Request);
            notes.answers(ours, theirs, old, new);
            notes.changes
        }
    }
}

/// Changes of one handler as they are found.
pub(super) struct Notes {
    handler: String,
    changes: Vec<Change>,
}

impl Notes {
    pub(super) fn new(handler: &HandlerContract) -> Self {
        Self { handler: handler.name.clone(), changes: Vec::new() }
    }

    pub(super) fn one(&self, place: Place, what: String, verdict: Verdict, reason: &str) -> Change {
        let handler = Some(self.handler.clone());
        Change { handler, place, path: None, what, verdict, reason: reason.to_owned() }
    }

    pub(super) fn add(&mut self, place: Place, what: String, verdict: Verdict, reason: &str) {
        self.changes.push(self.one(place, what, verdict, reason));
    }

    pub(super) fn into_changes(self) -> Vec<Change> {
        self.changes
    }

    /// Name, topic and promise.
    fn identity(
        &mut self,
        ours: &HandlerContract,
        theirs: &HandlerContract,
        old: &Contract,
        new: &Contract,
    ) {
        if ours.name != theirs.name {
            let kept = old.handlers.len() > 1 && new.handler(&ours.name).is_some();
            let reason = format!(
                "The idempotency key of a request is made of the handler's name, so one that is repeated \
                 across the release is taken for another; and settings under the old name are errors. \
                 {} `name = \"{}\"` in the attribute.",
                if kept {
                    "Give both handlers the names they had, with"
                } else {
                    "Keep the name with"
                },
                ours.name
            );
            let what = format!("The handler was called `{}` and is `{}`.", ours.name, theirs.name);
            self.add(Place::Handler, what, Verdict::Breaks, &reason);
        }
        let moved = old.naming.own_name(&ours.topic) != new.naming.own_name(&theirs.topic);
        if moved {
            self.add(
                Place::Topic,
                format!("The topic was `{}` and is the pattern `{}`.", ours.topic, theirs.topic),
                Verdict::Safe,
                "It reads all that it read, and more.",
            );
        }
        let dead_letters = |handler: &HandlerContract, contract: &Contract| {
            own_name_beside(&handler.dead_letter_topic, handler, &contract.naming)
        };
        // With a pattern they follow from the topic.
        if !moved && dead_letters(ours, old) != dead_letters(theirs, new) {
            self.add(
                Place::DeadLetterTopic,
                format!(
                    "Failed requests were put aside on `{}` and are on `{}`.",
                    ours.dead_letter_topic, theirs.dead_letter_topic
                ),
                Verdict::Safe,
                "No process reads them; whoever looks after dead letters must look there too, and the \
                 topic must be there.",
            );
        }
        if ours.guarantee != theirs.guarantee {
            self.add(
                Place::Guarantee,
                format!("The guarantee was `{}` and is `{}`.", ours.guarantee, theirs.guarantee),
                Verdict::Breaks,
                "Processes were built on the old one, and this version knows no other that holds it.",
            );
        }
    }

    fn order(&mut self, ours: &HandlerContract, theirs: &HandlerContract) {
        if ours.order == theirs.order {
            return;
        }
        let what = format!("The order was by `{}` and is `{}`.", ours.order, theirs.order);
        match (strictness(&ours.order), strictness(&theirs.order)) {
            (Some(before), Some(after)) if after > before => self.add(
                Place::Order,
                what,
                Verdict::Safe,
                "Requests that ran one after another still do; less runs at the same time.",
            ),
            _ => self.add(
                Place::Order,
                what,
                Verdict::Breaks,
                "A process that sends two requests relied on the first being handled first, and the \
                 second may now overtake it; keep the order, or take the new one to a handler with a \
                 topic of its own.",
            ),
        }
    }

    /// Where and what it answers.
    fn answers(
        &mut self,
        ours: &HandlerContract,
        theirs: &HandlerContract,
        old: &Contract,
        new: &Contract,
    ) {
        let (before, after) = match (&ours.reply_topic, &theirs.reply_topic) {
            (None, None) => return,
            (Some(topic), None) => {
                return self.add(
                    Place::ReplyTopic,
                    format!("It answered on `{topic}` and does not answer any more."),
                    Verdict::Breaks,
                    "Processes that wait for an answer wait until their response timeout; go on \
                     answering, and add another handler for those who need no answer.",
                );
            }
            (None, Some(topic)) => {
                return self.add(
                    Place::ReplyTopic,
                    format!("It did not answer and answers on `{topic}`."),
                    Verdict::Safe,
                    "No process waits for it, and the engine passes over what no node waits for.",
                );
            }
            (Some(before), Some(after)) => (before, after),
        };
        if old.naming.own_name(before) != new.naming.own_name(after) {
            self.add(
                Place::ReplyTopic,
                format!("It answered on `{before}` and answers on `{after}`."),
                Verdict::Breaks,
                "Receive nodes listen on the old topic and wait until their response timeout; set \
                 `reply` to the old topic, and add another handler for the new one.",
            );
        }
        let renamed = |schema: &Option<serde_json::Value>| {
            schema
                .clone()
                .map(|schema| schema::rename_field(schema, &old.error_field, &new.error_field))
        };
        let (reply, error) = (renamed(&ours.reply), renamed(&ours.error));
        self.schema(Place::Reply, reply.as_ref(), theirs.reply.as_ref(), Direction::Reply);
        let text = |schema: Option<&serde_json::Value>| schema.map(schema::without_codes);
        let (before, after) = (text(error.as_ref()), text(theirs.error.as_ref()));
        self.schema(Place::Error, before.as_ref(), after.as_ref(), Direction::Reply);
        self.changes.extend(codes::changes(ours, theirs));
    }

    fn schema(
        &mut self,
        place: Place,
        old: Option<&serde_json::Value>,
        new: Option<&serde_json::Value>,
        direction: Direction,
    ) {
        match (old, new) {
            (None, None) => {}
            (Some(old), Some(new)) => {
                for found in schema::compare(old, new, direction) {
                    self.changes.push(Change {
                        path: Some(found.path),
                        ..self.one(place, found.what, found.verdict, &found.reason)
                    });
                }
            }
            (Some(_), None) => self.add(
                place,
                "It sent one and does not any more.".to_owned(),
                Verdict::Breaks,
                "Processes that wait for it wait until their response timeout; go on sending it.",
            ),
            (None, Some(_)) => self.add(
                place,
                "It sent none and does now.".to_owned(),
                Verdict::NewVersion,
                "Whatever came on this topic was of another kind, and processes take this for it; answer \
                 so on a topic of its own, from another handler beside this one.",
            ),
        }
    }
}

/// How much runs one after another: the more, the higher.
fn strictness(order: &str) -> Option<u8> {
    match order {
        "unordered" => Some(0),
        "key" => Some(1),
        "partition" => Some(2),
        _ => None,
    }
}
