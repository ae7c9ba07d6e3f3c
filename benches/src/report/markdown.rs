//! Results as tables.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::Context as _;

use super::figures::Row;
use super::{Figures, Results};
use crate::scenario::{Measured, SCENARIOS};
use crate::stats::Spread;

const BEGIN: &str = "<!-- figures: written by `compare --publish` -->";
const END: &str = "<!-- end of figures -->";

/// All results, without a heading above them.
pub(crate) fn markdown(results: &Results) -> String {
    let mut text = String::new();
    if let Some(facts) = results.facts() {
        text.push_str("| | |\n|---|---|\n");
        for (name, value) in &facts.facts {
            let _ = writeln!(text, "| {name} | {} |", escaped(value));
        }
    }
    let figures = Figures::of(results);
    contenders(&mut text, results, &figures);
    for scenario in &figures {
        let _ = write!(text, "\n### {}\n\n", scenario.scenario.title);
        match scenario.scenario.measured {
            Measured::Latency => latencies(&mut text, scenario),
            Measured::Rate | Measured::Backlog => rates(&mut text, scenario),
        }
        for row in &scenario.unranked {
            let reasons = row.violations.join("; ");
            let _ = write!(text, "\nNot ranked: **{}**: {}.\n", row.about.title, escaped(&reasons));
        }
    }
    let left_out = results.contenders().into_iter().filter_map(|about| {
        about.left_out.as_ref().map(|reason| format!("- {}: {}\n", about.title, escaped(reason)))
    });
    let left_out: String = left_out.collect();
    if !left_out.is_empty() {
        let _ = write!(text, "\n### Left out\n\n{left_out}");
    }
    text
}

/// Puts a text between the two marks of a document.
///
/// # Errors
/// The document cannot be read or written, or has no such marks.
pub(crate) fn write_between(file: &Path, text: &str) -> anyhow::Result<()> {
    let document =
        std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let place = document
        .split_once(BEGIN)
        .and_then(|(before, rest)| rest.split_once(END).map(|(_, behind)| (before, behind)));
    let (before, behind) =
        place.with_context(|| format!("{} needs the lines {BEGIN} and {END}", file.display()))?;
    let document = format!("{before}{BEGIN}\n\n{}\n\n{END}{behind}", text.trim());
    std::fs::write(file, document).with_context(|| format!("cannot write {}", file.display()))
}

