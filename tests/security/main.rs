//! Connectors of secured Kafka: who is let in, who is not, what is said of it, and that nothing is lost
//! until it is mended.
//!
//! Without features only what needs neither TLS nor tokens runs; `--features tls` adds the rest.

mod access;
mod bank;
mod log;
mod plain;
