//! The attribute from end to end.

use proc_macro2::TokenStream;

use crate::args::Args;
use crate::diagnostics::Errors;
use crate::signature::{HandlerFn, Item};
use crate::{expand, fallback, rules, signature};

/// `#[flowx_handler(args)] item`, as the compiler gets it.
pub(crate) fn expand(args: TokenStream, item: &TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let args = Args::parse(args, &mut errors);
    let function = match signature::parse(item.clone()) {
        Ok(Item::Function(function)) => function,
        Ok(Item::Other { keyword, kind }) => {
            errors.at(&keyword, format!("`#[flowx_handler]` goes on an `async fn`, not on {kind}"));
            return fallback::without_handler(item, errors);
        }
        Err(error) => {
            errors.push(error);
            return fallback::without_handler(item, errors);
        }
    };
    let function = *function;
    finish(item, &args, &function, errors)
}

fn finish(
    item: &TokenStream,
    args: &Args,
    function: &HandlerFn,
    mut errors: Errors,
) -> TokenStream {
    let sound = rules::check(function, &mut errors);
    match (&args.topic, errors.is_empty()) {
        (Some(topic), true) => {
            errors.nothing_to_tell();
            expand::handler(item, args, topic, function, &sound)
        }
        _ => fallback::with_types(item, args, function, &sound, errors),
    }
}
