use flowx_core::{HandlerError, flowx_handler};

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Mail {
    to: String,
}

#[flowx_handler(topic = "mail.send", retry_topics = ["30s"])]
async fn send(mail: Mail) -> Result<(), HandlerError> {
    let _ = mail.to;
    Ok(())
}

fn main() {}
