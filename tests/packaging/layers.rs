//! Rules of the source that no `Cargo.toml` enforces: the use of clap, and the length of files.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Lines of a file, unit tests included.
const LONGEST: usize = 450;

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

#[test]
fn only_the_command_line_uses_clap() {
    let source = here("src");
    for path in files(&source) {
        let inner = path.strip_prefix(&source).expect("in src");
        let text = fs::read_to_string(&path).expect("a file");
        let is_cli = inner.starts_with("cli") || inner == Path::new("cli.rs");
        assert!(is_cli || !text.contains("clap::"), "{}", inner.display());
    }
}

/// The parts of the program, each with the parts that it uses, form no circle.
#[test]
fn no_part_of_the_program_uses_one_that_uses_it() {
    let source = here("src");
    let used = regex::Regex::new(r"\bcrate::([a-z]+|\{[^;]*)").expect("a pattern");
    let mut uses: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for path in files(&source) {
        let inner = path.strip_prefix(&source).expect("in src").with_extension("");
        let part = inner.iter().next().expect("a part").to_string_lossy().into_owned();
        let text = fs::read_to_string(&path).expect("a file");
        let own = uses.entry(part.clone()).or_default();
        for found in used.captures_iter(&text) {
            let names = found[1].split(|letter: char| !letter.is_ascii_alphanumeric());
            own.extend(names.filter(|name| *name != part).map(str::to_owned));
        }
    }
    // A part that uses none of the others can be in no circle.
    while let Some(free) = uses.iter().find_map(|(part, others)| {
        others.iter().all(|other| !uses.contains_key(other)).then(|| part.clone())
    }) {
        uses.remove(&free);
    }
    assert!(uses.is_empty(), "these use each other: {:?}", uses.keys());
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

/// A merge may lose the line that names a module, and with it all its tests.
#[test]
fn every_file_of_tests_is_a_module() {
    let paths = files(&here("tests"));
    let read = |path: &PathBuf| fs::read_to_string(path).expect("a file");
    let texts: Vec<String> = paths.iter().map(read).collect();
    for path in &paths {
        let name = path.file_stem().expect("a name").to_string_lossy();
        let named = [format!("mod {name};\n"), format!("/{name}.rs\"]\n")];
        let target = ["main", "skips", "all"].contains(&&*name);
        let is_named = texts.iter().any(|text| named.iter().any(|line| text.contains(line)));
        assert!(target || is_named, "no module names {}", path.display());
    }
}

/// The libraries serve other programs, so they have no command line.
#[test]
fn no_library_depends_on_crates_of_the_program() {
    let crates = fs::read_dir(here("crates")).expect("a folder");
    for folder in crates.map(|entry| entry.expect("an entry").path()) {
        let manifest = fs::read_to_string(folder.join("Cargo.toml")).expect("a manifest");
        for name in ["clap", "anstyle", "signal-hook", "ignore"] {
            let takes = manifest.lines().any(|line| line.starts_with(&format!("{name}.")));
            assert!(!takes, "{} takes {name}", folder.display());
        }
    }
    let detect = fs::read_to_string(here("crates/detect/Cargo.toml")).expect("a manifest");
    assert!(!detect.contains("gix") && !detect.contains("keysweep-git"));
}

/// A kind of problem that the table does not know would have an arbitrary position in a report.
#[test]
fn every_kind_of_problem_is_in_the_table() {
    let call = r#"(?:problem|quoted|guarded)\(\s*"([a-z ]+)","#;
    let call = regex::Regex::new(call).expect("a pattern");
    let known: Vec<&str> = keysweep::coverage::KINDS.iter().map(|(what, _)| *what).collect();
    let mut checked = 0;
    for path in ["src", "crates"].into_iter().flat_map(|folder| files(&here(folder))) {
        let text = fs::read_to_string(&path).expect("a file");
        for found in call.captures_iter(&text) {
            assert!(known.contains(&&found[1]), "{}: {}", path.display(), &found[1]);
            checked += 1;
        }
    }
    assert!(checked > 50, "{checked} are found");
}
