//! Binding: every type of a handler's signature is looked at once, before the first record.

use std::any::{Any, TypeId, type_name};
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use super::entry::{HandlerEntry, Site};
use super::middleware::Layers;

/// What handlers are bound to: the connector's shared values and settings.
///
/// `Debug` shows how many values there are, not what they hold.
#[derive(Clone, Default)]
pub struct BindEnvironment {
    /// Shared values by their type, for [`State<T>`](crate::State).
    pub state: HashMap<TypeId, Arc<dyn Any + Send + Sync>>,
    /// The field that a successful reply carries as null; `None` switches it off.
    pub error_field: Option<String>,
    /// What stands around the calls.
    pub layers: Layers,
}

impl BindEnvironment {
    /// Adds a shared value. Returns whether there was one of this type before, which it replaces.
    pub fn insert<T: Send + Sync + 'static>(&mut self, value: impl Into<Arc<T>>) -> bool {
        let value: Arc<T> = value.into();
        self.state.insert(TypeId::of::<T>(), value).is_some()
    }
}

impl fmt::Debug for BindEnvironment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BindEnvironment")
            .field("state", &self.state.len())
            .field("error_field", &self.error_field)
            .field("layers", &self.layers)
            .finish()
    }
}

/// Hands a handler's types what they need and gathers what is wrong.
#[derive(Debug)]
pub struct Binder<'e> {
    pub(super) entry: &'static HandlerEntry,
    pub(super) environment: &'e BindEnvironment,
    pub(super) errors: Vec<BindError>,
    pub(super) parts: super::slot::Parts,
}

impl<'e> Binder<'e> {
    pub(super) fn new(entry: &'static HandlerEntry, environment: &'e BindEnvironment) -> Self {
        Self { entry, environment, errors: Vec::new(), parts: super::slot::Parts::default() }
    }

    /// The handler that is bound.
    #[must_use]
    pub fn handler(&self) -> &'static HandlerEntry {
        self.entry
    }

    /// The shared value of type `T` that was given to the connector.
    ///
    /// # Errors
    /// There is none.
    pub fn state<T: Send + Sync + 'static>(&self) -> Result<Arc<T>, BindError> {
        let value = self.environment.state.get(&TypeId::of::<T>()).cloned();
        value.and_then(|value| value.downcast().ok()).ok_or_else(|| {
            let name = type_name::<T>();
            let wrapped = self.environment.state.contains_key(&TypeId::of::<Arc<T>>());
            self.error(if wrapped {
                format!("`State<{name}>` finds no such value, only an `Arc` around one; give the value itself to `.state(…)`, which shares it anyway")
            } else {
                format!("`State<{name}>` finds no such value; add `.state(…)` with a `{name}` where the connector is built")
            })
        })
    }

    /// An error of this handler: what is wrong and, after a semicolon, what to do.
    #[must_use]
    pub fn error(&self, what: impl Into<String>) -> BindError {
        BindError { handler: self.entry.name, site: &self.entry.site, what: what.into() }
    }
}

/// Why a handler cannot be bound; [`Display`](fmt::Display) names the place and the remedy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BindError {
    handler: &'static str,
    site: &'static Site,
    what: String,
}

impl BindError {
    /// The handler's name.
    #[must_use]
    pub fn handler(&self) -> &'static str {
        self.handler
    }

    /// Where the handler stands.
    #[must_use]
    pub fn site(&self) -> &'static Site {
        self.site
    }
}

impl fmt::Display for BindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: handler `{}`: {}", self.site, self.handler, self.what)
    }
}

impl std::error::Error for BindError {}
