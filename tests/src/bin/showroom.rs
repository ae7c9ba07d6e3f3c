//! A connector whose catalog has something of everything, for the tests of the catalog page.

use std::collections::BTreeMap;
use std::process::ExitCode;

use flowx_core::{Connector, FlowxError, HandlerError, flowx_handler};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

#[tokio::main]
async fn main() -> ExitCode {
    Connector::builder().main().await
}

/// A new account.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "what is asked for is shown, and only some of it is looked at")]
#[schemars(example = json!({
    "customer": {
        "firstName": "Ada", "lastName": "Lovelace", "birthDate": "1985-12-10",
        "address": { "street": "St James's Square 12", "city": "London", "postalCode": "12345" }
    },
    "product": "SAVINGS",
    "deposit": { "amount": 1250.5, "code": "EUR" },
    "contacts": [
        { "kind": "mail", "address": "ada@example.org" },
        { "kind": "phone", "number": "+44 20 7946 0000", "mobile": true }
    ],
    "termsAccepted": true,
    "tags": ["new", "branch-12"],
    "limits": { "daily": 500.0, "monthly": 4000.0 },
    "extra": { "campaign": "spring" }
}))]
struct Opening {
    /// Who the account is for.
    #[schemars(extend("x-flowx-group" = "Customer"))]
    customer: Customer,
    /// Which account.
    product: Product,
    /// What is paid in at once.
    deposit: Money,
    /// How the customer is reached, the best way first.
    #[schemars(length(min = 1, max = 3))]
    contacts: Vec<Contact>,
    /// Whether the customer has accepted the terms.
    terms_accepted: bool,
    /// Words to find the account by.
    tags: Option<Vec<String>>,
    /// Largest sums by period.
    #[serde(default)]
    limits: BTreeMap<String, f64>,
    /// For the branch; up to 500 characters.
    #[schemars(length(max = 500))]
    note: Option<String>,
    /// Whether statements are sent on paper.
    paper: Option<bool>,
    /// Anything that the campaign needs.
    extra: Option<Value>,
}

/// A person.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "only the last name is looked at")]
struct Customer {
    /// All first names.
    #[schemars(title = "First name", length(min = 1, max = 40))]
    first_name: String,
    /// The family name.
    #[schemars(title = "Last name", length(min = 1, max = 40))]
    last_name: String,
    /// The day of birth.
    #[schemars(extend("format" = "date", "x-flowx-sensitive" = true))]
    birth_date: String,
    /// Where the customer lives.
    address: Option<Address>,
}

/// A place.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "it is only shown")]
struct Address {
    /// Street and number.
    street: String,
    /// The town.
    city: String,
    /// Five digits.
    #[schemars(regex(pattern = r"^\d{5}$"))]
    postal_code: String,
}

/// A kind of account.
#[derive(Debug, Deserialize, JsonSchema, PartialEq, Serialize, Clone, Copy)]
#[serde(rename_all = "UPPERCASE")]
enum Product {
    /// For everyday payments.
    Current,
    /// For money that stays.
    Savings,
    /// For a business.
    Business,
}

/// An amount of money.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
struct Money {
    /// How much.
    #[schemars(range(min = 0, max = 1_000_000))]
    amount: f64,
    /// The currency, as its ISO 4217 code.
    #[schemars(length(equal = 3))]
    code: String,
}

/// A way to reach somebody.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "camelCase")]
#[expect(dead_code, reason = "it is only shown")]
enum Contact {
    /// By mail.
    Mail {
        /// The mail address.
        address: String,
    },
    /// By telephone.
    Phone {
        /// The number with its country.
        number: String,
        /// Whether it takes text messages.
        mobile: bool,
    },
}

/// An account that is open.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Opened {
    /// The number of the account.
    account_number: String,
    /// Which account it is.
    product: Product,
    /// What is on it.
    balance: Money,
}

/// Why no account is opened.
#[derive(Debug, thiserror::Error, FlowxError)]
enum OpeningError {
    /// The customer is on a list of people who may not have an account.
    #[error("the customer `{0}` may not have an account")]
    #[flowx(refuse = "CUSTOMER_BLOCKED")]
    Blocked(String),
    /// The terms were not accepted.
    #[error("the terms must be accepted")]
    #[flowx(refuse = "TERMS_NOT_ACCEPTED")]
    Terms,
}

/// Opens an account for a customer.
///
/// The account can be used **at once**. What is needed for that:
///
/// - the customer, with a day of birth,
/// - a product,
/// - at least one way to reach the customer.
///
/// | product | least deposit |
/// |---|---|
/// | `CURRENT` | none |
/// | `SAVINGS` | 10 EUR |
///
/// See the [terms](https://example.org/terms) and [`Opening`](Opening).
#[flowx_handler(topic = "plugin.accounts.trigger.open", name = "open-account")]
async fn open_account(request: Opening) -> Result<Opened, OpeningError> {
    if request.customer.last_name == "Blocked" {
        return Err(OpeningError::Blocked(request.customer.last_name));
    }
    if !request.terms_accepted {
        return Err(OpeningError::Terms);
    }
    Ok(Opened {
        account_number: "RO49AAAA1B31007593840000".to_owned(),
        product: request.product,
        balance: request.deposit,
    })
}

#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(example = json!({ "text": "hello" }))]
#[expect(dead_code, reason = "it fails whatever it says")]
struct Message {
    /// What is to be said.
    text: String,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Sent {
    /// How many were sent.
    count: u32,
}

/// Sends a message through a gateway that is down.
#[flowx_handler(
    topic = "plugin.messages.trigger.send",
    order = unordered,
    attempts = 2,
    retry_topics = ["30s", "5m"],
)]
async fn send_message(_: Message) -> Result<Sent, HandlerError> {
    Err(HandlerError::retry("the gateway does not answer"))
}

/// Fails whatever it is asked.
#[flowx_handler(topic = "plugin.broken.trigger.fail", attempts = 2)]
async fn always_broken(_: Message) -> Result<Sent, HandlerError> {
    Err(HandlerError::retry("the service does not answer"))
}

/// Writes down what it reads, and sends nothing.
#[flowx_handler(topic = "audit.events.*")]
async fn write_down(_: Value) -> Result<(), HandlerError> {
    Ok(())
}

#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(example = json!({ "</script><script>alert(1)</script>": "<b>&amp;</b><!--" }))]
struct Hostile {
    /// <img src=x onerror=alert(1)> &amp; "quoted"
    #[serde(rename = "</script><script>alert(1)</script>")]
    name: String,
}

/// Is described by somebody hostile: </script><script>document.title = "broken"</script>
///
/// <img src="https://evil.example/x.png" onerror="document.title = 'broken'">
/// [a link](javascript:document.title='broken') <!-- and a comment
#[flowx_handler(topic = "plugin.hostile.trigger.show")]
async fn hostile(request: Hostile) -> Result<Sent, HandlerError> {
    Err(HandlerError::refuse("NO", request.name))
}
