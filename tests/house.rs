//! What never happens in the source: each rule of ARCHITECTURE.md that a look at the files can hold.

use std::fs;
use std::path::{Path, PathBuf};

/// The floors of `flowx-core/src`, and what each room may use besides itself.
const FLOORS: &[(&str, &[&str])] = &[
    ("message", &[]),
    ("config", &["message"]),
    ("handler", &["message", "config"]),
    ("contract", &["message", "config", "handler"]),
    ("runtime", &["message", "config", "handler"]),
    ("kafka", &["message", "config", "runtime"]),
    ("connector", &["message", "config", "handler", "contract", "runtime", "kafka"]),
    ("testing", &["message", "config", "handler", "contract", "runtime", "kafka", "connector"]),
    ("check", &["message", "config", "handler", "runtime", "kafka", "connector"]),
    ("dead_letters", &["message", "config", "handler", "runtime", "kafka", "connector"]),
    (
        "admin",
        &[
            "message",
            "config",
            "handler",
            "contract",
            "runtime",
            "kafka",
            "connector",
            "testing",
            "dead_letters",
        ],
    ),
    (
        "cli",
        &[
            "message",
            "config",
            "handler",
            "contract",
            "runtime",
            "kafka",
            "connector",
            "testing",
            "check",
            "dead_letters",
            "admin",
        ],
    ),
];

/// All source files below a folder of the repository, with their text.
fn sources(folder: &str) -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut files = Vec::new();
    let mut folders = vec![root.join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                files.push((path.strip_prefix(root).unwrap().to_owned(), text));
            }
        }
    }
    assert!(!files.is_empty(), "{folder} has sources");
    files
}

/// The lines of code of a file, with their numbers: no comments, no tests below the code.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let end = text.find("#[cfg(test)]\nmod tests").unwrap_or(text.len());
    text[..end]
        .lines()
        .enumerate()
        .map(|(number, line)| (number + 1, line.trim_start()))
        .filter(|(_, line)| !line.starts_with("//"))
}

/// Every place in `flowx-core/src` with these words, but for the files in `allowed`.
fn places(words: &[&str], allowed: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for (path, text) in sources("flowx-core/src") {
        let name = path.to_string_lossy().replace('\\', "/");
        if allowed.iter().any(|allowed| name.starts_with(&format!("flowx-core/src/{allowed}"))) {
            continue;
        }
        for (number, line) in code(&text) {
            if words.iter().any(|word| line.contains(word)) {
                found.push(format!("{name}:{number}: {line}"));
            }
        }
    }
    found
}

#[test]
fn only_the_kafka_floor_names_the_client_library() {
    let words = ["rdkafka::", "rdkafka_sys"];
    assert!(!places(&words, &[]).is_empty(), "the search finds what is there");
    assert_eq!(places(&words, &["kafka/"]), [""; 0]);
}

#[test]
fn unsafe_code_stands_in_one_folder() {
    let words = ["unsafe ", "allow(unsafe_code"];
    assert!(!places(&words, &[]).is_empty(), "the search finds what is there");
    assert_eq!(places(&words, &["kafka/ffi/"]), [""; 0]);
}

#[test]
fn only_the_top_reads_the_environment() {
    let allowed = ["config/", "connector.rs", "cli/"];
    assert_eq!(places(&["std::env", "env::var"], &allowed), [""; 0]);
}

#[test]
fn every_room_uses_only_the_floors_below_it() {
    let mut wrong = Vec::new();
    for (path, text) in sources("flowx-core/src") {
        let name = path.to_string_lossy().replace('\\', "/");
        let room = name.trim_start_matches("flowx-core/src/").split(['/', '.']).next().unwrap();
        let Some((_, below)) = FLOORS.iter().find(|(floor, _)| *floor == room) else { continue };
        for (number, line) in code(&text) {
            for rest in line.split("crate::").skip(1) {
                let used = rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap();
                let is_room = FLOORS.iter().any(|(floor, _)| *floor == used);
                if is_room && used != room && !below.contains(&used) {
                    wrong.push(format!("{name}:{number}: {line}"));
                }
            }
        }
    }
    assert_eq!(wrong, [""; 0]);
}

#[test]
fn every_room_has_its_floor() {
    let lib = sources("flowx-core/src").into_iter().find(|(path, _)| path.ends_with("src/lib.rs"));
    let (_, lib) = lib.unwrap();
    for (_, line) in code(&lib) {
        let module = line.strip_prefix("pub ").unwrap_or(line).strip_prefix("mod ");
        if let Some(room) = module.and_then(|rest| rest.strip_suffix(';')) {
            let known = room == "__private" || FLOORS.iter().any(|(floor, _)| *floor == room);
            assert!(known, "`{room}` has no floor in this test and in ARCHITECTURE.md");
        }
    }
}
