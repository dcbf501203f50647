//! The documents' commands are run, and what they claim is compared.
//!
//! A block marked `console` holds commands (`$ …`) and their output. A chapter's commands run one after the other in a folder of
//! their own. Numbers may differ by two percent or one in their last digit, since compilers and machines round differently; a
//! line `…` stands for any lines.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use thumbnet_tests::cli::{binary, example};
use thumbnet_trainer::train::Recipe;

/// A command with the lines that it should print.
struct Claim {
    command: String,
    output: Vec<String>,
}

fn claims(text: &str) -> Vec<Claim> {
    let mut claims: Vec<Claim> = Vec::new();
    let mut inside = false;
    for line in text.lines() {
        match (line.trim_end(), inside) {
            ("```console", false) => inside = true,
            ("```", true) => inside = false,
            (line, true) => match (line.strip_prefix("$ "), claims.last_mut()) {
                (Some(command), _) => claims.push(Claim { command: command.into(), output: Vec::new() }),
                (None, Some(claim)) => claim.output.push(line.into()),
                (None, None) => panic!("output without a command: {line}"),
            },
            _ => {}
        }
    }
    claims
}

fn run(command: &str, folder: &Path) -> String {
    let words: Vec<&str> = command.split_whitespace().collect();
    let (program, arguments) = match words[..] {
        ["cargo", "run", "--release", "--example", name] => (example(name), &[][..]),
        ["cargo", "run", "--release", "--", ..] => (binary().to_path_buf(), &words[4..]),
        ["thumbnet", ..] => (binary().to_path_buf(), &words[1..]),
        _ => panic!("a document runs {command}"),
    };
    let output = Command::new(program).args(arguments).current_dir(folder).output().expect("the program starts");
    assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// Splits a line into numbers and what stands between them.
fn parts(line: &str) -> Vec<String> {
    let mut parts: Vec<String> = vec![String::new()];
    let mut in_number = false;
    for c in line.chars() {
        let number = c.is_ascii_digit() || (in_number && c == '.');
        if number != in_number {
            parts.push(String::new());
            in_number = number;
        }
        parts.last_mut().expect("one part").push(c);
    }
    parts
}

fn agree(claimed: &str, real: &str) -> bool {
    let (claimed, real) = (parts(claimed.trim_end()), parts(real.trim_end()));
    claimed.len() == real.len()
        && claimed.iter().zip(&real).all(|(claimed, real)| match (claimed.parse::<f64>(), real.parse::<f64>()) {
            (Ok(a), Ok(b)) => {
                let digit = 10f64.powi(-(claimed.split_once('.').map_or(0, |(_, decimals)| decimals.len()) as i32));
                (a - b).abs() <= (0.02 * a.abs()).max(1.01 * digit)
            }
            _ => claimed == real,
        })
}

fn check(document: &Path) -> usize {
    let folder = tempfile::tempdir().expect("a folder");
    let claims = claims(&fs::read_to_string(document).expect("a readable document"));
    for Claim { command, output } in &claims {
        let real = run(command, folder.path());
        let mut lines = real.lines();
        let mut any = false;
        for claimed in output {
            if claimed.trim() == "…" {
                any = true;
                continue;
            }
            let found = if any {
                lines.any(|line| agree(claimed, line))
            } else {
                lines.next().is_some_and(|line| agree(claimed, line))
            };
            assert!(found, "{}: `{command}` does not print\n{claimed}\nbut\n{real}", document.display());
            any = false;
        }
        assert!(
            any || output.is_empty() || lines.next().is_none(),
            "{}: `{command}` prints more:\n{real}",
            document.display()
        );
    }
    claims.len()
}

fn chapters(language: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs").join(language).join("src");
    let entries = fs::read_dir(folder).expect("a folder of chapters");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let mut files: Vec<PathBuf> = paths.filter(|path| path.extension().is_some_and(|end| end == "md")).collect();
    files.sort();
    files
}

#[test]
fn what_the_chapters_claim_is_so() {
    let checked: usize = chapters("en").iter().map(|chapter| check(chapter)).sum();
    assert!(checked >= 4, "{checked} commands");
}

#[test]
fn the_chapters_recipes_are_recipes() {
    let mut recipes = 0;
    for chapter in chapters("en").into_iter().chain(chapters("zh")) {
        let text = fs::read_to_string(&chapter).expect("a readable document");
        for recipe in text.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next()) {
            Recipe::parse(&chapter.display().to_string(), recipe).unwrap_or_else(|error| panic!("{error}"));
            recipes += 1;
        }
    }
    assert!(recipes >= 2, "{recipes} recipes");
}

