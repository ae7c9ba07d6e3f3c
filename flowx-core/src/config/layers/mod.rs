//! Where settings come from, one source laid over the other: defaults, file, variables, command line.
//!
//! Each source becomes a tree of texts with their places; the layering library puts the higher over
//! the lower, and what is left is read through the table of settings.

mod arguments;
mod entry;
mod file;
mod variables;

use std::path::{Path, PathBuf};

use config::{Config, Map, Value, ValueKind};

use self::entry::{Given, Layer, Target};
use super::Settings;
use super::handlers::{PARTS, Part};
use super::keys::KEYS;
use super::origin::Origin;
use super::secret::Secret;

/// What settings are read from. Each of these wins over the one before it: the defaults, a file, the
/// variables of the environment, the command line.
///
/// ```
/// use flowx_core::config::Sources;
///
/// let settings = Sources::default()
///     .variables([("KAFKA_BOOTSTRAP_SERVERS", "kafka:9092"), ("FLOWX_CONNECTOR_DRAIN", "5s")])
///     .argument("runtime.drain=20s")
///     .read()
///     .unwrap();
/// assert_eq!(settings.drain.as_secs(), 20);
/// assert_eq!(settings.origin("runtime.drain").to_string(), "--set");
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "nothing is read before `read`"]
pub struct Sources {
    file: Option<PathBuf>,
    variables: Vec<(String, Secret)>,
    arguments: Vec<Secret>,
}

impl Sources {
    /// The variables of this process, and the file that they name.
    pub fn from_environment() -> Self {
        // A value that is not Unicode cannot be one of ours, but it must not stop the others.
        let variables = std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        });
        Self::default().variables(variables)
    }

    /// Adds variables. `FLOWX_CONNECTOR_CONFIG` names a file unless [`file`](Self::file) does.
    pub fn variables<N, V>(mut self, variables: impl IntoIterator<Item = (N, V)>) -> Self
    where
        N: Into<String>,
        V: Into<String>,
    {
        let variables = variables.into_iter();
        self.variables
            .extend(variables.map(|(name, value)| (name.into(), Secret::new(value.into()))));
        self
    }

    /// Uses this file, in TOML.
    pub fn file(mut self, path: impl Into<PathBuf>) -> Self {
        self.file = Some(path.into());
        self
    }

    /// Adds a `key=value` of the command line.
    pub fn argument(mut self, argument: impl Into<Secret>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// Whether somebody asks for something on the command line.
    #[cfg(feature = "kafka")]
    pub(crate) fn has_command_line(&self) -> bool {
        self.file.is_some() || !self.arguments.is_empty()
    }

    /// Reads the settings.
    ///
    /// # Errors
    /// All unknown keys, values that cannot be read and settings that contradict each other, each with
    /// its place and the remedy, and none with its value.
    pub fn read(&self) -> Result<Settings, Vec<String>> {
        let (settings, mut problems) = self.resolve();
        let contradictions = settings.contradictions().into_iter();
        problems.extend(contradictions.map(|problem| settings.placed(problem)));
        if problems.is_empty() { Ok(settings) } else { Err(problems) }
    }

    /// What can be read, and what is wrong with the rest.
    pub(crate) fn resolve(&self) -> (Settings, Vec<String>) {
        let file = match (&self.file, variables::config_file(&self.variables)) {
            (Some(path), _) => file::layer(path, "`--config`"),
            (None, Some((name, path))) => {
                file::layer(Path::new(path.expose().trim()), &format!("`{name}`"))
            }
            (None, None) => Layer::default(),
        };
        let layers = [file, variables::layer(&self.variables), arguments::layer(&self.arguments)];
        let mut problems: Vec<String> =
            layers.iter().flat_map(|layer| layer.problems.iter().cloned()).collect();
        let builder =
            layers.into_iter().fold(Config::builder(), |all, layer| all.add_source(layer));
        let mut settings = Settings::default();
        match builder.build() {
            Ok(tree) => fill(&mut settings, &tree.cache, &mut problems),
            // Its own words could quote a value.
            Err(_) => {
                problems.push("the sources of the settings cannot be put together".to_owned())
            }
        }
        (settings, problems)
    }
}

/// Reads everything that stands in the tree.
fn fill(settings: &mut Settings, tree: &Value, problems: &mut Vec<String>) {
    let branch = |steps: &[&str]| {
        let branch = steps.iter().try_fold(tree, |tree, step| table(tree)?.get(*step));
        branch.and_then(table).into_iter().flatten()
    };
    let handlers = branch(&["handler"]).flat_map(|(name, _)| {
        PARTS.iter().map(|part: &'static Part| Target::OfHandler(name.clone(), part))
    });
    let properties =
        branch(&["kafka", "properties"]).map(|(name, _)| Target::Property(name.clone()));
    let mut others: Vec<Target> = handlers.chain(properties).collect();
    others.sort_by_key(Target::path);
    for target in KEYS.iter().map(Target::Setting).chain(others) {
        let found = target.steps().iter().try_fold(tree, |tree, step| table(tree)?.get(*step));
        let Some(value) = found else { continue };
        let origin = value.origin().map(Origin::of_tag).or_else(|| in_table(value));
        let origin = origin.unwrap_or_default();
        let subject = origin.subject(&target.path());
        let text = match given(value) {
            Some(Given::Text(text)) => Ok(text),
            Some(Given::File(path)) => Secret::from_file(Path::new(&path)).map_err(|reason| {
                format!("{subject}: the file {path} that holds it cannot be read: {reason}")
            }),
            None => continue,
        };
        let read = text.and_then(|text| {
            set(settings, &target, &text)
                .map_err(|expected| format!("{subject} cannot be read: expected {expected}"))
        });
        match read {
            Ok(()) => settings.origins.insert(target.path(), target.meant(), origin),
            Err(problem) => problems.push(problem),
        }
    }
}

fn set(settings: &mut Settings, target: &Target, text: &Secret) -> Result<(), String> {
    match target {
        Target::Setting(key) => (key.set)(settings, text),
        Target::OfHandler(name, part) => (part.set)(settings.handlers.entry(name), text.expose()),
        Target::Property(name) => {
            settings.kafka.insert(name.clone(), text.clone());
            Ok(())
        }
    }
}

fn table(value: &Value) -> Option<&Map<String, Value>> {
    match &value.kind {
        ValueKind::Table(table) => Some(table),
        _ => None,
    }
}

fn given(value: &Value) -> Option<Given> {
    match &value.kind {
        ValueKind::String(text) => Some(Given::Text(Secret::new(text.as_str()))),
        ValueKind::Table(table) => match &table.get("file")?.kind {
            ValueKind::String(path) => Some(Given::File(path.clone())),
            _ => None,
        },
        _ => None,
    }
}

/// The origin of a value in a file: the library keeps none for a table.
fn in_table(value: &Value) -> Option<Origin> {
    table(value)?.get("file")?.origin().map(Origin::of_tag)
}
