//! Results: kept as lines of JSON, shown as tables and as a plot.

mod figures;
mod markdown;
mod plot;
mod results;
mod soak;

pub(crate) use figures::Figures;
pub(crate) use markdown::{markdown, write_between};
pub(crate) use plot::plot;
pub(crate) use results::{About, Ended, Facts, Kill, Latency, Line, Results, Run};
pub(crate) use soak::soak_markdown;
