use flowx_core::{HandlerError, flowx_handler};

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Mail {
    to: String,
}

#[flowx_handler(topic = "mail.send", order = unordered, retry_topics = ["1s", "2s", "3s", "4s", "5s", "6s"])]
async fn send(mail: Mail) -> Result<(), HandlerError> {
    let _ = mail.to;
    Ok(())
}

fn main() {}
