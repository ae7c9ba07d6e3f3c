//! Spans over OTLP: an attempt is a part of the trace of its request, and so is what is answered.

use std::process::Stdio;
use std::time::Duration;

use flowx_tests::kafka::{KafkaCluster, TextRecord};
use flowx_tests::require_kafka;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value::Value};
use opentelemetry_proto::tonic::trace::v1::{Span, span::SpanKind, status::StatusCode};
use prost::Message as _;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, ChildStderr, Command};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::timeout;

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00f067aa0ba902b7";
const PATIENCE: Duration = Duration::from_secs(60);

/// Takes what is exported, for as long as it lives.
struct Collector {
    address: String,
    exported: UnboundedReceiver<ExportTraceServiceRequest>,
}

impl Collector {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let (sender, exported) = unbounded_channel();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(take(stream, sender.clone()));
            }
        });
        Self { address, exported }
    }

    /// The next spans, with the name of the service that exports them.
    async fn spans(&mut self) -> Vec<(String, Span)> {
        let exported = timeout(PATIENCE, self.exported.recv()).await.expect("it exports").unwrap();
        let resources = exported.resource_spans.into_iter().flat_map(|spans| {
            let resource = spans.resource.unwrap_or_default();
            let service = text(&resource.attributes, "service.name").unwrap_or_default();
            let spans = spans.scope_spans.into_iter().flat_map(|scope| scope.spans);
            spans.map(move |span| (service.clone(), span))
        });
        resources.collect()
    }
}

/// Reads the requests of one connection, and answers that all is well.
async fn take(mut stream: TcpStream, exported: UnboundedSender<ExportTraceServiceRequest>) {
    let mut bytes = Vec::new();
    loop {
        let head = loop {
            if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
                break end + 4;
            }
            if stream.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
                return;
            }
        };
        let lines = String::from_utf8(bytes[..head].to_vec()).unwrap().to_ascii_lowercase();
        assert!(lines.starts_with("post /v1/traces http/1.1"), "{lines}");
        assert!(lines.contains("content-type: application/x-protobuf"), "{lines}");
        let length = lines.lines().find_map(|line| line.strip_prefix("content-length: "));
        let end = head + length.expect("it says how much").trim().parse::<usize>().unwrap();
        while bytes.len() < end {
            assert_ne!(stream.read_buf(&mut bytes).await.unwrap(), 0, "all of it comes");
        }
        let request = ExportTraceServiceRequest::decode(&bytes[head..end]).unwrap();
        let _ = exported.send(request);
        bytes.drain(..end);
        let answer =
            "HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\ncontent-length: 0\r\n\r\n";
        stream.write_all(answer.as_bytes()).await.unwrap();
    }
}

fn value<'a>(attributes: &'a [KeyValue], name: &str) -> Option<&'a Value> {
    let attribute = attributes.iter().find(|attribute| attribute.key == name)?;
    attribute.value.as_ref()?.value.as_ref()
}

fn text(attributes: &[KeyValue], name: &str) -> Option<String> {
    match value(attributes, name)? {
        Value::StringValue(text) => Some(text.clone()),
        _ => None,
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn connector(cluster: &KafkaCluster, collector: &Collector) -> Child {
    command(cluster, collector).spawn().unwrap()
}

fn command(cluster: &KafkaCluster, collector: &Collector) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rehearsal"));
    command
        .arg("run")
        .env("HANDLERS", "good,moody")
        .env("KAFKA_BOOTSTRAP_SERVERS", cluster.bootstrap_servers())
        .env("FLOWX_CONNECTOR_ADMIN_ADDRESS", "127.0.0.1:0")
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.address)
        .env("OTEL_BSP_SCHEDULE_DELAY", "100")
        // What the log leaves out is exported all the same.
        .env("RUST_LOG", "warn")
        .env_remove("MENDED")
        .stderr(Stdio::inherit())
        .kill_on_drop(true);
    command
}

async fn stop(mut program: Child) {
    let pid = program.id().unwrap().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().await.unwrap().success());
    assert!(timeout(PATIENCE, program.wait()).await.unwrap().unwrap().success());
}

