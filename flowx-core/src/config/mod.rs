//! Floor 1: the settings of a connector, read from the environment.

pub mod keys;
pub mod settings;

pub use settings::Settings;
