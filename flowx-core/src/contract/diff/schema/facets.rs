//! Rules for single values: which ones, how large, how long, of which form.

use serde_json::Value;

use super::cases::{Case, Kind};
use super::document::LENIENT;
use super::merge::BESIDE;
use super::walk::{At, Walk};
use super::words::Cause;
use crate::contract::diff::containment::Judgement;

/// Keywords that together are one rule.
struct Facet {
    /// What the rule is about, at the beginning of a sentence.
    subject: &'static str,
    words: &'static [&'static str],
    cause: Cause,
    /// The rule as it stands in a case; `None` if there is none.
    say: fn(&Case) -> Option<String>,
}

const FACETS: &[Facet] = &[
    Facet { subject: "The kind of number", words: &["type"], cause: Cause::Kind, say: number_kind },
    Facet {
        subject: "The range",
        words: &["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"],
        cause: Cause::Rule,
        say: |case| limits(case, RANGE),
    },
    Facet { subject: "The step", words: &["multipleOf"], cause: Cause::Rule, say: step },
    Facet {
        subject: "The length",
        words: &["minLength", "maxLength"],
        cause: Cause::Rule,
        say: |case| limits(case, LENGTH),
    },
    Facet {
        subject: "The pattern",
        words: &["pattern"],
        cause: Cause::Rule,
        say: |case| quoted(case, "pattern"),
    },
    Facet {
        subject: "The format",
        words: &["format"],
        cause: Cause::Rule,
        say: |case| quoted(case, "format"),
    },
    Facet {
        subject: "The number of items",
        words: &["minItems", "maxItems"],
        cause: Cause::Rule,
        say: |case| limits(case, ITEMS),
    },
    Facet {
        subject: "Whether items may repeat",
        words: &["uniqueItems"],
        cause: Cause::Rule,
        say: |case| (case.words.get("uniqueItems")? == &Value::Bool(true)).then(|| "no".to_owned()),
    },
    Facet {
        subject: "The number of fields",
        words: &["minProperties", "maxProperties"],
        cause: Cause::Rule,
        say: |case| limits(case, FIELDS),
    },
];

const RANGE: &[(&str, &str, &str)] = &[
    ("minimum", "at least ", ""),
    ("exclusiveMinimum", "more than ", ""),
    ("maximum", "at most ", ""),
    ("exclusiveMaximum", "less than ", ""),
];
const LENGTH: &[(&str, &str, &str)] =
    &[("minLength", "at least ", " characters"), ("maxLength", "at most ", " characters")];
const ITEMS: &[(&str, &str, &str)] = &[("minItems", "at least ", ""), ("maxItems", "at most ", "")];
const FIELDS: &[(&str, &str, &str)] =
    &[("minProperties", "at least ", ""), ("maxProperties", "at most ", "")];

/// Keywords that are compared elsewhere, each in its own way.
const ELSEWHERE: &[&str] = &[
    "enum",
    "items",
    "prefixItems",
    "properties",
    "required",
    "additionalProperties",
    "patternProperties",
    LENIENT,
];

