//! Figures of several rounds, and of many requests.

use std::time::Duration;

use hdrhistogram::Histogram;

/// What several rounds gave.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) min: f64,
    pub(crate) max: f64,
}

impl Spread {
    /// Of at least one figure.
    pub(crate) fn of(figures: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut figures: Vec<_> = figures.into_iter().collect();
        figures.sort_by(f64::total_cmp);
        let (min, max) = (*figures.first()?, *figures.last()?);
        let middle = figures.len() / 2;
        let median = if figures.len() % 2 == 1 {
            figures[middle]
        } else {
            f64::midpoint(figures[middle - 1], figures[middle])
        };
        Some(Self { median, min, max })
    }
}

/// How long requests took, to three digits and up to ten minutes.
#[derive(Clone, Debug)]
pub(crate) struct Times(Histogram<u64>);

impl Times {
    pub(crate) fn new() -> Self {
        Self(Histogram::new_with_bounds(1, 600_000_000, 3).expect("the bounds are in order"))
    }

    pub(crate) fn add(&mut self, time: Duration) {
        self.0.saturating_record(u64::try_from(time.as_micros()).unwrap_or(u64::MAX).max(1));
    }

    pub(crate) fn count(&self) -> u64 {
        self.0.len()
    }

    /// That which so many percent do not exceed, in milliseconds.
    pub(crate) fn percentile(&self, percent: f64) -> f64 {
        self.0.value_at_percentile(percent) as f64 / 1_000.0
    }
}

/// Replies a second, by the times at which the broker wrote them in milliseconds, in their order; the
/// first tenth is for warming up.
pub(crate) fn rate(times: &[i64]) -> Option<f64> {
    let begin = times.len() / 10;
    let (first, last) = (*times.get(begin)?, *times.last()?);
    let took = last - first;
    (took > 0).then(|| (times.len() - 1 - begin) as f64 * 1_000.0 / took as f64)
}

/// What a run had used when so many replies were there, looked at in between.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    pub(crate) replies: u64,
    pub(crate) cpu: Duration,
}

/// Microseconds of processor time for each reply, from the first look after a tenth of all to the last.
pub(crate) fn cpu_per_reply(samples: &[Sample]) -> Option<f64> {
    let last = samples.last()?;
    let first = samples.iter().find(|sample| sample.replies * 10 >= last.replies)?;
    let replies = last.replies - first.replies;
    // With less than half of all between two looks, the looks decide and not the work.
    if replies * 2 < last.replies || replies == 0 {
        return None;
    }
    Some((last.cpu.saturating_sub(first.cpu)).as_secs_f64() * 1e6 / replies as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle_and_the_ends_are_told() {
        let spread = |figures: &[f64]| Spread::of(figures.iter().copied());
        assert_eq!(spread(&[]), None);
        assert_eq!(spread(&[3.0]), Some(Spread { median: 3.0, min: 3.0, max: 3.0 }));
        assert_eq!(spread(&[9.0, 1.0, 2.0]), Some(Spread { median: 2.0, min: 1.0, max: 9.0 }));
        assert_eq!(spread(&[4.0, 1.0, 2.0, 9.0]), Some(Spread { median: 3.0, min: 1.0, max: 9.0 }));
    }

    #[test]
    fn percentiles_are_those_of_the_times() {
        let mut times = Times::new();
        for milliseconds in 1..=1_000 {
            times.add(Duration::from_millis(milliseconds));
        }
        assert_eq!(times.count(), 1_000);
        for (percent, expected) in [(50.0, 500.0), (99.0, 990.0), (100.0, 1_000.0)] {
            let found = times.percentile(percent);
            assert!((found - expected).abs() <= expected / 500.0, "{percent}: {found}");
        }
    }

    #[test]
    fn a_time_beyond_all_bounds_is_counted_at_the_bound() {
        let mut times = Times::new();
        times.add(Duration::from_secs(3_600));
        times.add(Duration::ZERO);
        assert_eq!(times.count(), 2);
        assert!(times.percentile(100.0) >= 599_000.0);
    }

    #[test]
    fn the_first_tenth_does_not_count_for_the_rate() {
        // Ten slow ones, then 91 at 10 a millisecond.
        let mut times: Vec<i64> = (0..10).map(|number| number * 1_000).collect();
        times.extend((0..91_i64).map(|number| 10_000 + number / 10));
        assert_eq!(rate(&times), Some(90.0 * 1_000.0 / 9.0));
        assert_eq!(rate(&[]), None);
        assert_eq!(rate(&[5, 5, 5]), None);
    }

    #[test]
    fn processor_time_is_counted_from_a_tenth_to_the_end() {
        let sample = |replies, millis| Sample { replies, cpu: Duration::from_millis(millis) };
        let samples = [sample(0, 500), sample(50, 600), sample(100, 700), sample(1_000, 1_600)];
        assert_eq!(cpu_per_reply(&samples), Some(1_000.0));
        // Nobody looked between the beginning and nearly the end.
        assert_eq!(cpu_per_reply(&[sample(0, 0), sample(900, 900), sample(1_000, 1_000)]), None);
        assert_eq!(cpu_per_reply(&[]), None);
    }
}
