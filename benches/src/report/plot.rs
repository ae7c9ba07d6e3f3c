//! Results as a picture.

use anyhow::anyhow;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::{Figures, Results};
use crate::scenario::COMMON_LOAD;

const WIDTH: u32 = 900;
const BAR: u32 = 26;
const HEADING: u32 = 44;
/// Room for the names.
const NAMES: u32 = 250;
/// Room for the number behind the longest bar.
const NUMBERS: u32 = 110;

/// Bars with one meaning.
struct Panel {
    title: String,
    digits: usize,
    bars: Vec<(String, f64)>,
}

/// The figures that say most, as SVG; `None` if there are none.
pub(crate) fn plot(results: &Results) -> anyhow::Result<Option<String>> {
    let panels = panels(&Figures::of(results));
    if panels.is_empty() {
        return Ok(None);
    }
    let height = |panel: &Panel| HEADING + BAR * u32::try_from(panel.bars.len()).unwrap_or(0) + 16;
    let size = (WIDTH, panels.iter().map(height).sum());
    let mut svg = String::new();
    {
        let mut rest = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        rest.fill(&WHITE).map_err(|error| anyhow!("{error}"))?;
        for panel in &panels {
            let (area, below) = rest.split_vertically(height(panel));
            draw(&area, panel).map_err(|error| anyhow!("cannot draw: {error}"))?;
            rest = below;
        }
    }
    Ok(Some(svg))
}

fn panels(figures: &[Figures<'_>]) -> Vec<Panel> {
    let mut panels = Vec::new();
    let mut add = |title: String, digits, bars: Vec<(String, f64)>| {
        if !bars.is_empty() {
            panels.push(Panel { title, digits, bars });
        }
    };
    for all in figures {
        let name = |row: &super::figures::Row<'_>| row.about.title.clone();
        let title = all.scenario.title;
        match all.scenario.name {
            "ready" | "await" => {
                let rate = |row| Some((name(row), row.rate?.median));
                add(format!("{title}: replies/s"), 0, all.ranked.iter().filter_map(rate).collect());
                // Microseconds for each would differ a thousandfold, and the best have no bar to see.
                let cpu = |row: &super::figures::Row<'_>| {
                    Some((name(row), 1_000_000.0 / row.cpu?.median))
                };
                add(
                    format!("{title}: replies per second of processor time"),
                    0,
                    all.ranked.iter().filter_map(cpu).collect(),
                );
            }
            "latency" => {
                let p99 = |row: &super::figures::Row<'_>| {
                    Some((name(row), row.latency(COMMON_LOAD, |latency| latency.p99)?.median))
                };
                let bars = all.ranked.iter().filter_map(p99).collect();
                add(format!("p99 at {COMMON_LOAD} % of capacity, ms"), 2, bars);
            }
            _ => {}
        }
    }
    panels
}

type Area<'a> = DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;

fn draw(area: &Area<'_>, panel: &Panel) -> Result<(), Box<dyn std::error::Error>> {
    let at = |x: u32, y: u32| (x.cast_signed(), y.cast_signed());
    let font = |size: u32| ("sans-serif", size).into_font().color(&BLACK);
    let right = font(14).pos(Pos::new(HPos::Right, VPos::Center));
    let left = font(14).pos(Pos::new(HPos::Left, VPos::Center));
    area.draw(&Text::new(panel.title.as_str(), at(16, 14), font(18)))?;
    let most = panel.bars.iter().map(|(_, value)| *value).fold(f64::MIN_POSITIVE, f64::max);
    for (number, (name, value)) in (0_u32..).zip(&panel.bars) {
        let top = HEADING + number * BAR;
        let length = (f64::from(WIDTH - NAMES - NUMBERS) * value / most).max(1.0) as u32;
        let color = RGBColor(70, 110, 170).filled();
        let corners = [at(NAMES, top + 4), at(NAMES + length, top + BAR - 4)];
        area.draw(&Rectangle::new(corners, color))?;
        area.draw(&Text::new(name.as_str(), at(NAMES - 8, top + BAR / 2), right.clone()))?;
        let shown = format!("{value:.*}", panel.digits);
        area.draw(&Text::new(shown, at(NAMES + length + 8, top + BAR / 2), left.clone()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bar_has_its_name_and_number_and_the_longest_fits() {
        let panel = Panel {
            title: "replies/s".to_owned(),
            digits: 0,
            bars: vec![("flowx".to_owned(), 123_456.0), ("peer".to_owned(), 1.0)],
        };
        let mut svg = String::new();
        {
            let area = SVGBackend::with_string(&mut svg, (WIDTH, 120)).into_drawing_area();
            draw(&area, &panel).unwrap();
        }
        for part in ["flowx", "peer", "123456", "replies/s", "<rect"] {
            assert!(svg.contains(part), "{part} in {svg}");
        }
        assert!(svg.contains(&format!("width=\"{}\"", WIDTH - NAMES - NUMBERS)), "{svg}");
    }

    #[test]
    fn without_figures_there_is_no_picture() {
        let results = Results::open(std::path::Path::new("/nowhere/at/all")).unwrap();
        assert!(plot(&results).unwrap().is_none());
    }
}
