//! Connectors of secured Kafka: who is let in, who is not, what is said of it, and that nothing is lost
//! until it is mended.
//!
//! Without features only what needs neither TLS nor tokens runs; `--features tls` adds the rest.

mod access;
mod bank;
mod log;
mod plain;

#[cfg(feature = "tls")]
mod authority;
#[cfg(feature = "tls")]
mod door;
#[cfg(feature = "tls")]
mod encrypted;
#[cfg(feature = "tls")]
mod endpoint;
#[cfg(feature = "tls")]
mod hostile;
#[cfg(feature = "tls")]
mod tokens;
