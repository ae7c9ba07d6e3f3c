//! Sends the mails that the platform's notification service forwards.
//!
//! A notification template of the platform can be marked as forwarded: its service then asks a
//! connector on `ai.flowx.dev.plugin.notification.trigger.forward.notification.v1` to send it. This
//! connector writes the mail from a template of its own (`templates/<name>.<language>.txt`), hands
//! it to an SMTP relay, and confirms on
//! `ai.flowx.dev.engine.receive.plugin.notification.confirm.send.notification.v1`, as the service
//! itself would.
//!
//! Attachments are paths in the platform's object store, which this connector cannot read. A mail
//! that promises a document and has none is worse than no mail: such a request is refused.
//!
//! | variable | means | default |
//! |---|---|---|
//! | `SMTP_URL` | the relay: `smtp://relay:25`, `smtps://user:password@host` | mails become files |
//! | `MAIL_FROM` | the sender's address | `connector@localhost` |
//!
//! ```text
//! cargo run --bin notification_forward                         # mails become files in a folder
//! SMTP_URL=smtp://localhost:25 notification_forward run        # through a relay of the host
//! ```

#![forbid(unsafe_code)]

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::Duration;

use flowx_core::{Connector, Context, FlowxError, State, flowx_handler};
use lettre::message::header::ContentType;
use lettre::message::{Mailbox, Message};
use lettre::transport::{file, smtp};
use lettre::{AsyncFileTransport, AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use minijinja::value::Serde;
use minijinja::{Environment, ErrorKind, UndefinedBehavior};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// `EX_CONFIG` of sysexits: the configuration is wrong, and a restart will not mend it.
const EXIT_CONFIG: u8 = 78;

#[tokio::main]
async fn main() -> ExitCode {
    let post_office = match PostOffice::from_environment() {
        Ok(post_office) => post_office,
        Err(problem) => {
            eprintln!("error: {problem}");
            return ExitCode::from(EXIT_CONFIG);
        }
    };
    Connector::builder().state(Letters::built_in()).state(post_office).main().await
}

/// A notification to be sent by mail.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(example = json!({
    "templateName": "welcomeLetter",
    "channel": "MAIL",
    "language": "en",
    "receivers": ["john.doe@mail.com"],
    "contentParams": { "clientId": "119246", "firstName": "John", "lastName": "Doe" },
    "attachments": []
}))]
#[schemars(example = json!({
    "templateName": "contractCopy",
    "language": "en",
    "receivers": ["someone@somewhere.com"],
    "contentParams": { "clientId": "119246", "firstName": "John", "lastName": "Doe" },
    "attachments": [{ "filename": "contract.pdf", "path": "documents/119246/contract.pdf" }]
}))]
struct Notification {
    /// Name of the mail's template: `welcomeLetter` or `contractCopy`.
    template_name: String,
    /// How it is sent; only `MAIL`, which is also the default.
    #[serde(default)]
    channel: Channel,
    /// Language of the mail, for example `en`.
    language: String,
    /// Addresses of all receivers; at least one. They see each other.
    receivers: Vec<String>,
    /// Values for the template, by name. Every name that the template uses must be there.
    #[serde(default)]
    content_params: BTreeMap<String, Value>,
    /// Files of the platform's object store. None can be sent: leave it out or empty.
    #[serde(default)]
    attachments: Vec<Attachment>,
}

/// A file that should go with the mail.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[expect(dead_code, reason = "documents the request; what is in it cannot be sent")]
struct Attachment {
    /// Where it lies in the object store.
    path: String,
    /// What it would be called in the mail.
    filename: String,
}

/// The ways to send a notification that the platform knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
enum Channel {
    /// By electronic mail.
    #[default]
    Mail,
    /// By text message.
    Sms,
}

/// The confirmation that the notification was sent.
#[derive(Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(example = Confirmation {
    template_name: "welcomeLetter".to_owned(),
    receivers: vec!["john.doe@mail.com".to_owned()],
    channel: Channel::Mail,
    language: "en".to_owned(),
})]
struct Confirmation {
    /// Name of the mail's template.
    template_name: String,
    /// Addresses of all receivers.
    receivers: Vec<String>,
    /// How it was sent.
    channel: Channel,
    /// Language of the mail.
    language: String,
}

