//! The walls of the house: who may import whom, and how long a file may be.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Lines of a file, unit tests included.
const LONGEST: usize = 450;

/// The layers of `ARCHITECTURE.md`, the lowest first. A module imports from the layers below its
/// own; the nouns import each other, and `command` and `cli` their own.
const LAYERS: [&[&str]; 8] = [
    &[
        "aws",
        "bounded",
        "bigrams",
        "canary",
        "document",
        "coverage",
        "escapes",
        "finding",
        "line_hash",
        "location",
        "memory",
        "opaque",
        "principal",
        "provenance",
        "scan",
        "secret",
        "stop",
        "text",
    ],
    &["rules", "config"],
    &["detect", "source", "verify"],
    &["suppress", "remedy"],
    &["report"],
    &["run"],
    &["command"],
    &["cli"],
];

fn layer(module: &str) -> usize {
    let found = LAYERS.iter().position(|layer| layer.contains(&module));
    found.unwrap_or_else(|| panic!("'{module}' has no place in the table of layers"))
}

/// Which modules a module may import besides those of lower layers.
fn is_neighbour(module: &str, imported: &str) -> bool {
    module == imported || (layer(module) == 0 && layer(imported) == 0)
}

/// Stages that only nouns and rules may serve, though layers lie between.
fn is_forbidden(module: &str, imported: &str) -> bool {
    // A report shows findings; where they come from and how is nothing to it.
    let stages = ["detect", "source", "verify"];
    (module == "report" || module == "remedy" || module == "suppress") && stages.contains(&imported)
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn here(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)
}

/// The modules that follow `crate::` anywhere in a file, `use crate::{a, b}` included.
fn imports(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (at, _) in text.match_indices("crate::") {
        let rest = &text[at + "crate::".len()..];
        let name = |text: &str| -> String {
            text.chars().take_while(|&c| c.is_alphanumeric() || c == '_').collect()
        };
        match rest.strip_prefix('{') {
            Some(list) => {
                let list = &list[..list.find("};").unwrap_or(list.len())];
                let mut depth = 0;
                for part in list.split_inclusive(['{', '}', ',']) {
                    if depth == 0 {
                        found.insert(name(part.trim_start()));
                    }
                    depth += part.matches('{').count() as i32 - part.matches('}').count() as i32;
                }
            }
            None => drop(found.insert(name(rest))),
        }
    }
    found.remove("");
    found
}

#[test]
fn imports_go_down() {
    let source = here("src");
    for path in files(&source) {
        let inner = path.strip_prefix(&source).expect("in src").with_extension("");
        let module = inner.iter().next().expect("a name").to_string_lossy().into_owned();
        if module == "lib" || module == "main" {
            continue;
        }
        let text = fs::read_to_string(&path).expect("a file");
        // Unit tests may look at what a unit is joined with.
        let code = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
        for imported in imports(code) {
            let allowed = is_neighbour(&module, &imported)
                || (layer(&imported) < layer(&module) && !is_forbidden(&module, &imported));
            assert!(allowed, "{} may not import {imported}", inner.display());
        }
    }
}

#[test]
fn clap_lives_in_the_command_line_alone() {
    let source = here("src");
    for path in files(&source) {
        let inner = path.strip_prefix(&source).expect("in src");
        let text = fs::read_to_string(&path).expect("a file");
        let is_cli = inner.starts_with("cli") || inner == Path::new("cli.rs");
        assert!(is_cli || !text.contains("clap::"), "{}", inner.display());
    }
}

#[test]
fn every_file_begins_with_what_it_is_and_is_short() {
    for path in ["src", "crates", "patterns", "tests", "benches"]
        .into_iter()
        .flat_map(|folder| files(&here(folder)))
    {
        let text = fs::read_to_string(&path).expect("a file");
        assert!(text.starts_with("//!"), "{} says what it owns", path.display());
        let lines = text.lines().count();
        assert!(lines <= LONGEST, "{} has {lines} lines", path.display());
    }
    let program = fs::read_to_string(here("src/main.rs")).expect("the program");
    assert!(program.lines().count() < 60);
}

#[test]
fn lists_of_imports_are_read() {
    let read: Vec<String> =
        imports("use crate::{a::B, c::{D, e}, f};\nuse crate::g;").into_iter().collect();
    assert_eq!(read, ["a", "c", "f", "g"]);
}
