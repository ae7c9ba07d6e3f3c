//! The attribute and the derive of flowx-core; use them through flowx-core.
//!
//! A handler passes these rooms: `args` and `signature` read it, `rules` finds what is wrong,
//! `expand` writes what the compiler gets, or `fallback` gives the function back beside the
//! errors. `derive` does the same for errors. This crate knows syntax only.

#![forbid(unsafe_code)]

mod args;
mod codes;
mod delays;
mod derive;
mod diagnostics;
mod docs;
mod expand;
mod fallback;
mod handler;
mod keys;
mod paths;
mod rules;
mod signature;
mod suggest;
#[cfg(test)]
mod tests;
mod topic;

use proc_macro::TokenStream;

/// Makes an async function a handler; documented where `flowx_core` re-exports it.
#[proc_macro_attribute]
pub fn flowx_handler(args: TokenStream, item: TokenStream) -> TokenStream {
    handler::expand(args.into(), &item.into()).into()
}

/// Says for every variant of an error what becomes of the message; documented where `flowx_core`
/// re-exports it.
#[proc_macro_derive(FlowxError, attributes(flowx))]
pub fn derive_flowx_error(item: TokenStream) -> TokenStream {
    derive::expand(item.into()).into()
}
