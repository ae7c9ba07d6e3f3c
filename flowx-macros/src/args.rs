//! The attribute's text to arguments, each with the span to blame.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Expr, LitStr};

use crate::diagnostics::Errors;
use crate::keys::{self, Argument, Value};
use crate::paths::CratePath;
use crate::topic::{self, Role};
use crate::{codes, delays, rules, suggest};

/// Arguments that have a default. A new one is a line here, a field of the same name in
/// `flowx_core`'s `Options`, and a sentence in the attribute's documentation.
const OPTIONS: &[(&str, Read)] = &[
    ("refuses", Read::Codes),
    ("error_null", Read::Const { of: "::core::primitive::bool", example: "error_null = false" }),
    ("concurrency", Read::Const { of: "::core::primitive::u32", example: "concurrency = 16" }),
    ("attempts", Read::Const { of: "::core::primitive::u32", example: "attempts = 1" }),
    (
        "timeout",
        Read::Const { of: "::core::time::Duration", example: "timeout = Duration::from_secs(5)" },
    ),
    ("blocking", Read::Const { of: "::core::primitive::bool", example: "blocking = true" }),
    (
        "order",
        Read::Word {
            of: "Order",
            words: &[("key", "Key"), ("partition", "Partition"), ("unordered", "Unordered")],
        },
    ),
    ("retry_topics", Read::Delays),
    ("examples", Read::Examples),
    (
        "framing",
        Read::Word {
            of: "Framing",
            words: &[("schema_registry", "SchemaRegistry"), ("plain", "Plain")],
        },
    ),
];

/// How the value of an option is read.
enum Read {
    /// Codes of refusals, in brackets.
    Codes,
    /// Delays of retry topics, in brackets.
    Delays,
    /// Requests, in brackets.
    Examples,
    /// A constant expression of this type.
    Const { of: &'static str, example: &'static str },
    /// One of these words, each a variant of this type of `flowx_core`.
    Word { of: &'static str, words: &'static [(&'static str, &'static str)] },
}

/// The value of an option, as far as it can be written without knowing where `flowx_core` is.
pub(crate) enum Given {
    Tokens(TokenStream),
    /// Texts, in their order.
    Texts(Vec<LitStr>),
    /// Values that are only made when they are wanted.
    Examples(Vec<Expr>),
    /// A variant of a type in `flowx_core`.
    Variant {
        of: Ident,
        variant: Ident,
    },
}

const EXAMPLE: &str = r#"topic = "plugin.currency.trigger.exchange""#;

/// What the attribute says.
#[derive(Default)]
pub(crate) struct Args {
    pub(crate) topic: Option<LitStr>,
    pub(crate) reply: Option<LitStr>,
    pub(crate) name: Option<LitStr>,
    pub(crate) krate: CratePath,
    /// Options that are given: the field's name and its value.
    pub(crate) options: Vec<(Ident, Given)>,
}

impl Args {
    /// Reads the arguments and checks what can be told from them alone.
    pub(crate) fn parse(tokens: TokenStream, errors: &mut Errors) -> Self {
        let mut args = Self::default();
        let mut seen: Vec<String> = Vec::new();
        let arguments = keys::parse(tokens, EXAMPLE, errors);
        // What could not be read may have been meant as the topic.
        let all_read = errors.is_empty();
        for argument in arguments {
            let key = argument.key.to_string();
            if seen.contains(&key) {
                errors.at(&argument.key, given_twice(&key));
                continue;
            }
            let meant = args.take(&argument, errors);
            seen.extend([key].into_iter().chain(meant.map(str::to_owned)));
        }
        if all_read && !seen.iter().any(|key| key == "topic") {
            let message = "missing `topic`; write `#[flowx_handler(topic = \"…\")]`";
            errors.push(syn::Error::new(Span::call_site(), message));
        }
        args.guard_against_a_loop(errors);
        // One that could not be read may have been meant as the right one.
        if args.option("order").is_some() || !seen.iter().any(|key| key == "order") {
            rules::check_retry_topics(&args, errors);
        }
        args
    }

    /// An option that was given: its key as written, and its value.
    pub(crate) fn option(&self, key: &str) -> Option<(&Ident, &Given)> {
        let found = self.options.iter().find(|(given, _)| given.unraw() == key);
        found.map(|(key, value)| (key, value))
    }

    /// Takes one argument. Returns the key that a misspelled one stands for.
    fn take(&mut self, argument: &Argument, errors: &mut Errors) -> Option<&'static str> {
        if argument.is("topic") {
            let literal = argument.string(EXAMPLE, errors)?;
            self.topic = valid_topic(literal, Role::Topic, errors);
        } else if argument.is("reply") {
            let example = r#"reply = "engine.receive.currency.results""#;
            let literal = argument.string(example, errors)?;
            self.reply = valid_topic(literal, Role::Reply, errors);
        } else if argument.is("name") {
            let literal = argument.string(r#"name = "exchange""#, errors)?;
            self.name = valid_name(literal, errors);
        } else if argument.is("crate") {
            self.krate = CratePath::read(argument, errors);
        } else if let Some((_, read)) = OPTIONS.iter().find(|(key, _)| argument.is(key)) {
            let value = read.value(argument, errors)?;
            self.options.push((argument.key.clone(), value));
        } else {
            return unknown(argument, errors);
        }
        None
    }

