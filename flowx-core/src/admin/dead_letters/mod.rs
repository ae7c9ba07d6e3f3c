//! `deadletters`: what the connector put aside, shown and sent again over HTTP.

mod page;

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::SystemTime;
use std::{cmp, fmt};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Path, RawQuery, Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{Next, from_fn_with_state, map_response};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;

use crate::admin::answer::{refused, secured};
use crate::admin::guard::{knows, not_let_in, own_origin, speaks_json};
use crate::config::secret::Secret;
use crate::dead_letters::filter::moment;
use crate::dead_letters::replay::Pace;
use crate::dead_letters::view::{Payload, Row, Told, Whole, json_line};
use crate::dead_letters::{Consent, Desk, DeskError, Filter};

/// Dead letters that one answer holds, if nothing else is asked for.
const USUAL: usize = 100;
/// Dead letters that one answer holds at most, and requests that one run sends again.
const MOST: usize = 1_000;
/// The longest body of a request for a replay.
const BODY: usize = 64 << 10;

/// The dead letters of a connector, for who knows the token.
pub struct DeadLetterSite {
    desk: Desk,
    token: Secret,
    /// One run at a time: two would not see each other's marks.
    runs: Semaphore,
}

impl DeadLetterSite {
    /// Shows these dead letters to who knows this token, and to nobody else.
    #[must_use]
    pub fn new(desk: Desk, token: Secret) -> Self {
        Self { desk, token, runs: Semaphore::new(1) }
    }
}

impl fmt::Debug for DeadLetterSite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeadLetterSite").field("desk", &self.desk).finish_non_exhaustive()
    }
}

/// The routes of dead letters, to be nested below the base path of the admin endpoint. All of them ask
/// for the token but the page, which asks for it to be typed in and holds nothing without it.
///
/// ```no_run
/// use axum::Router;
/// use flowx_core::Connector;
/// use flowx_core::admin::{DeadLetterSite, dead_letters_router};
/// use flowx_core::config::secret::Secret;
/// use flowx_core::dead_letters::Desk;
///
/// # fn mount() -> Result<Router, Box<dyn std::error::Error>> {
/// let connector = Connector::builder().build()?;
/// let site = DeadLetterSite::new(Desk::of(&connector)?, Secret::new("s3cret"));
/// Ok(Router::new().nest("/manage/actuator", dead_letters_router(site)))
/// # }
/// ```
pub fn dead_letters_router(site: DeadLetterSite) -> Router {
    dead_letters_routes(Arc::new(site))
}

pub(super) fn dead_letters_routes(site: Arc<DeadLetterSite>) -> Router {
    Router::new()
        .route("/deadletters", get(list))
        .route("/deadletters/replay", post(replay))
        .route("/deadletters/{id}", get(show))
        .layer(from_fn_with_state(Arc::clone(&site), let_in))
        .route("/deadletters/page", get(page::page))
        .layer(map_response(secured))
        .with_state(site)
}

