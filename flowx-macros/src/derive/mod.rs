//! `#[derive(FlowxError)]` from end to end.

mod expand;
mod fate;
mod model;

use proc_macro2::TokenStream;
use syn::DeriveInput;

use crate::diagnostics::Errors;
use model::Model;

/// The implementation for one error type; beside errors, a hollow one, so that handlers that return
/// the type do not complain as well.
pub(crate) fn expand(item: TokenStream) -> TokenStream {
    let input: DeriveInput = match syn::parse2(item) {
        Ok(input) => input,
        Err(error) => return error.to_compile_error(),
    };
    let mut errors = Errors::default();
    let model = Model::read(&input, &mut errors);
    if errors.is_empty() {
        errors.nothing_to_tell();
        expand::implementation(&model)
    } else {
        let hollow = expand::hollow(&input, &model);
        let errors = errors.into_tokens();
        quote::quote!(#errors #hollow)
    }
}
