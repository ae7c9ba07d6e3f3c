//! Codes of refusals: what may be one, and how a list of them is read.

use proc_macro2::TokenStream;
use quote::quote;
use syn::LitStr;

use crate::diagnostics::Errors;
use crate::keys::{Argument, string_of};

/// `refuses = ["A", "B"]` as a constant slice.
pub(crate) fn list(argument: &Argument, errors: &mut Errors) -> Option<TokenStream> {
    const USAGE: &str = "`refuses` takes a list of codes, for example `refuses = [\"NO_RATE\"]`";
    let Some(array) = argument.array() else {
        argument.wrong(USAGE.to_owned(), errors);
        return None;
    };
    let mut codes: Vec<LitStr> = Vec::new();
    for element in &array.elems {
        let Some(code) = string_of(element) else {
            errors.at(element, USAGE);
            continue;
        };
        if codes.iter().any(|known| known.value() == code.value()) {
            errors.at(&code, format!("`{}` is in the list already; keep one", code.value()));
        } else if check(&code, errors) {
            codes.push(code);
        }
    }
    (codes.len() == array.elems.len()).then(|| quote!(&[#(#codes),*]))
}

/// Whether a literal can be a code; otherwise an error that shows one that could.
pub(crate) fn check(code: &LitStr, errors: &mut Errors) -> bool {
    let text = code.value();
    if is_legal(&text) {
        return true;
    }
    let proposal = proposal(&text);
    errors.at(
        code,
        format!("`{text}` cannot be a code; write capitals, digits and `_`, a capital first, at most 64 of them, for example `{proposal}`"),
    );
    false
}

/// The rule of `flowx_core::handler::codes::is_legal`.
fn is_legal(code: &str) -> bool {
    let tail = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    code.len() <= 64 && code.starts_with(|c: char| c.is_ascii_uppercase()) && code.chars().all(tail)
}

/// A legal code that reads like the text: `no rate`, `noRate` and `no-rate` become `NO_RATE`.
fn proposal(text: &str) -> String {
    let mut code = String::new();
    let mut after_small = false;
    for letter in text.chars() {
        if letter.is_ascii_alphanumeric() {
            if after_small && letter.is_ascii_uppercase() {
                code.push('_');
            }
            code.push(letter.to_ascii_uppercase());
        } else if !code.is_empty() && !code.ends_with('_') {
            code.push('_');
        }
        after_small = letter.is_ascii_lowercase();
    }
    code.truncate(64);
    let code = code.trim_end_matches('_');
    if is_legal(code) { code.to_owned() } else { "NO_RATE".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proposal_reads_like_what_was_written() {
        for text in ["no rate", "noRate", "no-rate", "No_Rate", " no  rate! "] {
            assert_eq!(proposal(text), "NO_RATE", "{text}");
        }
        assert_eq!(proposal("404"), "NO_RATE");
        assert_eq!(proposal(&"a".repeat(99)), "A".repeat(64));
    }
}