async fn let_in(State(site): State<Arc<DeadLetterSite>>, request: Request, next: Next) -> Response {
    let headers = request.headers();
    match own_origin(headers).and_then(|()| knows(&site.token, headers)) {
        Ok(()) => next.run(request).await,
        Err(refusal) => not_let_in(refusal),
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct List {
    /// The newest first.
    dead_letters: Vec<Row>,
    /// How many fit, those that are not in this answer too.
    total: usize,
    /// Dead-letter topics that are not there, or must not be seen.
    missing_topics: Vec<String>,
    /// Dead letters of other consumer groups on the same topics.
    foreign: usize,
    /// Records there that are no dead letters.
    illegible: usize,
}

/// `GET deadletters`.
async fn list(State(site): State<Arc<DeadLetterSite>>, RawQuery(query): RawQuery) -> Response {
    let (filter, limit) = match asked(query.as_deref().unwrap_or_default()) {
        Ok(asked) => asked,
        Err(reason) => return refused(StatusCode::BAD_REQUEST, reason),
    };
    let found = match site.desk.list(filter).await {
        Ok(found) => found,
        Err(error) => return unavailable(&error),
    };
    let mut entries: Vec<_> = found.journal.entries().iter().collect();
    entries.sort_by_key(|entry| cmp::Reverse(entry.letter.failed_at));
    json(&List {
        dead_letters: entries.iter().take(limit).map(|entry| Row::of(entry)).collect(),
        total: entries.len(),
        missing_topics: found.missing.iter().cloned().collect(),
        foreign: found.journal.foreign(),
        illegible: found.journal.illegible(),
    })
}

/// Reads the filter out of a query; every name may come more than once where that makes sense.
fn asked(query: &str) -> Result<(Filter, usize), String> {
    let (mut filter, mut limit) = (Filter::default(), USUAL);
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        match &*name {
            "handler" => filter.handlers.push(value.into_owned()),
            "reason" => filter.reasons.push(value.into_owned()),
            "process" => filter.processes.push(value.into_owned()),
            "id" => filter.ids.push(value.into_owned()),
            "since" => filter.since = Some(time(&name, &value)?),
            "until" => filter.until = Some(time(&name, &value)?),
            "limit" => {
                let most = || format!("`limit` must be a number from 1 to {MOST}");
                let number = value.parse().ok().filter(|number| (1..=MOST).contains(number));
                limit = number.ok_or_else(most)?;
            }
            _ => {
                return Err(format!(
                    "there is no parameter `{name}`; there are handler, reason, process, id, since, until and limit"
                ));
            }
        }
    }
    Ok((filter, limit))
}

fn time(name: &str, text: &str) -> Result<i64, String> {
    moment(text, SystemTime::now()).map_err(|reason| format!("`{name}`: {reason}"))
}

/// `GET deadletters/{id}`.
async fn show(
    State(site): State<Arc<DeadLetterSite>>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Response {
    let query = query.as_deref().unwrap_or_default();
    if !["", "payload=false", "payload=true", "payload=unmasked"].contains(&query) {
        let reason =
            "the only parameter is `payload`: `true` masks what is sensitive, `unmasked` does not";
        return refused(StatusCode::BAD_REQUEST, reason);
    }
    match site.desk.show(&id).await {
        Ok(Some((entry, record))) => {
            let shown = match query {
                "payload=true" => {
                    Payload::Masked(site.desk.route(&entry.letter).map(|route| &route.handler))
                }
                "payload=unmasked" => Payload::Whole,
                _ => Payload::Length,
            };
            json(&Whole::of(&entry, &record, shown))
        }
        Ok(None) => refused(StatusCode::NOT_FOUND, "there is no dead letter of this id"),
        Err(error) => unavailable(&error),
    }
}

/// What is to be sent again.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
struct Wanted {
    /// Needed where there is no filter.
    all: bool,
    handlers: Vec<String>,
    reasons: Vec<String>,
    processes: Vec<String>,
    ids: Vec<String>,
    since: Option<String>,
    until: Option<String>,
    dry_run: bool,
    answered: bool,
    not_retryable: bool,
    unfinished: bool,
    max_replays: Option<u32>,
    rate: Option<NonZeroU32>,
}

impl Wanted {
    fn filter(&self) -> Result<Filter, String> {
        let moment = |name: &str, text: &Option<String>| {
            text.as_ref().map(|text| time(name, text)).transpose()
        };
        let filter = Filter {
            handlers: self.handlers.clone(),
            reasons: self.reasons.clone(),
            processes: self.processes.clone(),
            ids: self.ids.clone(),
            since: moment("since", &self.since)?,
            until: moment("until", &self.until)?,
        };
        if filter.is_empty() && !self.all {
            return Err("say which: by `handlers`, `reasons`, `processes`, `ids`, `since` or `until`, or `\"all\": true`".to_owned());
        }
        Ok(filter)
    }

    fn consent(&self) -> Consent {
        let usual = Consent::default();
        Consent {
            answered: self.answered,
            not_retryable: self.not_retryable,
            unfinished: self.unfinished,
            max_replays: self.max_replays.unwrap_or(usual.max_replays),
        }
    }
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Run {
    /// What became of each; no more than so many are named, all are counted.
    outcomes: Vec<Told>,
    replayed: usize,
    skipped: usize,
    failed: usize,
    untouched: usize,
}

/// `POST deadletters/replay`.
async fn replay(
    State(site): State<Arc<DeadLetterSite>>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    if let Err(refusal) = speaks_json(&headers) {
        return not_let_in(refusal);
    }
    let Ok(body) = to_bytes(body, BODY).await else {
        let reason = format!("the body cannot be read, or has more than {BODY} bytes");
        return refused(StatusCode::BAD_REQUEST, reason);
    };
    let wanted: Result<Wanted, _> = serde_json::from_slice(&body);
    let wanted = wanted.map_err(|error| format!("the body cannot be read: {error}"));
    let (wanted, filter) = match wanted.and_then(|wanted| Ok((wanted.filter()?, wanted))) {
        Ok((filter, wanted)) => (wanted, filter),
        Err(reason) => return refused(StatusCode::BAD_REQUEST, reason),
    };
    // A task of its own: a run ends by itself, also if nobody waits for its answer any more.
    let run = tokio::spawn(async move {
        let Ok(_turn) = site.runs.try_acquire() else {
            let reason = "a run is at work already; wait for its end";
            return Err(refused(StatusCode::CONFLICT, reason));
        };
        ran(&site.desk, &wanted, filter).await.map_err(|error| unavailable(&error))
    });
    match run.await {
        Ok(Ok(run)) => json(&run),
        Ok(Err(refusal)) => refusal,
        Err(_) => refused(StatusCode::INTERNAL_SERVER_ERROR, "the run has panicked; see the log"),
    }
}

async fn ran(desk: &Desk, wanted: &Wanted, filter: Filter) -> Result<Run, DeskError> {
    let usual = Pace::default();
    let rate = wanted.rate.unwrap_or(usual.rate);
    let pace = Pace { rate, dry_run: wanted.dry_run, ..usual };
    let (mut outcomes, mut sent) = (Vec::new(), 0);
    let stop = pace.stop.clone();
    let mut tell = |entry: &_, outcome: &_| {
        let told = Told::of(entry, outcome);
        sent += usize::from(told.outcome == "replayed");
        if sent >= MOST {
            stop.cancel();
        }
        if outcomes.len() < MOST {
            outcomes.push(told);
        }
    };
    let tally = desk.replay(filter, &wanted.consent(), &pace, &mut tell).await?;
    Ok(Run {
        outcomes,
        replayed: tally.replayed,
        skipped: tally.skipped,
        failed: tally.failed,
        untouched: tally.untouched,
    })
}

fn unavailable(error: &DeskError) -> Response {
    refused(StatusCode::SERVICE_UNAVAILABLE, error.to_string())
}

/// JSON in which nothing can play tricks on who looks at it.
fn json(value: &impl Serialize) -> Response {
    ([(CONTENT_TYPE, "application/json")], json_line(value)).into_response()
}
