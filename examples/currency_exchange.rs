//! Converts an amount of money from one currency to another.
//!
//! A process sends `{"fromCurrency": "EUR", "toCurrency": "RON", "amount": 10.0}` to
//! `ai.flowx.dev.plugin.currency.trigger.exchange.v1` and gets
//! `{"fromCurrency": "EUR", "toCurrency": "RON", "initialAmount": 10.0, "exchangedAmount": 49.77,
//! "errorMessage": null}` on `ai.flowx.dev.engine.receive.plugin.currency.exchange.results.v1`.
//! An unknown currency or an impossible amount is refused with a code.
//!
//! The rates are the European Central Bank's euro reference rates of 28 June 2024, from
//! `data/euro_reference_rates.csv`.
//!
//! ```text
//! cargo run                                                    # in the repository
//! cargo run --bin currency_exchange -- handlers                # what it reads and answers
//! KAFKA_BOOTSTRAP_SERVERS=broker:9092 currency_exchange run    # serves a platform
//! ```

#![forbid(unsafe_code)]

use std::collections::HashMap;
use std::process::ExitCode;

use flowx_core::{Connector, FlowxError, State, flowx_handler};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

#[tokio::main]
async fn main() -> ExitCode {
    Connector::builder().state(Rates::of_the_ecb()).main().await
}

/// An amount of money and the currency that is wanted for it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(example = json!({ "fromCurrency": "EUR", "toCurrency": "RON", "amount": 10.0 }))]
#[schemars(example = json!({ "fromCurrency": "USD", "toCurrency": "JPY", "amount": 250.0 }))]
#[schemars(example = json!({ "fromCurrency": "EUR", "toCurrency": "XXX", "amount": 10.0 }))]
#[schemars(example = json!({ "fromCurrency": "EUR", "toCurrency": "RON", "amount": -1.0 }))]
struct ExchangeRequest {
    /// The currency that the money is in, as its ISO 4217 code: `EUR`.
    #[schemars(regex(pattern = "^[A-Z]{3}$"))]
    from_currency: String,
    /// The currency that is wanted, as its ISO 4217 code: `RON`.
    #[schemars(regex(pattern = "^[A-Z]{3}$"))]
    to_currency: String,
    /// How much there is, in units of `fromCurrency`: above 0, at most 1 000 000 000 000.
    amount: f64,
}

/// What the amount is worth.
#[derive(Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(example = ExchangeReply {
    from_currency: "EUR".to_owned(),
    to_currency: "RON".to_owned(),
    initial_amount: 10.0,
    exchanged_amount: 49.77,
})]
struct ExchangeReply {
    /// The currency that the money was in.
    from_currency: String,
    /// The currency that was wanted.
    to_currency: String,
    /// The amount of the request, in units of `fromCurrency`.
    initial_amount: f64,
    /// The same value in units of `toCurrency`, rounded to two decimals.
    exchanged_amount: f64,
}

/// Why there is no answer; the documentation of each variant is what the process designer reads.
#[derive(Debug, PartialEq, thiserror::Error, FlowxError)]
enum ExchangeError {
    /// There is no reference rate for one of the two currencies. The message names it.
    #[error("there is no euro reference rate for the currency `{0}`")]
    #[flowx(refuse = "UNKNOWN_CURRENCY")]
    UnknownCurrency(String),
    /// The amount is not above zero, or larger than can be counted to the cent.
    #[error("the amount must be above 0 and at most {LARGEST_AMOUNT}, not {0}")]
    #[flowx(refuse = "INVALID_AMOUNT")]
    InvalidAmount(f64),
}

/// A trillion: up to there every rate of the table leaves the cents of the result exact.
const LARGEST_AMOUNT: f64 = 1e12;

/// Converts an amount at the European Central Bank's reference rates of one day.
///
/// Both currencies are looked up by their ISO 4217 code. The result goes through the euro and is
/// rounded to two decimals.
#[flowx_handler(topic = "plugin.currency.trigger.exchange")]
async fn exchange(
    request: ExchangeRequest,
    rates: State<Rates>,
) -> Result<ExchangeReply, ExchangeError> {
    // Written so that NaN, which is neither above nor below anything, is refused too.
    if !(request.amount > 0.0 && request.amount <= LARGEST_AMOUNT) {
        return Err(ExchangeError::InvalidAmount(request.amount));
    }
    let euros = request.amount / rates.per_euro(&request.from_currency)?;
    let exchanged = euros * rates.per_euro(&request.to_currency)?;
    Ok(ExchangeReply {
        initial_amount: request.amount,
        exchanged_amount: (exchanged * 100.0).round() / 100.0,
        from_currency: request.from_currency,
        to_currency: request.to_currency,
    })
}

/// The euro reference rates of one day. A connector in production would fetch them; what it gives to
/// its handlers would look the same.
#[derive(Debug)]
struct Rates {
    per_euro: HashMap<String, f64>,
}

#[derive(Deserialize)]
struct Row {
    currency: String,
    per_euro: f64,
}

impl Rates {
    /// The rates that are built in.
    fn of_the_ecb() -> Self {
        let table = include_str!("data/euro_reference_rates.csv");
        Self::read(table).expect("the built-in table of rates is well-formed")
    }

