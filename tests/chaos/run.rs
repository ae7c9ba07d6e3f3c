//! One run from the first broker to the verdict.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use flowx_tests::kafka::KafkaCluster;
use flowx_tests::ledger::{AnswerKind, Expected, History, Request, verify};
use flowx_tests::proxy::Proxy;
use flowx_tests::report::Report as Written;
use tokio::time::{Instant, sleep};

use crate::collect::{Collector, Place, requests};
use crate::faults::World;
use crate::fleet::Fleet;
use crate::plan::Plan;
use crate::scene::Scene;
use crate::schedule::schedule;
use crate::traffic;

/// How long after the last fault everything must be finished.
const DRAINED_WITHIN: Duration = Duration::from_secs(200);

/// After the last connector has ended nothing more comes: so long is waited to see it.
const SILENCE: Duration = Duration::from_secs(2);

/// Runs a plan, prints what the ledger found and writes it into `file`; whether that is good.
pub(crate) async fn run(plan: &Plan, keep: bool, file: Option<&Path>) -> anyhow::Result<bool> {
    println!("{plan:?}");
    let mut written = Written::new("Chaos between Apache Kafka and connectors", plan.command());
    let folder = tempfile::Builder::new().prefix("flowx-chaos-").tempdir()?;
    let mut proxies = Vec::new();
    for _ in 0..plan.nodes {
        proxies.push(Proxy::listen().await?);
    }
    let ports: Vec<_> = proxies.iter().map(Proxy::port).collect();
    let cluster = KafkaCluster::start_advertised(plan.nodes, &[], &ports).await;
    for (node, proxy) in proxies.iter().enumerate() {
        proxy.lead_to(cluster.hidden_port(node).expect("every node advertises a proxy"));
    }
    let servers: Vec<_> = ports.iter().map(|port| format!("127.0.0.1:{port}")).collect();
    let scene = Scene::create(&cluster, plan.nodes, "chaos", plan.partitions).await;
    let collector = Collector::start(&scene, plan.seed).await?;
    let mut fleet = Fleet::new(&scene, servers.join(","), folder.path(), None);
    fleet.forgives_rebalances = !plan.is_strict;
    for slot in 0..plan.connectors {
        fleet.start(slot).await?;
    }
    let has_grown = Arc::new(AtomicBool::new(false));
    let mut world = World {
        plan: plan.clone(),
        scene: scene.clone(),
        cluster,
        bad_ways: vec![None; proxies.len()],
        proxies,
        fleet,
        has_grown: Arc::clone(&has_grown),
    };
    let steps = schedule(plan);
    let (sent, followed) =
        tokio::join!(traffic::send(plan, &scene, &has_grown), world.follow(&steps));
    sent.and(followed)?;
    world.heal().await?;
    println!("         healed; draining");
    let sent = requests(&scene, plan.requests).await?;
    let drained = drain(&collector, &sent, DRAINED_WITHIN).await;
    let history = close(&mut world.fleet, &collector, sent, drained).await?;
    let report = verify(&history);
    println!("{report}");
    for trouble in &world.fleet.troubles {
        println!("BAD: {trouble}");
    }
    let is_good = report.is_good() && world.fleet.troubles.is_empty();
    written.listing(format!("{plan:#?}"));
    written.listing(report.to_string());
    for trouble in &world.fleet.troubles {
        written.text(format!("BAD: {trouble}"));
    }
    written.text("What was done, and when:");
    let steps =
        steps.iter().map(|(at, step)| vec![format!("{:.1} s", at.as_secs_f64()), step.to_string()]);
    written.table(&["at", "step"], &steps.collect::<Vec<_>>());
    written.write(file, is_good)?;
    if keep || !is_good {
        let kept = folder.keep();
        println!("the logs of the connectors are kept in {}", kept.display());
    }
    if !is_good {
        println!("this schedule once more: {}", plan.command());
    }
    Ok(is_good)
}

/// Waits until every request has what it needs; whether that came about in time.
pub(crate) async fn drain(collector: &Collector, sent: &[Request], within: Duration) -> bool {
    let began = Instant::now();
    let mut open = sent.to_vec();
    let (mut known, mut seen) = (0, HashMap::<Place, (bool, bool)>::new());
    while began.elapsed() < within {
        for (place, answer) in collector.answers_from(known) {
            known += 1;
            let Some(place) = place else { continue };
            let (has_answer, has_dead_letter) = seen.entry(place).or_default();
            match answer.kind {
                AnswerKind::DeadLetter => *has_dead_letter = true,
                AnswerKind::Reply | AnswerKind::ErrorReply => *has_answer = true,
            }
        }
        open.retain(|request| {
            let place = (request.partition, request.offset);
            let (has_answer, has_dead_letter) = seen.get(&place).copied().unwrap_or_default();
            !match request.expected {
                Expected::Answer => has_answer || has_dead_letter,
                Expected::AnswerAndDeadLetter => has_answer && has_dead_letter,
                Expected::DeadLetter => has_dead_letter,
            }
        });
        if open.is_empty() {
            println!("         drained after {:.1}s", began.elapsed().as_secs_f64());
            return true;
        }
        sleep(Duration::from_millis(200)).await;
    }
    println!("         NOT drained within {within:?}: {} requests are open", open.len());
    false
}

/// Stops the connectors and gathers all that is known.
pub(crate) async fn close(
    fleet: &mut Fleet,
    collector: &Collector,
    sent: Vec<Request>,
    drained: bool,
) -> anyhow::Result<History> {
    let at_rest = fleet.stop_all().await? && drained;
    let mut count = collector.count();
    loop {
        sleep(SILENCE).await;
        match collector.count() {
            same if same == count => break,
            more => count = more,
        }
    }
    Ok(History {
        answers: collector.answers(&sent),
        requests: sent,
        processes: fleet.processes()?,
        commits: collector.commits(),
        disturbances: fleet.disturbances.clone(),
        at_rest,
    })
}
