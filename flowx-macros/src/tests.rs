//! Expansions as formatted Rust, compared in process with `tests/expansion/`.
//!
//! After a change run with `INSTA_UPDATE=always` and read the difference.

mod tokens;

use proc_macro2::{TokenStream, TokenTree};
use quote::quote;

use crate::diagnostics::Errors;
use crate::{derive, handler};

/// Compares an expansion with its file.
fn check(name: &str, expansion: TokenStream) {
    let file: syn::File = syn::parse2(expansion).expect("an expansion is Rust");
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../../tests/expansion");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, prettyplease::unparse(&file)));
}

fn short() -> TokenStream {
    quote! {
        async fn check(order: Order) -> Result<(), HandlerError> {
            Ok(())
        }
    }
}

fn error() -> TokenStream {
    quote! {
        enum CheckError {
            /// Over the
            /// limit.
            #[error("over the limit")]
            #[flowx(refuse = "LIMIT")]
            Limit { lines: u32 },
            #[flowx(retry)]
            Silent,
            #[flowx(forward)]
            Tuple(Inner),
            #[flowx(forward)]
            Named { source: Inner },
        }
    }
}

#[test]
fn a_short_handler() {
    check("short", handler::expand(quote!(topic = "credit.check"), &short()));
}

#[test]
fn a_handler_with_everything() {
    let args = quote! {
        topic = "credit.*",
        reply = "engine.receive.credit",
        name = "credit-check",
        refuses = ["LIMIT", "EMPTY"],
        error_null = false,
        crate = ::flowx,
    };
    let item = quote! {
        /// Checks an order.
        ///
        /// Twice.
        #[doc = include_str!("check.md")]
        #[tracing::instrument]
        pub(crate) async fn r#check(
            Order { lines }: Order,
            mut headers: Headers,
            limit: flowx::State<Limit>,
        ) -> Result<Receipt, CheckError> {
            Ok(Receipt)
        }
    };
    check("everything", handler::expand(args, &item));
}

#[test]
fn a_handler_with_retry_topics() {
    let args = quote!(topic = "mail.send", order = unordered, retry_topics = ["30s", "5m"]);
    check("retry_topics", handler::expand(args, &short()));
}

#[test]
fn a_handler_that_is_wrong_keeps_its_function_and_shows_its_sound_types() {
    let item = quote! {
        async fn check(order: &Order, limit: State<Limit>) -> Result<(), HandlerError> {
            Ok(())
        }
    };
    check("mistakes", handler::expand(quote!(topic = "credit check"), &item));
}

#[test]
fn a_method_is_given_back_without_a_constant() {
    let item = quote! { async fn check(&self, order: Order) -> Result<(), HandlerError> {} };
    check("method", handler::expand(quote!(topic = "credit.check"), &item));
}

#[test]
fn an_error_with_every_fate() {
    check("error", derive::expand(error()));
}

#[test]
fn an_error_that_is_a_struct() {
    let item = quote! {
        #[flowx(refuse = "LIMIT", crate = crate::flowx)]
        struct Limit;
    };
    check("error_struct", derive::expand(item));
}

#[test]
fn an_error_that_is_wrong_is_hollow() {
    let item = quote! {
        enum CheckError<T> {
            Limit(T),
        }
    };
    check("error_mistakes", derive::expand(item));
}

#[test]
fn the_function_comes_first_and_unchanged() {
    let item = short();
    let expansion = handler::expand(quote!(topic = "credit.check"), &item).to_string();
    assert!(expansion.starts_with(&item.to_string()));
}

#[test]
fn the_body_may_be_anything() {
    let item = quote! {
        async fn check(order: Order) -> Result<(), HandlerError> { let x = ; order.. ? @ }
    };
    let expansion = handler::expand(quote!(topic = "credit.check"), &item).to_string();
    assert!(!expansion.contains("compile_error"), "{expansion}");
}

#[test]
fn with_another_path_nothing_names_flowx_core() {
    let handler = handler::expand(quote!(topic = "a", crate = ::flowx), &short());
    let wrong = handler::expand(quote!(topic = "a b", crate = ::flowx), &short());
    let item = error();
    let error = derive::expand(quote!(#[flowx(crate = ::flowx)] #item));
    let wrong_error = derive::expand(quote!(
        #[flowx(crate = ::flowx)]
        enum CheckError {
            Limit,
        }
    ));
    for expansion in [handler, wrong, error, wrong_error] {
        assert!(expansion.to_string().contains(":: flowx :: __private"));
        assert!(!names(expansion.clone(), "flowx_core"), "{expansion}");
    }
}

fn names(tokens: TokenStream, banned: &str) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(ident) => ident == banned,
        TokenTree::Group(group) => names(group.stream(), banned),
        _ => false,
    })
}

#[test]
fn generated_code_calls_no_methods() {
    let handler = handler::expand(quote!(topic = "credit.check"), &short());
    for expansion in [handler, derive::expand(error())] {
        let text = expansion.to_string().replace(". .", "..");
        assert!(!text.contains(" . "), "{text}");
    }
}

#[test]
fn each_mistake_is_one_error() {
    let count = |args: TokenStream, item: TokenStream| {
        handler::expand(args, &item).to_string().matches("compile_error").count()
    };
    assert_eq!(count(quote!(topic = "a"), short()), 0);
    assert_eq!(count(quote!(), short()), 1);
    assert_eq!(count(quote!(topics = "a"), short()), 1);
    assert_eq!(count(quote!(topic), short()), 1);
    assert_eq!(count(quote!(topic = ), short()), 1);
    assert_eq!(count(quote!(topic = = "a"), short()), 1);
    assert_eq!(count(quote!(topic = "a" "b"), short()), 1);
    assert_eq!(count(quote!(topic = "a" reply = "b"), short()), 1);
    assert_eq!(count(quote!(= "a", topic = "a"), short()), 1);
    assert_eq!(count(quote!(topic = "a", , reply = "b"), short()), 1);
    let wrong = quote!(unsafe fn check<T>(self, a: &T, b: impl Send));
    // The receiver, the generic, two parameters, `unsafe`, not async, no return type.
    assert_eq!(count(quote!(topic = "a b", replay = "c"), quote!(#wrong {})), 9);
}

#[test]
#[should_panic(expected = "dropped unread")]
fn errors_cannot_be_forgotten() {
    let mut errors = Errors::default();
    errors.at(&quote!(x), "wrong");
    drop(errors);
}
