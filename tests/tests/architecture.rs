//! The order of the trainer's modules, as ARCHITECTURE.md states it, is true of the code.

use std::fs;
use std::path::{Path, PathBuf};

/// The module order, read from ARCHITECTURE.md itself, so that the two cannot differ.
fn order(root: &Path) -> Vec<String> {
    let text = fs::read_to_string(root.join("ARCHITECTURE.md")).expect("ARCHITECTURE.md is there");
    let line = text.lines().find(|line| line.trim_start().starts_with("error -> ")).expect("the order is stated");
    line.replace("->", ",").split(',').map(|name| name.trim().to_owned()).collect()
}

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { panic!("{} is not a folder", folder.display()) };
    for entry in entries.map(|entry| entry.expect("an entry").path()) {
        if entry.is_dir() {
            rust_files(&entry, found);
        } else if entry.extension().is_some_and(|extension| extension == "rs") {
            found.push(entry);
        }
    }
}

/// The top-level modules that a source line names as `crate::NAME`, singly or in braces.
fn modules_named(line: &str) -> Vec<String> {
    let code = line.split("//").next().unwrap_or_default();
    let word = |text: &str| text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    code.split("crate::")
        .skip(1)
        .flat_map(|rest| match rest.strip_prefix('{') {
            Some(list) => list.split(',').map(|item| word(item.trim())).collect(),
            None => vec![word(rest)],
        })
        .collect()
}

#[test]
fn a_module_uses_only_what_stands_before_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let (order, source) = (order(&root), root.join("trainer/src"));
    let place = |name: &str| order.iter().position(|module| module == name);
    let mut files = Vec::new();
    rust_files(&source, &mut files);
    let (mut edges, mut wrong) = (0, Vec::new());
    for file in &files {
        let path = file.strip_prefix(&source).expect("inside the source folder");
        let first = path.iter().next().and_then(|part| part.to_str()).expect("a name");
        let module = first.trim_end_matches(".rs");
        if module == "lib" {
            continue;
        }
        let here = place(module).unwrap_or_else(|| panic!("{module} has no place in ARCHITECTURE.md's order"));
        let text = fs::read_to_string(file).expect("a readable file");
        for (number, line) in text.lines().enumerate() {
            for used in modules_named(line) {
                let Some(there) = place(&used) else { continue };
                edges += 1;
                if there > here {
                    wrong.push(format!("{}:{}: {module} uses {used}, which comes later", path.display(), number + 1));
                }
            }
        }
    }
    assert!(edges > 10, "only {edges} uses found: does this test still read the code?");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The dependencies that a manifest declares, of all kinds.
fn dependencies(manifest: &str) -> Vec<String> {
    let mut inside = false;
    let mut names = Vec::new();
    for line in manifest.lines() {
        if line.starts_with('[') {
            inside = line.ends_with("dependencies]") && !line.contains("workspace");
        } else if let (true, Some((name, _))) = (inside, line.split_once('=')) {
            names.push(name.trim().trim_end_matches(".workspace").to_owned());
        }
    }
    names
}

#[test]
fn every_dependency_has_its_reason() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let text = fs::read_to_string(root.join("ARCHITECTURE.md")).expect("ARCHITECTURE.md is there");
    let (_, table) = text.split_once("\n## Dependencies\n").expect("the dependencies have their chapter");
    let mut count = 0;
    for part in ["runtime", "link", "trainer", "firmware", "tests"] {
        let manifest = fs::read_to_string(root.join(part).join("Cargo.toml")).expect("a manifest");
        for name in dependencies(&manifest).into_iter().filter(|name| !name.starts_with("thumbnet")) {
            assert!(table.contains(&format!("`{name}`")), "{part}/Cargo.toml: {name} has no line in ARCHITECTURE.md");
            count += 1;
        }
    }
    assert!(count > 30, "only {count} dependencies found: does this test still read the manifests?");
}

