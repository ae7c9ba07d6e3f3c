//! Traps of callbacks: they run on the threads that keep a client alive.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use std::thread;

use flowx_core::kafka::KafkaSink;
use flowx_core::runtime::port::{Sink, Token};
use flowx_tests::eventually;
use flowx_tests::proxy::Proxy;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use crate::member::{Member, broker, offsets, outbound, topic, within};
use crate::support::{WITHIN, alone};

/// The threads on which it has panicked.
static PANICKED: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// The one piece of the user's code that the callbacks of a client can reach.
struct PanickingSubscriber;

impl Subscriber for PanickingSubscriber {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "flowx::kafka"
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, _: &Event<'_>) {
        let name = thread::current().name().unwrap_or_default().to_owned();
        PANICKED.lock().unwrap_or_else(PoisonError::into_inner).insert(name);
        panic!("a subscriber that panics");
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[test]
fn a_panic_in_a_client_callback_leaves_the_client_at_work() {
    if !alone("callbacks::a_panic_in_a_client_callback_leaves_the_client_at_work") {
        return;
    }
    tracing::subscriber::set_global_default(PanickingSubscriber).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let broker = broker(1, &["requests"]);
        let mut settings = broker.settings("g");
        // Whoever connects is sent away at first, which every client has to say.
        let proxy = Proxy::listen().await.unwrap();
        settings.bootstrap_servers = format!("127.0.0.1:{}", proxy.port());
        let mut sink = KafkaSink::connect(&settings).unwrap();
        let mut member = Member::join(&settings, vec![topic("requests")]);
        for thread in ["producer polling thread", "flowx-kafka"] {
            eventually(WITHIN, || async {
                let panicked = PANICKED.lock().unwrap_or_else(PoisonError::into_inner);
                if panicked.contains(thread) { Ok(()) } else { Err(format!("only {panicked:?}")) }
            })
            .await;
        }
        let (_, port) = broker.bootstrap_servers().rsplit_once(':').unwrap();
        proxy.lead_to(port.parse().unwrap());
        member.own(1).await;
        for number in 0..10 {
            sink.send(&outbound("requests", 0, "{}"), Token(number)).unwrap();
            assert_eq!(within("delivery", sink.delivered()).await.result, Ok(()));
        }
        assert_eq!(offsets(&member.read(0, 10).await), Vec::from_iter(0..10));
        member.close(Vec::new()).await;
    });
}
