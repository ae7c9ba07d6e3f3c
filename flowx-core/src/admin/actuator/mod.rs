//! What platforms and operators ask a connector, in the shapes of Spring's actuator.

mod components;
mod handlers;
mod health;
mod info;
mod metrics;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode, Uri};
use axum::middleware::{from_fn_with_state, map_response};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Map, Value, json};

use super::answer::{refused, secured};
use super::catalog_routes;
use super::dead_letters::{DeadLetterSite, dead_letters_routes};
use super::guard::{self, Door};
use super::site::Site;
use crate::config::admin_group::AdminGroup;
use crate::config::secret::Secret;
use crate::connector::health_check::HealthCheck;
use crate::connector::{Connector, contract_of};
use crate::contract::model::Contract;
use crate::runtime::status::Status;
use crate::testing::TestConnector;

/// The path of what was put aside; its routes are its own.
const DEAD_LETTERS: &str = "deadletters";

/// What the admin endpoint of a connector serves, and to whom.
pub struct Actuator {
    status: Status,
    contract: Contract,
    checks: Vec<HealthCheck>,
    base: String,
    exposed: BTreeSet<AdminGroup>,
    dead_letters: Option<Arc<DeadLetterSite>>,
    door: Door,
    any_host: bool,
}

impl Actuator {
    /// Everything there is to tell of a connector, below `/manage/actuator`, to callers of this machine.
    /// It stays usable when the connector runs.
    #[must_use]
    pub fn of(connector: &Connector) -> Self {
        Self::at(connector.status(), connector.contract(), connector.checks.clone())
    }

    /// The same for a connector under test.
    #[must_use]
    pub fn of_test(connector: &TestConnector) -> Self {
        let contract = contract_of(&connector.plan);
        Self::at(connector.status().clone(), contract, connector.checks.clone())
    }

    fn at(status: Status, contract: Contract, checks: Vec<HealthCheck>) -> Self {
        Self {
            status,
            contract,
            checks,
            base: "/manage/actuator".to_owned(),
            exposed: AdminGroup::ALL.into(),
            dead_letters: None,
            door: Door::default(),
            any_host: false,
        }
    }

    /// Other paths: `base` begins with a slash and has none at its end.
    #[must_use]
    pub fn base(self, base: impl Into<String>) -> Self {
        Self { base: base.into(), ..self }
    }

    /// Only these groups.
    #[must_use]
    pub fn expose(self, groups: impl IntoIterator<Item = AdminGroup>) -> Self {
        Self { exposed: groups.into_iter().collect(), ..self }
    }

    /// Lets who knows this token pause and resume handlers; without one nobody can.
    #[must_use]
    pub fn token(mut self, token: Secret) -> Self {
        self.door.token = Some(token);
        self
    }

    /// Also shows dead letters, and sends them again, to who knows the token of the site.
    #[must_use]
    pub fn dead_letters(self, site: DeadLetterSite) -> Self {
        Self { dead_letters: Some(Arc::new(site)), ..self }
    }

    /// Also answers under these host names, beside those of the machine itself.
    #[must_use]
    pub fn hosts<N: Into<String>>(mut self, hosts: impl IntoIterator<Item = N>) -> Self {
        self.door.hosts.extend(hosts.into_iter().map(|host| host.into().to_ascii_lowercase()));
        self
    }

    /// Answers under every host name: for a listener that others than this machine reach anyway, by
    /// the name of a service or the address of a pod.
    #[must_use]
    pub fn any_host(self) -> Self {
        Self { any_host: true, ..self }
    }

    /// The paths that are served, by group.
    fn paths(&self) -> impl Iterator<Item = &'static str> {
        const PATHS: [(AdminGroup, &str); 9] = [
            (AdminGroup::Health, "health"),
            (AdminGroup::Health, "health/liveness"),
            (AdminGroup::Health, "health/readiness"),
            (AdminGroup::Info, "info"),
            (AdminGroup::Metrics, "metrics"),
            (AdminGroup::Metrics, "metrics/{name}"),
            (AdminGroup::Metrics, "prometheus"),
            (AdminGroup::Handlers, "handlers"),
            (AdminGroup::DeadLetters, DEAD_LETTERS),
        ];
        let mut exposed = self.exposed.clone();
        if self.dead_letters.is_none() {
            exposed.remove(&AdminGroup::DeadLetters);
        }
        PATHS.into_iter().filter(move |(group, _)| exposed.contains(group)).map(|(_, path)| path)
    }
}

