//! What a source listens to, and which topics no pattern may bring in.

use super::settings::SetupError;
use crate::message::topic::{Subscription, is_side_topic};

/// All that one source listens to.
#[derive(Debug)]
pub(super) struct Subscriptions(Vec<Subscription>);

/// Both are names of flowx's own making, see [`is_side_topic`].
const RESERVED_TOPICS: &str = r"^.*\.dlq$,^.*\.retry\..*$";

impl Subscriptions {
    /// # Errors
    /// All names that Kafka would not take, or that nothing is subscribed at all.
    pub(super) fn new(all: Vec<Subscription>) -> Result<Self, SetupError> {
        let mut problems = Vec::new();
        if all.is_empty() {
            problems.push("no topic to listen to; subscribe at least one".to_owned());
        }
        for one in &all {
            let (name, is_legal) = match one {
                Subscription::Exact(name) => (name, is_legal_name(name)),
                Subscription::Prefix(prefix) => {
                    (prefix, prefix.chars().all(is_legal_character) && prefix.len() < 250)
                }
            };
            if !is_legal {
                problems.push(format!(
                    "`{name}` cannot be the name of a topic; Kafka takes 1 to 249 of \
                     `a-z A-Z 0-9 . _ -`"
                ));
            }
        }
        if problems.is_empty() { Ok(Self(all)) } else { Err(SetupError::new(problems)) }
    }

    /// The names as librdkafka takes them: a leading `^` makes a regular expression.
    pub(super) fn expressions(&self) -> Vec<String> {
        self.0
            .iter()
            .map(|one| match one {
                Subscription::Exact(name) => name.to_string(),
                Subscription::Prefix(prefix) => format!("^{}.*", prefix.replace('.', r"\.")),
            })
            .collect()
    }

    pub(super) fn has_patterns(&self) -> bool {
        self.0.iter().any(|one| matches!(one, Subscription::Prefix(_)))
    }

    /// Names that the client must not even see: only where a pattern could bring them in, and only
    /// if no exact name needs one of them, because the list holds for the whole client.
    pub(super) fn blacklist(&self) -> Option<&'static str> {
        let names_a_reserved_one = self
            .0
            .iter()
            .any(|one| matches!(one, Subscription::Exact(name) if is_side_topic(name)));
        (self.has_patterns() && !names_a_reserved_one).then_some(RESERVED_TOPICS)
    }

    /// Whether records of this topic are wanted; for those that the blacklist could not keep away.
    pub(super) fn wants(&self, topic: &str) -> bool {
        self.0.iter().any(|one| one.matches(topic))
    }
}

fn is_legal_name(name: &str) -> bool {
    (1..250).contains(&name.len())
        && name.chars().all(is_legal_character)
        && !matches!(name, "." | "..")
}

fn is_legal_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn topic(name: &str) -> Subscription {
        Subscription::Exact(name.into())
    }

    fn pattern(prefix: &str) -> Subscription {
        Subscription::Prefix(prefix.into())
    }

    #[test]
    fn a_pattern_is_anchored_and_its_dots_are_dots() {
        let all = Subscriptions::new(vec![topic("a.b"), pattern("ai.flowx.")]).unwrap();
        assert_eq!(all.expressions(), ["a.b", r"^ai\.flowx\..*"]);
    }

    #[test]
    fn a_pattern_brings_no_dead_letter_and_no_retry_topic() {
        let all = Subscriptions::new(vec![pattern("a.")]).unwrap();
        assert!(all.wants("a.x") && all.wants("a.dlqueue") && all.wants("a.retry"));
        assert!(!all.wants("a.x.dlq") && !all.wants("a.x.retry.5s") && !all.wants("b.x"));
        assert!(all.blacklist().is_some());
    }

    #[test]
    fn an_exact_name_may_be_a_retry_topic_beside_a_pattern() {
        let all = Subscriptions::new(vec![pattern("a."), topic("a.x.retry.5s")]).unwrap();
        assert_eq!(all.blacklist(), None);
        assert!(all.wants("a.x.retry.5s") && !all.wants("a.y.retry.5s"));
    }

    #[test]
    fn all_illegal_names_are_told_at_once() {
        let error = Subscriptions::new(vec![topic("^a.*"), topic(""), pattern("a,b"), topic("ok")])
            .unwrap_err()
            .to_string();
        assert!(error.contains("`^a.*`") && error.contains("``") && error.contains("`a,b`"));
        assert!(!error.contains("`ok`"));
        assert!(Subscriptions::new(Vec::new()).is_err());
    }
}
