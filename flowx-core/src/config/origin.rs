//! Where the values of settings come from.

use std::collections::BTreeMap;
use std::fmt;

use super::handlers::variable_part;

/// Where the value of a setting comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Origin {
    /// Nothing sets it.
    #[default]
    Default,
    /// The program itself set it.
    Program,
    /// A line of the configuration file.
    File {
        /// The file as it was named.
        file: String,
        /// The line, from 1.
        line: usize,
    },
    /// A variable of this name.
    Variable(String),
    /// `--set` on the command line.
    Argument,
}

impl Origin {
    /// How a problem begins with the setting at `path` that came from here: with its place.
    pub(super) fn subject(&self, path: &str) -> String {
        match self {
            Self::Default | Self::Program => format!("`{path}`"),
            Self::File { .. } => format!("{self}: `{path}`"),
            Self::Variable(name) => format!("`{name}`"),
            Self::Argument => format!("`--set {path}`"),
        }
    }

    /// As the layering library keeps it with a value.
    pub(super) fn tag(&self) -> String {
        match self {
            Self::Default => "default:".to_owned(),
            Self::Program => "program:".to_owned(),
            Self::File { file, line } => format!("file:{line}:{file}"),
            Self::Variable(name) => format!("variable:{name}"),
            Self::Argument => "argument:".to_owned(),
        }
    }

    /// The way back from a [`tag`](Self::tag).
    pub(super) fn of_tag(tag: &str) -> Self {
        let (kind, rest) = tag.split_once(':').unwrap_or((tag, ""));
        match (kind, rest.split_once(':')) {
            ("file", Some((line, file))) => {
                Self::File { file: file.to_owned(), line: line.parse().unwrap_or_default() }
            }
            ("variable", _) => Self::Variable(rest.to_owned()),
            ("argument", _) => Self::Argument,
            ("program", _) => Self::Program,
            _ => Self::Default,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::Program => f.write_str("the program"),
            Self::File { file, line } => write!(f, "{file}:{line}"),
            Self::Variable(name) => f.write_str(name),
            Self::Argument => f.write_str("--set"),
        }
    }
}

/// The origins of all settings that some layer has set, by the path of the setting.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Origins(BTreeMap<String, Known>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Known {
    origin: Origin,
    meant: Meant,
}

/// How problems speak of a setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Meant {
    /// With these words.
    Words(String),
    /// By a handler, here in capitals, and what of it is set.
    OfHandler(String, &'static str),
}

impl Meant {
    fn is_in(&self, problem: &str) -> bool {
        let (handler, part) = match self {
            Self::Words(words) => return speaks_of(problem, words),
            Self::OfHandler(handler, part) => (handler, part.replace('_', " ")),
        };
        let is_named =
            || speaks_of(problem, &part) || speaks_of(problem, part.trim_end_matches('s'));
        problem.split("handler `").skip(1).any(|rest| {
            let name = rest.split('`').next().unwrap_or_default();
            // In capitals it is the name of a handler that is not there, and all of it is wrong.
            name == handler || (variable_part(name) == *handler && is_named())
        })
    }
}

/// Whether a text has these words in it, and not only as the beginning of others.
fn speaks_of(problem: &str, words: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    problem.match_indices(words).any(|(at, _)| {
        !problem[..at].ends_with(is_part) && !problem[at + words.len()..].starts_with(is_part)
    })
}

impl Origins {
    pub(super) fn insert(&mut self, path: String, meant: Meant, origin: Origin) {
        self.0.insert(path, Known { origin, meant });
    }

    pub(super) fn get(&self, path: &str) -> Option<&Origin> {
        self.0.get(path).map(|known| &known.origin)
    }

    /// A problem, and behind it the places of the settings that it speaks of where its words do not
    /// say them.
    pub(super) fn placed(&self, problem: String) -> String {
        let places = self.0.iter().filter_map(|(path, known)| {
            let place = match &known.origin {
                Origin::Variable(name) if speaks_of(&problem, name) => return None,
                Origin::Variable(name) => format!("by {name}"),
                Origin::Argument => "by `--set`".to_owned(),
                place @ Origin::File { .. } => format!("in {place}"),
                Origin::Default | Origin::Program => return None,
            };
            known.meant.is_in(&problem).then(|| format!("`{path}` is set {place}"))
        });
        let places = places.collect::<Vec<_>>().join("; ");
        if places.is_empty() {
            return problem;
        }
        let joint = if problem.ends_with('?') { " " } else { "; " };
        problem + joint + &places
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_origin_survives_the_layers() {
        for origin in [
            Origin::Default,
            Origin::Program,
            Origin::File { file: "C:\\a:3\\b c.toml".to_owned(), line: 7 },
            Origin::Variable("file:1:x".to_owned()),
            Origin::Argument,
        ] {
            assert_eq!(Origin::of_tag(&origin.tag()), origin);
        }
    }

    #[test]
    fn a_problem_gets_the_places_of_what_it_speaks_of_and_no_others() {
        let file = |line| Origin::File { file: "c.toml".to_owned(), line };
        let mut origins = Origins::default();
        for (path, meant, origin) in [
            ("breaker.pause", "X_BREAKER_PAUSE", file(1)),
            ("breaker.enabled", "X_BREAKER", file(2)),
            ("kafka.group", "X_GROUP", Origin::Variable("THEIR_GROUP".to_owned())),
            ("runtime.drain", "X_DRAIN", Origin::Variable("X_DRAIN".to_owned())),
        ] {
            origins.insert(path.to_owned(), Meant::Words(meant.to_owned()), origin);
        }
        assert_eq!(
            origins.placed("set X_BREAKER_PAUSE, X_GROUP or X_DRAIN".to_owned()),
            "set X_BREAKER_PAUSE, X_GROUP or X_DRAIN; `breaker.pause` is set in c.toml:1; \
             `kafka.group` is set by THEIR_GROUP"
        );
        assert_eq!(origins.placed("nothing".to_owned()), "nothing");
    }

    #[test]
    fn a_problem_with_a_handler_gets_the_places_of_what_of_it_is_wrong() {
        let mut origins = Origins::default();
        for (line, part) in [(1, "topic"), (2, "timeout"), (3, "retry_topics")] {
            let origin = Origin::File { file: "c.toml".to_owned(), line };
            let meant = Meant::OfHandler("CREDIT_CHECK".to_owned(), part);
            origins.insert(format!("handler.credit_check.{part}"), meant, origin);
        }
        for (problem, lines) in [
            ("handler `credit-check`: its timeout is too long", "2"),
            ("handler `credit-check`: its retry topics must go", "3"),
            ("handler `credit`: its topic is none", ""),
            ("something is configured for handler `CREDIT_CHECK`, which is not there", "321"),
        ] {
            let placed = origins.placed(problem.to_owned());
            let found = placed.split("c.toml:").skip(1).filter_map(|rest| rest.chars().next());
            assert_eq!(found.collect::<String>(), lines, "{placed}");
        }
    }
}
