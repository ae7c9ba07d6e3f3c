//! What the log of a connector says, and that nobody from outside writes in it.

mod lines;
mod span;
