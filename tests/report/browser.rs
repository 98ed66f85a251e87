//! The HTML report in a real browser: nothing of a repository runs, WCAG's rules hold, and all of it
//! works with the script and without.

use std::fs;
use std::process::Command;

use keysweep::report::Format;

use super::page::many;
use super::samples::{coverage, report, rules, written};
use crate::support::browser::browser;
use crate::support::{Keys, Project};

/// Names that would run a script, each in its own way.
const PLANTS: [&str; 10] = [
    "<script>window.pwned=1</script>",
    "\"><img src=x onerror=window.pwned=1>",
    "' onmouseover='window.pwned=1",
    "javascript:window.pwned=1",
    "</title><script>window.pwned=1</script>",
    "</style></script><script>window.pwned=1</script>",
    "<svg onload=window.pwned=1>",
    "{{constructor.constructor('window.pwned=1')()}}",
    "<!--<script>window.pwned=1//",
    "<iframe srcdoc='<script>top.pwned=1</script>'>",
];

/// A tar archive with one member.
fn tar(name: &str, text: &str) -> Vec<u8> {
    let mut header = vec![0; 512];
    header[..name.len()].copy_from_slice(name.as_bytes());
    header[100..107].copy_from_slice(b"0000644");
    header[124..135].copy_from_slice(format!("{:011o}", text.len()).as_bytes());
    header[148..156].copy_from_slice(b"        ");
    header[156] = b'0';
    header[257..265].copy_from_slice(b"ustar\x0000");
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
    let mut archive = header;
    archive.extend_from_slice(text.as_bytes());
    archive.resize(archive.len().next_multiple_of(512) + 1024, 0);
    archive
}

/// Two repositories whose every name is a plant; a part of them can't be read.
fn planted(keys: &mut Keys) -> Project {
    let project = Project::new();
    for (number, repository) in
        ["repos/<img src=x onerror=window.pwned=1>", "repos/plain"].iter().enumerate()
    {
        project.git_in(repository, &["init", "-q", "-b", "main"]);
        for (nth, plant) in PLANTS.iter().enumerate() {
            let (env, other) = (keys.pair().env, keys.pair().env);
            project.file(format!("{repository}/{plant}.env"), format!("# {plant}\n{env}{plant}"));
            project.file(
                format!("{repository}/{nth}.tar"),
                tar(&format!("{plant}.env").replace('/', "_"), &other),
            );
            project.git_in(repository, &["add", "."]);
            let author = plant.replace(['<', '>'], "&");
            let author = format!("--author={author} <\" onload=window.pwned=1 x@example.org>");
            let date = format!("--date=20{:02}-03-04T05:06:07Z", 10 + nth);
            let message = format!("{plant}\n\n{}", keys.pair().env);
            project.git_in(repository, &["commit", "-q", &author, &date, "-m", &message]);
            let name: String = plant.chars().filter(|c| !" ~^:?*[\\{}".contains(*c)).collect();
            project.git_in(repository, &["tag", &format!("v{nth}{name}")]);
            if nth % 3 == number {
                project.git_in(repository, &["rm", "-q", &format!("{nth}.tar")]);
                project.git_in(repository, &["commit", "-q", "-m", "removed"]);
            }
        }
        project.file(format!("{repository}/<b>damaged.gz"), b"\x1f\x8b\x08\0\0\0\0\0\0\x03damaged");
    }
    project
}

#[test]
fn the_page_is_safe_accessible_and_works_with_and_without_its_script() {
    let Some(browser) = browser() else { return };
    let project = planted(&mut Keys::new("browser"));
    project.keysweep(["sweep", "repos", "--output", "findings.html"]).run().exits(1);
    let page = fs::read_to_string(project.at("findings.html")).expect("a page");
    assert!(
        page.contains("&lt;img src=x onerror=window.pwned=1&gt;"),
        "the plants are in the page"
    );
    project
        .file("clean/a.txt", "nothing")
        .keysweep(["scan", "clean", "--output", "clean.html"])
        .run()
        .exits(0);
    project.file("part/a.gz", b"\x1f\x8b\x08\0\0\0\0\0\0\x03damaged");
    project.keysweep(["scan", "part", "--output", "part.html"]).run().exits(3);
    holds(browser.script().arg(project.path()));
}

#[test]
#[ignore = "10,000 findings"]
fn ten_thousand_findings_are_usable() {
    let Some(browser) = browser() else { return };
    let project = Project::new();
    let (all, coverage, rules) = (many(), coverage(), rules(None));
    project.file("many.html", written(Format::Html, &report(&all, &coverage, &rules)));
    holds(browser.script().arg(project.path()).arg("speed"));
}

#[track_caller]
fn holds(script: &mut Command) {
    let ran = script.output().expect("Python runs");
    let said = String::from_utf8_lossy(&ran.stdout);
    let error = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success() && said.ends_with("all held\n"), "{said}\n{error}");
    println!("{said}");
}
