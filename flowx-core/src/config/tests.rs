//! What the page of this room promises, and what holds for all sources together.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use super::handlers::PARTS;
use super::keys::{CONFIG_VARIABLE, HANDLER_PREFIX, KEYS};
use super::properties::{PROPERTY_PREFIX, of_variable, variable, without_file};
use super::show::Effective;
use super::values::Shown;
use super::{Settings, Sources};

/// A file of this content that goes with the value.
struct Temporary(PathBuf);

impl Temporary {
    fn new(name: &str, content: &str) -> Self {
        let path = std::env::temp_dir().join(format!("flowx-{}-{name}", std::process::id()));
        fs::write(&path, content).unwrap();
        Self(path)
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// The cells of the documentation's table, row by row.
fn documented() -> Vec<Vec<String>> {
    let rows = include_str!("mod.rs").lines().filter_map(|line| line.strip_prefix("//! | `FLOWX_"));
    let cells = |row: &str| {
        let cells = row.trim_end().trim_end_matches('|').split('|').map(str::trim);
        cells.map(str::to_owned).collect()
    };
    rows.map(|row| cells(&format!("`FLOWX_{row}"))).collect()
}

fn quoted(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

#[test]
fn the_table_of_the_documentation_is_that_of_the_settings() {
    let mut expected = vec![[quoted(&[CONFIG_VARIABLE]), String::new(), String::new()]];
    for key in KEYS {
        expected.push([quoted(&[key.name]), quoted(&[key.path]), quoted(key.platform)]);
        if key.path == "kafka.stall" {
            let name = format!("{PROPERTY_PREFIX}<NAME>");
            expected.push([
                quoted(&[&name]),
                "`kafka.properties.<name>`".to_owned(),
                String::new(),
            ]);
        }
    }
    for part in PARTS {
        let (name, path) = (
            format!("{HANDLER_PREFIX}<NAME>_{}", part.name),
            format!("handler.<name>.{}", part.path),
        );
        expected.push([quoted(&[&name]), quoted(&[&path]), String::new()]);
    }
    let rows = documented();
    let names: Vec<[String; 3]> =
        rows.iter().map(|row| [row[0].clone(), row[1].clone(), row[2].clone()]).collect();
    assert_eq!(names, expected);
    assert!(rows.iter().all(|row| !row[3].is_empty()), "each says what it sets");
}

#[test]
fn the_documented_defaults_are_those_that_hold() {
    let settings = Settings::default();
    for row in documented() {
        let Some(key) = KEYS.iter().find(|key| row[1] == quoted(&[key.path])) else { continue };
        let default = match key.shown(&settings) {
            Shown::Plain(Value::Null) | Shown::Secret { .. } => continue,
            Shown::Plain(Value::String(text)) => quoted(&[&text]),
            Shown::Plain(Value::Array(items)) if items.is_empty() => "none".to_owned(),
            Shown::Plain(value) => quoted(&[&value.to_string()]),
        };
        // `60s` is `1m`.
        let documented = row[4].trim_matches('`');
        let same_time = humantime::parse_duration(documented).is_ok_and(|time| {
            humantime::format_duration(time).to_string() == default.trim_matches('`')
        });
        assert!(row[4] == default || same_time, "{}: {} is {default}", key.path, row[4]);
    }
}

#[test]
fn each_source_wins_over_the_one_before_it_and_is_named() {
    let file = Temporary::new(
        "layers.toml",
        "[retry]\nattempts = 2\nbudget = '1min'\ndelay = \"100ms\"\n\n\
         [kafka]\nbootstrap_servers = ['a:1', 'b:2']\n\
         [kafka.properties]\nsocket.keepalive.enable = true\n'fetch.wait.max.ms' = 1_0\n\
         [handler.credit-check]\nretry_topics = []\nattempts = 0x4\n",
    );
    let settings = Sources::default()
        .file(file.path())
        .variables([
            ("FLOWX_CONNECTOR_RETRY_ATTEMPTS", "3"),
            ("FLOWX_CONNECTOR_RETRY_BUDGET", "90s"),
            ("FLOWX_CONNECTOR_RETRY_DELAY", ""),
            ("FLOWX_CONNECTOR_HANDLER_CREDIT_CHECK_ORDER", "partition"),
            ("FLOWX_CONNECTOR_KAFKA_PROPERTY_FETCH_WAIT_MAX_MS", "20"),
            ("ORGANIZATION_ID", "acme"),
        ])
        .argument("retry.attempts=4")
        .argument("handler.credit_check.attempts=6")
        .read()
        .unwrap();
    assert_eq!(settings.bootstrap_servers.as_deref(), Some("a:1,b:2"));
    let handler = settings.handlers.get("credit-check").unwrap();
    assert_eq!((handler.attempts, handler.retry_topics.as_deref()), (Some(6), Some(&[][..])));
    assert!(settings.kafka["fetch.wait.max.ms"].is("20"));
    assert!(settings.kafka["socket.keepalive.enable"].is("true"));
    let at = |line: usize| format!("{}:{line}", file.path());
    for (path, value, origin) in [
        ("retry.attempts", "4", "--set"),
        ("retry.budget", "1m 30s", "FLOWX_CONNECTOR_RETRY_BUDGET"),
        ("retry.delay", "100ms", &at(4)),
        ("retry.longest_delay", "1m", "default"),
        ("reply.organization_id", "acme", "ORGANIZATION_ID"),
    ] {
        let key = KEYS.iter().find(|key| key.path == path).unwrap();
        let Shown::Plain(shown) = key.shown(&settings) else { panic!("{path} is no secret") };
        let shown = shown.as_str().map_or_else(|| shown.to_string(), str::to_owned);
        assert_eq!((shown.as_str(), settings.origin(path).to_string().as_str()), (value, origin));
    }
    let mut changed = settings.clone();
    changed.breaker = false;
    assert_eq!(changed.origin("breaker.enabled").to_string(), "the program");
}

#[test]
fn all_that_is_wrong_in_all_sources_is_told_at_once_with_its_place_and_no_value() {
    let file = Temporary::new(
        "wrong.toml",
        "[retry]\nattempts = 'canary'\nbudget = [ 'canary' ]\n\
         [runtime]\ndrain = '50s'\nordr = 'canary'\n\
         [admin]\ntoken = { file = '/nowhere/at/all' }\n\
         [kafka.properties]\n'a.b' = 1\na.b = 'canary'\n",
    );
    let problems = Sources::default()
        .file(file.path())
        .variables([("FLOWX_CONNECTOR_MAX_DEPTH", "canary"), ("FLOWX_CONNECTOR_CONFIGS", "canary")])
        .argument("canary")
        .argument("kafka.stall=canary")
        .argument("runtime.drian=canary")
        .argument("kafka.properties.sasl.password=canary")
        .read()
        .unwrap_err();
    let text = problems.join("\n").replace(file.path(), "c.toml");
    for words in [
        "c.toml:2: `retry.attempts` cannot be read: expected a number of attempts from 1 to 1000",
        "c.toml:3: `retry.budget` cannot be read: expected a text, a whole number, `true` or `false`",
        "c.toml:6: `runtime.ordr` is unknown; did you mean `runtime.order`?",
        "c.toml:8: `admin.token`: the file /nowhere/at/all that holds it cannot be read",
        "c.toml:11: `kafka.properties.a.b` is given twice, here and by line 10; remove one",
        "`FLOWX_CONNECTOR_MAX_DEPTH` cannot be read",
        "`FLOWX_CONNECTOR_CONFIGS` is unknown; did you mean `FLOWX_CONNECTOR_CONFIG`?",
        "`--set` number 1 has no `=`",
        "`--set kafka.stall` cannot be read: expected a time with its unit",
        "`--set runtime.drian` is unknown; did you mean `runtime.drain`?",
        "`--set kafka.properties.sasl.password` would show a secret to everybody on this machine; set \
         FLOWX_CONNECTOR_KAFKA_PROPERTY_SASL_PASSWORD, or `kafka.properties.sasl.password.file`",
        "the drain of 50s must be shorter than the session timeout of 45s",
        "`runtime.drain` is set in c.toml:5",
    ] {
        assert!(text.contains(words), "{words}\n{text}");
    }
    assert_eq!(problems.len(), 12, "{text}");
    assert!(!text.contains("canary"), "{text}");
}

#[test]
fn a_file_that_is_no_toml_or_not_there_is_told_without_what_stands_in_it() {
    let file = Temporary::new("broken.toml", "[admin]\ntoken = canary\n");
    let problem = |sources: Sources| sources.read().unwrap_err().join("\n");
    let broken = problem(Sources::default().file(file.path()));
    assert!(broken.contains("broken.toml:2: this is no TOML"), "{broken}");
    assert!(!broken.contains("canary"), "{broken}");
    let missing = problem(Sources::default().variables([(CONFIG_VARIABLE, "/nowhere.toml")]));
    assert!(missing.contains("`FLOWX_CONNECTOR_CONFIG`: the file /nowhere.toml"), "{missing}");
    // The command line names another file, so this one is not looked at.
    let good = Temporary::new("good.toml", "");
    let sources = Sources::default().variables([(CONFIG_VARIABLE, "/nowhere.toml")]);
    assert_eq!(sources.file(good.path()).read().unwrap(), Settings::default());
}

#[test]
fn a_secret_may_stand_in_a_file_in_every_source_and_not_twice_in_one() {
    let secret = Temporary::new("secret", "s3cret\n");
    let inline = format!("[admin]\ntoken = {{ file = '{}' }}\n", secret.path());
    let inline = Temporary::new("inline.toml", &inline);
    let argument = format!("admin.token.file={}", secret.path());
    for sources in [
        Sources::default().file(inline.path()),
        Sources::default().variables([("FLOWX_CONNECTOR_ADMIN_TOKEN_FILE", secret.path())]),
        Sources::default().argument(argument.as_str()),
        // The higher source wins, whichever way it gives the secret.
        Sources::default()
            .variables([("FLOWX_CONNECTOR_ADMIN_TOKEN", "other")])
            .argument(argument.as_str()),
    ] {
        let settings = sources.read().unwrap();
        assert!(settings.admin_token.is_some_and(|token| token.is("s3cret")), "{sources:?}");
    }
    let value = Sources::default()
        .file(inline.path())
        .variables([("FLOWX_CONNECTOR_ADMIN_TOKEN", "other")])
        .read();
    assert!(value.unwrap().admin_token.is_some_and(|token| token.is("other")));
    let twice = Sources::default().variables([
        ("FLOWX_CONNECTOR_ADMIN_TOKEN", "other"),
        ("FLOWX_CONNECTOR_ADMIN_TOKEN_FILE", secret.path()),
    ]);
    let twice = twice.read().unwrap_err().join("\n");
    assert!(twice.contains("is given twice, here and by `FLOWX_CONNECTOR_ADMIN_TOKEN`"), "{twice}");
    // Not every setting is a secret.
    let group = Sources::default().variables([("FLOWX_CONNECTOR_GROUP_FILE", secret.path())]);
    assert!(group.read().unwrap_err()[0].contains("`FLOWX_CONNECTOR_GROUP_FILE` is unknown"));
}

#[test]
fn an_empty_text_counts_only_where_it_has_a_meaning() {
    let empty = |path: &str| Sources::default().argument(format!("{path}=")).read();
    for key in KEYS {
        let may = key.path.starts_with("topic.") && !key.path.ends_with("_receive")
            || ["admin.hosts", "kafka.profiles"].contains(&key.path);
        assert_eq!(key.is_secret() || empty(key.path).is_err(), !may, "{}", key.path);
    }
    assert_eq!(empty("topic.prefix").unwrap().naming.prefix.as_deref(), Some(""));
}

#[test]
fn every_property_has_a_variable_of_its_own_that_leads_back_to_it() {
    let names =
        include_str!("../kafka/properties.txt").lines().filter(|line| !line.starts_with('#'));
    let mut count = 0;
    for name in names {
        let variable = variable(name);
        let back = of_variable(variable.strip_prefix(PROPERTY_PREFIX).unwrap());
        assert_eq!(without_file(&back), (name, false));
        assert_eq!(without_file(&format!("{name}.file")), (name, true), "{name}");
        count += 1;
    }
    assert!(count > 150, "the list is there");
}

#[test]
fn what_is_shown_can_be_read_again_and_gives_the_same_but_for_secrets() {
    let settings = Settings::read([
        ("KAFKA_BOOTSTRAP_SERVERS", "a:1,b:2"),
        ("ORGANIZATION_ID", "\u{7f}a \"quoted\" \\ 'text'\u{1b}[2J"),
        ("FLOWX_CONNECTOR_ADMIN_HOSTS", "a.example, b.example"),
        ("FLOWX_CONNECTOR_ADMIN_TOKEN", "canary"),
        ("FLOWX_CONNECTOR_KAFKA_PROPERTY_SASL_PASSWORD", "canary"),
        ("FLOWX_CONNECTOR_HANDLER_CREDIT_CHECK_RETRY_TOPICS", "30s,5m"),
        ("FLOWX_CONNECTOR_HANDLER_CREDIT_CHECK_TIMEOUT", "90s"),
        ("KAFKA_TOPIC_NAMING_PREFIX", "p."),
    ])
    .unwrap();
    let shown = Effective(&settings).to_string();
    assert!(!shown.contains("canary") && !shown.contains('\u{1b}'), "{shown}");
    let file = Temporary::new("shown.toml", &shown);
    let mut again = Sources::default().file(file.path()).read().unwrap();
    again.admin_token.clone_from(&settings.admin_token);
    again.kafka.clone_from(&settings.kafka);
    again.origins = settings.origins.clone();
    assert_eq!(again, settings, "{shown}");
    assert!(!Effective(&settings).to_json().to_string().contains("canary"));
}

#[test]
fn the_time_of_all_handlers_is_none_of_a_single_one() {
    let settings = Settings::read([("FLOWX_CONNECTOR_HANDLER_TIMEOUT", "7s")]).unwrap();
    assert_eq!(settings.handler_timeout.as_secs(), 7);
}