    /// Reads a table with the columns `currency` and `per_euro`; `#` begins a comment.
    fn read(table: &str) -> Result<Self, csv::Error> {
        let mut rows = csv::ReaderBuilder::new().comment(Some(b'#')).from_reader(table.as_bytes());
        let rows = rows
            .deserialize()
            .map(|row| row.map(|Row { currency, per_euro }| (currency, per_euro)));
        let mut per_euro: HashMap<String, f64> = rows.collect::<Result<_, _>>()?;
        per_euro.insert("EUR".to_owned(), 1.0);
        Ok(Self { per_euro })
    }

    /// How many units of this currency one euro is worth.
    fn per_euro(&self, currency: &str) -> Result<f64, ExchangeError> {
        let rate = self.per_euro.get(currency).copied();
        rate.ok_or_else(|| ExchangeError::UnknownCurrency(currency.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use flowx_core::testing::TestConnector;

    use super::*;

    /// A handler is a plain function: a test calls it.
    async fn convert(from: &str, to: &str, amount: f64) -> Result<f64, ExchangeError> {
        let request =
            ExchangeRequest { from_currency: from.to_owned(), to_currency: to.to_owned(), amount };
        let reply = exchange(request, State::new(Rates::of_the_ecb())).await?;
        assert_eq!((reply.from_currency.as_str(), reply.to_currency.as_str()), (from, to));
        assert_eq!(reply.initial_amount, amount);
        Ok(reply.exchanged_amount)
    }

    #[tokio::test]
    async fn amounts_are_converted_through_the_euro_and_rounded() {
        assert_eq!(convert("EUR", "RON", 10.0).await, Ok(49.77));
        assert_eq!(convert("RON", "EUR", 49.773).await, Ok(10.0));
        assert_eq!(convert("USD", "JPY", 250.0).await, Ok(40_154.13));
        assert_eq!(convert("GBP", "GBP", 0.01).await, Ok(0.01));
        assert_eq!(convert("EUR", "USD", LARGEST_AMOUNT).await, Ok(1.0705e12));
    }

    #[tokio::test]
    async fn a_currency_without_a_rate_is_refused_by_name() {
        let unknown = |code: &str| Err(ExchangeError::UnknownCurrency(code.to_owned()));
        assert_eq!(convert("EUR", "XXX", 10.0).await, unknown("XXX"));
        assert_eq!(convert("eur", "RON", 10.0).await, unknown("eur"));
        assert_eq!(convert("", "RON", 10.0).await, unknown(""));
    }

    #[tokio::test]
    async fn an_amount_that_is_no_amount_of_money_is_refused() {
        for amount in [0.0, -1.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, LARGEST_AMOUNT * 2.0]
        {
            let refused = convert("EUR", "RON", amount).await;
            assert!(matches!(refused, Err(ExchangeError::InvalidAmount(_))), "{amount}");
        }
    }

    /// The same handler as the platform meets it: over a broker in memory, without a clock.
    #[tokio::test(start_paused = true)]
    async fn the_process_gets_what_it_can_branch_on() {
        let builder = Connector::builder().state(Rates::of_the_ecb());
        let connector = TestConnector::start(builder).await.unwrap();

        let request = json!({ "fromCurrency": "EUR", "toCurrency": "RON", "amount": 10 });
        let exchange = connector.handler("exchange").send(&request).await;
        let expected = json!({
            "fromCurrency": "EUR",
            "toCurrency": "RON",
            "initialAmount": 10.0,
            "exchangedAmount": 49.77,
            "errorMessage": null
        });
        assert_eq!(exchange.reply_json().unwrap(), expected);

        let request = json!({ "fromCurrency": "EUR", "toCurrency": "XXX", "amount": 10 });
        let exchange = connector.handler("exchange").send(&request).await;
        let refusal = exchange.expect_refusal("UNKNOWN_CURRENCY");
        assert_eq!(refusal.message, "there is no euro reference rate for the currency `XXX`");

        let request = json!({ "fromCurrency": "euro", "toCurrency": "RON", "amount": "ten" });
        let exchange = connector.handler("exchange").send(&request).await;
        let refusal = exchange.expect_refusal("INVALID_REQUEST");
        let words = "$.fromCurrency: must match ^[A-Z]{3}$, not \"euro\"; $.amount: must be a number, not a string";
        assert_eq!(refusal.message, words);
        connector.stop().await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn every_example_is_answered_as_the_contract_says() {
        let builder = Connector::builder().state(Rates::of_the_ecb());
        let connector = TestConnector::start(builder).await.unwrap();
        let exchanges = connector.play_examples().await;
        let replies = exchanges.iter().filter(|exchange| exchange.reply_json().is_ok());
        assert_eq!((exchanges.len(), replies.count()), (4, 2));
    }

    #[test]
    fn the_table_holds_every_currency_of_its_day_with_a_positive_rate() {
        let rates = Rates::of_the_ecb();
        assert_eq!(rates.per_euro.len(), 31);
        assert!(rates.per_euro.values().all(|rate| rate.is_finite() && *rate > 0.0));
        assert!(Rates::read("currency,per_euro\nUSD,one\n").is_err());
    }
}
