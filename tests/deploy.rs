//! What `deploy/` promises without a container engine and without a cluster: the rules of the Dockerfile,
//! and that its words, the chart's and the connector's are the same. `.ci/image` runs the steps,
//! `.ci/chart` renders the chart.

use std::fs;

use flowx_core::config::Settings;
use flowx_core::config::keys::KEYS;
use flowx_tests::repository;

fn read(path: &str) -> String {
    fs::read_to_string(repository().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// One instruction of a Dockerfile: its word, the rest of its line, and the stage it stands in.
struct Instruction<'a> {
    word: &'a str,
    rest: &'a str,
    stage: usize,
}

fn instructions(dockerfile: &str) -> Vec<Instruction<'_>> {
    let lines = dockerfile.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let mut stage = 0;
    let read = lines.map(|line| {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        stage += usize::from(word == "FROM");
        Instruction { word, rest: rest.trim(), stage }
    });
    read.collect()
}

/// What is wrong with a Dockerfile, one sentence each.
fn mistakes(dockerfile: &str) -> Vec<String> {
    let all = instructions(dockerfile);
    let last = all.last().map_or(0, |instruction| instruction.stage);
    let runtime = |word: &str| -> Vec<&str> {
        let found = all.iter().filter(|found| found.stage == last && found.word == word);
        found.map(|found| found.rest).collect()
    };
    let mut wrong = Vec::new();
    let stages: Vec<&str> = all
        .iter()
        .filter(|found| found.word == "FROM")
        .filter_map(|found| found.rest.split_once(" AS ").map(|(_, name)| name))
        .collect();
    for found in &all {
        let image = found.rest.split(' ').next().unwrap_or_default();
        let tag = image.rsplit('/').next().and_then(|name| name.split_once(':'));
        match found.word {
            "FROM" if stages.contains(&image) || tag.is_some_and(|(_, tag)| tag != "latest") => {}
            "FROM" => wrong.push(format!("`{image}` names no version")),
            "ADD" => wrong.push("`ADD` fetches and unpacks unasked; use `COPY`".to_owned()),
            "ENV" | "ARG"
                if ["TOKEN", "SECRET", "PASSWORD"].iter().any(|s| found.rest.contains(s)) =>
            {
                wrong.push(format!("a secret would stay in the image: {}", found.word));
            }
            "ENTRYPOINT" | "CMD" if !found.rest.starts_with('[') => {
                wrong.push(format!("{} without brackets needs a shell", found.word));
            }
            _ if found.rest.ends_with('\\') => wrong.push("one instruction, one line".to_owned()),
            _ => {}
        }
    }
    match runtime("USER")[..] {
        [user] if user.split(':').all(|id| id.parse().is_ok_and(|id: u32| id > 0)) => {}
        _ => wrong.push("the last stage needs one `USER`, a number above 0".to_owned()),
    }
    if !runtime("RUN").is_empty() {
        wrong.push("the last stage has no shell for `RUN`".to_owned());
    }
    if runtime("ENTRYPOINT").is_empty() {
        wrong.push("the last stage starts nothing; `ENTRYPOINT` is missing".to_owned());
    }
    let dependencies = all.iter().position(|found| found.rest.ends_with("build.sh dependencies"));
    let before = dependencies.map(|at| (&all[..at], all[at].stage));
    let is_cached = before.is_some_and(|(before, stage)| {
        !before
            .iter()
            .any(|found| found.stage == stage && found.word == "COPY" && found.rest == ". .")
    });
    if !is_cached {
        wrong.push("dependencies are built before the sources come, to be a layer".to_owned());
    }
    wrong
}

#[test]
fn the_image_is_small_pinned_and_not_root() {
    assert_eq!(mistakes(&read("deploy/Dockerfile")), [""; 0]);
}

#[test]
fn a_worse_dockerfile_would_be_noticed() {
    let good = read("deploy/Dockerfile");
    for (from, to, mistake) in [
        ("USER 65532:65532", "", "the last stage needs one `USER`"),
        ("USER 65532:65532", "USER nonroot", "the last stage needs one `USER`"),
        ("USER 65532:65532", "USER 0:0", "the last stage needs one `USER`"),
        (":1.95.0-slim-bookworm", "", "`rust` names no version"),
        (":1.95.0-slim-bookworm", ":latest", "`rust:latest` names no version"),
        ("COPY . .", "ADD . .", "`ADD` fetches"),
        ("CMD [\"run\"]", "CMD run", "CMD without brackets"),
        ("EXPOSE 8081", "RUN chmod +x /connector", "no shell for `RUN`"),
        ("ENTRYPOINT", "LABEL", "`ENTRYPOINT` is missing"),
        ("ARG BINARY=", "ARG REGISTRY_TOKEN", "a secret would stay"),
        ("COPY --from=plan /project/recipe.json recipe.json", "COPY . .", "to be a layer"),
    ] {
        assert!(good.contains(from), "{from}");
        let found = mistakes(&good.replace(from, to)).join("; ");
        assert!(found.contains(mistake), "{from} → {to}: {found}");
    }
}

