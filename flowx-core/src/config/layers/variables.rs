//! The variables of the environment.

use super::entry::{Entry, Given, Layer, Target, VARIABLES, near};
use crate::config::handlers::{PARTS, Part, variable_part};
use crate::config::keys::{CONFIG_VARIABLE, HANDLER_PREFIX, KEYS, Key, NATIVE_PREFIX, relaxed};
use crate::config::origin::Origin;
use crate::config::properties::{self, PROPERTY_PREFIX};
use crate::config::secret::Secret;

type Variable = (String, Secret);

/// What variables say. Of several that set one thing the first in the order of [`KEYS`] wins.
pub(super) fn layer(variables: &[Variable]) -> Layer {
    let mut layer = Layer::default();
    let mut others: Vec<&Variable> = Vec::new();
    for variable in variables {
        let (name, value) = variable;
        if is_empty(variable) {
            continue;
        }
        if is_own(name) || !name.starts_with(NATIVE_PREFIX) {
            others.push(variable);
            continue;
        }
        let target = match (name.strip_prefix(HANDLER_PREFIX), name.strip_prefix(PROPERTY_PREFIX)) {
            (Some(rest), _) => of_handler(rest).map(|target| (target, false)),
            (_, Some(rest)) => {
                let name = properties::of_variable(rest);
                let (name, in_file) = properties::without_file(&name);
                Target::property(name).map(|target| (target, in_file))
            }
            _ => {
                let names = KEYS.iter().map(|key| key.name).chain([CONFIG_VARIABLE]);
                Err(near(name, VARIABLES, names))
            }
        };
        match target {
            Ok((target, in_file)) => layer.push(entry(target, name, value, in_file)),
            Err(advice) => layer.problems.push(format!("`{name}` is unknown; {advice}")),
        }
    }
    for key in KEYS {
        for (in_file, end) in [(false, ""), (true, "FILE")] {
            let possible = !in_file || key.is_secret();
            if let Some((name, value)) = find(key, end, &others).filter(|_| possible) {
                layer.push(entry(Target::Setting(key), name, value, in_file));
            }
        }
    }
    layer
}

/// The variable that names the configuration file, and the file.
pub(super) fn config_file(variables: &[Variable]) -> Option<(&str, &Secret)> {
    let names_it = |(name, value): &&Variable| {
        relaxed(name) == relaxed(CONFIG_VARIABLE) && !value.expose().trim().is_empty()
    };
    variables.iter().find(names_it).map(|(name, path)| (name.as_str(), path))
}

fn entry(target: Target, name: &str, value: &Secret, in_file: bool) -> Entry {
    let given = if in_file {
        Given::File(value.expose().trim().to_owned())
    } else {
        Given::Text(value.clone())
    };
    Entry { target, given, origin: Origin::Variable(name.to_owned()) }
}

/// Empty counts as not set, but for a list that may be set to nothing.
fn is_empty((name, value): &Variable) -> bool {
    let is_list = || {
        let mut lists = PARTS.iter().filter(|part| part.list);
        name.starts_with(HANDLER_PREFIX) && lists.any(|part| name.ends_with(part.name))
    };
    value.expose().trim().is_empty() && !is_list()
}

/// Whether a variable of our own is that of a setting, of the file with its value, or of the
/// configuration file.
fn is_own(name: &str) -> bool {
    let in_file = |key: &Key| key.is_secret() && relaxed(name) == relaxed(key.name) + "FILE";
    name.starts_with(NATIVE_PREFIX)
        && (relaxed(name) == relaxed(CONFIG_VARIABLE)
            || KEYS.iter().any(|key| key.is_named(name) || in_file(key)))
}

/// What is set of a handler: `rest` is what follows the prefix in the variable's name.
fn of_handler(rest: &str) -> Result<Target, String> {
    let of = |part: &'static Part| {
        let handler = rest.strip_suffix(part.name)?.strip_suffix('_')?;
        Some(Target::OfHandler(variable_part(handler), part))
    };
    PARTS.iter().find_map(of).ok_or_else(|| {
        let names = PARTS.iter().map(|part| format!("`{HANDLER_PREFIX}<NAME>_{}`", part.name));
        format!("of a handler {} can be set", names.collect::<Vec<_>>().join(", "))
    })
}

/// The variable that sets a key: the first of the key's names, with this end, that is there.
fn find<'a>(key: &Key, end: &str, variables: &[&'a Variable]) -> Option<(&'a str, &'a Secret)> {
    key.names().find_map(|wanted| {
        let wanted = relaxed(wanted) + end;
        let found = variables.iter().find(|(name, _)| relaxed(name) == wanted);
        found.map(|(name, value)| (name.as_str(), value))
    })
}
