//! One way on which a thread hands things to another, or to a task.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::task::{Poll, Waker};

use shuttle::sync::Mutex;

/// An unbounded queue. Each use of it is a moment at which another thread may come first.
pub(crate) struct Lane<T>(Mutex<Inner<T>>);

struct Inner<T> {
    items: VecDeque<T>,
    waker: Option<Waker>,
    is_closed: bool,
}

impl<T> Lane<T> {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(Inner { items: VecDeque::new(), waker: None, is_closed: false }))
    }

    pub(crate) fn push(&self, item: T) {
        self.change(|inner| inner.items.push_back(item));
    }

    /// Whoever waits hears of the end once everything is taken.
    pub(crate) fn close(&self) {
        self.change(|inner| inner.is_closed = true);
    }

    /// The next item; `None` at the end. Dropping the future loses none.
    pub(crate) async fn next(&self) -> Option<T> {
        poll_fn(|context| {
            let mut inner = self.0.lock().expect("nobody panics with it");
            if let Some(item) = inner.items.pop_front() {
                return Poll::Ready(Some(item));
            }
            if inner.is_closed {
                return Poll::Ready(None);
            }
            inner.waker = Some(context.waker().clone());
            Poll::Pending
        })
        .await
    }

    fn change(&self, change: impl FnOnce(&mut Inner<T>)) {
        let waker = {
            let mut inner = self.0.lock().expect("nobody panics with it");
            change(&mut inner);
            inner.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}
