//! Leaving nothing behind, whatever becomes of the test process.

use std::io::{self, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// Reads `+ pid` and `- pid`; when the pipe closes it kills who is left and removes the folder.
const SCRIPT: &str = r#"
pids=
while read -r sign pid; do
  kept=
  for known in $pids; do [ "$known" = "$pid" ] || kept="$kept $known"; done
  pids=$kept
  [ "$sign" = - ] || pids="$pids $pid"
done
[ -z "$pids" ] || kill -9 $pids
rm -rf "$1"
"#;

/// A shell that outlives the test process by a moment and cleans up after it.
///
/// `Drop` does not run when the process is killed, when a panic aborts, or for a `static`; the
/// closing of a pipe happens in every case.
#[derive(Debug)]
pub(crate) struct Guard {
    shell: Child,
}

impl Guard {
    /// Watches over `folder` and, later, over processes that write to it.
    pub(crate) fn start(folder: &Path) -> io::Result<Self> {
        let shell = Command::new("sh")
            .args(["-c", SCRIPT, "guard"])
            .arg(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // Ctrl-C reaches the terminal's group; the guard must survive it.
            .process_group(0)
            .spawn()?;
        Ok(Self { shell })
    }

    pub(crate) fn watch(&mut self, pid: u32) -> io::Result<()> {
        self.tell('+', pid)
    }

    /// To be called before the process is waited for: until then nobody else can get its id.
    pub(crate) fn forget(&mut self, pid: u32) -> io::Result<()> {
        self.tell('-', pid)
    }

    fn tell(&mut self, sign: char, pid: u32) -> io::Result<()> {
        let stdin = self.shell.stdin.as_mut().ok_or(io::ErrorKind::BrokenPipe)?;
        writeln!(stdin, "{sign} {pid}")
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        // `wait` closes the pipe first; the folder is gone when it returns.
        let _ = self.shell.wait();
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;

    use super::*;

    fn waiting_process() -> Child {
        Command::new("sh").args(["-c", "read -r line"]).stdin(Stdio::piped()).spawn().unwrap()
    }

    #[test]
    fn kills_who_is_left_and_removes_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("file"), "x").unwrap();
        let (mut left, mut forgotten) = (waiting_process(), waiting_process());
        let mut guard = Guard::start(folder.path()).unwrap();
        guard.watch(forgotten.id()).unwrap();
        guard.watch(left.id()).unwrap();
        guard.forget(forgotten.id()).unwrap();

        drop(guard);

        assert!(!folder.path().exists());
        assert_eq!(left.wait().unwrap().signal(), Some(9));
        assert_eq!(forgotten.wait().unwrap().signal(), None, "it ends by itself, its pipe closed");
    }
}
