//! `handlers`: what this binary does, as a table.

use std::process::ExitCode;

use super::CommandError;
use crate::connector::ConnectorBuilder;
use crate::contract::table::HandlerTable;

pub(super) fn run(builder: ConnectorBuilder) -> Result<ExitCode, CommandError> {
    let connector = builder.build()?;
    print!("{}", HandlerTable { registry: connector.registry(), group: connector.group() });
    for warning in connector.registry().warnings() {
        eprintln!("warning: {warning}");
    }
    Ok(ExitCode::SUCCESS)
}
