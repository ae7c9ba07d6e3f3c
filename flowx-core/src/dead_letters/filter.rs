//! Which dead letters are meant.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::letter::DeadLetter;

/// Which dead letters are meant: those that fit every list that is not empty, and every limit.
///
/// ```
/// use flowx_core::dead_letters::Filter;
///
/// let all = Filter::default();
/// assert!(all.is_empty());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Names of handlers.
    pub handlers: Vec<String>,
    /// Names of reasons.
    pub reasons: Vec<String>,
    /// Process instances, by UUID or number.
    pub processes: Vec<String>,
    /// Ids of dead letters.
    pub ids: Vec<String>,
    /// Put aside then or later: milliseconds since 1970.
    pub since: Option<i64>,
    /// Put aside before that: milliseconds since 1970.
    pub until: Option<i64>,
}

impl Filter {
    /// The dead letter of this id.
    #[must_use]
    pub fn id(id: &str) -> Self {
        Self { ids: vec![id.to_owned()], ..Self::default() }
    }

    /// Whether everything is meant.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether this one is meant.
    #[must_use]
    pub fn fits(&self, letter: &DeadLetter) -> bool {
        let one_of = |wanted: &[String], found: &str| {
            wanted.is_empty() || wanted.iter().any(|wanted| wanted == found)
        };
        one_of(&self.handlers, &letter.handler)
            && one_of(&self.reasons, &letter.reason)
            && (one_of(&self.processes, letter.process.as_deref().unwrap_or_default())
                || one_of(&self.processes, letter.process_number.as_deref().unwrap_or_default()))
            && one_of(&self.ids, letter.id.as_str())
            && self.since.is_none_or(|since| letter.failed_at >= since)
            && self.until.is_none_or(|until| letter.failed_at < until)
    }
}

/// A point in time, in milliseconds since 1970: an RFC 3339 time (`2026-11-24T08:00:00Z`, or with
/// `+02:00`), a day (`2026-11-24`, in UTC), or how long ago it is (`90min`, `2h`, `3days`).
///
/// # Errors
/// It is none of them.
pub fn moment(text: &str, now: SystemTime) -> Result<i64, String> {
    let ago = |ago: Duration| now.checked_sub(ago).map(millis);
    let read = humantime::parse_duration(text).ok().and_then(ago).or_else(|| time(text));
    read.ok_or_else(|| {
        "it is neither a time as `2026-11-24T08:00:00Z` nor a duration as `2h`, which counts back from now"
            .to_owned()
    })
}

fn time(text: &str) -> Option<i64> {
    if text.len() == "2026-11-24".len() {
        return time(&format!("{text}T00:00:00Z"));
    }
    // Times with an offset from UTC, which the library does not know.
    let (local, minutes) = match text.len().checked_sub(6).and_then(|at| text.split_at_checked(at))
    {
        Some((local, offset)) if offset.starts_with(['+', '-']) => {
            let (hours, minutes) = offset[1..].split_once(':')?;
            let (hours, minutes): (i64, i64) = (hours.parse().ok()?, minutes.parse().ok()?);
            let sign = if offset.starts_with('-') { -1 } else { 1 };
            (format!("{local}Z"), sign * (hours * 60 + minutes))
        }
        _ => (text.to_owned(), 0),
    };
    Some(millis(humantime::parse_rfc3339(&local).ok()?) - minutes * 60_000)
}

/// Milliseconds since 1970.
#[must_use]
pub fn millis(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    i64::try_from(since).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::super::letter::tests::written;
    use super::*;

    #[test]
    fn every_part_of_a_filter_must_fit() {
        let letter = DeadLetter::read(&written(5, |_, _| ())).expect("a dead letter");
        let some = |text: &str| vec![text.to_owned()];
        let at = letter.failed_at;
        let base = Filter::default;
        for (filter, fits) in [
            (base(), true),
            (Filter { handlers: some("double"), ..base() }, true),
            (Filter { handlers: vec!["halve".to_owned(), "double".to_owned()], ..base() }, true),
            (Filter { handlers: some("doubl"), ..base() }, false),
            (Filter { reasons: some("retry-exhausted"), ..base() }, true),
            (Filter { reasons: some("not-utf8"), ..base() }, false),
            (Filter { processes: some("p-1"), ..base() }, true),
            (Filter { processes: some("119246"), ..base() }, true),
            (Filter { processes: some("p-2"), ..base() }, false),
            (Filter { processes: some(""), ..base() }, false),
            (Filter::id(letter.id.as_str()), true),
            (Filter::id("0f8e5a1c3b7d49260f8e5a1c3b7d4926"), false),
            (Filter { since: Some(at), ..base() }, true),
            (Filter { since: Some(at + 1), ..base() }, false),
            (Filter { until: Some(at), ..base() }, false),
            (Filter { until: Some(at + 1), ..base() }, true),
            (Filter { handlers: some("double"), reasons: some("x"), ..base() }, false),
        ] {
            assert_eq!(filter.fits(&letter), fits, "{filter:?}");
        }
    }

    #[test]
    fn a_moment_is_a_time_or_a_while_ago() {
        let now = UNIX_EPOCH + Duration::from_millis(1_763_971_200_000);
        for (text, expected) in [
            ("2h", Some(1_763_971_200_000 - 7_200_000)),
            ("1h 30min", Some(1_763_971_200_000 - 5_400_000)),
            ("2025-11-24T08:00:00Z", Some(1_763_971_200_000)),
            ("2025-11-24T08:00:00.250Z", Some(1_763_971_200_250)),
            ("2025-11-24T10:00:00+02:00", Some(1_763_971_200_000)),
            ("2025-11-24T02:30:00-05:30", Some(1_763_971_200_000)),
            ("2025-11-24", Some(1_763_942_400_000)),
            ("yesterday", None),
            ("2025-13-24", None),
            ("99999999999years", Some(0)),
            ("", None),
            ("€€€€€€", None),
        ] {
            assert_eq!(moment(text, now).ok(), expected, "{text}");
        }
    }
}
