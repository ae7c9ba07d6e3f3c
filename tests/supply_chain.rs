//! What a connector is made of, and how it is built: the C code that crates bring along, the rules for
//! dependencies, the lints and profiles that every crate has. `.ci/supply-chain` runs cargo-deny itself.

use std::collections::BTreeSet;
use std::fs;

use flowx_tests::repository;
use flowx_tests::sbom::{Crate, Found, NOT_COMPILED, complete, crates, parts_of};
use serde_json::json;

fn read(path: &str) -> String {
    fs::read_to_string(repository().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn workspace() -> Vec<Crate> {
    crates(&repository().join("Cargo.toml")).unwrap()
}

fn one<'a>(crates: &'a [Crate], name: &str) -> &'a Crate {
    crates.iter().find(|known| known.name == name).unwrap_or_else(|| panic!("no `{name}`"))
}

fn version_of(parts: &[Found], name: &str) -> String {
    let part = parts.iter().find(|part| part.name == name).unwrap_or_else(|| panic!("no {name}"));
    part.version.clone().unwrap_or_default()
}

#[test]
fn the_c_code_in_the_bill_of_materials_is_that_of_the_lock_file() {
    let all = workspace();
    let parts = parts_of(&all).unwrap();
    // The binding's own version says which librdkafka it was made for; the lock file holds it.
    let binding = one(&all, "rdkafka-sys");
    let (_, librdkafka) = binding.version.split_once('+').unwrap();
    assert_eq!(version_of(&parts, "librdkafka"), librdkafka);
    let locked = format!("name = \"rdkafka-sys\"\nversion = \"{}\"", binding.version);
    assert!(read("Cargo.lock").contains(&locked), "{locked}");
    for name in ["zlib", "lz4", "cJSON", "xxHash", "tinycthread", "nanopb", "jemalloc"] {
        let version = version_of(&parts, name);
        assert!(version.starts_with(|c: char| c.is_ascii_digit()), "{name} {version}");
    }
    for name in ["snappy-c", "hdrhistogram", "opentelemetry-proto", "minilibs-regexp"] {
        assert_eq!(version_of(&parts, name).len(), 40, "{name} is known by its commit");
    }
}

/// librdkafka keeps a licence beside its own for each thing that it has within it.
#[test]
fn everything_that_librdkafka_has_within_it_is_named() {
    let all = workspace();
    let folder = one(&all, "rdkafka-sys").folder.join("librdkafka");
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    let licences: BTreeSet<String> = entries
        .filter_map(|name| name.into_string().ok())
        .filter(|name| name.starts_with("LICENSE."))
        .collect();
    assert!(licences.len() > 10, "{licences:?}");
    let parts = parts_of(&all).unwrap();
    let named: BTreeSet<String> = parts
        .iter()
        .filter_map(|part| part.file.strip_prefix("librdkafka/LICENSE."))
        .map(|rest| format!("LICENSE.{rest}"))
        .chain(NOT_COMPILED.iter().map(|(name, _)| (*name).to_owned()))
        .collect();
    assert_eq!(named, licences);
}

#[test]
fn the_bill_of_materials_names_c_code_under_its_crate_and_no_folder_of_the_machine() {
    let all = workspace();
    let zlib = one(&all, "libz-sys");
    let reference = format!("registry+https://example.com/index#libz-sys@{}", zlib.version);
    let bom = json!({
        "components": [{ "name": "libz-sys", "version": zlib.version, "bom-ref": reference }],
        "dependencies": [
            { "ref": "path+file:///some/where/project#0.1.0", "dependsOn": [reference] },
            { "ref": reference },
        ],
    });
    let complete = complete(&bom.to_string(), &all, "/some/where".as_ref()).unwrap();
    let component = &complete["components"][1];
    let version = version_of(&parts_of(&all).unwrap(), "zlib");
    assert_eq!(component["name"], "zlib");
    assert_eq!(component["purl"], format!("pkg:github/madler/zlib@v{version}"));
    assert_eq!(component["cpe"], format!("cpe:2.3:a:zlib:zlib:{version}:*:*:*:*:*:*:*"));
    assert_eq!(complete["dependencies"][1]["dependsOn"], json!([component["bom-ref"]]));
    assert_eq!(complete["components"].as_array().unwrap().len(), 2, "only what is used");
    assert!(!complete.to_string().contains("/some/where"), "{complete}");
}

