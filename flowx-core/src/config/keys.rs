//! Every setting by name: the native one and those of the platform.
//!
//! Adding a setting is one field in [`Settings`] and one row here. The platform reads its variables
//! with relaxed binding, where `A_B` and `AB` are one name, and so do we.
//! Sources of the platform's names: the engine's setup guide (4.7) and the connector quickstart.

use std::net::SocketAddr;
use std::time::Duration;

use super::Settings;
use super::admin_group::{AdminGroup, UnknownAdminGroup};
use super::assignment::{AssignmentProtocol, UnknownAssignmentProtocol};
use super::delay::RetryDelay;
use super::order::{Order, UnknownOrder};
use super::secret::Secret;
use crate::message::decode::Limits;

/// Every native variable begins with this; an unknown one is refused.
pub const NATIVE_PREFIX: &str = "FLOWX_CONNECTOR_";
/// Variables of single handlers begin with this.
pub const HANDLER_PREFIX: &str = "FLOWX_CONNECTOR_HANDLER_";

/// One setting: its names and how it is read.
#[derive(Debug)]
pub struct Key {
    /// The native name.
    pub name: &'static str,
    /// The platform's names, the newest first.
    pub platform: &'static [&'static str],
    /// Reads a value, or says what was expected.
    pub(super) set: fn(&mut Settings, &str) -> Result<(), String>,
}

impl Key {
    /// All names, the first that is set wins.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.name).chain(self.platform.iter().copied())
    }

    pub(super) fn is_named(&self, name: &str) -> bool {
        relaxed(self.name) == relaxed(name)
    }
}

/// A name without its underscores: `A_B` and `AB` are one.
pub(super) fn relaxed(name: &str) -> String {
    name.chars().filter(|c| *c != '_').map(|c| c.to_ascii_uppercase()).collect()
}

/// The value is left out: it may be a secret in the wrong place.
pub(super) fn unreadable(name: &str, expected: &str) -> String {
    format!("`{name}` cannot be read: expected {expected}")
}

