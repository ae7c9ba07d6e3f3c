//! What is said of a panic: where it was, and its words if they were written in the source. Words that
//! were put together while it ran may quote a request.

use std::any::Any;
use std::backtrace::{Backtrace, BacktraceStatus};
use std::cell::Cell;
use std::panic::PanicHookInfo;

use super::dead_letter::one_line;

thread_local! {
    /// Where the last panic of this thread was, until somebody has caught it.
    static PLACE: Cell<Option<String>> = const { Cell::new(None) };
}

/// From now on, panics of this process are told in one line each, with their place and without words
/// that may quote a request: as events `flowx::panic` in the span of their attempt, or on standard error
/// where nobody hears such events. The hook that was there before is gone.
///
/// `run` does this, unless the setting `runtime.show_panics` is on.
pub fn hide_words() {
    tell(false);
}

/// From now on, panics of this process are told as [`hide_words`] does it, with all their words.
pub fn show_words() {
    tell(true);
}

fn tell(in_full: bool) {
    std::panic::set_hook(Box::new(move |panic: &PanicHookInfo<'_>| {
        let place = panic.location().map(ToString::to_string);
        let thread = std::thread::current();
        let thread = thread.name().unwrap_or("without a name");
        let told = told(panic.payload(), place.as_deref(), in_full);
        // `RUST_BACKTRACE` asks for it.
        let trace = Backtrace::capture();
        let trace = (trace.status() == BacktraceStatus::Captured).then(|| trace.to_string());
        if tracing::enabled!(target: "flowx::panic", tracing::Level::ERROR) {
            tracing::error!(target: "flowx::panic", thread, trace, "{told}");
        } else {
            eprintln!("thread `{}` {}", one_line(thread), one_line(&told));
            trace.iter().for_each(|trace| eprintln!("{trace}"));
        }
        PLACE.set(place);
    }));
}

/// A panic that was caught.
#[derive(Debug)]
pub(super) struct Panicked {
    payload: Box<dyn Any + Send>,
    place: Option<String>,
}

impl Panicked {
    /// Takes what was caught on this thread; one that was passed on from another keeps its place.
    pub(super) fn caught(payload: Box<dyn Any + Send>) -> Self {
        match payload.downcast::<Self>() {
            Ok(earlier) => *earlier,
            Err(payload) => Self { payload, place: PLACE.take() },
        }
    }

    /// Passes it on, to be caught once more.
    pub(super) fn resume(self) -> ! {
        std::panic::resume_unwind(Box::new(self))
    }

    /// What logs and dead letters say of it; with all its words only if they are wanted.
    pub(super) fn words(&self, in_full: bool) -> String {
        format!("the handler {}", told(&*self.payload, self.place.as_deref(), in_full))
    }
}

fn told(payload: &(dyn Any + Send), place: Option<&str>, in_full: bool) -> String {
    let words = match (payload.downcast_ref::<&'static str>(), payload.downcast_ref::<String>()) {
        // Nothing was put into it.
        (Some(words), _) => *words,
        (None, Some(words)) if in_full => words.as_str(),
        (None, Some(_)) => {
            "its words may quote the request and are not shown (FLOWX_CONNECTOR_SHOW_PANICS)"
        }
        (None, None) => "without a message",
    };
    match place {
        Some(place) => format!("panicked at {place}: {words}"),
        None => format!("panicked: {words}"),
    }
}

#[cfg(test)]
mod tests {
    use std::panic::catch_unwind;

    use super::*;

    #[test]
    fn only_what_stands_in_the_source_is_shown_unless_all_is_wanted() {
        let request = "canary".to_owned();
        let caught = catch_unwind(|| panic!("cannot take {request}")).unwrap_err();
        let panicked = Panicked::caught(caught);
        assert!(!panicked.words(false).contains("canary"), "{}", panicked.words(false));
        assert_eq!(panicked.words(true), "the handler panicked: cannot take canary");
        let caught = catch_unwind(|| panic!("the source says so")).unwrap_err();
        assert_eq!(
            Panicked::caught(caught).words(false),
            "the handler panicked: the source says so"
        );
    }

    #[test]
    fn one_that_is_passed_on_stays_what_it_was() {
        let panicked = Panicked { payload: Box::new("words"), place: Some("here:1:2".to_owned()) };
        let caught = catch_unwind(std::panic::AssertUnwindSafe(|| panicked.resume())).unwrap_err();
        let words = Panicked::caught(caught).words(false);
        assert_eq!(words, "the handler panicked at here:1:2: words");
    }
}
