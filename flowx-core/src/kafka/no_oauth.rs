//! What stands in the place of `oauth` in a build that fetches no tokens.

use std::convert::Infallible;
use std::sync::Arc;

use crate::config::secret::Secret;
use crate::config::security::SecuritySettings;

/// There are none.
pub(super) struct Tokens(Infallible);

/// What a client logs in with.
pub(super) struct Token {
    pub(super) text: Secret,
    pub(super) expires: i64,
    pub(super) principal: Box<str>,
}

impl Tokens {
    pub(super) fn of(_: &SecuritySettings) -> Result<Arc<Self>, String> {
        Err("this build fetches no tokens; build flowx-core with its feature `oauth`".to_owned())
    }

    pub(super) async fn first(&self) {
        match self.0 {}
    }

    pub(super) fn after(&self, _: u64) -> Option<(u64, Arc<Token>)> {
        match self.0 {}
    }

    pub(super) fn trouble(&self) -> Option<String> {
        match self.0 {}
    }
}