/// All settings.
pub const KEYS: &[Key] = &[
    Key {
        name: "FLOWX_CONNECTOR_BOOTSTRAP_SERVERS",
        platform: &["KAFKA_BOOTSTRAP_SERVERS", "SPRING_KAFKA_BOOTSTRAP_SERVERS"],
        set: |s, v| some_text(&mut s.bootstrap_servers, v),
    },
    Key {
        name: "FLOWX_CONNECTOR_SECURITY_PROTOCOL",
        platform: &["KAFKA_SECURITY_PROTOCOL", "SPRING_KAFKA_SECURITY_PROTOCOL"],
        set: |s, v| security_protocol(&mut s.security_protocol, v),
    },
    Key {
        name: "FLOWX_CONNECTOR_GROUP",
        platform: &["KAFKA_CONSUMER_GROUP_ID", "SPRING_KAFKA_CONSUMER_GROUP_ID"],
        set: |s, v| some_text(&mut s.group, v),
    },
    Key {
        name: "FLOWX_CONNECTOR_INSTANCE_ID",
        platform: &[],
        set: |s, v| some_text(&mut s.instance_id, v),
    },
    Key {
        name: "FLOWX_CONNECTOR_MESSAGE_MAX_BYTES",
        platform: &["KAFKA_MESSAGE_MAX_BYTES"],
        set: |s, v| number(&mut s.message_max_bytes, v, 1_000..=1_000_000_000, "bytes"),
    },
    Key {
        name: "FLOWX_CONNECTOR_TOPIC_PACKAGE",
        platform: &["KAFKA_TOPIC_NAMING_PACKAGE"],
        set: |s, v| text(&mut s.naming.package, v),
    },
    Key {
        name: "FLOWX_CONNECTOR_TOPIC_ENVIRONMENT",
        platform: &["KAFKA_TOPIC_NAMING_ENVIRONMENT"],
        set: |s, v| text(&mut s.naming.environment, v),
    },
    Key {
        name: "FLOWX_CONNECTOR_TOPIC_VERSION",
        platform: &["KAFKA_TOPIC_NAMING_VERSION"],
        set: |s, v| text(&mut s.naming.version, v),
    },
    Key {
        name: "FLOWX_CONNECTOR_TOPIC_PREFIX",
        platform: &["KAFKA_TOPIC_NAMING_PREFIX"],
        set: |s, v| some_text(&mut s.naming.prefix, v),
    },
    Key {
        name: "FLOWX_CONNECTOR_TOPIC_SUFFIX",
        platform: &["KAFKA_TOPIC_NAMING_SUFFIX"],
        set: |s, v| some_text(&mut s.naming.suffix, v),
    },
    Key {
        name: "FLOWX_CONNECTOR_TOPIC_ENGINE_RECEIVE",
        platform: &["KAFKA_TOPIC_NAMING_ENGINE_RECEIVE_PATTERN"],
        set: |s, v| family(&mut s.naming.engine_receive, v),
    },
    Key {
        name: "FLOWX_CONNECTOR_TOPIC_INTEGRATION_RECEIVE",
        platform: &["KAFKA_TOPIC_NAMING_INTEGRATION_RECEIVE_PATTERN"],
        set: |s, v| family(&mut s.naming.integration_receive, v),
    },
    Key {
        name: "FLOWX_CONNECTOR_ORGANIZATION_ID",
        platform: &["ORGANIZATION_ID"],
        set: |s, v| some_text(&mut s.organization_id, v),
    },
    Key {
        name: "FLOWX_CONNECTOR_FX_CONTEXT",
        platform: &["KAFKA_DEFAULT_FX_CONTEXT"],
        set: |s, v| some_text(&mut s.fx_context, v),
    },
    Key {
        name: "FLOWX_CONNECTOR_ERROR_FIELD",
        platform: &[],
        set: |s, v| text(&mut s.error_field, v),
    },
    Key {
        name: "FLOWX_CONNECTOR_ERROR_NULL",
        platform: &[],
        set: |s, v| switch(&mut s.error_null, v),
    },
    Key {
        name: "FLOWX_CONNECTOR_OWN_HEADERS",
        platform: &[],
        set: |s, v| switch(&mut s.own_headers, v),
    },
    Key {
        name: "FLOWX_CONNECTOR_MAX_DEPTH",
        platform: &[],
        set: |s, v| number(&mut s.max_depth, v, 1..=Limits::DEEPEST, "levels"),
    },
    Key {
        name: "FLOWX_CONNECTOR_REFUSE_PLACEHOLDERS",
        platform: &[],
        set: |s, v| switch(&mut s.refuse_placeholders, v),
    },
    Key {
        name: "FLOWX_CONNECTOR_MAX_VALUES",
        platform: &[],
        set: |s, v| number(&mut s.max_values, v, 1..=100_000_000, "values"),
    },
    Key {
        name: "FLOWX_CONNECTOR_HANDLER_TIMEOUT",
        platform: &[],
        set: |s, v| duration(&mut s.handler_timeout, v),
    },
    Key {
        name: "FLOWX_CONNECTOR_RETRY_ATTEMPTS",
        platform: &[],
        set: |s, v| number(&mut s.retry_attempts, v, 1..=1_000, "attempts"),
    },
    Key {
        name: "FLOWX_CONNECTOR_RETRY_ATTEMPTS_AFTER_CRASH",
        platform: &[],
        set: |s, v| number(&mut s.retry_attempts_after_crash, v, 1..=1_000, "attempts"),
    },
    Key {
        name: "FLOWX_CONNECTOR_RETRY_DELAY",
        platform: &[],
        set: |s, v| duration(&mut s.retry_delay, v),
    },
    Key {
        name: "FLOWX_CONNECTOR_RETRY_LONGEST_DELAY",
        platform: &[],
        set: |s, v| duration(&mut s.retry_longest_delay, v),
    },
    Key {
        name: "FLOWX_CONNECTOR_RETRY_BUDGET",
        platform: &[],
        set: |s, v| duration(&mut s.retry_budget, v),
    },
    Key {
        name: "FLOWX_CONNECTOR_DEAD_LETTER_REFUSALS",
        platform: &[],
        set: |s, v| switch(&mut s.dead_letter_refusals, v),
    },
    Key { name: "FLOWX_CONNECTOR_BREAKER", platform: &[], set: |s, v| switch(&mut s.breaker, v) },
    Key {
        name: "FLOWX_CONNECTOR_BREAKER_FAILURES",
        platform: &[],
        set: |s, v| number(&mut s.breaker_failures, v, 1..=1_000_000, "failures in a row"),
    },
    Key {
        name: "FLOWX_CONNECTOR_BREAKER_PERCENT",
        platform: &[],
        set: |s, v| number(&mut s.breaker_percent, v, 1..=100, "failures in a hundred"),
    },
    Key {
        name: "FLOWX_CONNECTOR_BREAKER_PAUSE",
        platform: &[],
        set: |s, v| duration(&mut s.breaker_pause, v),
    },
    Key {
        name: "FLOWX_CONNECTOR_CONCURRENCY",
        platform: &[],
        set: |s, v| number(&mut s.concurrency, v, 1..=1_000_000, "requests"),
    },
    Key { name: "FLOWX_CONNECTOR_ORDER", platform: &[], set: |s, v| order(&mut s.order, v) },
    Key { name: "FLOWX_CONNECTOR_DRAIN", platform: &[], set: |s, v| duration(&mut s.drain, v) },
    Key {
        name: "FLOWX_CONNECTOR_SESSION_TIMEOUT",
        platform: &[],
        set: |s, v| duration(&mut s.session_timeout, v),
    },
    Key {
        name: "FLOWX_CONNECTOR_ASSIGNMENT",
        platform: &[],
        set: |s, v| assignment(&mut s.assignment, v),
    },
    Key { name: "FLOWX_CONNECTOR_STALL", platform: &[], set: |s, v| duration(&mut s.stall, v) },
    Key { name: "FLOWX_CONNECTOR_CATALOG", platform: &[], set: |s, v| switch(&mut s.catalog, v) },
    Key {
        name: "FLOWX_CONNECTOR_ADMIN_ADDRESS",
        platform: &[],
        set: |s, v| address(&mut s.admin_address, v),
    },
    Key {
        name: "FLOWX_CONNECTOR_ADMIN_TOKEN",
        platform: &[],
        set: |s, v| {
            s.admin_token = Some(Secret::new(v.trim()));
            Ok(())
        },
    },
    Key {
        name: "FLOWX_CONNECTOR_ADMIN_HOSTS",
        platform: &[],
        set: |s, v| {
            let names = v.split(',').map(str::trim).filter(|name| !name.is_empty());
            s.admin_hosts = names.map(str::to_owned).collect();
            Ok(())
        },
    },
    Key { name: "FLOWX_CONNECTOR_ADMIN", platform: &[], set: |s, v| switch(&mut s.admin, v) },
    Key {
        name: "FLOWX_CONNECTOR_ADMIN_BASE",
        platform: &[],
        set: |s, v| base(&mut s.admin_base, v),
    },
    Key {
        name: "FLOWX_CONNECTOR_ADMIN_EXPOSE",
        platform: &[],
        set: |s, v| {
            let groups = v.split(',').map(str::trim).filter(|name| !name.is_empty());
            let groups: Result<_, UnknownAdminGroup> =
                groups.map(str::parse::<AdminGroup>).collect();
            s.admin_expose = Some(groups.map_err(|expected| expected.to_string())?);
            Ok(())
        },
    },
];