#[test]
fn no_file_has_outgrown_its_noun() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut files = Vec::new();
    for folder in ["runtime/src", "trainer/src", "firmware/src", "link/src"] {
        rust_files(&root.join(folder), &mut files);
    }
    let long: Vec<String> = files
        .iter()
        .map(|file| (fs::read_to_string(file).expect("a readable file").lines().count(), file))
        .filter(|(lines, _)| *lines > 500)
        .map(|(lines, file)| format!("{} has {lines} lines", file.display()))
        .collect();
    assert!(long.is_empty(), "split these: {}", long.join(", "));
}

/// Whether a comparison with a small literal stands in a line, such as `.abs() < 1e-6`.
fn compares_with_a_literal(line: &str) -> bool {
    let code = line.split("//").next().unwrap_or_default();
    code.split('<').skip(1).any(|rest| {
        let number: String =
            rest.trim_start_matches(['=', ' ']).chars().take_while(|c| !" ,)*;".contains(*c)).collect();
        number.starts_with(|c: char| c.is_ascii_digit()) && number.contains("e-")
    })
}

#[test]
fn tolerances_stand_in_the_table() {
    let literals = [format!("assert!((a - b).abs() < {:e});", 0.001), format!("x <= {:e} * y", 0.0025)];
    assert!(literals.iter().all(|line| compares_with_a_literal(line)));
    assert!(
        !compares_with_a_literal("assert!(a < tolerance::SUM, \"{a}\"); // 1e-5")
            && !compares_with_a_literal("a < 0.5")
    );
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut files = Vec::new();
    for folder in ["trainer", "runtime", "link", "tests"] {
        let folder = root.join(folder);
        ["src", "tests"]
            .map(|inside| folder.join(inside))
            .iter()
            .filter(|path| path.exists())
            .for_each(|path| rust_files(path, &mut files));
    }
    let mut wrong = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file).expect("a readable file");
        let within = file.strip_prefix(&root).expect("inside the workspace");
        let name = file.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
        let folder = within.components().any(|part| part.as_os_str() == "tests");
        let mut test = folder || name.ends_with("tests") || name == "parity";
        for (number, line) in text.lines().enumerate() {
            test |= line == "mod tests {";
            if test && compares_with_a_literal(line) {
                wrong.push(format!("{}:{}: {}", within.display(), number + 1, line.trim()));
            }
        }
    }
    assert!(wrong.is_empty(), "a tolerance beside tests/tolerances.rs:\n{}", wrong.join("\n"));
}

/// Where `unsafe` may stand: in the runtime's assembly and intrinsics and its casts of bytes to words, in the trainer's threads that
/// share the memory of a step, and where a program meets its chip.
const UNSAFE: [(&str, &[&str]); 4] = [
    ("runtime/src", &["kernel/vfp.rs", "kernel/words.rs", "kernel/dsp/", "kernel/scalar/sums_", "kernel/x86_64/"]),
    ("trainer/src", &["train/engine/", "dataset/augment.rs", "embed/template/"]),
    ("firmware/src", &["main.rs", "memory.rs", "port/"]),
    ("link/src", &[]),
];

#[test]
fn unsafe_stands_only_where_it_may() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for (folder, allowed) in UNSAFE {
        let source = root.join(folder);
        let mut files = Vec::new();
        rust_files(&source, &mut files);
        let mut seen = vec![false; allowed.len()];
        for file in files {
            let path = file.strip_prefix(&source).expect("inside the source folder").to_string_lossy().into_owned();
            let text = fs::read_to_string(&file).expect("a readable file");
            let word =
                |line: &&str| line.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == "unsafe");
            let code = |line: &str| line.split("//").next().unwrap_or_default().to_owned();
            let Some(line) = text.lines().position(|line| word(&code(line).as_str())) else { continue };
            let place = allowed.iter().position(|allowed| path.starts_with(allowed));
            let place = place.unwrap_or_else(|| panic!("{folder}/{path}:{}: unsafe has no business here", line + 1));
            seen[place] = true;
        }
        let unused: Vec<_> = allowed.iter().zip(seen).filter(|(_, seen)| !seen).collect();
        assert!(unused.is_empty(), "{folder}: nothing unsafe is left in {unused:?}");
    }
}
