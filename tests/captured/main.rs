//! A connector with the test that `dlq show --to-test` wrote for one of its dead letters, as it stands
//! in `letter.rs`. The test fails, as it should: `tests/dead_letters/capture.rs` runs it and says so.

mod letter;

use flowx_core::{HandlerError, flowx_handler};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Deserialize, JsonSchema)]
struct Login {
    user: String,
    password: String,
    #[schemars(extend("x-flowx-sensitive" = true))]
    born: String,
    amount: i64,
}

#[derive(Serialize, JsonSchema)]
struct Checked {
    ok: bool,
}

/// Cannot stand the number thirteen.
#[flowx_handler(topic = "shop.trigger.check-login", attempts = 1)]
async fn check_login(request: Login) -> Result<Checked, HandlerError> {
    let fits = request.born.len() == 10 && !request.password.is_empty();
    if request.amount == 13 {
        return Err(HandlerError::retry("thirteen brings bad luck"));
    }
    Ok(Checked { ok: fits && !request.user.is_empty() })
}
