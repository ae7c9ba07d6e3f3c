//! What can go wrong on the way to a running cluster.

use std::io;
use std::path::PathBuf;

use crate::TimedOut;

#[derive(Debug, thiserror::Error)]
pub(crate) enum KafkaError {
    #[error("Java is missing: {0}")]
    Java(String),
    #[error(
        "Maven could not copy Kafka's jars (the first run needs Maven Central); it said:\n{output}"
    )]
    Maven { output: String },
    #[error("cannot {action} {path}: {source}")]
    File { action: &'static str, path: PathBuf, source: io::Error },
    #[error("cannot run `{program}`: {source}")]
    Run { program: String, source: io::Error },
    #[error("{0}")]
    Ports(io::Error),
    #[error("Kafka could not format the storage of node {node}; it said:\n{output}")]
    Format { node: usize, output: String },
    #[error("node {node} of Kafka ended before it was ready; the end of its log:\n{log}")]
    Died { node: usize, log: String },
    #[error("node {node} of Kafka is {timed_out}; the end of its log:\n{log}")]
    NotReady { node: usize, timed_out: TimedOut, log: String },
}

impl KafkaError {
    pub(crate) fn file(
        action: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { action, path, source }
    }

    pub(crate) fn run(program: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let program = program.into();
        move |source| Self::Run { program, source }
    }

    /// Whether another process took a port between its choice and its use.
    pub(crate) fn is_port_clash(&self) -> bool {
        matches!(self, Self::Died { log, .. } if log.contains("Address already in use"))
    }
}
