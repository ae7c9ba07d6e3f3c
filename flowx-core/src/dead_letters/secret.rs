//! Which names belong to what nobody should read.

/// Parts of names, in lower case without separators.
const PARTS: [&str; 21] = [
    "password",
    "passwd",
    "passphrase",
    "passcode",
    "secret",
    "token",
    "apikey",
    "accesskey",
    "privatekey",
    "authorization",
    "credential",
    "cookie",
    "session",
    "signature",
    "jwt",
    "bearer",
    "iban",
    "cardnumber",
    "creditcard",
    "socialsecurity",
    "securitycode",
];

/// Whole names, likewise: as parts they would hit too much.
const WHOLE: [&str; 10] = ["auth", "pwd", "pass", "pin", "otp", "cvv", "cvc", "ssn", "cnp", "pan"];

/// Whether a name looks like that of a secret: of a field or a header, in any spelling.
pub(super) fn looks_secret(name: &str) -> bool {
    let plain: String =
        name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    WHOLE.contains(&plain.as_str()) || PARTS.iter().any(|part| plain.contains(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_secrets_are_known_in_every_spelling() {
        for name in [
            "jwt",
            "Authorization",
            "api_key",
            "X-Api-Key",
            "clientSecret",
            "PIN",
            "pass-word",
            "CVV",
        ] {
            assert!(looks_secret(name), "{name}");
        }
        for name in [
            "amount",
            "processInstanceUuid",
            "fxContext",
            "opinion",
            "company",
            "compass",
            "author",
        ] {
            assert!(!looks_secret(name), "{name}");
        }
    }
}
