//! What a difference is called, what it means, and what to do about it.

use super::Direction;
use crate::contract::diff::Verdict;
use crate::contract::diff::containment::Judgement;

/// What kind of difference it is, as far as the advice differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// A field that must be there, and need not have been; or the other way round.
    Presence,
    /// A field that only the new schema has.
    Added,
    /// A field that only the old schema has.
    Removed,
    /// Null beside a value.
    Null,
    /// Text in place of a number or a truth value.
    Lenient,
    /// Other kinds of JSON.
    Kind,
    /// Other values of a choice.
    Values,
    /// One shape more or less of an object that has several.
    Shape,
    /// Fields that the schema does not name.
    Further,
    /// A rule for values.
    Rule,
    /// What has no words of its own.
    Rules,
}

/// What a judgement of what is sent means.
pub(super) fn verdict(judgement: Judgement) -> Verdict {
    match judgement {
        Judgement::Contained => Verdict::Safe,
        Judgement::Refused | Judgement::Unknown => Verdict::Breaks,
        Judgement::Apart => Verdict::NewVersion,
    }
}

/// Why a difference means what it does, and what to do.
pub(super) fn reason(direction: Direction, judgement: Judgement, cause: Cause) -> String {
    let words = match (direction, judgement) {
        (Direction::Request, Judgement::Contained) => safe_request(cause),
        (Direction::Reply, Judgement::Contained) => safe_reply(cause),
        (Direction::Request, Judgement::Apart) => {
            "No request can be right for both; read the new one on a topic of its own (`.v2`), with a \
             handler beside this one, until no process sends the old."
        }
        (Direction::Reply, Judgement::Apart) => {
            "No reply can be right for both; answer so from a handler on a topic of its own (`.v2`), \
             beside this one, until no process reads the old."
        }
        (Direction::Request, Judgement::Refused) => refused_request(cause),
        (Direction::Reply, Judgement::Refused) => refused_reply(cause),
        (Direction::Request, Judgement::Unknown) => {
            "It could not be proved that every request that is sent today is still accepted, so it \
             counts as breaking; keep the old rule, or look at both and compare with the new contract \
             from then on."
        }
        (Direction::Reply, Judgement::Unknown) => {
            "It could not be proved that processes can read every reply that is sent now, so it counts \
             as breaking; keep the old rule, or look at both and compare with the new contract from \
             then on."
        }
    };
    words.to_owned()
}

fn safe_request(cause: Cause) -> &'static str {
    match cause {
        Cause::Added => "Requests that are sent today do not have it, and need not.",
        Cause::Removed => "Requests that still carry it are accepted; nobody reads it any more.",
        _ => "Every request that is sent today is still accepted.",
    }
}

fn safe_reply(cause: Cause) -> &'static str {
    match cause {
        Cause::Added => {
            "The engine stores it beside the others; who does not know it does not read it."
        }
        Cause::Removed => {
            "It could be missing before, so processes stand that; one that reads it finds it never more."
        }
        _ => "Nothing comes that could not come before.",
    }
}

fn refused_request(cause: Cause) -> &'static str {
    match cause {
        Cause::Presence | Cause::Added => {
            "Templates in use need not send it, and their requests are refused; make it optional, or \
             give it a default."
        }
        Cause::Removed => {
            "Templates in use send it and are refused; keep it as an optional field, or do not deny \
             unknown fields."
        }
        Cause::Null => {
            "Processes in which it has no value send null and are refused; go on accepting null."
        }
        Cause::Lenient => {
            "Templates in use may quote it, and are refused; go on accepting it as text (`Lenient`)."
        }
        Cause::Kind => {
            "Templates in use may send what is refused now; accept both kinds until no process sends the \
             old."
        }
        Cause::Values => {
            "Templates in use may send it and are refused; go on accepting it, and map it to another \
             value."
        }
        Cause::Shape => {
            "Templates in use may send it and are refused; go on accepting it until no process does."
        }
        Cause::Further => {
            "Templates in use may send more than what is read, and are refused; go on ignoring what is \
             not known."
        }
        Cause::Rule | Cause::Rules => {
            "Requests that were accepted are refused; keep accepting what was accepted."
        }
    }
}

fn refused_reply(cause: Cause) -> &'static str {
    match cause {
        Cause::Presence => {
            "Processes rely on finding it; go on sending it always, if need be with a value that stands \
             for nothing."
        }
        Cause::Added => {
            "A reply had to have values of another kind under every name; use another name."
        }
        Cause::Removed => {
            "Processes read it and find nothing; go on sending it beside what is new."
        }
        Cause::Null => {
            "Processes rely on a value and may find null; go on sending a value, or send what may be \
             missing in a field of another name."
        }
        Cause::Lenient | Cause::Kind => {
            "Processes may find a kind of value that they do not expect; send it in a field of another \
             name, and go on filling this one as before."
        }
        Cause::Values => {
            "Gateways do not know it and take their default branch, if they have one; send a known value \
             here, and the new one in a field of another name."
        }
        Cause::Shape => {
            "Processes do not know it and miss the fields of the others; send it in a field of another \
             name, or from another handler."
        }
        Cause::Further => {
            "Processes that go through all fields may find a kind of value that they do not expect; \
             keep the old rule for further fields."
        }
        Cause::Rule | Cause::Rules => {
            "Processes may find values that were ruled out before; stay within the old rule, or send \
             such values in a field of another name."
        }
    }
}
