//! Two schemas in step: from place to place, as far as they differ.

use std::collections::HashMap;

use serde_json::Value;

use super::cases::{self, Case, Kind};
use super::closed::Sides;
use super::document::LENIENT;
use super::path::Path;
use super::same::same;
use super::words::{self, Cause};
use super::{Direction, Found};
use crate::contract::diff::containment::{Judgement, judge};

/// How many places are looked at; more than any message that people wrote.
const MOST: usize = 1_000;
/// How deep messages are followed.
const DEEPEST: usize = 128;

/// What is found on the way.
pub(super) struct Walk<'a> {
    pub(super) sides: &'a Sides<'a>,
    found: Vec<Found>,
    /// The pairs of schemas around this place: one that comes again would go on for ever.
    around: Vec<(String, String)>,
    /// The same for cases, which may come again by other ways.
    cases_around: Vec<(String, String)>,
    /// What was judged before: a type may be used in many places.
    judged: HashMap<(String, String), Judgement>,
    visits: usize,
    gave_up: bool,
}

/// A place in the walk.
#[derive(Clone)]
pub(super) struct At {
    pub(super) path: Path,
    /// It is proved of something around it that all that is sent is accepted.
    pub(super) proved: bool,
}

/// All differences; `proved` says that none of them does harm.
pub(super) fn walk(sides: &Sides<'_>, proved: bool) -> Vec<Found> {
    let mut walk = Walk {
        sides,
        found: Vec::new(),
        around: Vec::new(),
        cases_around: Vec::new(),
        judged: HashMap::new(),
        visits: 0,
        gave_up: false,
    };
    let at = At { path: Path::root(), proved };
    walk.place(&sides.old.root, &sides.new.root, &at);
    if walk.gave_up {
        let at = At { path: Path::root(), proved };
        walk.rules(&sides.old.root, &sides.new.root, &at);
    }
    walk.found
}

