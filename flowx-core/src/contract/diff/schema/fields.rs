//! Fields of objects: which there are, which must be there, and what else there may be.

use serde_json::{Map, Value, json};

use super::Direction;
use super::cases::Case;
use super::same::same;
use super::walk::{At, Walk};
use super::words::Cause;
use crate::contract::diff::containment::Judgement;

/// What a schema says of fields that it does not name.
enum Further<'a> {
    /// Nothing.
    Silent,
    /// There are none.
    None,
    /// There may be some, of this schema.
    Some(&'a Value),
}

/// The fields of one case.
struct Fields<'a> {
    named: Option<&'a Map<String, Value>>,
    required: Vec<&'a str>,
    further: Further<'a>,
}

/// What is said of a field that has no schema.
static ANYTHING: Value = Value::Bool(true);

impl<'a> Fields<'a> {
    fn of(case: &'a Case) -> Self {
        let required = case.words.get("required").and_then(Value::as_array);
        Self {
            named: case.words.get("properties").and_then(Value::as_object),
            required: required.into_iter().flatten().filter_map(Value::as_str).collect(),
            further: match case.words.get("additionalProperties") {
                None => Further::Silent,
                Some(Value::Bool(false)) => Further::None,
                Some(schema) => Further::Some(schema),
            },
        }
    }

    fn names(&self) -> Vec<&'a str> {
        let named = self.named.into_iter().flatten().map(|(name, _)| name.as_str());
        let mut names: Vec<&str> = named.filter(|name| self.field(name).is_some()).collect();
        names.extend(
            self.required
                .iter()
                .filter(|name| self.named.is_none_or(|named| !named.contains_key(**name))),
        );
        names
    }

    /// The schema of a field; `None` if there is no such field, or must not be.
    fn field(&self, name: &str) -> Option<&'a Value> {
        match self.named.and_then(|named| named.get(name)) {
            Some(Value::Bool(false)) => None,
            Some(schema) => Some(schema),
            None => self.requires(name).then_some(&ANYTHING),
        }
    }

    fn requires(&self, name: &str) -> bool {
        self.required.contains(&name)
    }
}

impl Walk<'_> {
    /// All fields of two objects, and what there may be beside them.
    pub(super) fn fields(&mut self, old: &Case, new: &Case, at: &At) {
        let patterns =
            |case: &Case| case.words.get("patternProperties").cloned().unwrap_or_else(|| json!({}));
        let (before, after) = (patterns(old), patterns(new));
        if !same(self.sides.old, &before, self.sides.new, &after) {
            // Which names a pattern takes from the others is for the algebra.
            return self.rules(&old.schema(), &new.schema(), at);
        }
        let (old, new) = (Fields::of(old), Fields::of(new));
        for name in old.names() {
            let here = At { path: at.path.field(name), ..at.clone() };
            match (old.field(name), new.field(name)) {
                (Some(before), Some(after)) => {
                    self.presence(old.requires(name), new.requires(name), &here);
                    self.place(before, after, &here);
                }
                (Some(before), None) => {
                    self.removed(before, old.requires(name), &new.further, &here)
                }
                _ => {}
            }
        }
        for name in new.names() {
            if let (None, Some(after)) = (old.field(name), new.field(name)) {
                let here = At { path: at.path.field(name), ..at.clone() };
                self.added(after, new.requires(name), &old.further, &here);
            }
        }
        self.further(&old.further, &new.further, at);
    }

    fn presence(&mut self, before: bool, after: bool, at: &At) {
        let what = match (before, after) {
            (false, true) => "The field was optional and is mandatory.",
            (true, false) => "The field was mandatory and may be missing.",
            _ => return,
        };
        let is_refused = match self.sides.direction {
            Direction::Request => after,
            Direction::Reply => before,
        };
        let judgement = if is_refused { Judgement::Refused } else { Judgement::Contained };
        self.report(at, what.to_owned(), judgement, Cause::Presence);
    }

    fn added(&mut self, field: &Value, required: bool, further: &Further<'_>, at: &At) {
        let judgement = match (self.sides.direction, further) {
            (Direction::Request, _) if required => Judgement::Refused,
            (Direction::Request, Further::Some(before)) => self.judge(before, field),
            (Direction::Reply, Further::Some(before)) => self.judge(before, field),
            _ => Judgement::Contained,
        };
        let what = if required { "A mandatory field is new." } else { "An optional field is new." };
        self.report(at, what.to_owned(), together(judgement), Cause::Added);
    }

    fn removed(&mut self, field: &Value, required: bool, further: &Further<'_>, at: &At) {
        let judgement = match (self.sides.direction, further) {
            (Direction::Request, Further::None) => Judgement::Refused,
            (Direction::Reply, _) if required => Judgement::Refused,
            (_, Further::Some(after)) => self.judge(field, after),
            _ => Judgement::Contained,
        };
        let what =
            if required { "A mandatory field is gone." } else { "An optional field is gone." };
        self.report(at, what.to_owned(), together(judgement), Cause::Removed);
    }

    fn further(&mut self, before: &Further<'_>, after: &Further<'_>, at: &At) {
        let here = At { path: at.path.any_field(), ..at.clone() };
        let is_any = |schema: &Value| matches!(schema, Value::Bool(true)) || *schema == json!({});
        let (what, judgement) = match (self.sides.direction, before, after) {
            (_, Further::Some(before), Further::Some(after)) => {
                return self.place(before, after, &here);
            }
            (_, Further::Silent, Further::Silent) | (_, Further::None, Further::None) => return,
            // Further fields are ignored or stored whatever the schema says.
            (Direction::Request, Further::Silent, Further::Some(after)) if is_any(after) => return,
            (Direction::Request, Further::Some(before), Further::Silent) if is_any(before) => {
                return;
            }
            (
                Direction::Reply,
                Further::Silent | Further::None,
                Further::Silent | Further::None,
            ) => return,
            (Direction::Request, _, Further::None) => {
                ("Fields that are not named are refused.", Judgement::Refused)
            }
            (Direction::Request, Further::Silent, Further::Some(after)) => {
                ("Fields that are not named must be of one kind.", self.judge(&ANYTHING, after))
            }
            (Direction::Request, _, Further::Silent) => {
                ("Fields that are not named are accepted and ignored.", Judgement::Contained)
            }
            (_, _, Further::Some(_)) => {
                ("There may be fields that are not named.", Judgement::Contained)
            }
            (Direction::Reply, Further::Some(_), _) => {
                ("There are no fields any more that are not named.", Judgement::Contained)
            }
        };
        self.report(&here, what.to_owned(), judgement, Cause::Further);
    }
}

/// A field that is only on one side excludes nothing by itself: the other side may do without.
fn together(judgement: Judgement) -> Judgement {
    if judgement == Judgement::Apart { Judgement::Refused } else { judgement }
}
