//! What a long time at half load came to.

use crate::contender::{Contender, Stopped};
use crate::measure::Soak;
use flowx_tests::report::Report;

/// The most rows that a reader looks at.
const ROWS: usize = 60;

/// A report in Markdown, with the head of every written report.
pub(crate) fn soak_markdown(report: &mut Report, contender: &Contender, soak: &Soak) {
    let took = soak.looks.last().map_or(0.0, |look| look.seconds);
    report.text(format!(
        "{} for {:.0} min at {:.0} requests/s, half of the {:.0}/s that it answers while requests come; \
         small requests, a handler that is ready at once, settings: {}.",
        contender.manifest.title,
        took / 60.0,
        soak.rate,
        soak.capacity,
        contender.manifest.settings,
    ));
    let memory = soak.early_and_late().map_or_else(
        || "too few looks for a verdict on memory".to_owned(),
        |(early, late)| {
            format!("{early:.1} MiB in the second sixth of the time, {late:.1} MiB in the last")
        },
    );
    let ended = match soak.stopped {
        Stopped::InTime => "in time",
        Stopped::Killed => "not within 10 s",
    };
    report.table(
        &["what", "found"],
        &[
            vec!["memory, median".into(), memory],
            vec!["requests".into(), soak.requests.to_string()],
            vec!["requests without a reply".into(), soak.unanswered.to_string()],
            vec!["ended on SIGTERM".into(), ended.into()],
        ],
    );
    let every = soak.looks.len().div_ceil(ROWS).max(1);
    let rows = soak.looks.iter().step_by(every).map(|look| {
        vec![
            format!("{:.1}", look.seconds / 60.0),
            format!("{:.1}", look.resident),
            format!("{:.2}", look.p50),
            format!("{:.2}", look.p99),
        ]
    });
    report.table(&["minute", "memory, MiB", "p50, ms", "p99, ms"], &rows.collect::<Vec<_>>());
}
