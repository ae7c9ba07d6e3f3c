//! A sound handler to what the compiler gets: the function as it stands, and one unnamed constant.
//!
//! The constant only names things and calls functions of `flowx_core`; what happens in them is
//! ordinary Rust. Functions are called by path, never as methods, because the user's scope may hold
//! traits with any method.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{LitStr, Type};

use crate::args::Args;
use crate::docs;
use crate::paths::CratePath;
use crate::rules::{Sound, is_named_like_an_extractor};
use crate::signature::HandlerFn;

/// The whole expansion.
pub(crate) fn handler(
    item: &TokenStream,
    args: &Args,
    topic: &LitStr,
    function: &HandlerFn,
    sound: &Sound<'_>,
) -> TokenStream {
    let bind = bind(args, function, sound);
    let entry = entry(args, topic, function);
    quote! {
        #item
        const _: () = {
            #bind
            #entry
        };
    }
}

/// The function that states every bound once, at the span of its type.
pub(crate) fn bind(args: &Args, function: &HandlerFn, sound: &Sound<'_>) -> TokenStream {
    let krate = &args.krate;
    let binder = local("binder");
    let parameters = bindings(krate, sound);
    let returns = local("returns");
    let result = sound.output.map(|ty| {
        let private = quote_spanned!(ty.span()=> #krate::__private);
        quote_spanned!(ty.span()=> let #returns = #private::result::<#ty>(#binder);)
    });
    let serve = sound.callable.then(|| serve(args, function, sound.parameters.len()));
    quote! {
        fn __flowx_bind(#binder: &mut #krate::__private::Binder<'_>) {
            #(#parameters)*
            #result
            #serve
        }
    }
}

/// How the handler is started once everything it needs is bound.
fn serve(args: &Args, function: &HandlerFn, parameters: usize) -> TokenStream {
    let krate = &args.krate;
    let name = function.name();
    let (binder, returns, call) = (local("binder"), local("returns"), local("call"));
    let slots: Vec<Ident> = (0..parameters).map(slot).collect();
    let values: Vec<Ident> = slots.iter().chain([&returns]).cloned().collect();
    // At the function's name: that is where the compiler says that its future is not `Send`.
    let run = quote_spanned! {name.span()=>
        #krate::__private::run(&#returns, #name(#(#slots),*))
    };
    quote! {
        let (#(::core::option::Option::Some(#values),)*) = (#(#values,)*) else { return };
        #krate::__private::serve(#binder, move |#call| {
            #(let #slots = #krate::__private::take(&#slots, #call)?;)*
            ::core::result::Result::Ok(#run)
        });
    }
}

/// The constant data that is gathered at link time.
fn entry(args: &Args, topic: &LitStr, function: &HandlerFn) -> TokenStream {
    let krate = &args.krate;
    let plain_name = function.plain_name();
    let name = args.name.clone().unwrap_or_else(|| LitStr::new(&plain_name, Span::call_site()));
    let reply = match &args.reply {
        Some(reply) => quote!(::core::option::Option::Some(#reply)),
        None => quote!(::core::option::Option::None),
    };
    let docs = docs::text(&function.attributes);
    quote! {
        #krate::__private::inventory::submit! {
            #krate::__private::HandlerEntry {
                name: #name,
                topic: #topic,
                reply: #reply,
                docs: #krate::__private::Docs(#docs),
                site: #krate::__private::Site {
                    file: ::core::file!(),
                    line: ::core::line!(),
                    module: ::core::module_path!(),
                    function: #plain_name,
                    package: ::core::env!("CARGO_PKG_NAME"),
                    version: ::core::env!("CARGO_PKG_VERSION"),
                    binary: ::core::option_env!("CARGO_BIN_NAME"),
                },
                options: #args,
                bind: __flowx_bind,
            }
        }
    }
}

/// One slot for each parameter that is sound.
fn bindings(krate: &CratePath, sound: &Sound<'_>) -> Vec<TokenStream> {
    let binder = local("binder");
    let bind = |slots: TokenStream, ty: &Type, function: &str, types: TokenStream| {
        let function = format_ident!("{function}", span = Span::call_site());
        let call = quote_spanned!(ty.span()=> #krate::__private::#function::<#types>);
        quote_spanned!(ty.span()=> let #slots = #call(#binder);)
    };
    let sound = sound.parameters.iter().enumerate();
    let mut rest: Vec<(usize, &Type)> = sound.filter_map(|(at, ty)| Some((at, (*ty)?))).collect();
    let mut lets = Vec::new();
    if let Some((0, first)) = rest.first().copied() {
        rest.remove(0);
        let slot_0 = slot(0);
        let other = rest.iter().position(|(_, ty)| !is_named_like_an_extractor(ty));
        lets.push(match other.filter(|_| is_named_like_an_extractor(first)) {
            Some(other) => {
                let (at, ty) = rest.remove(other);
                let slot_at = slot(at);
                bind(quote!((#slot_0, #slot_at)), first, "request_and_param", quote!(#first, #ty))
            }
            None if is_named_like_an_extractor(first) => {
                bind(quote!(#slot_0), first, "request_not_extractor", quote!(#first))
            }
            None => bind(quote!(#slot_0), first, "request", quote!(#first)),
        });
    }
    lets.extend(rest.into_iter().map(|(at, ty)| {
        let slot = slot(at);
        bind(quote!(#slot), ty, "param", quote!(#ty))
    }));
    lets
}

fn slot(index: usize) -> Ident {
    format_ident!("__flowx_{index}", span = Span::mixed_site())
}

/// A local that neither sees nor hides a name of the user's.
fn local(name: &str) -> Ident {
    format_ident!("__flowx_{name}", span = Span::mixed_site())
}