type Set = Result<(), String>;

fn text(field: &mut String, value: &str) -> Set {
    value.trim().clone_into(field);
    Ok(())
}

fn some_text(field: &mut Option<String>, value: &str) -> Set {
    *field = Some(value.trim().to_owned());
    Ok(())
}

/// A topic family in both of the documentation's spellings: with the dot at its end and without.
fn family(field: &mut String, value: &str) -> Set {
    let name = value.trim().trim_end_matches('*').trim_end_matches('.');
    *field = format!("{name}.");
    Ok(())
}

fn address(field: &mut SocketAddr, value: &str) -> Set {
    *field = value
        .trim()
        .parse()
        .map_err(|_| "an address with its port, as `127.0.0.1:8081` or `[::1]:8081`".to_owned())?;
    Ok(())
}

/// What paths begin with: some plain parts, each with its slash before it.
fn base(field: &mut String, value: &str) -> Set {
    let base = value.trim().trim_end_matches('/');
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let parts = base.strip_prefix('/').map(|parts| parts.split('/').collect::<Vec<_>>());
    let is_path = parts.is_some_and(|parts| {
        parts[0] != "catalog"
            && parts.iter().all(|part| !part.is_empty() && part.chars().all(plain))
    });
    if !is_path {
        let expected = "a path as `/manage/actuator`: letters, digits, `-`, `_` and `.` behind each slash, and not below `/catalog`";
        return Err(expected.to_owned());
    }
    base.clone_into(field);
    Ok(())
}

