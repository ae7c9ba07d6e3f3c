//! Is this text a topic or a pattern that flowx accepts?
//!
//! `flowx_core` asks the same at start, of texts that come from configuration; both are held to
//! `tests/vectors/topics.txt`.

/// What a text is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// A topic or a pattern to read.
    Topic,
    /// The one topic that replies go to.
    Reply,
}

/// Kafka's limit on the length of a topic name.
const LONGEST_NAME: usize = 249;

/// Says what is wrong with a topic and what to write instead.
pub(crate) fn check(written: &str, role: Role) -> Result<(), String> {
    let rest = written.strip_prefix('/').unwrap_or(written);
    if role == Role::Reply && rest.contains('*') {
        return Err(format!(
            "`{written}` is a pattern, but a reply goes to one topic; write its whole name"
        ));
    }
    let name = match rest.strip_suffix('*') {
        Some(name) if name.ends_with('.') && !name.contains('*') => name,
        None if !rest.contains('*') => rest,
        _ if rest.contains(REGEX) => {
            return Err(star(written, "; topics are not regular expressions here"));
        }
        _ => return Err(star(written, ", as in `engine.receive.*`")),
    };
    if matches!(name, "" | "." | "..") {
        let what = if written.is_empty() { "an empty text" } else { &format!("`{written}`") };
        return Err(format!(
            "{what} names no topic; write the part between the configured prefix and suffix, or a whole name behind `/`"
        ));
    }
    if name.contains(|c| !is_legal(c)) {
        let regex =
            if name.contains(REGEX) { "; topics are not regular expressions here" } else { "" };
        return Err(format!(
            "`{written}` is not a topic name; Kafka allows letters, digits, `.`, `_` and `-`{regex}"
        ));
    }
    if name.len() > LONGEST_NAME {
        let length = name.len();
        return Err(format!(
            "the topic has {length} characters and is longer than {LONGEST_NAME}, Kafka's limit; shorten it"
        ));
    }
    Ok(())
}

/// Whether a record sent to `reply` is read again by `topic` or one of its retry topics, as far as
/// the texts tell: a relative and an absolute one can only be compared at start.
pub(crate) fn comes_back(topic: &str, reply: &str, delays: &[String]) -> bool {
    let split = |text: &str| match text.strip_prefix('/') {
        Some(name) => (true, name.to_owned()),
        None => (false, text.to_owned()),
    };
    let ((topic_absolute, topic), (reply_absolute, reply)) = (split(topic), split(reply));
    if topic_absolute != reply_absolute {
        return false;
    }
    match topic.strip_suffix('*') {
        // A pattern never reads what a connector put aside.
        Some(stem) => reply.starts_with(stem) && !is_side_topic(&reply),
        // Behind a relative name stands a suffix that nobody knows yet.
        None if topic_absolute => {
            let is_retry = |delay| reply == format!("{topic}.retry.{delay}");
            topic == reply || delays.iter().any(is_retry)
        }
        None => topic == reply,
    }
}

const REGEX: &[char] = &['\\', '^', '$', '(', ')', '[', ']', '{', '}', '+', '?', '|'];

fn star(written: &str, more: &str) -> String {
    format!("`{written}`: `*` may only be the last part of a pattern{more}")
}

fn is_legal(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-')
}

fn is_side_topic(topic: &str) -> bool {
    topic.ends_with(".dlq") || topic.contains(".retry.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shared_cases_hold() {
        let cases = include_str!("../../tests/vectors/topics.txt");
        let mut count = 0;
        for case in cases.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let mut columns = case.split('|');
            let (verdict, text) = (columns.next(), columns.next().unwrap());
            match (verdict, columns.next(), check(text, Role::Topic)) {
                (Some("ok"), None, Ok(())) => {}
                (Some("bad"), Some(words), Err(message)) => {
                    assert!(message.contains(words), "{case}: {message}");
                }
                (.., result) => panic!("{case}: {result:?}"),
            }
            count += 1;
        }
        assert!(count >= 30, "{count} cases");
    }

    #[test]
    fn a_reply_is_one_topic() {
        assert!(check("engine.receive.a", Role::Reply).is_ok());
        assert!(check("engine.receive.*", Role::Reply).unwrap_err().contains("whole name"));
    }

    #[test]
    fn a_retry_topic_is_read_too() {
        let delays = ["30s".to_owned(), "5m".to_owned()];
        assert!(comes_back("/a.b", "/a.b.retry.5m", &delays));
        assert!(!comes_back("/a.b", "/a.b.retry.1h", &delays));
        assert!(!comes_back("a.b", "a.b.retry.5m", &delays), "it ends in a suffix");
    }

    #[test]
    fn only_what_the_handler_reads_comes_back() {
        assert!(comes_back("a.b", "a.b", &[]));
        assert!(comes_back("a.*", "a.b.c", &[]));
        assert!(comes_back("/x.a.*", "/x.a.b", &[]));
        assert!(!comes_back("a.b", "a.b.c", &[]));
        assert!(!comes_back("a.*", "ab", &[]));
        assert!(!comes_back("a.*", "/a.b", &[]));
        assert!(!comes_back("a.*", "a.b.dlq", &[]));
        assert!(comes_back("a.dlq", "a.dlq", &[]));
    }
}
