//! The permissions that are printed are enough, and none too many: on Apache Kafka, as a user who has
//! nothing but them.

use std::time::Duration;

use flowx_core::Connector;
use flowx_core::check::command::{KafkaCommand, Reach};
use flowx_core::check::{Check, Finding, Level, Report, acls};
use flowx_core::config::Settings;
use flowx_core::kafka::{KafkaSettings, ReadFrom, Reader, Writer};
use flowx_core::message::record::{Outbound, Record};
use flowx_tests::kafka::{CLERK, GuardedCluster};
use flowx_tests::{eventually, require_kafka};

const BOOK: &str = "ai.flowx.dev.ledger.book.v1";
const REPLY: &str = "ai.flowx.dev.engine.receive.ledger.book.results.v1";
const ASIDE: &str = "ai.flowx.dev.ledger.book.v1.dlq";
const WITHIN: Duration = Duration::from_secs(60);

struct Bank(GuardedCluster);

impl Bank {
    async fn open() -> Self {
        Self(GuardedCluster::start().await)
    }

    /// The connector, as a user who has no permission but what was granted.
    fn connector(&self) -> Connector {
        let mut settings = Settings::default();
        self.0.log_in(&mut settings);
        crate::connector(&["book"], settings)
    }

    async fn check(&self) -> Report {
        let check = Check::of(&self.connector()).unwrap().principal(CLERK);
        check.look(WITHIN).await.unwrap()
    }

    /// Runs commands as they are printed, but as a user who may do everything.
    async fn obey(&self, script: &str) {
        for line in script.lines().filter(|line| !line.starts_with('#')) {
            self.tool(&shlex::split(line).unwrap(), "--add").await;
        }
    }

    /// The same commands, but the permissions are taken away.
    async fn revoke(&self, script: &str) {
        self.tool(&shlex::split(script.lines().last().unwrap()).unwrap(), "--remove").await;
    }

    async fn tool(&self, words: &[String], how: &str) {
        let class = match words[0].as_str() {
            "kafka-topics.sh" => "org.apache.kafka.tools.TopicCommand",
            "kafka-acls.sh" => "org.apache.kafka.tools.AclCommand",
            "kafka-configs.sh" => "kafka.admin.ConfigCommand",
            other => panic!("{other}"),
        };
        // The console says where the cluster is, and needs no password.
        let at = ["--bootstrap-server", "--command-config"];
        let mut arguments = Vec::new();
        let mut rest = words[1..].iter().map(String::as_str);
        while let Some(word) = rest.next() {
            match word {
                word if at.contains(&word) => drop(rest.next()),
                "--add" if how == "--remove" => arguments.extend(["--remove", "--force"]),
                word => arguments.push(word),
            }
        }
        self.0.cluster.console().tool(class, &arguments).await;
    }

    fn grants(&self) -> Vec<KafkaCommand> {
        let connector = self.connector();
        let needed = acls::needed(connector.registry(), connector.group());
        needed.into_iter().map(KafkaCommand::Grant).collect()
    }
}

fn reach() -> Reach {
    Reach { principal: Some(CLERK.to_owned()), ..Reach::default() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_printed_is_enough_and_each_permission_that_is_missing_is_named() {
    require_kafka!();
    let bank = Bank::open().await;

    // A user who has nothing is told all of it at once; of topics that nobody may see, no more.
    let report = bank.check().await;
    assert_eq!(report.worst(), Level::Problem, "{report}");
    let printed = report.findings.iter().flat_map(|finding| finding.commands.iter().cloned());
    assert_eq!(reach().script(printed), reach().script(bank.grants()), "{report}");
    bank.obey(&report.script()).await;

    // Then the topics.
    let report = eventually(WITHIN, || async {
        let report = bank.check().await;
        let missing = report.findings.iter().filter(|one| one.message.contains("does not exist"));
        let (missing, told) = (missing.count(), report.to_string());
        if missing == 4 { Ok(report) } else { Err(told) }
    })
    .await;
    bank.obey(&report.script()).await;
    eventually(WITHIN, || well(&bank)).await;

    serves(&bank).await;

    for grant in bank.grants() {
        let script = reach().script([grant.clone()]);
        bank.revoke(&script).await;
        let commands = eventually(WITHIN, || async {
            let report = bank.check().await;
            let naming = |finding: &&Finding| finding.commands.contains(&grant);
            let named: Vec<_> = report.findings.iter().filter(naming).collect();
            match named[..] {
                [one] => Ok(one.commands.clone()),
                _ => Err(format!("{script}{report}")),
            }
        })
        .await;
        bank.obey(&reach().script(commands)).await;
        eventually(WITHIN, || well(&bank)).await;
    }
}

/// Whether nothing is left to do. Before the first record no clock can be compared.
async fn well(bank: &Bank) -> Result<(), String> {
    let report = bank.check().await;
    let bad = |finding: &Finding| finding.level > Level::Ok && finding.rule != "clock";
    if report.findings.iter().any(bad) { Err(report.to_string()) } else { Ok(()) }
}

/// The whole way: a request that is answered, and one that fails, waits, fails again, is answered and put
/// aside.
async fn serves(bank: &Bank) {
    let connector = bank.connector();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let running = tokio::spawn(connector.run(async { drop(stopped.await) }));
    let all_powerful = KafkaSettings::new(bank.0.cluster.bootstrap_servers(), "test");
    let mut replies = Reader::open(&all_powerful, &[REPLY], ReadFrom::Beginning).await.unwrap();
    let mut aside = Reader::open(&all_powerful, &[ASIDE], ReadFrom::Beginning).await.unwrap();
    let request = |process: &str, payload: &str| Outbound {
        topic: BOOK.into(),
        partition: None,
        key: Some(process.as_bytes().to_vec()),
        headers: [("processInstanceUuid", process)].into_iter().collect(),
        payload: Some(payload.as_bytes().to_vec()),
    };
    let requests = [request("good", "{}"), request("bad", r#"{"fails":true}"#)];
    Writer::connect(&all_powerful).unwrap().write(&requests).await.unwrap();
    let answers = [next(&mut replies).await, next(&mut replies).await];
    let failed = |record: &Record| {
        String::from_utf8_lossy(record.payload.as_deref().unwrap()).contains("RETRY_EXHAUSTED")
    };
    assert_eq!(answers.iter().filter(|answer| failed(answer)).count(), 1, "{answers:?}");
    assert_eq!(next(&mut aside).await.key.as_deref(), Some(&b"bad"[..]));
    drop(stop);
    running.await.unwrap().unwrap();
}

async fn next(reader: &mut Reader) -> Record {
    tokio::time::timeout(WITHIN, reader.next()).await.expect("a record comes")
}
