//! What dashboard and alerts ask for: metrics and labels that there are.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use flowx_core::runtime::metrics::{FAMILIES, Family, Kind};
use flowx_tests::repository;
use promql_parser::parser::{self, Expr, LabelModifier};
use serde::Deserialize as _;
use serde_json::Value;

use crate::handlers::started;

/// Labels that Prometheus adds to whatever it scrapes.
const SCRAPED: [&str; 5] = ["job", "instance", "namespace", "pod", "service"];

/// Every series that there is, by the name that a query has for it, with its labels.
fn known() -> BTreeMap<String, BTreeSet<&'static str>> {
    let mut known = BTreeMap::new();
    for Family { name, kind, labels, .. } in FAMILIES {
        let labels: BTreeSet<_> = labels.iter().chain(&SCRAPED).copied().collect();
        if *kind == Kind::Histogram {
            let mut bounded = labels.clone();
            bounded.insert("le");
            known.insert(format!("{name}_bucket"), bounded);
            known.insert(format!("{name}_sum"), labels.clone());
            known.insert(format!("{name}_count"), labels);
        } else {
            known.insert((*name).to_owned(), labels);
        }
    }
    known
}

/// What one expression asks for.
#[derive(Default)]
struct Asked {
    metrics: BTreeSet<String>,
    /// Labels, each with the metrics that it is asked of.
    labels: Vec<(String, BTreeSet<String>)>,
}

impl Asked {
    fn of(expression: &str) -> Self {
        // Grafana puts these in before Prometheus sees it.
        let expression = expression.replace("$__rate_interval", "5m").replace("$job", "x");
        let parsed = parser::parse(&expression);
        let parsed = parsed.unwrap_or_else(|error| panic!("`{expression}` is no PromQL: {error}"));
        let mut asked = Self::default();
        asked.metrics = asked.walk(&parsed);
        asked
    }

    /// The metrics below an expression.
    fn walk(&mut self, expression: &Expr) -> BTreeSet<String> {
        match expression {
            Expr::VectorSelector(selector) => self.selector(selector),
            Expr::MatrixSelector(matrix) => self.selector(&matrix.vs),
            Expr::Aggregate(aggregate) => {
                let metrics = self.walk(&aggregate.expr);
                let labels = match &aggregate.modifier {
                    Some(LabelModifier::Include(labels) | LabelModifier::Exclude(labels)) => {
                        labels.labels.clone()
                    }
                    None => Vec::new(),
                };
                self.labels.extend(labels.into_iter().map(|label| (label, metrics.clone())));
                metrics
            }
            Expr::Binary(binary) => {
                let mut metrics = self.walk(&binary.lhs);
                metrics.extend(self.walk(&binary.rhs));
                metrics
            }
            Expr::Call(call) => {
                call.args.args.iter().flat_map(|argument| self.walk(argument)).collect()
            }
            Expr::Paren(paren) => self.walk(&paren.expr),
            Expr::Unary(unary) => self.walk(&unary.expr),
            Expr::Subquery(subquery) => self.walk(&subquery.expr),
            _ => BTreeSet::new(),
        }
    }

    fn selector(&mut self, selector: &parser::VectorSelector) -> BTreeSet<String> {
        let name = selector.name.clone().expect("every selector names its metric");
        let metrics = BTreeSet::from([name]);
        for matcher in &selector.matchers.matchers {
            self.labels.push((matcher.name.clone(), metrics.clone()));
        }
        metrics
    }
}

/// What is asked for and is not there.
fn missing(expression: &str) -> Vec<String> {
    let known = known();
    let asked = Asked::of(expression);
    let mut missing = Vec::new();
    for metric in asked.metrics.iter().filter(|metric| !known.contains_key(*metric)) {
        missing.push(format!("`{expression}`: there is no metric `{metric}`"));
    }
    for (label, metrics) in &asked.labels {
        for metric in metrics.iter().filter(|metric| known.contains_key(*metric)) {
            if !known[metric].contains(label.as_str()) {
                missing.push(format!("`{expression}`: `{metric}` has no label `{label}`"));
            }
        }
    }
    missing
}

