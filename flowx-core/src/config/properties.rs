//! How properties of librdkafka are named, in variables and elsewhere.

/// Variables of librdkafka's own properties begin with this.
pub const PROPERTY_PREFIX: &str = "FLOWX_CONNECTOR_KAFKA_PROPERTY_";

/// Properties whose own names end as those of files do, from which values are read.
const NAMED_AS_FILES: [&str; 3] = [
    "sasl.oauthbearer.assertion.file",
    "sasl.oauthbearer.assertion.jwt.template.file",
    "sasl.oauthbearer.assertion.private.key.file",
];

/// The variable that sets a property: its name in capitals, with `_` for every dot.
///
/// ```
/// use flowx_core::config::properties::variable;
///
/// assert_eq!(variable("fetch.wait.max.ms"), "FLOWX_CONNECTOR_KAFKA_PROPERTY_FETCH_WAIT_MAX_MS");
/// ```
#[must_use]
pub fn variable(property: &str) -> String {
    format!("{PROPERTY_PREFIX}{}", property.to_ascii_uppercase().replace('.', "_"))
}

/// The property that a variable sets: `rest` is what follows the prefix. No property that takes a
/// text has an underscore in its name, so there is one way back.
pub(super) fn of_variable(rest: &str) -> String {
    rest.to_ascii_lowercase().replace('_', ".")
}

/// Tells a property from the file that holds its value: `sasl.password.file` is the file of
/// `sasl.password`.
pub(super) fn without_file(name: &str) -> (&str, bool) {
    match name.strip_suffix(".file") {
        Some(property) if !NAMED_AS_FILES.contains(&name) => (property, true),
        _ => (name, false),
    }
}

/// Whether this can be the name of a property: what has other characters takes no text.
pub(super) fn is_name(name: &str) -> bool {
    let is_part = |part: &str| {
        let mut bytes = part.bytes();
        !part.is_empty() && bytes.all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
    };
    name.split('.').all(is_part)
}

/// Whether the value is a secret by its name alone, and so does not belong on a command line.
pub(crate) fn is_secret(name: &str) -> bool {
    ["password", "passphrase", "secret", ".pem"].iter().any(|word| name.contains(word))
}
