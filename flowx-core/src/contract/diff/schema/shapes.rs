//! Several shapes of one kind, such as the variants of an enum: which is which, and which is new.

use serde_json::{Value, json};

use super::cases::Case;
use super::same::same;
use super::walk::{At, Walk};
use super::words::Cause;
use crate::contract::diff::containment::Judgement;

/// What tells shapes of an object from each other.
enum Label<'a> {
    /// A field with one value of its own in each: `kind=card`.
    Tag(&'a str),
    /// The one field that each has: `card`.
    Key,
}

impl Walk<'_> {
    /// Shapes of one kind, of which at least one side has several.
    pub(super) fn shapes(&mut self, olds: &[Case], news: &[Case], at: &At) {
        match label(olds, news) {
            Some(label) => self.labelled(olds, news, &label, at),
            None => self.unlabelled(olds, news, at),
        }
    }

    fn labelled(&mut self, olds: &[Case], news: &[Case], label: &Label<'_>, at: &At) {
        let named = |cases: &[Case]| -> Vec<(String, Case)> {
            cases.iter().filter_map(|case| Some((label.of(case)?, case.clone()))).collect()
        };
        let (olds, news) = (named(olds), named(news));
        let find = |cases: &[(String, Case)], name: &str| {
            cases.iter().find(|(other, _)| other == name).map(|(_, case)| case.clone())
        };
        let names = |cases: &[(String, Case)]| -> String {
            cases.iter().map(|(name, _)| format!("`{name}`")).collect::<Vec<_>>().join(", ")
        };
        if !olds.iter().any(|(name, _)| find(&news, name).is_some()) {
            let what = format!("It was one of {} and is one of {}.", names(&olds), names(&news));
            return self.report(at, what, Judgement::Apart, Cause::Shape);
        }
        for (name, old) in &olds {
            let here = At { path: at.path.shape(name), ..at.clone() };
            match find(&news, name) {
                Some(new) => self.case(old, &new, &here),
                None => {
                    let what = format!("The shape `{name}` is gone.");
                    self.report(&here, what, self.one_sided(false), Cause::Shape);
                }
            }
        }
        for (name, _) in news.iter().filter(|(name, _)| find(&olds, name).is_none()) {
            let here = At { path: at.path.shape(name), ..at.clone() };
            let what = format!("The shape `{name}` is new.");
            self.report(&here, what, self.one_sided(true), Cause::Shape);
        }
    }

    fn unlabelled(&mut self, olds: &[Case], news: &[Case], at: &At) {
        let is_same = |old: &Case, new: &Case| {
            old.kind == new.kind
                && same(self.sides.old, &old.schema(), self.sides.new, &new.schema())
        };
        let left = |cases: &[Case], others: &[Case], turned: bool| -> Vec<Case> {
            let has_twin = |case: &Case| {
                others
                    .iter()
                    .any(|other| if turned { is_same(other, case) } else { is_same(case, other) })
            };
            cases.iter().filter(|case| !has_twin(case)).cloned().collect()
        };
        let (gone, new) = (left(olds, news, false), left(news, olds, true));
        match (&gone[..], &new[..]) {
            ([], []) => {}
            ([old], [new]) => self.case(old, new, at),
            (gone, []) => {
                for case in gone {
                    let judgement = self.judge(&case.schema(), &any_of(news));
                    let what = "One of several shapes is gone.".to_owned();
                    let judgement = self.one_sided_or(false, judgement);
                    self.report(at, what, judgement, Cause::Shape);
                }
            }
            ([], new) => {
                for case in new {
                    let judgement = self.judge(&any_of(olds), &case.schema());
                    let what = "One of several shapes is new.".to_owned();
                    let judgement = self.one_sided_or(true, judgement);
                    self.report(at, what, judgement, Cause::Shape);
                }
            }
            _ => self.rules(&any_of(olds), &any_of(news), at),
        }
    }

    /// What is accepted may gain shapes; what is sent may not, unless another shape covers them.
    fn one_sided_or(&self, is_new: bool, judgement: Judgement) -> Judgement {
        match self.one_sided(is_new) {
            Judgement::Contained => Judgement::Contained,
            _ if judgement == Judgement::Apart => Judgement::Refused,
            _ => judgement,
        }
    }
}

impl Label<'_> {
    /// The label of one shape; `None` if it has none.
    fn of(&self, case: &Case) -> Option<String> {
        let required = required(case);
        match self {
            Self::Tag(tag) => {
                let field = case.words.get("properties")?.get(*tag)?;
                let [Value::String(value)] = &field.get("enum")?.as_array()?[..] else {
                    return None;
                };
                required.contains(tag).then(|| format!("{tag}={value}"))
            }
            Self::Key => match required[..] {
                [key] => {
                    let closed =
                        case.words.get("additionalProperties") == Some(&Value::Bool(false));
                    closed.then(|| key.to_owned())
                }
                _ => None,
            },
        }
    }
}

/// What tells all of these from each other, if anything does.
fn label<'a>(olds: &'a [Case], news: &'a [Case]) -> Option<Label<'a>> {
    let tells = |label: &Label<'_>| {
        [olds, news].iter().all(|cases| {
            let mut names: Vec<String> = cases.iter().filter_map(|case| label.of(case)).collect();
            names.sort_unstable();
            names.dedup();
            names.len() == cases.len()
        })
    };
    let tags = required(olds.first()?).into_iter().map(Label::Tag);
    tags.chain([Label::Key]).find(tells)
}

fn required(case: &Case) -> Vec<&str> {
    let required = case.words.get("required").and_then(Value::as_array);
    required.into_iter().flatten().filter_map(Value::as_str).collect()
}

fn any_of(cases: &[Case]) -> Value {
    json!({ "anyOf": cases.iter().map(Case::schema).collect::<Vec<_>>() })
}
