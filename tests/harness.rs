//! The support for tests does what the tests rely on.

use std::env;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::slice;

use flowx_tests::kafka::{KafkaCluster, TextRecord};
use flowx_tests::require_kafka;

#[tokio::test]
async fn one_node_carries_what_the_console_clients_say() {
    require_kafka!();
    let cluster = KafkaCluster::start(1).await;
    cluster.create_topic("letters", 1, 1).await;
    let sent = [
        TextRecord::new(r#"{"amount": 1, "note": "a,b:c	d"}"#)
            .key("process-1")
            .header("processInstanceUuid", "u-1")
            .header("twice", "a:b")
            .header("twice", ""),
        TextRecord::new("neither key nor headers — but «text»"),
        TextRecord {
            key: Some(String::new()),
            headers: vec![("null".to_owned(), None)],
            value: None,
        },
    ];

    cluster.console().produce("letters", &sent).await;

    assert_eq!(cluster.console().consume("letters", 3).await, sent);
}

#[tokio::test]
async fn three_nodes_survive_a_killed_one_and_take_it_back() {
    require_kafka!();
    let mut cluster = KafkaCluster::start(3).await;
    cluster.create_topic("replicated", 3, 3).await;

    cluster.kill_node(0);
    assert_eq!(cluster.node_pid(0), None);
    let sent = TextRecord::new("one node is down").key("k").header("h", "v");
    cluster.console().produce("replicated", slice::from_ref(&sent)).await;
    assert_eq!(cluster.console().consume("replicated", 1).await, slice::from_ref(&sent));

    cluster.start_node(0).await;
    cluster.wait_until_replicated(&["replicated"]).await;
    cluster.stop_node(1).await;
    assert_eq!(cluster.console().consume("replicated", 1).await, [sent]);
}

#[tokio::test]
async fn a_stopped_node_comes_back_with_its_data() {
    require_kafka!();
    let mut cluster = KafkaCluster::start(1).await;
    cluster.create_topic("kept", 2, 1).await;
    let sent = [TextRecord::new("written before the stop")];
    cluster.console().produce("kept", &sent).await;
    let (servers, pid) = (cluster.bootstrap_servers(), cluster.node_pid(0));

    cluster.stop_node(0).await;
    cluster.start_node(0).await;

    assert_eq!(cluster.bootstrap_servers(), servers);
    assert_ne!(cluster.node_pid(0), pid);
    assert_eq!(cluster.console().consume("kept", 1).await, sent);
}

#[tokio::test]
async fn nothing_is_left_of_a_cluster_whose_test_panics() {
    require_kafka!();
    let cluster = KafkaCluster::start(1).await;
    let (pid, folder) = (cluster.node_pid(0).unwrap(), cluster.data_folder().to_owned());
    assert!(is_alive(pid) && folder.is_dir());

    let test = tokio::spawn(async move {
        let _cluster = cluster;
        panic!("as a failing test does");
    });

    assert!(test.await.unwrap_err().is_panic());
    assert!(!is_alive(pid), "process {pid} still runs");
    assert!(!folder.exists(), "{} still exists", folder.display());
}

#[tokio::test]
async fn a_cluster_that_cannot_start_shows_the_end_of_its_log() {
    require_kafka!();
    let start =
        tokio::spawn(async { KafkaCluster::start_with(1, &[("num.io.threads", "0")]).await });

    let panic = start.await.unwrap_err().into_panic();

    let message = panic.downcast_ref::<String>().unwrap();
    assert!(message.contains("num.io.threads"), "{message}");
}

#[test]
fn without_java_tests_are_left_out_and_say_so_in_one_line() {
    let output = run_without_java(&[]);

    assert!(output.status.success(), "{output:?}");
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(
        said,
        "left out, for want of Apache Kafka: a_cluster_that_cannot_start_shows_the_end_of_its_log, \
         a_stopped_node_comes_back_with_its_data, \
         nothing_is_left_of_a_cluster_whose_test_panics, \
         one_node_carries_what_the_console_clients_say, \
         three_nodes_survive_a_killed_one_and_take_it_back \
         (`java` is not in PATH; install a JDK, version 17 or newer)\n"
    );
}

#[test]
fn without_java_a_ci_run_fails() {
    let output = run_without_java(&[("CI", "true")]);

    assert_eq!(output.status.code(), Some(101));
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("may not be left out where CI is true"), "{said}");
}

/// Runs two of the tests above in a process that finds no Java.
fn run_without_java(environment: &[(&str, &str)]) -> Output {
    let nothing = tempfile::tempdir().unwrap();
    let mut command = Command::new(env::current_exe().unwrap());
    command
        .args(["--exact", "a_stopped_node_comes_back_with_its_data"])
        .arg("one_node_carries_what_the_console_clients_say")
        .env("PATH", PathBuf::from(nothing.path()))
        .env_remove("JAVA_HOME")
        .env_remove("CI")
        .envs(environment.iter().copied());
    command.output().unwrap()
}

fn is_alive(pid: u32) -> bool {
    let mut kill = Command::new("sh");
    kill.args(["-c", "kill -0 \"$1\"", "sh", &pid.to_string()]);
    kill.output().unwrap().status.success()
}