fn read(path: &str) -> String {
    fs::read_to_string(repository().join(path)).expect("the file")
}

/// Names in braces, as `{{handler}}` and `{{ $labels.handler }}`.
fn placeholders(text: &str) -> Vec<String> {
    let names = text.split("{{").skip(1).filter_map(|rest| rest.split("}}").next());
    names.map(|name| name.trim().trim_start_matches("$labels.").to_owned()).collect()
}

/// Placeholders that stand for no label of what is asked for.
fn empty(expression: &str, text: &str) -> Vec<String> {
    let known = known();
    let asked = Asked::of(expression);
    let is_known =
        |name: &String| asked.metrics.iter().all(|metric| known[metric].contains(name.as_str()));
    let empty = placeholders(text).into_iter().filter(|name| !is_known(name));
    empty.map(|name| format!("`{text}`: nothing stands for `{name}`")).collect()
}

#[test]
fn the_dashboard_asks_for_what_there_is_and_shows_all_of_it() {
    let dashboard: Value =
        serde_json::from_str(&read("deploy/grafana/flowx-connector.json")).unwrap();
    let panels = dashboard["panels"].as_array().expect("panels");
    let (mut wrong, mut shown) = (Vec::new(), BTreeSet::new());
    for target in panels.iter().flat_map(|panel| panel["targets"].as_array().expect("targets")) {
        let expression = target["expr"].as_str().expect("an expression");
        wrong.extend(missing(expression));
        wrong.extend(empty(expression, target["legendFormat"].as_str().expect("a legend")));
        shown.extend(Asked::of(expression).metrics);
    }
    assert_eq!(wrong, [""; 0]);
    let unseen: Vec<_> = known().into_keys().filter(|name| !shown.contains(name)).collect();
    assert_eq!(unseen, [""; 0], "metrics that no panel shows");
    let variable = dashboard["templating"]["list"][1]["query"].as_str().expect("a query");
    assert_eq!(variable, "label_values(flowx_info, job)");

    let mut places = BTreeSet::new();
    for panel in panels {
        let at = &panel["gridPos"];
        for (x, y) in cells(at) {
            assert!(x < 24 && places.insert((x, y)), "{} lies over another one", panel["title"]);
        }
    }
}

fn cells(at: &Value) -> Vec<(u64, u64)> {
    let number = |name: &str| at[name].as_u64().expect("a number");
    let (x, y) = (number("x"), number("y"));
    let rows = y..y + number("h");
    rows.flat_map(|y| (x..x + number("w")).map(move |x| (x, y))).collect()
}

#[test]
fn the_alerts_ask_for_what_there_is() {
    let rules: Value = serde_yaml_ng::from_str(&read("deploy/prometheus/alerts.yaml")).unwrap();
    let rules = rules["groups"][0]["rules"].as_array().expect("rules").clone();
    let (mut wrong, mut names) = (Vec::new(), BTreeSet::new());
    for rule in &rules {
        let expression = rule["expr"].as_str().expect("an expression");
        wrong.extend(missing(expression));
        let name = rule["alert"].as_str().expect("a name");
        assert!(names.insert(name), "{name} stands there twice");
        assert!(rule["labels"]["severity"].is_string(), "{name}");
        let texts = rule["annotations"].as_object().expect("annotations");
        assert!(texts.contains_key("summary"), "{name}");
        for text in texts.values() {
            wrong.extend(empty(expression, text.as_str().expect("a text")));
        }
    }
    assert_eq!(wrong, [""; 0]);
    for needed in [
        "FlowxConnectorLagGrowing",
        "FlowxConnectorOldRequest",
        "FlowxConnectorDeadLetters",
        "FlowxConnectorErrorRatio",
        "FlowxConnectorBreakerOpen",
        "FlowxConnectorCommitFailures",
        "FlowxConnectorNotReady",
    ] {
        assert!(names.contains(needed), "{needed}");
    }
}

