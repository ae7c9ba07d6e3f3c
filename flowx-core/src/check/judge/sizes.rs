//! Whether what one topic takes fits into the next, and into this connector.

use super::super::command::{KafkaCommand, Value};
use super::super::needs::Role;
use super::{Level, Look, Said};

/// What a batch around the largest record may add: a topic's own limit is one on batches.
const AROUND: u64 = 1_048_576;

pub(super) fn sizes(look: &Look<'_>) -> Vec<Said> {
    let Some(most) = look.settings.max_message_bytes else { return Vec::new() };
    let ours = look.terms.message_max_bytes;
    look.need.uses.iter().filter_map(|used| {
        let requests = || {
            let topic = look.other(used.requests.as_deref()?)?;
            let theirs = topic.settings.as_ref().ok()?.max_message_bytes?;
            // A larger one is not even read.
            Some(theirs.min(ours))
        };
        let (message, wanted) = match used.role {
            Role::Requests { .. } if most > ours.saturating_add(AROUND) => {
                return Some(
                    Said::new(
                        Level::Warning,
                        format!("it takes records of {most} bytes and this connector {ours}, so larger requests are refused"),
                    )
                    .remedy("raise FLOWX_CONNECTOR_MESSAGE_MAX_BYTES or lower `max.message.bytes`"),
                );
            }
            Role::Replies if most < ours => (
                format!("it takes {most} bytes and this connector {ours}, so in place of a larger reply an error is sent"),
                ours,
            ),
            Role::Retries(_) => {
                let wanted = requests().filter(|wanted| most < *wanted)?;
                (
                    format!("it takes {most} bytes and the topic of the requests {wanted}, so larger ones cannot wait here"),
                    wanted,
                )
            }
            Role::DeadLetters => {
                let wanted = requests().filter(|wanted| most < *wanted)?;
                (
                    format!("it takes {most} bytes and the topic of the requests {wanted}, so of larger ones only a pointer is put aside"),
                    wanted,
                )
            }
            _ => return None,
        };
        let set = KafkaCommand::Set {
            topic: look.name.to_owned(),
            name: "max.message.bytes",
            value: Value::Number(wanted),
        };
        let remedy = match used.role {
            Role::Replies => "raise `max.message.bytes`, or lower FLOWX_CONNECTOR_MESSAGE_MAX_BYTES",
            _ => "raise `max.message.bytes`",
        };
        Some(Said::new(Level::Warning, message).remedy(remedy).commands([set]))
    })
    .collect()
}
