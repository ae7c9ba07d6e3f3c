//! Many runs that a seed decides, on all processors.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// How many seeds pass between two lines of progress.
const PROGRESS: u64 = 10_000;

/// Plays every seed of a range until one fails, and returns the smallest that did; says now and then
/// how far it is. `is_good` plays one.
pub fn first_failure(seeds: Range<u64>, is_good: impl Fn(u64) -> bool + Sync) -> Option<u64> {
    let started = Instant::now();
    let count = seeds.end.saturating_sub(seeds.start);
    let next = AtomicU64::new(seeds.start);
    // The smallest seed that failed; seeds beyond it are not begun.
    let failed = AtomicU64::new(seeds.end);
    let worker = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= failed.load(Ordering::Relaxed) {
                return;
            }
            if !is_good(seed) {
                failed.fetch_min(seed, Ordering::Relaxed);
            }
            let done = seed + 1 - seeds.start;
            if done.is_multiple_of(PROGRESS) {
                println!("{done} of {count}, {:.0?}", started.elapsed());
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(worker);
        }
    });
    Some(failed.into_inner()).filter(|seed| *seed < seeds.end)
}

/// Reads `A..B`, for a command line.
///
/// # Errors
/// It is no range, in words.
pub fn range(text: &str) -> Result<Range<u64>, String> {
    let problem = || format!("`{text}` is no range of seeds; write `0..100000`");
    let (from, to) = text.split_once("..").ok_or_else(problem)?;
    let number = |text: &str| text.parse::<u64>().map_err(|_| problem());
    Ok(number(from)?..number(to)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_seed_that_fails_is_found() {
        assert_eq!(first_failure(0..5_000, |_| true), None);
        assert_eq!(first_failure(5..5_000, |seed| seed % 1_000 < 900), Some(900));
        assert_eq!(first_failure(7..7, |_| false), None);
    }

    #[test]
    fn a_range_is_read_or_explained() {
        assert_eq!(range("3..17"), Ok(3..17));
        for wrong in ["3", "3..", "a..b", "-1..2"] {
            assert!(range(wrong).unwrap_err().contains("0..100000"), "{wrong}");
        }
    }
}
