//! Keeps what a client logs in with up to date: tokens that expire, passwords in files that change.

use std::ffi::CStr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::client::{Client, ClientContext};
use zeroize::Zeroizing;

use super::ffi;
use super::oauth::Tokens;
use super::settings::{KafkaSettings, SetupError};
use crate::config::secret::Secret;

/// How often files are looked at.
const LOOK: Duration = Duration::from_secs(5);

/// How often a client that is busy is given what is new.
const STEP: Duration = Duration::from_millis(500);

/// What one client logs in with, and what it has of that already.
pub(crate) struct Login {
    password: Option<Password>,
    tokens: Option<Arc<Tokens>>,
    /// Which of the tokens the client has; the first is number 1.
    handed: u64,
    /// When there may be something new.
    due: Instant,
}

/// A login of which at least a part stands in a file.
struct Password {
    name: Secret,
    word: Secret,
    next: Instant,
    /// Why the files could not be read last time.
    trouble: Option<String>,
}

impl Login {
    /// # Errors
    /// Settings with which no token can be asked for.
    pub(super) fn of(settings: &KafkaSettings) -> Result<Self, SetupError> {
        let tokens = match settings.needs_tokens() {
            true => Some(Tokens::of(&settings.security).map_err(SetupError::of)?),
            false => None,
        };
        let security = &settings.security;
        let password = match (&security.sasl_username, &security.sasl_password) {
            (Some(name), Some(word)) if name.is_in_file() || word.is_in_file() => Some(Password {
                name: name.clone(),
                word: word.clone(),
                next: Instant::now() + LOOK,
                trouble: None,
            }),
            _ => None,
        };
        Ok(Self { password, tokens, handed: 0, due: Instant::now() })
    }

    /// Waits until the first token is there, or could not be had; never long.
    pub(super) async fn first(&self) {
        if let Some(tokens) = &self.tokens {
            tokens.first().await;
        }
    }

    /// Whether it is time for a [`step`](Self::step), for who would make one very often.
    pub(super) fn is_due(&self) -> bool {
        (self.tokens.is_some() || self.password.is_some()) && Instant::now() >= self.due
    }

    /// Gives the client what is new. To be called again and again as long as the client lives; never
    /// waits for a network.
    pub(super) fn step<C: ClientContext>(&mut self, client: &Client<C>) {
        self.due = Instant::now() + STEP;
        if let Some(tokens) = &self.tokens {
            if let Some((number, token)) = tokens.after(self.handed) {
                // What it does not take now it is given again with the next token.
                self.handed = number;
                let texts = (Text::of(token.text.expose()), Text::of(&token.principal));
                if let (Some(text), Some(principal)) = texts {
                    let (text, principal) = (text.as_c(), principal.as_c());
                    if let Err(code) = ffi::set_token(client, text, token.expires, principal) {
                        tracing::warn!(target: "flowx::kafka", "a token was not taken: {code}");
                    }
                }
            }
        }
        if let Some(password) = &mut self.password {
            if let Some((name, word)) = password.changed(Instant::now()) {
                let texts = (Text::of(name.expose()), Text::of(word.expose()));
                let (Some(name), Some(word)) = texts else { return };
                match ffi::set_credentials(client, name.as_c(), word.as_c()) {
                    Ok(()) => tracing::info!(
                        target: "flowx::kafka",
                        "the login has changed; connections from now on use it"
                    ),
                    Err(code) => tracing::warn!(
                        target: "flowx::kafka",
                        "the login has changed, and the client does not take it: {code}; restart the \
                         connector"
                    ),
                }
            }
        }
    }

    /// Why there is no new token, in words; `None` if all is well.
    pub(super) fn trouble(&self) -> Option<String> {
        let of_file = || self.password.as_ref().and_then(|password| password.trouble.clone());
        self.tokens.as_ref().and_then(|tokens| tokens.trouble()).or_else(of_file)
    }
}

/// A text as C has it, whose memory is overwritten when it goes.
struct Text(Zeroizing<Vec<u8>>);

impl Text {
    /// `None` if there is a zero byte in it.
    fn of(text: &str) -> Option<Self> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(text.len() + 1));
        bytes.extend_from_slice(text.as_bytes());
        bytes.push(0);
        CStr::from_bytes_with_nul(&bytes).is_ok().then_some(Self(bytes))
    }

    fn as_c(&self) -> &CStr {
        CStr::from_bytes_with_nul(&self.0).unwrap_or_default()
    }
}

impl Password {
    /// What the files hold, if it is time to look and they hold something else.
    fn changed(&mut self, now: Instant) -> Option<(&Secret, &Secret)> {
        if now < self.next {
            return None;
        }
        self.next = now + LOOK;
        let (name, word) = match (self.name.renewed(), self.word.renewed()) {
            (Ok(name), Ok(word)) => (name, word),
            // The client keeps what it has.
            (Err(reason), _) | (_, Err(reason)) => {
                let trouble = format!(
                    "a file of FLOWX_CONNECTOR_SASL_USERNAME or FLOWX_CONNECTOR_SASL_PASSWORD cannot be \
                     read any more: {reason}; put it back"
                );
                if self.trouble.as_ref() != Some(&trouble) {
                    tracing::warn!(target: "flowx::kafka", "{trouble}");
                }
                self.trouble = Some(trouble);
                return None;
            }
        };
        self.trouble = None;
        if name == self.name && word == self.word {
            return None;
        }
        (self.name, self.word) = (name, word);
        Some((&self.name, &self.word))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_that_changes_in_its_file_is_noticed_once_and_one_that_goes_is_kept() {
        let path = std::env::temp_dir().join(format!("flowx-login-{}", std::process::id()));
        std::fs::write(&path, "old\n").unwrap();
        let word = Secret::from_file(&path).unwrap();
        let begin = Instant::now();
        let mut password =
            Password { name: Secret::new("clerk"), word, next: begin, trouble: None };
        let after = |looks: u32| begin + LOOK * looks;
        assert!(password.changed(after(0)).is_none());
        std::fs::write(&path, "new\n").unwrap();
        assert!(password.changed(after(0)).is_none(), "it is not looked at all the time");
        let (name, word) = password.changed(after(1)).unwrap();
        assert!(name.is("clerk") && word.is("new"));
        assert!(password.changed(after(2)).is_none());
        std::fs::remove_file(&path).unwrap();
        assert!(password.changed(after(3)).is_none() && password.word.is("new"));
        assert!(password.trouble.as_ref().is_some_and(|trouble| trouble.contains("put it back")));
        std::fs::write(&path, "new\n").unwrap();
        assert!(password.changed(after(4)).is_none() && password.trouble.is_none());
        std::fs::remove_file(&path).unwrap();
    }
}
