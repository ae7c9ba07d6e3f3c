//! `--set key=value` on the command line.

use super::entry::{Entry, Given, Layer, Target};
use crate::config::origin::Origin;
use crate::config::secret::Secret;

/// What the values of `--set` say, in their order.
pub(super) fn layer(arguments: &[Secret]) -> Layer {
    let mut layer = Layer::default();
    for (index, argument) in arguments.iter().enumerate() {
        match entry(argument.expose(), index + 1) {
            Ok(entry) => layer.push(entry),
            Err(problem) => layer.problems.push(problem),
        }
    }
    layer
}

fn entry(argument: &str, number: usize) -> Result<Entry, String> {
    // What has no `=` may be a value in the wrong place.
    let (path, value) = argument.split_once('=').ok_or_else(|| {
        format!(
            "`--set` number {number} has no `=`; write `--set key=value`, as in `--set retry.attempts=3`"
        )
    })?;
    let path = path.trim();
    let steps: Vec<&str> = path.split('.').collect();
    let (target, in_file) = Target::of_path(&steps)
        .map_err(|advice| format!("{} is unknown; {advice}", Origin::Argument.subject(path)))?;
    if target.is_secret() && !in_file {
        let (path, variable) = (target.path(), target.variable());
        return Err(format!(
            "{} would show a secret to everybody on this machine; set {variable}, or `{path}.file` \
             to a file that holds it",
            Origin::Argument.subject(&path)
        ));
    }
    let given =
        if in_file { Given::File(value.to_owned()) } else { Given::Text(Secret::new(value)) };
    Ok(Entry { target, given, origin: Origin::Argument })
}
