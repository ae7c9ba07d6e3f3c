//! The annotated item: a function with its signature, its body left as it is.
//!
//! The body is not parsed: half of it may be missing while someone types, and the compiler says so
//! better.

use proc_macro2::{Ident, TokenStream, TokenTree};
use syn::ext::IdentExt;
use syn::parse::discouraged::Speculative;
use syn::parse::{ParseStream, Parser};
use syn::{Attribute, FnArg, ReturnType, Signature, Type, Visibility};

/// What the attribute stands on.
pub(crate) enum Item {
    Function(Box<HandlerFn>),
    /// Something else: its keyword, and what it is in words.
    Other {
        keyword: TokenTree,
        kind: &'static str,
    },
}

/// A function that is to become a handler.
pub(crate) struct HandlerFn {
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) signature: Signature,
}

impl HandlerFn {
    /// The function's name, as it is called.
    pub(crate) fn name(&self) -> &Ident {
        &self.signature.ident
    }

    /// The function's name without `r#`.
    pub(crate) fn plain_name(&self) -> String {
        self.name().unraw().to_string()
    }

    /// The types of the parameters, without a receiver.
    pub(crate) fn parameters(&self) -> impl Iterator<Item = &Type> {
        self.signature.inputs.iter().filter_map(|input| match input {
            FnArg::Typed(parameter) => Some(&*parameter.ty),
            FnArg::Receiver(_) => None,
        })
    }

    /// The return type, if there is one.
    pub(crate) fn output(&self) -> Option<&Type> {
        match &self.signature.output {
            ReturnType::Default => None,
            ReturnType::Type(_, output) => Some(output),
        }
    }
}

/// Reads an item.
pub(crate) fn parse(item: TokenStream) -> syn::Result<Item> {
    read.parse2(item)
}

fn read(input: ParseStream<'_>) -> syn::Result<Item> {
    let attributes = input.call(Attribute::parse_outer)?;
    let _: Visibility = input.parse()?;
    let start = input.fork();
    let item = match start.parse::<Signature>() {
        Ok(signature) => {
            input.advance_to(&start);
            Item::Function(Box::new(HandlerFn { attributes, signature }))
        }
        Err(error) => match keyword(&input.fork()) {
            Some((keyword, kind)) => Item::Other { keyword, kind },
            None => return Err(error),
        },
    };
    // The body, or the rest of the other item.
    let _: TokenStream = input.parse()?;
    Ok(item)
}

/// The word that says what kind of item this is; `None` for a function and for the unknown.
fn keyword(input: ParseStream<'_>) -> Option<(TokenTree, &'static str)> {
    while let Ok(token) = input.parse::<TokenTree>() {
        let kind = match token.to_string().as_str() {
            "struct" => "a struct",
            "enum" => "an enum",
            "union" => "a union",
            "trait" => "a trait",
            "impl" => "an `impl` block",
            "mod" => "a module",
            "static" => "a static",
            "type" => "a type",
            "use" => "a `use`",
            "macro_rules" => "a macro",
            "crate" => "a crate",
            "const" if !is_function(input) => "a constant",
            "extern" if input.peek(syn::token::Brace) => "an `extern` block",
            "fn" => return None,
            _ => continue,
        };
        return Some((token, kind));
    }
    None
}

fn is_function(behind_const: ParseStream<'_>) -> bool {
    use syn::Token;
    behind_const.peek(Token![fn])
        || behind_const.peek(Token![async])
        || behind_const.peek(Token![unsafe])
        || behind_const.peek(Token![extern])
}
