//! Topic names: what a handler writes, what Kafka sees, and who would read it.

use std::fmt;
use std::sync::Arc;

/// The topic of a handler as its author writes it: the part between the configured prefix and
/// suffix, or an absolute name behind a `/`; `*` as the last part makes it a pattern.
///
/// | written | is read from Kafka as (defaults) |
/// |---|---|
/// | `plugin.currency.trigger.exchange` | `ai.flowx.dev.plugin.currency.trigger.exchange.v1` |
/// | `engine.receive.*` | every topic that starts with `ai.flowx.dev.engine.receive.` |
/// | `/ai.flowx.currency.exchange.in` | `ai.flowx.currency.exchange.in` |
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicSpec {
    text: String,
    absolute: bool,
    pattern: bool,
}

impl TopicSpec {
    /// Reads a topic or pattern.
    ///
    /// # Errors
    /// What Kafka would refuse, in words that name the part.
    pub fn parse(written: &str) -> Result<Self, TopicError> {
        let absolute = written.starts_with('/');
        let rest = written.strip_prefix('/').unwrap_or(written);
        let (name, pattern) = match rest.strip_suffix('*') {
            Some(name) => (name, true),
            None => (rest, false),
        };
        let fault = |fault| Err(TopicError { written: written.to_owned(), fault });
        if name.contains('*') || (pattern && !name.ends_with('.')) {
            return fault(Fault::Star);
        }
        if name.is_empty() || name == "." || name == ".." {
            return fault(Fault::Empty);
        }
        if name.len() > LONGEST_NAME {
            return fault(Fault::TooLong);
        }
        if let Some(illegal) = name.chars().find(|c| !is_legal(*c)) {
            return fault(Fault::Illegal(illegal));
        }
        Ok(Self { text: name.to_owned(), absolute, pattern })
    }

    /// Whether it stands for more than one topic.
    #[must_use]
    pub fn is_pattern(&self) -> bool {
        self.pattern
    }
}

/// Kafka's limit on the length of a topic name.
pub(crate) const LONGEST_NAME: usize = 249;

fn is_legal(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-')
}

/// Why a text is no topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicError {
    written: String,
    fault: Fault,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Fault {
    Empty,
    Star,
    TooLong,
    Illegal(char),
}

impl fmt::Display for TopicError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let written = &self.written;
        match self.fault {
            Fault::Empty => write!(f, "`{written}` names no topic"),
            Fault::Star => write!(
                f,
                "`{written}`: `*` may only be the last part of a pattern, as in `engine.receive.*`"
            ),
            Fault::TooLong => {
                write!(f, "`{written}` is longer than {LONGEST_NAME} characters, Kafka's limit")
            }
            Fault::Illegal(c) => write!(
                f,
                "`{written}` is not a topic name: `{}` is illegal; Kafka allows letters, digits, `.`, `_` and `-`",
                c.escape_default()
            ),
        }
    }
}

impl std::error::Error for TopicError {}

/// What a handler reads from Kafka: one topic, or all that start with a prefix.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subscription {
    /// One topic.
    Exact(Arc<str>),
    /// All topics that start with this, but for dead-letter and retry topics.
    Prefix(Arc<str>),
}

impl Subscription {
    /// Whether records of this topic belong to it.
    #[must_use]
    pub fn matches(&self, topic: &str) -> bool {
        match self {
            Self::Exact(name) => topic == &**name,
            Self::Prefix(prefix) => topic.starts_with(&**prefix) && !is_side_topic(topic),
        }
    }

    /// Whether there can be a topic that belongs to both.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Exact(name), other) | (other, Self::Exact(name)) => other.matches(name),
            (Self::Prefix(a), Self::Prefix(b)) => a.starts_with(&**b) || b.starts_with(&**a),
        }
    }
}

impl fmt::Display for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(name) => f.write_str(name),
            Self::Prefix(prefix) => write!(f, "{prefix}*"),
        }
    }
}

/// Whether a topic holds what a connector put aside: dead letters or delayed retries.
#[must_use]
pub fn is_side_topic(topic: &str) -> bool {
    topic.ends_with(".dlq") || topic.contains(".retry.")
}

