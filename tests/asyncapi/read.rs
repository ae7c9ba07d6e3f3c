//! What the official parser makes of our documents.

use std::fs;
use std::path::PathBuf;

use flowx_core::Connector;
use flowx_core::config::Settings;
use flowx_core::contract::lint::lint;
use flowx_tests::asyncapi::{Operation, Parser, Reading};
use flowx_tests::repository;
use serde_json::Value;

use super::{document, documents};

/// Writes documents as files and has them read.
fn read(parser: &Parser, documents: &[Value]) -> Vec<Reading> {
    let folder = tempfile::tempdir().unwrap();
    let files: Vec<PathBuf> =
        (0..documents.len()).map(|number| folder.path().join(format!("{number}.json"))).collect();
    for (file, document) in files.iter().zip(documents) {
        fs::write(file, document.to_string()).unwrap();
    }
    let readings: Vec<Reading> = parser.read(&files).into_values().collect();
    assert_eq!(readings.len(), documents.len());
    readings
}

#[test]
fn the_official_parser_has_nothing_to_say_about_our_documents() {
    let Some(parser) = Parser::get() else { return };
    let [reading] = &read(&parser, &[document()])[..] else { panic!("one document, one reading") };
    assert_eq!(reading.diagnostics, [""; 0]);
    let order = reading.operations.iter().find(|operation| operation.id == "order").unwrap();
    let seen = Operation {
        id: "order".into(),
        action: "receive".into(),
        address: "ai.flowx.dev.shop.trigger.order.v1".into(),
        messages: vec!["order.request".into()],
        reply: Some("ai.flowx.dev.engine.receive.shop.order.results.v1".into()),
        answers: vec!["order.reply".into(), "order.error".into()],
    };
    assert_eq!(*order, seen, "a reader of it sees requests and their answers");
}

#[test]
fn whatever_brokers_ask_for_is_described_without_a_mistake() {
    let sasl = |mechanism| ("SASL_SSL", vec![("sasl.mechanism", mechanism)]);
    let (bearer, endpoint) = ("OAUTHBEARER", "sasl.oauthbearer.token.endpoint.url");
    let documents: Vec<Value> = [
        ("PLAINTEXT", vec![]),
        ("SSL", vec![]),
        ("SSL", vec![("ssl.keystore.location", "/keys")]),
        sasl("PLAIN"),
        sasl("SCRAM-SHA-256"),
        sasl("SCRAM-SHA-512"),
        sasl("GSSAPI"),
        sasl(bearer),
        ("SASL_SSL", vec![("sasl.mechanism", bearer), (endpoint, "https://id.example/token")]),
    ]
    .into_iter()
    .map(|(protocol, properties)| {
        let mut settings = Settings::default();
        settings.bootstrap_servers = Some("a.example:9092,b.example:9092".to_owned());
        settings.security_protocol = protocol.to_owned();
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.into());
        settings.kafka.extend(properties.into_iter().map(owned));
        let builder = Connector::builder().settings(settings).group("shop").only(["refund"]);
        builder.build().unwrap().asyncapi()
    })
    .collect();
    for document in &documents {
        assert_eq!(document["servers"].as_object().unwrap().len(), 2, "{document:#}");
        assert_eq!(lint(document), []);
    }
    let Some(parser) = Parser::get() else { return };
    for reading in read(&parser, &documents) {
        assert_eq!(reading.diagnostics, [""; 0]);
    }
}

#[test]
fn the_examples_documents_are_without_a_mistake() {
    let folder = repository().join("examples/contract");
    let files: Vec<PathBuf> = fs::read_dir(&folder)
        .unwrap()
        .map(|file| file.unwrap().path())
        .filter(|path| path.to_string_lossy().ends_with(".asyncapi.json"))
        .map(|path| path.canonicalize().unwrap())
        .collect();
    assert_eq!(files.len(), 4);
    for file in &files {
        let document = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
        assert_eq!(lint(&document), [], "{}", file.display());
    }
    let Some(parser) = Parser::get() else { return };
    for (file, reading) in parser.read(&files) {
        assert_eq!(reading.diagnostics, [""; 0], "{}", file.display());
    }
}

/// Which of the stored documents the official parser refuses. The others are why there is a linter:
/// should it refuse one of them some day, that is worth knowing.
#[test]
fn the_official_parser_lets_through_what_it_is_said_to() {
    let Some(parser) = Parser::get() else { return };
    let files: Vec<PathBuf> =
        fs::read_dir(documents()).unwrap().map(|file| file.unwrap().path()).collect();
    let read = parser.read(&files);
    let refused: Vec<_> = read
        .iter()
        .filter(|(_, reading)| !reading.diagnostics.is_empty())
        .map(|(file, _)| file.file_stem().unwrap().to_str().unwrap())
        .collect();
    assert_eq!(refused, ["definitions-left-inside", "group-as-text"]);
}