/// Why a notification was not sent.
#[derive(Debug, thiserror::Error, FlowxError)]
enum NotSent {
    /// There is no such template in this language.
    #[error("there is no template `{0}`; add one, or choose another name or language")]
    #[flowx(refuse = "UNKNOWN_TEMPLATE")]
    UnknownTemplate(String),
    /// The template uses a name that `contentParams` lacks.
    #[error("`contentParams` lacks what the template needs: {0}")]
    #[flowx(refuse = "MISSING_PARAMETER")]
    MissingParameter(minijinja::Error),
    /// There are no receivers.
    #[error("`receivers` is empty; name at least one address")]
    #[flowx(refuse = "NO_RECEIVER")]
    NoReceiver,
    /// One of the receivers is no mail address. The message names it.
    #[error("`{0}` is no mail address")]
    #[flowx(refuse = "INVALID_RECEIVER")]
    InvalidReceiver(String),
    /// The notification is for another channel than `MAIL`.
    #[error("this connector sends mails only")]
    #[flowx(refuse = "UNSUPPORTED_CHANNEL")]
    UnsupportedChannel,
    /// Attachments lie in the platform's object store, which this connector cannot read.
    #[error("this connector cannot send attachments, and the request has {0} of them")]
    #[flowx(refuse = "ATTACHMENTS_UNSUPPORTED")]
    Attachments(usize),
    /// The mail relay refused the mail for good, for example because a mailbox does not exist.
    #[error("the mail relay refused the mail: {0}")]
    #[flowx(refuse = "MAIL_REJECTED")]
    Rejected(String),
    /// The parts make no mail.
    #[error("the mail cannot be built: {0}")]
    #[flowx(refuse = "INVALID_MAIL")]
    Unbuildable(#[from] lettre::error::Error),
    /// The relay is not there or asks to come back later. Its words may name receivers, and a
    /// retry's reason is logged: so only its code is kept.
    #[error("the mail was not sent: {0}")]
    #[flowx(retry)]
    Later(String),
}

/// Sends a notification as a mail and confirms it.
///
/// The subject and the text come from a template of the connector, in the language of the request.
/// A mail that is sent a second time, after a crash, carries the same `Message-ID`.
#[flowx_handler(
    topic = "plugin.notification.trigger.forward.notification",
    reply = "engine.receive.plugin.notification.confirm.send.notification",
    error_null = false
)]
async fn forward(
    notification: Notification,
    letters: State<Letters>,
    post_office: State<PostOffice>,
    context: Context,
) -> Result<Confirmation, NotSent> {
    if notification.channel != Channel::Mail {
        return Err(NotSent::UnsupportedChannel);
    }
    if !notification.attachments.is_empty() {
        return Err(NotSent::Attachments(notification.attachments.len()));
    }
    let letter = letters.write(&notification)?;
    post_office.send(&letter, &notification.receivers, &context).await?;
    Ok(Confirmation {
        template_name: notification.template_name,
        receivers: notification.receivers,
        channel: notification.channel,
        language: notification.language,
    })
}

/// What a mail says.
#[derive(Debug, PartialEq)]
struct Letter {
    subject: String,
    body: String,
}

