//! The catalog: one page with everything that a process designer needs to use a connector.
//!
//! [`page`] makes a single HTML file of a [`Catalog`]: what it shows, its style and its scripts stand
//! in the file, and it asks no other host for anything. Its sources are the files beside this one.

pub mod exchange;
mod page;
mod policy;

use std::collections::BTreeMap;

use serde::Serialize;

use self::exchange::RecordedExchange;
use super::designer::Artefacts;
use super::model::{Contract, HandlerContract};

pub use page::{page, policy};
#[cfg(feature = "kafka")]
pub(crate) use policy::meta as own_policy;

/// What a catalog page shows.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Catalog {
    /// The version of flowx that made it.
    pub flowx_version: &'static str,
    /// What the connector promises.
    pub contract: Contract,
    /// What a designer pastes into a process, by handler.
    pub artefacts: BTreeMap<String, Artefacts>,
    /// Requests that were played, and what came of them, by handler.
    pub exchanges: BTreeMap<String, Vec<RecordedExchange>>,
    /// How the page reaches the handlers, if it can.
    pub presence: Presence,
}

/// How a page reaches the handlers that it shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum Presence {
    /// It is a file and cannot: a form is checked against its schema, and recorded exchanges are
    /// shown.
    Saved,
    /// It is served by the connector, which plays requests.
    Served {
        /// Whether each request needs the bearer token of the admin endpoint.
        token: bool,
        /// Whether a request can also be sent through Kafka.
        broker: bool,
    },
}

impl Catalog {
    /// The catalog of a contract, as a file and without exchanges.
    #[must_use]
    pub fn of(contract: Contract) -> Self {
        let artefacts =
            |handler: &HandlerContract| (handler.name.clone(), Artefacts::of(handler, &contract));
        Self {
            flowx_version: env!("CARGO_PKG_VERSION"),
            artefacts: contract.handlers.iter().map(artefacts).collect(),
            exchanges: BTreeMap::new(),
            presence: Presence::Saved,
            contract,
        }
    }

    /// Adds what came of requests to a handler.
    #[must_use]
    pub fn with_exchanges(mut self, handler: &str, exchanges: Vec<RecordedExchange>) -> Self {
        self.exchanges.entry(handler.to_owned()).or_default().extend(exchanges);
        self
    }

    /// The same for a page that is served.
    #[must_use]
    pub fn served(mut self, token: bool, broker: bool) -> Self {
        self.presence = Presence::Served { token, broker };
        self
    }
}
