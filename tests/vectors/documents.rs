//! The documents plugin: generate, delete, split, convert, get URLs.

use std::collections::BTreeMap;

use flowx_core::{HandlerError, State, flowx_handler};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::file::Vector;
use crate::play::{Case, Seen, typed};

pub(crate) fn case(vector: &Vector) -> Option<Case> {
    let reply = &vector.reply;
    Some(match vector.name.as_str() {
        "document-generate-html" | "document-generate-html-resolved" => {
            Case::documented(vector, "generate_html", typed::<Generated>(reply))
        }
        "file-delete" => Case::documented(vector, "delete_file", typed::<Deleted<String>>(reply)),
        "document-split" => Case::documented(vector, "split_document", typed::<Split>(reply)),
        // The pages of 2.13 show answers only: the request names what the answer repeats.
        "document-convert-2.13" => {
            Case::documented(vector, "convert_2_13", typed::<StoredFile<u64>>(reply))
                .sends(json!({ "customId": "1234_727705", "fileId": 4152 }))
        }
        "file-delete-2.13" => {
            Case::documented(vector, "delete_file_2_13", typed::<Deleted<u64>>(reply))
                .sends(json!({ "customId": "1234_763417", "fileId": 4747 }))
        }
        "document-get-urls-2.13" => {
            Case::documented(vector, "get_urls_2_13", typed::<Vec<FileUrl>>(reply))
                .sends(json!({ "fileNames": ["1234_771853"] }))
        }
        _ => return None,
    })
}

fn not_documented(what: &str) -> HandlerError {
    HandlerError::refuse("NOT_DOCUMENTED", format!("the documented reply has no {what}"))
}

#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct GenerateHtml {
    document_list: Vec<Template>,
}

#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Template {
    custom_id: String,
    template_name: String,
    language: String,
    data: Map<String, Value>,
    include_barcode: bool,
}

/// Files by custom id, then by template.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Generated {
    generated_files: BTreeMap<String, BTreeMap<String, StoredFile<String>>>,
    error: Option<String>,
}

/// A file in the document store; its id was a number up to 2.x and is a UUID since.
#[derive(Clone, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct StoredFile<Id> {
    custom_id: String,
    file_id: Id,
    document_type: String,
    document_label: Option<String>,
    minio_path: String,
    download_path: String,
    no_of_pages: Option<usize>,
    error: Option<String>,
}

/// Generates documents from HTML templates.
#[flowx_handler(topic = "plugin.document.trigger.generate.html", error_null = false)]
async fn generate_html(
    request: GenerateHtml,
    documented: State<Generated>,
    seen: State<Seen>,
) -> Result<Generated, HandlerError> {
    seen.note(&request);
    let mut generated_files = BTreeMap::<_, BTreeMap<_, _>>::new();
    for Template { custom_id, template_name, .. } in request.document_list {
        let files = documented.generated_files.get(&custom_id);
        let file = files.and_then(|files| files.get(&template_name)).cloned();
        let file = file.ok_or_else(|| not_documented(&template_name))?;
        generated_files.entry(custom_id).or_default().insert(template_name, file);
    }
    Ok(Generated { generated_files, error: None })
}

/// A file, named twice over.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct FileNamed<Id> {
    custom_id: String,
    file_id: Id,
}

#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Deleted<Id> {
    custom_id: String,
    file_id: Id,
    document_type: Option<String>,
    error: Option<String>,
}

impl<Id> Deleted<Id> {
    fn of(file: FileNamed<Id>, documented: &Self) -> Self {
        let FileNamed { custom_id, file_id } = file;
        let document_type = documented.document_type.clone();
        Self { custom_id, file_id, document_type, error: None }
    }
}

/// Deletes a file.
#[flowx_handler(topic = "plugin.document.trigger.delete.file", error_null = false)]
async fn delete_file(
    request: FileNamed<String>,
    documented: State<Deleted<String>>,
    seen: State<Seen>,
) -> Result<Deleted<String>, HandlerError> {
    seen.note(&request);
    Ok(Deleted::of(request, &documented))
}

/// Deletes a file, as in 2.13.
#[flowx_handler(
    topic = "/ai.flowx.in.qa.document.delete.file.v1",
    reply = "/ai.flowx.updates.document.delete.file.v1",
    error_null = false
)]
async fn delete_file_2_13(
    request: FileNamed<u64>,
    documented: State<Deleted<u64>>,
    seen: State<Seen>,
) -> Result<Deleted<u64>, HandlerError> {
    seen.note(&request);
    Ok(Deleted::of(request, &documented))
}

#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SplitDocument {
    parts: Vec<Part>,
    file_id: String,
}

#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Part {
    document_type: String,
    custom_id: String,
    pages_no: Vec<u32>,
    should_override: bool,
}

#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Split {
    docs: Vec<StoredFile<String>>,
    error: Option<String>,
}

/// Splits a document into parts.
#[flowx_handler(topic = "plugin.document.trigger.split.document", error_null = false)]
async fn split_document(
    request: SplitDocument,
    documented: State<Split>,
    seen: State<Seen>,
) -> Result<Split, HandlerError> {
    seen.note(&request);
    let of_part = |part: Part| {
        let stored = documented.docs.iter().find(|file| file.custom_id == part.custom_id);
        let stored = stored.cloned().ok_or_else(|| not_documented(&part.custom_id))?;
        let no_of_pages = Some(part.pages_no.len());
        Ok(StoredFile { document_type: part.document_type, no_of_pages, ..stored })
    };
    let docs = request.parts.into_iter().map(of_part).collect::<Result<_, HandlerError>>()?;
    Ok(Split { docs, error: None })
}

/// Converts a document to another format, as in 2.13.
#[flowx_handler(
    topic = "/ai.flowx.in.qa.document.convert.v1",
    reply = "/ai.flowx.updates.qa.document.convert.v1",
    error_null = false
)]
async fn convert_2_13(
    request: FileNamed<u64>,
    documented: State<StoredFile<u64>>,
    seen: State<Seen>,
) -> Result<StoredFile<u64>, HandlerError> {
    seen.note(&request);
    let FileNamed { custom_id, file_id } = request;
    Ok(StoredFile { custom_id, file_id, ..(*documented).clone() })
}

#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct FilesNamed {
    file_names: Vec<String>,
}

#[derive(Clone, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct FileUrl {
    success: bool,
    full_name: String,
    file_name: String,
    file_extension: String,
    url: String,
}

/// Gets URLs of files, as in 2.13: the one documented answer that is an array.
#[flowx_handler(
    topic = "/ai.flowx.in.qa.document.urls.v1",
    reply = "/ai.flowx.updates.qa.document.urls.v1"
)]
async fn get_urls_2_13(
    request: FilesNamed,
    documented: State<Vec<FileUrl>>,
    seen: State<Seen>,
) -> Result<Vec<FileUrl>, HandlerError> {
    seen.note(&request);
    let wanted = |file: &&FileUrl| request.file_names.contains(&file.file_name);
    Ok(documented.iter().filter(wanted).cloned().collect())
}
