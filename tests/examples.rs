//! The example connectors as programs: what they print, write and return.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

/// One example, called in an empty folder and with an empty environment.
struct Call {
    command: Command,
    folder: TempDir,
}

/// `EX_CONFIG` of sysexits.
const WRONG_CONFIGURATION: Option<i32> = Some(78);

impl Call {
    fn new(program: &str, arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut command = Command::new(program);
        command.args(arguments).env_clear().current_dir(folder.path());
        // Files for the time being go there too, so that they can be looked at and vanish.
        command.env("TMPDIR", folder.path());
        Self { command, folder }
    }

    fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    fn output(mut self) -> (Output, TempDir) {
        (self.command.output().expect("the program runs"), self.folder)
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

const CURRENCY_EXCHANGE: &str = env!("CARGO_BIN_EXE_currency_exchange");
const NOTIFICATION_FORWARD: &str = env!("CARGO_BIN_EXE_notification_forward");
const CREDIT_CHECK: &str = env!("CARGO_BIN_EXE_credit_check");
const AUDIT: &str = env!("CARGO_BIN_EXE_audit");
const ALL: [&str; 4] = [CURRENCY_EXCHANGE, NOTIFICATION_FORWARD, CREDIT_CHECK, AUDIT];

#[test]
fn handlers_are_listed_with_topics_group_and_guarantee() {
    for (program, row) in [
        (
            CURRENCY_EXCHANGE,
            [
                "exchange",
                "ai.flowx.dev.plugin.currency.trigger.exchange.v1",
                "ai.flowx.dev.engine.receive.plugin.currency.exchange.results.v1",
                "currency-exchange",
            ],
        ),
        (
            NOTIFICATION_FORWARD,
            [
                "forward",
                "ai.flowx.dev.plugin.notification.trigger.forward.notification.v1",
                "ai.flowx.dev.engine.receive.plugin.notification.confirm.send.notification.v1",
                "notification-forward",
            ],
        ),
        (
            CREDIT_CHECK,
            [
                "check",
                "ai.flowx.dev.plugin.credit.trigger.check.v1",
                "ai.flowx.dev.engine.receive.plugin.credit.check.results.v1",
                "credit-check",
            ],
        ),
        (AUDIT, ["record", "ai.flowx.dev.engine.receive.*", "none", "audit"]),
    ] {
        let (output, _) = Call::new(program, &["handlers"]).output();
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        let printed = text(&output.stdout);
        // Columns stand two spaces or more apart; only the last one is more than one word.
        let cells: Vec<Vec<&str>> = printed
            .lines()
            .map(|line| line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect())
            .collect();
        let head = vec!["handler", "topic", "reply topic", "group", "guarantee", "contract"];
        let [shown, found] = &cells[..] else { panic!("{printed}") };
        assert_eq!(*shown, head, "{printed}");
        let (hash, found) = found.split_last().expect("a row");
        let row: Vec<&str> = row.into_iter().chain(["at least once"]).collect();
        assert_eq!(*found, row, "{printed}");
        assert!(hash.len() == 16 && hash.chars().all(|c| c.is_ascii_hexdigit()), "{hash}");
    }
}

#[test]
fn schemas_are_written_where_they_are_wanted() {
    for program in ALL {
        let (output, folder) = Call::new(program, &["schema", "--out", "contract"]).output();
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        let printed = text(&output.stdout);
        let requests: Vec<&str> =
            printed.lines().filter(|file| file.ends_with(".request.schema.json")).collect();
        assert_eq!(requests.len(), 2, "one in each dialect: {printed}");
        for file in printed.lines() {
            assert!(file.starts_with("contract"), "{file}");
            let schema = fs::read_to_string(folder.path().join(file)).expect("a file");
            let schema: Value = serde_json::from_str(&schema).expect("JSON");
            assert!(schema["$schema"].is_string(), "{file}: {schema:#}");
        }
        for file in requests {
            let schema = fs::read_to_string(folder.path().join(file)).expect("a file");
            let schema: Value = serde_json::from_str(&schema).expect("JSON");
            let examples = schema["examples"].as_array().map_or(0, Vec::len);
            assert!(examples >= 2, "{file} shows a success and something else: {schema:#}");
            assert!(schema["description"].is_string(), "{file}: {schema:#}");
        }
    }
}

/// What others have of an example: a file beside it.
fn published(program: &str, kind: &str) -> PathBuf {
    let name = Path::new(program).file_stem().expect("a name").to_string_lossy().into_owned();
    Path::new(env!("CARGO_MANIFEST_DIR")).join("contract").join(format!("{name}.{kind}"))
}

/// What a program prints for others, and the file that they have of it.
const PUBLISHED: &[(&[&str], &str)] = &[
    (&["asyncapi"], "asyncapi.json"),
    (&["contract", "show"], "contract.json"),
    (&["designer"], "designer.md"),
];

/// `UPDATE_CONTRACTS=1 cargo test -p flowx-examples --test examples` writes the files anew.
#[test]
fn the_published_documents_are_what_the_connectors_say_of_themselves() {
    let all = ALL.iter().flat_map(|program| PUBLISHED.iter().map(move |one| (program, one)));
    for (program, (arguments, kind)) in all {
        let (output, _) = Call::new(program, arguments).output();
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        let (said, file) = (text(&output.stdout), published(program, kind));
        if std::env::var_os("UPDATE_CONTRACTS").is_some() {
            fs::write(&file, &said).expect("the file can be written");
        }
        let kept = fs::read_to_string(&file).unwrap_or_default().replace("\r\n", "\n");
        assert!(
            kept == said,
            "{} is not what the connector promises now; if that is meant, write it anew with UPDATE_CONTRACTS=1",
            file.display()
        );
    }
}

/// Both dialects, as `schema` writes them.
#[test]
fn the_published_schemas_are_what_the_connectors_say_of_themselves() {
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("contract/schemas");
    let mut written = 0;
    for program in ALL {
        let (output, folder) = Call::new(program, &["schema", "--out", "new"]).output();
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        for file in text(&output.stdout).lines() {
            let new = fs::read_to_string(folder.path().join(file)).expect("a file");
            let place =
                kept.join(Path::new(file).strip_prefix("new").expect("it is in the folder"));
            if std::env::var_os("UPDATE_CONTRACTS").is_some() {
                fs::create_dir_all(place.parent().expect("a folder")).expect("a folder");
                fs::write(&place, &new).expect("the file can be written");
            }
            let old = fs::read_to_string(&place).unwrap_or_default().replace("\r\n", "\n");
            assert!(
                old == new,
                "{} is not what the connector promises now; if that is meant, write it anew with UPDATE_CONTRACTS=1",
                place.display()
            );
            written += 1;
        }
    }
    // Three handlers have requests, replies and errors, the audit has requests only.
    assert_eq!(written, 2 * (3 * 3 + 1));
}

#[test]
fn a_document_is_written_where_it_is_wanted() {
    let (output, folder) =
        Call::new(CURRENCY_EXCHANGE, &["asyncapi", "--out", "contract/exchange.json"]).output();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert_eq!(text(&output.stdout), "contract/exchange.json\n");
    let written = fs::read_to_string(folder.path().join("contract/exchange.json")).expect("a file");
    assert_eq!(
        written,
        fs::read_to_string(published(CURRENCY_EXCHANGE, "asyncapi.json")).expect("a file")
    );
}

/// A program's contract as it is published, with something changed in it.
fn released(program: &str, change: impl FnOnce(&mut Value)) -> tempfile::NamedTempFile {
    let kept = fs::read_to_string(published(program, "contract.json")).expect("a file");
    let mut contract: Value = serde_json::from_str(&kept).expect("JSON");
    change(&mut contract);
    let file = tempfile::NamedTempFile::new().expect("a file");
    fs::write(file.path(), contract.to_string()).expect("the file can be written");
    file
}

#[test]
fn no_example_breaks_what_it_has_published() {
    for program in ALL {
        let file = published(program, "contract.json");
        let arguments = ["contract", "check", "--against", file.to_str().expect("UTF-8")];
        let (output, _) = Call::new(program, &arguments).output();
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        assert_eq!(text(&output.stdout), "no changes\n", "{program}");
    }
}

#[test]
fn a_release_that_breaks_processes_is_stopped_with_a_reason_for_each_change() {
    // The release before this one took what this one does not, and answered with less.
    let old = released(CURRENCY_EXCHANGE, |contract| {
        let handler = &mut contract["handlers"][0];
        handler["request"]["required"] = serde_json::json!(["fromCurrency", "toCurrency"]);
        let reply = handler["reply"]["properties"].as_object_mut().expect("properties");
        reply.remove("initialAmount");
        let required = handler["reply"]["required"].as_array_mut().expect("a list");
        required.retain(|name| name != "initialAmount");
    });
    let old = old.path().to_str().expect("UTF-8");
    let (output, _) =
        Call::new(CURRENCY_EXCHANGE, &["contract", "check", "--against", old]).output();
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{said}{}", text(&output.stderr));
    for words in
        ["exchange\n", "breaks: request $.amount", "safe: reply $.initialAmount", "1 break"]
    {
        assert!(said.contains(words), "{words}: {said}");
    }
    let new = published(CURRENCY_EXCHANGE, "contract.json");
    let new = new.to_str().expect("UTF-8");
    for (files, code, breaks, safe) in
        [([old, new], 1, 1, 1), ([new, old], 1, 1, 1), ([old, old], 0, 0, 0)]
    {
        let arguments = ["contract", "diff", files[0], files[1], "--format", "json"];
        let (output, _) = Call::new(AUDIT, &arguments).output();
        assert_eq!(output.status.code(), Some(code), "{}", text(&output.stderr));
        let report: Value = serde_json::from_str(&text(&output.stdout)).expect("JSON");
        assert_eq!(
            (&report["breaks"], &report["safe"]),
            (&breaks.into(), &safe.into()),
            "{report:#}"
        );
    }
}

#[test]
fn a_file_that_is_no_contract_is_named_with_what_is_wrong() {
    for (change, words) in [("newer", "a later flowx"), ("none", "flowxContract")] {
        let file = released(CURRENCY_EXCHANGE, |contract| match change {
            "newer" => contract["flowxContract"] = 1_000.into(),
            _ => *contract = serde_json::json!({ "openapi": "3.1.0" }),
        });
        let name = file.path().to_str().expect("UTF-8");
        let (output, _) =
            Call::new(CURRENCY_EXCHANGE, &["contract", "check", "--against", name]).output();
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains(name) && said.contains(words), "{said}");
    }
}

#[test]
fn a_document_says_which_brokers_it_is_about() {
    let (output, _) = Call::new(CURRENCY_EXCHANGE, &["asyncapi"])
        .env("KAFKA_BOOTSTRAP_SERVERS", "broker.example:9092")
        .output();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let document: Value = serde_json::from_str(&text(&output.stdout)).expect("JSON");
    assert_eq!(document["servers"]["kafka"]["host"], "broker.example:9092");
    assert_eq!(document["servers"]["kafka"]["protocol"], "kafka");
}

#[test]
fn mistakes_in_a_document_are_all_told() {
    let stored = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/asyncapi/documents");
    for (name, code, said) in [
        ("good.json", 0, &["nothing to mend"][..]),
        (
            "definitions-left-inside.json",
            1,
            &["3 mistakes", "[ref-unresolved]", "[schema-format]", "[schema-keyword]"],
        ),
        ("missing.json", 1, &["missing.json", "os error"]),
        ("../package.json", 1, &["no AsyncAPI document"]),
        ("../check.mjs", 1, &["must be written in JSON"]),
    ] {
        let file = stored.join(name);
        let arguments = ["asyncapi", "--lint", file.to_str().expect("UTF-8")];
        let (output, _) = Call::new(CURRENCY_EXCHANGE, &arguments).output();
        let all = text(&output.stdout) + &text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{all}");
        assert!(said.iter().all(|words| all.contains(words)), "{all}");
    }
}

#[test]
fn a_folder_gets_two_files_for_designers_of_each_handler() {
    let (output, folder) = Call::new(CREDIT_CHECK, &["designer", "--out", "designer"]).output();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let printed = text(&output.stdout);
    let files: Vec<&str> = printed.lines().collect();
    let [markdown, json] = &files[..] else { panic!("{printed}") };
    let read = |file: &str| fs::read_to_string(folder.path().join(file)).expect("a file");
    assert!(markdown.ends_with("check.designer.md") && read(markdown).starts_with("# check\n"));
    let artefacts: Value = serde_json::from_str(&read(json)).expect("JSON");
    assert_eq!(artefacts["receive"]["keyName"], "checkReply", "{artefacts:#}");
    assert!(artefacts["messageTemplate"].as_str().is_some_and(|text| text.contains("${amount}")));
}

#[test]
fn without_a_broker_none_runs_and_each_says_what_to_set() {
    for program in ALL {
        let (output, _) = Call::new(program, &["run"]).output();
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), WRONG_CONFIGURATION, "{said}");
        assert!(said.contains("KAFKA_BOOTSTRAP_SERVERS"), "{said}");
        assert!(output.stdout.is_empty(), "{}", text(&output.stdout));
    }
}

