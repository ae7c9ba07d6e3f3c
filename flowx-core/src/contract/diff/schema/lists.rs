//! Items of lists.

use serde_json::Value;

use super::cases::Case;
use super::walk::{At, Walk};
use super::words::Cause;

impl Walk<'_> {
    /// The items of two lists: those at fixed places, and all others.
    pub(super) fn items(&mut self, old: &Case, new: &Case, at: &At) {
        let (before, after) = (fixed(old), fixed(new));
        for (index, (before, after)) in before.iter().zip(after).enumerate() {
            self.place(before, after, &At { path: at.path.item(index), ..at.clone() });
        }
        if before.len() != after.len() {
            let words = ["prefixItems", "items", "minItems", "maxItems"];
            let only = |case: &Case| case.schema_of(|word| words.contains(&word));
            let judgement = self.judge(&only(old), &only(new));
            let what = format!(
                "The list had {} items at fixed places and has {}.",
                before.len(),
                after.len()
            );
            return self.report(at, what, judgement, Cause::Rule);
        }
        let rest = |case: &Case| case.words.get("items").cloned().unwrap_or(Value::Bool(true));
        self.place(&rest(old), &rest(new), &At { path: at.path.items(), ..at.clone() });
    }
}

fn fixed(case: &Case) -> &[Value] {
    case.words.get("prefixItems").and_then(Value::as_array).map_or(&[], Vec::as_slice)
}
