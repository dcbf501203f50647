//! The built binary, as a user runs it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

/// A run of `thumbnet` to its end.
#[derive(Debug)]
pub struct Run {
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
    /// The exit code; `None` where a signal ended it.
    pub code: Option<i32>,
}

impl Run {
    /// Standard output as JSON, of a run that ended well.
    /// # Panics
    /// Where it did not, or the output is not one JSON object.
    pub fn json(&self) -> serde_json::Value {
        assert_eq!(self.code, Some(0), "{self:?}");
        let value: serde_json::Value =
            serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"));
        assert!(value.is_object(), "{self:?}");
        value
    }

    /// The message of a run that ended with one clear line of error and nothing on standard output.
    /// # Panics
    /// Where it did not.
    pub fn error(&self) -> &str {
        assert_eq!(self.code, Some(1), "{self:?}");
        assert_eq!(self.stdout, "", "{self:?}");
        let line = self.stderr.strip_suffix('\n').unwrap_or_else(|| panic!("no line: {self:?}"));
        let message = line.strip_prefix("error: ").unwrap_or_else(|| panic!("no error: {self:?}"));
        assert!(!message.contains('\n') && message.contains(": "), "{self:?}");
        message
    }
}

/// The binary, built from the sources as they are.
///
/// # Panics
/// Where the binary cannot be built.
pub fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| build(&["--bin", "thumbnet"]).join("thumbnet"))
}

/// An example of the trainer, built from the sources as they are.
pub fn example(name: &str) -> PathBuf {
    build(&["--example", name]).join("examples").join(name)
}

/// Builds in the profile and the folder of this test, and gives that folder. As part of the workspace, whose features are those of the
/// test: of the trainer alone all that depends on them would be compiled once more.
fn build(what: &[&str]) -> PathBuf {
    let test = std::env::current_exe().expect("a test knows its file");
    let folder = test.parent().and_then(Path::parent).expect("target/PROFILE/deps").to_path_buf();
    let profile = if folder.ends_with("debug") { "dev" } else { "release" };
    let target = folder.parent().expect("target");
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "--workspace", "--profile", profile, "--target-dir"]).arg(target);
    let status = cargo.args(what).status();
    assert!(status.is_ok_and(|status| status.success()), "{what:?} cannot be built");
    folder
}

/// Runs `thumbnet` in `folder`.
/// # Panics
/// Where it cannot be started.
pub fn thumbnet(folder: &Path, arguments: &[&str]) -> Run {
    thumbnet_with(folder, arguments, &[])
}

/// Runs `thumbnet` in `folder`, with these environment variables.
/// # Panics
/// Where it cannot be started.
pub fn thumbnet_with(folder: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Run {
    let mut command = Command::new(binary());
    command.args(arguments).current_dir(folder).envs(environment.iter().copied());
    let Output { status, stdout, stderr } = command.output().expect("thumbnet starts");
    Run {
        stdout: String::from_utf8(stdout).expect("standard output is UTF-8"),
        stderr: String::from_utf8(stderr).expect("standard error is UTF-8"),
        code: status.code(),
    }
}
