//! Finds a `${…}` of the designer's template that was sent without its value.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// A placeholder and where it stands.
pub(super) struct Found {
    /// Its JSON path, for example `$.client.name`.
    pub(super) path: String,
    /// The placeholder itself, for example `${application.client.name}`.
    pub(super) text: String,
}

/// The first text of a JSON document that holds a placeholder; `None` too if it is not JSON.
///
/// Reads the document once without building it.
pub(super) fn find(json: &str) -> Option<Found> {
    let mut found = None;
    let seed = Search { path: "$", found: &mut found };
    // A malformed document is the decoder's to report.
    let _ = seed.deserialize(&mut serde_json::Deserializer::from_str(json));
    found
}

struct Search<'a> {
    path: &'a str,
    found: &'a mut Option<Found>,
}

impl<'de> DeserializeSeed<'de> for Search<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, decoder: D) -> Result<(), D::Error> {
        decoder.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Search<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        if let Some(placeholder) = placeholder_in(text) {
            *self.found = Some(Found { path: self.path.to_owned(), text: placeholder.to_owned() });
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let mut index = 0_usize;
        while self.found.is_none() {
            let path = format!("{}[{index}]", self.path);
            if items.next_element_seed(Search { path: &path, found: self.found })?.is_none() {
                return Ok(());
            }
            index += 1;
        }
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        while let Some(name) = fields.next_key::<String>()? {
            if self.found.is_some() {
                fields.next_value::<IgnoredAny>()?;
                continue;
            }
            let path = format!("{}.{name}", self.path);
            fields.next_value_seed(Search { path: &path, found: self.found })?;
        }
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

/// `${name}` or `${path.to[0].name}`; a lone `${` or one around other text is the sender's own.
fn placeholder_in(text: &str) -> Option<&str> {
    text.match_indices("${").find_map(|(start, _)| {
        let rest = &text[start + 2..];
        let end = rest.find('}')?;
        let name = &rest[..end];
        let legal = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '-' | '[' | ']');
        (!name.is_empty() && name.chars().all(legal)).then(|| &text[start..start + end + 3])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_placeholder_is_found_with_its_path() {
        let cases = [
            (r#"{"a":{"b":["x","${c.d}"]},"e":"${f}"}"#, Some(("$.a.b[1]", "${c.d}"))),
            (r#"{"a":"${x.type}.pdf"}"#, Some(("$.a", "${x.type}"))),
            (r#""${x}""#, Some(("$", "${x}"))),
            (r#"{"a":"costs $5 {net}","b":"${","c":"${}","d":"${a b}"}"#, None),
            (r#"{"${key}":1}"#, None),
        ];
        for (json, expected) in cases {
            let found = find(json);
            let found = found.as_ref().map(|f| (f.path.as_str(), f.text.as_str()));
            assert_eq!(found, expected, "{json}");
        }
    }
}
