//! `config`: the settings as the connector would have them.

use super::{Code, CommandError, EXIT_CONFIG, SUCCESS};
use crate::config::show::Effective;
use crate::connector::ConnectorBuilder;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Prints every setting with its origin; secrets are left out
    Show {
        /// How settings are printed
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
}

#[derive(Clone, Copy, Debug, Default, clap::ValueEnum)]
enum Format {
    /// For people, and to be used as a configuration file
    #[default]
    Toml,
    /// For programs: {"retry": {"attempts": {"value": 5, "origin": "default"}}}
    Json,
}

/// Prints what can be read even if something else is wrong: that is when somebody looks.
pub(super) fn run(builder: ConnectorBuilder, arguments: &Arguments) -> Result<Code, CommandError> {
    let Command::Show { format } = arguments.command;
    let (settings, _) = builder.configured();
    let effective = Effective(&settings);
    match format {
        Format::Toml => print!("{effective}"),
        Format::Json => println!("{:#}", effective.to_json()),
    }
    match builder.build() {
        Ok(_) => Ok(SUCCESS),
        Err(error) => {
            eprintln!("error: {error}");
            Ok(EXIT_CONFIG)
        }
    }
}
