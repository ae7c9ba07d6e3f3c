//! Floor 8: the command line of every connector.

mod asyncapi;
mod catalog;
mod check;
mod config;
mod contract;
mod designer;
mod dev;
mod dlq;
mod handlers;
mod logs;
mod new;
mod output;
mod run;
mod schema;
mod served;
#[cfg_attr(not(feature = "otel"), path = "no_traces.rs")]
mod traces;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::Sources;
use crate::config::secret::Secret;
use crate::connector::{ConnectorBuilder, ConnectorError, StartError};
use crate::runtime::blocking;

/// What a process leaves behind when it ends.
type Code = u8;

/// It did what it should.
const SUCCESS: Code = 0;
/// Something failed while it ran.
const FAILURE: Code = 1;
/// `EX_CONFIG` of sysexits: what is wrong is the configuration, and a restart will not mend it.
const EXIT_CONFIG: Code = 78;

/// The command line of a connector.
#[derive(Debug, Parser)]
#[command(about = "A connector between a FLOWX.AI process engine and the world outside.")]
#[command(long_about = None, disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// Configuration file, in TOML; without it that of FLOWX_CONNECTOR_CONFIG, if there is one
    #[arg(long, value_name = "FILE", global = true)]
    config: Option<PathBuf>,
    /// Sets one setting, as in `--set retry.attempts=3`, over file and environment; may be repeated
    #[arg(long, value_name = "KEY=VALUE", global = true)]
    set: Vec<Secret>,
}

impl Arguments {
    /// What settings are read from.
    fn sources(&mut self) -> Sources {
        let sources = Sources::from_environment();
        let sources = self.set.drain(..).fold(sources, Sources::argument);
        match self.config.take() {
            Some(file) => sources.file(file),
            None => sources,
        }
    }
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serves requests from Kafka until it is told to stop (SIGTERM or Ctrl-C)
    Run,
    /// Shows the connector at work: with a broker and a process engine of its own
    Dev(dev::Arguments),
    /// Looks whether the cluster is as the connector needs it, and prints what would make it so
    Check(check::Arguments),
    /// Prints every handler with its topics, group and guarantee
    Handlers,
    /// Writes the JSON Schemas of requests, replies and errors
    Schema(schema::Arguments),
    /// Prints the AsyncAPI document of this connector, or looks for mistakes in one
    Asyncapi(asyncapi::Arguments),
    /// Writes one HTML page with everything a process designer needs
    Catalog(catalog::Arguments),
    /// Tells process designers what to type into a process, for every handler
    Designer(designer::Arguments),
    /// Shows the contract, and what a release changes in it
    Contract(contract::Arguments),
    /// Shows the settings, and where each comes from
    Config(config::Arguments),
    /// Lists, shows and sends again what this connector put aside
    Dlq(dlq::Arguments),
    /// Begins the project of another connector, which builds, tests and runs as it is
    New(new::Arguments),
}

impl Command {
    /// Whether it handles requests, which have traces.
    fn serves(&self) -> bool {
        matches!(self, Self::Run | Self::Dev(_))
    }

    /// What is logged if `RUST_LOG` says nothing.
    fn log_filter(&self) -> &'static str {
        match self {
            // The exchange itself is on the screen, and the broker's coming and going is no news.
            Self::Dev(_) => "warn,flowx::kafka=off",
            Self::Catalog(_) | Self::Dlq(_) => "warn",
            // Why the brokers do not answer is its result.
            Self::Check(_) => "warn,flowx::kafka=off",
            _ => "info",
        }
    }
}

impl ConnectorBuilder {
    /// Runs the connector as its command line says; use it as the whole of `main`.
    ///
    /// Logs go to standard error; `RUST_LOG` chooses them (default `info`), and
    /// `FLOWX_CONNECTOR_LOG_FORMAT` how they are written. What a handler logs carries the span of its
    /// attempt (target `flowx::request`), and a panic is logged like other events. With the feature
    /// `otel` and `OTEL_EXPORTER_OTLP_ENDPOINT` spans are exported over OTLP, as `http/protobuf`; the
    /// other variables of OpenTelemetry hold as well. A program that has its own `tracing` subscriber
    /// keeps it, and nothing of this applies.
    ///
    /// What it returns: 0 for success, 1 for a failure while it ran, 2 for a wrong command line, 78 for
    /// a wrong configuration.
    pub async fn main(self) -> ExitCode {
        let mut arguments = match Arguments::try_parse() {
            Ok(arguments) => arguments,
            Err(usage) => {
                // Asked-for help goes to standard output, a mistake to standard error.
                let code = u8::try_from(usage.exit_code()).unwrap_or(2);
                return match usage.print() {
                    Ok(()) => ExitCode::from(code),
                    Err(_) => ExitCode::FAILURE,
                };
            }
        };
        let builder = self.sources(arguments.sources());
        let command = arguments.command.unwrap_or_else(|| {
            if builder.means_dev() { Command::Dev(dev::Arguments::default()) } else { Command::Run }
        });
        // What is wrong with the settings is for the command to say, and to be logged as they wish.
        let (settings, _) = builder.configured();
        let traces = traces::start(command.serves());
        logs::to_stderr(settings.log_format, command.log_filter(), traces.listener());
        traces.report();
        let outcome = match command {
            Command::Run => run::run(builder).await,
            Command::Dev(arguments) => dev::run(builder, &arguments).await,
            Command::Check(arguments) => check::run(builder, arguments).await,
            Command::Handlers => handlers::run(builder),
            Command::Schema(arguments) => schema::run(builder, &arguments),
            Command::Asyncapi(arguments) => asyncapi::run(builder, &arguments),
            Command::Catalog(arguments) => catalog::run(builder, &arguments).await,
            Command::Designer(arguments) => designer::run(builder, &arguments),
            Command::Contract(arguments) => contract::run(builder, &arguments),
            Command::Config(arguments) => config::run(builder, &arguments),
            Command::Dlq(arguments) => dlq::run(builder, arguments).await,
            Command::New(arguments) => new::run(&arguments),
        };
        let code = outcome.unwrap_or_else(|failure| failure.report());
        traces.end();
        if blocking::at_work() > 0 {
            // The runtime of `main` would wait for their threads, for as long as they like.
            std::process::exit(code.into());
        }
        ExitCode::from(code)
    }
}

impl ConnectorBuilder {
    /// Whether a bare call is a look at the connector: in a debug build, with no broker configured.
    /// A release never falls back to a broker of its own without being told.
    fn means_dev(&self) -> bool {
        let (settings, problems) = self.configured();
        // What is wrong with the settings is for `run` to say.
        let configured = settings.bootstrap_servers.is_some() || !problems.is_empty();
        cfg!(debug_assertions) && !configured
    }
}

/// Why a command did not do what it should.
#[derive(Debug)]
enum CommandError {
    /// The configuration keeps it from starting.
    Start(StartError),
    /// Something failed on the way.
    Failed(String),
}

impl From<StartError> for CommandError {
    fn from(error: StartError) -> Self {
        Self::Start(error)
    }
}

impl From<ConnectorError> for CommandError {
    fn from(error: ConnectorError) -> Self {
        match error {
            ConnectorError::Start(error) => Self::Start(error),
            ConnectorError::Run(error) => Self::Failed(error.to_string()),
        }
    }
}

impl CommandError {
    /// Says it to the person at the terminal.
    fn report(self) -> Code {
        match self {
            Self::Start(error) => {
                eprintln!("error: {error}");
                EXIT_CONFIG
            }
            Self::Failed(reason) => {
                eprintln!("error: {reason}");
                FAILURE
            }
        }
    }
}
