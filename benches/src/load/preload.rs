//! Requests that are there before a contender starts.

use super::{Feed, Feeder, Maker};
use crate::broker::Broker;

/// Writes all requests of a feed into its topic, which is created, and returns when they are there.
/// A topic that was filled before is left as it is.
pub(crate) fn preload(broker: &Broker, seed: u64, feed: &Feed) -> anyhow::Result<()> {
    let topic = feed.topic();
    if broker.has_topic(&topic)? {
        return Ok(());
    }
    broker.create_topic(&topic, feed.partitions, &[])?;
    let maker = Maker::new(seed, feed);
    let feeder = Feeder::connect(broker.servers(), &topic)?;
    for sequence in 0..feed.count {
        feeder.send(&maker.request(sequence))?;
        if sequence % 256 == 0 {
            feeder.poll();
        }
    }
    feeder.finish()?;
    let there: i64 = broker.end_offsets(&topic, feed.partitions)?.iter().sum();
    anyhow::ensure!(
        u64::try_from(there) == Ok(feed.count),
        "`{topic}` has {there} records instead of {}",
        feed.count
    );
    Ok(())
}
