//! Kafka's console producer and consumer: somebody else's client at the other end.

use std::process::{Output, Stdio};
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use super::jars::Jars;

const PRODUCER: &str = "org.apache.kafka.tools.ConsoleProducer";
const CONSUMER: &str = "org.apache.kafka.tools.consumer.ConsoleConsumer";

/// The consumer gives up when no record came for so long.
const SILENCE: Duration = Duration::from_secs(30);

// Control characters which text does not contain, so that tabs, commas and colons need no escape.
const END_OF_RECORD: char = '\x1c';
const END_OF_FIELD: char = '\x1d';
const END_OF_HEADER: char = '\x1e';
const END_OF_HEADER_KEY: char = '\x1f';
const NULL: char = '\x1a';

/// Runs Kafka's console clients, each call in a JVM of its own that takes about a second to start:
/// produce and consume several records at once.
///
/// Its methods panic when the client fails, with what it said.
#[derive(Clone, Debug)]
pub struct Console {
    jars: Jars,
    bootstrap_servers: String,
}

/// A record as text, with `None` where Kafka has null.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct TextRecord {
    /// The key.
    pub key: Option<String>,
    /// Names and values in their order; names may repeat.
    pub headers: Vec<(String, Option<String>)>,
    /// The value; null is a tombstone.
    pub value: Option<String>,
}

impl Console {
    pub(crate) const fn new(jars: Jars, bootstrap_servers: String) -> Self {
        Self { jars, bootstrap_servers }
    }

    /// Sends `records` in their order, each acknowledged by all replicas in sync before the next.
    ///
    /// # Panics
    /// When a record cannot be sent, or contains a line feed or one of the control characters that
    /// separate fields for the console client (U+001A, U+001C to U+001F).
    pub async fn produce(&self, topic: &str, records: &[TextRecord]) {
        let properties = [
            format!("headers.delimiter={END_OF_FIELD}"),
            format!("key.separator={END_OF_FIELD}"),
            format!("headers.separator={END_OF_HEADER}"),
            format!("headers.key.separator={END_OF_HEADER_KEY}"),
            format!("null.marker={NULL}"),
            "parse.headers=true".to_owned(),
            "parse.key=true".to_owned(),
        ];
        // Without `--timeout 0` each record waits a second for others to share a batch with.
        let mut args = vec!["--topic", topic, "--sync", "--timeout", "0"];
        args.extend(["--request-timeout-ms", "15000"]);
        args.extend(properties.iter().flat_map(|property| ["--reader-property", property]));
        let input: String = records.iter().map(TextRecord::to_line).collect();
        self.run(PRODUCER, &args, &input).await;
    }

    /// Reads the first `count` records of `topic` that are committed: partition by partition in their
    /// order, partitions in any.
    ///
    /// # Panics
    /// When fewer come and then none for 30 s, or one is not UTF-8.
    pub async fn consume(&self, topic: &str, count: usize) -> Vec<TextRecord> {
        let (most, silence) = (count.to_string(), SILENCE.as_millis().to_string());
        let properties = [
            format!("line.separator={END_OF_RECORD}"),
            format!("key.separator={END_OF_FIELD}"),
            format!("headers.separator={END_OF_HEADER}"),
            format!("null.literal={NULL}"),
            "print.headers=true".to_owned(),
            "print.key=true".to_owned(),
        ];
        let mut args = vec!["--topic", topic, "--from-beginning", "--max-messages", &most];
        args.extend(["--timeout-ms", &silence, "--isolation-level", "read_committed"]);
        args.extend(properties.iter().flat_map(|property| ["--formatter-property", property]));
        let output = self.run(CONSUMER, &args, "").await;
        let records: Vec<_> =
            output.split_terminator(END_OF_RECORD).map(TextRecord::from_output).collect();
        assert_eq!(records.len(), count, "records in {topic} within {SILENCE:?}");
        records
    }

    /// Runs any tool of Kafka by its class, such as
    /// `org.apache.kafka.tools.consumer.group.ConsumerGroupCommand`, and returns its standard output.
    /// The address of the cluster is added to `args`.
    ///
    /// # Panics
    /// When the tool ends with an error, with what it said.
    pub async fn tool(&self, class: &str, args: &[&str]) -> String {
        self.run(class, args, "").await
    }

    async fn run(&self, class: &str, args: &[&str], input: &str) -> String {
        let mut command = self.jars.command(class, "WARN");
        command.args(["--bootstrap-server", &self.bootstrap_servers]).args(args);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let run = async {
            let mut child = Command::from(command).kill_on_drop(true).spawn()?;
            let mut stdin = child.stdin.take();
            let feed = async {
                if let Some(stdin) = &mut stdin {
                    stdin.write_all(input.as_bytes()).await?;
                }
                drop(stdin);
                Ok(())
            };
            let (_fed, output) = tokio::try_join!(feed, child.wait_with_output())?;
            std::io::Result::Ok(output)
        };
        let Output { status, stdout, stderr } =
            run.await.unwrap_or_else(|error| panic!("cannot run {class}: {error}"));
        let said = String::from_utf8_lossy(&stderr);
        assert!(status.success(), "{class} ended with {status}:\n{said}");
        String::from_utf8(stdout).unwrap_or_else(|_| panic!("{class} printed what is no UTF-8"))
    }
}

impl TextRecord {
    /// A record with a value, without key and headers.
    #[must_use]
    pub fn new(value: impl Into<String>) -> Self {
        Self { value: Some(value.into()), ..Self::default() }
    }

    /// Sets the key.
    #[must_use]
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// Adds a header after those that are there.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), Some(value.into())));
        self
    }

    /// The first header of this name that is not null.
    #[must_use]
    pub fn header_value(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name)?.1.as_deref()
    }

    fn to_line(&self) -> String {
        let headers: Vec<_> = self
            .headers
            .iter()
            .map(|(name, value)| format!("{}{END_OF_HEADER_KEY}{}", plain(name), field(value)))
            .collect();
        // An empty field would be one header without a name.
        let headers = (!headers.is_empty()).then(|| headers.join(&END_OF_HEADER.to_string()));
        format!(
            "{}{END_OF_FIELD}{}{END_OF_FIELD}{}\n",
            headers.unwrap_or_else(|| NULL.to_string()),
            field(&self.key),
            field(&self.value)
        )
    }

    fn from_output(text: &str) -> Self {
        let mut fields = text.splitn(3, END_OF_FIELD);
        let mut next = || fields.next().unwrap_or_else(|| panic!("fewer than 3 fields: {text:?}"));
        let (headers, key, value) = (next(), next(), next());
        let optional = |text: &str| (text != NULL.to_string()).then(|| text.to_owned());
        let headers = match headers {
            "NO_HEADERS" => Vec::new(),
            some => some
                .split(END_OF_HEADER)
                .map(|header| {
                    let (name, value) = header.split_once(':').unwrap_or((header, ""));
                    (name.to_owned(), optional(value))
                })
                .collect(),
        };
        Self { headers, key: optional(key), value: optional(value) }
    }
}

fn field(text: &Option<String>) -> String {
    text.as_deref().map_or_else(|| NULL.to_string(), |text| plain(text).to_owned())
}

/// The text, if the console client can carry it.
fn plain(text: &str) -> &str {
    let odd = ['\n', '\r', END_OF_RECORD, END_OF_FIELD, END_OF_HEADER, END_OF_HEADER_KEY, NULL];
    assert!(!text.contains(odd), "the console client cannot carry control characters: {text:?}");
    text
}
