//! What the processes of a contender use, as the system counts it.

use std::fs;
use std::time::Duration;

/// Of all processes of a group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    /// Time of processors, in the program and in the system for it.
    pub(crate) cpu: Duration,
    /// Bytes in memory.
    pub(crate) resident: u64,
    /// The most that each has had in memory, together.
    pub(crate) peak: u64,
    pub(crate) processes: usize,
}

impl Usage {
    /// Looks at the processes of these groups now.
    pub(crate) fn of(groups: &[u32]) -> Self {
        let mut usage = Self::default();
        let Ok(entries) = fs::read_dir("/proc") else { return usage };
        let tick = Duration::from_secs(1)
            / u32::try_from(rustix::param::clock_ticks_per_second()).unwrap_or(100).max(1);
        for entry in entries.flatten() {
            let is_process =
                entry.file_name().to_str().is_some_and(|name| name.parse::<u32>().is_ok());
            if !is_process {
                continue;
            }
            // A process may end between any two of these lines.
            let Ok(stat) = fs::read_to_string(entry.path().join("stat")) else { continue };
            let Some(stat) = Stat::read(&stat) else { continue };
            if !groups.contains(&stat.group) {
                continue;
            }
            usage.processes += 1;
            usage.cpu += tick * stat.ticks;
            let status = fs::read_to_string(entry.path().join("status")).unwrap_or_default();
            usage.resident += kilobytes(&status, "VmRSS:") << 10;
            usage.peak += kilobytes(&status, "VmHWM:") << 10;
        }
        usage
    }
}

/// What is needed of `/proc/<pid>/stat`.
#[derive(Debug, PartialEq, Eq)]
struct Stat {
    group: u32,
    /// Of the process and of those of its children that have ended.
    ticks: u32,
}

impl Stat {
    fn read(text: &str) -> Option<Self> {
        // The name stands in brackets and may itself hold some.
        let (_, rest) = text.rsplit_once(") ")?;
        let fields: Vec<_> = rest.split(' ').collect();
        let ticks = fields.get(11..15)?.iter().filter_map(|field| field.parse::<u32>().ok()).sum();
        Some(Self { group: fields.get(2)?.parse().ok()?, ticks })
    }
}

fn kilobytes(status: &str, name: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|rest| rest.trim().trim_end_matches("kB").trim().parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_and_group_are_read_whatever_the_program_is_called() {
        let text = "42 (a) b (c)) S 1 77 77 0 -1 4194560 500 0 0 0 250 50 7 3 20 0 9 0 100 0 0";
        assert_eq!(Stat::read(text), Some(Stat { group: 77, ticks: 310 }));
        assert_eq!(Stat::read("42 (a"), None);
    }

    #[test]
    fn a_group_that_works_is_seen_to_work() {
        use std::os::unix::process::CommandExt as _;
        let mut child = std::process::Command::new("sh")
            .args(["-c", "while :; do :; done"])
            .process_group(0)
            .spawn()
            .unwrap();
        let began = std::time::Instant::now();
        let mut usage = Usage::of(&[child.id()]);
        while usage.cpu < Duration::from_millis(30) && began.elapsed() < Duration::from_secs(30) {
            std::thread::sleep(Duration::from_millis(10));
            usage = Usage::of(&[child.id()]);
        }
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(usage.cpu >= Duration::from_millis(30), "{usage:?}");
        assert!(usage.peak >= usage.resident && usage.resident > 0, "{usage:?}");
        assert_eq!(usage.processes, 1);
        assert_eq!(Usage::of(&[child.id()]), Usage::default());
    }
}
