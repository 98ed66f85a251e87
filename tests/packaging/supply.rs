//! The origin of the program: every crate is listed with a reason to trust it, and every action
//! and image that builds a release is pinned.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use toml::{Table, Value};

use crate::support::require::skip;

fn text(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).expect("a file")
}

fn table(path: &str) -> Table {
    text(path).parse().expect("TOML")
}

fn string<'a>(table: &'a Value, field: &str) -> &'a str {
    table.get(field).and_then(Value::as_str).unwrap_or_default()
}

/// The crates of this workspace, by the folders of their manifests.
fn members() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let crates = fs::read_dir(root.join("crates")).expect("a folder");
    let crates = crates.map(|entry| entry.expect("an entry").path());
    [root.to_owned(), root.join("patterns")].into_iter().chain(crates).collect()
}

/// The packages of `Cargo.lock` but our own.
fn locked() -> Vec<Value> {
    let lock = table("Cargo.lock");
    let packages = lock["package"].as_array().expect("packages").clone();
    packages.into_iter().filter(|package| !is_ours(string(package, "name"))).collect()
}

fn is_ours(name: &str) -> bool {
    name == "keysweep" || name.starts_with("keysweep-")
}

#[test]
fn every_crate_is_in_one_group_that_says_why_it_is_trusted() {
    let listed = table("docs/dependencies.toml");
    let mut groups: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for group in listed["group"].as_array().expect("groups") {
        let name = string(group, "name");
        for field in ["who", "why"] {
            assert!(!string(group, field).trim().is_empty(), "'{name}' does not say {field}");
        }
        for krate in group["crates"].as_array().expect("a list of crates") {
            groups.entry(krate.as_str().expect("a name")).or_default().push(name);
        }
    }
    let twice: Vec<_> = groups.iter().filter(|(_, groups)| groups.len() > 1).collect();
    assert!(twice.is_empty(), "in two groups: {twice:?}");
    let packages = locked();
    let locked: BTreeSet<&str> = packages.iter().map(|package| string(package, "name")).collect();
    let listed: BTreeSet<&str> = groups.into_keys().collect();
    let unlisted: Vec<_> = locked.difference(&listed).collect();
    assert!(unlisted.is_empty(), "docs/dependencies.toml has no line for {unlisted:?}");
    let gone: Vec<_> = listed.difference(&locked).collect();
    assert!(gone.is_empty(), "docs/dependencies.toml has lines that nothing needs: {gone:?}");
}

#[test]
fn the_table_of_dependencies_is_of_these_versions() {
    let page = text("docs/dependencies.md");
    let mut reported = BTreeSet::new();
    for line in page.lines() {
        let cells: Vec<&str> = line.split(" | ").collect();
        let name = cells[0].strip_prefix("| `").and_then(|rest| rest.strip_suffix('`'));
        if let (Some(name), 6) = (name, cells.len()) {
            reported.insert((name.to_owned(), cells[1].to_owned()));
        }
    }
    let of = |package: &Value, field| string(package, field).to_owned();
    let locked: BTreeSet<_> =
        locked().iter().map(|package| (of(package, "name"), of(package, "version"))).collect();
    let differs: Vec<_> = locked.symmetric_difference(&reported).collect();
    assert!(differs.is_empty(), "python3 .ci/dependencies writes it anew: {differs:?}");
}

#[test]
fn every_direct_dependency_says_why_it_is_there() {
    let manifest = text("Cargo.toml");
    let mut inside = false;
    let mut above = "";
    let mut checked = BTreeSet::new();
    for line in manifest.lines() {
        if line.starts_with('[') {
            inside = line == "[workspace.dependencies]";
        } else if inside
            && let Some((name, _)) = line.split_once(" = ")
            && !is_ours(name)
        {
            checked.insert(name);
            assert!(
                above.starts_with("# "),
                "Cargo.toml does not say why {name} is there, in a line above it"
            );
        }
        above = line;
    }
    assert!(checked.contains("gix") && checked.contains("tokio"), "{checked:?}");
    let page = text("docs/dependencies.md");
    let unreported: Vec<_> =
        checked.iter().filter(|name| !page.contains(&format!("\n| `{name}` | "))).collect();
    assert!(unreported.is_empty(), "python3 .ci/dependencies writes them: {unreported:?}");
    assert!(!page.contains(" |  |"), "a crate of docs/dependencies.md has no reason");
}