impl fmt::Debug for Actuator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Actuator")
            .field("base", &self.base)
            .field("exposed", &self.exposed)
            .field("door", &self.door)
            .finish_non_exhaustive()
    }
}

/// The routes of the admin endpoint; with a site, and if that group is exposed, also the catalog's.
///
/// ```no_run
/// use flowx_core::Connector;
/// use flowx_core::admin::{Actuator, admin_router, serve};
///
/// # async fn admin() -> Result<(), Box<dyn std::error::Error>> {
/// let connector = Connector::builder().build()?;
/// let router = admin_router(Actuator::of(&connector), None);
/// let listener = tokio::net::TcpListener::bind("127.0.0.1:8081").await?;
/// tokio::spawn(serve(listener, router, std::future::pending()));
/// connector.run(std::future::pending()).await?;
/// # Ok(())
/// # }
/// ```
pub fn admin_router(actuator: Actuator, site: Option<Site>) -> Router {
    let site = site.filter(|_| actuator.exposed.contains(&AdminGroup::Catalog));
    let (door, any_host) = (actuator.door.clone(), actuator.any_host);
    let actuator = Arc::new(actuator);
    let at = |path: &str| format!("{}/{path}", actuator.base);
    let mut routes = Router::new().route(&actuator.base, get(links));
    for path in actuator.paths().filter(|path| *path != DEAD_LETTERS) {
        let route = match path {
            "health" => get(health::health),
            "health/liveness" => get(health::liveness),
            "health/readiness" => get(health::readiness),
            "info" => get(info::info),
            "metrics" => get(metrics::names),
            "metrics/{name}" => get(metrics::one),
            "prometheus" => get(metrics::prometheus),
            _ => get(handlers::all),
        };
        routes = routes.route(&at(path), route);
    }
    if actuator.exposed.contains(&AdminGroup::Handlers) {
        routes = routes
            .route(&at("handlers/{name}/pause"), post(handlers::pause))
            .route(&at("handlers/{name}/resume"), post(handlers::resume));
    }
    let mut routes: Router = routes.fallback(nothing_here).with_state(Arc::clone(&actuator));
    if let (Some(site), true) =
        (&actuator.dead_letters, actuator.exposed.contains(&AdminGroup::DeadLetters))
    {
        routes = routes.nest(&actuator.base, dead_letters_routes(Arc::clone(site)));
    }
    if !any_host {
        routes = routes.layer(from_fn_with_state(door, guard::own_host));
    }
    let routes = routes.layer(map_response(secured));
    match site {
        Some(site) => routes.merge(catalog_routes(site)),
        None => routes,
    }
}

/// `GET {base}`: what there is.
async fn links(State(actuator): State<Arc<Actuator>>) -> Response {
    let of = |path: &str| {
        let href = format!("{}/{path}", actuator.base);
        (path.replace('/', "-"), json!({ "href": href, "templated": path.contains('{') }))
    };
    let mut links: Map<String, Value> = actuator.paths().map(of).collect();
    links.insert("self".to_owned(), json!({ "href": actuator.base, "templated": false }));
    spring(StatusCode::OK, json!({ "_links": links }))
}

async fn nothing_here(State(actuator): State<Arc<Actuator>>, uri: Uri) -> Response {
    let reason =
        format!("there is nothing at {}; {} says what there is", uri.path(), actuator.base);
    refused(StatusCode::NOT_FOUND, reason)
}

/// JSON as Spring's actuator sends it.
fn spring(status: StatusCode, body: Value) -> Response {
    const KIND: HeaderValue =
        HeaderValue::from_static("application/vnd.spring-boot.actuator.v3+json");
    let mut response = (status, Json(body)).into_response();
    response.headers_mut().insert(CONTENT_TYPE, KIND);
    response
}
