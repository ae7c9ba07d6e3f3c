//! The whole path on Kafka's own protocol: the same promises on the embedded broker and on Apache
//! Kafka.

#[path = "end_to_end/broker.rs"]
mod broker;
#[path = "end_to_end/handlers.rs"]
mod handlers;
#[path = "end_to_end/promises.rs"]
mod promises;

/// Runs promises on Apache Kafka twice, the second time with connectors that may do what `check --acls`
/// prints and nothing else.
macro_rules! on_apache_kafka {
    ($may_do_all:ident, $least_privilege:ident: $($promise:ident),* $(,)?) => {
        mod $may_do_all {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $promise() {
                flowx_tests::require_kafka!();
                let broker = super::broker::Broker::kafka(stringify!($promise)).await;
                super::promises::$promise(broker).await;
            })*
        }

        mod $least_privilege {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $promise() {
                flowx_tests::require_kafka!();
                let test = concat!(stringify!($promise), "_guarded");
                let broker = super::broker::Broker::guarded(test).await;
                super::promises::$promise(broker).await;
            })*
        }
    };
}

// What only Apache Kafka can show: the embedded broker knows no static members, and refuses the last
// commit of a member that gives its partitions back before it joins again.
on_apache_kafka!(apache_kafka_alone, least_privilege_alone:
    a_second_instance_takes_over_without_a_loss_by_eager_assignment,
    a_member_with_a_name_is_at_work_again_right_after_a_restart,
    of_two_members_with_one_name_the_first_gives_way_and_says_so,
);

/// Runs every promise on both brokers.
macro_rules! on_both_brokers {
    ($($promise:ident),* $(,)?) => {
        mod embedded {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $promise() {
                let broker = super::broker::Broker::embedded(stringify!($promise));
                super::promises::$promise(broker).await;
            })*
        }

        on_apache_kafka!(apache_kafka, least_privilege: $($promise),*);
    };
}

on_both_brokers!(
    engines_of_every_version_are_answered_as_they_demand,
    what_cannot_be_read_is_answered_and_put_aside_as_it_came,
    a_restart_goes_on_where_the_last_run_ended,
    a_burst_is_answered_each_request_once,
    a_stop_finishes_what_is_in_flight,
    a_second_instance_takes_over_without_a_loss,
    a_pattern_sees_every_reply_but_no_dead_letter,
    a_request_without_a_name_of_its_process_is_put_aside,
    a_request_on_a_retry_topic_survives_the_connector_that_wrote_it,
);
