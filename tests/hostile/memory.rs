//! The scanned data decides neither how much memory a scan takes, nor how deep it recurses.

use crate::support::git::{Repo, key_id, leak};
use crate::support::{Keys, Project, Ran};

/// A tree of trees, each of which names the one below `width` times; gives the outermost.
fn nested(repo: &Repo, mut object: String, depth: usize, width: usize) -> String {
    let mut entry = "100644 blob";
    for _ in 0..depth {
        let lines = (0..width).map(|number| format!("{entry} {object}\tf{number}\n"));
        object = repo.git_with(&["mktree"], lines.collect::<String>().as_bytes());
        entry = "040000 tree";
    }
    object
}

/// A repository whose only commit has this tree.
fn of_tree(tree: impl FnOnce(&Repo, String) -> String) -> Repo {
    let repo = Repo::new(&[]);
    let blob = repo.git_with(&["hash-object", "-w", "--stdin"], leak(1).as_bytes());
    let tree = tree(&repo, blob);
    let commit = repo.git(&["commit-tree", "-m", "bomb", &tree]);
    repo.git(&["update-ref", "refs/heads/main", &commit]);
    repo
}

fn history(repo: &Repo, more: &[&str]) -> Ran {
    let arguments = [&["history", "--format", "json"], more].concat();
    Project::new().keysweep(arguments).from(&repo.root).run()
}

/// Ten trees that name each other ten times have ten thousand million paths.
#[test]
fn a_key_at_ten_thousand_million_paths_is_one_finding() {
    let repo = of_tree(|repo, blob| nested(repo, blob, 10, 10));
    let ran = history(&repo, &["--max-memory", "64M"]).exits(1);
    let report = ran.json();
    assert_eq!(report["findings"].as_array().map(Vec::len), Some(1));
    assert_eq!(report["findings"][0]["key_id"], key_id(1));
    let places = report["findings"][0]["occurrences"].as_array().expect("places");
    assert!((1_000..=16_384).contains(&places.len()), "{} places", places.len());
    assert!(ran.problems().iter().any(|one| one.contains("raise --max-memory")));
    let again = history(&repo, &["--max-memory", "64M", "--threads", "1"]);
    assert_eq!(ran.stdout, again.stdout);
}

/// A walk that called itself for each folder would run out of its stack of 1 MiB.
#[test]
fn trees_nested_as_deep_as_one_likes_end_no_scan() {
    const DEPTH: usize = 7_000;
    let repo = of_tree(|repo, blob| {
        let mut object = gix::ObjectId::from_hex(blob.as_bytes()).expect("an id");
        let (mut entry, mut trees) = ("100644 blob", String::new());
        for level in 1..=DEPTH {
            trees.push_str(&format!("{entry} {object}\td\n\n"));
            let mode = entry.trim_start_matches('0').split(' ').next().expect("a mode");
            let bytes = [format!("{mode} d\0").as_bytes(), object.as_bytes()].concat();
            let hash = gix::hash::Kind::Sha1;
            object = gix::objs::compute_hash(hash, gix::objs::Kind::Tree, &bytes).expect("a hash");
            entry = "040000 tree";
            // Few enough that git's answers fit into a pipe.
            if level % 1000 == 0 {
                let made = repo.git_with(&["mktree", "--batch", "--missing"], trees.as_bytes());
                assert!(made.ends_with(&object.to_string()), "git names trees as we do");
                trees.clear();
            }
        }
        object.to_string()
    });
    let project = Project::new();
    let script = "ulimit -s 1024; exec \"$0\" history \"$1\" --format json";
    let ran = project.shell(script, &repo.root.display().to_string());
    let path = ran.places().pop().expect("a place");
    // Twice as many bytes as levels, and of so long a path both ends are shown.
    let (shown, cut) = (path.matches("/d").count() * 2, path.split_once("[").expect("a mark").1);
    let cut: usize = cut.split(' ').next().and_then(|it| it.parse().ok()).expect("a number");
    assert!((shown + cut).abs_diff(2 * DEPTH) < 8, "{shown} and {cut} of {path}");
}

