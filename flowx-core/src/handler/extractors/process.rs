//! `Process`: which process instance asks.

use std::fmt;

use crate::handler::binder::{BindError, Binder};
use crate::handler::call::Call;
use crate::handler::error::Failure;
use crate::handler::param::Param;
use crate::message::headers::Headers;

/// The process instance that waits for the answer, as the engine's headers name it.
///
/// Every part may be missing: what the engine sends depends on its version and on the designer.
/// `Debug` shows which parts are there, not what they hold.
///
/// ```
/// use flowx_core::Process;
///
/// let process = Process::new("d3aabfd8-d041-4c62-892f-22d17923b223").with_fx_context("main:4");
/// assert_eq!(process.fx_context(), Some("main:4"));
/// assert_eq!(process.id(), None);
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Process {
    uuid: Option<String>,
    id: Option<String>,
    engine: Headers,
}

macro_rules! engine_headers {
    ($($(#[$doc:meta])* $get:ident $with:ident $name:literal;)*) => {
        /// The engine's headers that a handler may want, beside the two that name the instance.
        const ENGINE_HEADERS: &[&str] = &[$($name),*];

        impl Process {
            $(
                $(#[$doc])*
                #[doc = concat!(" Header `", $name, "`.")]
                #[must_use]
                pub fn $get(&self) -> Option<&str> {
                    self.engine.text($name)
                }
            )*

            $(
                #[doc = concat!("The same process with the header `", $name, "`, for tests.")]
                #[must_use]
                pub fn $with(mut self, value: &str) -> Self {
                    self.engine.push_text($name, value);
                    self
                }
            )*
        }
    };
}

engine_headers! {
    /// Where in the tree of processes the answer goes: `main`, or `main:4` for the subprocess of
    /// node 4.
    fx_context with_fx_context "fxContext";
    /// Name of the process definition.
    name with_name "Fx-ProcessName";
    /// The application that sent the request.
    app_id with_app_id "Fx-AppId";
    /// The application at the root of a chain of them.
    root_app_id with_root_app_id "Fx-RootAppId";
    /// The version of that application.
    app_version_id with_app_version_id "Fx-Build-App-Version-Id";
    /// The build; platform versions before 5.0.
    build_id with_build_id "Fx-BuildId";
    /// The workspace; platform 5.1 and later.
    workspace_id with_workspace_id "Fx-WorkspaceId";
    /// The organization; platform 5.9 and later.
    organization_id with_organization_id "Fx-Organization-Id";
    /// The node that gets the answer, where the designer set one.
    destination_id with_destination_id "destinationId";
    /// The action whose callbacks run on the answer, where the designer set one.
    callbacks_for_action with_callbacks_for_action "callbacksForAction";
}

impl Process {
    /// A process instance with this UUID, as a test of a handler would name it.
    #[must_use]
    pub fn new(uuid: &str) -> Self {
        Self { uuid: Some(uuid.to_owned()), ..Self::default() }
    }

    /// The UUID of the instance. Header `processInstanceUuid`.
    #[must_use]
    pub fn uuid(&self) -> Option<&str> {
        self.uuid.as_deref()
    }

    /// The number of the instance, as text. Header `processInstanceId`.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// The same process with a number, for tests.
    #[must_use]
    pub fn with_id(self, id: &str) -> Self {
        Self { id: Some(id.to_owned()), ..self }
    }
}

impl fmt::Debug for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Process")
            .field("uuid", &self.uuid.is_some())
            .field("id", &self.id.is_some())
            .field("engine", &self.engine)
            .finish()
    }
}

// The note of `Param` lists it already, under a name that no other crate can change.
#[diagnostic::do_not_recommend]
impl Param for Process {
    type Bound = ();

    fn bind(_: &mut Binder<'_>) -> Result<(), BindError> {
        Ok(())
    }

    fn extract((): &(), call: &Call<'_>) -> Result<Self, Failure> {
        let mut engine = Headers::default();
        for (name, value) in call.record.headers.iter() {
            if ENGINE_HEADERS.contains(&name) {
                engine.push(name, value);
            }
        }
        Ok(Self {
            uuid: call.envelope.process_instance_uuid().map(str::to_owned),
            id: call.envelope.process_instance_id().map(str::to_owned),
            engine,
        })
    }
}
