//! A schema that values can be held against, with everything that is wrong in words.

use jsonschema::error::{TypeKind, ValidationError, ValidationErrorKind as Kind};
use jsonschema::paths::{Location, LocationSegment};
use jsonschema::{Draft as Dialect, PatternOptions};
use serde_json::Value;

use super::sensitive::Sensitive;
use super::{lenient, unique};
use crate::message::decode::Violation;

/// How many violations are gathered; beyond that a request is wrong enough.
const MOST: usize = 100;

/// A compiled schema (2020-12). Formats count, and patterns are searched in linear time.
#[derive(Debug)]
pub(crate) struct Validator {
    schema: jsonschema::Validator,
    sensitive: Option<Sensitive>,
}

/// What is wrong with a value.
#[derive(Debug)]
pub(crate) struct Findings {
    /// Each place, in the order of the value.
    pub(crate) violations: Vec<Violation>,
    /// Whether something is of the wrong kind, missing or unknown, and not merely out of range.
    pub(crate) is_shape: bool,
}

impl Validator {
    /// Compiles a schema.
    ///
    /// # Errors
    /// What is wrong with it, in words: mostly a `pattern` that is no regular expression, or one that
    /// looks around or back.
    pub(crate) fn new(schema: &Value) -> Result<Self, String> {
        let options = jsonschema::options()
            .with_draft(Dialect::Draft202012)
            .should_validate_formats(true)
            .with_pattern_options(PatternOptions::regex())
            .with_keyword(lenient::KEYWORD, lenient::keyword)
            .with_keyword(unique::KEYWORD, unique::keyword);
        let compiled = options.build(schema).map_err(|error| error.to_string())?;
        Ok(Self { schema: compiled, sensitive: Sensitive::of(schema) })
    }

    /// Everything that is wrong with a value; `None` if nothing is.
    pub(crate) fn findings(&self, value: &Value) -> Option<Findings> {
        if self.schema.is_valid(value) {
            return None;
        }
        let mut findings = Findings { violations: Vec::new(), is_shape: false };
        let sensitive = self.sensitive.as_ref();
        self.schema.iter_errors(value).take(MOST).for_each(|error| findings.add(&error, sensitive));
        Some(findings)
    }

    /// What the schema marks as sensitive, if anything.
    pub(crate) fn sensitive(&self) -> Option<&Sensitive> {
        self.sensitive.as_ref()
    }
}

impl Findings {
    fn add(&mut self, error: &ValidationError<'_>, sensitive: Option<&Sensitive>) {
        if let Some(place) = sensitive.and_then(|marks| hidden(error.instance_path(), marks)) {
            let message = match error.kind() {
                Kind::Type { kind } => format!("must be {}", allowed(kind)),
                _ => "is not as it must be".to_owned(),
            };
            let message = format!("{message}; it is sensitive, so nothing of it is shown");
            self.violations.push(Violation { path: place, message });
            self.is_shape |= is_shape(error.kind());
            return;
        }
        match error.kind() {
            Kind::AnyOf { context } | Kind::OneOfNotValid { context } => {
                match meant(error.instance_path(), context) {
                    Some(branch) => branch.iter().for_each(|error| self.add(error, sensitive)),
                    None => self.note(error, "", "has none of the allowed forms".to_owned()),
                }
                return;
            }
            Kind::AdditionalProperties { unexpected }
            | Kind::UnevaluatedProperties { unexpected } => {
                for name in unexpected {
                    self.note(error, name, "is not known here".to_owned());
                }
            }
            Kind::Required { property } => {
                let name = property.as_str().unwrap_or_default();
                self.note(error, name, "is missing".to_owned());
            }
            _ => self.note(error, "", words(error)),
        }
        self.is_shape |= is_shape(error.kind());
    }

    /// Notes a violation at the error's place, or at a property of it.
    fn note(&mut self, error: &ValidationError<'_>, property: &str, message: String) {
        let mut path = path_of(error.instance_path());
        if !property.is_empty() {
            path.push('.');
            path.push_str(property);
        }
        self.violations.push(Violation { path, message });
    }
}

/// The path of the marked place that this one is at or below, if it is.
fn hidden(at: &Location, sensitive: &Sensitive) -> Option<String> {
    let (mut place, mut path) = (sensitive.place(), String::from("$"));
    for segment in at.segments() {
        if place.is_marked() {
            break;
        }
        place = match &segment {
            LocationSegment::Property(name) => place.field(name),
            LocationSegment::Index(index) => place.element(*index),
        };
        step(&mut path, segment);
    }
    place.is_marked().then_some(path)
}

/// The branch that the value was most likely meant for: the only one that it does not miss right at
/// its own place, by its kind or by its tag.
fn meant<'c>(
    at: &Location,
    branches: &'c [Vec<ValidationError<'static>>],
) -> Option<&'c Vec<ValidationError<'static>>> {
    let misses = |error: &ValidationError<'_>| match error.kind() {
        Kind::Type { .. } => error.instance_path() == at,
        // A tag: the one property that tells the branches apart.
        Kind::Constant { .. } | Kind::Enum { .. } => true,
        Kind::Required { .. } | Kind::AdditionalProperties { .. } => {
            branches.len() > 2 && error.instance_path() == at
        }
        _ => false,
    };
    let mut near = branches.iter().filter(|branch| !branch.iter().any(misses));
    near.next().filter(|_| near.next().is_none())
}

