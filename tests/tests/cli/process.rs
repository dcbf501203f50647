//! Exit codes, pipes and helps.

use std::io::Read;
use std::process::{Command, Stdio};
use thumbnet_tests::cli::{binary, thumbnet};

#[test]
fn wrong_usage_is_exit_code_2() {
    let folder = tempfile::tempdir().expect("a folder");
    for arguments in [&["nonsense"][..], &["evaluate"], &["datasets", "--no-such-flag"], &["completions", "telex"]] {
        let run = thumbnet(folder.path(), arguments);
        assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""), "{arguments:?}");
        assert!(run.stderr.starts_with("error: "), "{}", run.stderr);
    }
}

#[test]
fn every_command_has_a_help_with_an_option() {
    let folder = tempfile::tempdir().expect("a folder");
    let help = thumbnet(folder.path(), &["--help"]);
    let commands = [
        "datasets", "train", "summary", "evaluate", "predict", "convert", "inspect", "verify", "bench", "flash", "plot",
    ];
    for command in commands.iter().chain(&["completions"]) {
        assert!(help.stdout.contains(&format!("\n  {command} ")), "{command} is in the list");
        let own = thumbnet(folder.path(), &[command, "--help"]);
        assert_eq!((own.code, own.stderr.as_str()), (Some(0), ""), "{command}");
        assert!(own.stdout.contains("--json"), "{command}: {}", own.stdout);
    }
}

#[test]
fn a_reader_that_goes_is_no_error() {
    let mut child = Command::new(binary())
        .args(["datasets", "--show", "mnist", "--count", "2000"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("thumbnet starts");
    drop(child.stdout.take());
    let mut stderr = String::new();
    child.stderr.take().expect("a pipe").read_to_string(&mut stderr).expect("UTF-8");
    assert_eq!((child.wait().expect("an end").code(), stderr.as_str()), (Some(0), ""));
}

#[test]
fn completions_name_the_commands() {
    let folder = tempfile::tempdir().expect("a folder");
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let run = thumbnet(folder.path(), &["completions", shell]);
        assert_eq!(run.code, Some(0));
        assert!(run.stdout.contains("evaluate"), "{shell}");
    }
}
