//! `Topic`: where the record came from.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use crate::handler::binder::{BindError, Binder};
use crate::handler::call::Call;
use crate::handler::error::Failure;
use crate::handler::param::Param;

/// The full name of the topic that the record was read from.
///
/// ```
/// use flowx_core::Topic;
///
/// let topic = Topic::new("ai.flowx.dev.plugin.mail.trigger.send.v1");
/// assert!(topic.ends_with(".v1"));
/// assert_eq!(topic.matched(), None);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topic {
    name: Arc<str>,
    matched: Option<Box<str>>,
}

impl Topic {
    /// A topic, as a test of a handler would name it.
    #[must_use]
    pub fn new(name: impl Into<Arc<str>>) -> Self {
        Self { name: name.into(), matched: None }
    }

    /// The same topic, read through a pattern whose `*` stands for `matched`.
    #[must_use]
    pub fn with_matched(self, matched: impl Into<Box<str>>) -> Self {
        Self { matched: Some(matched.into()), ..self }
    }

    /// What the `*` of the handler's pattern stands for; `None` if the handler reads one topic.
    #[must_use]
    pub fn matched(&self) -> Option<&str> {
        self.matched.as_deref()
    }
}

impl Deref for Topic {
    type Target = str;

    fn deref(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

// The note of `Param` lists it already, under a name that no other crate can change.
#[diagnostic::do_not_recommend]
impl Param for Topic {
    type Bound = ();

    fn bind(_: &mut Binder<'_>) -> Result<(), BindError> {
        Ok(())
    }

    fn extract((): &(), call: &Call<'_>) -> Result<Self, Failure> {
        let name = Arc::clone(&call.record.at.topic);
        Ok(Self { name, matched: call.matched.map(Box::from) })
    }
}
