//! Brings the steps of a schedule about.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use flowx_tests::eventually;
use flowx_tests::kafka::KafkaCluster;
use flowx_tests::ledger::now_micros;
use flowx_tests::proxy::{Proxy, Traffic};
use tokio::time::{Instant, sleep_until};

use crate::fleet::Fleet;
use crate::plan::Plan;
use crate::scene::Scene;
use crate::schedule::Step;

/// Everything that can be broken.
pub(crate) struct World {
    pub(crate) plan: Plan,
    pub(crate) scene: Scene,
    pub(crate) cluster: KafkaCluster,
    pub(crate) proxies: Vec<Proxy>,
    pub(crate) fleet: Fleet,
    pub(crate) has_grown: Arc<AtomicBool>,
    /// Since when the way to a broker is not as it should be, and how.
    pub(crate) bad_ways: Vec<Option<(u64, Step)>>,
}

impl World {
    /// Follows the schedule. What a step takes delays those behind it, so that their distances stay.
    pub(crate) async fn follow(&mut self, steps: &[(Duration, Step)]) -> anyhow::Result<()> {
        let began = Instant::now();
        let mut delay = Duration::ZERO;
        for (at, step) in steps {
            sleep_until(began + *at + delay).await;
            println!("{:>7.1}s {step}", began.elapsed().as_secs_f64());
            self.take(*step).await?;
            delay = delay.max(began.elapsed().saturating_sub(*at));
        }
        Ok(())
    }

    /// Repairs everything.
    pub(crate) async fn heal(&mut self) -> anyhow::Result<()> {
        for node in 0..self.proxies.len() {
            self.take(Step::Way(node, Traffic::Pass)).await?;
        }
        self.fleet.heal(self.plan.connectors).await
    }

    async fn take(&mut self, step: Step) -> anyhow::Result<()> {
        let now = now_micros();
        match step {
            Step::Kill(slot) => self.fleet.kill(slot).await?,
            Step::Pause(slot) => self.fleet.pause(slot).await?,
            Step::Resume(slot) => self.fleet.resume(slot).await?,
            Step::Stop(slot) => self.fleet.stop(slot).await?,
            Step::Start(slot) => self.fleet.start(slot).await?,
            Step::SoftRestart(node) => {
                self.cluster.stop_node(node).await;
                self.bring_back(node, step, now).await;
            }
            Step::HardRestart(node) => {
                self.cluster.kill_node(node);
                self.bring_back(node, step, now).await;
            }
            Step::Grow => self.grow().await,
            Step::Cut(node) => {
                self.proxies[node].cut();
                self.fleet.disturbed(step.to_string(), now, true);
            }
            Step::Way(node, traffic) => {
                self.proxies[node].set(traffic);
                if let Some((since, bad)) = self.bad_ways[node].take() {
                    self.fleet.disturbed(bad.to_string(), since, true);
                }
                if traffic != Traffic::Pass {
                    self.bad_ways[node] = Some((now, step));
                }
            }
        }
        Ok(())
    }

    async fn bring_back(&mut self, node: usize, step: Step, since: u64) {
        self.cluster.start_node(node).await;
        let Scene { requests, replies, dead_letters, .. } = &self.scene;
        self.cluster.wait_until_replicated(&[requests, replies, dead_letters]).await;
        self.fleet.disturbed(step.to_string(), since, true);
    }

    async fn grow(&mut self) {
        let since = now_micros();
        let count = self.plan.partitions + self.plan.growth;
        let Scene { admin, requests, .. } = &self.scene;
        eventually(Duration::from_secs(60), || admin.grow_topic(requests, count)).await;
        self.cluster.wait_until_replicated(&[requests]).await;
        self.has_grown.store(true, Ordering::Relaxed);
        // A member that hears of it in the middle of a join may take its assignment for lost.
        self.fleet.disturbed("partitions added".to_owned(), since, false);
    }
}
