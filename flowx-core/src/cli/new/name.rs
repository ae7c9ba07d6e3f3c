//! The name of a project, which will be the name of a great many things.

use std::str::FromStr;

/// The longest name: with `-mngt` behind it, it names a Kubernetes service, which may have 63.
const LONGEST: usize = 58;

/// What cargo keeps for itself, what the language does, and what no folder on Windows may be called.
const RESERVED: &str = "\
    abstract alloc as async aux await become box break build com1 com2 com3 com4 com5 com6 com7 com8 \
    com9 con const continue core crate deps do dyn else enum examples extern false final fn \
    for gen if impl in incremental let loop lpt1 lpt2 lpt3 lpt4 lpt5 lpt6 lpt7 lpt8 lpt9 macro \
    match mod move mut nul override priv prn proc-macro pub ref return self static std struct \
    super test trait true try type typeof unsized use virtual where while yield unsafe";

/// What the project itself depends on.
const USED: &str =
    "flowx-core flowx-macros schemars serde serde-json thiserror tikv-jemallocator tokio";

/// A name in kebab-case: package, program, consumer group, image and Kubernetes service bear it alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Name(String);

impl Name {
    /// As it was given: `credit-check`.
    pub(super) fn kebab(&self) -> &str {
        &self.0
    }

    /// As Rust writes it: `credit_check`.
    pub(super) fn snake(&self) -> String {
        self.0.replace('-', "_")
    }
}

impl FromStr for Name {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if !is_kebab(text) {
            let kebab = to_kebab(text);
            let instead = if is_kebab(&kebab) { kebab } else { "credit-check".to_owned() };
            return Err(format!(
                "lower-case letters, digits and single `-` between them make a name, a letter first, for package, image and Kubernetes service bear it; write for example `{instead}`"
            ));
        }
        if text.len() > LONGEST {
            return Err(format!(
                "it has {} characters, and a Kubernetes service with `-mngt` behind it has room for {LONGEST}",
                text.len()
            ));
        }
        if is_among(RESERVED, text) {
            return Err(format!(
                "Rust, cargo or an operating system keeps this word for itself; write for example `{text}-connector`"
            ));
        }
        if is_among(USED, text) {
            return Err(format!(
                "a crate that the project needs is called so; write for example `{text}-connector`"
            ));
        }
        Ok(Self(text.to_owned()))
    }
}

fn is_among(words: &str, text: &str) -> bool {
    words.split(' ').any(|word| word == text)
}

fn is_kebab(text: &str) -> bool {
    let is_word = |word: &str| {
        !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
    };
    text.starts_with(|c: char| c.is_ascii_lowercase()) && text.split('-').all(is_word)
}

/// What was probably meant: `CreditCheck`, `credit_check` and `Credit Check` are `credit-check`.
fn to_kebab(text: &str) -> String {
    let mut kebab = String::new();
    let mut before_is_small = false;
    for c in text.chars() {
        if c.is_ascii_uppercase() && before_is_small {
            kebab.push('-');
        }
        before_is_small = c.is_ascii_lowercase() || c.is_ascii_digit();
        kebab.push(if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' });
    }
    let words: Vec<&str> = kebab.split('-').filter(|word| !word.is_empty()).collect();
    words.join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_in_kebab_case_has_two_spellings() {
        for text in ["credit-check", "a", "x2", "iso20022-mapper"] {
            let name: Name = text.parse().unwrap();
            assert_eq!((name.kebab(), name.snake()), (text, text.replace('-', "_")));
        }
    }

    #[test]
    fn another_spelling_is_refused_with_the_right_one() {
        for (text, instead) in [
            ("credit_check", "`credit-check`"),
            ("CreditCheck", "`credit-check`"),
            ("Credit Check", "`credit-check`"),
            ("-credit--check-", "`credit-check`"),
            ("../credit", "`credit`"),
            ("4711", "`credit-check`"),
            ("", "`credit-check`"),
            ("überweisung", "`berweisung`"),
        ] {
            let refused = text.parse::<Name>().unwrap_err();
            assert!(refused.ends_with(instead), "{text}: {refused}");
        }
    }

    #[test]
    fn a_name_that_cannot_be_a_service_is_refused() {
        let longest = "a".repeat(LONGEST);
        assert!(longest.parse::<Name>().is_ok());
        let refused = format!("{longest}a").parse::<Name>().unwrap_err();
        assert!(refused.starts_with("it has 59 characters"), "{refused}");
    }

    #[test]
    fn a_name_that_belongs_to_somebody_else_is_refused() {
        for text in RESERVED.split(' ').chain(USED.split(' ')) {
            let refused = text.parse::<Name>().unwrap_err();
            assert!(refused.ends_with(&format!("`{text}-connector`")), "{text}: {refused}");
        }
    }
}
