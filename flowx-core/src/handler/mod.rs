//! Floor 2: from the link-time entry of a handler to something that can be called.
//!
//! An [`entry`] is what the attribute left in the binary. Bound to an environment it becomes a
//! [`bound`] handler, which turns a [`call`] into an [`outcome`].

pub mod binder;
pub mod bound;
pub mod call;
#[doc(hidden)]
pub mod classifier;
pub mod codes;
pub mod entry;
pub mod error;
pub mod extractors;
#[doc(hidden)]
pub mod hooks;
pub mod middleware;
pub mod outcome;
pub mod param;
pub mod policy;
pub mod registry;
pub mod reply;
pub mod request;
pub mod result;
pub mod retry_topics;
pub mod schema;
#[doc(hidden)]
pub mod slot;
