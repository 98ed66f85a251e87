//! `keysweep report --ticket`.

use std::fs;

use super::{Swept, swept};
use crate::support::{Keys, Project};

fn tickets(project: &Project, folder: &str) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(project.at(folder))
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn a_credential_is_a_file_that_is_kept_up_to_date() {
    let Swept { project, own: [one, _], .. } = swept("tickets");
    let write = || project.keysweep(["report", "a.json", "--ticket", "t/open", "-q"]).run();
    let ran = write().exits(1);
    assert!(ran.stderr.contains("4 new tickets in t/open, 0 written again"), "{}", ran.stderr);
    let names = tickets(&project, "t/open");
    assert_eq!(names.len(), 4);
    let of_one = |text: &String| text.contains(&one.id);
    let read =
        |name: &String| fs::read_to_string(project.at(format!("t/open/{name}"))).expect("text");
    let name = names.iter().find(|name| of_one(&read(name))).expect("a ticket").clone();
    let text = read(&name);
    for part in [
        "<!-- keysweep ticket ",
        &format!("`{}`", one.id),
        "| owner | `@org/one` |",
        "since 2023-11-14",
        "`one: own.env:1:19`",
        "- [ ] **Deactivate",
        "keysweep explain",
        "by `T <t@example.org>`",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(name.starts_with(text.split(' ').nth(3).expect("a fingerprint")), "{name}");
    // What was ticked stays, what somebody added does not.
    let ticked = text.replacen("- [ ] **", "- [x] **", 1);
    project.file(format!("t/open/{name}"), format!("{ticked}more\n"));
    let ran = write().exits(1);
    assert!(ran.stderr.contains("0 new tickets in t/open, 4 written again"), "{}", ran.stderr);
    assert_eq!(read(&name), ticked);
    // Somebody else's file stays, and the others are written.
    project.file(format!("t/open/{name}"), "# mine\n");
    let ran = write().exits(2);
    assert!(ran.stderr.contains("not a ticket of keysweep"), "{}", ran.stderr);
    assert!(ran.stderr.contains("3 written again"), "{}", ran.stderr);
    assert_eq!(read(&name), "# mine\n");
    #[cfg(unix)]
    {
        fs::remove_file(project.at(format!("t/open/{name}"))).expect("removed");
        project.file("target.md", &text);
        let link = project.at(format!("t/open/{name}"));
        std::os::unix::fs::symlink(project.at("target.md"), link).expect("a link");
        write().exits(2);
        assert_eq!(fs::read_to_string(project.at("target.md")).expect("text"), text);
    }
    // A filter chooses the tickets.
    project
        .keysweep(["report", "a.json", "--only", "severity=note", "--ticket", "n"])
        .run()
        .exits(0);
    assert_eq!(tickets(&project, "n").len(), 1);
}

#[test]
fn names_are_not_markup() {
    let mut keys = Keys::new("tickets markup");
    let project = Project::new();
    let name = "a](http:x) <img src=x> `b` |\n# c @user.env";
    project.file(name, keys.pair().env).file("CODEOWNERS", "* @org/<b>|x\n");
    project.git(&["init", "-q", "-b", "main"]).git(&["add", "-A"]);
    project.git(&["commit", "-q", "-m", "x", "--author", "[me](x) <b`@x|y>"]);
    let report = project.keysweep(["history", "-f", "json"]).run().exits(1).stdout;
    project.file("r.json", report);
    project.keysweep(["report", "r.json", "--ticket", "t"]).run().exits(1);
    let text =
        fs::read_to_string(project.at(format!("t/{}", tickets(&project, "t")[0]))).expect("text");
    // All that is of the repository is inside code.
    for line in text.lines().filter(|line| !line.starts_with("<!--")) {
        let mut outside = String::new();
        let mut rest = line;
        while let Some((before, after)) = rest.split_once('`') {
            outside.push_str(before);
            let ticks = 1 + after.len() - after.trim_start_matches('`').len();
            let fence = "`".repeat(ticks);
            let after = &after[ticks - 1..];
            rest = after.split_once(&fence).map_or("", |(_, rest)| rest);
        }
        outside.push_str(rest);
        for markup in ["<img", "<b>", "](http", "[me]", "@user", "@org"] {
            assert!(!outside.contains(markup), "{markup}: {line}");
        }
    }
    assert!(!text.contains("\n# c"), "{text}");
}
