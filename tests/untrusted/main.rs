//! What strangers can and cannot bring about: requests are written by whoever may write to a topic, and
//! processes of several tenants share one connector.

mod internals;
mod large;
mod panics;
mod tenants;
mod topics;
