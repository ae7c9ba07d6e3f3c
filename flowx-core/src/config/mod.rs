//! Floor 1: the settings of a connector, from defaults, a file, the environment and the command line.
//!
//! Each source wins over the one before it: the defaults, a TOML file (`--config FILE`, or
//! `FLOWX_CONNECTOR_CONFIG`), the variables of the environment, and `--set key=value` on the command
//! line. No file is looked for by itself: what lies in the folder of a start decides nothing. `config
//! show` prints every setting with the place that it comes from.
//!
//! ```toml
//! [kafka]
//! bootstrap_servers = ["broker-1:9092", "broker-2:9092"]
//! group = "credit"
//!
//! [kafka.properties]
//! "socket.keepalive.enable" = true
//!
//! [retry]
//! attempts = 3
//!
//! [handler.credit-check]
//! topic = "credit.trigger.check"
//!
//! [admin]
//! token = { file = "/run/secrets/token" }
//! ```
//!
//! Every setting has a variable of flowx's own; many can also be set with the variables that the
//! platform's services already have. `A_B` and `AB` are one name, as in the platform's relaxed
//! binding. Of several variables that are set the leftmost in this table wins, and one that is empty
//! counts as not set. In the file a list may be written as one, and in a variable with commas.
//!
//! What is unknown (a key of the file or the command line, a variable that begins with
//! `FLOWX_CONNECTOR_`), a value that cannot be read, and a setting that one source gives twice are
//! errors. All are reported at once, each with its file and line, its variable or its argument, and
//! none with a value. Times that do not fit together (a drain longer than the session, a first wait
//! longer than the longest) are refused at start, each with what to set.
//!
//! | variable | in the file | the platform's names | what it sets | default |
//! |---|---|---|---|---|
//! | `FLOWX_CONNECTOR_CONFIG` | | | the configuration file, in TOML | none |
//! | `FLOWX_CONNECTOR_BOOTSTRAP_SERVERS` | `kafka.bootstrap_servers` | `KAFKA_BOOTSTRAP_SERVERS`, `SPRING_KAFKA_BOOTSTRAP_SERVERS` | brokers, `host:port` separated by commas | none |
//! | `FLOWX_CONNECTOR_SECURITY_PROTOCOL` | `kafka.security_protocol` | `KAFKA_SECURITY_PROTOCOL`, `SPRING_KAFKA_SECURITY_PROTOCOL` | `PLAINTEXT` or `SASL_PLAINTEXT`; with the feature `tls` also `SSL` and `SASL_SSL` | `PLAINTEXT` |
//! | `FLOWX_CONNECTOR_PROFILES` | `kafka.profiles` | `CONFIG_PROFILE`, `SPRING_PROFILES_ACTIVE` | the platform's profiles, separated by commas: `kafka-auth` means `SASL_PLAINTEXT` and `OAUTHBEARER` where they are not set, all others nothing | none |
//! | `FLOWX_CONNECTOR_SASL_MECHANISM` | `kafka.sasl.mechanism` | `KAFKA_SASL_MECHANISM`, `SPRING_KAFKA_PROPERTIES_SASL_MECHANISM` | `PLAIN`; with the feature `tls` also `SCRAM-SHA-256` and `SCRAM-SHA-512`, with `oauth` also `OAUTHBEARER` | none |
//! | `FLOWX_CONNECTOR_SASL_USERNAME` | `kafka.sasl.username` | | who logs in, with `PLAIN` and `SCRAM` | none |
//! | `FLOWX_CONNECTOR_SASL_PASSWORD` | `kafka.sasl.password` | | with which password | none |
//! | `FLOWX_CONNECTOR_TLS_CA` | `kafka.tls.ca` | | file of the authorities (PEM) that may vouch for brokers | the system's |
//! | `FLOWX_CONNECTOR_TLS_CERTIFICATE` | `kafka.tls.certificate` | | file of the certificate (PEM) that is shown to brokers | none |
//! | `FLOWX_CONNECTOR_TLS_KEY` | `kafka.tls.key` | | file of its key (PEM) | none |
//! | `FLOWX_CONNECTOR_TLS_KEY_PASSWORD` | `kafka.tls.key_password` | | what that key is encrypted with | none |
//! | `FLOWX_CONNECTOR_OAUTH_CLIENT_ID` | `kafka.oauth.client_id` | `KAFKA_OAUTH_CLIENT_ID` | who asks for tokens | none |
//! | `FLOWX_CONNECTOR_OAUTH_CLIENT_SECRET` | `kafka.oauth.client_secret` | `KAFKA_OAUTH_CLIENT_SECRET` | with which secret | none |
//! | `FLOWX_CONNECTOR_OAUTH_TOKEN_ENDPOINT` | `kafka.oauth.token_endpoint` | `KAFKA_OAUTH_TOKEN_ENDPOINT_URI` | where tokens come from, an `https` address | none |
//! | `FLOWX_CONNECTOR_OAUTH_SCOPE` | `kafka.oauth.scope` | `KAFKA_OAUTH_SCOPE` | the scope that is asked for | none |
//! | `FLOWX_CONNECTOR_OAUTH_AUDIENCE` | `kafka.oauth.audience` | `KAFKA_OAUTH_AUDIENCE` | the audience that is asked for | none |
//! | `FLOWX_CONNECTOR_OAUTH_CA` | `kafka.oauth.ca` | | file of the authorities (PEM) that may vouch for the token endpoint | the system's |
//! | `FLOWX_CONNECTOR_ALLOW_INSECURE` | `kafka.allow_insecure` | | whether a token endpoint without TLS is allowed, brokers whose certificate is not checked, and tokens that nobody signed | `false` |
//! | `FLOWX_CONNECTOR_AUTH_RETRY` | `kafka.auth_retry` | `KAFKA_AUTH_EXCEPTION_RETRY_INTERVAL` | how long is waited before a token is asked for again, and before it is looked whether a refusal is over; a number alone is seconds | `10s` |
//! | `FLOWX_CONNECTOR_GROUP` | `kafka.group` | `KAFKA_CONSUMER_GROUP_ID`, `SPRING_KAFKA_CONSUMER_GROUP_ID` | consumer group | the binary's name in kebab-case |
//! | `FLOWX_CONNECTOR_INSTANCE_ID` | `kafka.instance_id` | | name of this instance, the same after a restart: it keeps its partitions (Kafka's `group.instance.id`) | none |
//! | `FLOWX_CONNECTOR_MESSAGE_MAX_BYTES` | `kafka.message_max_bytes` | `KAFKA_MESSAGE_MAX_BYTES` | largest record, read or written | `52428800` |
//! | `FLOWX_CONNECTOR_SESSION_TIMEOUT` | `kafka.session_timeout` | | Kafka's `session.timeout.ms` | `45s` |
//! | `FLOWX_CONNECTOR_ASSIGNMENT` | `kafka.assignment` | | when an instance comes or goes, `cooperative` stops only the partitions that move, `eager` all; the same for all instances, stop them all to change it | `cooperative` |
//! | `FLOWX_CONNECTOR_STALL` | `kafka.stall` | | how long records that the broker has may fail to come, although there is room for them, before the consumer is restarted | `60s` |
//! | `FLOWX_CONNECTOR_KAFKA_PROPERTY_<NAME>` | `kafka.properties.<name>` | | a property of librdkafka, see below | librdkafka's, or flowx's |
//! | `FLOWX_CONNECTOR_TOPIC_PACKAGE` | `topic.package` | `KAFKA_TOPIC_NAMING_PACKAGE` | first part of topic names | `ai.flowx.` |
//! | `FLOWX_CONNECTOR_TOPIC_ENVIRONMENT` | `topic.environment` | `KAFKA_TOPIC_NAMING_ENVIRONMENT` | second part of topic names | `dev.` |
//! | `FLOWX_CONNECTOR_TOPIC_VERSION` | `topic.version` | `KAFKA_TOPIC_NAMING_VERSION` | last part of topic names | `.v1` |
//! | `FLOWX_CONNECTOR_TOPIC_PREFIX` | `topic.prefix` | `KAFKA_TOPIC_NAMING_PREFIX` | in place of package and environment | |
//! | `FLOWX_CONNECTOR_TOPIC_SUFFIX` | `topic.suffix` | `KAFKA_TOPIC_NAMING_SUFFIX` | in place of the version | |
//! | `FLOWX_CONNECTOR_TOPIC_ENGINE_RECEIVE` | `topic.engine_receive` | `KAFKA_TOPIC_NAMING_ENGINE_RECEIVE_PATTERN` | what the engine reads, behind the prefix | `engine.receive.` |
//! | `FLOWX_CONNECTOR_TOPIC_INTEGRATION_RECEIVE` | `topic.integration_receive` | `KAFKA_TOPIC_NAMING_INTEGRATION_RECEIVE_PATTERN` | what the integration designer reads | `integration.receive.` |
//! | `FLOWX_CONNECTOR_MAX_DEPTH` | `request.max_depth` | | deepest nesting of a request, 1 to 127 | `64` |
//! | `FLOWX_CONNECTOR_REFUSE_PLACEHOLDERS` | `request.refuse_placeholders` | | whether a text that still holds `${…}` is refused | `true` |
//! | `FLOWX_CONNECTOR_MAX_VALUES` | `request.max_values` | | how many values (objects, arrays, texts, numbers, …) a request may hold to be compared with its schema | `100000` |
//! | `FLOWX_CONNECTOR_MAX_HEADERS` | `request.max_headers` | | how many headers a request may have | `200` |
//! | `FLOWX_CONNECTOR_MAX_HEADER_BYTES` | `request.max_header_bytes` | | bytes of names and values of a request's headers together | `65536` |
//! | `FLOWX_CONNECTOR_ORGANIZATION_ID` | `reply.organization_id` | `ORGANIZATION_ID` | `Fx-Organization-Id` of answers to requests without it | none |
//! | `FLOWX_CONNECTOR_FX_CONTEXT` | `reply.fx_context` | `KAFKA_DEFAULT_FX_CONTEXT` | `fxContext` of answers to requests without it | none |
//! | `FLOWX_CONNECTOR_ERROR_FIELD` | `reply.error_field` | | name of the text's field in error replies | `errorMessage` |
//! | `FLOWX_CONNECTOR_ERROR_NULL` | `reply.error_null` | | whether successful replies carry that field as `null` | `true` |
//! | `FLOWX_CONNECTOR_OWN_HEADERS` | `reply.own_headers` | | whether answers carry `x-reply-id` and `x-request-offset` | `true` |
//! | `FLOWX_CONNECTOR_HANDLER_TIMEOUT` | `runtime.timeout` | | the longest one attempt may run | `30s` |
//! | `FLOWX_CONNECTOR_CONCURRENCY` | `runtime.concurrency` | | requests of a handler at work at once | `256` |
//! | `FLOWX_CONNECTOR_ORDER` | `runtime.order` | | what runs one after another: `key`, `partition` or `unordered` | `key` |
//! | `FLOWX_CONNECTOR_DRAIN` | `runtime.drain` | | how long a stop waits for what is in flight | `10s` |
//! | `FLOWX_CONNECTOR_UNACKNOWLEDGED` | `runtime.unacknowledged` | | answers on their way to the brokers at once; reading stops there. More is of use only where brokers take long: at 10 ms an answer the default is good for 100 000 in a second | `1000` |
//! | `FLOWX_CONNECTOR_SHOW_PANICS` | `runtime.show_panics` | | whether logs and dead letters show all that a panic says, which may quote a request; else they show its place, and its words only if nothing was put into them | `false` |
//! | `FLOWX_CONNECTOR_RETRY_ATTEMPTS` | `retry.attempts` | | attempts in all; on each retry topic as many again | `5` |
//! | `FLOWX_CONNECTOR_RETRY_ATTEMPTS_AFTER_CRASH` | `retry.attempts_after_crash` | | attempts in all once one has panicked or run out of time | `2` |
//! | `FLOWX_CONNECTOR_RETRY_DELAY` | `retry.delay` | | longest wait before the second attempt; it doubles | `300ms` |
//! | `FLOWX_CONNECTOR_RETRY_LONGEST_DELAY` | `retry.longest_delay` | | longest wait before any attempt | `60s` |
//! | `FLOWX_CONNECTOR_RETRY_BUDGET` | `retry.budget` | | time for all attempts and waits of a request; on each retry topic as much again | `2min` |
//! | `FLOWX_CONNECTOR_BREAKER` | `breaker.enabled` | | whether a partition is held while nearly all of its requests fail | `true` |
//! | `FLOWX_CONNECTOR_BREAKER_FAILURES` | `breaker.failures` | | failures in a row that hold a partition | `100` |
//! | `FLOWX_CONNECTOR_BREAKER_PERCENT` | `breaker.percent` | | failures in a hundred, of the last 200 requests, that hold a partition | `90` |
//! | `FLOWX_CONNECTOR_BREAKER_PAUSE` | `breaker.pause` | | how long a partition is held before one request is tried | `30s` |
//! | `FLOWX_CONNECTOR_DEAD_LETTER_REFUSALS` | `dead_letter.refusals` | | whether requests that a handler refused are put aside too | `false` |
//! | `FLOWX_CONNECTOR_CATALOG` | `catalog.enabled` | | whether `run` serves the catalog page with try-it-out | `false` |
//! | `FLOWX_CONNECTOR_ADMIN_ADDRESS` | `admin.address` | | where the admin endpoint listens, `address:port` | `127.0.0.1:8081` |
//! | `FLOWX_CONNECTOR_ADMIN_TOKEN` | `admin.token` | | bearer token that a request must carry which is tried out, pauses or resumes a handler, or concerns dead letters; needed with the catalog, and without it nobody can do any of that | none |
//! | `FLOWX_CONNECTOR_ADMIN_HOSTS` | `admin.hosts` | | host names under which the admin endpoint may be called besides `localhost`, separated by commas; beyond this machine only the catalog asks for one of them | none |
//! | `FLOWX_CONNECTOR_ADMIN` | `admin.enabled` | | whether `run` serves the admin endpoint: health, info, metrics, switches of handlers, dead letters | `true` |
//! | `FLOWX_CONNECTOR_ADMIN_BASE` | `admin.base` | | what its paths begin with, but for the catalog's | `/manage/actuator` |
//! | `FLOWX_CONNECTOR_ADMIN_EXPOSE` | `admin.expose` | | what of it is served: `health`, `info`, `metrics`, `handlers`, `deadletters`, `catalog`, separated by commas | all on a loopback address, else `health,info,metrics` |
//! | `FLOWX_CONNECTOR_CHECK` | `check.enabled` | | whether `run` looks at the cluster when it starts, beside its work, and warns of what is missing | `true` |
//! | `FLOWX_CONNECTOR_LOG_FORMAT` | `log.format` | | how the log is written: `text`, or `json` with one object on each line | `text` |
//! | `FLOWX_CONNECTOR_LOG_PROCESS_IDS` | `log.process_ids` | | how logs and exported spans name process instances: `shown`, `hashed` (the first 16 digits of the SHA-256) or `hidden` | `shown` |
//! | `FLOWX_CONNECTOR_HANDLER_<NAME>_TOPIC` | `handler.<name>.topic` | | topic of one handler, written as in the attribute | the attribute's |
//! | `FLOWX_CONNECTOR_HANDLER_<NAME>_REPLY` | `handler.<name>.reply` | | reply topic of one handler | the attribute's |
//! | `FLOWX_CONNECTOR_HANDLER_<NAME>_CONCURRENCY` | `handler.<name>.concurrency` | | requests of one handler at work at once | the attribute's |
//! | `FLOWX_CONNECTOR_HANDLER_<NAME>_ORDER` | `handler.<name>.order` | | `key`, `partition` or `unordered` | the attribute's |
//! | `FLOWX_CONNECTOR_HANDLER_<NAME>_TIMEOUT` | `handler.<name>.timeout` | | the longest one attempt of one handler may run | the attribute's |
//! | `FLOWX_CONNECTOR_HANDLER_<NAME>_ATTEMPTS` | `handler.<name>.attempts` | | attempts at a request of one handler in all | the attribute's |
//! | `FLOWX_CONNECTOR_HANDLER_<NAME>_RETRY_TOPICS` | `handler.<name>.retry_topics` | | delays of one handler's retry topics, as `30s,5m`; set and empty means none | the attribute's |
//!
//! In `<NAME>` a handler's name stands in capitals, with `_` for everything that is no letter or
//! digit: `FLOWX_CONNECTOR_HANDLER_CREDIT_CHECK_TOPIC` for `credit-check`. In the file it may be
//! written either way.
//!
//! # Properties of librdkafka
//! Any other property of librdkafka stands in `[kafka.properties]` under its own name, or in a variable
//! in capitals and with `_` for every dot: `FLOWX_CONNECTOR_KAFKA_PROPERTY_FETCH_WAIT_MAX_MS` for
//! `fetch.wait.max.ms`. Properties that guarantees rest on, that could run code or that would log secrets
//! are refused at start, and so is what librdkafka does not take.
//!
//! # Secrets
//! The token, names and passwords of logins, the secret of a client, and all properties of librdkafka are kept as [secrets](secret::Secret), and never shown.
//! Each can stand in a file of its own, less the newline at its end: a variable with `_FILE` behind its
//! name, or `.file` behind the name elsewhere (`token = { file = "…" }`, `"sasl.password.file" = "…"`,
//! `--set admin.token.file=…`). On the command line, which everybody on the machine may read, that is
//! the only way for these settings and for properties that are passwords by their names.
//!
//! A login, and the secret with which tokens are asked for, are read again when their files change, so
//! they can be replaced while the connector runs. Certificates and keys are read at start.
//!
//! # Retry topics
//! A retry topic that is taken out of the list is read no more: what still waits there is neither
//! handled nor answered. Stop using a delay only when its topic has been read to its end. The same
//! holds for another topic of the handler, another prefix or suffix, and another group.

pub mod admin_group;
pub mod assignment;
pub mod delay;
pub mod handlers;
pub mod keys;
pub mod layers;
pub mod log_format;
pub mod order;
pub mod origin;
pub mod process_ids;
pub mod properties;
pub mod secret;
pub mod security;
pub mod settings;
pub mod show;
pub mod values;

pub use layers::Sources;
pub use origin::Origin;
pub use settings::Settings;

#[cfg(test)]
mod tests;
