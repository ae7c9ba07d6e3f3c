//! A value that nobody gets to read.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// A text that is never shown: not by `Debug`, not in a log, not in an error; it has no `Display` and
/// cannot be serialised. Its memory is overwritten when it goes.
///
/// What others keep of it is theirs: the environment of the process, the Kafka client.
///
/// ```
/// use flowx_core::config::secret::Secret;
///
/// let token = Secret::new("s3cret");
/// assert!(token.is("s3cret") && !token.is("guess"));
/// assert_eq!(format!("{token:?}"), "Secret(…)");
/// ```
#[derive(Clone)]
pub struct Secret {
    text: SecretString,
    /// Where it was read, and can be read again.
    file: Option<Arc<Path>>,
}

impl Secret {
    /// Takes a text.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: SecretString::from(text.into()), file: None }
    }

    /// Reads a text from a file of at most 64 KiB, less the newline at its end.
    ///
    /// # Errors
    /// What is wrong with the file: it cannot be read, is too large, is no text, or is empty.
    pub fn from_file(path: &Path) -> Result<Self, String> {
        let text = text_of(path, 65_536)?;
        let text = text.strip_suffix('\n').unwrap_or(&text);
        let text = text.strip_suffix('\r').unwrap_or(text);
        if text.is_empty() {
            return Err("it is empty".to_owned());
        }
        Ok(Self { file: Some(path.into()), ..Self::new(text) })
    }

    /// What its file holds now; itself if it stands in none.
    ///
    /// # Errors
    /// As [`from_file`](Self::from_file).
    pub fn renewed(&self) -> Result<Self, String> {
        self.file.as_deref().map_or_else(|| Ok(self.clone()), Self::from_file)
    }

    /// Whether it stands in a file, which may change.
    #[must_use]
    pub fn is_in_file(&self) -> bool {
        self.file.is_some()
    }

    /// The same without white space around it.
    pub(super) fn trimmed(&self) -> Self {
        Self { file: self.file.clone(), ..Self::new(self.expose().trim()) }
    }

    /// Whether this is the text. How long that takes says nothing about where they differ.
    #[must_use]
    pub fn is(&self, guess: &str) -> bool {
        let digest = |text: &str| Zeroizing::new(<[u8; 32]>::from(Sha256::digest(text)));
        let (own, theirs) = (digest(self.expose()), digest(guess));
        let different = own.iter().zip(theirs.iter()).fold(0, |all, (a, b)| all | (a ^ b));
        std::hint::black_box(different) == 0
    }

    /// The text, for whom it is meant. What is done with it is no longer guarded.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.text.expose_secret()
    }
}

/// The whole text of a file, which may hold secrets, if it has no more than so many bytes.
pub(super) fn text_of(path: &Path, most: u64) -> Result<Zeroizing<String>, String> {
    // All the room at once: a text that grows leaves copies of its beginning behind.
    let room = usize::try_from(most).unwrap_or_default() + 1;
    let mut text = Zeroizing::new(String::with_capacity(room));
    let read = File::open(path).and_then(|file| file.take(most + 1).read_to_string(&mut text));
    match read {
        Ok(_) if text.len() as u64 > most => Err(format!("it is larger than {most} bytes")),
        Ok(_) => Ok(text),
        Err(error) if error.kind() == std::io::ErrorKind::InvalidData => {
            Err("it is no UTF-8 text".to_owned())
        }
        Err(error) => Err(error.to_string()),
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.is(other.expose())
    }
}

impl Eq for Secret {}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    /// A file of this content, in a folder of this test.
    fn file(name: &str, content: &[u8]) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("flowx-secret-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    #[test]
    fn the_newline_at_the_end_of_a_file_is_not_part_of_the_secret() {
        for (name, content, secret) in
            [("unix", "a b\n", "a b"), ("dos", "ab\r\n", "ab"), ("two", "ab\n\n", "ab\n")]
        {
            let read = Secret::from_file(&file(name, content.as_bytes())).unwrap();
            assert!(read.is(secret), "{name}");
        }
        let path = file("renewed", b"old\n");
        let secret = Secret::from_file(&path).unwrap();
        std::fs::write(&path, "new").unwrap();
        assert!(secret.is("old") && secret.renewed().unwrap().is("new"));
        assert!(!Secret::new("a").is_in_file() && secret.is_in_file());
        std::fs::remove_file(&path).unwrap();
        assert!(secret.renewed().is_err());
        for (name, content, words) in [
            ("empty", &b"\n"[..], "it is empty"),
            ("large", &[b'x'; 65_537], "larger than 65536 bytes"),
            ("binary", &[0xff, 0xfe], "no UTF-8"),
        ] {
            let problem = Secret::from_file(&file(name, content)).unwrap_err();
            assert!(problem.contains(words), "{problem}");
        }
    }
}
