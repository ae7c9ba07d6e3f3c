//! The handlers of a simulation. They do what the fate of their request says.

use std::sync::Arc;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::answer::ASSIGNMENT;
use super::request::{ASK, Fate, NOTE, Pace};
use super::world::Shared;
use crate::handler::binder::{BindEnvironment, BindError, Binder};
use crate::handler::bound::{self, BoundHandler};
use crate::handler::call::Call;
use crate::handler::entry::{Docs, HandlerEntry, Options, Site};
use crate::handler::error::{Failure, HandlerError};
use crate::handler::extractors::state::State;
use crate::handler::param::Param;
use crate::handler::slot;

#[derive(Deserialize, JsonSchema)]
struct Number {
    number: usize,
}

#[derive(Serialize, JsonSchema)]
struct Echo {
    number: usize,
}

/// Which try this is, in which assignment: the source has left that in a header.
#[derive(Clone, Copy)]
struct Try {
    assignment: u64,
    attempt: u32,
}

impl Param for Try {
    type Bound = ();

    fn bind(_: &mut Binder<'_>) -> Result<(), BindError> {
        Ok(())
    }

    fn extract((): &(), call: &Call<'_>) -> Result<Self, Failure> {
        let assignment = call.record.headers.text(ASSIGNMENT).and_then(|text| text.parse().ok());
        let assignment = assignment.expect("the source leaves it in every record");
        Ok(Self { assignment, attempt: call.attempt.number })
    }
}

async fn ask(request: Number, which: Try, shared: State<Shared>) -> Result<Echo, HandlerError> {
    let number = request.number;
    attempt(number, which, &shared).await?;
    Ok(Echo { number })
}

async fn note(request: Number, which: Try, shared: State<Shared>) -> Result<(), HandlerError> {
    attempt(request.number, which, &shared).await?;
    shared.with(|world| world.noted(which.assignment, request.number));
    Ok(())
}

async fn attempt(number: usize, which: Try, shared: &Shared) -> Result<(), HandlerError> {
    let run = Run { shared: shared.clone(), which, number };
    let (fate, pace) = shared.with(|world| {
        world.attempt_begins((which.assignment, number), which.attempt);
        let request = &world.scenario.requests[number];
        (request.fate, request.pace)
    });
    match pace {
        Pace::Now => {}
        Pace::Yields(times) => {
            for _ in 0..times {
                tokio::task::yield_now().await;
                run.still_counts();
            }
        }
        Pace::Millis(millis) => tokio::time::sleep(Duration::from_millis(millis)).await,
    }
    run.still_counts();
    match fate {
        Fate::Refuse => Err(HandlerError::refuse(super::answer::REFUSED, "as it was meant to be")),
        Fate::Retry(times) if which.attempt <= times => Err(HandlerError::retry("not yet")),
        // As a panic, but without a word of the panic hook, which would flood the output.
        Fate::Panic(times) if which.attempt <= times => {
            std::panic::resume_unwind(Box::new("as it was meant to be"))
        }
        Fate::Hang => std::future::pending().await,
        Fate::Succeed | Fate::Retry(_) | Fate::Panic(_) | Fate::Undecodable => Ok(()),
    }
}

/// One attempt at work; it ends when this is dropped, for whatever reason.
struct Run {
    shared: Shared,
    which: Try,
    number: usize,
}

impl Run {
    fn still_counts(&self) {
        self.shared.with(|world| world.attempt_goes_on((self.which.assignment, self.number)));
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        self.shared.with(|world| world.attempt_ends((self.which.assignment, self.number)));
    }
}

/// The handlers, ready to be called.
///
/// # Panics
/// They cannot be bound, which no seed changes.
pub(super) fn bound(shared: &Shared) -> Vec<BoundHandler> {
    let mut environment = BindEnvironment::default();
    environment.insert::<Shared>(Arc::new(shared.clone()));
    let bind = |entry| bound::bind(entry, &environment).expect("the handlers fit");
    ENTRIES.iter().map(bind).collect()
}

/// Not submitted to the link-time list: no connector shall find them.
static ENTRIES: [HandlerEntry; 2] = [
    HandlerEntry {
        name: "ask",
        topic: ASK,
        reply: None,
        docs: Docs(" Answers as the seed says."),
        site: site("ask"),
        options: Options::DEFAULT,
        bind: bind_ask,
    },
    HandlerEntry {
        name: "note",
        topic: NOTE,
        reply: None,
        docs: Docs(" Sends nothing on success."),
        site: site("note"),
        options: Options::DEFAULT,
        bind: bind_note,
    },
];

const fn site(function: &'static str) -> Site {
    Site {
        file: file!(),
        line: line!(),
        module: module_path!(),
        function,
        package: env!("CARGO_PKG_NAME"),
        version: env!("CARGO_PKG_VERSION"),
        binary: None,
    }
}

/// What the attribute would write for a handler of three parameters.
macro_rules! bind {
    ($bind:ident, $handler:ident, $returns:ty) => {
        fn $bind(binder: &mut Binder<'_>) {
            let request = slot::request::<Number>(binder);
            let which = slot::param::<Try>(binder);
            let shared = slot::param::<State<Shared>>(binder);
            let returns = slot::result::<$returns>(binder);
            let (Some(request), Some(which), Some(shared), Some(returns)) =
                (request, which, shared, returns)
            else {
                return;
            };
            slot::serve(binder, move |call| {
                let request = slot::take(&request, call)?;
                let which = slot::take(&which, call)?;
                let shared = slot::take(&shared, call)?;
                Ok(slot::run(&returns, $handler(request, which, shared)))
            });
        }
    };
}

bind!(bind_ask, ask, Result<Echo, HandlerError>);
bind!(bind_note, note, Result<(), HandlerError>);
