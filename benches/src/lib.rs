//! What a connector costs. The parts that more than one measurement needs; `benches/README.md` says how
//! to run them.

pub mod loopback;
pub mod sample;