#[test]
fn every_step_of_the_image_is_one_of_the_script() {
    let (dockerfile, script) = (read("deploy/Dockerfile"), read("deploy/build.sh"));
    let mut steps = Vec::new();
    for instruction in instructions(&dockerfile).iter().filter(|found| found.word == "RUN") {
        let step = instruction.rest.strip_prefix("sh build.sh ").expect("only the script is run");
        assert!(script.contains(&format!("\n{step}() {{")), "{step}");
        steps.push(step);
    }
    assert_eq!(steps, ["tools", "plan", "dependencies", "program"]);
    assert!(script.contains(&format!("\n  {}) \"$1\" ;;", steps.join(" | "))));
}

#[test]
fn the_image_is_built_with_the_compiler_of_the_repository() {
    let toolchain = read("rust-toolchain.toml");
    let channel = toolchain.lines().find_map(|line| line.strip_prefix("channel = ")).unwrap();
    let image = format!("FROM rust:{}-slim-", channel.trim_matches('"'));
    assert!(read("deploy/Dockerfile").contains(&image), "{image}");
}

#[test]
fn nothing_private_and_nothing_built_goes_into_an_image() {
    let ignored = read(".dockerignore");
    for pattern in [".git", ".env", "**/target", "**/*.pem", "**/*.key"] {
        assert!(ignored.lines().any(|line| line == pattern), "{pattern}");
    }
}

/// What begins with `FLOWX_CONNECTOR_` in a text, each once.
fn variables(text: &str) -> Vec<String> {
    let is_part = |c: char| c.is_ascii_uppercase() || c == '_';
    let names = text.split(|c| !is_part(c)).filter(|name| name.len() > "FLOWX_CONNECTOR_".len());
    let mut names: Vec<_> =
        names.filter(|name| name.starts_with("FLOWX_CONNECTOR_")).map(str::to_owned).collect();
    names.sort();
    names.dedup();
    names
}

#[test]
fn the_chart_sets_only_variables_that_the_connector_knows() {
    let helpers = read("deploy/chart/templates/_helpers.tpl");
    let set = variables(&helpers);
    assert!(set.len() >= 4, "{set:?}");
    for name in set {
        let known = KEYS.iter().any(|key| key.name == name);
        assert!(known, "the connector would refuse `{name}`");
    }
}

#[test]
fn the_charts_defaults_are_the_connectors() {
    let (values, defaults) = (read("deploy/chart/values.yaml"), Settings::default());
    let drain = format!("\ndrainSeconds: {}\n", defaults.drain.as_secs());
    assert!(values.contains(&drain), "{drain}");
    let port = defaults.admin_address.port();
    assert!(values.contains(&format!("\n  port: {port}\n")), "{port}");
    let session = format!("`session.timeout.ms`, {} s,", defaults.session_timeout.as_secs());
    assert!(values.contains(&session), "{session}");
    assert!(read("deploy/Dockerfile").contains(&format!("\nEXPOSE {port}\n")));
}

/// The page for who comes from Java: what it calls the same is read.
#[test]
fn variables_that_are_called_the_same_are_read() {
    let relaxed = |name: &str| name.replace('_', "");
    let page = read("docs/from-java.md");
    let rows = page.lines().filter(|line| line.starts_with("| `"));
    let mut same = 0;
    for row in rows {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        if !cells.get(2).is_some_and(|here| here.starts_with("the same")) {
            continue;
        }
        let names = cells[0].split(", ").map(|name| name.trim_matches('`'));
        for name in names.filter(|name| name.chars().all(|c| c.is_ascii_uppercase() || c == '_')) {
            let is_read = KEYS
                .iter()
                .flat_map(|key| key.names())
                .any(|known| relaxed(known) == relaxed(name));
            assert!(is_read, "`{name}` is called the same, and is not read");
            same += 1;
        }
    }
    assert!(same >= 10, "{same}");
}
