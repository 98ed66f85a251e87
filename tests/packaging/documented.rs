//! The docs name every format of reports, every reader of tokens, and every format that is not
//! opened.

use std::fs;
use std::path::Path;

use keysweep::report::Format;
use keysweep_detect::tokens::TokenFormat;

fn text(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).expect("a file")
}

#[test]
fn every_format_and_every_reader_has_its_row() {
    let rows = |page: &str| -> Vec<String> {
        text(page).lines().filter(|line| line.starts_with("| `")).map(str::to_owned).collect()
    };
    let has = |rows: &[String], name: &str| {
        let first = |row: &String| row.split(" | ").next().is_some_and(|cell| cell.contains(name));
        rows.iter().any(first)
    };
    let reports = rows("docs/reports.md");
    for format in Format::ALL {
        let name = format!("`{}`", format.as_str());
        assert!(has(&reports, &name), "docs/reports.md has no row for {name}");
    }
    let patterns = rows("docs/patterns.md");
    for (name, _) in TokenFormat::ALL {
        assert!(has(&patterns, &format!("`{name}`")), "docs/patterns.md has no row for {name}");
    }
}

/// A reader of the docs can look up each name under `left_out.not_opened`.
#[test]
fn every_format_that_is_not_opened_is_listed() {
    let page = text("docs/containers.md");
    let named = regex::Regex::new(r#"(?:packed|columns)\("([^"]+)"\)"#).expect("a pattern");
    let source = text("crates/unpack/src/unopened.rs");
    let mut checked = 0;
    // keysweep itself reads PDFs; only other users of the crate may leave that out.
    for found in named.captures_iter(&source).filter(|found| &found[1] != "PDF") {
        let name = format!("`{}`", &found[1]);
        assert!(page.contains(&name), "docs/containers.md does not list {name}");
        checked += 1;
    }
    assert!(checked > 20, "{checked} are found");
}
