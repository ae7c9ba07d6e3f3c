//! Numbers and booleans that may also come as text.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use jsonschema::paths::Location;
use jsonschema::{Keyword, ValidationError};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::{BoolDeserializer, F64Deserializer, I64Deserializer, U64Deserializer};
use serde::de::{DeserializeOwned, Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

/// The keyword of a schema that says what a text is read as: `number`, `integer` or `boolean`.
pub(super) const KEYWORD: &str = "x-flowx-lenient";

/// A number or a boolean that may also come as text: `12.5` or `"12.5"`, `true` or `"true"`.
///
/// Processes send values from forms, which are often texts. A field of this type takes both, and its
/// schema says so; bounds on the field (`#[schemars(range(min = 1))]`) hold for both. A text is read
/// as JSON writes the value: without spaces, a point before decimals. It derefs to the value, and is
/// sent as the value itself.
///
/// ```
/// use flowx_core::Lenient;
///
/// #[derive(serde::Deserialize, schemars::JsonSchema)]
/// struct Payment {
///     #[schemars(range(min = 0.01))]
///     amount: Lenient<f64>,
///     urgent: Option<Lenient<bool>>,
/// }
///
/// let payment: Payment = serde_json::from_str(r#"{"amount": "12.5", "urgent": true}"#)?;
/// assert_eq!(*payment.amount, 12.5);
/// assert_eq!(payment.urgent, Some(Lenient(true)));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lenient<T>(pub T);

/// What [`Lenient`] reads: integers of up to 64 bits, floating point numbers, `bool`.
pub trait LenientValue: DeserializeOwned + JsonSchema + sealed::Sealed {}

mod sealed {
    pub trait Sealed {}
}

macro_rules! lenient_values {
    ($($ty:ty),*) => { $(impl sealed::Sealed for $ty {} impl LenientValue for $ty {})* };
}

lenient_values!(i8, i16, i32, i64, isize, u8, u16, u32, u64, usize, f32, f64, bool);

impl<T> Deref for Lenient<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> From<T> for Lenient<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

impl<T: Serialize> Serialize for Lenient<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de, T: LenientValue> Deserialize<'de> for Lenient<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Either(PhantomData)).map(Self)
    }
}

/// Reads the value itself, or a text of it.
struct Either<T>(PhantomData<T>);

impl<T: LenientValue> Visitor<'_> for Either<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, or a text of it", T::schema_name())
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<T, E> {
        T::deserialize(BoolDeserializer::new(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<T, E> {
        T::deserialize(I64Deserializer::new(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<T, E> {
        T::deserialize(U64Deserializer::new(value))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<T, E> {
        T::deserialize(F64Deserializer::new(value))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        // The JSON decoder would pass over space around it.
        let read = if text.trim() == text { serde_json::from_str(text).ok() } else { None };
        read.ok_or_else(|| E::invalid_value(serde::de::Unexpected::Str(text), &self))
    }
}

impl<T: LenientValue> JsonSchema for Lenient<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("Lenient_{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = T::json_schema(generator);
        if generator.contract().is_serialize() {
            return schema;
        }
        let kind = schema.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
        if kind == "boolean" {
            return json_schema!({ "enum": [true, false, "true", "false"], KEYWORD: kind });
        }
        let pattern = match kind.as_str() {
            "integer" => r"^-?(0|[1-9]\d*)$",
            _ => r"^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$",
        };
        schema.insert("type".to_owned(), serde_json::json!([kind, "string"]));
        schema.insert("pattern".to_owned(), pattern.into());
        schema.insert(KEYWORD.to_owned(), kind.into());
        schema
    }
}

/// Holds a text against what stands beside the keyword for numbers, which JSON Schema cannot say.
pub(super) fn keyword<'a>(
    around: &'a Map<String, Value>,
    kind: &'a Value,
    _: Location,
) -> Result<Box<dyn for<'i> Keyword<'i>>, ValidationError<'a>> {
    let mut of_value = around.clone();
    of_value.retain(|keyword, _| !matches!(keyword.as_str(), "pattern" | "enum" | KEYWORD));
    of_value.insert("type".to_owned(), kind.clone());
    let validator = jsonschema::options().build(&Value::Object(of_value))?;
    Ok(Box::new(AsText(validator)))
}

struct AsText(jsonschema::Validator);

impl<'i> Keyword<'i> for AsText {
    fn validate(&self, instance: &'i Value) -> Result<(), ValidationError<'i>> {
        let Some(value) = read(instance) else { return Ok(()) };
        match self.0.iter_errors(&value).next() {
            None => Ok(()),
            Some(error) => Err(ValidationError::custom(super::validator::words(&error))),
        }
    }

    fn is_valid(&self, instance: &'i Value) -> bool {
        read(instance).is_none_or(|value| self.0.is_valid(&value))
    }
}

/// The value that a text stands for; the pattern speaks of texts that stand for none.
fn read(instance: &Value) -> Option<Value> {
    serde_json::from_str(instance.as_str()?).ok()
}
