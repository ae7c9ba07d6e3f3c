//! Doc comments as a constant text.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{Attribute, Expr, Meta};

use crate::keys::string_of;

/// The doc comments among these attributes as one constant expression of type `&str`.
pub(crate) fn text(attributes: &[Attribute]) -> TokenStream {
    let lines: Vec<&Expr> = attributes.iter().filter_map(doc).collect();
    let literals: Option<Vec<String>> =
        lines.iter().map(|line| Some(string_of(line)?.value())).collect();
    match literals {
        Some(literals) => literals.join("\n").into_token_stream(),
        // `#[doc = include_str!("…")]` is read by the compiler, which knows where the file is.
        None => quote!(::core::concat!(#(#lines, "\n"),*)),
    }
}

fn doc(attribute: &Attribute) -> Option<&Expr> {
    match &attribute.meta {
        Meta::NameValue(doc) if doc.path.is_ident("doc") => Some(&doc.value),
        _ => None,
    }
}
