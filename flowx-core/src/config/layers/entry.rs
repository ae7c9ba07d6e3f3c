//! What one layer says of one setting, and the tree of all that it says.

use config::{ConfigError, Map, Source, Value};

use crate::config::handlers::{PARTS, Part, variable_part};
use crate::config::keys::{HANDLER_PREFIX, KEYS, Key};
use crate::config::origin::{Meant, Origin};
use crate::config::properties;
use crate::config::secret::Secret;

/// What is set.
#[derive(Clone, Debug)]
pub(super) enum Target {
    Setting(&'static Key),
    /// One of a handler, by its name in capitals.
    OfHandler(String, &'static Part),
    /// One of librdkafka, by its name.
    Property(String),
}

/// The text that is given, or the file in which it stands.
#[derive(Clone, Debug)]
pub(super) enum Given {
    Text(Secret),
    File(String),
}

/// One setting in one layer.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) target: Target,
    pub(super) given: Given,
    pub(super) origin: Origin,
}

/// All that one source says, and what is wrong with it.
#[derive(Clone, Debug, Default)]
pub(super) struct Layer {
    pub(super) entries: Vec<Entry>,
    pub(super) problems: Vec<String>,
}

impl Target {
    /// What a path of the file or the command line means, and whether it names a file with the value.
    /// Otherwise the remedy.
    pub(super) fn of_path(path: &[&str]) -> Result<(Self, bool), String> {
        match path {
            ["kafka", "properties", name @ ..] if !name.is_empty() => {
                let name = name.join(".");
                let (name, in_file) = properties::without_file(&name);
                Ok((Self::property(name)?, in_file))
            }
            ["handler", name @ .., part] if !name.is_empty() => {
                let part = PARTS.iter().find(|known| known.path == *part).ok_or_else(|| {
                    let parts = PARTS.iter().map(|part| format!("`{}`", part.path));
                    let parts = parts.collect::<Vec<_>>().join(", ");
                    format!("of a handler {parts} can be set")
                })?;
                Ok((Self::OfHandler(variable_part(&name.join(".")), part), false))
            }
            _ => {
                let path = path.join(".");
                let named = |path: &str| KEYS.iter().find(|key| key.path == path);
                let in_file =
                    || path.strip_suffix(".file").and_then(named).filter(|k| k.is_secret());
                let whole = named(&path).map(|key| (Self::Setting(key), false));
                whole
                    .or_else(|| in_file().map(|key| (Self::Setting(key), true)))
                    .ok_or_else(|| near(&path, PATHS, KEYS.iter().map(|key| key.path)))
            }
        }
    }

    /// A property of librdkafka, if it can be one.
    pub(super) fn property(name: &str) -> Result<Self, String> {
        if properties::is_name(name) {
            return Ok(Self::Property(name.to_owned()));
        }
        Err("librdkafka's properties are small letters, digits and dots, as `fetch.wait.max.ms`"
            .to_owned())
    }

    /// Its place in the tree.
    pub(super) fn steps(&self) -> Vec<&str> {
        match self {
            Self::Setting(key) => key.path.split('.').collect(),
            Self::OfHandler(name, part) => vec!["handler", name, part.path],
            Self::Property(name) => vec!["kafka", "properties", name],
        }
    }

    /// Its name in the file and on the command line.
    pub(super) fn path(&self) -> String {
        match self {
            Self::OfHandler(name, part) => {
                format!("handler.{}.{}", name.to_ascii_lowercase(), part.path)
            }
            _ => self.steps().join("."),
        }
    }

    /// How problems that are found later speak of it.
    pub(super) fn meant(&self) -> Meant {
        match self {
            Self::Setting(key) => Meant::Words(key.name.to_owned()),
            Self::OfHandler(name, part) => Meant::OfHandler(name.clone(), part.path),
            Self::Property(name) => Meant::Words(format!("`{name}`")),
        }
    }

    pub(super) fn takes_list(&self) -> bool {
        match self {
            Self::Setting(key) => key.list,
            Self::OfHandler(_, part) => part.list,
            Self::Property(_) => false,
        }
    }

    /// Whether its value does not belong where others see it.
    pub(super) fn is_secret(&self) -> bool {
        match self {
            Self::Setting(key) => key.is_secret(),
            Self::OfHandler(..) => false,
            Self::Property(name) => properties::is_secret(name),
        }
    }

    /// The variable that sets it.
    pub(super) fn variable(&self) -> String {
        match self {
            Self::Setting(key) => key.name.to_owned(),
            Self::OfHandler(name, part) => format!("{HANDLER_PREFIX}{name}_{}", part.name),
            Self::Property(name) => properties::variable(name),
        }
    }
}

/// How like two variables must be to be taken for each other: they all begin alike.
pub(super) const VARIABLES: f64 = 0.9;
/// The same for paths.
pub(super) const PATHS: f64 = 0.85;

/// The advice for a name that nobody knows: the nearest of these, if one is near.
pub(super) fn near<'a>(name: &str, like: f64, known: impl Iterator<Item = &'a str>) -> String {
    let last = |path: &str| path.rsplit('.').next().map(str::to_owned);
    // A setting in the wrong section is nearer than any mistyped one.
    let likeness = |path: &str| {
        let moved = if last(path) == last(name) { like } else { 0.0 };
        strsim::jaro_winkler(path, name).max(moved)
    };
    let closest = known
        .map(|path| (likeness(path), path))
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .filter(|(likeness, _)| *likeness >= like);
    closest.map_or_else(
        || "the names are in the documentation of flowx_core::config".to_owned(),
        |(_, path)| format!("did you mean `{path}`?"),
    )
}

impl Layer {
    /// Takes in an entry, unless the layer says something of the same setting already.
    pub(super) fn push(&mut self, entry: Entry) {
        let path = entry.target.path();
        match self.entries.iter().find(|other| other.target.path() == path) {
            Some(other) => self.problems.push(format!(
                "{} is given twice, here and by {}; remove one of them",
                entry.origin.subject(&path),
                match &other.origin {
                    Origin::File { line, .. } => format!("line {line}"),
                    place => place.subject(&path),
                }
            )),
            None => self.entries.push(entry),
        }
    }
}

impl Source for Layer {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Map<String, Value>, ConfigError> {
        let mut root = Map::new();
        for entry in &self.entries {
            let origin = entry.origin.tag();
            let value = |text: &str| Value::new(Some(&origin), text);
            let value = match &entry.given {
                Given::Text(text) => value(text.expose()),
                // A table, so that one in a higher layer takes its place and the other way round.
                Given::File(path) => {
                    Value::new(Some(&origin), Map::from([("file".to_owned(), value(path))]))
                }
            };
            place(&mut root, &entry.target.steps(), value);
        }
        Ok(root)
    }
}

/// Puts a value into a tree. The library's own paths cannot hold names with dots.
fn place(tree: &mut Map<String, Value>, steps: &[&str], value: Value) {
    use config::ValueKind::Table;
    let Some((step, rest)) = steps.split_first() else { return };
    if rest.is_empty() {
        tree.insert((*step).to_owned(), value);
        return;
    }
    let branch =
        tree.entry((*step).to_owned()).or_insert_with(|| Map::<String, Value>::new().into());
    if let Table(branch) = &mut branch.kind {
        place(branch, rest, value);
    }
}
