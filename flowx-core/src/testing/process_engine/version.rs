//! The headers that an engine of each version sends.
//!
//! Source: the header tables of the platform's producer page, 3.x to 5.9 (docs.flowx.ai, "Creating a
//! Kafka producer"), and its migration guide to 5.9.

use crate::message::envelope::{
    FX_CONTEXT, FX_ORGANIZATION_ID, PROCESS_INSTANCE_ID, PROCESS_INSTANCE_UUID,
};
use crate::message::headers::Headers;

/// A version of the platform, by what its engine sends and demands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum PlatformVersion {
    /// 3.x: the process instance by UUID and number.
    V3,
    /// 4.7: also the context and the application.
    V4_7,
    /// 5.1: also the workspace and the application's version.
    V5_1,
    /// 5.9: also the organization, without which the engine rejects a message.
    V5_9,
}

impl PlatformVersion {
    /// All versions, the oldest first.
    pub const ALL: [Self; 4] = [Self::V3, Self::V4_7, Self::V5_1, Self::V5_9];

    /// The headers of a request of this process instance.
    #[must_use]
    pub fn headers(self, uuid: &str, number: u64) -> Headers {
        let mut headers = Headers::default();
        headers.push_text(PROCESS_INSTANCE_ID, &number.to_string());
        headers.push_text(PROCESS_INSTANCE_UUID, uuid);
        if self >= Self::V4_7 {
            headers.push_text(FX_CONTEXT, "main");
            headers.push_text("Fx-AppId", "afcc6452-f50e-4d95-ae3b-6b35caed68bd");
            headers.push_text("Fx-RootAppId", "afcc6452-f50e-4d95-ae3b-6b35caed68bd");
        }
        if self == Self::V4_7 {
            headers.push_text("Fx-BuildId", "0d8a9e0b-6a3c-4f3e-9f5e-3c1c1a1b7c11");
        }
        if self >= Self::V5_1 {
            let version = "5b1f3b62-4e1d-4d6c-8a52-0c2f7f9a6d20";
            headers.push_text("Fx-Build-App-Version-Id", version);
            headers.push_text("Fx-WorkspaceId", "00000000-0000-0000-0000-000000000001");
        }
        if self >= Self::V5_9 {
            headers.push_text(FX_ORGANIZATION_ID, "26ef7b5f-b463-4375-88c8-3f7d5a1c9e42");
        }
        headers
    }

    /// The headers without which this engine rejects a message at once.
    #[must_use]
    pub fn mandatory(self) -> &'static [&'static str] {
        if self >= Self::V5_9 { &[FX_ORGANIZATION_ID] } else { &[] }
    }
}
