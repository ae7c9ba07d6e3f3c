//! The example connectors as programs: what they print, write and return.

use std::fs;
use std::path::Path;
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
        let head = vec!["handler", "topic", "reply topic", "group", "guarantee"];
        let row = row.into_iter().chain(["at least once"]).collect();
        assert_eq!(cells, [head, row], "{printed}");
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