/// A ban, an exception, a clarification: each says why.
#[test]
fn every_rule_for_dependencies_has_its_reason() {
    let rules = read("deny.toml");
    let lines: Vec<&str> =
        rules.lines().filter(|line| line.trim_start().starts_with('{')).collect();
    assert!(lines.len() > 4, "{lines:?}");
    for line in lines {
        assert!(line.contains("reason = \"") || line.contains("# "), "{line}");
    }
    for (section, rule) in [
        ("[sources]", "unknown-registry = \"deny\""),
        ("[sources]", "unknown-git = \"deny\""),
        ("[bans]", "wildcards = \"deny\""),
        ("[advisories]", "yanked = \"deny\""),
    ] {
        let (_, rest) = rules.split_once(section).unwrap();
        let end = rest.find("\n[").unwrap_or(rest.len());
        assert!(rest[..end].contains(rule), "{section} {rule}");
    }
}

#[test]
fn a_number_that_does_not_fit_is_an_error_in_a_release_and_a_panic_is_contained() {
    for file in ["Cargo.toml", "flowx-core/src/cli/new/template/Cargo.toml.txt"] {
        let text = read(file);
        let (_, release) = text.split_once("[profile.release]\n").unwrap();
        let release = &release[..release.find("\n[").unwrap_or(release.len())];
        assert!(release.contains("overflow-checks = true\n"), "{file}: {release}");
        // A panic of a handler is answered; to abort would take all others with it.
        assert!(!text.contains("panic = "), "{file}");
    }
}

/// One crate has one folder with `unsafe` in it; the others could not if they wanted to.
#[test]
fn unsafe_code_is_denied_everywhere_and_forbidden_where_no_c_is_called() {
    let denied = "unsafe_code = \"deny\"";
    assert!(read("Cargo.toml").contains(denied) && read("fuzz/Cargo.toml").contains(denied));
    for member in ["flowx-core", "flowx-macros", "examples", "tests", "tests/linked"] {
        let manifest = read(&format!("{member}/Cargo.toml"));
        assert!(manifest.contains("[lints]\nworkspace = true"), "{member}");
    }
    for root in [
        "flowx-macros/src/lib.rs",
        "examples/audit.rs",
        "examples/currency_exchange.rs",
        "examples/credit_check/main.rs",
        "examples/notification_forward/main.rs",
    ] {
        assert!(read(root).contains("\n#![forbid(unsafe_code)]\n"), "{root}");
    }
    let template = read("flowx-core/src/cli/new/template/Cargo.toml.txt");
    assert!(template.contains("unsafe_code = \"forbid\""));
}

/// The table of controls: a test that is named is there, and nothing is called done without one.
#[test]
fn every_control_that_is_called_done_names_a_test_that_exists() {
    let text = read("SECURITY.md");
    let rows: Vec<Vec<&str>> = text
        .lines()
        .filter(|line| line.starts_with("| S"))
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .collect();
    for (row, number) in rows.iter().zip(1..) {
        let [id, _, tests, state] = row[..] else { panic!("four columns: {row:?}") };
        assert_eq!(id, format!("S{number}"));
        let named: Vec<&str> = tests
            .split(", ")
            .map(|test| test.trim_matches('`'))
            .filter(|test| !test.is_empty())
            .collect();
        let kind = state.split([':', ';']).next().unwrap();
        match kind {
            "done" => assert!(!named.is_empty(), "{id} is done, and no test shows it"),
            "partly" => {
                assert!(!named.is_empty() && state.contains(": "), "{id}: what is missing?")
            }
            "not done" => assert!(named.is_empty(), "{id} has tests; what of it is done?"),
            _ => panic!("{id}: `{kind}` is no state"),
        }
        for test in named {
            let (file, function) = test.split_once("::").unwrap_or((test, ""));
            let file = file.replacen("core/", "flowx-core/src/", 1);
            let source = read(&file);
            assert!(
                source.contains(&format!("fn {function}(")) || function.is_empty(),
                "{id}: {test}"
            );
        }
    }
    assert_eq!(rows.len(), 25);
}