    /// What goes out by `reply` must not come in again by `topic`.
    fn guard_against_a_loop(&self, errors: &mut Errors) {
        if let (Some(topic), Some(reply)) = (&self.topic, &self.reply) {
            let (from, to) = (topic.value(), reply.value());
            let delays = match self.option("retry_topics") {
                Some((_, Given::Texts(delays))) => delays.iter().map(LitStr::value).collect(),
                _ => Vec::new(),
            };
            if topic::comes_back(&from, &to, &delays) {
                errors.at(
                    reply,
                    format!("replies to `{to}` would come back to this handler, whose topic is `{from}`; reply to a topic that it does not read"),
                );
            }
        }
    }
}

impl Read {
    fn value(&self, argument: &Argument, errors: &mut Errors) -> Option<Given> {
        match self {
            Self::Codes => codes::list(argument, errors).map(Given::Tokens),
            Self::Delays => delays::list(argument, errors).map(Given::Texts),
            Self::Examples => examples(argument, errors).map(Given::Examples),
            Self::Word { of, words } => word(of, words, argument, errors),
            Self::Const { of, example } => {
                let key = &argument.key;
                let Value::Expr(expr) = &argument.value else {
                    argument
                        .wrong(format!("`{key}` takes a value, for example `{example}`"), errors);
                    return None;
                };
                let of: TokenStream = of.parse().ok()?;
                // A constant of its own gives a wrong type one plain error, at the value.
                Some(Given::Tokens(
                    quote_spanned!(expr.span()=> { const __FLOWX_VALUE: #of = #expr; __FLOWX_VALUE }),
                ))
            }
        }
    }
}

impl ToTokens for Args {
    /// The options as a literal of `Options`.
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let krate = &self.krate;
        let given = self.options.iter().map(|(key, value)| {
            let value = match value {
                Given::Tokens(tokens) => tokens.clone(),
                Given::Texts(texts) => quote!(&[#(#texts),*]),
                Given::Examples(examples) => {
                    let made = examples.iter().map(|example| {
                        quote_spanned!(example.span()=> #krate::__private::Examples::one(&#example))
                    });
                    quote!(#krate::__private::Examples(|| <[_]>::into_vec(
                        ::std::boxed::Box::new([#(#made),*])
                    )))
                }
                Given::Variant { of, variant } => quote!(#krate::__private::#of::#variant),
            };
            quote!(#key: ::core::option::Option::Some(#value),)
        });
        tokens.extend(quote! {
            #krate::__private::Options { #(#given)* ..#krate::__private::Options::DEFAULT }
        });
    }
}

/// `examples = [json!({ … }), …]`: any expressions; what they are is for the compiler and the start.
fn examples(argument: &Argument, errors: &mut Errors) -> Option<Vec<Expr>> {
    let Some(array) = argument.array().filter(|array| !array.elems.is_empty()) else {
        argument.wrong(
            "`examples` takes a list of requests, for example `examples = [json!({ \"amount\": 10.0 })]`"
                .to_owned(),
            errors,
        );
        return None;
    };
    Some(array.elems.iter().cloned().collect())
}

/// The variant that a word stands for.
fn word(
    of: &str,
    words: &[(&str, &str)],
    argument: &Argument,
    errors: &mut Errors,
) -> Option<Given> {
    let written = match &argument.value {
        Value::Expr(expr) => path_of(expr).and_then(syn::Path::get_ident),
        Value::Missing | Value::Wrong(_) => None,
    };
    let known = written.and_then(|ident| words.iter().find(|(word, _)| ident == word));
    let (Some(ident), Some((_, variant))) = (written, known) else {
        let all: Vec<String> = words.iter().map(|(word, _)| format!("`{word}`")).collect();
        let (last, others) = all.split_last()?;
        let (key, first) = (&argument.key, words.first()?.0);
        let others = others.join(", ");
        argument.wrong(
            format!("`{key}` takes {others} or {last}, for example `{key} = {first}`"),
            errors,
        );
        return None;
    };
    Some(Given::Variant {
        of: Ident::new(of, Span::call_site()),
        variant: Ident::new(variant, ident.span()),
    })
}

fn valid_topic(literal: LitStr, role: Role, errors: &mut Errors) -> Option<LitStr> {
    match topic::check(&literal.value(), role) {
        Ok(()) => Some(literal),
        Err(message) => {
            errors.at(&literal, message);
            None
        }
    }
}

fn valid_name(literal: LitStr, errors: &mut Errors) -> Option<LitStr> {
    let name = literal.value();
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    if !name.is_empty() && name.chars().all(legal) {
        return Some(literal);
    }
    errors.at(
        &literal,
        "a handler's name has letters, digits, `.`, `_` and `-`, as in `name = \"exchange\"`",
    );
    None
}

fn given_twice(key: &str) -> String {
    match key {
        "topic" => "`topic` is given twice; a handler has one topic or one pattern".to_owned(),
        _ => format!("`{key}` is given twice; keep one"),
    }
}

fn unknown(argument: &Argument, errors: &mut Errors) -> Option<&'static str> {
    let known: Vec<&str> = ["topic", "reply", "name", "crate"]
        .into_iter()
        .chain(OPTIONS.iter().map(|(key, _)| *key))
        .collect();
    let key = argument.key.to_string();
    let meant = suggest::nearest(&key, &known);
    let there_are = known.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ");
    let question = meant.map(|key| format!("did you mean `{key}`? ")).unwrap_or_default();
    errors
        .at(&argument.key, format!("unknown argument `{key}`; {question}(there are {there_are})"));
    meant
}

/// Whether an expression is a path, also inside the invisible group of a `macro_rules`.
pub(crate) fn path_of(expr: &Expr) -> Option<&syn::Path> {
    match expr {
        Expr::Path(path) if path.qself.is_none() => Some(&path.path),
        Expr::Group(group) => path_of(&group.expr),
        _ => None,
    }
}
