//! A dead letter as a test that fails.

mod literal;
pub mod mask;
pub mod test;
