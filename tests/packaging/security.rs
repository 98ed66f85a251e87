//! The tests that SECURITY.md names exist.

use std::fs;
use std::path::Path;

/// The tests in the last column of the table: `module::test`, `src::module::test` or
/// `crates::name::module::test`.
fn named(page: &str) -> Vec<&str> {
    let rows = page.lines().filter(|line| line.starts_with("| ") && line.ends_with(" |"));
    let cells = rows.filter_map(|row| row.trim_end_matches(" |").rsplit(" | ").next());
    let code = cells.flat_map(|cell| cell.split('`').skip(1).step_by(2));
    code.filter(|text| text.contains("::")).collect()
}

fn inside(folder: &str, module: &[&str]) -> Vec<String> {
    let path = module.join("/");
    vec![format!("{folder}/{path}.rs"), format!("{folder}/{path}/tests.rs")]
}

/// The files that may contain a test.
fn places(module: &[&str]) -> Vec<String> {
    match module {
        ["src", inner @ ..] => inside("src", inner),
        ["crates", name, inner @ ..] => inside(&format!("crates/{name}/src"), inner),
        [outer, ..] => {
            let inner = module.get(1).copied().unwrap_or_default();
            vec![format!("tests/{}.rs", module.join("/")), format!("tests/{outer}/{inner}.rs")]
        }
        [] => Vec::new(),
    }
}

#[test]
fn every_test_that_the_page_names_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(root.join("SECURITY.md")).expect("the page");
    let tests = named(&page);
    assert!(tests.len() > 50, "the table is read: {}", tests.len());
    for test in tests {
        let mut parts: Vec<&str> = test.split("::").collect();
        let name = parts.pop().expect("a name");
        let texts = places(&parts).into_iter().map(|path| fs::read_to_string(root.join(path)));
        let is_there = texts.flatten().any(|text| text.contains(&format!("fn {name}(")));
        assert!(is_there, "SECURITY.md names {test}, which is not there");
    }
}
