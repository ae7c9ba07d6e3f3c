//! Floor 3: what others may rely on.

pub mod schema;
pub mod table;
