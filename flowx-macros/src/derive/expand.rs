//! A sound error type to its implementation and its entry in the link-time table.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::DeriveInput;
use syn::spanned::Spanned;

use super::model::{Kind, Model, Variant};
use crate::docs;

/// The implementation of `FlowxError`.
pub(crate) fn implementation(model: &Model<'_>) -> TokenStream {
    let (name, krate) = (model.name, &model.krate);
    let arms = model.variants.iter().enumerate().map(|(index, variant)| arm(model, index, variant));
    let codes =
        model.variants.iter().enumerate().map(|(index, variant)| code(model, index, variant));
    let forwards =
        model.variants.iter().enumerate().filter_map(|(index, v)| forward(model, index, v));
    let hooks = Local::Hooks.ident();
    let error = quote_spanned!(name.span()=> #krate::__private::error::<#name>());
    quote! {
        const _: () = {
            #(#forwards)*
            #[automatically_derived]
            impl #krate::__private::FlowxError for #name {
                fn failure(self) -> #krate::__private::Failure {
                    let #hooks = #error;
                    match self { #(#arms)* }
                }
                fn codes(__flowx_codes: &mut #krate::__private::Codes) {
                    #(#codes)*
                }
                fn __derived(_: #krate::__private::Sealed) {}
            }
            #krate::__private::inventory::submit! {
                #krate::__private::Classifier::of::<#name>()
            }
        };
    }
}

/// An implementation that only keeps the compiler from reporting that there is none.
pub(crate) fn hollow(input: &DeriveInput, model: &Model<'_>) -> TokenStream {
    let (name, krate) = (model.name, &model.krate);
    if input
        .generics
        .params
        .iter()
        .any(|p| !matches!(p, syn::GenericParam::Type(_) | syn::GenericParam::Const(_)))
    {
        // With a lifetime the type is not `'static`, and the implementation would be one more error.
        return TokenStream::new();
    }
    let types = input.generics.type_params().map(|parameter| &parameter.ident);
    let (parameters, arguments, bounds) = input.generics.split_for_impl();
    let bounds = bounds.map(|bounds| &bounds.predicates);
    quote! {
        const _: () = {
            #[automatically_derived]
            impl #parameters #krate::__private::FlowxError for #name #arguments
            where #(#types: ::core::marker::Send + 'static,)* #bounds
            {
                fn failure(self) -> #krate::__private::Failure { loop {} }
                fn codes(_: &mut #krate::__private::Codes) {}
                fn __derived(_: #krate::__private::Sealed) {}
            }
        };
    }
}

/// What becomes of one variant.
fn arm(model: &Model<'_>, index: usize, variant: &Variant<'_>) -> TokenStream {
    let krate = &model.krate;
    let (hooks, value) = (Local::Hooks.ident(), Local::Value.ident());
    let pattern = match variant.name {
        Some(name) => quote!(Self::#name),
        None => quote!(Self),
    };
    match &variant.kind {
        Kind::Refuse(code) => {
            quote!(#value @ #pattern { .. } => #krate::__private::refuse(&#hooks, #code, &#value),)
        }
        Kind::Retry => {
            quote!(#value @ #pattern { .. } => #krate::__private::retry(&#hooks, #value),)
        }
        Kind::Forward(field, _) => {
            let forward = forward_name(index);
            let field = field.map_or_else(|| quote!(0), |field| quote!(#field));
            quote!(#pattern { #field: #value } => #krate::__private::forward_failure(&#forward(), #value),)
        }
    }
}

/// The codes that one variant brings.
fn code(model: &Model<'_>, index: usize, variant: &Variant<'_>) -> TokenStream {
    let krate = &model.krate;
    match &variant.kind {
        Kind::Refuse(code) => {
            let docs = docs::text(variant.attributes);
            quote!(#krate::__private::Codes::add(__flowx_codes, #code, #krate::__private::Docs(#docs));)
        }
        Kind::Retry => TokenStream::new(),
        Kind::Forward(..) => {
            let forward = forward_name(index);
            quote!(#krate::__private::forward_codes(&#forward(), __flowx_codes);)
        }
    }
}

/// States once, at the span of the field's type, that it has a mapping of its own.
fn forward(model: &Model<'_>, index: usize, variant: &Variant<'_>) -> Option<TokenStream> {
    let krate = &model.krate;
    let Kind::Forward(_, ty) = &variant.kind else { return None };
    let name = forward_name(index);
    let body = quote_spanned!(ty.span()=> #krate::__private::forward::<#ty>());
    Some(quote! {
        fn #name() -> #krate::__private::Forward<#ty> { #body }
    })
}

fn forward_name(index: usize) -> Ident {
    format_ident!("__flowx_forward_{index}", span = Span::call_site())
}

enum Local {
    Hooks,
    Value,
}

impl Local {
    fn ident(&self) -> Ident {
        let name = match self {
            Self::Hooks => "__flowx_hooks",
            Self::Value => "__flowx_value",
        };
        Ident::new(name, Span::mixed_site())
    }
}
