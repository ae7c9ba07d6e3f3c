//! Names of components, each legal and each once.

use std::collections::BTreeSet;

use crate::contract::lint::keys::is_legal;

/// The names that are taken.
#[derive(Debug, Default)]
pub(super) struct Keys(BTreeSet<String>);

impl Keys {
    /// A legal name as close to the wanted one as can be, from now on taken.
    pub(super) fn claim(&mut self, wanted: &str) -> String {
        let legal = legal(wanted);
        let numbered = (2..).map(|number| format!("{legal}-{number}"));
        let free = std::iter::once(legal.clone()).chain(numbered).find(|key| !self.has(key));
        let key = free.unwrap_or(legal);
        self.0.insert(key.clone());
        key
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.0.contains(key)
    }
}

/// A text with `_` in place of what a name may not have.
pub(super) fn legal(text: &str) -> String {
    let part = |c: char| if is_legal(c.encode_utf8(&mut [0; 4])) { c } else { '_' };
    let key: String = text.chars().map(part).collect();
    if key.is_empty() { "_".to_owned() } else { key }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_legal_and_given_once() {
        let mut keys = Keys::default();
        let wanted = ["a b", "a_b", "a/b", "", "Ä", "a.b-c_1"];
        let claimed: Vec<_> = wanted.iter().map(|wanted| keys.claim(wanted)).collect();
        assert_eq!(claimed, ["a_b", "a_b-2", "a_b-3", "_", "_-2", "a.b-c_1"]);
        assert!(claimed.iter().all(|key| is_legal(key) && keys.has(key)));
    }
}
