//! What shows in the sources themselves: what is not used, and that every trap has its test.

use std::fs;
use std::path::Path;

use flowx_core::kafka::KafkaSettings;

/// The text of every source file below a folder of the repository.
fn sources(folder: &str) -> Vec<String> {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(folder)];
    let mut texts = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                texts.push(fs::read_to_string(path).unwrap());
            }
        }
    }
    texts
}

#[test]
fn every_trap_in_the_table_has_a_test_or_a_reason() {
    let texts = [sources("tests"), sources("flowx-core/src")].concat();
    let table = include_str!("../traps.rs").lines().filter(|line| line.starts_with("//! | "));
    let rows: Vec<_> = table.skip(1).collect();
    assert!(rows.len() >= 20, "the table is found");
    for row in rows {
        let cells: Vec<_> = row.trim_start_matches("//! |").split(" | ").map(str::trim).collect();
        let [_, _, held] = cells[..] else { panic!("three columns: {row}") };
        let held = held.trim_end_matches('|').trim();
        let names: Vec<_> = held.split('`').skip(1).step_by(2).collect();
        assert!(!names.is_empty() || held.starts_with("not here: "), "{row}");
        for name in names {
            let signature = format!("fn {name}(");
            assert!(texts.iter().any(|text| text.contains(&signature)), "no test `{name}`");
        }
    }
}

#[test]
fn nothing_is_built_on_what_is_known_to_fail() {
    let texts = sources("flowx-core/src");
    assert!(
        texts.iter().any(|text| text.contains("BaseConsumer")),
        "the search finds what is there"
    );
    for name in [
        "FutureProducer",
        "StreamConsumer",
        ".store_offset",
        "CommitMode::Async",
        "Partitioner for",
    ] {
        assert!(!texts.iter().any(|text| text.contains(name)), "`{name}` is used");
    }
}

#[test]
fn no_code_of_the_users_can_be_called_by_the_client() {
    for name in
        ["partitioner_cb", "dr_cb", "rebalance_cb", "oauthbearer_token_refresh_cb", "interceptors"]
    {
        let mut settings = KafkaSettings::new("127.0.0.1:1", "g");
        settings.extra.insert(name.to_owned(), "0".into());
        let problems = settings.problems();
        assert!(problems.iter().any(|problem| problem.contains(name)), "{name}: {problems:?}");
    }
}
