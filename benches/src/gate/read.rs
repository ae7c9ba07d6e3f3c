//! Reads a reply topic from its beginning to where it ends now.

use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use rdkafka::message::{Headers as _, Message as _};

use super::{Judge, Reply};
use crate::broker::Broker;

const SILENCE: Duration = Duration::from_secs(30);

/// Has a judge hear every record of a topic.
pub(crate) fn read(
    broker: &Broker,
    topic: &str,
    partitions: i32,
    judge: &mut Judge<'_>,
) -> anyhow::Result<()> {
    let ends = broker.end_offsets(topic, partitions)?;
    let mut left: i64 = ends.iter().sum();
    if left == 0 {
        return Ok(());
    }
    let consumer = broker.read(topic, partitions)?;
    let mut heard = Instant::now();
    while left > 0 {
        let Some(record) = consumer.poll(Duration::from_millis(200)) else {
            ensure!(heard.elapsed() < SILENCE, "{left} records of `{topic}` do not come");
            continue;
        };
        let record = record.with_context(|| format!("cannot read `{topic}`"))?;
        heard = Instant::now();
        left -= 1;
        let headers = record.headers().map_or_else(Vec::new, |headers| {
            headers.iter().map(|header| (header.key, header.value.unwrap_or_default())).collect()
        });
        judge.hear(&Reply {
            partition: record.partition(),
            at: record.timestamp().to_millis().unwrap_or(0),
            key: record.key().unwrap_or_default(),
            headers,
            payload: record.payload().unwrap_or_default(),
        });
    }
    Ok(())
}
