//! `new`: a project from the command line, which builds, tests and runs as it is.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use flowx_tests::repository;

/// Runs `new` with these arguments in a folder.
fn new(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_rehearsal"))
        .arg("new")
        .args(arguments)
        .current_dir(folder)
        .env_remove("RUST_LOG")
        .output()
        .unwrap()
}

fn said(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text + &String::from_utf8_lossy(&output.stderr)
}

fn checkout() -> String {
    repository().canonicalize().unwrap().to_str().unwrap().to_owned()
}

/// Cargo in a project, with what the workspace has built already: its lock file, its target folder.
fn cargo(project: &Path, arguments: &[&str]) -> String {
    let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(arguments)
        .current_dir(project)
        .env("CARGO_NET_OFFLINE", "true")
        .env("CARGO_TARGET_DIR", target())
        .env_remove("RUST_LOG")
        .output()
        .unwrap();
    assert!(output.status.success(), "cargo {arguments:?}: {}", said(&output));
    said(&output)
}

/// The folder that this test was built in.
fn target() -> PathBuf {
    let mut folders = Path::new(env!("CARGO_BIN_EXE_rehearsal")).ancestors();
    folders.find(|folder| folder.join(".rustc_info.json").is_file()).unwrap().to_owned()
}

#[test]
fn a_new_project_builds_tests_and_runs_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let made = new(folder.path(), &["credit-check", "--flowx-path", &checkout()]);
    assert!(made.status.success(), "{}", said(&made));
    let project = folder.path().join("credit-check");
    fs::copy(repository().join("Cargo.lock"), project.join("Cargo.lock")).unwrap();

    let tests = cargo(&project, &["test"]);
    assert!(tests.contains("test result: ok. 4 passed"), "{tests}");
    let shown = cargo(&project, &["run", "--quiet", "--", "dev", "--once"]);
    assert!(shown.contains("2 exchanges, all answered as the protocol demands."), "{shown}");
    assert!(shown.contains("CUSTOMER_NOT_FOUND"), "{shown}");
    let handlers = cargo(&project, &["run", "--quiet", "--", "handlers"]);
    for part in ["ai.flowx.dev.plugin.credit-check.trigger.look-up.v1", "credit-check"] {
        assert!(handlers.contains(part), "{handlers}");
    }
    cargo(&project, &["fmt", "--check"]);
    cargo(&project, &["clippy", "--quiet", "--all-targets", "--", "-D", "warnings"]);
}

#[test]
fn a_project_without_a_checkout_asks_for_the_published_version() {
    let folder = tempfile::tempdir().unwrap();
    let made = new(folder.path(), &["mail", "--dir", "some/where"]);
    assert!(made.status.success(), "{}", said(&made));
    let manifest = fs::read_to_string(folder.path().join("some/where/Cargo.toml")).unwrap();
    let version = env!("CARGO_PKG_VERSION");
    assert!(manifest.contains(&format!("\nflowx-core = \"{version}\"\n")), "{manifest}");
    assert!(said(&made).contains("Next: cd some/where && cargo run"), "{}", said(&made));
}

#[test]
fn what_is_in_the_way_is_told_at_once_and_nothing_is_written() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("mail")).unwrap();
    let refused = new(folder.path(), &["mail", "--flowx-path", "nowhere"]);
    assert_eq!(refused.status.code(), Some(1));
    let said = said(&refused);
    assert!(said.contains("`mail` is there already; name another folder with `--dir`"), "{said}");
    assert!(said.contains("`nowhere` is no checkout of flowx"), "{said}");
    assert_eq!(fs::read_dir(folder.path().join("mail")).unwrap().count(), 0);
}

/// Whatever cargo refuses is refused here, before anything is written.
#[test]
fn a_name_that_cargo_refuses_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut refused_by_cargo = 0;
    for name in
        ["", "4711", "a b", "a/b", "a.b", "async", "gen", "test", "std", "deps", "Ärger", "-a"]
    {
        let refused = new(folder.path(), &["--", name]);
        assert_eq!(refused.status.code(), Some(2), "{name}: {}", said(&refused));
        let cargo = Command::new("cargo")
            .args(["new", "--vcs", "none", "--", name])
            .current_dir(folder.path())
            .output()
            .unwrap();
        refused_by_cargo += usize::from(!cargo.status.success());
    }
    assert!(refused_by_cargo >= 8, "cargo refuses {refused_by_cargo} of them");
}

/// What a project needs is what the workspace is tested with.
#[test]
fn the_template_asks_for_the_versions_that_are_tested() {
    let root = repository();
    let workspace = fs::read_to_string(root.join("Cargo.toml")).unwrap();
    let template = root.join("flowx-core/src/cli/new/template/Cargo.toml.txt");
    let template = fs::read_to_string(template).unwrap();
    let version = |text: &str, name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(&format!("{name} = ")))?;
        let version =
            line.split('"').find(|part| part.starts_with(|c: char| c.is_ascii_digit()))?;
        let parts: Vec<&str> = version.splitn(3, '.').take(2).collect();
        Some(parts.join("."))
    };
    for name in ["schemars", "serde", "serde_json", "thiserror", "tikv-jemallocator", "tokio"] {
        let here = version(&template, name);
        assert!(here.is_some() && here == version(&workspace, name), "{name}: {here:?}");
    }
    for line in ["edition = \"2024\"", "rust-version = \"1.85\"", "overflow-checks = true"] {
        assert!(workspace.contains(line) && template.contains(line), "{line}");
    }
}
