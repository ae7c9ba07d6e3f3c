//! One function per misuse. Each reports what it finds and none ends the search.

use proc_macro2::{Ident, TokenTree};
use quote::ToTokens;
use syn::{GenericArgument, GenericParam, LitStr, Path, PathArguments, Safety, Type, TypePath};

use crate::args::{Args, Given};
use crate::diagnostics::Errors;
use crate::signature::HandlerFn;

/// What of a signature the compiler can still look at.
pub(crate) struct Sound<'f> {
    /// The types of the parameters; `None` where one is wrong already.
    pub(crate) parameters: Vec<Option<&'f Type>>,
    /// The return type, unless it is wrong already.
    pub(crate) output: Option<&'f Type>,
    /// Whether the function can be called with nothing but these.
    pub(crate) callable: bool,
}

/// Applies every rule to a function.
pub(crate) fn check<'f>(function: &'f HandlerFn, errors: &mut Errors) -> Sound<'f> {
    let free = [is_free(function, errors), is_concrete(function, errors)];
    let callable = [
        is_async(function, errors),
        has_no_qualifier(function, errors),
        has_a_request(function, errors),
        has_an_output(function, errors),
        is_annotated_once(function, errors),
    ];
    // The types of a method or of a generic function mean nothing outside it.
    let free = !free.contains(&false);
    let mut sound = |ty: &'f Type| {
        let sound = is_owned(ty, errors);
        (free && sound).then_some(ty)
    };
    let parameters: Vec<_> = function.parameters().map(&mut sound).collect();
    let output = function.output().and_then(sound);
    let callable = free
        && !callable.contains(&false)
        && output.is_some()
        && parameters.iter().all(Option::is_some);
    Sound { parameters, output, callable }
}

/// Applies the rules for `retry_topics` to the arguments beside it.
pub(crate) fn check_retry_topics(args: &Args, errors: &mut Errors) {
    let Some((key, _)) = args.option("retry_topics") else { return };
    retry_topics_need_no_order(key, args.option("order"), errors);
    if let Some(topic) = &args.topic {
        retry_topics_belong_to_one_topic(key, topic, errors);
        retry_topics_are_not_the_engines(key, topic, errors);
    }
}

fn retry_topics_need_no_order(key: &Ident, order: Option<(&Ident, &Given)>, errors: &mut Errors) {
    const WHY: &str = "a request that waits on a retry topic is overtaken by those behind it, so no order can be kept";
    match order {
        Some((_, Given::Variant { variant, .. })) if variant == "Unordered" => {}
        Some((_, Given::Variant { variant, .. })) => errors
            .at(variant, format!("{WHY}; write `order = unordered`, or leave `retry_topics` out")),
        _ => errors.at(key, format!("{WHY}; add `order = unordered`, or leave `retry_topics` out")),
    }
}

fn retry_topics_belong_to_one_topic(key: &Ident, topic: &LitStr, errors: &mut Errors) {
    let name = topic.value();
    if name.ends_with('*') {
        errors.at(
            key,
            format!("each topic that `{name}` matches would need retry topics of its own; name one topic, or leave `retry_topics` out"),
        );
    }
}

/// By the families' default names; others are known at start.
fn retry_topics_are_not_the_engines(key: &Ident, topic: &LitStr, errors: &mut Errors) {
    let name = topic.value();
    let family = ["engine.receive.", "integration.receive."];
    // Of a pattern the rule before this one tells.
    if family.iter().any(|family| name.starts_with(family)) && !name.ends_with('*') {
        errors.at(
            key,
            format!("the engine itself would read the retry topics of `{name}`; listen on a topic of your own, or leave `retry_topics` out"),
        );
    }
}

fn is_async(function: &HandlerFn, errors: &mut Errors) -> bool {
    let asynchronous = function.signature.asyncness.is_some();
    if !asynchronous {
        let name = function.name();
        errors.at(
            &function.signature.fn_token,
            format!("handler `{name}` must be `async`; write `async fn {name}`"),
        );
    }
    asynchronous
}

/// Neither a receiver nor `Self`: both mean that the function stands in an `impl` block.
fn is_free(function: &HandlerFn, errors: &mut Errors) -> bool {
    if let Some(receiver) = function.signature.receiver() {
        errors.at(receiver, "a handler is a free function: nothing exists to call a method on; take shared values as `State<T>`");
        return false;
    }
    let types = function.parameters().chain(function.output());
    let Some(token) = types.map(ToTokens::to_token_stream).find_map(find_self) else {
        return true;
    };
    errors.at(&token, "`Self` means this function sits in an `impl` block; move it out, handlers are free functions");
    false
}

fn find_self(tokens: proc_macro2::TokenStream) -> Option<TokenTree> {
    tokens.into_iter().find_map(|token| match &token {
        TokenTree::Ident(ident) if ident == "Self" => Some(token),
        TokenTree::Group(group) => find_self(group.stream()),
        _ => None,
    })
}