fn contenders(text: &mut String, results: &Results, figures: &[Figures<'_>]) {
    text.push_str(
        "\n### Contenders\n\n\
         | contender | promises | order kept | program, MiB | to first reply, s | kill -9: lost | \
         answered twice | settings |\n|---|---|---|---:|---:|---:|---:|---|\n",
    );
    let ready = figures.iter().find(|figures| figures.scenario.name == SCENARIOS[0].name);
    for about in results.contenders().into_iter().filter(|about| about.left_out.is_none()) {
        let row = ready.and_then(|ready| {
            ready.ranked.iter().chain(&ready.unranked).find(|row| row.about == about)
        });
        let start_up = row.and_then(|row| row.start_up);
        let size = about
            .size
            .map_or("–".to_owned(), |size| format!("{:.1}", size as f64 / f64::from(1 << 20)));
        let kill = results.kill(&about.name);
        let verdict = kill.and_then(|kill| kill.verdict.as_ref());
        let told = |count: Option<u64>| match (kill, count) {
            (None, _) => "not tried".to_owned(),
            (Some(_), None) => "failed".to_owned(),
            (Some(_), Some(count)) => grouped(count as f64),
        };
        let cells = [
            escaped(&about.title),
            escaped(&about.guarantee),
            about.order.name().to_owned(),
            size,
            shown(start_up, 1),
            told(verdict.map(|verdict| verdict.lost)),
            told(verdict.map(|verdict| verdict.duplicates)),
            escaped(&about.settings),
        ];
        let _ = writeln!(text, "| {} |", cells.join(" | "));
    }
    for about in results.contenders() {
        let kill = results.kill(&about.name).filter(|kill| !kill.violations.is_empty());
        if let Some(kill) = kill {
            let reasons = escaped(&kill.violations.join("; "));
            let _ = write!(text, "\nAfter kill -9, **{}**: {reasons}.\n", about.title);
        }
    }
}

fn rates(text: &mut String, figures: &Figures<'_>) {
    let is_backlog = figures.scenario.measured == Measured::Backlog;
    let took = if is_backlog { " seconds in all |" } else { "" };
    let _ = writeln!(
        text,
        "| contender | replies/s | of the floor | CPU µs/reply | peak, MiB | answered twice | \
         rounds |{took}"
    );
    let align = if is_backlog { "---:|" } else { "" };
    let _ = writeln!(text, "|---|---:|---:|---:|---:|---:|---:|{align}");
    let floor = figures.floor();
    for row in &figures.ranked {
        let part = match (row.rate, floor) {
            (Some(rate), Some(floor)) => format!("{:.2}", rate.median / floor),
            _ => "–".to_owned(),
        };
        let mut cells = vec![
            escaped(&row.about.title),
            shown(row.rate, 0),
            part,
            shown(row.cpu, 2),
            shown(row.peak, 0),
            row.twice.to_string(),
            row.rounds.to_string(),
        ];
        if is_backlog {
            cells.push(if row.is_cut { "not in time".to_owned() } else { shown(row.seconds, 1) });
        }
        let _ = writeln!(text, "| {} |", cells.join(" | "));
    }
    if let Some(bound) = figures.scenario.bound() {
        let _ = write!(text, "\nThe most that is possible: {}/s.\n", grouped(bound));
    }
}

fn latencies(text: &mut String, figures: &Figures<'_>) {
    text.push_str(
        "| contender | capacity, replies/s | load | requests/s | p50, ms | p99, ms | peak, MiB | \
         rounds |\n|---|---:|---:|---:|---:|---:|---:|---:|\n",
    );
    for row in &figures.ranked {
        for load in row.loads() {
            let cells = latency(row, load);
            let _ = writeln!(text, "| {} |", cells.join(" | "));
        }
    }
}

fn latency(row: &Row<'_>, load: u32) -> [String; 8] {
    [
        escaped(&row.about.title),
        shown(row.capacity, 0),
        format!("{load} %"),
        row.latency(load, |latency| latency.offered)
            .map_or("–".to_owned(), |s| grouped(s.median)),
        shown(row.latency(load, |latency| latency.p50), 2),
        shown(row.latency(load, |latency| latency.p99), 2),
        shown(row.peak, 0),
        row.rounds.to_string(),
    ]
}

/// The median, and the ends where they are others.
fn shown(spread: Option<Spread>, digits: usize) -> String {
    let Some(Spread { median, min, max }) = spread else { return "–".to_owned() };
    let number = |value: f64| {
        if digits == 0 { grouped(value) } else { format!("{value:.digits$}") }
    };
    let (median, min, max) = (number(median), number(min), number(max));
    if min == max { median } else { format!("{median} ({min}–{max})") }
}

/// A whole number with a space between thousands.
fn grouped(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place) % 3 == 0 {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

fn escaped(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contender::Order;
    use crate::gate::Verdict;
    use crate::report::{About, Facts, Kill, Latency, Line, Run};

    #[test]
    fn numbers_are_shown_with_their_ends() {
        let spread = |figures: &[f64]| Spread::of(figures.iter().copied());
        assert_eq!(shown(spread(&[1_234_567.4]), 0), "1 234 567");
        assert_eq!(shown(spread(&[999.0, 1_000.0, 100_000.0]), 0), "1 000 (999–100 000)");
        assert_eq!(shown(spread(&[1.234]), 2), "1.23");
        assert_eq!(shown(None, 2), "–");
    }

    #[test]
    fn who_lost_something_is_told_with_what_it_lost() {
        let about = |name: &str| About {
            name: name.to_owned(),
            title: format!("The {name}"),
            guarantee: "at least once".to_owned(),
            order: Order::Key,
            settings: "a|b".to_owned(),
            handler: true,
            size: Some(3 << 20),
            left_out: (name == "absent").then(|| "`go` is not on PATH".to_owned()),
        };
        let run = |name: &str, violations: Vec<String>| Run {
            rate: Some(1_000.0),
            start_up: Some(0.5),
            violations,
            ..Run::new("ready", name, 1)
        };
        let latency = Latency { load: 50, offered: 500.0, count: 9, p50: 1.5, p99: 3.25 };
        let kill = Kill {
            verdict: Some(Verdict { lost: 0, duplicates: 4_000, ..Verdict::default() }),
            ..Kill::new("good")
        };
        let mut results = Results::open(Path::new("/nowhere/at/all")).unwrap();
        results.lines = vec![
            Line::Machine(Facts { facts: vec![("commit".to_owned(), "abc".to_owned())] }),
            Line::Contender(about("good")),
            Line::Contender(about("bad")),
            Line::Contender(about("absent")),
            Line::Run(run("good", vec![])),
            Line::Run(run("bad", vec!["5 requests lost".to_owned()])),
            Line::Run(Run { latencies: vec![latency], ..Run::new("latency", "good", 1) }),
            Line::Kill(kill),
        ];
        let text = markdown(&results);
        for part in [
            "| commit | abc |",
            "| The good | at least once | key | 3.0 | 0.5 | 0 | 4 000 | a\\|b |",
            "| The bad | at least once | key | 3.0 | 0.5 | not tried | not tried | a\\|b |",
            "| The good | 1 000 | – | – | – | 0 | 1 |",
            "Not ranked: **The bad**: round 1: 5 requests lost.",
            "| The good | – | 50 % | 500 | 1.50 | 3.25 | – | 1 |",
            "- The absent: `go` is not on PATH",
        ] {
            assert!(text.contains(part), "{part} in\n{text}");
        }
        assert!(!text.contains("| The bad | 1 000"), "{text}");
    }

    #[test]
    fn a_document_gets_its_figures_between_the_marks_and_nowhere_else() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("README.md");
        std::fs::write(&file, format!("before\n{BEGIN}\nold\n{END}\nbehind\n")).unwrap();
        for _ in 0..2 {
            write_between(&file, "new\n").unwrap();
            let text = std::fs::read_to_string(&file).unwrap();
            assert_eq!(text, format!("before\n{BEGIN}\n\nnew\n\n{END}\nbehind\n"));
        }
        std::fs::write(&file, "no marks").unwrap();
        assert!(write_between(&file, "new").is_err());
    }

    #[test]
    fn the_page_on_benches_has_the_marks() {
        let page = include_str!("../../README.md");
        assert!(page.contains(BEGIN) && page.contains(END));
    }
}