fn switch(field: &mut bool, value: &str) -> Set {
    *field = match value.trim().to_ascii_lowercase().as_str() {
        "true" => true,
        "false" => false,
        _ => return Err("`true` or `false`".to_owned()),
    };
    Ok(())
}

pub(super) fn number<T>(
    field: &mut T,
    value: &str,
    range: std::ops::RangeInclusive<T>,
    unit: &str,
) -> Set
where
    T: std::str::FromStr + PartialOrd + std::fmt::Display,
{
    match value.trim().parse() {
        Ok(number) if range.contains(&number) => {
            *field = number;
            Ok(())
        }
        _ => Err(format!("a number of {unit} from {} to {}", range.start(), range.end())),
    }
}

pub(super) fn order(field: &mut Order, value: &str) -> Set {
    *field = value.parse().map_err(|expected: UnknownOrder| expected.to_string())?;
    Ok(())
}

fn assignment(field: &mut AssignmentProtocol, value: &str) -> Set {
    *field = value.parse().map_err(|expected: UnknownAssignmentProtocol| expected.to_string())?;
    Ok(())
}

pub(super) fn duration(field: &mut Duration, value: &str) -> Set {
    match humantime::parse_duration(value.trim()) {
        Ok(duration) if !duration.is_zero() => {
            *field = duration;
            Ok(())
        }
        _ => Err("a time with its unit, for example `30s`, `500ms` or `2min`".to_owned()),
    }
}

/// The delays of a handler's retry topics; nothing at all is none.
pub(super) fn delays(field: &mut Vec<RetryDelay>, value: &str) -> Set {
    let texts = value.split(',').map(str::trim).filter(|_| !value.trim().is_empty());
    *field = RetryDelay::list(texts)
        .map_err(|expected| format!("{expected}, as in `30s,5m`, or nothing for none"))?;
    Ok(())
}

/// The protocols that this build speaks.
fn security_protocol(field: &mut String, value: &str) -> Set {
    let protocol = value.trim().to_ascii_uppercase();
    match protocol.as_str() {
        "PLAINTEXT" => {}
        "SSL" if cfg!(feature = "tls") => {}
        "SSL" => {
            return Err("`PLAINTEXT`, for this build has no TLS; build flowx-core with its feature `tls`, or `tls-vendored`, for `SSL`".to_owned());
        }
        _ => return Err("`PLAINTEXT` or `SSL`; SASL is not supported".to_owned()),
    }
    *field = protocol;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_name_sets_two_things_and_every_native_name_has_the_prefix() {
        let mut seen = HashSet::new();
        for key in KEYS {
            assert!(key.name.starts_with(NATIVE_PREFIX), "{}", key.name);
            for name in key.names() {
                assert!(seen.insert(relaxed(name)), "{name}");
            }
        }
    }

    #[test]
    fn the_documentation_names_every_variable() {
        let table = include_str!("mod.rs");
        for name in KEYS.iter().flat_map(Key::names) {
            assert!(table.contains(&format!("`{name}`")), "{name}");
        }
    }

    #[test]
    fn a_family_is_read_with_and_without_its_dot() {
        for value in ["engine.receive.", "engine.receive", "engine.receive.*"] {
            let mut field = String::new();
            family(&mut field, value).unwrap();
            assert_eq!(field, "engine.receive.");
        }
    }

    #[test]
    fn a_base_is_a_plain_path() {
        let mut field = String::new();
        for (value, read) in
            [("/manage/actuator", "/manage/actuator"), (" /a-b/c_d.e/ ", "/a-b/c_d.e")]
        {
            base(&mut field, value).unwrap();
            assert_eq!(field, read);
        }
        for value in ["", "/", "manage", "/a//b", "/a b", "/{name}", "/catalog", "/catalog/x", "/ä"]
        {
            assert!(base(&mut field, value).is_err(), "{value}");
        }
    }

    #[test]
    fn what_this_build_cannot_speak_is_refused_with_a_way_out() {
        let mut field = String::new();
        assert!(security_protocol(&mut field, "sasl_ssl").unwrap_err().contains("SASL"));
        assert_eq!(security_protocol(&mut field, "plaintext"), Ok(()));
        assert_eq!(field, "PLAINTEXT");
    }
}
