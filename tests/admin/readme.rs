//! What the README shows of the admin endpoint is what it answers.

use std::collections::BTreeSet;
use std::fs;
use std::process::Stdio;
use std::time::Duration;

use flowx_core::kafka::EmbeddedBroker;
use flowx_tests::http::{Answer, Visited};
use flowx_tests::{eventually, example, repository};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::handlers::{EXCHANGES, at};

const WITHIN: Duration = Duration::from_secs(120);

/// One call in the README and the answer below it.
#[derive(Debug)]
struct Shown {
    post: bool,
    headers: Vec<String>,
    path: String,
    answer: String,
}

/// Every call of the section on operations.
fn shown() -> Vec<Shown> {
    let readme = fs::read_to_string(repository().join("README.md")).expect("the README");
    let (_, section) = readme.split_once("## Operations").expect("the section");
    let section = section.split("\n## ").next().expect("its text");
    let blocks = section.split("```console\n").skip(1);
    let blocks = blocks.map(|rest| rest.split("\n```").next().expect("a block"));
    let calls = blocks.flat_map(|block| block.split("$ curl ").skip(1));
    calls.map(Shown::read).collect()
}

impl Shown {
    fn read(call: &str) -> Self {
        let (line, answer) = call.split_once('\n').expect("an answer");
        let mut shown =
            Self { post: false, headers: Vec::new(), path: String::new(), answer: answer.into() };
        let mut words = words(line).into_iter();
        while let Some(word) = words.next() {
            match word.as_str() {
                "-s" => {}
                "-X" => shown.post = words.next().expect("a method") == "POST",
                "-H" => {
                    let header = words.next().expect("a header");
                    shown.headers.push(header.replace("$TOKEN", "canary"));
                }
                url => url
                    .strip_prefix("localhost:8081")
                    .expect("an address")
                    .clone_into(&mut shown.path),
            }
        }
        shown
    }

    async fn call(&self, site: &Visited) -> Answer {
        let headers: Vec<&str> = self.headers.iter().map(String::as_str).collect();
        if self.post {
            site.post(&self.path, &headers, "").await
        } else {
            site.get(&self.path).await
        }
    }
}

/// The words of a line, as a shell reads them that knows quotes and nothing else.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), String::new(), None);
    for c in line.chars() {
        match (c, quote) {
            (' ', None) if word.is_empty() => {}
            (' ', None) => words.push(std::mem::take(&mut word)),
            ('"' | '\'', None) => quote = Some(c),
            (c, Some(open)) if c == open => quote = None,
            (c, _) => word.push(c),
        }
    }
    words.extend((!word.is_empty()).then_some(word));
    words
}

/// What is not as shown: fields that are there or not, other texts, other types. Numbers may differ,
/// and `…` in a list stands for the rest.
fn differs(shown: &Value, real: &Value, at: &str) -> Vec<String> {
    match (shown, real) {
        (Value::Object(shown), Value::Object(real)) => {
            let names: BTreeSet<&String> = shown.keys().chain(real.keys()).collect();
            let differ = |name: &&String| match (shown.get(*name), real.get(*name)) {
                (Some(shown), Some(real)) => differs(shown, real, &format!("{at}.{name}")),
                (Some(_), None) => vec![format!("{at}.{name} is shown and not there")],
                _ => vec![format!("{at}.{name} is there and not shown")],
            };
            names.iter().flat_map(differ).collect()
        }
        (Value::Array(shown), Value::Array(real)) => {
            let is_open = shown.last().is_some_and(|last| last == "…");
            let first = if is_open { &shown[..shown.len() - 1] } else { shown };
            if real.len() < first.len() || (!is_open && real.len() > first.len()) {
                return vec![format!("{at} has {} and not {} elements", real.len(), first.len())];
            }
            let both = first.iter().zip(real).enumerate();
            both.flat_map(|(place, (shown, real))| differs(shown, real, &format!("{at}[{place}]")))
                .collect()
        }
        (Value::Number(shown), Value::Number(real)) if shown.is_f64() == real.is_f64() => vec![],
        (shown, real) if shown == real => vec![],
        _ => vec![format!("{at} is {real} and not {shown}")],
    }
}

async fn currency_exchange(broker: &EmbeddedBroker) -> (Child, Visited) {
    let mut program = Command::new(example("currency_exchange"))
        .arg("run")
        .env("KAFKA_BOOTSTRAP_SERVERS", broker.bootstrap_servers())
        .env("FLOWX_CONNECTOR_ADMIN_ADDRESS", "127.0.0.1:0")
        .env("FLOWX_CONNECTOR_ADMIN_TOKEN", "canary")
        .env_remove("RUST_LOG")
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("the example can be started");
    let mut log = BufReader::new(program.stderr.take().expect("its log")).lines();
    let address = loop {
        let line = timeout(WITHIN, log.next_line()).await.expect("in time").expect("a log");
        let line = line.expect("it still runs");
        if let Some((_, rest)) = line.split_once("the admin endpoint is at http://") {
            break rest.split('/').next().expect("an address").parse().expect("an address");
        }
    };
    // Nobody may wait for room in its log.
    tokio::spawn(async move { while let Ok(Some(_)) = log.next_line().await {} });
    (program, Visited { address })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_call_in_the_readme_is_answered_as_it_shows() {
    let shown = shown();
    let broker = EmbeddedBroker::start(1).expect("a broker");
    broker.create_topic(EXCHANGES).expect("a topic");
    let (mut program, site) = currency_exchange(&broker).await;
    eventually(WITHIN, || async {
        let health = site.get(&at("health")).await.json();
        let components = &health["components"];
        let partition = &components["partitions"]["details"][format!("{EXCHANGES}[0]")];
        let is_up = components["kafka"]["status"] == "UP" && partition["lag"] == 0;
        if is_up { Ok(()) } else { Err(format!("{health:#}")) }
    })
    .await;
    for call in &shown {
        let answer = call.call(&site).await;
        assert_eq!(answer.status, 200, "{call:?}: {answer:?}");
        if call.path.ends_with("/prometheus") {
            for line in call.answer.lines().filter(|line| *line != "…") {
                let found = answer.body.lines().any(|real| real == line);
                assert!(found, "{line} is not in\n{}", answer.body);
            }
            continue;
        }
        let expected: Value = serde_json::from_str(&call.answer)
            .unwrap_or_else(|error| panic!("{error} in the README: {}", call.answer));
        assert_eq!(differs(&expected, &answer.json(), ""), [""; 0], "{}", call.path);
    }
    let called: BTreeSet<&str> =
        shown.iter().map(|call| call.path.split('?').next().unwrap()).collect();
    for path in [
        "health",
        "health/liveness",
        "health/readiness",
        "info",
        "metrics",
        "metrics/flowx_requests_total",
        "prometheus",
        "handlers",
        "handlers/exchange/pause",
        "handlers/exchange/resume",
    ] {
        assert!(called.contains(at(path).as_str()), "the README does not show {path}");
    }
    program.kill().await.expect("it is killed");
}
