//! The notifications plugin: send, forward, one-time passwords.

use std::convert::Infallible;

use flowx_core::{State, flowx_handler};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::file::{Vector, vector};
use crate::play::{Case, Outcome, Seen};

pub(crate) fn case(of: &Vector) -> Option<Case> {
    Some(match of.name.as_str() {
        // Their pages show no answer: the one of the same topic is documented with forwarding.
        "notification-email-attachments" | "notification-email-attachments-3x" => {
            let mut confirmation = vector("notification-forward-external").reply;
            for (field, value) in confirmation.as_object_mut().expect("an object") {
                *value = of.request.get(field).cloned().unwrap_or_default();
            }
            Case::documented(of, "send_notification", ()).expects(Outcome::Reply(confirmation))
        }
        // And that page shows no request: it is the same as for sending.
        "notification-forward-external" => {
            let mut notification = vector("notification-email-attachments").request;
            for (field, value) in of.reply.as_object().expect("an object") {
                notification[field] = value.clone();
            }
            Case::documented(of, "forward_notification", ()).sends(notification)
        }
        // The answer is documented as a list of fields.
        "otp-validate" => {
            let reply = json!({
                "clientId": "1871201460101",
                "channel": "MAIL",
                "otpValid": true,
                "error": null
            });
            Case::documented(of, "validate_otp", OneTimePassword("1111"))
                .expects(Outcome::Reply(reply))
        }
        _ => return None,
    })
}

#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Notification {
    template_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    channel: Option<String>,
    /// Up to 3.x.
    #[serde(skip_serializing_if = "Option::is_none")]
    identifier: Option<String>,
    receivers: Vec<String>,
    language: String,
    content_params: Map<String, Value>,
    attachments: Vec<Attachment>,
}

#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Attachment {
    path: String,
    filename: String,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Confirmation {
    template_name: String,
    receivers: Vec<String>,
    channel: Option<String>,
    language: String,
}

impl From<Notification> for Confirmation {
    fn from(notification: Notification) -> Self {
        let Notification { template_name, receivers, channel, language, .. } = notification;
        Self { template_name, receivers, channel, language }
    }
}

/// Sends a notification.
#[flowx_handler(
    topic = "plugin.notification.trigger.send.notification",
    reply = "engine.receive.plugin.notification.confirm.send.notification",
    error_null = false
)]
async fn send_notification(
    request: Notification,
    seen: State<Seen>,
) -> Result<Confirmation, Infallible> {
    seen.note(&request);
    Ok(request.into())
}

/// Sends a notification that the plugin forwards.
#[flowx_handler(
    topic = "plugin.notification.trigger.forward.notification",
    reply = "engine.receive.plugin.notification.confirm.send.notification",
    error_null = false
)]
async fn forward_notification(
    request: Notification,
    seen: State<Seen>,
) -> Result<Confirmation, Infallible> {
    seen.note(&request);
    Ok(request.into())
}

#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ValidateOtp {
    process_instance_id: u64,
    client_id: String,
    channel: String,
    otp: String,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct OtpValidated {
    client_id: String,
    channel: String,
    otp_valid: bool,
    error: Option<String>,
}

struct OneTimePassword(&'static str);

/// Validates a one-time password.
#[flowx_handler(topic = "plugin.notification.trigger.validate.otp", error_null = false)]
async fn validate_otp(
    request: ValidateOtp,
    password: State<OneTimePassword>,
    seen: State<Seen>,
) -> Result<OtpValidated, Infallible> {
    seen.note(&request);
    let ValidateOtp { client_id, channel, otp, .. } = request;
    Ok(OtpValidated { client_id, channel, otp_valid: otp == password.0, error: None })
}
