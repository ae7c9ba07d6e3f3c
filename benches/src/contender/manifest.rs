//! `contender.toml`: all that the driver knows of a contender.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

use crate::scenario::{COMMON_LOAD, LOADS, Scenario};

/// What stands in a manifest; `benches/contenders/README.md` says what it means.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Manifest {
    pub(crate) title: String,
    pub(crate) guarantee: String,
    pub(crate) order: Order,
    #[serde(default)]
    pub(crate) needs: Vec<String>,
    pub(crate) build: Build,
    pub(crate) run: Vec<String>,
    pub(crate) settings: String,
    #[serde(default)]
    pub(crate) matrix: Matrix,
    #[serde(default = "yes")]
    pub(crate) handler: bool,
    #[serde(default)]
    pub(crate) env: BTreeMap<String, String>,
}

/// What is kept of the order of requests.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Order {
    Key,
    Partition,
    None,
}

/// In which scenarios a contender takes part.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Matrix {
    All,
    /// Those of peers, but latency at every load.
    Latency,
    #[default]
    Peers,
}

/// One command, or several in turn.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Build {
    One(Vec<String>),
    Several(Vec<Vec<String>>),
}

impl Manifest {
    pub(crate) fn read(file: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(file)
            .with_context(|| format!("cannot read {}", file.display()))?;
        let manifest: Self =
            toml::from_str(&text).with_context(|| format!("in {}", file.display()))?;
        anyhow::ensure!(!manifest.run.is_empty(), "`run` is empty in {}", file.display());
        Ok(manifest)
    }

    /// At which parts of its capacity its latency is measured, in percent.
    pub(crate) fn loads(&self) -> &'static [u32] {
        match self.matrix {
            Matrix::All | Matrix::Latency => LOADS,
            Matrix::Peers => &[COMMON_LOAD],
        }
    }

    /// Whether it takes part in a scenario.
    pub(crate) fn takes_part(&self, scenario: &Scenario) -> bool {
        (scenario.for_peers || self.matrix == Matrix::All)
            && (self.handler || !scenario.needs_handler())
    }
}

impl Build {
    pub(crate) fn commands(&self) -> &[Vec<String>] {
        match self {
            Self::One(command) => std::slice::from_ref(command),
            Self::Several(commands) => commands,
        }
    }
}

impl Order {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::Partition => "partition",
            Self::None => "none",
        }
    }
}

const fn yes() -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::SCENARIOS;

    const PEER: &str = r#"
        title = "A peer"
        guarantee = "at least once"
        order = "partition"
        needs = ["go"]
        build = ["go", "build"]
        run = ["{out}/peer"]
        settings = "none"
    "#;

    fn scenarios(manifest: &Manifest) -> Vec<&str> {
        SCENARIOS.iter().filter(|s| manifest.takes_part(s)).map(|s| s.name).collect()
    }

    #[test]
    fn a_peer_runs_in_the_common_scenarios_only() {
        let peer: Manifest = toml::from_str(PEER).unwrap();
        assert_eq!(scenarios(&peer), ["ready", "await", "latency"]);
        assert_eq!(peer.build.commands(), [["go", "build"]]);
        assert_eq!(peer.loads(), [COMMON_LOAD]);
    }

    #[test]
    fn a_peer_may_ask_for_latency_at_every_load() {
        let peer: Manifest = toml::from_str(&format!("{PEER}\nmatrix = \"latency\"")).unwrap();
        assert_eq!(scenarios(&peer), ["ready", "await", "latency"]);
        assert_eq!(peer.loads(), LOADS);
    }

    #[test]
    fn a_contender_without_a_handler_takes_no_part_where_one_waits_or_fails() {
        let floor = format!("{PEER}\nmatrix = \"all\"\nhandler = false");
        let floor: Manifest = toml::from_str(&floor).unwrap();
        let all = scenarios(&floor);
        assert!(all.contains(&"large") && all.contains(&"backlog"));
        assert!(!all.iter().any(|name| ["await", "hot", "retry"].contains(name)), "{all:?}");
    }

    #[test]
    fn a_misspelt_line_is_refused() {
        let error = toml::from_str::<Manifest>(&format!("{PEER}\nneed = []")).unwrap_err();
        assert!(error.to_string().contains("need"), "{error}");
    }

    #[test]
    fn every_manifest_of_the_repository_is_read() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("contenders");
        let all = crate::contender::Contender::all(&folder, Path::new("out")).unwrap();
        let names: Vec<_> = all.iter().map(|contender| contender.name.as_str()).collect();
        for name in ["flowx", "forward", "naive"] {
            assert!(names.contains(&name), "{names:?}");
        }
    }
}
