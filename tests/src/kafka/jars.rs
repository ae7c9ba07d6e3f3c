//! Getting Kafka's jars, and running a class of theirs.

use std::env;
use std::ffi::OsString;
use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::error::KafkaError;
use crate::target::target;

/// Kafka 4's brokers need it.
const LOWEST_JAVA: u32 = 17;

const POM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/kafka/pom.xml");
const LOG_CONFIG: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/kafka/log4j2.xml");

/// A JVM and the jars: all it takes to run a broker or a tool of Kafka.
#[derive(Clone, Debug)]
pub(crate) struct Jars {
    java: PathBuf,
    folder: PathBuf,
}

impl Jars {
    /// Copies the jars with Maven unless an earlier run did; waits for another process that is at it.
    ///
    /// Blocks for some seconds the first time.
    pub(crate) fn get() -> Result<Self, KafkaError> {
        let java = java().map_err(KafkaError::Java)?;
        let folder = folder();
        if !folder.is_dir() {
            copy(&folder)?;
        }
        Ok(Self { java, folder })
    }

    /// A command that runs `class`; `log_level` is how much of Kafka's log goes to standard error.
    pub(crate) fn command(&self, class: &str, log_level: &str) -> Command {
        let mut classpath = OsString::from(&self.folder);
        classpath.push("/*");
        let mut command = Command::new(&self.java);
        command
            .arg("-cp")
            .arg(classpath)
            // One thread collects garbage, so that three brokers get along on two cores.
            .args(["-Xmx512m", "-XX:+UseSerialGC", "-Dfile.encoding=UTF-8"])
            .arg(format!("-Dlog4j2.configurationFile={LOG_CONFIG}"))
            .arg(format!("-Dflowx.log.level={log_level}"))
            .arg(class)
            .stdin(Stdio::null());
        command
    }
}

/// Why Kafka cannot be started here, if it cannot; in words that say what to install.
pub(crate) fn missing() -> Option<String> {
    if let Err(reason) = java() {
        return Some(reason);
    }
    if folder().is_dir() || answers("mvn") {
        return None;
    }
    Some("`mvn` is not in PATH; install Maven, which fetches Kafka's jars once".to_owned())
}

/// The JVM, when it is new enough.
fn java() -> Result<PathBuf, String> {
    let java = env::var_os("JAVA_HOME")
        .map(|home| Path::new(&home).join("bin/java"))
        .filter(|java| java.is_file())
        .unwrap_or_else(|| "java".into());
    let Ok(output) = Command::new(&java).arg("-version").stdin(Stdio::null()).output() else {
        return Err(format!(
            "`java` is not in PATH; install a JDK, version {LOWEST_JAVA} or newer"
        ));
    };
    match version(&String::from_utf8_lossy(&output.stderr)) {
        Some(version) if version >= LOWEST_JAVA => Ok(java),
        Some(version) => Err(format!(
            "`{}` is version {version}; install a JDK, version {LOWEST_JAVA} or newer",
            java.display()
        )),
        None => Err(format!("`{} -version` does not tell a version", java.display())),
    }
}

/// `17` from `openjdk version "17.0.15" 2025-04-15`, `8` from `java version "1.8.0_402"`.
fn version(text: &str) -> Option<u32> {
    let (_, quoted) = text.split_once("version \"")?;
    let mut numbers = quoted.split(|c: char| !c.is_ascii_digit());
    match numbers.next()?.parse().ok()? {
        1 => numbers.next()?.parse().ok(),
        version => Some(version),
    }
}

fn answers(program: &str) -> bool {
    Command::new(program)
        .arg("--version")
        .stdin(Stdio::null())
        .output()
        .is_ok_and(|output| output.status.success())
}

/// One folder per content of the pom, so that a new version is fetched and an old one still serves
/// another branch.
fn folder() -> PathBuf {
    let mut hasher = DefaultHasher::new();
    include_str!("../../kafka/pom.xml").hash(&mut hasher);
    target().join("kafka").join(format!("jars-{:016x}", hasher.finish()))
}

fn copy(folder: &Path) -> Result<(), KafkaError> {
    let parent = folder.parent().unwrap_or(folder);
    fs::create_dir_all(parent).map_err(KafkaError::file("create", parent))?;
    let path = parent.join("lock");
    let lock = File::create(&path).map_err(KafkaError::file("create", &path))?;
    lock.lock().map_err(KafkaError::file("lock", &path))?;
    if folder.is_dir() {
        return Ok(());
    }
    // Renamed when complete: a folder of the final name always holds all jars.
    let part = folder.with_extension("part");
    let output = Command::new("mvn")
        .args(["--batch-mode", "--quiet", "--file", POM, "dependency:copy-dependencies"])
        .arg({
            let mut option = OsString::from("-DoutputDirectory=");
            option.push(&part);
            option
        })
        .stdin(Stdio::null())
        .output()
        .map_err(KafkaError::run("mvn"))?;
    if !output.status.success() {
        let output = String::from_utf8_lossy(&output.stdout).into_owned();
        return Err(KafkaError::Maven { output });
    }
    fs::rename(&part, folder).map_err(KafkaError::file("rename", &part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_version_of_old_and_new_javas() {
        assert_eq!(version("openjdk version \"17.0.15\" 2025-04-15\nOpenJDK …"), Some(17));
        assert_eq!(version("java version \"1.8.0_402\""), Some(8));
        assert_eq!(version("Picked up …\nopenjdk version \"25\" 2025-09-16"), Some(25));
        assert_eq!(version("command not found"), None);
    }
}
