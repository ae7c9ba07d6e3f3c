//! What the rounds of a comparison come to.

use super::{About, Ended, Latency, Results, Run};
use crate::scenario::{SCENARIOS, Scenario};
use crate::stats::Spread;

/// A contender in a scenario, over all rounds.
#[derive(Clone, Debug)]
pub(crate) struct Row<'a> {
    pub(crate) about: &'a About,
    pub(crate) rounds: usize,
    pub(crate) rate: Option<Spread>,
    pub(crate) cpu: Option<Spread>,
    pub(crate) peak: Option<Spread>,
    pub(crate) start_up: Option<Spread>,
    pub(crate) seconds: Option<Spread>,
    pub(crate) capacity: Option<Spread>,
    /// The most replies beyond the first that a run had.
    pub(crate) twice: u64,
    /// Whether a run was over before every request was answered.
    pub(crate) is_cut: bool,
    latencies: Vec<Latency>,
    /// Why it is not ranked, if it is not.
    pub(crate) violations: Vec<String>,
}

/// All rows of a scenario: the ranked ones by rate, then the others.
#[derive(Clone, Debug)]
pub(crate) struct Figures<'a> {
    pub(crate) scenario: Scenario,
    pub(crate) ranked: Vec<Row<'a>>,
    pub(crate) unranked: Vec<Row<'a>>,
}

impl<'a> Figures<'a> {
    /// Of all scenarios for which there is a run.
    pub(crate) fn of(results: &'a Results) -> Vec<Self> {
        let contenders = results.contenders();
        let figures = SCENARIOS.iter().map(|scenario| {
            let rows = contenders.iter().filter_map(|about| Row::of(results, about, scenario.name));
            let (mut ranked, unranked): (Vec<_>, Vec<_>) =
                rows.partition(|row| row.violations.is_empty());
            ranked.sort_by(|one, other| other.speed().total_cmp(&one.speed()));
            Self { scenario: *scenario, ranked, unranked }
        });
        figures.filter(|all| !(all.ranked.is_empty() && all.unranked.is_empty())).collect()
    }

    /// What the fastest that decodes nothing reaches.
    pub(crate) fn floor(&self) -> Option<f64> {
        let floor = self.ranked.iter().find(|row| !row.about.handler)?;
        floor.rate.map(|rate| rate.median)
    }
}

impl<'a> Row<'a> {
    fn of(results: &'a Results, about: &'a About, scenario: &str) -> Option<Self> {
        let runs: Vec<&Run> = results
            .runs()
            .filter(|run| run.contender == about.name && run.scenario == scenario)
            .collect();
        if runs.is_empty() {
            return None;
        }
        let spread =
            |figure: fn(&Run) -> Option<f64>| Spread::of(runs.iter().filter_map(|run| figure(run)));
        let mut violations = Vec::new();
        for run in &runs {
            violations
                .extend(run.violations.iter().map(|what| format!("round {}: {what}", run.round)));
        }
        if let Some(kill) = results.kill(&about.name) {
            violations.extend(kill.violations.iter().map(|what| format!("after kill -9: {what}")));
        }
        let twice = runs.iter().filter_map(|run| run.verdict.as_ref()).map(|v| v.duplicates).max();
        Some(Self {
            about,
            rounds: runs.len(),
            rate: spread(|run| run.rate),
            cpu: spread(|run| run.cpu),
            peak: spread(|run| run.peak),
            start_up: spread(|run| run.start_up),
            seconds: spread(|run| run.seconds),
            capacity: spread(|run| run.capacity),
            twice: twice.unwrap_or(0),
            is_cut: runs.iter().any(|run| run.ended == Ended::Time),
            latencies: runs.iter().flat_map(|run| run.latencies.iter().copied()).collect(),
            violations,
        })
    }

    /// The loads at which latency was measured.
    pub(crate) fn loads(&self) -> Vec<u32> {
        let mut loads: Vec<_> = self.latencies.iter().map(|latency| latency.load).collect();
        loads.sort_unstable();
        loads.dedup();
        loads
    }

    /// A figure of the latencies at a load, over all rounds.
    pub(crate) fn latency(&self, load: u32, figure: fn(&Latency) -> f64) -> Option<Spread> {
        Spread::of(self.latencies.iter().filter(|latency| latency.load == load).map(figure))
    }

    fn speed(&self) -> f64 {
        self.rate.or(self.capacity).map_or(0.0, |rate| rate.median)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contender::Order;
    use crate::report::{Kill, Line};

    fn about(name: &str) -> About {
        About {
            name: name.to_owned(),
            title: name.to_owned(),
            guarantee: "at least once".to_owned(),
            order: Order::Key,
            settings: String::new(),
            handler: name != "floor",
            size: None,
            left_out: None,
        }
    }

    fn results(lines: Vec<Line>) -> Results {
        let mut results = Results::open(std::path::Path::new("/nowhere/at/all")).unwrap();
        results.lines = lines;
        results
    }

    fn run(contender: &str, round: u32, rate: f64, violations: &[&str]) -> Line {
        Line::Run(Run {
            rate: Some(rate),
            violations: violations.iter().map(|what| (*what).to_owned()).collect(),
            ..Run::new("ready", contender, round)
        })
    }

    #[test]
    fn contenders_are_ranked_by_the_median_of_their_rounds() {
        let mut lines: Vec<_> = ["a", "b", "floor"].map(|name| Line::Contender(about(name))).into();
        for (round, (a, b, floor)) in
            (1..).zip([(10.0, 5.0, 50.0), (1.0, 6.0, 40.0), (2.0, 7.0, 60.0)])
        {
            lines.extend([run("a", round, a, &[]), run("b", round, b, &[])]);
            lines.push(run("floor", round, floor, &[]));
        }
        let results = results(lines);
        let figures = Figures::of(&results);
        let [ready] = &figures[..] else { panic!("{figures:?}") };
        let order: Vec<_> = ready.ranked.iter().map(|row| row.about.name.as_str()).collect();
        assert_eq!(order, ["floor", "b", "a"]);
        assert_eq!(ready.floor(), Some(50.0));
    }

    #[test]
    fn who_fails_in_one_round_or_loses_something_when_killed_is_not_ranked() {
        let mut lines: Vec<_> = ["a", "b", "c"].map(|name| Line::Contender(about(name))).into();
        lines.extend([run("a", 1, 1.0, &[]), run("a", 2, 1.0, &["3 requests lost"])]);
        lines.extend([run("b", 1, 1.0, &[]), run("c", 1, 1.0, &[])]);
        let violations = vec!["7 requests lost".to_owned()];
        lines.push(Line::Kill(Kill { violations, ..Kill::new("b") }));
        let results = results(lines);
        let figures = &Figures::of(&results)[0];
        assert_eq!(figures.ranked.len(), 1);
        let said: Vec<_> = figures.unranked.iter().map(|row| row.violations.join("; ")).collect();
        assert_eq!(said, ["round 2: 3 requests lost", "after kill -9: 7 requests lost"]);
    }
}
