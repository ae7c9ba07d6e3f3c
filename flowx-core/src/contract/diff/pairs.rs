//! Which handler of the new contract takes the place of which old one.
//!
//! A process knows topics and no names, so who reads the old topic now is whom it meets.

use crate::contract::model::{Contract, HandlerContract, TopicNaming};

/// A handler before and after.
#[derive(Debug)]
pub(super) enum Pair<'a> {
    /// It is there on both sides, and reads all that it read.
    Both(&'a HandlerContract, &'a HandlerContract),
    /// The name is there on both sides, and nobody reads the old topic any more.
    Moved(&'a HandlerContract, &'a HandlerContract),
    /// It is not there any more, nor anyone else who reads its topic.
    Removed(&'a HandlerContract),
    /// It was not there before.
    Added(&'a HandlerContract),
}

/// All handlers of both, those of the old one first.
pub(super) fn of<'a>(old: &'a Contract, new: &'a Contract) -> Vec<Pair<'a>> {
    let reads = |theirs: &HandlerContract, ours: &HandlerContract| {
        covers(&new.naming.own_name(&theirs.topic), &old.naming.own_name(&ours.topic))
    };
    let same = |theirs: &HandlerContract, ours: &HandlerContract| {
        new.naming.own_name(&theirs.topic) == old.naming.own_name(&ours.topic)
    };
    let mut taken = vec![false; new.handlers.len()];
    let mut pairs = Vec::new();
    for ours in &old.handlers {
        let find = |fits: &dyn Fn(&HandlerContract) -> bool| new.handlers.iter().position(fits);
        let successor =
            find(&|theirs| same(theirs, ours)).or_else(|| find(&|theirs| reads(theirs, ours)));
        pairs.push(match successor {
            Some(index) => {
                taken[index] = true;
                Pair::Both(ours, &new.handlers[index])
            }
            // Decided below, when it is known who is left.
            None => Pair::Removed(ours),
        });
    }
    for pair in &mut pairs {
        let Pair::Removed(ours) = *pair else { continue };
        let left =
            |(index, theirs): (usize, &HandlerContract)| !taken[index] && theirs.name == ours.name;
        if let Some(index) = new.handlers.iter().enumerate().position(left) {
            taken[index] = true;
            *pair = Pair::Moved(ours, &new.handlers[index]);
        }
    }
    let left = new.handlers.iter().zip(taken).filter(|(_, taken)| !taken);
    pairs.extend(left.map(|(theirs, _)| Pair::Added(theirs)));
    pairs
}

/// A topic beside a handler's own, as it is called in every environment: what follows the handler's
/// topic, if it begins with that.
pub(super) fn own_name_beside(
    topic: &str,
    handler: &HandlerContract,
    naming: &TopicNaming,
) -> String {
    match topic.strip_prefix(handler.topic.trim_end_matches('*')) {
        Some(behind) => format!("{}{behind}", naming.own_name(&handler.topic)),
        None => naming.own_name(topic),
    }
}

/// Whether a topic or pattern reads all that another does.
fn covers(topic: &str, other: &str) -> bool {
    topic == other || topic.strip_suffix('*').is_some_and(|prefix| other.starts_with(prefix))
}
