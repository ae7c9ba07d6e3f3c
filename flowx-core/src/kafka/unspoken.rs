//! Values of settings that nothing may say, whoever finds the words.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use crate::config::properties;
use crate::config::secret::Secret;

/// The values of a client's extra properties, and its secrets. librdkafka quotes some of them in its log and in its
/// errors, so whatever it says goes through here first.
#[derive(Clone, Debug, Default)]
pub(super) struct Unspoken(Arc<[Secret]>);

impl Unspoken {
    pub(super) fn of<'s>(
        extra: &'s BTreeMap<String, Secret>,
        secrets: impl Iterator<Item = &'s Secret>,
    ) -> Self {
        let kept = extra.iter().filter(|(name, value)| is_kept(name, value.expose()));
        Self(kept.map(|(_, value)| value).chain(secrets).cloned().collect())
    }

    /// A text without these values.
    pub(super) fn hide<'t>(&self, text: &'t str) -> Cow<'t, str> {
        self.0.iter().fold(Cow::Borrowed(text), |text, value| match value.expose() {
            value if text.contains(value) => text.replace(value, "…").into(),
            _ => text,
        })
    }
}

/// Numbers, switches and the name of the protocol are no secrets unless their property is one; a log
/// without them could not be read.
fn is_kept(name: &str, value: &str) -> bool {
    let is_plain = value.len() < 4 || value.parse::<f64>().is_ok() || value.parse::<bool>().is_ok();
    !value.is_empty() && (properties::is_secret(name) || (name != "security.protocol" && !is_plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_a_secret_is_hidden_and_numbers_stay_readable() {
        let extra = [
            ("sasl.password", "1234"),
            ("sasl.username", "alice"),
            ("fetch.wait.max.ms", "5000"),
            ("socket.keepalive.enable", "true"),
            ("security.protocol", "ssl"),
        ];
        let extra = extra.map(|(name, value)| (name.to_owned(), Secret::new(value)));
        let unspoken = Unspoken::of(&extra.into(), [Secret::new("canary")].iter());
        let text = "alice said 1234: true after 5000 ms over ssl, canary";
        assert_eq!(unspoken.hide(text), "… said …: true after 5000 ms over ssl, …");
        assert!(matches!(unspoken.hide("nothing"), Cow::Borrowed(_)));
    }
}
