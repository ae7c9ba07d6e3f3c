//! Floor 6: tests without a process engine.

pub mod process_engine;
