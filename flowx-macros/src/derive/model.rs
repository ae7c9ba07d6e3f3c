//! A derived error type as the rules see it: its variants, each with its fate.

use proc_macro2::Ident;
use quote::ToTokens;
use syn::{Attribute, Data, DeriveInput, Fields, GenericParam, LitStr, Type};

use super::fate::{self, Fate, Said, is_ours};
use crate::diagnostics::Errors;
use crate::paths::CratePath;

/// A derived error type.
pub(crate) struct Model<'d> {
    pub(crate) name: &'d Ident,
    pub(crate) krate: CratePath,
    pub(crate) variants: Vec<Variant<'d>>,
}

/// A variant, or a struct as its own only one.
pub(crate) struct Variant<'d> {
    /// `None` for a struct.
    pub(crate) name: Option<&'d Ident>,
    pub(crate) attributes: &'d [Attribute],
    pub(crate) kind: Kind<'d>,
}

/// What becomes of the message.
pub(crate) enum Kind<'d> {
    Refuse(LitStr),
    Retry,
    /// The field decides: its name, `None` in a tuple, and its type.
    Forward(Option<&'d Ident>, &'d Type),
}

impl<'d> Model<'d> {
    /// Reads a type and applies every rule to it.
    pub(crate) fn read(input: &'d DeriveInput, errors: &mut Errors) -> Self {
        refuse_generics(input, errors);
        let said = fate::read(&input.attrs, true, errors);
        let variants = match &input.data {
            Data::Enum(data) => {
                for key in &said.keys {
                    errors.at(key, format!("`{key}` belongs on a variant: each says for itself what becomes of the message"));
                }
                let each = data.variants.iter().filter_map(|variant| {
                    let said = fate::read(&variant.attrs, false, errors);
                    read_variant(
                        &variant.ident,
                        Some(&variant.ident),
                        &variant.attrs,
                        &variant.fields,
                        &said,
                        errors,
                    )
                });
                each.collect()
            }
            Data::Struct(data) => {
                let only =
                    read_variant(&input.ident, None, &input.attrs, &data.fields, &said, errors);
                only.into_iter().collect()
            }
            Data::Union(data) => {
                errors.at(
                    &data.union_token,
                    "`FlowxError` can be derived for an enum or a struct, not for a union",
                );
                Vec::new()
            }
        };
        refuse_repeated_codes(&variants, errors);
        Self { name: &input.ident, krate: said.krate.unwrap_or_default(), variants }
    }
}

fn read_variant<'d>(
    blamed: &Ident,
    name: Option<&'d Ident>,
    attributes: &'d [Attribute],
    fields: &'d Fields,
    said: &Said,
    errors: &mut Errors,
) -> Option<Variant<'d>> {
    let mut on_field = false;
    for attribute in fields.iter().flat_map(|field| &field.attrs).filter(|each| is_ours(each)) {
        on_field = true;
        errors.at(attribute, "`#[flowx]` belongs on the variant, not on a field");
    }
    let kind = match &said.fate {
        Some(Fate::Refuse(code)) => Kind::Refuse(code.clone()),
        Some(Fate::Retry) => Kind::Retry,
        Some(Fate::Forward(key)) => match only(fields) {
            Some(field) => Kind::Forward(field.ident.as_ref(), &field.ty),
            None => {
                let count = fields.len();
                errors.at(key, format!("`forward` needs exactly one field, whose own mapping decides; `{blamed}` has {count}"));
                return None;
            }
        },
        None => {
            if !said.tried && !on_field {
                errors.at(blamed, format!("`{blamed}` does not say what becomes of the message; add `#[flowx(refuse = \"CODE\")]` or `#[flowx(retry)]`"));
            }
            return None;
        }
    };
    Some(Variant { name, attributes, kind })
}

fn only(fields: &Fields) -> Option<&syn::Field> {
    let mut all = fields.iter();
    all.next().filter(|_| all.next().is_none())
}

fn refuse_generics(input: &DeriveInput, errors: &mut Errors) {
    if let Some(first) = input.generics.params.first() {
        let parameter = match first {
            GenericParam::Type(parameter) => parameter.ident.to_token_stream(),
            GenericParam::Lifetime(parameter) => parameter.lifetime.to_token_stream(),
            GenericParam::Const(parameter) => parameter.ident.to_token_stream(),
        };
        errors.at(&parameter, format!("a flowx error cannot be generic: its mapping is gathered at link time, when `{parameter}` has no value; write the concrete type"));
    }
}

fn refuse_repeated_codes(variants: &[Variant<'_>], errors: &mut Errors) {
    let mut seen: Vec<(String, &Variant<'_>)> = Vec::new();
    for variant in variants {
        let Kind::Refuse(code) = &variant.kind else { continue };
        let text = code.value();
        match seen.iter().find(|(known, _)| *known == text) {
            Some((_, first)) => {
                let first = first.name.map(ToString::to_string).unwrap_or_default();
                errors.at(code, format!("`{text}` already stands for `{first}`; a code has one meaning: choose another"));
            }
            None => seen.push((text, variant)),
        }
    }
}
