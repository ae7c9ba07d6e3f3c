//! `GET metrics`, one of them, and all of them for Prometheus.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use prometheus::TEXT_FORMAT;
use prometheus::proto::{Metric, MetricFamily, MetricType};
use serde_json::{Value, json};

use super::super::answer::refused;
use super::{Actuator, spring};
use crate::runtime::metrics::FAMILIES;

/// The names of all there are.
pub(super) async fn names() -> Response {
    let names: BTreeSet<&str> = FAMILIES.iter().map(|family| family.name).collect();
    spring(StatusCode::OK, json!({ "names": names }))
}

/// The text that Prometheus reads.
pub(super) async fn prometheus(State(actuator): State<Arc<Actuator>>) -> Response {
    ([(CONTENT_TYPE, TEXT_FORMAT)], actuator.status.prometheus()).into_response()
}

/// One of them: the sum of what has all the tags that were asked for.
pub(super) async fn one(
    State(actuator): State<Arc<Actuator>>,
    Path(name): Path<String>,
    Query(query): Query<Vec<(String, String)>>,
) -> Response {
    let Some(family) = FAMILIES.iter().find(|family| family.name == name) else {
        let reason = format!("there is no metric `{name}`; {}/metrics names all", actuator.base);
        return refused(StatusCode::NOT_FOUND, reason);
    };
    let mut wanted: Vec<(&str, &str)> = Vec::new();
    for (key, value) in &query {
        match value.split_once(':') {
            Some(tag) if key == "tag" => wanted.push(tag),
            _ => {
                let reason = "a query is `tag=NAME:VALUE`, once for each tag";
                return refused(StatusCode::BAD_REQUEST, reason);
            }
        }
    }
    let all = actuator.status.gather();
    let found = all.iter().find(|gathered| gathered.name() == name);
    let samples = found.map(MetricFamily::get_metric).unwrap_or_default();
    let samples: Vec<&Metric> = samples.iter().filter(|sample| has(sample, &wanted)).collect();
    if samples.is_empty() && !wanted.is_empty() {
        let reason = format!("no `{name}` has these tags; without a tag it says which there are");
        return refused(StatusCode::NOT_FOUND, reason);
    }
    let kind = found.map_or(MetricType::GAUGE, MetricFamily::get_field_type);
    let mut body = json!({
        "name": family.name,
        "description": family.help,
        "measurements": measurements(kind, &samples),
        "availableTags": tags(&samples, &wanted),
    });
    if family.name.contains("_seconds") {
        body["baseUnit"] = "seconds".into();
    } else if family.name.ends_with("_bytes") {
        body["baseUnit"] = "bytes".into();
    }
    spring(StatusCode::OK, body)
}

fn has(sample: &Metric, wanted: &[(&str, &str)]) -> bool {
    let has = |(name, value): &(&str, &str)| {
        sample.get_label().iter().any(|label| label.name() == *name && label.value() == *value)
    };
    wanted.iter().all(has)
}

fn measurements(kind: MetricType, samples: &[&Metric]) -> Value {
    let sum = |value: &dyn Fn(&Metric) -> f64| samples.iter().map(|one| value(one)).sum::<f64>();
    match kind {
        MetricType::COUNTER => {
            json!([{ "statistic": "COUNT", "value": sum(&|one| one.get_counter().get_value()) }])
        }
        MetricType::HISTOGRAM => json!([
            { "statistic": "COUNT", "value": sum(&|one| one.get_histogram().get_sample_count() as f64) },
            { "statistic": "TOTAL_TIME", "value": sum(&|one| one.get_histogram().get_sample_sum()) },
        ]),
        _ => json!([{ "statistic": "VALUE", "value": sum(&|one| one.get_gauge().get_value()) }]),
    }
}

/// What it can be narrowed by further.
fn tags(samples: &[&Metric], wanted: &[(&str, &str)]) -> Vec<Value> {
    let mut tags: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for label in samples.iter().flat_map(|sample| sample.get_label()) {
        if !wanted.iter().any(|(name, _)| *name == label.name()) {
            tags.entry(label.name()).or_default().insert(label.value());
        }
    }
    tags.into_iter().map(|(tag, values)| json!({ "tag": tag, "values": values })).collect()
}
