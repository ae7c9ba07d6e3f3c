//! The handler called as the plain function it is, against a relay that each test starts.

use std::time::Duration;

use mailin::Response;
use mailparse::MailHeaderMap;
use tokio::net::TcpListener;

use super::relay::{Manners, Received, Relay};
use super::*;

fn notification(json: Value) -> Notification {
    serde_json::from_value(json).expect("a notification")
}

fn welcome(language: &str, receivers: &[&str]) -> Notification {
    notification(json!({
        "templateName": "welcomeLetter",
        "channel": "MAIL",
        "language": language,
        "receivers": receivers,
        "contentParams": { "clientId": "119246", "firstName": "Jürgen", "lastName": "Doe" },
    }))
}

fn post_office(url: &str) -> State<PostOffice> {
    let from = "Bank <no-reply@bank.example>".parse().expect("an address");
    State::new(PostOffice { from, way: Way::relay(url).expect("a relay") })
}

async fn forwarded(
    notification: Notification,
    post_office: State<PostOffice>,
) -> Result<Confirmation, NotSent> {
    let context = Context::for_test().with_idempotency_key("one-key");
    forward(notification, State::new(Letters::built_in()), post_office, context).await
}

async fn one_mail(relay: &mut Relay) -> Received {
    let mail = tokio::time::timeout(Duration::from_secs(10), relay.mails.recv()).await;
    mail.expect("a mail in time").expect("a mail")
}

#[tokio::test]
async fn the_relay_gets_the_letter_and_the_process_a_confirmation() {
    let mut relay = Relay::start(Manners::default()).await;
    let receivers = ["john.doe@mail.com", "jane.doe@mail.com"];
    let confirmation = forwarded(welcome("de", &receivers), post_office(&relay.url)).await;

    let confirmation = serde_json::to_value(confirmation.expect("a confirmation")).unwrap();
    let expected = json!({
        "templateName": "welcomeLetter",
        "receivers": receivers,
        "channel": "MAIL",
        "language": "de",
    });
    assert_eq!(confirmation, expected);

    let mail = one_mail(&mut relay).await;
    assert_eq!(
        (mail.from.as_str(), &mail.receivers[..]),
        ("no-reply@bank.example", &receivers.map(str::to_owned)[..])
    );
    let read = mailparse::parse_mail(&mail.data).expect("a mail");
    let header = |name: &str| read.headers.get_first_value(name).expect("a header");
    assert_eq!(header("Subject"), "Willkommen, Jürgen");
    assert_eq!(header("From"), "Bank <no-reply@bank.example>");
    assert_eq!(header("To"), "john.doe@mail.com, jane.doe@mail.com");
    assert_eq!(header("Message-ID"), "<one-key@bank.example>");
    let body = read.get_body().expect("a body").replace("\r\n", "\n");
    assert!(body.starts_with("Guten Tag Jürgen Doe,\n\nherzlich willkommen!"), "{body}");
    assert!(body.contains("Kundennummer lautet 119246."), "{body}");
    assert!(body.trim_end().ends_with("Freundliche Grüße"), "{body}");
}

#[tokio::test]
async fn a_parameter_cannot_add_a_header() {
    let mut relay = Relay::start(Manners::default()).await;
    let mut welcome = welcome("en", &["john.doe@mail.com"]);
    let forged = Value::from("John\r\nBcc: someone@else.com\r\n\r\nBuy!");
    welcome.content_params.insert("firstName".to_owned(), forged);
    forwarded(welcome, post_office(&relay.url)).await.expect("a confirmation");
    let mail = one_mail(&mut relay).await;
    let read = mailparse::parse_mail(&mail.data).expect("a mail");
    let subject = read.headers.get_first_value("Subject").expect("a subject");
    assert_eq!(subject, "Welcome, John Bcc: someone@else.com Buy!");
    assert_eq!(read.headers.get_first_value("Bcc"), None);
    assert_eq!(mail.receivers, ["john.doe@mail.com"]);
}

