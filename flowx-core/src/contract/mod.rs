//! Floor 3: what others may rely on.

pub mod answer;
pub mod asyncapi;
pub mod catalog;
pub mod designer;
pub mod diff;
mod hash;
pub mod lint;
pub mod model;
pub mod read;
pub mod sample;
pub mod schema;
pub mod table;
