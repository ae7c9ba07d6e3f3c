//! Floor 3: a record's way through, whatever the broker.

pub mod port;
