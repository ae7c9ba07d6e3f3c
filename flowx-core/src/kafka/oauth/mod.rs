//! Tokens for Kafka's OAUTHBEARER: fetched by a thread of their own, shared by all clients that log in
//! alike.

mod fetch;

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio::sync::watch;

use self::fetch::Fetcher;
use super::logging::guarded;
use crate::config::secret::Secret;
use crate::config::security::SecuritySettings;

/// What a client logs in with.
#[derive(Debug)]
pub(super) struct Token {
    pub(super) text: Secret,
    /// In milliseconds since 1970.
    pub(super) expires: i64,
    /// Who it is for.
    pub(super) principal: Box<str>,
    /// How long it was good for when it came.
    life: Duration,
}

/// The current token of one client of a token endpoint, fetched again at 80 % of its life. It ends with
/// the last Kafka client that uses it.
pub(super) struct Tokens {
    state: Mutex<State>,
    /// True once there was a first answer, good or bad.
    answered: watch::Sender<bool>,
    _ends: Sender<()>,
}

#[derive(Default)]
struct State {
    token: Option<Arc<Token>>,
    /// How many there were.
    number: u64,
    trouble: Option<String>,
}

/// How soon a token is fetched again at the earliest, however short its life.
const SHORTEST: Duration = Duration::from_millis(250);

impl Tokens {
    /// The tokens for these settings; those that somebody else uses already, if there are any.
    ///
    /// # Errors
    /// Nothing can be asked for with these settings, in words for an operator.
    pub(super) fn of(security: &SecuritySettings) -> Result<Arc<Self>, String> {
        static SHARED: Mutex<Vec<(SecuritySettings, Weak<Tokens>)>> = Mutex::new(Vec::new());
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        shared.retain(|(_, tokens)| tokens.strong_count() > 0);
        let known = shared.iter().find(|(other, _)| other == security);
        if let Some(tokens) = known.and_then(|(_, tokens)| tokens.upgrade()) {
            return Ok(tokens);
        }
        let tokens = Self::fetched(Fetcher::new(security)?, security.auth_retry)?;
        shared.push((security.clone(), Arc::downgrade(&tokens)));
        Ok(tokens)
    }

    fn fetched(fetcher: Fetcher, retry: Duration) -> Result<Arc<Self>, String> {
        let (ends, ended) = channel();
        let tokens = Arc::new(Self {
            state: Mutex::default(),
            answered: watch::Sender::new(false),
            _ends: ends,
        });
        let weak = Arc::downgrade(&tokens);
        thread::Builder::new()
            .name("flowx-oauth".to_owned())
            .spawn(move || {
                guarded("the fetching of tokens", || fetch(&fetcher, &weak, &ended, retry))
            })
            .map_err(|error| format!("no thread to fetch tokens: {error}"))?;
        Ok(tokens)
    }

    /// Waits for the first answer of the endpoint, which comes soon, good or bad.
    pub(super) async fn first(&self) {
        // It ends only with `self`.
        let _ = self.answered.subscribe().wait_for(|answered| *answered).await;
    }

    /// The newest token with its number, if that is above this one and the token has not expired.
    pub(super) fn after(&self, number: u64) -> Option<(u64, Arc<Token>)> {
        let state = self.lock();
        let token = state.token.as_ref().filter(|_| state.number > number)?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let is_good = token.expires > i64::try_from(now.as_millis()).unwrap_or(i64::MAX);
        is_good.then(|| (state.number, Arc::clone(token)))
    }

    /// Why there is no new one, in words; `None` if all is well.
    pub(super) fn trouble(&self) -> Option<String> {
        self.lock().trouble.clone()
    }

    /// Takes in an answer, and says what is new of it.
    fn take_in(&self, answer: Result<Token, String>) {
        let mut state = self.lock();
        match answer {
            Ok(token) => {
                state.token = Some(Arc::new(token));
                state.number += 1;
                if state.trouble.take().is_some() {
                    tracing::info!(target: "flowx::kafka", "there is a new token again");
                }
            }
            Err(trouble) => {
                if state.trouble.as_deref().map(sign) != Some(sign(&trouble)) {
                    tracing::error!(target: "flowx::kafka", "{trouble}; trying again");
                }
                state.trouble = Some(trouble);
            }
        }
        drop(state);
        self.answered.send_replace(true);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Fetches until nobody needs tokens any more.
fn fetch(fetcher: &Fetcher, tokens: &Weak<Tokens>, ended: &Receiver<()>, retry: Duration) {
    let mut wait = Duration::ZERO;
    while let Err(RecvTimeoutError::Timeout) = ended.recv_timeout(wait) {
        let began = Instant::now();
        let answer = guarded("the fetching of a token", || fetcher.fetch());
        let answer = answer
            .unwrap_or_else(|| Err("a fault while a token was fetched; please report it".into()));
        wait = match &answer {
            Ok(token) => next(token.life).saturating_sub(began.elapsed()).max(SHORTEST),
            Err(_) => retry,
        };
        match tokens.upgrade() {
            Some(tokens) => tokens.take_in(answer),
            None => return,
        }
    }
}

/// What a trouble is known by again: its details, in brackets, may be others with every try, as when a
/// connection is refused once and closed once.
fn sign(trouble: &str) -> &str {
    trouble.split_once(" (").map_or(trouble, |(sign, _)| sign)
}

/// When a token that lives so long is fetched again.
fn next(life: Duration) -> Duration {
    life.mul_f64(0.8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_fetched_again_at_four_fifths_of_its_life() {
        assert_eq!(next(Duration::from_secs(300)), Duration::from_secs(240));
        assert_eq!(next(Duration::from_secs(1)), Duration::from_millis(800));
    }

    #[test]
    fn one_trouble_with_other_details_is_the_same_and_another_is_not() {
        let [closed, reset, status] = [
            "it cannot be reached (tls handshake eof); look",
            "it cannot be reached (Connection reset by peer); look",
            "it answers with status 500; look",
        ];
        assert_eq!(sign(closed), sign(reset));
        assert_ne!(sign(closed), sign(status));
    }
}