#[test]
fn every_crate_comes_from_the_registry_with_its_digest() {
    let packages = locked();
    assert!(packages.len() > 100);
    for package in &packages {
        let name = string(package, "name");
        let source = string(package, "source");
        assert!(source.starts_with("registry+https://"), "{name} comes from '{source}'");
        assert_eq!(string(package, "checksum").len(), 64, "{name}");
    }
    let sources: BTreeSet<_> = packages.iter().map(|package| string(package, "source")).collect();
    assert_eq!(sources.len(), 1, "{sources:?}");
    let manifest = table("Cargo.toml");
    for redirected in ["patch", "replace"] {
        assert!(
            !manifest.contains_key(redirected),
            "[{redirected}] puts others' code under a name"
        );
    }
}

#[test]
fn nobody_may_write_unsafe_code() {
    let manifest = table("Cargo.toml");
    assert_eq!(manifest["workspace"]["lints"]["rust"]["unsafe_code"].as_str(), Some("forbid"));
    for folder in members() {
        let manifest: Table = manifest_of(&folder).parse().expect("TOML");
        let is_held = manifest["lints"]["workspace"].as_bool();
        assert_eq!(is_held, Some(true), "{}", folder.display());
    }
}

fn manifest_of(folder: &Path) -> String {
    fs::read_to_string(folder.join("Cargo.toml")).expect("a manifest")
}

/// A version or a feature that is in only one manifest has no reason next to it.
#[test]
fn every_crate_takes_its_dependencies_from_the_workspace() {
    for folder in members() {
        let manifest: Table = manifest_of(&folder).parse().expect("TOML");
        let targets = manifest.get("target").and_then(Value::as_table).into_iter().flatten();
        let tables = targets.filter_map(|(_, target)| target.as_table()).chain([&manifest]);
        for table in tables {
            for kind in ["dependencies", "dev-dependencies", "build-dependencies"] {
                let listed = table.get(kind).and_then(Value::as_table).into_iter().flatten();
                for (name, entry) in listed {
                    let workspace = entry.get("workspace").and_then(Value::as_bool);
                    assert_eq!(workspace, Some(true), "{name} of {}", folder.display());
                }
            }
        }
    }
}

/// A file that a crate embeds is packed with it: it lies in the crate's own folder, and the crate's
/// `include` names it.
#[test]
fn every_crate_packs_what_it_embeds() {
    let mut checked = 0;
    for folder in members() {
        let manifest: Table = manifest_of(&folder).parse().expect("TOML");
        let include = manifest["package"].get("include").and_then(Value::as_array);
        let include: Vec<&str> = include.into_iter().flatten().filter_map(Value::as_str).collect();
        let sources = if folder.join("src").is_dir() { folder.join("src") } else { folder.clone() };
        for source in
            files(&sources).into_iter().filter(|path| path.extension() == Some("rs".as_ref()))
        {
            let text = fs::read_to_string(&source).expect("a source");
            for call in ["include_str!(\"", "include_bytes!(\""] {
                for (at, _) in text.match_indices(call) {
                    let name = text[at + call.len()..].split('"').next().expect("a name");
                    let embedded = source.parent().expect("a folder").join(name);
                    let inner = embedded.strip_prefix(&folder).expect("below the crate");
                    assert!(!name.contains(".."), "{} embeds {name}", source.display());
                    let is_packed = include.is_empty()
                        || include.iter().any(|pattern| {
                            let first = inner.iter().next().expect("a name");
                            first == *pattern
                                || pattern
                                    .strip_prefix('*')
                                    .is_some_and(|end| inner.to_string_lossy().ends_with(end))
                        });
                    assert!(is_packed, "{} packs no {}", folder.display(), inner.display());
                    checked += 1;
                }
            }
        }
    }
    assert!(checked > 10, "{checked} files are embedded");
}

/// All files below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry"));
    let files = entries.map(|entry| entry.path()).flat_map(|path| match path.is_dir() {
        true => files(&path),
        false => vec![path],
    });
    files.collect()
}

#[test]
fn no_program_and_no_large_file_is_tracked() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    if !root.join(".git").exists() {
        return skip("this is not a checkout");
    }
    let listed = Command::new("git").args(["ls-files", "-z"]).current_dir(root).output();
    let listed = listed.expect("git runs").stdout;
    let names = listed.split(|&byte| byte == 0).filter(|name| !name.is_empty());
    for name in names.map(|name| String::from_utf8_lossy(name).into_owned()) {
        // A file that was removed and is not committed yet is none.
        let Ok(content) = std::fs::read(root.join(&name)) else { continue };
        assert!(content.len() <= 1_000_000, "{name} has {} bytes", content.len());
        assert!(!content.starts_with(b"\x7fELF"), "{name} is a program");
    }
}
