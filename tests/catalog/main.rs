//! The catalog: what is in the page, who is let in, what comes of a request that is tried out, and
//! what a person meets in a browser.

mod browser;
mod commands;
mod handlers;
mod page;
mod try_out;
mod visitors;
