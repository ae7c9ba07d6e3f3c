//! Delays of retry topics: what may be one, and how a list of them is read.

use syn::LitStr;

use crate::diagnostics::Errors;
use crate::keys::{Argument, string_of};

/// Most retry topics of one handler.
const MOST: usize = 5;

/// The longest wait, in seconds.
const LONGEST: u64 = 24 * 60 * 60;

/// `retry_topics = ["30s", "5m"]`: each delay legal and longer than the one before it.
pub(crate) fn list(argument: &Argument, errors: &mut Errors) -> Option<Vec<LitStr>> {
    const USAGE: &str =
        "`retry_topics` takes a list of delays, for example `retry_topics = [\"30s\", \"5m\"]`";
    let Some(array) = argument.array().filter(|array| !array.elems.is_empty()) else {
        argument.wrong(USAGE.to_owned(), errors);
        return None;
    };
    let mut delays: Vec<(LitStr, u64)> = Vec::new();
    for element in &array.elems {
        let Some(literal) = string_of(element) else {
            errors.at(element, USAGE);
            continue;
        };
        let text = literal.value();
        let Some(seconds) = seconds(&text) else {
            errors.at(
                &literal,
                format!("`{text}` is no delay; write a whole number and `s`, `m` or `h`, from `1s` to `24h`, for example `\"30s\"`"),
            );
            continue;
        };
        match delays.last() {
            Some((before, longest)) if *longest >= seconds => errors.at(
                &literal,
                format!(
                    "`{text}` is not longer than `{}` before it; write each delay once, the shortest first",
                    before.value()
                ),
            ),
            _ if delays.len() == MOST => errors.at(
                &literal,
                format!("`retry_topics` takes at most {MOST} delays; leave this one out"),
            ),
            _ => delays.push((literal, seconds)),
        }
    }
    (delays.len() == array.elems.len())
        .then(|| delays.into_iter().map(|(literal, _)| literal).collect())
}

/// The rule of `flowx_core::config::delay::RetryDelay`; both are held to `tests/vectors/delays.txt`.
fn seconds(text: &str) -> Option<u64> {
    let seconds = |(unit, seconds)| Some((text.strip_suffix(unit)?, seconds));
    let (number, unit) = [("s", 1), ("m", 60), ("h", 3_600)].into_iter().find_map(seconds)?;
    if number.starts_with('0') || !number.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let number: u64 = number.parse().ok()?;
    Some(number.saturating_mul(unit)).filter(|seconds| *seconds <= LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shared_cases_hold() {
        let cases = include_str!("../../tests/vectors/delays.txt");
        let mut count = 0;
        for case in cases.lines().filter(|line| !line.starts_with('#')) {
            match case.split('|').collect::<Vec<_>>()[..] {
                ["ok", text, expected] => {
                    assert_eq!(seconds(text).map(|s| s.to_string()).as_deref(), Some(expected));
                }
                ["bad", text] => assert_eq!(seconds(text), None, "{text}"),
                _ => panic!("{case}"),
            }
            count += 1;
        }
        assert!(count >= 20, "{count} cases");
    }
}