/// The templates of all letters, by name and language.
#[derive(Debug)]
struct Letters(Environment<'static>);

impl Letters {
    /// The templates of the folder `templates`, built into the binary.
    fn built_in() -> Self {
        let mut letters = Environment::new();
        // A name without a value is a mistake, not a gap in a letter.
        letters.set_undefined_behavior(UndefinedBehavior::Strict);
        for (name, source) in [
            ("contractCopy.en.txt", include_str!("../templates/contractCopy.en.txt")),
            ("welcomeLetter.de.txt", include_str!("../templates/welcomeLetter.de.txt")),
            ("welcomeLetter.en.txt", include_str!("../templates/welcomeLetter.en.txt")),
        ] {
            letters.add_template(name, source).expect("a built-in template is well-formed");
        }
        Self(letters)
    }

    fn write(&self, notification: &Notification) -> Result<Letter, NotSent> {
        let Notification { template_name, language, content_params, .. } = notification;
        let name = format!("{template_name}.{language}.txt");
        let unwritten = |error: minijinja::Error| match error.kind() {
            ErrorKind::TemplateNotFound => NotSent::UnknownTemplate(name.clone()),
            _ => NotSent::MissingParameter(error),
        };
        let template = self.0.get_template(&name).map_err(unwritten)?;
        let mut rendered = template.render_captured(Serde(content_params)).map_err(unwritten)?;
        let mut block = |name: &str| rendered.with_state_mut(|state| state.render_block(name));
        Ok(Letter {
            // A subject is one line, whatever the parameters hold.
            subject: one_line(&block("subject").map_err(unwritten)?),
            body: block("body").map_err(unwritten)?,
        })
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Where mails go, and whom they come from.
struct PostOffice {
    from: Mailbox,
    way: Way,
}

enum Way {
    Relay(AsyncSmtpTransport<Tokio1Executor>),
    Folder(AsyncFileTransport<Tokio1Executor>),
}

impl PostOffice {
    /// As `SMTP_URL` and `MAIL_FROM` say.
    fn from_environment() -> Result<Self, String> {
        let from = std::env::var("MAIL_FROM").unwrap_or_else(|_| "connector@localhost".to_owned());
        let from = from.parse().map_err(|error| {
            format!(
                "MAIL_FROM is no mail address ({error}); write `name@host` or `Name <name@host>`"
            )
        })?;
        let way = match std::env::var("SMTP_URL") {
            Ok(url) => Way::relay(&url)?,
            Err(_) => Way::folder()?,
        };
        Ok(Self { from, way })
    }

    /// Sends one mail to all receivers.
    async fn send(
        &self,
        letter: &Letter,
        receivers: &[String],
        context: &Context,
    ) -> Result<(), NotSent> {
        let id = format!("<{}@{}>", context.idempotency_key(), self.from.email.domain());
        let mut mail = Message::builder()
            .from(self.from.clone())
            .subject(&letter.subject)
            .message_id(Some(id))
            .header(ContentType::TEXT_PLAIN);
        for receiver in receivers {
            let address =
                receiver.parse().map_err(|_| NotSent::InvalidReceiver(receiver.clone()))?;
            mail = mail.to(Mailbox::new(None, address));
        }
        if receivers.is_empty() {
            return Err(NotSent::NoReceiver);
        }
        let mail = mail.body(letter.body.clone())?;
        // A relay that falls silent is given up before the handler is cut off: a tenth of the time
        // is kept back to say so.
        let sent = tokio::time::timeout(context.remaining() * 9 / 10, self.way.send(mail));
        sent.await.unwrap_or_else(|_| Err(NotSent::Later("the relay is too slow".to_owned())))
    }
}

impl Way {
    /// How long a connection to the relay may take.
    const CONNECT: Duration = Duration::from_secs(5);

    async fn send(&self, mail: Message) -> Result<(), NotSent> {
        match self {
            Self::Relay(relay) => relay.send(mail).await.map(drop).map_err(|e| not_relayed(&e)),
            Self::Folder(folder) => folder.send(mail).await.map(drop).map_err(|e| not_written(&e)),
        }
    }

    fn relay(url: &str) -> Result<Self, String> {
        // The URL may hold a password: it is not repeated.
        let relay = AsyncSmtpTransport::<Tokio1Executor>::from_url(url).map_err(|error| {
            format!("SMTP_URL is no `smtp://host:port` or `smtps://…`: {error}")
        })?;
        Ok(Self::Relay(relay.timeout(Some(Self::CONNECT)).build()))
    }

    fn folder() -> Result<Self, String> {
        let folder = std::env::temp_dir().join("notification_forward");
        std::fs::create_dir_all(&folder)
            .map_err(|error| format!("cannot create {}: {error}", folder.display()))?;
        eprintln!(
            "SMTP_URL is not set: no mail is sent, each becomes a file in {}",
            folder.display()
        );
        Ok(Self::Folder(AsyncFileTransport::new(folder)))
    }
}

fn not_relayed(error: &smtp::Error) -> NotSent {
    let Some(status) = error.status() else {
        let reason = std::error::Error::source(error).map(ToString::to_string);
        return NotSent::Later(format!("{error}, {}", reason.unwrap_or_default()));
    };
    let status = status.to_string();
    // Wrong credentials are the operator's to mend: the request is as good as ever.
    let is_about_us = ["530", "534", "535", "538"].contains(&status.as_str());
    if error.is_permanent() && !is_about_us {
        NotSent::Rejected(error.to_string())
    } else {
        NotSent::Later(format!("the relay answered {status}"))
    }
}

fn not_written(error: &file::Error) -> NotSent {
    NotSent::Later(error.to_string())
}

#[cfg(test)]
mod relay;
#[cfg(test)]
mod tests;
