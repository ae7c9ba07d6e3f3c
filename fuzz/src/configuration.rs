//! Variables of any name and value to settings, and settings to a connector.

use arbitrary::{Arbitrary, Result, Unstructured};
use flowx_core::config::Settings;
use flowx_core::config::keys::{HANDLER_PREFIX, KEYS, NATIVE_PREFIX};
use flowx_core::message::decode::Limits;
use flowx_core::{Connector, HandlerError, flowx_handler};

/// Begins a value that no problem may repeat: it could be a password in the wrong place.
const CANARY: &str = "⟨canary⟩";

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Request {
    #[allow(dead_code, reason = "only its shape counts")]
    amount: f64,
}

#[derive(serde::Serialize, schemars::JsonSchema)]
struct Reply {
    amount: f64,
}

/// Something to configure.
#[flowx_handler(topic = "fuzz.trigger.work")]
async fn work(request: Request) -> std::result::Result<Reply, HandlerError> {
    Ok(Reply { amount: request.amount })
}

/// The name of a variable, mostly one that means something.
#[derive(Debug)]
struct Name(String);

impl<'a> Arbitrary<'a> for Name {
    fn arbitrary(bytes: &mut Unstructured<'a>) -> Result<Self> {
        const PARTS: [&str; 6] = ["TOPIC", "REPLY", "CONCURRENCY", "ORDER", "TIMEOUT", "OTHER"];
        Ok(Self(match bytes.int_in_range(0..=9_u8)? {
            0 => bytes.arbitrary()?,
            1 => format!("{NATIVE_PREFIX}{}", bytes.arbitrary::<&str>()?),
            2 => format!("{HANDLER_PREFIX}{}", bytes.arbitrary::<&str>()?),
            3 => {
                format!("{HANDLER_PREFIX}{}_{}", bytes.arbitrary::<&str>()?, bytes.choose(&PARTS)?)
            }
            4 => format!("{HANDLER_PREFIX}WORK_{}", bytes.choose(&PARTS)?),
            kind => {
                let names: Vec<_> = bytes.choose(KEYS)?.names().collect();
                let name = (*bytes.choose(&names)?).to_owned();
                if kind == 5 { name.replace('_', "").to_lowercase() } else { name }
            }
        }))
    }
}

/// Its value, often one that can be read.
#[derive(Debug)]
struct Text(String);

impl<'a> Arbitrary<'a> for Text {
    fn arbitrary(bytes: &mut Unstructured<'a>) -> Result<Self> {
        const WORDS: [&str; 10] = [
            "true",
            "FALSE",
            "key",
            "unordered",
            "plaintext",
            "SSL",
            "engine.receive.*",
            "",
            " ",
            "/a.b",
        ];
        const UNITS: [&str; 6] = ["ms", "s", "min", "h", "days", "years"];
        Ok(Self(match bytes.int_in_range(0..=5_u8)? {
            0 => bytes.arbitrary()?,
            1 => bytes.arbitrary::<u64>()?.to_string(),
            2 => bytes.int_in_range(0..=200_u8)?.to_string(),
            3 => format!("{}{}", bytes.arbitrary::<u16>()?, bytes.choose(&UNITS)?),
            4 => (*bytes.choose(&WORDS)?).to_owned(),
            _ => format!("{CANARY}{}", bytes.arbitrary::<&str>()?),
        }))
    }
}

/// Reads variables; settings keep their bounds, and problems name variables and no values.
pub fn check(data: &[u8]) {
    type Variables = Vec<(Name, Text)>;
    let Ok(mut variables) = Variables::arbitrary(&mut Unstructured::new(data)) else { return };
    variables.retain(|(name, _)| !names_a_file(&name.0));
    let read = || Settings::read(variables.iter().map(|(name, text)| (&*name.0, &*text.0)));
    let outcome = read();
    assert_eq!(outcome, read(), "the same variables give the same settings");
    match outcome {
        Ok(settings) => {
            keeps_its_bounds(&settings);
            // Topics and handlers may not fit; that must be said, at once and with words.
            if let Err(error) = Connector::builder().group("fuzz").settings(settings).build() {
                assert!(!error.problems().is_empty());
                assert!(error.problems().iter().all(|problem| !problem.trim().is_empty()));
            }
        }
        Err(problems) => {
            assert!(!problems.is_empty());
            for problem in problems {
                let names_one = variables.iter().any(|(name, _)| problem.contains(&name.0));
                assert!(names_one || problem.contains(NATIVE_PREFIX), "{problem}");
                let in_a_name = variables.iter().any(|(name, _)| name.0.contains(CANARY));
                assert!(in_a_name || !problem.contains(CANARY), "a value is shown: {problem}");
            }
        }
    }
}

/// Whether a file would be read, which could be any of this machine.
fn names_a_file(name: &str) -> bool {
    let name = name.replace('_', "").to_uppercase();
    name.ends_with("FILE") || name.ends_with("CONFIG")
}

fn keeps_its_bounds(settings: &Settings) {
    assert!(settings.drain < settings.session_timeout);
    assert!((1..=Limits::DEEPEST).contains(&settings.max_depth));
    assert!((1_000..=1_000_000_000).contains(&settings.message_max_bytes));
    assert!((1..=1_000).contains(&settings.retry_attempts));
    assert!((1..=1_000_000).contains(&settings.concurrency));
    assert_eq!(settings.security_protocol, "PLAINTEXT", "this build has no TLS");
    for time in [
        settings.handler_timeout,
        settings.retry_delay,
        settings.retry_longest_delay,
        settings.retry_budget,
        settings.drain,
    ] {
        assert!(!time.is_zero());
    }
    for family in [&settings.naming.engine_receive, &settings.naming.integration_receive] {
        assert!(family.ends_with('.'), "{family:?}");
    }
}
