//! `config show`, and what a connector says of a configuration that cannot work.

use std::process::{Command, Output};

use tempfile::TempDir;

/// A folder with a configuration file, its token, and a program that is started in there.
struct Site(TempDir);

impl Site {
    fn new(file: &str) -> Self {
        let folder = TempDir::new().unwrap();
        std::fs::write(folder.path().join("connector.toml"), file).unwrap();
        std::fs::write(folder.path().join("token"), "canary\n").unwrap();
        Self(folder)
    }

    fn run(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_rehearsal"))
            .args(arguments)
            .current_dir(self.0.path())
            .env_clear()
            .env("HANDLERS", "good")
            .envs(variables.iter().copied())
            .output()
            .unwrap()
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn golden(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(concat!(env!("CARGO_MANIFEST_DIR"), "/configuration"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}

const VARIABLES: &[(&str, &str)] = &[
    ("FLOWX_CONNECTOR_CONFIG", "connector.toml"),
    ("SPRING_KAFKA_CONSUMER_GROUPID", "credit"),
    ("ORGANIZATION_ID", "acme"),
    ("FLOWX_CONNECTOR_RETRY_BUDGET", "90s"),
    ("FLOWX_CONNECTOR_CATALOG", ""),
    ("FLOWX_CONNECTOR_KAFKA_PROPERTY_SASL_PASSWORD", "canary"),
    ("FLOWX_CONNECTOR_HANDLER_GOOD_ATTEMPTS", "2"),
];
const ARGUMENTS: &[&str] = &["--set", "retry.attempts=7", "config", "show"];

#[test]
fn every_setting_is_shown_with_its_origin_and_no_secret() {
    let site = Site::new(include_str!("connector.toml"));
    let shown = site.run(ARGUMENTS, VARIABLES);
    assert_eq!((shown.status.code(), text(&shown.stderr)), (Some(0), String::new()));
    golden("show", &text(&shown.stdout));
    let json = site.run(&[ARGUMENTS, &["--format", "json"]].concat(), VARIABLES);
    golden("show_json", &text(&json.stdout));
}

#[test]
fn all_that_is_wrong_is_said_at_once_with_place_and_remedy_by_every_command() {
    let site = Site::new(include_str!("wrong.toml"));
    let arguments = ["--config", "connector.toml", "--set", "kafka.stal=70s"];
    let variables =
        [("FLOWX_CONNECTOR_MAX_VALUES", "canary"), ("KAFKA_BOOTSTRAP_SERVERS", "localhost:1")];
    let handlers = site.run(&[&arguments[..], &["handlers"]].concat(), &variables);
    assert_eq!((handlers.status.code(), text(&handlers.stdout)), (Some(78), String::new()));
    golden("wrong", &text(&handlers.stderr));
    // After the command too; and what can be read is shown all the same.
    let show = site.run(&[&["config", "show"], &arguments[..]].concat(), &variables);
    assert_eq!((show.status.code(), text(&show.stderr)), (Some(78), text(&handlers.stderr)));
    assert!(text(&show.stdout).contains("drain = \"50s\""));
}

#[test]
fn no_file_is_looked_for() {
    let site = Site::new("nonsense");
    for name in ["flowx.toml", "config.toml"] {
        std::fs::write(site.0.path().join(name), "nonsense").unwrap();
    }
    let shown = site.run(&["config", "show"], &[]);
    assert_eq!(shown.status.code(), Some(0), "{}", text(&shown.stderr));
    let missing = site.run(&["config", "show", "--config", "nowhere.toml"], &[]);
    assert_eq!(missing.status.code(), Some(78));
    let words = "`--config`: the file nowhere.toml cannot be read";
    assert!(text(&missing.stderr).contains(words), "{}", text(&missing.stderr));
}
