//! What a request must pass: its type, and everything else that its schema says.
//!
//! Accepted is what the type takes *and* the schema allows. The type is asked first, for it is fast
//! and builds nothing but the request; the schema, which needs a tree of all values, only where the
//! type could have taken more than it says.

use serde_json::{Map, Value};

use super::brackets::ArrayNames;
use super::validator::Validator;
use super::walk;
use crate::handler::request::Request;
use crate::message::decode::{DecodeError, Limits, Reason, Violation, more_values_than};

/// The check of one handler's requests.
#[derive(Debug)]
pub(in crate::handler) struct Admission {
    validator: Validator,
    /// The schema says something that the type alone does not look at.
    constrained: bool,
    /// Types take an array where the schema says object.
    has_objects: bool,
    /// Where the schema says array.
    arrays: ArrayNames,
    /// Types take `{"Unit": null}` where the schema says `"Unit"`.
    has_units: bool,
}

/// Keywords that types do not look at.
const CONSTRAINTS: &[&str] = &[
    "contains",
    "dependentRequired",
    "dependentSchemas",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "if",
    "maxItems",
    "maxLength",
    "maxProperties",
    "minItems",
    "minLength",
    "minProperties",
    "multipleOf",
    "not",
    "pattern",
    "patternProperties",
    "propertyNames",
    "uniqueItems",
];

impl Admission {
    /// The check for requests of this schema.
    ///
    /// # Errors
    /// The schema cannot be used: what is wrong with it.
    pub(in crate::handler) fn new(schema: &Value) -> Result<Self, String> {
        let names = |kind: &str| {
            walk::any(schema, &|schema| schema.get("type").is_some_and(|found| names(found, kind)))
        };
        let is_unit = |schema: &Map<String, Value>| {
            schema.contains_key("enum") || schema.contains_key("const")
        };
        Ok(Self {
            validator: Validator::new(schema)?,
            constrained: walk::any(schema, &is_constrained),
            has_objects: names("object"),
            arrays: ArrayNames::of(schema),
            has_units: walk::any(schema, &is_unit),
        })
    }

    /// Reads a payload as a request, and holds it against the schema.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub(in crate::handler) fn admit<T: Request>(
        &self,
        payload: Option<&[u8]>,
        limits: &Limits,
    ) -> Result<T, DecodeError> {
        let admitted = self.admit_openly(payload, limits);
        // What stands in violations is discreet already; decoders quote what they do not take.
        admitted.map_err(|error| match self.validator.sensitive() {
            Some(sensitive) => error.without_quotes(|path| sensitive.nameable(path)),
            None => error,
        })
    }

    fn admit_openly<T: Request>(
        &self,
        payload: Option<&[u8]>,
        limits: &Limits,
    ) -> Result<T, DecodeError> {
        match T::decode(payload, limits) {
            Ok(request) => {
                self.look(payload.unwrap_or_default(), limits)?;
                Ok(request)
            }
            Err(error) if error.reason() == Reason::WrongShape => {
                self.another_look(payload.unwrap_or_default(), limits, error)
            }
            Err(error) => Err(error),
        }
    }

    /// Everything that is wrong with a value; empty if nothing is.
    pub(in crate::handler) fn violations(&self, value: &Value) -> Vec<Violation> {
        self.validator.findings(value).map(|found| found.violations).unwrap_or_default()
    }

    /// Looks at what the type took, if it may have taken too much.
    fn look(&self, json: &[u8], limits: &Limits) -> Result<(), DecodeError> {
        if !self.constrained && !self.is_suspicious(json) {
            return Ok(());
        }
        if more_values_than(json, limits.max_values) {
            // Nothing is out of range where there is no range.
            let too_many = DecodeError::too_many_values(limits.max_values);
            return if self.constrained { Err(too_many) } else { Ok(()) };
        }
        // The type has read it, so it is JSON; a number beyond all bounds in a field that nobody reads
        // is no value to look at.
        let Ok(value) = serde_json::from_slice(json) else { return Ok(()) };
        match self.validator.findings(&value) {
            None => Ok(()),
            Some(found) => {
                let reason = if found.is_shape { Reason::WrongShape } else { Reason::Invalid };
                Err(DecodeError::of_violations(reason, found.violations))
            }
        }
    }

    /// Says everything that is wrong with what the type did not take, which told only the first. If
    /// nothing is, numbers are what they differ about: for a schema `1.0` is an integer.
    fn another_look<T: Request>(
        &self,
        json: &[u8],
        limits: &Limits,
        error: DecodeError,
    ) -> Result<T, DecodeError> {
        if more_values_than(json, limits.max_values) {
            return Err(error);
        }
        let Ok(mut value) = serde_json::from_slice(json) else { return Err(error) };
        if let Some(found) = self.validator.findings(&value) {
            return Err(DecodeError::of_violations(Reason::WrongShape, found.violations));
        }
        if !write_integers_as_such(&mut value) {
            return Err(error);
        }
        T::decode(Some(value.to_string().as_bytes()), limits).map_err(|_| error)
    }

    /// Whether there is a bracket that the type may have taken for something else. Brackets in texts
    /// count as well: they cost a look, no more.
    fn is_suspicious(&self, json: &[u8]) -> bool {
        (self.has_objects && !self.arrays.explain_all(json))
            || (self.has_units && memchr::memchr_iter(b'{', json).nth(1).is_some())
    }
}

fn names(found: &Value, kind: &str) -> bool {
    match found {
        Value::String(name) => name == kind,
        Value::Array(names) => names.iter().any(|name| name == kind),
        _ => false,
    }
}

fn is_constrained(schema: &Map<String, Value>) -> bool {
    // The bounds of an integer type are its own.
    let is_bounded = |keyword: &str| {
        let format = schema.get("format").and_then(Value::as_str).unwrap_or_default();
        schema.contains_key(keyword) && !is_own_bound(schema, keyword, format)
    };
    let has_format = schema.contains_key("format")
        && schema.get("type").is_some_and(|kind| names(kind, "string"));
    has_format
        || is_bounded("minimum")
        || is_bounded("maximum")
        || CONSTRAINTS.iter().any(|keyword| schema.contains_key(*keyword))
        || schema.contains_key(super::lenient::KEYWORD)
}

/// Whether a bound is that of the integer type itself.
fn is_own_bound(schema: &Map<String, Value>, keyword: &str, format: &str) -> bool {
    let mut bare = Value::Object(Map::from_iter([("format".to_owned(), Value::from(format))]));
    super::integers::bound_all(&mut bare);
    bare.get(keyword).is_some_and(|own| schema.get(keyword) == Some(own))
}

/// Writes `1.0` as `1`; false if there is nothing of the kind.
fn write_integers_as_such(value: &mut Value) -> bool {
    match value {
        Value::Number(number) => {
            let Some(float) = number.as_f64().filter(|_| number.is_f64()) else { return false };
            let integer = float as i64;
            // Within 2^53 every integer has its own floating point number.
            if float.abs() > 9_007_199_254_740_992.0 || integer as f64 != float {
                return false;
            }
            *number = integer.into();
            true
        }
        Value::Array(items) => {
            items.iter_mut().fold(false, |any, item| write_integers_as_such(item) | any)
        }
        Value::Object(properties) => {
            properties.values_mut().fold(false, |any, item| write_integers_as_such(item) | any)
        }
        _ => false,
    }
}
