//! `handlers`: what this binary does, as a table.

use super::{Code, CommandError, SUCCESS};
use crate::connector::ConnectorBuilder;
use crate::contract::table::HandlerTable;

pub(super) fn run(builder: ConnectorBuilder) -> Result<Code, CommandError> {
    let connector = builder.build()?;
    print!("{}", HandlerTable(&connector.contract()));
    for warning in connector.registry().warnings() {
        eprintln!("warning: {warning}");
    }
    Ok(SUCCESS)
}
