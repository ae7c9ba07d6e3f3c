//! Floor 1: the settings of a connector, read from the environment.
//!
//! Every setting has a name of flowx's own; many can also be set with the variables that the
//! platform's services already have. `A_B` and `AB` are one name, as in the platform's relaxed
//! binding. Of several names that are set the leftmost in this table wins. An unknown variable that
//! begins with `FLOWX_CONNECTOR_` is an error, and so is a value that cannot be read; all errors are
//! reported at once, and no value with them. Times that do not fit together (a drain longer than the
//! session, a first wait longer than the longest) are refused at start, each with what to set.
//!
//! | variable | the platform's names | what it sets | default |
//! |---|---|---|---|
//! | `FLOWX_CONNECTOR_BOOTSTRAP_SERVERS` | `KAFKA_BOOTSTRAP_SERVERS`, `SPRING_KAFKA_BOOTSTRAP_SERVERS` | brokers, `host:port` separated by commas | none |
//! | `FLOWX_CONNECTOR_SECURITY_PROTOCOL` | `KAFKA_SECURITY_PROTOCOL`, `SPRING_KAFKA_SECURITY_PROTOCOL` | `PLAINTEXT`, or `SSL` with the feature `tls` | `PLAINTEXT` |
//! | `FLOWX_CONNECTOR_GROUP` | `KAFKA_CONSUMER_GROUP_ID`, `SPRING_KAFKA_CONSUMER_GROUP_ID` | consumer group | the binary's name in kebab-case |
//! | `FLOWX_CONNECTOR_INSTANCE_ID` | | name of this instance, the same after a restart: it keeps its partitions (Kafka's `group.instance.id`) | none |
//! | `FLOWX_CONNECTOR_MESSAGE_MAX_BYTES` | `KAFKA_MESSAGE_MAX_BYTES` | largest record, read or written | `52428800` |
//! | `FLOWX_CONNECTOR_TOPIC_PACKAGE` | `KAFKA_TOPIC_NAMING_PACKAGE` | first part of topic names | `ai.flowx.` |
//! | `FLOWX_CONNECTOR_TOPIC_ENVIRONMENT` | `KAFKA_TOPIC_NAMING_ENVIRONMENT` | second part of topic names | `dev.` |
//! | `FLOWX_CONNECTOR_TOPIC_VERSION` | `KAFKA_TOPIC_NAMING_VERSION` | last part of topic names | `.v1` |
//! | `FLOWX_CONNECTOR_TOPIC_PREFIX` | `KAFKA_TOPIC_NAMING_PREFIX` | in place of package and environment | |
//! | `FLOWX_CONNECTOR_TOPIC_SUFFIX` | `KAFKA_TOPIC_NAMING_SUFFIX` | in place of the version | |
//! | `FLOWX_CONNECTOR_TOPIC_ENGINE_RECEIVE` | `KAFKA_TOPIC_NAMING_ENGINE_RECEIVE_PATTERN` | what the engine reads, behind the prefix | `engine.receive.` |
//! | `FLOWX_CONNECTOR_TOPIC_INTEGRATION_RECEIVE` | `KAFKA_TOPIC_NAMING_INTEGRATION_RECEIVE_PATTERN` | what the integration designer reads | `integration.receive.` |
//! | `FLOWX_CONNECTOR_HANDLER_<NAME>_TOPIC` | | topic of one handler, written as in the attribute | the attribute's |
//! | `FLOWX_CONNECTOR_HANDLER_<NAME>_REPLY` | | reply topic of one handler | the attribute's |
//! | `FLOWX_CONNECTOR_HANDLER_<NAME>_CONCURRENCY` | | requests of one handler at work at once | the attribute's |
//! | `FLOWX_CONNECTOR_HANDLER_<NAME>_ORDER` | | `key`, `partition` or `unordered` | the attribute's |
//! | `FLOWX_CONNECTOR_HANDLER_<NAME>_TIMEOUT` | | the longest one attempt of one handler may run | the attribute's |
//! | `FLOWX_CONNECTOR_HANDLER_<NAME>_ATTEMPTS` | | attempts at a request of one handler in all | the attribute's |
//! | `FLOWX_CONNECTOR_HANDLER_<NAME>_RETRY_TOPICS` | | delays of one handler's retry topics, as `30s,5m`; set and empty means none | the attribute's |
//! | `FLOWX_CONNECTOR_ORGANIZATION_ID` | `ORGANIZATION_ID` | `Fx-Organization-Id` of answers to requests without it | none |
//! | `FLOWX_CONNECTOR_FX_CONTEXT` | `KAFKA_DEFAULT_FX_CONTEXT` | `fxContext` of answers to requests without it | none |
//! | `FLOWX_CONNECTOR_ERROR_FIELD` | | name of the text's field in error replies | `errorMessage` |
//! | `FLOWX_CONNECTOR_ERROR_NULL` | | whether successful replies carry that field as `null` | `true` |
//! | `FLOWX_CONNECTOR_OWN_HEADERS` | | whether answers carry `x-reply-id` and `x-request-offset` | `true` |
//! | `FLOWX_CONNECTOR_MAX_DEPTH` | | deepest nesting of a request, 1 to 127 | `64` |
//! | `FLOWX_CONNECTOR_REFUSE_PLACEHOLDERS` | | whether a text that still holds `${…}` is refused | `true` |
//! | `FLOWX_CONNECTOR_MAX_VALUES` | | how many values (objects, arrays, texts, numbers, …) a request may hold to be compared with its schema | `100000` |
//! | `FLOWX_CONNECTOR_HANDLER_TIMEOUT` | | the longest one attempt may run | `30s` |
//! | `FLOWX_CONNECTOR_RETRY_ATTEMPTS` | | attempts in all; on each retry topic as many again | `5` |
//! | `FLOWX_CONNECTOR_RETRY_ATTEMPTS_AFTER_CRASH` | | attempts in all once one has panicked or run out of time | `2` |
//! | `FLOWX_CONNECTOR_RETRY_DELAY` | | longest wait before the second attempt; it doubles | `300ms` |
//! | `FLOWX_CONNECTOR_RETRY_LONGEST_DELAY` | | longest wait before any attempt | `60s` |
//! | `FLOWX_CONNECTOR_RETRY_BUDGET` | | time for all attempts and waits of a request; on each retry topic as much again | `2min` |
//! | `FLOWX_CONNECTOR_DEAD_LETTER_REFUSALS` | | whether requests that a handler refused are put aside too | `false` |
//! | `FLOWX_CONNECTOR_BREAKER` | | whether a partition is held while nearly all of its requests fail | `true` |
//! | `FLOWX_CONNECTOR_BREAKER_FAILURES` | | failures in a row that hold a partition | `100` |
//! | `FLOWX_CONNECTOR_BREAKER_PERCENT` | | failures in a hundred, of the last 200 requests, that hold a partition | `90` |
//! | `FLOWX_CONNECTOR_BREAKER_PAUSE` | | how long a partition is held before one request is tried | `30s` |
//! | `FLOWX_CONNECTOR_CONCURRENCY` | | requests of a handler at work at once | `256` |
//! | `FLOWX_CONNECTOR_ORDER` | | what runs one after another: `key`, `partition` or `unordered` | `key` |
//! | `FLOWX_CONNECTOR_DRAIN` | | how long a stop waits for what is in flight | `10s` |
//! | `FLOWX_CONNECTOR_SESSION_TIMEOUT` | | Kafka's `session.timeout.ms` | `45s` |
//! | `FLOWX_CONNECTOR_ASSIGNMENT` | | when an instance comes or goes, `cooperative` stops only the partitions that move, `eager` all; the same for all instances, stop them all to change it | `cooperative` |
//! | `FLOWX_CONNECTOR_CATALOG` | | whether `run` serves the catalog page with try-it-out | `false` |
//! | `FLOWX_CONNECTOR_ADMIN_ADDRESS` | | where the admin endpoint listens, `address:port` | `127.0.0.1:8081` |
//! | `FLOWX_CONNECTOR_ADMIN_TOKEN` | | bearer token that a request must carry which is tried out, or pauses or resumes a handler; needed with the catalog, and without it nobody can pause | none |
//! | `FLOWX_CONNECTOR_ADMIN_HOSTS` | | host names under which the admin endpoint may be called besides `localhost`, separated by commas; beyond this machine only the catalog asks for one of them | none |
//! | `FLOWX_CONNECTOR_STALL` | | how long records that the broker has may fail to come, although there is room for them, before the consumer is restarted | `60s` |
//! | `FLOWX_CONNECTOR_ADMIN` | | whether `run` serves the admin endpoint: health, info, metrics, switches of handlers | `true` |
//! | `FLOWX_CONNECTOR_ADMIN_BASE` | | what its paths begin with, but for the catalog's | `/manage/actuator` |
//! | `FLOWX_CONNECTOR_ADMIN_EXPOSE` | | what of it is served: `health`, `info`, `metrics`, `handlers`, `catalog`, separated by commas | all on a loopback address, else `health,info,metrics` |
//!
//! In `<NAME>` a handler's name stands in capitals, with `_` for everything that is no letter or
//! digit: `FLOWX_CONNECTOR_HANDLER_CREDIT_CHECK_TOPIC` for `credit-check`.
//!
//! A retry topic that is taken out of the list is read no more: what still waits there is neither
//! handled nor answered. Stop using a delay only when its topic has been read to its end. The same
//! holds for another topic of the handler, another prefix or suffix, and another group.

pub mod admin_group;
pub mod assignment;
pub mod delay;
pub mod handlers;
pub mod keys;
pub mod order;
pub mod secret;
pub mod settings;

pub use settings::Settings;
