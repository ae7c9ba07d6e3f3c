//! Floor 7: what a connector says of itself over HTTP.
//!
//! [`admin_router`] serves what platforms and operators ask for, in the shapes of Spring's actuator,
//! below `/manage/actuator` or another [base](Actuator::base):
//!
//! | request | answer |
//! |---|---|
//! | `GET health` | how the connector is, with everything it consists of; 503 while something is down |
//! | `GET health/liveness` | whether it makes progress; 503 when only a restart helps |
//! | `GET health/readiness` | whether it may get work; 503 while it may not |
//! | `GET info` | name, versions, handlers with the hash of their contract |
//! | `GET metrics`, `GET metrics/{name}` | the names of all metrics; one of them, `?tag=handler:exchange` narrows it |
//! | `GET prometheus` | all metrics, in the text format 0.0.4 |
//! | `GET handlers` | the handlers, and which are paused |
//! | `POST handlers/{name}/pause`, `…/resume` | reads nothing for this handler any more, or again; needs the token |
//!
//! Nothing here asks a broker: what is told was noted when it came in. Connections that take their time
//! are cut, see [`ConnectionLimits`].
//!
//! [`catalog_router`] serves the catalog page and plays the requests that are sent from it:
//!
//! | request | answer |
//! |---|---|
//! | `GET /catalog` | the page |
//! | `GET /catalog/contract.json` | the contract of the connector |
//! | `POST /catalog/try/{handler}` | plays `{"payload": …, "headers": {…}, "on": "process"}`, and says what came of it |
//!
//! [`dead_letters_router`] shows what the connector put aside and sends it again, for who knows the token:
//!
//! | request | answer |
//! |---|---|
//! | `GET deadletters` | the newest of them; `handler`, `reason`, `process`, `id`, `since`, `until` and `limit` in the query |
//! | `GET deadletters/{id}` | one of them with its headers; with `?payload=true` its payload too, what is sensitive in it masked (`?payload=unmasked`: all of it) |
//! | `GET deadletters/page` | a page for people, who type the token into it |
//! | `POST deadletters/replay` | sends their requests again, and says what became of each |
//!
//! A request that is played has real effects: the handler runs as in production. So a page of another
//! host cannot send one: the `Host` must be one of this machine's own names or a configured one, an
//! `Origin` must be the same, the content type must be JSON, and no answer allows another origin.

mod actuator;
mod answer;
mod connection;
mod dead_letters;
mod guard;
mod served;
mod site;
mod stage;
mod try_out;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn_with_state, map_response};
use axum::routing::{get, post};

pub use actuator::{Actuator, admin_router};
pub use connection::ConnectionLimits;
pub use dead_letters::{DeadLetterSite, dead_letters_router};
pub use served::{serve, serve_within};
pub use site::{Limits, Site};
pub use stage::{InProcess, PlayError};
pub(crate) use stage::{ThroughKafka, record_examples};

/// The routes of the catalog.
///
/// ```no_run
/// use flowx_core::Connector;
/// use flowx_core::admin::{Site, catalog_router, serve};
///
/// # async fn catalog() -> Result<(), Box<dyn std::error::Error>> {
/// let connector = Connector::builder().build()?;
/// let router = catalog_router(Site::of(&connector));
/// let listener = tokio::net::TcpListener::bind("127.0.0.1:8081").await?;
/// serve(listener, router, std::future::pending()).await?;
/// # Ok(())
/// # }
/// ```
pub fn catalog_router(site: Site) -> Router {
    let door = site.door.clone();
    catalog_routes(site)
        .fallback(answer::nothing_here)
        .layer(from_fn_with_state(door, guard::own_host))
        .layer(map_response(answer::secured))
}

/// The catalog's own paths; whatever the listener, they ask for a name of this host.
fn catalog_routes(site: Site) -> Router {
    let door = site.door.clone();
    let site = Arc::new(site);
    Router::new()
        .route("/catalog", get(answer::page))
        .route("/catalog/contract.json", get(answer::contract))
        .route("/catalog/try/{handler}", post(try_out::play))
        // `try_out` counts the bytes itself, to say how many there may be.
        .layer(DefaultBodyLimit::disable())
        .layer(from_fn_with_state(door, guard::own_host))
        .layer(map_response(answer::secured))
        .with_state(site)
}