#[tokio::test]
async fn what_the_relay_refuses_for_good_is_refused_and_the_rest_is_tried_again() {
    let custom = |code: u16| Response::custom(code, "canary".to_owned());
    let cases = [
        (Manners { receiver: custom(550), ..Manners::default() }, Some("MAIL_REJECTED")),
        (Manners { mail: custom(554), ..Manners::default() }, Some("MAIL_REJECTED")),
        (Manners { receiver: custom(450), ..Manners::default() }, None),
        (Manners { mail: custom(452), ..Manners::default() }, None),
        (Manners { receiver: custom(530), ..Manners::default() }, None),
    ];
    for (manners, code) in cases {
        let answers = (manners.receiver.code, manners.mail.code);
        let relay = Relay::start(manners).await;
        let error = forwarded(welcome("en", &["john.doe@mail.com"]), post_office(&relay.url)).await;
        let error = error.expect_err("not sent");
        let text = error.to_string();
        assert_eq!(error.failure().code(), code, "{answers:?}");
        // A retry's reason is logged, and what the relay says may quote the mail.
        assert!(code.is_some() || !text.contains("canary"), "{answers:?}: {text}");
    }
}

#[tokio::test]
async fn a_relay_that_is_not_there_is_tried_again() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("smtp://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = forwarded(welcome("en", &["john.doe@mail.com"]), post_office(&url)).await;
    assert_eq!(error.expect_err("not sent").failure().code(), None);
}

/// Nothing answers here, so that the clock can be stopped: it jumps to the time-out.
#[tokio::test(start_paused = true)]
async fn a_relay_that_falls_silent_is_given_up_before_the_handler_is_cut_off() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let office = post_office(&format!("smtp://{}", listener.local_addr().unwrap()));
    let context = Context::for_test();
    let letters = State::new(Letters::built_in());
    let welcome = welcome("en", &["john.doe@mail.com"]);
    // The listener takes the connection, and nobody ever greets.
    let error = forward(welcome, letters, office, context.clone()).await;
    assert_eq!(error.expect_err("not sent").failure().code(), None);
    assert!(!context.remaining().is_zero());
}

#[tokio::test]
async fn what_cannot_become_a_mail_is_refused_before_a_relay_is_asked() {
    let change = |change: Value| {
        let mut json = json!({
            "templateName": "welcomeLetter",
            "language": "en",
            "receivers": ["john.doe@mail.com"],
            "contentParams": { "clientId": "119246", "firstName": "John", "lastName": "Doe" },
        });
        let fields = json.as_object_mut().expect("an object");
        fields.extend(change.as_object().expect("an object").clone());
        notification(json)
    };
    let attachment = json!({ "path": "a/b.pdf", "filename": "b.pdf" });
    for (refused, code) in [
        (change(json!({ "templateName": "unknown" })), "UNKNOWN_TEMPLATE"),
        (change(json!({ "language": "xx" })), "UNKNOWN_TEMPLATE"),
        (change(json!({ "templateName": "../secret" })), "UNKNOWN_TEMPLATE"),
        (change(json!({ "contentParams": { "firstName": "John" } })), "MISSING_PARAMETER"),
        (change(json!({ "receivers": [] })), "NO_RECEIVER"),
        (change(json!({ "receivers": ["john.doe@mail.com", "jane"] })), "INVALID_RECEIVER"),
        (change(json!({ "channel": "SMS" })), "UNSUPPORTED_CHANNEL"),
        (change(json!({ "attachments": [attachment] })), "ATTACHMENTS_UNSUPPORTED"),
    ] {
        let error = forwarded(refused, post_office("smtp://127.0.0.1:9")).await;
        assert_eq!(error.expect_err("not sent").failure().code(), Some(code));
    }
}

#[tokio::test]
async fn without_a_relay_a_mail_becomes_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let from = "connector@localhost".parse().expect("an address");
    let way = Way::Folder(AsyncFileTransport::new(folder.path()));
    let post_office = State::new(PostOffice { from, way });
    forwarded(welcome("en", &["john.doe@mail.com"]), post_office).await.expect("a confirmation");
    let files: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    let [Ok(file)] = &files[..] else { panic!("{files:?}") };
    let data = std::fs::read(file.path()).unwrap();
    let read = mailparse::parse_mail(&data).expect("a mail");
    assert_eq!(read.headers.get_first_value("Subject").as_deref(), Some("Welcome, Jürgen"));
}

#[tokio::test]
async fn a_wrong_address_of_the_relay_is_said_without_its_password() {
    for url in ["relay:25", "http://u:secret@relay", "smtp://u:secret@[relay", ""] {
        let Err(problem) = Way::relay(url) else { panic!("{url} is no relay") };
        assert!(problem.contains("SMTP_URL") && !problem.contains("secret"), "{problem}");
    }
    assert!(Way::relay("smtps://user:secret@relay.example").is_ok());
}