/// Whether the decoder itself could have said it.
fn is_shape(kind: &Kind) -> bool {
    matches!(
        kind,
        Kind::AdditionalItems { .. }
            | Kind::AdditionalProperties { .. }
            | Kind::Constant { .. }
            | Kind::Enum { .. }
            | Kind::FalseSchema
            | Kind::Required { .. }
            | Kind::Type { .. }
            | Kind::UnevaluatedItems { .. }
            | Kind::UnevaluatedProperties { .. }
    )
}

/// A path as designers write it: `$.lines[2].amount`.
pub(super) fn path_of(location: &Location) -> String {
    let mut path = String::from("$");
    location.segments().for_each(|segment| step(&mut path, segment));
    path
}

fn step(path: &mut String, segment: LocationSegment<'_>) {
    match segment {
        LocationSegment::Property(name) => {
            path.push('.');
            path.push_str(&name);
        }
        LocationSegment::Index(index) => path.push_str(&format!("[{index}]")),
    }
}

pub(super) fn words(error: &ValidationError<'_>) -> String {
    let value = error.instance();
    let shown = shown(value);
    match error.kind() {
        Kind::Type { kind } => format!("must be {}, not {}", allowed(kind), kind_of(value)),
        Kind::Minimum { limit } => format!("must be at least {limit}, not {shown}"),
        Kind::Maximum { limit } => format!("must be at most {limit}, not {shown}"),
        Kind::ExclusiveMinimum { limit } => format!("must be more than {limit}, not {shown}"),
        Kind::ExclusiveMaximum { limit } => format!("must be less than {limit}, not {shown}"),
        Kind::MultipleOf { multiple_of } => {
            format!("must be a multiple of {multiple_of}, not {shown}")
        }
        Kind::MinLength { limit } => {
            format!("must have at least {}, not {}", counted(*limit, "character"), length(value))
        }
        Kind::MaxLength { limit } => {
            format!("must have at most {}, not {}", counted(*limit, "character"), length(value))
        }
        Kind::MinItems { limit } => {
            format!("must have at least {}, not {}", counted(*limit, "item"), length(value))
        }
        Kind::MaxItems { limit } => {
            format!("must have at most {}, not {}", counted(*limit, "item"), length(value))
        }
        Kind::AdditionalItems { limit } => {
            format!("must have {}, not {}", counted(*limit as u64, "item"), length(value))
        }
        Kind::Pattern { pattern } => format!("must match {pattern}, not {shown}"),
        Kind::Format { format } => format!("must be {}, not {shown}", format_name(format)),
        Kind::Constant { expected_value } => format!("must be {expected_value}, not {shown}"),
        Kind::Enum { options } => format!("must be one of {}, not {shown}", list(options)),
        Kind::Custom { message, .. } => message.clone(),
        // Rare ones in the library's words, without the value: it may be long.
        _ => error.masked().to_string(),
    }
}

fn allowed(kind: &TypeKind) -> String {
    let name = |kind: &str| match kind {
        "array" | "integer" | "object" => format!("an {kind}"),
        "null" => kind.to_owned(),
        _ => format!("a {kind}"),
    };
    match kind {
        TypeKind::Single(kind) => name(kind.as_str()),
        TypeKind::Multiple(kinds) => {
            let names: Vec<String> = kinds.iter().map(|kind| name(kind.as_str())).collect();
            names.join(" or ")
        }
    }
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

fn format_name(format: &str) -> String {
    match format {
        "date" => "a date such as 2024-06-28".to_owned(),
        "date-time" => "a time such as 2024-06-28T09:30:00Z".to_owned(),
        "duration" => "a duration such as PT30S".to_owned(),
        "email" => "an e-mail address".to_owned(),
        "uri" => "a URI".to_owned(),
        "uuid" => "a UUID".to_owned(),
        other => format!("of the format `{other}`"),
    }
}

fn counted(count: u64, of: &str) -> String {
    format!("{count} {of}{}", if count == 1 { "" } else { "s" })
}

fn length(value: &Value) -> usize {
    match value {
        Value::String(text) => text.chars().count(),
        Value::Array(items) => items.len(),
        Value::Object(properties) => properties.len(),
        _ => 0,
    }
}

/// Longest value that is quoted whole, in characters.
const LONGEST: usize = 60;

/// Longest list of what is allowed, in characters.
const LONGEST_LIST: usize = 400;

fn shown(value: &Value) -> String {
    match value {
        Value::Array(_) | Value::Object(_) => kind_of(value).to_owned(),
        scalar => cut(&scalar.to_string(), LONGEST),
    }
}

fn list(options: &Value) -> String {
    let options = options.as_array().map(Vec::as_slice).unwrap_or_default();
    let options: Vec<String> = options.iter().map(ToString::to_string).collect();
    cut(&options.join(", "), LONGEST_LIST)
}

fn cut(text: &str, longest: usize) -> String {
    match text.char_indices().nth(longest) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
