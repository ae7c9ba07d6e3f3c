//! Times as ISO 8601 writes them.

/// Milliseconds in hours, minutes and seconds: `PT2M30S`.
pub(super) fn iso8601(millis: u64) -> String {
    let (seconds, fraction) = (millis / 1000, millis % 1000);
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let mut text = "PT".to_owned();
    for (count, unit) in [(hours, 'H'), (minutes, 'M')] {
        if count > 0 {
            text.push_str(&format!("{count}{unit}"));
        }
    }
    if fraction > 0 {
        let fraction = format!("{fraction:03}");
        text.push_str(&format!("{seconds}.{}S", fraction.trim_end_matches('0')));
    } else if seconds > 0 || text == "PT" {
        text.push_str(&format!("{seconds}S"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_without_parts_that_are_zero() {
        for (millis, text) in [
            (0, "PT0S"),
            (500, "PT0.5S"),
            (30_000, "PT30S"),
            (60_000, "PT1M"),
            (150_000, "PT2M30S"),
            (3_600_000, "PT1H"),
            (90_061_007, "PT25H1M1.007S"),
        ] {
            assert_eq!(iso8601(millis), text);
        }
    }
}
