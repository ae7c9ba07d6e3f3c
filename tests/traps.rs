//! The traps of the client library and of Kafka itself that others fell into, each held by a test that
//! falls into it where flowx does not.
//!
//! | trap | where it is known from | held by |
//! |---|---|---|
//! | dropping a consumer hangs | rust-rdkafka #453, #509, #517; librdkafka #4041 | `a_dropped_consumer_does_not_hang`, `dropping_does_not_block_and_frees_the_partitions`, `closing_is_bounded_when_the_broker_is_gone` |
//! | a stream of records sleeps on although there are some | rust-rdkafka #638, #665 | `no_wakeup_is_missed_while_statistics_come`, `nothing_is_built_on_what_is_known_to_fail` |
//! | who does not poll for too long is out, and only a log line says so | rust-rdkafka #433 | `exceeding_the_poll_interval_is_impossible_while_handlers_run` |
//! | rebalances are answered only while somebody polls | rust-rdkafka #738 | `rebalances_are_answered_without_the_runtime_polling` |
//! | storing an offset of a partition that is not assigned is an error | librdkafka 1.9 | `a_commit_for_a_lost_partition_is_stale_and_not_fatal` |
//! | a synchronous commit blocks who asks for it | rust-rdkafka #448 | `a_commit_that_waits_for_its_broker_blocks_nobody` |
//! | an asynchronous commit that fails is never heard of | rust-rdkafka #856 | `a_refused_commit_is_told_and_the_next_one_counts`, `a_commit_that_failed_is_asked_for_again` |
//! | a commit of a lower offset is taken | Kafka | `reading_resumes_at_what_was_committed_and_no_commit_goes_back` |
//! | `store_offset` commits one more than it is told | librdkafka | `nothing_is_built_on_what_is_known_to_fail`, `reading_resumes_at_what_was_committed_and_no_commit_goes_back` |
//! | a late commit moves the next owner's offset back | confluent-kafka-go #756; librdkafka #3774; Vector #9587 | `a_stale_commit_never_moves_the_next_owners_offset_back`, `the_next_owner_starts_where_the_last_one_says_and_is_fenced_from_it` |
//! | acknowledgements that come during a stop are lost | Vector #14761 | `acks_at_shutdown_are_not_lost`, `what_is_in_flight_is_finished_answered_and_committed` |
//! | another instance makes duplicates | Vector #12084 | `a_second_instance_takes_over_without_a_loss` |
//! | dropping a producer discards what it holds | rust-rdkafka | `dropping_the_sink_at_a_stop_discards_no_reply` |
//! | concurrent sends change their order when the queue is full | rust-rdkafka | `replies_keep_their_order_when_the_producer_queue_is_full`, `a_full_producer_is_waited_for_and_the_order_is_kept` |
//! | memory grows with every send | rust-rdkafka #746 | `nothing_is_built_on_what_is_known_to_fail` |
//! | a panic in a callback ends the thread that polls, and the client with it | rust-rdkafka | `a_panic_in_a_client_callback_leaves_the_client_at_work`, `a_panic_stays_inside_the_guard` |
//! | a partitioner that panics aborts the process | rust-rdkafka | `no_code_of_the_users_can_be_called_by_the_client` |
//! | the end of a partition comes as an error among the records | rust-rdkafka | `the_end_of_a_partition_is_no_record_and_no_error` |
//! | after a fatal error only a new client goes on | librdkafka | `a_new_producer_takes_over_after_a_fatal_error`, `of_two_members_with_one_name_the_first_gives_way_and_says_so` |
//! | the callback for tokens is served by the poll and must not wait | rust-rdkafka #727 | not here: flowx does not speak SASL/OAUTHBEARER yet |
//! | statistics leak with some brokers' authentication | Materialize #6313 | not here: it takes days, and statistics are off |
//! | metadata without any broker disconnects for ever | librdkafka #5301 | `a_cluster_that_comes_back_without_a_broker_is_found_again` |

#[path = "end_to_end/broker.rs"]
#[allow(dead_code, reason = "shared with the tests from end to end")]
mod broker;
#[path = "traps/callbacks.rs"]
mod callbacks;
#[path = "traps/cluster.rs"]
mod cluster;
#[path = "traps/commits.rs"]
mod commits;
#[path = "traps/consumer.rs"]
mod consumer;
#[path = "end_to_end/handlers.rs"]
#[allow(dead_code, reason = "shared with the tests from end to end")]
mod handlers;
#[path = "kafka_floor/member.rs"]
#[allow(dead_code, reason = "shared with the tests of the Kafka floor")]
mod member;
#[path = "traps/producer.rs"]
mod producer;
#[path = "traps/sources.rs"]
mod sources;
#[path = "traps/support.rs"]
mod support;
