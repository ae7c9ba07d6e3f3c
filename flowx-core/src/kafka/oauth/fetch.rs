//! One question to a token endpoint, and all that may come back.

use std::fmt;
use std::fs;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use oauth2::basic::{BasicErrorResponseType, BasicRequestTokenError, BasicTokenResponse};
use oauth2::{
    ClientId, ClientSecret, HttpRequest, HttpResponse, RequestTokenError, Scope,
    TokenResponse as _, TokenUrl,
};
use tokio::runtime::{Builder, Runtime};

use super::Token;
use crate::config::secret::Secret;
use crate::config::security::SecuritySettings;

/// How long one question may take, from the connection to the last byte.
const WITHIN: Duration = Duration::from_secs(8);
/// How large an answer may be.
const LARGEST: usize = 64 * 1024;
/// How long a token is taken to live of which the endpoint does not say it.
const UNSAID: Duration = Duration::from_secs(60);
/// The longest life that is believed; a token that lives longer is fetched again all the same.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// Asks for tokens.
pub(super) struct Fetcher {
    http: reqwest::Client,
    runtime: Runtime,
    url: TokenUrl,
    client_id: String,
    secret: Secret,
    scope: Option<String>,
    audience: Option<String>,
}

impl Fetcher {
    /// # Errors
    /// Nothing can be asked for with these settings, in words for an operator.
    pub(super) fn new(security: &SecuritySettings) -> Result<Self, String> {
        // Another one may have been chosen by the program itself.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let missing = "the token endpoint, the client or its secret is not set";
        let (Some(url), Some(client_id), Some(secret)) = (
            &security.oauth_token_endpoint,
            &security.oauth_client_id,
            &security.oauth_client_secret,
        ) else {
            return Err(missing.to_owned());
        };
        // Its own words would quote the address.
        let url = TokenUrl::new(url.clone()).map_err(|_| {
            "FLOWX_CONNECTOR_OAUTH_TOKEN_ENDPOINT is no address; set it to one as \
             `https://id.example/token`"
                .to_owned()
        })?;
        let mut http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .https_only(!security.allow_insecure)
            .timeout(WITHIN)
            .no_proxy()
            // A connection in eight minutes is no use of a pool.
            .pool_max_idle_per_host(0);
        if let Some(path) = &security.oauth_ca {
            let of_file = |error: &dyn fmt::Display| {
                format!(
                    "the file {path} cannot be used: {error}; set FLOWX_CONNECTOR_OAUTH_CA to another, in \
                     PEM"
                )
            };
            let bytes = fs::read(path).map_err(|error| of_file(&error))?;
            let authorities = reqwest::Certificate::from_pem_bundle(&bytes);
            let authorities =
                authorities.map_err(|_| of_file(&"there are no certificates in PEM in it"))?;
            http = http.tls_certs_only(authorities);
        }
        let http = http.build().map_err(|error| {
            format!(
                "tokens cannot be asked for: {}; install the system's certificates, or set \
                 FLOWX_CONNECTOR_OAUTH_CA to a file of them",
                root(&error.without_url())
            )
        })?;
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| format!("tokens cannot be asked for: {error}"))?;
        Ok(Self {
            http,
            runtime,
            url,
            client_id: client_id.clone(),
            secret: secret.clone(),
            scope: security.oauth_scope.clone(),
            audience: security.oauth_audience.clone(),
        })
    }

    /// Asks once. The secret is read again if it stands in a file.
    ///
    /// # Errors
    /// In words for an operator, without anything that the endpoint said but the code of an error that
    /// the standard knows.
    pub(super) fn fetch(&self) -> Result<Token, String> {
        let secret = self.secret.renewed().map_err(|reason| {
            format!("the file of FLOWX_CONNECTOR_OAUTH_CLIENT_SECRET cannot be read: {reason}; put it back")
        })?;
        let client = oauth2::basic::BasicClient::new(ClientId::new(self.client_id.clone()))
            .set_client_secret(ClientSecret::new(secret.expose().to_owned()))
            .set_token_uri(self.url.clone());
        let mut request = client.exchange_client_credentials();
        if let Some(scope) = &self.scope {
            request =
                request.add_scopes(scope.split_whitespace().map(|one| Scope::new(one.into())));
        }
        if let Some(audience) = &self.audience {
            request = request.add_extra_param("audience", audience.clone());
        }
        let asked = SystemTime::now();
        let send = |question: HttpRequest| self.send(question);
        let answer = self.runtime.block_on(request.request_async(&send));
        answer.map_err(|error| told(&error)).and_then(|answer| self.token(&answer, asked))
    }

    /// Sends a question, and reads no more of the answer than an answer has.
    async fn send(&self, question: HttpRequest) -> Result<HttpResponse, Trouble> {
        let question = reqwest::Request::try_from(question).map_err(|_| Trouble::NoAddress)?;
        let mut answer = self.http.execute(question).await.map_err(Trouble::of)?;
        let status = answer.status();
        if status.is_redirection() {
            return Err(Trouble::Redirect);
        }
        if status.is_server_error() {
            return Err(Trouble::Status(status.as_u16()));
        }
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(Trouble::of)? {
            if body.len() + chunk.len() > LARGEST {
                return Err(Trouble::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        let mut response = HttpResponse::new(body);
        *response.status_mut() = status;
        *response.headers_mut() = answer.headers().clone();
        Ok(response)
    }

    fn token(&self, answer: &BasicTokenResponse, asked: SystemTime) -> Result<Token, String> {
        let life = answer.expires_in().unwrap_or(UNSAID).min(LONGEST);
        let text = answer.access_token().secret();
        if life.is_zero() {
            return Err(at_endpoint("it gives tokens that have expired already", CLOCK));
        }
        // What RFC 6750 allows; anything else would be a second header, or the end of a text.
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~+/=".contains(&b);
        if text.is_empty() || !text.bytes().all(plain) {
            return Err(at_endpoint("what it gives is no bearer token", LOOK));
        }
        let since = asked.duration_since(UNIX_EPOCH).unwrap_or_default();
        let expires = i64::try_from((since + life).as_millis()).unwrap_or(i64::MAX);
        let principal = self.client_id.as_str().into();
        Ok(Token { text: Secret::new(text.as_str()), expires, principal, life })
    }
}

/// Why there is no answer that could be read.
#[derive(Debug)]
enum Trouble {
    NoAddress,
    Redirect,
    Status(u16),
    TooLarge,
    TooSlow,
    Certificate(String),
    Unencrypted,
    Unreachable(String),
}

impl Trouble {
    fn of(error: reqwest::Error) -> Self {
        let is_timeout = error.is_timeout();
        let is_builder = error.is_builder();
        let text = root(&error.without_url());
        if is_timeout {
            Self::TooSlow
        } else if is_builder {
            // The one thing about an address that is checked so late is that it is `https`.
            Self::Unencrypted
        } else if text.contains("certificate") {
            Self::Certificate(text)
        } else {
            Self::Unreachable(text)
        }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&match self {
            Self::NoAddress => at_endpoint("its address cannot be asked", ADDRESS),
            Self::Redirect => at_endpoint("it sends elsewhere, and that is not followed", ADDRESS),
            Self::Status(status) => at_endpoint(&format!("it answers with status {status}"), LOOK),
            Self::TooLarge => at_endpoint("its answer is larger than 64 KiB", ADDRESS),
            Self::TooSlow => {
                at_endpoint(&format!("no whole answer comes within {WITHIN:?}"), LOOK)
            }
            Self::Certificate(why) => at_endpoint(
                &format!("its certificate is not accepted ({why})"),
                "renew the certificate, or set FLOWX_CONNECTOR_OAUTH_CA to a file of the authority that \
                 signed it",
            ),
            Self::Unencrypted => at_endpoint(
                "it has no `https` address",
                "set FLOWX_CONNECTOR_OAUTH_TOKEN_ENDPOINT to one, or FLOWX_CONNECTOR_ALLOW_INSECURE to `true`",
            ),
            Self::Unreachable(why) => at_endpoint(&format!("it cannot be reached ({why})"), LOOK),
        })
    }
}

impl std::error::Error for Trouble {}

const ADDRESS: &str = "set FLOWX_CONNECTOR_OAUTH_TOKEN_ENDPOINT to the address that gives tokens";
const LOOK: &str = "see that the token endpoint is well and that FLOWX_CONNECTOR_OAUTH_TOKEN_ENDPOINT is its address";
const CLOCK: &str = "see that its clock is right";

/// What is wrong, where, and what to do.
fn at_endpoint(what: &str, remedy: &str) -> String {
    format!("no token can be had at the token endpoint: {what}; {remedy}")
}

fn told(error: &BasicRequestTokenError<Trouble>) -> String {
    match error {
        RequestTokenError::Request(trouble) => trouble.to_string(),
        RequestTokenError::ServerResponse(said) => {
            let code = match said.error() {
                // Whatever it says, it says it in a log.
                BasicErrorResponseType::Extension(_) => "with a code of its own".to_owned(),
                known => format!("`{known}`"),
            };
            at_endpoint(
                &format!("it refuses the client ({code})"),
                "set FLOWX_CONNECTOR_OAUTH_CLIENT_ID and FLOWX_CONNECTOR_OAUTH_CLIENT_SECRET to what is \
                 registered there",
            )
        }
        RequestTokenError::Parse(..) | RequestTokenError::Other(_) => {
            at_endpoint("its answer is none that gives a token", ADDRESS)
        }
    }
}

/// What is at the bottom of an error.
fn root(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    if std::ptr::addr_eq(cause, error) { error.to_string() } else { cause.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_that_cannot_work_are_told_without_the_address() {
        let mut security = SecuritySettings::default();
        security.oauth_client_id = Some("kafka".to_owned());
        security.oauth_client_secret = Some("canary".into());
        security.oauth_token_endpoint = Some("https://[canary".to_owned());
        let Err(told) = Fetcher::new(&security) else { panic!("this is no address") };
        assert!(told.contains("is no address") && !told.contains("canary"), "{told}");
        security.oauth_token_endpoint = Some("https://127.0.0.1:1/token".to_owned());
        let told = Fetcher::new(&security).unwrap().fetch().unwrap_err();
        assert!(told.contains("it cannot be reached"), "{told}");
        security.oauth_token_endpoint = Some("http://127.0.0.1:1/canary".to_owned());
        let told = Fetcher::new(&security).unwrap().fetch().unwrap_err();
        assert!(told.contains("no `https` address") && !told.contains("canary"), "{told}");
    }
}
