//! The grammar that the attribute and the derive share: `key`, or `key = value`, behind commas.

use proc_macro2::{Ident, TokenStream, TokenTree};
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::{Expr, ExprArray, ExprLit, Lit, LitStr, Token};

use crate::diagnostics::Errors;

/// One argument, with the span of its key from the first moment.
pub(crate) struct Argument {
    pub(crate) key: Ident,
    pub(crate) value: Value,
}

/// What stands behind a key.
pub(crate) enum Value {
    Missing,
    Expr(Box<Expr>),
    /// Tokens that are no `= value`.
    Wrong(TokenStream),
}

impl Argument {
    /// Whether the key is this one, raw or not.
    pub(crate) fn is(&self, key: &str) -> bool {
        self.key.unraw() == key
    }

    /// The value, if it is a string literal; otherwise an error that shows `example`.
    pub(crate) fn string(&self, example: &str, errors: &mut Errors) -> Option<LitStr> {
        if let Value::Expr(expr) = &self.value {
            if let Some(literal) = string_of(expr) {
                return Some(literal);
            }
        }
        let key = &self.key;
        self.wrong(format!("`{key}` takes a string literal, for example `{example}`"), errors);
        None
    }

    /// The value, if it is a list in brackets.
    pub(crate) fn array(&self) -> Option<&ExprArray> {
        fn array(expr: &Expr) -> Option<&ExprArray> {
            match expr {
                Expr::Array(array) => Some(array),
                Expr::Group(group) => array(&group.expr),
                _ => None,
            }
        }
        match &self.value {
            Value::Expr(expr) => array(expr),
            _ => None,
        }
    }

    /// Reports a value of the wrong kind, or the key if there is none.
    pub(crate) fn wrong(&self, message: String, errors: &mut Errors) {
        match &self.value {
            Value::Missing => errors.at(&self.key, message),
            Value::Expr(expr) => errors.at(expr, message),
            Value::Wrong(tokens) => errors.at(tokens, message),
        }
    }
}

/// The string literal that an expression is; also inside the invisible group of a `macro_rules`.
pub(crate) fn string_of(expr: &Expr) -> Option<LitStr> {
    match expr {
        Expr::Lit(ExprLit { lit: Lit::Str(literal), .. }) => Some(literal.clone()),
        Expr::Group(group) => string_of(&group.expr),
        _ => None,
    }
}

/// All arguments; what cannot be read is reported and skipped. `example` is an argument that would
/// be legal.
pub(crate) fn parse(tokens: TokenStream, example: &str, errors: &mut Errors) -> Vec<Argument> {
    let mut arguments = Vec::new();
    let all = |input: ParseStream<'_>| {
        while !input.is_empty() {
            arguments.extend(argument(input, example, errors));
            let _: Option<Token![,]> = input.parse()?;
        }
        Ok(())
    };
    if let Err(error) = all.parse2(tokens) {
        errors.push(error);
    }
    arguments
}

/// One argument, up to its comma.
fn argument(input: ParseStream<'_>, example: &str, errors: &mut Errors) -> Option<Argument> {
    let Ok(key) = input.call(Ident::parse_any) else {
        let tokens = until_comma(input);
        let first = tokens.into_iter().next();
        errors.at(&first, format!("expected an argument, for example `{example}`"));
        return None;
    };
    if input.is_empty() || input.peek(Token![,]) {
        return Some(Argument { key, value: Value::Missing });
    }
    let equals: Option<Token![=]> = input.parse().ok()?;
    if equals.is_none() {
        return Some(Argument { key, value: Value::Wrong(until_comma(input)) });
    }
    if input.is_empty() || input.peek(Token![,]) {
        return Some(Argument { key, value: Value::Missing });
    }
    let start = input.fork();
    let value = match input.parse::<Expr>() {
        Ok(expr) if input.is_empty() || input.peek(Token![,]) => Value::Expr(Box::new(expr)),
        Ok(expr) => {
            // Another key behind the value: what is missing is only the comma.
            let next = until_comma_or_key(input);
            if next.is_empty() {
                let missing = input.fork().call(Ident::parse_any).ok();
                errors.at(&missing, format!("missing `,` before `{}`", display(&missing)));
                Value::Expr(Box::new(expr))
            } else {
                Value::Wrong(next)
            }
        }
        Err(_) => {
            let wrong = until_comma(&start);
            until_comma(input);
            Value::Wrong(wrong)
        }
    };
    Some(Argument { key, value })
}

fn display(ident: &Option<Ident>) -> String {
    ident.as_ref().map(ToString::to_string).unwrap_or_default()
}

fn until_comma(input: ParseStream<'_>) -> TokenStream {
    let mut tokens = TokenStream::new();
    while !input.is_empty() && !input.peek(Token![,]) {
        match input.parse::<TokenTree>() {
            Ok(token) => tokens.extend([token]),
            Err(_) => break,
        }
    }
    tokens
}

/// Nothing if a `key =` comes next, else everything up to the comma.
fn until_comma_or_key(input: ParseStream<'_>) -> TokenStream {
    let fork = input.fork();
    let is_key = fork.call(Ident::parse_any).is_ok() && fork.peek(Token![=]);
    if is_key { TokenStream::new() } else { until_comma(input) }
}
