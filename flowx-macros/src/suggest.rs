//! "Did you mean …?"

/// The candidate that a misspelled word stands for, if one is near enough.
pub(crate) fn nearest<'a>(word: &str, candidates: &[&'a str]) -> Option<&'a str> {
    let near = |candidate: &&'a str| {
        let distance = distance(word, candidate);
        (distance <= candidate.len().max(word.len()).div_ceil(3)).then_some((distance, *candidate))
    };
    candidates.iter().filter_map(near).min().map(|(_, candidate)| candidate)
}

/// How many letters must be inserted, deleted or replaced to get from one word to the other.
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, letter) in from.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, other) in to.iter().enumerate() {
            let replaced = diagonal + usize::from(letter != *other);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_words_are_suggested_and_others_are_not() {
        let keys = ["topic", "reply", "name", "crate", "error_null"];
        assert_eq!(nearest("topics", &keys), Some("topic"));
        assert_eq!(nearest("replyTo", &keys), Some("reply"));
        assert_eq!(nearest("errorNull", &keys), Some("error_null"));
        assert_eq!(nearest("group", &keys), None);
        assert_eq!(nearest("x", &keys), None);
    }
}
