//! The page of dead letters, with its script at work: `browser/page.mjs`, in a DOM without a screen.
//!
//! Left out where node or npm is missing, unless `CI=true`: then that is a failure.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use flowx_tests::repository;

use crate::admin::scene;
use crate::numbers::{BRITTLE, outbound};

const FILES: [&str; 3] = ["package.json", "package-lock.json", "page.mjs"];

/// Installs what `package-lock.json` fixes, outside of the source tree; not again if it is there.
fn installed() -> PathBuf {
    let source = repository().join("tests/dead_letters/browser");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("dead-letters-page");
    fs::create_dir_all(&folder).expect("a folder");
    for name in FILES {
        fs::copy(source.join(name), folder.join(name)).expect("copied");
    }
    let lock = fs::read(folder.join("package-lock.json")).expect("the lock file");
    let done = folder.join("installed.lock");
    if fs::read(&done).is_ok_and(|before| before == lock) {
        return folder;
    }
    let output = Command::new("npm")
        .args(["ci", "--no-audit", "--no-fund"])
        .current_dir(&folder)
        .output()
        .expect("npm runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    fs::write(done, lock).expect("written");
    folder
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_finds_and_sends_again_on_the_page() {
    let runs = |program: &str| Command::new(program).arg("--version").output().is_ok();
    if !runs("node") || !runs("npm") {
        let needed = std::env::var_os("CI").is_some_and(|value| value == "true");
        assert!(!needed, "the page is not tried out for want of nodejs and npm");
        eprintln!("left out, for want of nodejs and npm: the page of dead letters");
        return;
    }
    let (payload, odd) = ("<script>alert('payload')</script>", "<img src=x onerror=alert(1)>");
    let scene = scene(outbound(BRITTLE, &[("odd", odd)], payload.as_bytes())).await;
    let page = format!("http://{}/deadletters/page", scene.site.address);
    let visit = move || {
        let mut command = Command::new("node");
        command.arg("page.mjs").args([&page, "canary", payload, odd]);
        command.current_dir(installed()).output().expect("node runs")
    };
    let output = tokio::task::spawn_blocking(visit).await.expect("it ends");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    scene.running.abort();
}
