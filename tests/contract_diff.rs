//! What a release changes for processes that run: every kind of change has its verdict, and for
//! schemas the verdict is confirmed by messages.

#![allow(clippy::needless_pass_by_value, reason = "rows of a table read better without `&`")]

#[path = "contract_diff/connector.rs"]
mod connector;
#[path = "contract_diff/contracts.rs"]
mod contracts;
#[path = "contract_diff/instances.rs"]
mod instances;
#[path = "contract_diff/pairs.rs"]
mod pairs;
#[path = "contract_diff/patterns.rs"]
mod patterns;
#[path = "contract_diff/schemas.rs"]
mod schemas;