fn is_concrete(function: &HandlerFn, errors: &mut Errors) -> bool {
    let generics = &function.signature.generics;
    let mut concrete = true;
    for parameter in &generics.params {
        concrete = false;
        match parameter {
            GenericParam::Lifetime(lifetime) => errors.at(
                &lifetime.lifetime,
                "handler parameters are owned; remove the lifetime and write types without `&`",
            ),
            GenericParam::Type(parameter) => errors.at(&parameter.ident, generic(&parameter.ident)),
            GenericParam::Const(parameter) => {
                errors.at(&parameter.ident, generic(&parameter.ident))
            }
        }
    }
    concrete
}

fn generic(name: &proc_macro2::Ident) -> String {
    format!(
        "a handler cannot be generic; it is registered at link time, when no caller can choose `{name}`; call the generic function from a concrete handler"
    )
}

fn has_no_qualifier(function: &HandlerFn, errors: &mut Errors) -> bool {
    let signature = &function.signature;
    let mut none = true;
    let mut refuse = |word: &dyn ToTokens, name: &str| {
        errors.at(&word.to_token_stream(), format!("a handler cannot be `{name}`; remove it"));
        none = false;
    };
    if let Safety::Unsafe(word) = &signature.safety {
        refuse(word, "unsafe");
    }
    if let Some(abi) = &signature.abi {
        refuse(&abi.extern_token, "extern");
    }
    if let Some(word) = &signature.constness {
        refuse(word, "const");
    }
    if let Some(variadic) = &signature.variadic {
        refuse(&variadic.dots, "variadic");
    }
    none
}

fn has_a_request(function: &HandlerFn, errors: &mut Errors) -> bool {
    let signature = &function.signature;
    let some = !signature.inputs.is_empty();
    if !some {
        let name = function.name();
        errors.push(syn::Error::new(
            signature.paren_token.span.join(),
            format!("handler `{name}` needs the request as its first parameter; no use for the payload? write `_: serde_json::Value`"),
        ));
    }
    some
}

fn has_an_output(function: &HandlerFn, errors: &mut Errors) -> bool {
    let some = function.output().is_some();
    if !some {
        let name = function.name();
        errors.push(syn::Error::new(
            function.signature.paren_token.span.close(),
            format!("handler `{name}` must return `Result<T, E>` with its reply, or `Result<(), E>` for no reply"),
        ));
    }
    some
}

fn is_annotated_once(function: &HandlerFn, errors: &mut Errors) -> bool {
    let is_ours =
        |path: &Path| path.segments.last().is_some_and(|last| last.ident == "flowx_handler");
    let Some(second) = function.attributes.iter().find(|attribute| is_ours(attribute.path()))
    else {
        return true;
    };
    let name = function.name();
    errors.at(second, format!("`{name}` is already a handler; one function, one topic: remove this and call `{name}` from a second handler"));
    false
}

/// Whether a type can be named outside the function and outlives the record.
fn is_owned(ty: &Type, errors: &mut Errors) -> bool {
    let mut all = |types: &mut dyn Iterator<Item = &Type>| {
        types.fold(true, |owned, ty| is_owned(ty, errors) & owned)
    };
    match ty {
        Type::Reference(reference) => {
            let forever = reference.lifetime.as_ref().is_some_and(|name| name.ident == "static");
            if !forever {
                let owned = reference.elem.to_token_stream().to_string().replace(' ', "");
                errors.at(
                    &reference.and_token,
                    format!("handler parameters are owned; write `{}`", owned_form(&owned)),
                );
            }
            forever
        }
        Type::ImplTrait(of) => {
            errors.at(of, "`impl Trait` cannot be registered; name the type");
            false
        }
        Type::Path(path) => path_is_owned(path, errors),
        Type::Tuple(tuple) => all(&mut tuple.elems.iter()),
        Type::Array(array) => is_owned(&array.elem, errors),
        Type::Slice(slice) => is_owned(&slice.elem, errors),
        Type::Paren(paren) => is_owned(&paren.elem, errors),
        Type::Group(group) => is_owned(&group.elem, errors),
        _ => true,
    }
}

fn path_is_owned(path: &TypePath, errors: &mut Errors) -> bool {
    let mut owned = true;
    for segment in &path.path.segments {
        let PathArguments::AngleBracketed(arguments) = &segment.arguments else { continue };
        for argument in &arguments.args {
            match argument {
                GenericArgument::Type(ty) => owned &= is_owned(ty, errors),
                GenericArgument::Lifetime(name) if name.ident != "static" => {
                    errors.at(
                        name,
                        "handler parameters are owned; a type that borrows cannot be one",
                    );
                    owned = false;
                }
                _ => {}
            }
        }
    }
    owned
}

/// What to write instead of a reference to this.
fn owned_form(borrowed: &str) -> String {
    match borrowed {
        "str" => "String".to_owned(),
        slice if slice.starts_with('[') => format!("Vec<{}>", slice.trim_matches(['[', ']'])),
        other => other.trim_start_matches("mut").to_owned(),
    }
}

/// Names that stand for extractors where the request belongs.
pub(crate) fn is_named_like_an_extractor(ty: &Type) -> bool {
    let Type::Path(path) = ty else { return false };
    let names = ["State", "Headers", "Process", "Topic", "Context"];
    path.path.segments.last().is_some_and(|last| names.iter().any(|name| last.ident == name))
}
