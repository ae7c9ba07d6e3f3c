//! One schedule: the production runtime on one thread, what it meets on five others, and a seed that
//! decides which of them goes on at every moment at which they meet.

use std::any::Any;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex as Plain};
use std::time::Duration;

use flowx_core::runtime::dispatch;
use flowx_core::runtime::plan::Plan;
use flowx_core::runtime::port::{Delivery, SendError};
use flowx_core::runtime::status::Status;
use shuttle::future::block_on;
use shuttle::scheduler::RandomScheduler;
use shuttle::sync::atomic::Ordering;
use shuttle::sync::mpsc;
use shuttle::{Config, FailurePersistence, MaxSteps, Runner, thread};
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

use crate::control::Control;
use crate::handler;
use crate::model::Model;
use crate::oracle::Tally;
use crate::port::{ModelSink, ModelSource};
use crate::scene::{Mistake, PARTITIONS, RECORDS, Scene};

/// A schedule that takes longer hangs; an ordinary one has some hundred steps.
const LONGEST: usize = 50_000;

/// How long a stop waits for what is in flight.
const DRAIN: Duration = Duration::from_secs(3);

/// Plays the schedule of a seed.
///
/// # Errors
/// What broke a promise.
pub(crate) fn run(seed: u64, mistake: Option<Mistake>) -> Result<Tally, String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime without threads or sockets can always be built");
    let runtime = Arc::new(runtime);
    let mut rng = fastrand::Rng::with_seed(seed);
    let scene = Scene::new(&mut rng, mistake);
    let seen = Arc::<Plain<Option<Arc<Model>>>>::default();
    let mut config = Config::new();
    config.stack_size = 0x4_0000;
    config.failure_persistence = FailurePersistence::None;
    config.max_steps = MaxSteps::FailAfter(LONGEST);
    let runner = Runner::new(RandomScheduler::new_from_seed(seed, 1), config);
    let entered = runtime.enter();
    let played = catch_unwind(AssertUnwindSafe(|| {
        let (seen, runtime) = (Arc::clone(&seen), Arc::clone(&runtime));
        runner.run(move || {
            fastrand::seed(seed);
            let model = Arc::new(Model::new(scene.clone(), rng.clone()));
            *seen.lock().expect("nobody panics with it") = Some(Arc::clone(&model));
            play(&model, &runtime);
        });
    }));
    drop(entered);
    let model = seen.lock().expect("nobody panics with it").take();
    let model = model.expect("a schedule begins with its model");
    if let Err(panic) = played {
        return Err(format!("{}; {}", words(&*panic), model.oracle().violations.join("; ")));
    }
    let oracle = model.oracle();
    if oracle.violations.is_empty() {
        Ok(oracle.tally.clone())
    } else {
        Err(oracle.violations.join("; "))
    }
}

/// The one command that plays a schedule again.
pub(crate) fn replay(seed: u64) -> String {
    format!("cargo run -p flowx-tests --bin schedules -- --seed {seed}")
}

fn play(model: &Arc<Model>, runtime: &Arc<Runtime>) {
    let (commands, inbox) = mpsc::channel();
    let source = ModelSource {
        model: Arc::clone(model),
        commands,
        queues: HashMap::new(),
        known: HashMap::new(),
    };
    let sink = ModelSink { model: Arc::clone(model) };
    let mut plan = Plan::new(handler::registry(model), "schedules");
    plan.drain = DRAIN;
    let stop = CancellationToken::new();
    let running = dispatch::run(source, sink, Arc::new(plan), Status::default(), stop.clone());
    let task = thread::spawn(move || block_on(running));

    let control = Control::new(Arc::clone(model));
    let others = [
        thread::spawn(move || control.run(&inbox)),
        on_thread(model, broker),
        on_thread(model, outside),
        on_thread(model, arrivals),
        thread::spawn({
            let (model, runtime) = (Arc::clone(model), Arc::clone(runtime));
            move || clock(&model, &runtime)
        }),
    ];
    for _ in 0..model.scene.stop_after {
        thread::yield_now();
    }
    stop.cancel();
    match task.join() {
        Ok(Ok(())) => {}
        Ok(Err(error)) => model.oracle().violated(error.to_string()),
        Err(panic) => model.oracle().violated(format!("the runtime panicked: {}", words(&*panic))),
    }
    model.end();
    for other in others {
        if let Err(panic) = other.join() {
            model.oracle().violated(format!("a thread panicked: {}", words(&*panic)));
        }
    }
    model.oracle().ended();
}

fn on_thread(model: &Arc<Model>, work: fn(&Model)) -> thread::JoinHandle<()> {
    let model = Arc::clone(model);
    thread::spawn(move || work(&model))
}

/// Writes answers and reports them, in two steps; now and then it fails.
fn broker(model: &Model) {
    while let Some(sent) = block_on(model.outgoing.next()) {
        let result = if model.once_in(8) {
            Err(SendError::Failed("the broker does not feel like it".to_owned()))
        } else {
            if sent.is_last {
                model.oracle().written(sent.tenure, sent.offset);
            }
            Ok(())
        };
        // The report may take longer than the assignment lasts.
        for _ in 0..model.below(40) {
            thread::yield_now();
        }
        model.deliveries.push((Delivery { token: sent.token, result }, sent));
    }
}

/// Gives handlers what they wait for.
fn outside(model: &Model) {
    while let Some(go) = block_on(model.waiting.next()) {
        for _ in 0..model.below(30) {
            thread::yield_now();
        }
        let _ = go.send(());
    }
}

/// Requests come in while others are at work.
fn arrivals(model: &Model) {
    for _ in 0..RECORDS {
        for partition in 0..PARTITIONS {
            model.arrive(partition);
        }
    }
}

/// Lets time pass, a little each time it has its turn.
fn clock(model: &Model, runtime: &Runtime) {
    while !model.is_over.load(Ordering::SeqCst) {
        let step = Duration::from_millis(10 + u64::from(model.below(150)));
        runtime.block_on(tokio::time::advance(step));
        thread::yield_now();
    }
}

fn words(panic: &(dyn Any + Send)) -> String {
    let words = panic.downcast_ref::<&str>().copied();
    let words = words.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    words.unwrap_or("a panic without words").to_owned()
}