/// What a set of rules holds, by its name; both as Prometheus and as the chart's object have them.
fn rules(groups: &Value) -> BTreeMap<String, Value> {
    let groups = groups.as_array().expect("groups");
    let rules = groups.iter().flat_map(|group| group["rules"].as_array().expect("rules"));
    rules.map(|rule| (rule["alert"].as_str().expect("a name").to_owned(), rule.clone())).collect()
}

/// The chart's folder is where the rules are; `.ci/chart` holds that what is rendered is up to date.
#[test]
fn the_chart_brings_every_alert_asked_of_its_own_connector_alone() {
    let alerts: Value = serde_yaml_ng::from_str(&read("deploy/prometheus/alerts.yaml")).unwrap();
    let alerts = rules(&alerts["groups"]);
    let golden = read("tests/deploy/golden/everything.yaml");
    let objects = serde_yaml_ng::Deserializer::from_str(&golden);
    let mut objects = objects.map(|object| Value::deserialize(object).expect("an object"));
    let object = objects.find(|object| object["kind"] == "PrometheusRule").unwrap();
    let brought = rules(&object["spec"]["groups"]);
    for (name, alert) in &alerts {
        let rule = brought.get(name).unwrap_or_else(|| panic!("the chart has no {name}"));
        for part in ["for", "labels", "annotations"] {
            assert_eq!(rule[part], alert[part], "{part} of {name}");
        }
        let expression = rule["expr"].as_str().expect("an expression");
        let plain = expression.replace(r#"{job="credit-mngt"}"#, "");
        let plain = plain.replace(r#"{job="credit-mngt","#, "{");
        assert_eq!(plain, alert["expr"].as_str().expect("an expression"), "{name}");
        let jobs = expression.matches(r#"{job="credit-mngt""#).count();
        assert_eq!(jobs, expression.matches("flowx_").count(), "{name}: {expression}");
        assert_eq!(missing(expression), [""; 0]);
    }
}

#[test]
fn the_search_finds_what_is_not_there() {
    for (expression, found) in [
        ("flowx_nothing_total", "there is no metric `flowx_nothing_total`"),
        ("rate(flowx_request_duration_seconds[5m])", "there is no metric"),
        (r#"flowx_ready{handler="x"}"#, "`flowx_ready` has no label `handler`"),
        ("sum by (process) (flowx_partition_lag)", "has no label `process`"),
        ("1 - sum without (le) (rate(flowx_requests_total[5m]))", "has no label `le`"),
    ] {
        let missing = missing(expression);
        assert!(missing.iter().any(|one| one.contains(found)), "{expression}: {missing:?}");
    }
    assert_eq!(empty("flowx_ready", "{{handler}} on {{ $labels.instance }}").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_table_of_metrics_is_what_a_connector_has() {
    let (connector, _) = started().await;
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    let text = connector.status().prometheus();
    for Family { name, kind, help, labels } in FAMILIES {
        // The broker in memory has no client that counts brokers.
        if *name == "flowx_kafka_brokers_up" {
            continue;
        }
        let kind = format!("{kind:?}").to_lowercase();
        assert!(text.contains(&format!("# TYPE {name} {kind}\n")), "{name}: {text}");
        assert!(text.contains(&format!("# HELP {name} {help}\n")), "{name}");
        let mut samples = text.lines().filter(|line| {
            line.strip_prefix(name).is_some_and(|rest| rest.starts_with(['{', ' ', '_']))
        });
        let sample = samples.next().unwrap_or_else(|| panic!("{name} has no sample"));
        for label in *labels {
            assert!(sample.contains(&format!("{label}=\"")), "{sample} has no {label}");
        }
    }
    let known = known();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let name = line.split(['{', ' ']).next().expect("a name");
        assert!(known.contains_key(name), "{name} is not in the table");
    }
}
