//! The macros over tokens that nobody would write: an error in words, or an expansion, never a panic.

use std::iter;
use std::panic::{AssertUnwindSafe, catch_unwind};

use proc_macro2::{Delimiter, Group, Ident, Literal, Punct, Spacing, Span, TokenStream, TokenTree};
use quote::quote;

use crate::{derive, handler};

/// Streams of the ordinary test run; `FLOWX_MACRO_STREAMS` says another number.
const STREAMS: u64 = 3_000;

/// What the macros look for, and what comes near it.
const WORDS: [&str; 44] = [
    "topic",
    "reply",
    "name",
    "order",
    "key",
    "unordered",
    "partition",
    "attempts",
    "timeout",
    "concurrency",
    "retry_topics",
    "examples",
    "blocking",
    "refuses",
    "error_null",
    "crate",
    "true",
    "false",
    "async",
    "fn",
    "pub",
    "unsafe",
    "extern",
    "const",
    "self",
    "Self",
    "impl",
    "dyn",
    "where",
    "enum",
    "struct",
    "union",
    "flowx",
    "refuse",
    "retry",
    "forward",
    "error",
    "source",
    "Result",
    "HandlerError",
    "State",
    "Option",
    "r#fn",
    "ß",
];

const TEXTS: [&str; 14] = [
    "",
    "*",
    "a.*.b",
    "/abs",
    "credit.check",
    "engine.receive.x",
    "30s",
    "5m",
    "0s",
    "99999999999h",
    "LIMIT",
    "not-a-code",
    "\u{202e}",
    "ä.dlq",
];

const PUNCTUATION: [char; 15] =
    ['=', ',', '#', '!', ':', ';', '&', '<', '>', '-', '+', '.', '?', '|', '\''];

/// A small generator: the same seed gives the same stream.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound as u64).expect("it is below a usize")
    }

    fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    /// Anything at all.
    fn stream(&mut self, depth: usize) -> TokenStream {
        let length = self.below(8);
        iter::repeat_with(|| self.token(depth)).take(length).collect()
    }

    fn token(&mut self, depth: usize) -> TokenTree {
        match self.below(if depth == 0 { 8 } else { 11 }) {
            0..=3 => self.word().into(),
            4 | 5 => {
                let mark = self.one(&PUNCTUATION);
                // A lone apostrophe is no token.
                let joint = mark == '\'' || self.below(2) == 0;
                Punct::new(mark, if joint { Spacing::Joint } else { Spacing::Alone }).into()
            }
            6 => Literal::string(self.one(&TEXTS)).into(),
            7 => match self.below(4) {
                0 => Literal::u64_unsuffixed(self.next()).into(),
                1 => Literal::i64_suffixed(i64::MIN).into(),
                2 => Literal::byte_string(b"\xff").into(),
                _ => Literal::f64_unsuffixed(0.5).into(),
            },
            _ => {
                let around =
                    [Delimiter::Parenthesis, Delimiter::Brace, Delimiter::Bracket, Delimiter::None];
                Group::new(self.one(&around), self.stream(depth - 1)).into()
            }
        }
    }

    fn word(&mut self) -> Ident {
        let word = self.one(&WORDS);
        match word.strip_prefix("r#") {
            Some(raw) => Ident::new_raw(raw, Span::call_site()),
            None => Ident::new(word, Span::call_site()),
        }
    }

    /// Something right with some of its tokens gone, doubled or exchanged for others.
    fn bent(&mut self, stream: TokenStream, odds: usize) -> TokenStream {
        let mut bent = Vec::new();
        for token in stream {
            match self.below(odds) {
                0 => {}
                1 => bent.extend([token.clone(), token]),
                2 => bent.push(self.token(2)),
                _ => match token {
                    TokenTree::Group(group) => {
                        let inner = self.bent(group.stream(), odds);
                        bent.push(Group::new(group.delimiter(), inner).into());
                    }
                    token => bent.push(token),
                },
            }
        }
        bent.into_iter().collect()
    }
}

fn arguments() -> TokenStream {
    quote! {
        topic = "credit.check", reply = "engine.receive.credit", name = "check", order = unordered,
        attempts = 3, timeout = "30s", concurrency = 8, retry_topics = ["30s", "5m"], refuses = ["LIMIT"],
        examples = [Order { lines: 1 }], blocking = true, error_null = false, crate = ::flowx
    }
}

fn function() -> TokenStream {
    quote! {
        /// Checks.
        #[cfg(all())]
        pub async fn check(order: Order, rates: State<Rates>) -> Result<Reply, HandlerError> {
            Ok(rates.of(&order).await?)
        }
    }
}

fn errors() -> TokenStream {
    quote! {
        #[flowx(crate = ::flowx)]
        pub enum CheckError {
            /// Over.
            #[flowx(refuse = "LIMIT")]
            Limit { lines: u32 },
            #[flowx(retry)]
            Silent,
            #[flowx(forward)]
            Inner(#[source] Inner),
        }
    }
}

#[test]
fn no_tokens_make_a_macro_panic() {
    let streams = std::env::var("FLOWX_MACRO_STREAMS").ok();
    let streams = streams.map_or(STREAMS, |number| number.parse().expect("a number"));
    let (mut expanded, mut refused) = (0, 0);
    for seed in 0..streams {
        let mut random = Random(seed);
        // From nearly right to anything at all.
        let odds = random.one(&[6, 20, 60, 200]);
        let (args, item, errors) = match seed % 4 {
            0 => (random.stream(3), random.stream(4), random.stream(4)),
            1 => (random.bent(arguments(), odds), function(), random.bent(errors(), odds)),
            2 => (arguments(), random.bent(function(), odds), random.bent(errors(), odds)),
            _ => {
                let (args, item) = (random.bent(arguments(), odds), random.bent(function(), odds));
                (args, item, random.bent(errors(), odds))
            }
        };
        let said = catch_unwind(AssertUnwindSafe(|| {
            [handler::expand(args.clone(), &item), derive::expand(errors.clone())]
        }));
        let Ok(said) = said else {
            panic!("seed {seed}: a macro panicked at\n#[flowx_handler({args})] {item}\n{errors}");
        };
        for said in said {
            match said.to_string().contains("compile_error") {
                true => refused += 1,
                false => expanded += 1,
            }
        }
    }
    assert!(refused > streams / 4 && expanded > streams / 20, "{refused} refused, {expanded} not");
}
