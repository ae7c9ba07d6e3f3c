//! How values of settings are read from text, and shown.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

use humantime::format_duration;
use serde_json::Value;

use super::admin_group::{AdminGroup, UnknownAdminGroup};
use super::assignment::AssignmentProtocol;
use super::delay::RetryDelay;
use super::log_format::LogFormat;
use super::order::Order;
use super::process_ids::ProcessIds;
use super::secret::Secret;

/// Read, or what was expected. The value is left out of that: it may be a secret in the wrong place.
pub(super) type Read = Result<(), String>;

/// A text that may be empty.
pub(super) fn part(field: &mut String, value: &str) -> Read {
    value.trim().clone_into(field);
    Ok(())
}

pub(super) fn text(field: &mut String, value: &str) -> Read {
    if value.trim().is_empty() {
        return Err("a text that is not empty".to_owned());
    }
    part(field, value)
}

/// As it stands: topics are checked, with their place, by those who read them.
pub(super) fn verbatim(field: &mut String, value: &str) -> Read {
    value.clone_into(field);
    Ok(())
}

/// Reads what may be missing as what is there.
pub(super) fn some<T: Default>(
    read: impl Fn(&mut T, &str) -> Read,
) -> impl Fn(&mut Option<T>, &str) -> Read {
    move |field, value| {
        let mut inner = T::default();
        read(&mut inner, value)?;
        *field = Some(inner);
        Ok(())
    }
}

/// A topic family in both of the documentation's spellings: with the dot at its end and without.
pub(super) fn family(field: &mut String, value: &str) -> Read {
    let name = value.trim().trim_end_matches('*').trim_end_matches('.');
    if name.is_empty() {
        return Err("the beginning of topic names, for example `engine.receive.`".to_owned());
    }
    *field = format!("{name}.");
    Ok(())
}

pub(super) fn address(field: &mut SocketAddr, value: &str) -> Read {
    *field = value
        .trim()
        .parse()
        .map_err(|_| "an address with its port, as `127.0.0.1:8081` or `[::1]:8081`".to_owned())?;
    Ok(())
}

pub(super) fn switch(field: &mut bool, value: &str) -> Read {
    *field = match value.trim().to_ascii_lowercase().as_str() {
        "true" => true,
        "false" => false,
        _ => return Err("`true` or `false`".to_owned()),
    };
    Ok(())
}

pub(super) fn number<T>(range: RangeInclusive<T>, unit: &str) -> impl Fn(&mut T, &str) -> Read
where
    T: FromStr + PartialOrd + Display,
{
    move |field, value| match value.trim().parse() {
        Ok(number) if range.contains(&number) => {
            *field = number;
            Ok(())
        }
        _ => Err(format!("a number of {unit} from {} to {}", range.start(), range.end())),
    }
}

/// One of several words, with an error that names them.
pub(super) fn word<T>(field: &mut T, value: &str) -> Read
where
    T: FromStr<Err: Display>,
{
    *field = value.parse().map_err(|expected: T::Err| expected.to_string())?;
    Ok(())
}

pub(super) fn duration(field: &mut Duration, value: &str) -> Read {
    match humantime::parse_duration(value.trim()) {
        Ok(duration) if !duration.is_zero() => {
            *field = duration;
            Ok(())
        }
        _ => Err("a time with its unit, for example `30s`, `500ms` or `2min`".to_owned()),
    }
}

/// The delays of a handler's retry topics; nothing at all is none.
pub(super) fn delays(field: &mut Vec<RetryDelay>, value: &str) -> Read {
    let texts = value.split(',').map(str::trim).filter(|_| !value.trim().is_empty());
    *field = RetryDelay::list(texts)
        .map_err(|expected| format!("{expected}, as in `30s,5m`, or nothing for none"))?;
    Ok(())
}