impl Walk<'_> {
    /// All rules for single values, each by itself.
    pub(super) fn facets(&mut self, old: &Case, new: &Case, at: &At) {
        for facet in FACETS {
            let rule = |case: &Case| -> Vec<Option<Value>> {
                facet.words.iter().map(|word| case.words.get(*word).cloned()).collect()
            };
            if rule(old) == rule(new) {
                continue;
            }
            let only = |case: &Case| case.schema_of(|word| facet.words.contains(&word));
            let (before, after) = (only(old), only(new));
            let judgement = self.judge(&before, &after);
            let is_equal = judgement == Judgement::Contained
                && self.turned(&before, &after) == Judgement::Contained;
            if !is_equal {
                let said = |case: &Case| (facet.say)(case).unwrap_or_else(|| "free".to_owned());
                let what = format!("{} was {} and is {}.", facet.subject, said(old), said(new));
                self.report(at, what, judgement, facet.cause);
            }
        }
        self.remaining(old, new, at);
    }

    /// Keywords that nothing here knows: the case as a whole is judged.
    fn remaining(&mut self, old: &Case, new: &Case, at: &At) {
        let is_known = |word: &str| {
            ELSEWHERE.contains(&word) || FACETS.iter().any(|facet| facet.words.contains(&word))
        };
        let rest = |case: &Case| -> Vec<(String, Value)> {
            let mut rest: Vec<_> =
                case.words.clone().into_iter().filter(|(word, _)| !is_known(word)).collect();
            rest.sort_by(|a, b| a.0.cmp(&b.0));
            rest
        };
        let (before, after) = (rest(old), rest(new));
        let is_same = before.len() == after.len()
            && before.iter().zip(&after).all(|(a, b)| {
                a.0 == b.0 && super::same::same(self.sides.old, &a.1, self.sides.new, &b.1)
            });
        if is_same {
            return;
        }
        let judgement = self.judge(&old.schema(), &new.schema());
        let mut names: Vec<&str> = before
            .iter()
            .filter(|rule| !after.contains(rule))
            .chain(after.iter().filter(|rule| !before.contains(rule)))
            .map(|(word, _)| if word == BESIDE { "pattern" } else { word.as_str() })
            .collect();
        names.sort_unstable();
        names.dedup();
        let what = format!("What `{}` says has changed.", names.join("`, `"));
        self.report(at, what, judgement, Cause::Rules);
    }

    /// Choices: which values there are.
    pub(super) fn values(&mut self, old: &Case, new: &Case, at: &At) {
        let of = |case: &Case| case.words.get("enum").and_then(Value::as_array).cloned();
        match (of(old), of(new)) {
            (None, None) => {}
            (Some(before), Some(after)) => self.choices(&before, &after, at),
            (before, after) => {
                let only = |case: &Case| case.schema_of(|word| word == "enum");
                let judgement = self.judge(&only(old), &only(new));
                let what = match (before, after) {
                    (Some(values), _) => format!("It was one of {} and is free.", listed(&values)),
                    (_, values) => {
                        format!(
                            "It was free and is one of {}.",
                            listed(&values.unwrap_or_default())
                        )
                    }
                };
                self.report(at, what, judgement, Cause::Values);
            }
        }
    }

    fn choices(&mut self, before: &[Value], after: &[Value], at: &At) {
        let gone: Vec<&Value> = before.iter().filter(|value| !after.contains(value)).collect();
        let new: Vec<&Value> = after.iter().filter(|value| !before.contains(value)).collect();
        if gone.len() == before.len() && new.len() == after.len() {
            let what = format!("It was one of {} and is one of {}.", listed(before), listed(after));
            return self.report(at, what, Judgement::Apart, Cause::Values);
        }
        for value in gone {
            let what = format!("The value `{}` is gone.", plain(value));
            self.report(at, what, self.one_sided(false), Cause::Values);
        }
        for value in new {
            let what = format!("The value `{}` is new.", plain(value));
            self.report(at, what, self.one_sided(true), Cause::Values);
        }
    }
}

fn number_kind(case: &Case) -> Option<String> {
    let integer = case.kind == Kind::Number && case.words.contains_key("type");
    Some(if integer { "whole" } else { "any" }.to_owned())
}

fn step(case: &Case) -> Option<String> {
    case.words.get("multipleOf").map(ToString::to_string)
}

fn quoted(case: &Case, word: &str) -> Option<String> {
    case.words.get(word).map(|value| format!("`{}`", plain(value)))
}

/// Limits as one phrase: `at least 1, at most 3 characters`.
fn limits(case: &Case, limits: &[(&str, &str, &str)]) -> Option<String> {
    let said: Vec<String> = limits
        .iter()
        .filter_map(|(word, before, behind)| {
            case.words.get(*word).map(|limit| format!("{before}{limit}{behind}"))
        })
        .collect();
    (!said.is_empty()).then(|| said.join(", "))
}

/// A value as people write it: texts without quotes.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn listed(values: &[Value]) -> String {
    values.iter().map(|value| format!("`{}`", plain(value))).collect::<Vec<_>>().join(", ")
}
