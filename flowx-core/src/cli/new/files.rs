//! The files of a project: a template that is a project itself, whose name is replaced.

use super::name::Name;

/// The name in the template, in its two spellings; what stands for the dependency on flowx.
const KEBAB: &str = "my-connector";
const SNAKE: &str = "my_connector";
const FLOWX: &str = "flowx-core = \"*\"";

/// The template: where a file goes, and its text. Some have another name here: cargo would take
/// `Cargo.toml` for a package of its own, and git would obey a `.gitignore`.
const TEMPLATE: &[(&str, &str)] = &[
    ("Cargo.toml", include_str!("template/Cargo.toml.txt")),
    (".gitignore", include_str!("template/gitignore.txt")),
    (".dockerignore", include_str!("template/dockerignore.txt")),
    ("README.md", include_str!("template/README.md")),
    ("src/lib.rs", include_str!("template/src/lib.rs")),
    ("src/main.rs", include_str!("template/src/main.rs")),
    ("tests/look_up.rs", include_str!("template/tests/look_up.rs")),
    ("deploy/Dockerfile", include_str!("template/deploy/Dockerfile")),
    ("deploy/build.sh", include_str!("template/deploy/build.sh")),
    ("deploy/values.yaml", include_str!("template/deploy/values.yaml")),
];

/// The files of a project with this name, each with its path below the project's folder; `flowx` is
/// what stands behind `flowx-core = ` in its `Cargo.toml`.
pub(super) fn files(name: &Name, flowx: &str) -> impl Iterator<Item = (&'static str, String)> {
    TEMPLATE.iter().map(move |(path, text)| {
        let text = text.replace(FLOWX, &format!("flowx-core = {flowx}"));
        (*path, text.replace(KEBAB, name.kebab()).replace(SNAKE, &name.snake()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_the_templates_name_is_left() {
        let name: Name = "credit-check".parse().unwrap();
        let files: Vec<_> = files(&name, "\"1.2.3\"").collect();
        for (path, text) in &files {
            assert!(!text.contains(KEBAB) && !text.contains(SNAKE), "{path}");
        }
        let (_, manifest) = &files[0];
        assert!(manifest.contains("name = \"credit-check\""), "{manifest}");
        assert!(manifest.contains("\nflowx-core = \"1.2.3\"\n"), "{manifest}");
        let (_, library) = &files[4];
        assert!(library.contains("\"plugin.credit-check.trigger.look-up\""), "{library}");
    }
}