/// What the paths of the admin endpoint begin with.
pub(super) fn base_path(field: &mut String, value: &str) -> Read {
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

pub(super) fn admin_groups(field: &mut BTreeSet<AdminGroup>, value: &str) -> Read {
    let groups = value.split(',').map(str::trim).filter(|name| !name.is_empty());
    let groups: Result<BTreeSet<_>, UnknownAdminGroup> = groups.map(str::parse).collect();
    *field = groups
        .ok()
        .filter(|groups| !groups.is_empty())
        .ok_or_else(|| UnknownAdminGroup.to_string())?;
    Ok(())
}

pub(super) fn names(field: &mut Vec<String>, value: &str) -> Read {
    let names = value.split(',').map(str::trim).filter(|name| !name.is_empty());
    *field = names.map(str::to_owned).collect();
    Ok(())
}

/// The name of a file.
pub(super) fn path(field: &mut String, value: &str) -> Read {
    text(field, value).map_err(|_| "the path of a file".to_owned())
}

pub(super) fn secret(field: &mut Option<Secret>, value: &Secret) -> Read {
    if value.expose().trim().is_empty() {
        return Err("a text that is not empty".to_owned());
    }
    *field = Some(value.trimmed());
    Ok(())
}

/// A time; a number alone is seconds, as the platform writes it.
pub(super) fn seconds(field: &mut Duration, value: &str) -> Read {
    match value.trim().parse() {
        Ok(seconds @ 1..=86_400) => *field = Duration::from_secs(seconds),
        _ => duration(field, value)?,
    }
    Ok(())
}

/// An address of HTTP. What is wrong with it is said without it, for a password may stand in it.
pub(super) fn token_endpoint(field: &mut String, value: &str) -> Read {
    let value = value.trim();
    let host = |rest: &str| !rest.is_empty() && !rest.starts_with('/') && !rest.contains(' ');
    let is_address = value
        .split_once("://")
        .is_some_and(|(scheme, rest)| matches!(scheme, "http" | "https") && host(rest));
    if !is_address {
        return Err("an address as `https://id.example/token`".to_owned());
    }
    value.clone_into(field);
    Ok(())
}

/// The protocols that this build speaks.
pub(super) fn security_protocol(field: &mut String, value: &str) -> Read {
    let protocol = value.trim().to_ascii_uppercase();
    match protocol.as_str() {
        "PLAINTEXT" | "SASL_PLAINTEXT" => {}
        "SSL" | "SASL_SSL" if cfg!(feature = "tls") => {}
        "SSL" | "SASL_SSL" => {
            return Err("`PLAINTEXT` or `SASL_PLAINTEXT`, for this build has no TLS; build flowx-core with its feature `tls`, or `tls-vendored`, for `SSL` and `SASL_SSL`".to_owned());
        }
        _ => return Err("`PLAINTEXT`, `SSL`, `SASL_PLAINTEXT` or `SASL_SSL`".to_owned()),
    }
    *field = protocol;
    Ok(())
}

/// The ways to log in that this build has.
pub(super) fn sasl_mechanism(field: &mut String, value: &str) -> Read {
    let mechanism = value.trim().to_ascii_uppercase();
    match mechanism.as_str() {
        "PLAIN" => {}
        "SCRAM-SHA-256" | "SCRAM-SHA-512" if cfg!(feature = "tls") => {}
        "SCRAM-SHA-256" | "SCRAM-SHA-512" => {
            return Err("`PLAIN`, for this build has no cryptography; build flowx-core with its feature `tls`, or `tls-vendored`, for `SCRAM-SHA-256` and `SCRAM-SHA-512`".to_owned());
        }
        "OAUTHBEARER" if cfg!(feature = "oauth") => {}
        "OAUTHBEARER" => {
            return Err("another mechanism, for this build fetches no tokens; build flowx-core with its feature `oauth` for `OAUTHBEARER`".to_owned());
        }
        _ => return Err("`PLAIN`, `SCRAM-SHA-256`, `SCRAM-SHA-512` or `OAUTHBEARER`; others are properties of librdkafka, `sasl.mechanisms`".to_owned()),
    }
    *field = mechanism;
    Ok(())
}

/// A value as it is shown to an operator.
#[derive(Clone, Debug, PartialEq)]
pub enum Shown {
    /// As it would be written in a file; `null` where nothing is set.
    Plain(Value),
    /// Never the value itself.
    Secret {
        /// Whether there is one.
        set: bool,
    },
}

/// What can be shown of a field. That a secret is none to show is a matter of its type, so no row of
/// a table can forget it.
pub(super) trait Show {
    fn shown(&self) -> Shown;
}

macro_rules! show {
    ($($kind:ty: |$field:ident| $value:expr;)*) => {
        $(impl Show for $kind {
            fn shown(&self) -> Shown {
                let $field = self;
                Shown::Plain($value)
            }
        })*
    };
}

show! {
    String: |text| text.as_str().into();
    bool: |switch| (*switch).into();
    usize: |number| (*number).into();
    u32: |number| (*number).into();
    Duration: |time| format_duration(*time).to_string().into();
    Order: |order| order.name().into();
    LogFormat: |format| format.name().into();
    ProcessIds: |ids| ids.name().into();
    AssignmentProtocol: |assignment| assignment.name().into();
    SocketAddr: |address| address.to_string().into();
    BTreeSet<AdminGroup>: |groups| groups.iter().map(|group| group.name()).collect::<Vec<_>>().into();
    Vec<String>: |texts| texts.clone().into();
    Vec<RetryDelay>: |delays| delays.iter().map(ToString::to_string).collect::<Vec<_>>().into();
}

impl<T: Show> Show for Option<T> {
    fn shown(&self) -> Shown {
        self.as_ref().map_or(Shown::Plain(Value::Null), Show::shown)
    }
}

impl Show for Option<Secret> {
    fn shown(&self) -> Shown {
        Shown::Secret { set: self.is_some() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_is_read_with_and_without_its_dot() {
        for value in ["engine.receive.", "engine.receive", "engine.receive.*"] {
            let mut field = String::new();
            family(&mut field, value).unwrap();
            assert_eq!(field, "engine.receive.");
        }
    }

    #[test]
    fn a_number_alone_is_seconds_and_an_address_is_one_of_http() {
        let mut time = Duration::ZERO;
        for (text, expected) in [("10", 10), ("30s", 30), ("2min", 120)] {
            seconds(&mut time, text).unwrap();
            assert_eq!(time, Duration::from_secs(expected));
        }
        assert!(seconds(&mut time, "soon").is_err());
        let mut field = String::new();
        for wrong in
            ["id.canary", "ftp://id.canary", "https://", "https:///canary", "https://canary b"]
        {
            let words = token_endpoint(&mut field, wrong).unwrap_err();
            assert!(!words.contains("canary"), "{words}");
        }
        token_endpoint(&mut field, " https://id.example/token ").unwrap();
        assert_eq!(field, "https://id.example/token");
    }

    #[test]
    fn what_this_build_cannot_speak_is_refused_with_a_way_out() {
        let mut field = String::new();
        assert!(security_protocol(&mut field, "kerberos").unwrap_err().contains("`SASL_SSL`"));
        let tls = security_protocol(&mut field, "sasl_ssl");
        assert_eq!(tls.is_ok(), cfg!(feature = "tls"), "{tls:?}");
        for (mechanism, is_built) in [
            ("plain", true),
            ("SCRAM-SHA-512", cfg!(feature = "tls")),
            ("OAUTHBEARER", cfg!(feature = "oauth")),
        ] {
            match sasl_mechanism(&mut field, mechanism) {
                Ok(()) => assert!(is_built, "{mechanism}"),
                Err(remedy) => assert!(!is_built && remedy.contains("build flowx-core with")),
            }
        }
        assert_eq!(security_protocol(&mut field, "plaintext"), Ok(()));
        assert_eq!(field, "PLAINTEXT");
    }
}
