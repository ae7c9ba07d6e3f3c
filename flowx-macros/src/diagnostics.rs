//! A list of errors that cannot be forgotten.
//!
//! *Motivation*: every rule reports and none returns early, so that one compile shows all that is
//! wrong with a function.

use proc_macro2::TokenStream;
use quote::ToTokens;

/// All errors of one expansion. Dropped unread, it panics: an error that nobody tells is a macro
/// that silently does nothing.
pub(crate) struct Errors {
    list: Option<Vec<syn::Error>>,
}

impl Default for Errors {
    fn default() -> Self {
        Self { list: Some(Vec::new()) }
    }
}

impl Errors {
    /// Adds an error that underlines these tokens.
    pub(crate) fn at(&mut self, tokens: &impl ToTokens, message: impl std::fmt::Display) {
        self.push(syn::Error::new_spanned(tokens, message));
    }

    /// Adds an error.
    pub(crate) fn push(&mut self, error: syn::Error) {
        self.list.get_or_insert_default().push(error);
    }

    /// Whether there is none so far.
    pub(crate) fn is_empty(&self) -> bool {
        self.list.as_ref().is_none_or(Vec::is_empty)
    }

    /// The errors as the compiler reports them.
    pub(crate) fn into_tokens(mut self) -> TokenStream {
        let list = self.list.take().unwrap_or_default();
        list.iter().map(syn::Error::to_compile_error).collect()
    }

    /// Ends a list that is known to be empty.
    pub(crate) fn nothing_to_tell(mut self) {
        let list = self.list.take().unwrap_or_default();
        assert!(list.is_empty(), "errors are told, not dropped");
    }
}

impl Drop for Errors {
    fn drop(&mut self) {
        if self.list.is_some() && !std::thread::panicking() {
            panic!("a list of errors was dropped unread");
        }
    }
}