#[test]
fn a_wrong_setting_of_its_own_is_named() {
    for (program, name, value) in [
        (NOTIFICATION_FORWARD, "SMTP_URL", "relay:25"),
        (NOTIFICATION_FORWARD, "MAIL_FROM", "nobody"),
        (CREDIT_CHECK, "LEGACY_URL", "nowhere"),
        (AUDIT, "AUDIT_FILE", "missing/folder/audit.jsonl"),
    ] {
        let (output, _) = Call::new(program, &["handlers"]).env(name, value).output();
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), WRONG_CONFIGURATION, "{said}");
        assert!(said.starts_with("error: ") && said.contains(name), "{said}");
    }
}

/// Plays all examples of a connector against its own broker and engine.
fn played(program: &str) -> (String, TempDir) {
    let (output, folder) = Call::new(program, &["dev", "--once"]).output();
    let (shown, said) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(0), "{shown}\n{said}");
    assert!(shown.contains("all answered as the protocol demands"), "{shown}\n{said}");
    (shown, folder)
}

#[test]
fn the_currency_exchange_shows_what_it_does_with_nothing_installed() {
    let (shown, _) = played(CURRENCY_EXCHANGE);
    assert!(shown.contains(r#""exchangedAmount":49.77,"errorMessage":null"#), "{shown}");
    for code in ["UNKNOWN_CURRENCY", "INVALID_AMOUNT"] {
        assert!(shown.contains(&format!("refused with {code}")), "{shown}");
    }
}

#[test]
fn the_credit_check_brings_its_own_service() {
    let (shown, _) = played(CREDIT_CHECK);
    for words in [r#""approved":true"#, r#""approved":false"#, "refused with CUSTOMER_NOT_FOUND"] {
        assert!(shown.contains(words), "{shown}");
    }
}

#[test]
fn without_a_relay_mails_are_files() {
    let (shown, folder) = played(NOTIFICATION_FORWARD);
    assert!(shown.contains("refused with ATTACHMENTS_UNSUPPORTED"), "{shown}");
    let mails = files_in(&folder.path().join("notification_forward"));
    let [mail] = &mails[..] else { panic!("one mail was asked for: {mails:?}") };
    assert!(mail.contains("Subject: Welcome, John\r\n"), "{mail}");
    assert!(mail.contains("To: john.doe@mail.com\r\n"), "{mail}");
}

#[test]
fn the_audit_has_a_line_of_every_answer() {
    let (_, folder) = played(AUDIT);
    let lines = fs::read_to_string(folder.path().join("audit.jsonl")).expect("the file");
    let lines: Vec<Value> =
        lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(lines.len(), 2, "{lines:#?}");
    for line in lines {
        let topic = line["topic"].as_str().expect("a topic");
        assert!(topic.starts_with("ai.flowx.dev.engine.receive."), "{topic}");
        assert!(line["process"]["uuid"].is_string(), "{line:#}");
        assert!(line["payload"]["errorMessage"] != line["payload"]["exchangedAmount"], "{line:#}");
    }
}

fn files_in(folder: &Path) -> Vec<String> {
    let files = fs::read_dir(folder).expect("a folder").map(|file| file.expect("a file").path());
    files.map(|file| text(&fs::read(file).expect("a file"))).collect()
}
