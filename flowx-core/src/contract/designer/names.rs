//! Names for designers, made from the names of keys and handlers.

/// A name as the platform likes its keys: `from_currency`, `from-currency` and `FromCurrency` all
/// become `fromCurrency`.
pub(super) fn camel_case(name: &str) -> String {
    let mut camel = String::new();
    for word in name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()) {
        let shouted = !word.chars().any(|c| c.is_ascii_lowercase());
        let word = if shouted { word.to_ascii_lowercase() } else { word.to_owned() };
        let (first, rest) = word.split_at(1);
        if camel.is_empty() {
            camel.push_str(&first.to_ascii_lowercase());
        } else {
            camel.push_str(&first.to_ascii_uppercase());
        }
        camel.push_str(rest);
    }
    camel
}

/// A name that scripts can write behind a dot: [`camel_case`], with `of` in front where the name is
/// empty or begins with a digit.
pub(super) fn identifier(name: &str) -> String {
    let camel = camel_case(name);
    if camel.starts_with(|c: char| c.is_ascii_alphabetic()) { camel } else { format!("of{camel}") }
}

/// A name as a label: `fromCurrency` becomes `From currency`.
pub(super) fn label(name: &str) -> String {
    let mut label = String::new();
    let mut before = ' ';
    for c in name.chars() {
        if !c.is_alphanumeric() {
            before = ' ';
            continue;
        }
        let begins = before == ' ' || (before.is_lowercase() && c.is_uppercase());
        if begins && !label.is_empty() {
            label.push(' ');
        }
        if label.is_empty() {
            label.extend(c.to_uppercase());
        } else if begins {
            label.extend(c.to_lowercase());
        } else {
            label.push(c);
        }
        before = c;
    }
    label
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_become_names_of_process_data() {
        for (name, camel) in [
            ("amount", "amount"),
            ("fromCurrency", "fromCurrency"),
            ("from_currency", "fromCurrency"),
            ("add-fee", "addFee"),
            ("Data", "data"),
            ("CUSTNO", "custno"),
            ("AMT_CENTS", "amtCents"),
            ("id of file", "idOfFile"),
            ("3d-secure", "3dSecure"),
            ("größe", "grE"),
            ("", ""),
        ] {
            assert_eq!(camel_case(name), camel, "{name}");
        }
        assert_eq!(identifier("3d-secure"), "of3dSecure");
    }

    #[test]
    fn keys_become_labels() {
        for (name, expected) in [
            ("fromCurrency", "From currency"),
            ("amount", "Amount"),
            ("customer_id", "Customer id"),
            ("IBAN", "IBAN"),
            ("", ""),
        ] {
            assert_eq!(label(name), expected, "{name}");
        }
    }
}
