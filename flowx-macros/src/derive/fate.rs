//! `#[flowx(…)]` on a variant: what becomes of the message.

use proc_macro2::Ident;
use syn::{Attribute, LitStr, Meta};

use crate::codes;
use crate::diagnostics::Errors;
use crate::keys::{self, Argument, Value};
use crate::paths::CratePath;
use crate::suggest;

/// What becomes of the message when this variant is returned.
pub(crate) enum Fate {
    /// Refused with a code.
    Refuse(LitStr),
    /// Tried again.
    Retry,
    /// The one field decides; the key is kept to be blamed.
    Forward(Ident),
}

/// What all `#[flowx(…)]` of one place say.
#[derive(Default)]
pub(crate) struct Said {
    pub(crate) fate: Option<Fate>,
    pub(crate) krate: Option<CratePath>,
    /// Whether there was any attempt at a fate, legal or not.
    pub(crate) tried: bool,
    /// The keys of fates, to be blamed where they do not belong.
    pub(crate) keys: Vec<Ident>,
}

const EXAMPLE: &str = r#"refuse = "NO_RATE""#;
const FATES: [&str; 3] = ["refuse", "retry", "forward"];

/// Reads the attributes of a variant or of the type itself.
pub(crate) fn read(attributes: &[Attribute], container: bool, errors: &mut Errors) -> Said {
    let mut said = Said::default();
    for attribute in attributes.iter().filter(|attribute| is_ours(attribute)) {
        let Meta::List(list) = &attribute.meta else {
            errors.at(
                attribute,
                format!("write `#[flowx({EXAMPLE})]`, `#[flowx(retry)]` or `#[flowx(forward)]`"),
            );
            said.tried = true;
            continue;
        };
        for argument in keys::parse(list.tokens.clone(), EXAMPLE, errors) {
            said.take(&argument, container, errors);
        }
    }
    said
}

/// Whether an attribute is `#[flowx…]`.
pub(crate) fn is_ours(attribute: &Attribute) -> bool {
    attribute.path().is_ident("flowx")
}

impl Said {
    fn take(&mut self, argument: &Argument, container: bool, errors: &mut Errors) {
        if argument.is("crate") {
            if container {
                self.krate = Some(CratePath::read(argument, errors));
            } else {
                errors.at(&argument.key, "`crate` belongs above the type, not on a variant");
            }
            return;
        }
        let key = argument.key.to_string();
        let Some(known) = FATES.into_iter().find(|fate| argument.is(fate)) else {
            return self.unknown(argument, container, errors);
        };
        self.tried = true;
        if let Some(first) = self.keys.first() {
            let message = if *first == key {
                format!("`{key}` is given twice; keep one")
            } else {
                format!("`{first}` and `{key}` exclude each other; keep one")
            };
            return errors.at(&argument.key, message);
        }
        self.keys.push(argument.key.clone());
        self.fate = fate(known, argument, errors);
    }

    fn unknown(&mut self, argument: &Argument, container: bool, errors: &mut Errors) {
        let key = argument.key.to_string();
        let known: &[&str] =
            if container { &["crate", "refuse", "retry", "forward"] } else { &FATES };
        let meant = suggest::nearest(&key, known);
        self.tried |= meant.is_some_and(|meant| meant != "crate");
        let question = meant.map(|meant| format!("did you mean `{meant}`? ")).unwrap_or_default();
        let there_are = known.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ");
        errors.at(
            &argument.key,
            format!("unknown argument `{key}`; {question}(there are {there_are})"),
        );
    }
}

fn fate(key: &str, argument: &Argument, errors: &mut Errors) -> Option<Fate> {
    match (key, &argument.value) {
        ("refuse", _) => {
            let code = argument.string(EXAMPLE, errors)?;
            codes::check(&code, errors).then_some(Fate::Refuse(code))
        }
        ("retry", Value::Missing) => Some(Fate::Retry),
        ("forward", Value::Missing) => Some(Fate::Forward(argument.key.clone())),
        _ => {
            argument.wrong(format!("`{key}` takes no value; write `#[flowx({key})]`"), errors);
            None
        }
    }
}
