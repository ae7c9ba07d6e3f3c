//! How long a request waits on a retry topic.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// How long a request waits on one retry topic, as it is written in the attribute and in the
/// configuration: a whole number and `s`, `m` or `h`, from `1s` to `24h`.
///
/// The text is part of the topic's name, so it is kept as written: `60s` and `1m` are the same
/// delay and two topics.
///
/// ```
/// use flowx_core::config::delay::RetryDelay;
///
/// let delay: RetryDelay = "5m".parse().unwrap();
/// assert_eq!(delay.duration().as_secs(), 300);
/// assert_eq!(delay.to_string(), "5m");
/// assert!("5min".parse::<RetryDelay>().is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetryDelay {
    text: String,
    duration: Duration,
}

impl RetryDelay {
    /// Most retry topics of one handler.
    pub const MOST: usize = 5;

    /// How long a request waits.
    #[must_use]
    pub fn duration(&self) -> Duration {
        self.duration
    }

    /// Reads the delays of one handler: each longer than the one before it.
    ///
    /// # Errors
    /// A text that is no delay, a delay that is not longer than the one before it, or too many.
    pub fn list<'t>(texts: impl IntoIterator<Item = &'t str>) -> Result<Vec<Self>, BadDelay> {
        let mut delays: Vec<Self> = Vec::new();
        for text in texts {
            let delay: Self = text.parse()?;
            if delays.last().is_some_and(|last| last.duration >= delay.duration) {
                return Err(BadDelay::NotLonger);
            }
            delays.push(delay);
        }
        if delays.len() > Self::MOST { Err(BadDelay::TooMany) } else { Ok(delays) }
    }
}

/// The longest wait, in seconds. Beyond it the topic's retention gets near.
const LONGEST: u64 = 24 * 60 * 60;

impl FromStr for RetryDelay {
    type Err = BadDelay;

    /// The rule of `flowx_macros`; both are held to `tests/vectors/delays.txt`.
    fn from_str(text: &str) -> Result<Self, BadDelay> {
        let seconds = |(unit, seconds)| Some((text.strip_suffix(unit)?, seconds));
        let (number, unit) = [("s", 1), ("m", 60), ("h", 3_600)]
            .into_iter()
            .find_map(seconds)
            .ok_or(BadDelay::NoDelay)?;
        // `030s` would be another topic than `30s`.
        if number.starts_with('0') || !number.bytes().all(|digit| digit.is_ascii_digit()) {
            return Err(BadDelay::NoDelay);
        }
        let number: u64 = number.parse().map_err(|_| BadDelay::NoDelay)?;
        let seconds = number.saturating_mul(unit);
        if seconds > LONGEST {
            return Err(BadDelay::NoDelay);
        }
        Ok(Self { text: text.to_owned(), duration: Duration::from_secs(seconds) })
    }
}

impl fmt::Display for RetryDelay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Why a text is no list of delays: what was expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadDelay {
    /// Not a delay at all.
    #[error("a whole number and `s`, `m` or `h` for each retry topic, from `1s` to `24h`")]
    NoDelay,
    /// Not longer than the one before it.
    #[error("delays of which each is longer than the one before it")]
    NotLonger,
    /// More than [`RetryDelay::MOST`].
    #[error("at most {} delays", RetryDelay::MOST)]
    TooMany,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shared_cases_are_read_as_the_attribute_reads_them() {
        let cases = include_str!("../../../tests/vectors/delays.txt");
        for case in cases.lines().filter(|line| !line.starts_with('#')) {
            match case.split('|').collect::<Vec<_>>()[..] {
                ["ok", text, seconds] => {
                    let delay: RetryDelay = text.parse().expect(text);
                    assert_eq!(delay.duration().as_secs().to_string(), seconds, "{text}");
                }
                ["bad", text] => assert_eq!(text.parse::<RetryDelay>(), Err(BadDelay::NoDelay)),
                _ => panic!("{case}"),
            }
        }
    }

    #[test]
    fn delays_grow_and_are_few() {
        assert_eq!(RetryDelay::list([]), Ok(Vec::new()));
        assert_eq!(RetryDelay::list(["30s", "5m", "1h"]).unwrap().len(), 3);
        for not_longer in [["5m", "30s"], ["60s", "1m"]] {
            assert_eq!(RetryDelay::list(not_longer), Err(BadDelay::NotLonger));
        }
        let six = ["1s", "2s", "3s", "4s", "5s", "6s"];
        assert_eq!(RetryDelay::list(six), Err(BadDelay::TooMany));
    }
}
