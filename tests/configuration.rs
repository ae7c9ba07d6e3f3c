//! Where settings come from, what is said of those that cannot work, and that no secret is ever seen.

#[path = "configuration/secrets.rs"]
mod secrets;
#[path = "configuration/show.rs"]
mod show;
