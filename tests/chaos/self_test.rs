//! Plants bugs in real connectors: the ledger must find every one, and nothing in a sound connector.

use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use clap::ValueEnum;
use flowx_tests::kafka::KafkaCluster;
use flowx_tests::ledger::{Check, verify};
use flowx_tests::try_eventually;
use tokio::task::JoinSet;

use crate::collect::{Collector, requests};
use crate::fleet::Fleet;
use crate::plan::Plan;
use crate::run::{close, drain};
use crate::sabotage::Sabotage;
use crate::scene::Scene;
use crate::traffic;

const SENDING: Duration = Duration::from_secs(4);

/// A sound connector needs a fraction of it; some of the others never finish.
const DRAINED_WITHIN: Duration = Duration::from_secs(15);

const REQUESTS: u64 = 600;

/// The restart comes when so many are answered.
const ANSWERED: usize = 150;

const ANSWERED_WITHIN: Duration = Duration::from_secs(60);

impl Sabotage {
    /// The check that must find it.
    fn found_by(self) -> Check {
        match self {
            Self::CommitBeforeFinish | Self::OffByOne => Check::CommitAhead,
            Self::AsynchronousCommit | Self::DoubleReply => Check::Unprovoked,
            Self::SkippedDeadLetter | Self::DroppedProducer => Check::Lost,
            Self::ReorderingSend => Check::Order,
            Self::HeaderLost => Check::HeaderDiff,
        }
    }
}

/// All of them at once, each with topics and a group of its own; whether all are as they must be.
pub(crate) async fn run() -> anyhow::Result<bool> {
    let cluster = KafkaCluster::start(1).await;
    let folder = tempfile::Builder::new().prefix("flowx-chaos-").tempdir()?;
    let mut cases = JoinSet::new();
    let sabotages = Sabotage::value_variants().iter().copied().map(Some);
    for (number, sabotage) in sabotages.chain([None]).enumerate() {
        let scene = Scene::create(&cluster, 1, &format!("case-{number}"), 3).await;
        let folder = folder.path().join(number.to_string());
        cases.spawn(async move {
            std::fs::create_dir(&folder)?;
            case(sabotage, &scene, &folder).await
        });
    }
    let mut is_good = true;
    while let Some(case) = cases.join_next().await {
        is_good &= case??;
    }
    if !is_good {
        println!("the logs of the connectors are kept in {}", folder.keep().display());
    }
    Ok(is_good)
}

async fn case(sabotage: Option<Sabotage>, scene: &Scene, folder: &Path) -> anyhow::Result<bool> {
    let plan = Plan {
        requests: REQUESTS,
        keys: 12,
        partitions: scene.partitions,
        growth: 0,
        sending: SENDING,
        ..Plan::scaled(0.0, 1, None, Some(1))
    };
    let collector = Collector::start(scene, plan.seed).await?;
    let mut fleet = Fleet::new(scene, scene.servers.clone(), folder, sabotage);
    fleet.start(0).await?;
    let never = AtomicBool::new(false);
    let restart = async {
        // Not a fault: whatever a restart in good order repeats or loses is a bug.
        try_eventually(ANSWERED_WITHIN, async || collector.count() >= ANSWERED).await?;
        fleet.stop(0).await?;
        fleet.start(0).await
    };
    let (sent, restarted) = tokio::join!(traffic::send(&plan, scene, &never), restart);
    sent.and(restarted)?;
    let sent = requests(scene, plan.requests).await?;
    let drained = drain(&collector, &sent, DRAINED_WITHIN).await;
    let history = close(&mut fleet, &collector, sent, drained).await?;
    let report = verify(&history);
    let (name, is_good) = match sabotage {
        Some(sabotage) => {
            let is_found = report.offences().any(|check| check == sabotage.found_by());
            (format!("{sabotage:?}"), is_found)
        }
        None => ("sound".to_owned(), report.is_good() && fleet.troubles.is_empty()),
    };
    let offences: Vec<_> = report.offences().map(Check::name).collect();
    let verdict = if is_good { "as it must be" } else { "NOT AS IT MUST BE" };
    println!("{name:<20} {verdict}: {}", offences.join(", "));
    if sabotage.is_none() {
        println!("{:20} repeated by its restart: {}", "", report.count(Check::DupHandler));
    }
    if !is_good {
        println!("{report}\n{:?}", fleet.troubles);
    }
    Ok(is_good)
}