/// The rows `| what | number | `command` |` of a document.
fn rows(text: &str) -> Vec<(String, String)> {
    let cells = text.lines().map(|line| line.split('|').map(str::trim).collect::<Vec<_>>());
    let rows = cells.filter(|cells| cells.len() == 5 && cells[3].starts_with("`thumbnet "));
    rows.map(|cells| (cells[2].to_owned(), cells[3].trim_matches('`').to_owned())).collect()
}

#[test]
fn the_tables_numbers_are_what_their_commands_print() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut checked = 0;
    // Many rows are of one command.
    let mut outputs = HashMap::new();
    let models = fs::read_dir(root.join("models")).expect("the models");
    let folders = models.map(|entry| entry.expect("an entry").path()).filter(|path| path.is_dir());
    let cards = folders.map(|folder| folder.join("README.md"));
    for document in cards.chain([root.join("models/README.md"), root.join("README.md")]) {
        let text = fs::read_to_string(&document).expect("a readable document");
        let document = document.display();
        // What trains takes too long to be repeated here.
        for (number, command) in rows(&text).into_iter().filter(|(_, command)| !command.starts_with("thumbnet train")) {
            let mut words = number.split(' ');
            let claim = words.find(|word| word.contains(|c: char| c.is_ascii_digit())).expect("a number");
            assert!(claim.ends_with(|c: char| c.is_ascii_digit()), "{document}: {claim} is no number");
            let output = outputs.entry(command.clone()).or_insert_with(|| run(&command, &root));
            let words = output.split(|c: char| c.is_whitespace() || ":;()".contains(c));
            let mut words = words.map(|word| word.trim_matches([',', '.']));
            // Another compiler builds another firmware, of about the same size and speed.
            let near = |word: &str| {
                let value = |text: &str| text.replace(',', "").parse::<f64>();
                value(word).is_ok_and(|found| value(claim).is_ok_and(|claim| (found - claim).abs() <= 0.02 * claim))
            };
            let on_chip = command.contains(" --target ") || command.starts_with("thumbnet bench ");
            let found = words.any(|word| word == claim || on_chip && near(word));
            assert!(found, "{document}: {command} does not print {claim}:\n{output}");
            checked += 1;
        }
    }
    assert!(checked >= 16, "{checked} rows");
}

#[test]
fn both_languages_show_the_same_commands_and_outputs() {
    let blocks = |language: &str| {
        let claims = |chapter: &PathBuf| {
            let text = fs::read_to_string(chapter).expect("a readable document");
            let claims = claims(&text).into_iter().map(|claim| (claim.command, claim.output)).collect::<Vec<_>>();
            (chapter.file_name().expect("a name").to_owned(), claims)
        };
        chapters(language).iter().map(claims).collect::<Vec<_>>()
    };
    assert_eq!(blocks("en"), blocks("zh"));
}

#[test]
fn every_link_leads_to_a_file() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let documents = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"].map(|name| root.join(name));
    let mut links = 0;
    for document in chapters("en").into_iter().chain(chapters("zh")).chain(documents) {
        let text = fs::read_to_string(&document).expect("a readable document");
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = link.split('#').next().unwrap_or_default();
            if file.is_empty() || file.contains("://") {
                continue;
            }
            links += 1;
            assert!(document.with_file_name(file).exists(), "{}: {link} leads nowhere", document.display());
        }
    }
    // Files that are only named.
    for document in ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"] {
        let text = fs::read_to_string(root.join(document)).expect("a readable document");
        let named = text.split('`').filter(|name| name.contains('/') && !name.contains([' ', '\n', '{']));
        for name in named.filter(|name| Path::new(name).extension().is_some_and(|extension| extension != "npy")) {
            links += 1;
            let found = [".", "trainer/src/onnx"].iter().any(|folder| root.join(folder).join(name).exists());
            assert!(found, "{document}: {name} is no file");
        }
    }
    assert!(links > 10, "{links} links");
}

#[test]
fn numbers_may_differ_a_little() {
    assert!(agree("loss 0.2311 of 10", "loss 0.2312 of 10"));
    assert!(agree("97.8 %", "98.5 %") && !agree("97.8 %", "90.1 %"));
    assert!(!agree("AND 1", "OR 1") && !agree("[0, 1]", "[0, 1, 2]"));
}