/// The platform's naming scheme, resolved: every value ends or begins with its own separator.
///
/// Source: `topic.naming.*` of the engine's setup guide, 3.0 and later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Naming {
    /// In front of every topic; default `ai.flowx.dev.`.
    pub prefix: String,
    /// Behind every topic that is no pattern; default `.v1`.
    pub suffix: String,
    /// What the engine reads, behind the prefix; default `engine.receive.`.
    pub engine_receive: String,
    /// What the integration designer reads, behind the prefix; default `integration.receive.`.
    pub integration_receive: String,
}

impl Default for Naming {
    fn default() -> Self {
        Self {
            prefix: "ai.flowx.dev.".to_owned(),
            suffix: ".v1".to_owned(),
            engine_receive: "engine.receive.".to_owned(),
            integration_receive: "integration.receive.".to_owned(),
        }
    }
}

impl Naming {
    /// What a handler with this topic reads.
    #[must_use]
    pub fn subscription(&self, spec: &TopicSpec) -> Subscription {
        match (spec.pattern, spec.absolute) {
            (true, true) => Subscription::Prefix(spec.text.as_str().into()),
            (true, false) => Subscription::Prefix(format!("{}{}", self.prefix, spec.text).into()),
            (false, _) => Subscription::Exact(self.full_name(spec)),
        }
    }

    /// The full name of a topic that is no pattern.
    #[must_use]
    pub fn full_name(&self, spec: &TopicSpec) -> Arc<str> {
        if spec.absolute { spec.text.as_str().into() } else { self.dress(&spec.text) }
    }

    /// Where a handler with this topic answers if it does not say: `A.trigger.B` on
    /// `engine.receive.A.B.results`, any other `Z` on `engine.receive.Z.results`.
    ///
    /// `None` for a pattern and for a topic that the engine itself reads: those must name their
    /// reply.
    #[must_use]
    pub fn default_reply(&self, spec: &TopicSpec) -> Option<Arc<str>> {
        if spec.pattern || self.is_engine_family(spec) {
            return None;
        }
        let plain = if spec.absolute { self.undress(&spec.text) } else { spec.text.as_str() };
        let middle = match plain.split_once(".trigger.") {
            Some((component, action)) => format!("{component}.{action}"),
            None => plain.to_owned(),
        };
        Some(self.dress(&format!("{}{middle}.results", self.engine_receive)))
    }

    /// Whether the engine or the integration designer reads this topic, or part of this pattern.
    #[must_use]
    pub fn is_engine_family(&self, spec: &TopicSpec) -> bool {
        let subscription = self.subscription(spec);
        self.receive_patterns().iter().any(|pattern| pattern.overlaps(&subscription))
    }

    /// Whether the engine or the integration designer reads a topic of this full name.
    #[must_use]
    pub fn is_read_by_the_platform(&self, topic: &str) -> bool {
        // Their own patterns make no exception for dead letters: that is why none may stand there.
        [&self.engine_receive, &self.integration_receive].into_iter().any(|family| {
            topic.strip_prefix(self.prefix.as_str()).is_some_and(|rest| rest.starts_with(&**family))
        })
    }

    /// Prefix and pattern of what the engine reads, for example `ai.flowx.dev.engine.receive.*`.
    #[must_use]
    pub fn engine_pattern(&self) -> Subscription {
        Subscription::Prefix(format!("{}{}", self.prefix, self.engine_receive).into())
    }

    /// Where dead letters of one topic go: the topic's own name and `.dlq`; for what the platform
    /// reads, a topic of the connector's own.
    #[must_use]
    pub fn dead_letter(&self, topic: &str, group: &str) -> Arc<str> {
        if self.is_read_by_the_platform(topic) {
            self.dress(&format!("connector.{group}.dead-letter"))
        } else {
            format!("{topic}.dlq").into()
        }
    }

    /// Where a request from a topic waits so long for another try: the topic's own name, `.retry.`
    /// and the delay.
    #[must_use]
    pub fn retry(&self, topic: &str, delay: &str) -> Arc<str> {
        format!("{topic}.retry.{delay}").into()
    }

    fn receive_patterns(&self) -> [Subscription; 2] {
        let integration = format!("{}{}", self.prefix, self.integration_receive);
        [self.engine_pattern(), Subscription::Prefix(integration.into())]
    }

    fn dress(&self, middle: &str) -> Arc<str> {
        format!("{}{middle}{}", self.prefix, self.suffix).into()
    }

