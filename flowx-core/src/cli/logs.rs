//! The log: one event is one line, whatever the event quotes.

use std::fmt;
use std::io::{self, IsTerminal as _};
use std::str::FromStr as _;

use tracing_subscriber::field::RecordFields;
use tracing_subscriber::filter::Directive;
use tracing_subscriber::fmt::format::{DefaultFields, FormatFields, Writer};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer, Registry};

use crate::config::log_format::LogFormat;
use crate::dead_letters::escape;
use crate::runtime::panics;

/// Hears of spans and events, of those that it asks for.
pub(super) type Listener = Box<dyn Layer<Registry> + Send + Sync>;

/// Sends the log to standard error, coloured only where somebody sees it. `RUST_LOG` chooses what is
/// logged, else `default`; `traces` listens beside it.
pub(super) fn to_stderr(format: LogFormat, default: &str, traces: Option<Listener>) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default));
    // What is for traces alone would say everything twice here.
    let filter = filter.add_directive(Directive::from_str("flowx::trace=off").expect("it is one"));
    let lines = tracing_subscriber::fmt::layer();
    let lines = match format {
        LogFormat::Text => lines
            .with_ansi(io::stderr().is_terminal())
            .fmt_fields(OneLine)
            .with_writer(io::stderr)
            .boxed(),
        LogFormat::Json => {
            lines.json().with_current_span(false).with_writer(|| EscapedJson(io::stderr())).boxed()
        }
    };
    // A filter for each listener costs more than one for all: only where there are two.
    let begun = match traces {
        None => tracing_subscriber::registry().with(lines).with(filter).try_init(),
        Some(traces) => {
            let listeners: Vec<Listener> = vec![lines.with_filter(filter).boxed(), traces];
            tracing_subscriber::registry().with(listeners).try_init()
        }
    };
    // A program that has its own subscriber keeps it, and what it does with panics.
    if begun.is_ok() {
        panics::show_words();
    }
}

/// Writes the fields of an event or a span on one line.
struct OneLine;

impl<'writer> FormatFields<'writer> for OneLine {
    fn format_fields<R: RecordFields>(
        &self,
        mut writer: Writer<'writer>,
        fields: R,
    ) -> fmt::Result {
        let mut text = String::new();
        DefaultFields::new().format_fields(Writer::new(&mut text), fields)?;
        // Texts in quotes are escaped already, so a backslash stays as it is.
        for c in text.chars() {
            match c {
                '\n' | '\r' | '\t' => write!(writer, "{}", c.escape_default())?,
                c if escape::is_hostile(c) => write!(writer, "{}", c.escape_unicode())?,
                c => writer.write_char(c)?,
            }
        }
        Ok(())
    }
}

/// Escapes what JSON does not ask to escape and a terminal may obey; each write is a whole event.
struct EscapedJson<W>(W);

impl<W: io::Write> io::Write for EscapedJson<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let event = String::from_utf8_lossy(bytes);
        let mut line = escape::json(event.trim_end());
        line.push('\n');
        self.0.write_all(line.as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}
