//! Two branches that each add to the baseline merge without conflicts unless they add neighbours.

use std::collections::BTreeSet;

use crate::support::{Keys, Project};

/// Pairs of branches; the rate is printed.
const PAIRS: usize = 1_000;
/// Entries that both branches begin with.
const ENTRIES: usize = 200;

fn entry(keys: &mut Keys) -> String {
    let fingerprint = format!("{:016x}{:016x}", keys.next(), keys.next());
    format!("{fingerprint} aws-access-key AKIA...AAAA")
}

fn text(entries: &BTreeSet<String>) -> String {
    entries.iter().fold("# heading\n".to_owned(), |text, entry| text + entry + "\n")
}

#[test]
fn two_branches_merge_unless_they_add_neighbours() {
    let mut keys = Keys::new("merges");
    let project = Project::new();
    let base: BTreeSet<String> = (0..ENTRIES).map(|_| entry(&mut keys)).collect();
    project.file("base", text(&base));
    let mut conflicts = 0;
    for _ in 0..PAIRS {
        let (ours, theirs) = (entry(&mut keys), entry(&mut keys));
        let with = |one: &String| base.iter().chain([one]).cloned().collect::<BTreeSet<_>>();
        project.file("ours", text(&with(&ours))).file("theirs", text(&with(&theirs)));
        let merged = project.git_output("", &["merge-file", "-p", "ours", "base", "theirs"]);
        let (low, high) = if ours < theirs { (&ours, &theirs) } else { (&theirs, &ours) };
        let between = base.range(low.clone()..high.clone()).count();
        if merged.status.success() {
            let expected: BTreeSet<String> = with(&ours).into_iter().chain([theirs]).collect();
            assert_eq!(String::from_utf8_lossy(&merged.stdout), text(&expected));
        } else {
            conflicts += 1;
            assert!(between <= 1, "a conflict with {between} entries between");
        }
    }
    println!(
        "{} of {PAIRS} pairs merge by themselves ({ENTRIES} entries before)",
        PAIRS - conflicts
    );
    assert!(conflicts * 20 < PAIRS, "{conflicts} of {PAIRS} conflict");
}