    fn undress<'a>(&self, full: &'a str) -> &'a str {
        let rest = full.strip_prefix(self.prefix.as_str()).unwrap_or(full);
        rest.strip_suffix(self.suffix.as_str()).unwrap_or(rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(written: &str) -> TopicSpec {
        TopicSpec::parse(written).unwrap()
    }

    #[test]
    fn the_shared_cases_are_read_as_the_attribute_reads_them() {
        let cases = include_str!("../../../tests/vectors/topics.txt");
        for case in cases.lines().filter(|line| !line.starts_with('#')) {
            match case.split('|').collect::<Vec<_>>()[..] {
                ["ok", written] => assert!(TopicSpec::parse(written).is_ok(), "{written}"),
                ["bad", written, words] => {
                    let error = TopicSpec::parse(written).expect_err(written).to_string();
                    assert!(error.contains(words), "{written}: {error}");
                }
                _ => panic!("{case}"),
            }
        }
    }

    #[test]
    fn a_written_topic_becomes_what_kafka_sees() {
        let naming = Naming::default();
        for (written, kafka) in [
            (
                "plugin.currency.trigger.exchange",
                "ai.flowx.dev.plugin.currency.trigger.exchange.v1",
            ),
            ("engine.receive.*", "ai.flowx.dev.engine.receive.*"),
            ("/ai.flowx.currency.exchange.in", "ai.flowx.currency.exchange.in"),
            ("/audit.*", "audit.*"),
        ] {
            assert_eq!(naming.subscription(&spec(written)).to_string(), kafka);
        }
    }

    #[test]
    fn without_a_reply_the_answer_goes_into_the_engines_family() {
        let naming = Naming::default();
        for (written, reply) in [
            (
                "plugin.currency.trigger.exchange",
                Some("ai.flowx.dev.engine.receive.plugin.currency.exchange.results.v1"),
            ),
            ("credit.check", Some("ai.flowx.dev.engine.receive.credit.check.results.v1")),
            (
                "/ai.flowx.dev.credit.trigger.check.v1",
                Some("ai.flowx.dev.engine.receive.credit.check.results.v1"),
            ),
            ("/legacy.in", Some("ai.flowx.dev.engine.receive.legacy.in.results.v1")),
            ("engine.receive.*", None),
            ("engine.receive.plugin.a.results", None),
            ("engine.*", None),
            ("integration.receive.x", None),
            ("plugin.*", None),
        ] {
            assert_eq!(naming.default_reply(&spec(written)).as_deref(), reply, "{written}");
        }
    }

    #[test]
    fn a_pattern_never_sees_dead_letters_or_retries() {
        let pattern = Naming::default().subscription(&spec("plugin.*"));
        for (topic, matches) in [
            ("ai.flowx.dev.plugin.a.v1", true),
            ("ai.flowx.dev.plugin.a.v1.dlq", false),
            ("ai.flowx.dev.plugin.a.v1.retry.30s", false),
            ("ai.flowx.dev.pluginx", false),
            ("x.ai.flowx.dev.plugin.a", false),
        ] {
            assert_eq!(pattern.matches(topic), matches, "{topic}");
        }
    }

    #[test]
    fn dead_letters_never_stand_where_the_platform_reads() {
        let naming = Naming::default();
        for (topic, dead_letter) in [
            ("ai.flowx.dev.plugin.a.v1", "ai.flowx.dev.plugin.a.v1.dlq"),
            ("ai.flowx.dev.engine.receive.a.v1", "ai.flowx.dev.connector.audit.dead-letter.v1"),
            ("ai.flowx.dev.integration.receive.a", "ai.flowx.dev.connector.audit.dead-letter.v1"),
        ] {
            let name = naming.dead_letter(topic, "audit");
            assert_eq!(&*name, dead_letter);
            assert!(!naming.is_read_by_the_platform(&name));
        }
    }

    #[test]
    fn overlap_is_found_between_names_and_patterns() {
        let exact = |name: &str| Subscription::Exact(name.into());
        let prefix = |name: &str| Subscription::Prefix(name.into());
        for (a, b, overlaps) in [
            (exact("a"), exact("a"), true),
            (exact("a"), exact("b"), false),
            (exact("a.b"), prefix("a."), true),
            (exact("a.b.dlq"), prefix("a."), false),
            (prefix("a."), prefix("a.b."), true),
            (prefix("a."), prefix("b."), false),
        ] {
            assert_eq!(a.overlaps(&b), overlaps, "{a} {b}");
            assert_eq!(b.overlaps(&a), overlaps, "{b} {a}");
        }
    }
}
