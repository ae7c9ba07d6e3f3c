//! Where in a message something stands.

use std::fmt;

use serde_json::Value;

/// A JSON path: `$.lines[].amount`.
///
/// `.*` is any field that a map has, `[0]` an item at a fixed place, `(kind=card)` one of several
/// shapes of an object, by what tells it from the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Path(String);

impl Path {
    pub(super) fn root() -> Self {
        Self("$".to_owned())
    }

    pub(super) fn field(&self, name: &str) -> Self {
        let plain = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
        if !name.is_empty() && name.chars().all(plain) {
            Self(format!("{}.{name}", self.0))
        } else {
            Self(format!("{}[{}]", self.0, Value::from(name)))
        }
    }

    pub(super) fn any_field(&self) -> Self {
        Self(format!("{}.*", self.0))
    }

    pub(super) fn items(&self) -> Self {
        Self(format!("{}[]", self.0))
    }

    pub(super) fn item(&self, index: usize) -> Self {
        Self(format!("{}[{index}]", self.0))
    }

    pub(super) fn shape(&self, label: &str) -> Self {
        Self(format!("{}({label})", self.0))
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_reads_as_the_message_does() {
        let path = Path::root().field("lines").items().field("straße");
        assert_eq!(path.to_string(), "$.lines[].straße");
        let path = Path::root().field("a.b").any_field().item(1).shape("kind=card");
        assert_eq!(path.to_string(), r#"$["a.b"].*[1](kind=card)"#);
    }
}
