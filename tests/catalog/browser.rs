//! What a person meets in a browser: `browser.mjs`, in headless Chromium.
//!
//! Left out where node, npm or Chromium is missing, unless `CI=true`: then that is a failure.
//! Screenshots go to `target/catalog-screenshots/`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use flowx_core::admin::Site;
use flowx_core::config::secret::Secret;
use flowx_tests::{example, repository};

use crate::commands::{Running, SHOWROOM};
use crate::handlers::connector;
use flowx_tests::http::Visited;

const CHROMIUM: &str = "/usr/bin/chromium";
const TOKEN: &str = "open-sesame";

/// What is missing; all of it, as Debian calls it.
fn missing() -> Vec<&'static str> {
    let runs = |program: &str| Command::new(program).arg("--version").output().is_ok();
    let needed = [
        ("nodejs", runs("node")),
        ("npm", runs("npm")),
        ("chromium", Path::new(CHROMIUM).exists()),
    ];
    needed.into_iter().filter(|(_, there)| !there).map(|(name, _)| name).collect()
}

/// Installs what `package-lock.json` fixes, outside of the source tree; not again if it is there.
fn installed(target: &Path) -> PathBuf {
    let source = repository().join("tests/catalog");
    let folder = target.join("catalog-browser");
    fs::create_dir_all(&folder).expect("a folder");
    let lock = fs::read(source.join("package-lock.json")).expect("the lock file");
    let done = folder.join("installed.lock");
    if fs::read(&done).is_ok_and(|before| before == lock) {
        return folder;
    }
    for name in ["package.json", "package-lock.json"] {
        fs::copy(source.join(name), folder.join(name)).expect("copied");
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

/// Writes the page of a connector with its recorded exchanges.
fn saved(program: &Path, folder: &Path, name: &str) -> PathBuf {
    let path = folder.join(name);
    let output = Command::new(program)
        .args(["catalog", "--record", "--out"])
        .arg(&path)
        .env_clear()
        .output()
        .expect("the program runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    path
}

#[tokio::test(flavor = "multi_thread")]
async fn a_designer_finds_copies_fills_in_and_tries_out() {
    let missing = missing();
    if !missing.is_empty() {
        let missing = missing.join(", ");
        assert!(std::env::var("CI").as_deref() != Ok("true"), "missing: {missing}");
        eprintln!("left out, for {missing} is missing");
        return;
    }
    let target = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let target = target.parent().expect("the target folder");
    let modules = installed(target);
    let screenshots = target.join("catalog-screenshots");
    fs::create_dir_all(&screenshots).expect("a folder");
    let folder = tempfile::tempdir().expect("a folder");
    let currency = example("currency_exchange");
    let mut served_currency = Running::start(&currency, &["dev"], &[]);
    let mut served_showroom = Running::start(SHOWROOM, &["dev"], &[]);
    let guarded = Site::of(&connector().0).token(Secret::new(TOKEN));
    let guarded = Visited::serve(guarded).await;
    let url = |address: &str| format!("http://{address}/catalog");
    let output = tokio::process::Command::new("node")
        .arg(repository().join("tests/catalog/browser.mjs"))
        .env("MODULES", &modules)
        .env("SCREENSHOTS", &screenshots)
        .env("CHROMIUM", CHROMIUM)
        .env("CURRENCY", url(&served_currency.address()))
        .env("SHOWROOM", url(&served_showroom.address()))
        .env("GUARDED", url(&guarded.address.to_string()))
        .env("TOKEN", TOKEN)
        .env("SAVED_CURRENCY", saved(&currency, folder.path(), "currency.html"))
        .env("SAVED_SHOWROOM", saved(Path::new(SHOWROOM), folder.path(), "showroom.html"))
        .output()
        .await
        .expect("node runs");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    println!("{said}");
}
