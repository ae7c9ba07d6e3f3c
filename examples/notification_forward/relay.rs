//! An SMTP relay for tests: it listens on a free port, answers as it is told, and keeps what it
//! got.

use std::net::{IpAddr, Ipv4Addr};

use mailin::{Action, Handler, Response, SessionBuilder, response};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

/// How the relay answers.
#[derive(Clone)]
pub(crate) struct Manners {
    /// To each receiver.
    pub(crate) receiver: Response,
    /// To the whole mail.
    pub(crate) mail: Response,
}

impl Default for Manners {
    fn default() -> Self {
        Self { receiver: response::OK, mail: response::OK }
    }
}

/// A mail as it came over the wire.
#[derive(Debug, Default)]
pub(crate) struct Received {
    pub(crate) from: String,
    pub(crate) receivers: Vec<String>,
    pub(crate) data: Vec<u8>,
}

/// A relay that listens for as long as the runtime runs.
pub(crate) struct Relay {
    pub(crate) url: String,
    pub(crate) mails: mpsc::UnboundedReceiver<Received>,
}

impl Relay {
    pub(crate) async fn start(manners: Manners) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
        let url = format!("smtp://{}", listener.local_addr().expect("an address"));
        let (sender, mails) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Ok((connection, peer)) = listener.accept().await {
                let mailbox = Mailbox {
                    manners: manners.clone(),
                    mail: Received::default(),
                    kept: sender.clone(),
                };
                tokio::spawn(serve(connection, peer.ip(), mailbox));
            }
        });
        Self { url, mails }
    }
}

async fn serve(connection: TcpStream, peer: IpAddr, mailbox: Mailbox) -> std::io::Result<()> {
    let mut session = SessionBuilder::new("relay").build(peer, mailbox);
    let mut connection = BufReader::new(connection);
    connection.write_all(&session.greeting().buffer()?).await?;
    let mut line = Vec::new();
    while connection.read_until(b'\n', &mut line).await? > 0 {
        let response = session.process(&line);
        line.clear();
        if response.action != Action::NoReply {
            connection.write_all(&response.buffer()?).await?;
        }
        // It hangs up on a mail that it does not want: `mailin` would wait for more of it.
        if response.action == Action::Close || response.is_error {
            break;
        }
    }
    Ok(())
}

struct Mailbox {
    manners: Manners,
    mail: Received,
    kept: mpsc::UnboundedSender<Received>,
}

impl Handler for Mailbox {
    fn mail(&mut self, _: IpAddr, _: &str, from: &str) -> Response {
        self.mail = Received { from: from.to_owned(), ..Received::default() };
        response::OK
    }

    fn rcpt(&mut self, to: &str) -> Response {
        self.mail.receivers.push(to.to_owned());
        self.manners.receiver.clone()
    }

    fn data(&mut self, line: &[u8]) -> std::io::Result<()> {
        self.mail.data.extend_from_slice(line);
        Ok(())
    }

    fn data_end(&mut self) -> Response {
        let mail = std::mem::take(&mut self.mail);
        // A test that looks at the answer only has dropped its end.
        let _ = self.kept.send(mail);
        self.manners.mail.clone()
    }
}
