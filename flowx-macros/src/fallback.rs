//! A handler that is wrong: the item survives beside its errors, so that its callers and the editor
//! do not report what follows from that.

use proc_macro2::TokenStream;
use quote::quote;

use crate::args::Args;
use crate::diagnostics::Errors;
use crate::expand;
use crate::rules::Sound;
use crate::signature::HandlerFn;

/// The item beside its errors.
pub(crate) fn without_handler(item: &TokenStream, errors: Errors) -> TokenStream {
    let errors = errors.into_tokens();
    quote!(#item #errors)
}

/// The item beside its errors; what is sound of its types is shown to the compiler all the same,
/// which then reports the rest of the mistakes at once. Nothing is registered.
pub(crate) fn with_types(
    item: &TokenStream,
    args: &Args,
    function: &HandlerFn,
    sound: &Sound<'_>,
    errors: Errors,
) -> TokenStream {
    let given_back = without_handler(item, errors);
    if sound.output.is_none() && sound.parameters.iter().all(Option::is_none) {
        // An `impl` block takes no unnamed constant; a second error would say so.
        return given_back;
    }
    let krate = &args.krate;
    let bind = expand::bind(args, function, sound);
    quote! {
        #given_back
        const _: fn(&mut #krate::__private::Binder<'_>) = {
            #bind
            __flowx_bind
        };
    }
}
