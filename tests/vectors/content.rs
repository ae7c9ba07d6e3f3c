//! The content service, whose page shows messages that are almost JSON.

use std::convert::Infallible;

use flowx_core::{State, flowx_handler};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::file::Vector;
use crate::play::{Case, Outcome, Seen, play, typed};

pub(crate) fn case(vector: &Vector) -> Option<Case> {
    (vector.name == "cms-request-content-3x").then(|| {
        let knows = typed::<Content>(&mended(&vector.reply));
        Case::documented(vector, "retrieve_content", knows).expects(Outcome::NotJson)
    })
}

/// The same messages with the commas and the brace that the page forgot.
pub(crate) async fn mended_message_is_answered(vector: &Vector) {
    let (request, reply) = (mended(&vector.request), mended(&vector.reply));
    let case = Case::documented(vector, "retrieve_content", typed::<Content>(&reply));
    play(vector, case.sends(request).expects(Outcome::Reply(reply))).await;
}

fn mended(almost: &Value) -> Value {
    let text = almost.as_str().expect("text that is no JSON");
    assert!(serde_json::from_str::<Value>(text).is_err(), "there is nothing to mend");
    let mut mended = String::new();
    for line in text.lines() {
        if mended.ends_with('"') && line.trim_start().starts_with('"') {
            mended.push(',');
        }
        mended.push_str(line);
    }
    if mended.matches('{').count() > mended.matches('}').count() {
        mended.push('}');
    }
    serde_json::from_str(&mended).unwrap_or_else(|error| panic!("{error}: {mended}"))
}

#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RetrieveContent {
    language: String,
    source_system: String,
    entries: Vec<Wanted>,
}

#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Wanted {
    codes: Vec<String>,
    content_description: Description,
}

#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Description {
    name: String,
    application: String,
    version: u32,
    draft: bool,
}

#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Content {
    entries: Vec<Entry>,
    error: Option<String>,
}

#[derive(Clone, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Entry {
    code: String,
    label: String,
    translated_code: String,
}

/// Retrieves labels of codes.
#[flowx_handler(topic = "plugin.cms.trigger.retrieve.content", error_null = false)]
async fn retrieve_content(
    request: RetrieveContent,
    content: State<Content>,
    seen: State<Seen>,
) -> Result<Content, Infallible> {
    seen.note(&request);
    let wanted = |entry: &&Entry| request.entries.iter().any(|w| w.codes.contains(&entry.code));
    Ok(Content { entries: content.entries.iter().filter(wanted).cloned().collect(), error: None })
}