#[tokio::test]
async fn an_attempt_is_a_span_of_its_requests_trace_and_answers_go_on_from_there() {
    require_kafka!();
    let cluster = KafkaCluster::start(1).await;
    let topic = |part: &str| format!("ai.flowx.dev.{part}.v1");
    let good = topic("rehearsal.good");
    let moody = topic("rehearsal.moody");
    let replies = topic("engine.receive.rehearsal.good.results");
    let refusals = topic("engine.receive.rehearsal.moody.results");
    let aside = format!("{moody}.dlq");
    for topic in [&good, &moody, &replies, &refusals, &aside] {
        cluster.create_topic(topic, 1, 1).await;
    }
    let mut collector = Collector::start().await;
    let program = connector(&cluster, &collector);
    let request = TextRecord::new(r#"{"number":7}"#)
        .key("p-1")
        .header("processInstanceUuid", "p-1")
        .header("Fx-ProcessName", "onboarding")
        .header("fxContext", "main:4")
        .header("traceparent", format!("00-{TRACE}-{PARENT}-01"))
        .header("tracestate", "vendor=1");
    cluster.console().produce(&good, std::slice::from_ref(&request)).await;
    cluster.console().produce(&moody, &[request]).await;
    let reply = cluster.console().consume(&replies, 1).await.remove(0);
    let refusal = cluster.console().consume(&refusals, 1).await.remove(0);
    let letter = cluster.console().consume(&aside, 1).await.remove(0);

    let mut spans = Vec::new();
    while spans.len() < 2 {
        spans.extend(collector.spans().await);
    }
    let of = |handler: &str| {
        let method = Some(handler.to_owned());
        let mut found =
            spans.iter().filter(|(_, s)| text(&s.attributes, "fx.methodName") == method);
        let (service, span) = found.next().expect("it has a span");
        assert!(found.next().is_none(), "it has one");
        assert_eq!(service, "rehearsal");
        assert_eq!((hex(&span.trace_id), hex(&span.parent_span_id)), (TRACE.into(), PARENT.into()));
        assert_eq!(span.trace_state, "vendor=1");
        assert_eq!(span.kind, SpanKind::Consumer as i32);
        span
    };
    let span = of("good");
    assert_eq!(span.name, format!("process {good}"));
    for (name, expected) in [
        ("messaging.system", "kafka"),
        ("messaging.operation.type", "process"),
        ("messaging.destination.name", &*good),
        ("messaging.destination.partition.id", "0"),
        ("messaging.consumer.group.name", "rehearsal"),
        ("fx.type", "BUSINESS"),
        ("fx.processInstanceUuid", "p-1"),
        ("fx.processName", "onboarding"),
        ("fx.context", "main:4"),
    ] {
        assert_eq!(text(&span.attributes, name).as_deref(), Some(expected), "{name}");
    }
    assert_eq!(value(&span.attributes, "messaging.kafka.offset"), Some(&Value::IntValue(0)));
    assert_eq!(span.status.as_ref().map_or(0, |status| status.code), StatusCode::Unset as i32);
    let failed = of("moody");
    assert_eq!(text(&failed.attributes, "error.type").as_deref(), Some("retry"));
    assert_eq!(failed.status.as_ref().unwrap().code, StatusCode::Error as i32);

    for (record, span) in [(&reply, span), (&refusal, failed), (&letter, failed)] {
        let expected = format!("00-{TRACE}-{}-01", hex(&span.span_id));
        let parents = record.headers.iter().filter(|(name, _)| name == "traceparent");
        let parents: Vec<_> = parents.map(|(_, value)| value.as_deref()).collect();
        assert_eq!(parents, [Some(&*expected)], "in place of the received one");
        assert_eq!(record.header_value("tracestate"), Some("vendor=1"));
    }
    stop(program).await;
}

#[tokio::test]
async fn what_nobody_hears_takes_no_span_from_what_is_logged_or_exported_after_it() {
    require_kafka!();
    const REQUESTS: usize = 20;
    let cluster = KafkaCluster::start(1).await;
    let chatty = "ai.flowx.dev.rehearsal.chatty.v1";
    let replies = "ai.flowx.dev.engine.receive.rehearsal.chatty.results.v1";
    for topic in [chatty, replies] {
        cluster.create_topic(topic, 1, 1).await;
    }
    let mut collector = Collector::start().await;
    let mut command = command(&cluster, &collector);
    command.env("HANDLERS", "chatty").env("RUST_LOG", "info,rehearsal=warn").stderr(Stdio::piped());
    let mut program = command.spawn().unwrap();
    let log = BufReader::new(program.stderr.take().unwrap()).lines();
    let log = tokio::spawn(heard(log));
    let request = TextRecord::new(r#"{"number":7}"#).header("processInstanceUuid", "p-1");
    cluster.console().produce(chatty, &vec![request; REQUESTS]).await;
    cluster.console().consume(replies, REQUESTS).await;
    let (mut attempts, mut inner) = (0, 0);
    while attempts < REQUESTS || inner < REQUESTS {
        for (_, span) in collector.spans().await {
            *(if span.name == "inner" { &mut inner } else { &mut attempts }) += 1;
        }
    }
    stop(program).await;
    let heard = log.await.unwrap();
    assert_eq!(heard.len(), REQUESTS, "{heard:#?}");
    for line in heard {
        assert!(line.contains(r#"request{handler="chatty" process="p-1""#), "{line}");
        assert!(line.contains("inner{number=7}"), "{line}");
    }
}

/// The lines that the handler has logged.
async fn heard(mut log: Lines<BufReader<ChildStderr>>) -> Vec<String> {
    let mut heard = Vec::new();
    while let Some(line) = log.next_line().await.unwrap() {
        if line.contains("somebody hears this") {
            heard.push(line);
        }
    }
    heard
}
