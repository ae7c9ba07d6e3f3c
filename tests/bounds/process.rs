//! What this process holds, as the system sees it.

use std::fs;
use std::io;

/// Threads and file descriptors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) threads: usize,
    pub(crate) files: usize,
}

/// Counts threads and file descriptors.
pub(crate) fn held() -> io::Result<Held> {
    let threads = fs::read_dir("/proc/self/task")?.count();
    // One of them is the folder that is being read.
    let files = fs::read_dir("/proc/self/fd")?.count() - 1;
    Ok(Held { threads, files })
}

/// Resident memory in bytes.
pub(crate) fn resident() -> io::Result<usize> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|rest| rest.trim().trim_end_matches("kB").trim().parse().ok());
    let kilobytes: usize = kilobytes.ok_or(io::ErrorKind::InvalidData)?;
    Ok(kilobytes << 10)
}

/// Whole mebibytes, rounded up.
pub(crate) fn mib(bytes: usize) -> usize {
    bytes.div_ceil(1 << 20)
}