#[test]
fn more_keys_than_fit_are_reported_and_the_same_for_any_number_of_threads() {
    let mut keys = Keys::new("flood");
    let project = Project::new();
    for file in 0..4 {
        let lines = (0..4_500).map(|_| format!("{}\n", keys.id()));
        project.file(format!("{file}.txt"), lines.collect::<String>());
    }
    let pair = keys.pair();
    project.file("pair.env", &pair.env);
    // A row a place, and none of the steps to rotate it: seventeen thousand reports are long.
    let scan = |threads: &str, memory: &str| {
        let arguments = ["scan", "--format", "csv", "--threads", threads, "--max-memory", memory];
        project.keysweep(arguments).run().exits(1)
    };
    let ran = scan("1", "64M");
    assert!(ran.stderr.contains("raise --max-memory"), "{}", ran.stderr);
    // Findings that are not pairs are dropped first.
    assert!(ran.stdout.contains(&pair.id));
    // Some random ids read like examples, and are none.
    let rows = ran.stdout.lines().count() - 1;
    assert!((16_300..=16_384).contains(&rows), "{rows}");
    assert_eq!(scan("4", "64M").stdout, ran.stdout);
    assert!(scan("4", "1G").stdout.lines().count() > 17_900);
}

/// Two versions of 20 MB, of which git stores one as a change of the other.
#[test]
fn objects_that_do_not_fit_into_memory_are_reported_and_found_with_more() {
    let repo = Repo::new(&[]);
    let mut random = Keys::new("large objects");
    let mut bytes: Vec<u8> = (0..20 << 17).flat_map(|_| random.next().to_le_bytes()).collect();
    bytes.extend_from_slice(b"\n");
    repo.commit("large.bin", &bytes);
    bytes.extend_from_slice(leak(7).as_bytes());
    repo.commit("large.bin", &bytes);
    repo.git(&["-c", "core.bigFileThreshold=1g", "-c", "pack.window=10", "repack", "-qadf"]);
    let found = |ran: &Ran| {
        let report = ran.json();
        let findings = report["findings"].as_array().expect("findings").clone();
        findings.iter().any(|finding| finding["key_id"] == key_id(7))
    };
    let ran = history(&repo, &[]).exits(1);
    assert!(found(&ran));
    let ran = history(&repo, &["--max-memory", "64M"]);
    let reported = ran.problems();
    assert!(reported.iter().any(|one| one.contains("raise --max-memory")), "{reported:?}");
    assert!(ran.code == Some(3) || found(&ran), "{ran:?}");
}

/// A large file is not held to be scanned before a commit or in a range.
#[test]
fn a_large_blob_of_a_commit_is_read_piece_by_piece() {
    let repo = Repo::new(&[]);
    repo.commit("README", "nothing\n");
    let mut bytes = b"a line of text\n".repeat(6 << 20);
    bytes.extend_from_slice(leak(8).as_bytes());
    repo.write("large.txt", &bytes);
    repo.git(&["add", "-A"]);
    let run = |arguments: &[&str]| {
        let common = ["--max-memory", "64M", "--format", "json"];
        let all = [arguments, &common].concat();
        Project::new().keysweep(all).from(&repo.root).run().exits(1).places()
    };
    let lines = (6 << 20) + 1;
    assert_eq!(run(&["staged"]), [format!("large.txt:{lines}")]);
    repo.git(&["commit", "-qm", "large"]);
    assert_eq!(run(&["range", "HEAD^..HEAD"]), [format!("large.txt:{lines}")]);
}

/// Each text costs its writer a line, and us a problem.
#[test]
fn more_problems_than_can_be_listed_are_counted_and_the_same_for_any_number_of_threads() {
    let (project, pair) = (Project::new(), Keys::new("many problems").pair());
    project.file("a.env", &pair.env);
    // A damaged stream in each of them; a folder holds no more by name than a list would.
    for number in 0..10_500 {
        project.file(format!("{}/{number}.gz", number / 1000), b"\x1f\x8b\x08\0\0\0\0\0\0\x03x");
    }
    let run = |more: &[&str]| {
        let arguments = [&["scan", "--format", "json"], more].concat();
        project.keysweep(arguments).run().exits(1)
    };
    let ran = run(&[]);
    let problems = ran.problems();
    assert_eq!(problems.len(), 10_001);
    assert_eq!(problems[10_000], "container : 500 more of them are not listed");
    assert!(ran.stdout.contains(&pair.id));
    assert_eq!(ran.stdout, run(&["--threads", "1"]).stdout);
    // A problem of another kind has its own room.
    let ran = run(&[".", "gone"]);
    assert_eq!(
        ran.problems().last().map(String::as_str),
        Some("path gone: No such file or directory (os error 2)")
    );
}
