//! Where generated code finds `flowx_core`.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::Path;

use crate::args::path_of;
use crate::diagnostics::Errors;
use crate::keys::{Argument, Value, string_of};

/// The path to `flowx_core`: `::flowx_core`, or what `crate = …` says.
pub(crate) struct CratePath(TokenStream);

impl Default for CratePath {
    fn default() -> Self {
        Self(quote!(::flowx_core))
    }
}

impl CratePath {
    /// Reads `crate = path`. Only a path that means the same everywhere will do: generated code
    /// stands inside a function, where a relative one could mean something else.
    pub(crate) fn read(argument: &Argument, errors: &mut Errors) -> Self {
        let (path, text) = match &argument.value {
            Value::Expr(expr) => (path_of(expr), string_of(expr)),
            _ => (None, None),
        };
        match (path, text) {
            (Some(path), _) if is_absolute(path) => return Self(path.to_token_stream()),
            (Some(path), _) => {
                let text = path.to_token_stream().to_string().replace(' ', "");
                argument.wrong(
                    format!("`{text}` means something else in every module; write `::{text}` for a dependency, or `crate::{text}` for a place in this crate"),
                    errors,
                );
            }
            (None, Some(text)) => {
                let text = text.value();
                argument.wrong(
                    format!(
                        "`crate` takes a path without quotes; write `crate = ::{}`",
                        text.trim_start_matches("::")
                    ),
                    errors,
                );
            }
            (None, None) => argument.wrong(
                "`crate` takes the path to flowx_core, for example `crate = ::flowx`".to_owned(),
                errors,
            ),
        }
        Self::default()
    }
}

impl ToTokens for CratePath {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        self.0.to_tokens(tokens);
    }
}

fn is_absolute(path: &Path) -> bool {
    let first = path.segments.first();
    // `$crate` of a `macro_rules` arrives as the identifier of that name.
    path.leading_colon.is_some()
        || first.is_some_and(|first| first.ident == "crate" || first.ident == "$crate")
}
