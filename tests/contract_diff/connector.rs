//! Real handlers: two versions of one connector, whose types are the schemas.

use flowx_core::config::Settings;
use flowx_core::contract::diff::{Change, Place, Verdict, diff};
use flowx_core::contract::model::Contract;
use flowx_core::{Connector, FlowxError, flowx_handler};

use Verdict::{Breaks, NewVersion, Safe};

/// The connector as it runs.
mod released {
    use schemars::JsonSchema;
    use serde::{Deserialize, Serialize};

    #[derive(Debug, Deserialize, JsonSchema)]
    pub(crate) struct Request {
        pub(crate) amount: f64,
        pub(crate) from: Currency,
        pub(crate) lines: Vec<Line>,
        pub(crate) note: Option<String>,
    }

    #[derive(Debug, Deserialize, JsonSchema)]
    pub(crate) struct Line {
        /// What is bought.
        pub(crate) article: String,
        #[serde(default)]
        pub(crate) count: i64,
    }

    #[derive(Debug, Deserialize, Serialize, JsonSchema)]
    pub(crate) enum Currency {
        Eur,
        Usd,
    }

    #[derive(Debug, Serialize, JsonSchema)]
    pub(crate) struct Reply {
        pub(crate) sum: i64,
        pub(crate) currency: Currency,
        pub(crate) bank: String,
    }
}

/// The connector as it is meant to be released next.
mod next {
    use schemars::JsonSchema;
    use serde::{Deserialize, Serialize};

    /// With a text of its own.
    #[derive(Debug, Deserialize, JsonSchema)]
    pub(crate) struct Exchange {
        pub(crate) note: Option<String>,
        pub(crate) amount: f64,
        pub(crate) from: Money,
        pub(crate) lines: Vec<Item>,
        /// An optional field.
        pub(crate) day: Option<String>,
        pub(crate) customer: String,
    }

    #[derive(Debug, Deserialize, JsonSchema)]
    pub(crate) struct Item {
        pub(crate) article: String,
        pub(crate) count: i64,
    }

    #[derive(Debug, Deserialize, Serialize, JsonSchema)]
    pub(crate) enum Money {
        Eur,
        Usd,
        /// Pounds.
        Gbp,
    }

    #[derive(Debug, Serialize, JsonSchema)]
    pub(crate) struct Reply {
        pub(crate) sum: String,
        pub(crate) currency: Money,
        pub(crate) rate: f64,
    }
}

#[derive(Debug, thiserror::Error, FlowxError)]
enum ReleasedError {
    #[error("no rate")]
    #[flowx(refuse = "NO_RATE")]
    NoRate,
}

#[derive(Debug, thiserror::Error, FlowxError)]
enum NextError {
    #[error("no rate")]
    #[flowx(refuse = "NO_RATE")]
    NoRate,
    #[error("closed")]
    #[flowx(refuse = "BANK_CLOSED")]
    Closed,
}

#[flowx_handler(topic = "plugin.currency.trigger.exchange")]
async fn released(request: released::Request) -> Result<released::Reply, ReleasedError> {
    let released::Request { amount, from, lines, note } = request;
    if amount < 0.0 {
        return Err(ReleasedError::NoRate);
    }
    let count: i64 = lines.iter().map(|line| line.count + line.article.len() as i64).sum();
    Ok(released::Reply { sum: count, currency: from, bank: note.unwrap_or_default() })
}

#[flowx_handler(
    topic = "plugin.currency.trigger.exchange", name = "released_next", order = unordered
)]
async fn next(request: next::Exchange) -> Result<next::Reply, NextError> {
    let next::Exchange { note, amount, from, lines, day, customer } = request;
    match (lines.first(), amount < 0.0) {
        (None, _) => Err(NextError::Closed),
        (_, true) => Err(NextError::NoRate),
        (Some(line), _) => {
            let sum = format!("{note:?}{day:?}{customer}{}{}", line.article, line.count);
            Ok(next::Reply { sum, currency: from, rate: 1.0 })
        }
    }
}

fn contract(handler: &str) -> Contract {
    let connector = Connector::builder()
        .settings(Settings::default())
        .group("currency-exchange")
        .only([handler])
        .build()
        .unwrap_or_else(|error| panic!("{error}"));
    connector.contract()
}

/// The next release, under the name that the handler has.
fn next_contract() -> Contract {
    let mut contract = contract("released_next");
    contract.handlers[0].name = "released".to_owned();
    contract
}

#[test]
fn two_versions_of_a_type_are_told_apart_field_by_field() {
    let changes = diff(&contract("released"), &next_contract());
    let told =
        |change: &Change| (change.place, change.path.clone().unwrap_or_default(), change.verdict);
    let mut told: Vec<_> = changes.iter().map(told).collect();
    let mut expected = [
        (Place::Order, "", Breaks),
        (Place::Request, "$.from", Safe),
        (Place::Request, "$.lines[].count", Breaks),
        (Place::Request, "$.day", Safe),
        (Place::Request, "$.customer", Breaks),
        (Place::Reply, "$.sum", NewVersion),
        (Place::Reply, "$.currency", Breaks),
        (Place::Reply, "$.bank", Breaks),
        (Place::Reply, "$.rate", Safe),
        (Place::Codes, "", Safe),
    ]
    .map(|(place, path, verdict)| (place, path.to_owned(), verdict));
    told.sort_unstable();
    expected.sort_unstable();
    assert_eq!(told, expected, "{changes:#?}");
}

#[test]
fn a_connector_against_itself_has_no_change() {
    for handler in ["released", "released_next"] {
        assert_eq!(diff(&contract(handler), &contract(handler)), []);
    }
}

#[test]
fn a_contract_stays_the_same_on_its_way_through_a_file() {
    let contract = contract("released");
    let text = serde_json::to_string_pretty(&contract).expect("JSON");
    let read = flowx_core::contract::read::contract(&text).expect("a contract");
    assert_eq!(read, contract);
    assert_eq!(diff(&read, &contract), []);
}