impl Walk<'_> {
    /// One place: an old schema and the new one for the same.
    pub(super) fn place(&mut self, old: &Value, new: &Value, at: &At) {
        if same(self.sides.old, old, self.sides.new, new) {
            return;
        }
        self.visits += 1;
        self.gave_up |= self.visits > MOST || self.around.len() > DEEPEST;
        let pair = (old.to_string(), new.to_string());
        if self.gave_up || self.around.contains(&pair) {
            return;
        }
        let judgement = match self.judged.get(&pair) {
            Some(known) => *known,
            None => self.judge(old, new),
        };
        self.judged.insert(pair.clone(), judgement);
        self.around.push(pair);
        let at = At { proved: at.proved || judgement == Judgement::Contained, ..at.clone() };
        match (cases::of(old, self.sides.old), cases::of(new, self.sides.new)) {
            (Some(olds), Some(news)) => self.cases(&olds, &news, &at),
            _ => self.rules(old, new, &at),
        }
        self.around.pop();
    }

    /// What is sent of these two, in what is accepted.
    pub(super) fn judge(&self, old: &Value, new: &Value) -> Judgement {
        let (sent, accepted) = self.sides.part(old, new);
        judge(&sent, &accepted)
    }

    /// The judgement of something that only one side has.
    pub(super) fn one_sided(&self, is_new: bool) -> Judgement {
        match (self.sides.direction, is_new) {
            (Direction::Request, true) | (Direction::Reply, false) => Judgement::Contained,
            (Direction::Request, false) | (Direction::Reply, true) => Judgement::Refused,
        }
    }

    pub(super) fn report(&mut self, at: &At, what: String, judgement: Judgement, cause: Cause) {
        let judgement = if at.proved { Judgement::Contained } else { judgement };
        self.found.push(Found {
            path: at.path.to_string(),
            what,
            verdict: words::verdict(judgement),
            reason: words::reason(self.sides.direction, judgement, cause),
        });
    }

    /// A difference that only the algebra understands; none if both admit the same.
    pub(super) fn rules(&mut self, old: &Value, new: &Value, at: &At) {
        let judgement = self.judge(old, new);
        let what = || "The rules for what stands here have changed.".to_owned();
        match judgement {
            Judgement::Contained if self.turned(old, new) == Judgement::Contained => {}
            judgement => self.report(at, what(), judgement, Cause::Rules),
        }
    }

    /// The judgement the other way round: whether what was accepted is all that is sent.
    pub(super) fn turned(&self, old: &Value, new: &Value) -> Judgement {
        let (sent, accepted) = self.sides.part(old, new);
        judge(&accepted, &sent)
    }

    fn cases(&mut self, olds: &[Case], news: &[Case], at: &At) {
        if let Some(what) = other_kinds(olds, news) {
            return self.report(at, what, Judgement::Apart, Cause::Kind);
        }
        for kind in Kind::ALL {
            let of = |cases: &[Case]| -> Vec<Case> {
                cases.iter().filter(|case| case.kind == kind).cloned().collect()
            };
            let (olds, news) = (of(olds), of(news));
            match (&olds[..], &news[..]) {
                ([], []) => {}
                (only, []) => self.kind_gone(kind, only, at),
                ([], only) => self.kind_new(kind, only, at),
                ([old], [new]) => self.case(old, new, at),
                _ => self.shapes(&olds, &news, at),
            }
        }
    }

    fn kind_gone(&mut self, kind: Kind, cases: &[Case], at: &At) {
        let (what, cause) = match kind {
            Kind::Null => ("It could be null and cannot any more.".to_owned(), Cause::Null),
            Kind::Text if is_lenient(cases) => {
                ("It could be given as text and cannot any more.".to_owned(), Cause::Lenient)
            }
            kind => {
                (format!("It could be {} and cannot any more.", name(kind, cases)), Cause::Kind)
            }
        };
        self.report(at, what, self.one_sided(false), cause);
    }

    fn kind_new(&mut self, kind: Kind, cases: &[Case], at: &At) {
        let (what, cause) = match kind {
            Kind::Null => ("It can be null.".to_owned(), Cause::Null),
            Kind::Text if is_lenient(cases) => {
                ("It can be given as text too.".to_owned(), Cause::Lenient)
            }
            kind => (format!("It can be {} too.", name(kind, cases)), Cause::Kind),
        };
        self.report(at, what, self.one_sided(true), cause);
    }

    /// One case of a kind on either side.
    pub(super) fn case(&mut self, old: &Case, new: &Case, at: &At) {
        let pair = (old.schema().to_string(), new.schema().to_string());
        if self.cases_around.contains(&pair) {
            return;
        }
        self.cases_around.push(pair);
        self.values(old, new, at);
        self.facets(old, new, at);
        match old.kind {
            Kind::List => self.items(old, new, at),
            Kind::Object => self.fields(old, new, at),
            _ => {}
        }
        self.cases_around.pop();
    }
}

/// Says so if the two have no kind in common, null aside.
fn other_kinds(olds: &[Case], news: &[Case]) -> Option<String> {
    let of = |cases: &[Case]| -> Vec<Kind> {
        let all = Kind::ALL.into_iter().filter(|kind| *kind != Kind::Null);
        all.filter(|kind| cases.iter().any(|case| case.kind == *kind)).collect()
    };
    let (before, after) = (of(olds), of(news));
    if before.is_empty() || after.is_empty() || before.iter().any(|kind| after.contains(kind)) {
        return None;
    }
    let names = |kinds: &[Kind], cases: &[Case]| -> String {
        kinds.iter().map(|kind| name(*kind, cases)).collect::<Vec<_>>().join(" or ")
    };
    Some(format!("It was {} and is {}.", names(&before, olds), names(&after, news)))
}

/// A kind as people say it.
fn name(kind: Kind, cases: &[Case]) -> &'static str {
    let is_integer = |case: &Case| case.words.contains_key("type");
    match kind {
        Kind::Null => "null",
        Kind::Boolean => "a boolean",
        Kind::Number if cases.iter().filter(|case| case.kind == kind).all(is_integer) => {
            "a whole number"
        }
        Kind::Number => "a number",
        Kind::Text => "a text",
        Kind::List => "a list",
        Kind::Object => "an object",
    }
}

fn is_lenient(cases: &[Case]) -> bool {
    cases.iter().any(|case| case.words.contains_key(LENIENT))
}
