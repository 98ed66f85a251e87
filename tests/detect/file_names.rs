//! A small file that holds a secret and nothing else: its name is its label, in every source.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::support::{Keys, Program, Project};

const RULE: &str = "aws-secret-access-key";

/// Rule, confidence, path with the way in it, line and column of each occurrence.
fn places(report: &Value) -> Vec<(String, String, String, u64, u64)> {
    let findings = report["findings"].as_array().expect("findings");
    let mut places = Vec::new();
    for finding in findings {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        for place in finding["occurrences"].as_array().expect("occurrences") {
            let at = |key: &str| place[key].as_u64().unwrap_or_default();
            places.push((
                text(&finding["rule"]),
                text(&finding["confidence"]),
                text(&place["path"]),
                at("line"),
                at("column"),
            ));
        }
    }
    places.sort();
    places
}

fn scan(project: &Project, arguments: &[&str]) -> Value {
    let fixed = ["--format", "json", "--min-confidence", "low", "--no-progress"];
    let all = arguments.iter().chain(&fixed);
    let ran = Program::run(project.keysweep(all));
    assert!(matches!(ran.code, Some(0 | 1)), "{ran:?}");
    ran.json()
}

/// Names of files, and what such a file is reported at.
const NAMES: [(&str, Option<&str>); 22] = [
    ("env/AWS_SECRET_ACCESS_KEY", Some("medium")),
    ("run/secrets/aws_secret_access_key", Some("medium")),
    ("run/secrets/aws_secret_access_key.txt", Some("medium")),
    ("run/secrets/aws-secret-access-key", Some("medium")),
    ("etc/aws/secret-access-key", Some("medium")),
    ("etc/aws/secretAccessKey", Some("medium")),
    ("mnt/aws/secret-key", Some("medium")),
    ("mnt/s3/secret_key", Some("medium")),
    ("mnt/s3/..2026_11_29/secret", Some("medium")),
    ("envdir/PROD_AWS_SECRET_ACCESS_KEY", Some("medium")),
    ("envdir/AWS_SECRET_ACCESS_KEY_UPLOAD", Some("medium")),
    ("home/.aws_secret_key", Some("medium")),
    ("home/AwsSecretKey", Some("medium")),
    ("run/secrets/secret_key", Some("low")),
    ("run/secrets/client_secret", Some("low")),
    ("run/secrets/database", None),
    ("run/secrets/token", None),
    ("env/AWS_ACCESS_KEY_ID", None),
    ("env/AWS_SECRET_ACCESS_KEY_SHA256", None),
    ("cache/5f3a", None),
    ("notes.txt", None),
    ("secret.sig", None),
];

#[test]
fn the_name_of_a_file_is_its_label() {
    let mut keys = Keys::new("file names");
    let project = Project::new();
    let mut wanted = Vec::new();
    for (name, confidence) in NAMES {
        project.file(name, format!("{}\n", keys.secret()));
        wanted.extend(
            confidence
                .map(|confidence| (RULE.to_owned(), confidence.to_owned(), name.to_owned(), 1, 1)),
        );
    }
    wanted.sort();
    assert_eq!(places(&scan(&project, &["scan", "."])), wanted);
}

#[test]
fn the_value_is_found_in_its_place() {
    let mut keys = Keys::new("file layouts");
    let utf16 = |text: &str| -> Vec<u8> {
        let units = text.encode_utf16().flat_map(u16::to_le_bytes);
        [0xff, 0xfe].into_iter().chain(units).collect()
    };
    let mut layouts: Vec<(Vec<u8>, u64, u64)> = Vec::new();
    for (before, after, line, column) in [
        ("", "", 1, 1),
        ("", "\n", 1, 1),
        ("", "\r\n", 1, 1),
        ("  ", "\n", 1, 3),
        ("\n\n", "\n\n", 3, 1),
        ("\"", "\"\n", 1, 2),
        ("'", "'\n", 1, 2),
    ] {
        layouts.push((format!("{before}{}{after}", keys.secret()).into_bytes(), line, column));
    }
    layouts.push((STANDARD.encode(keys.secret()).into_bytes(), 1, 1));
    layouts.push((STANDARD.encode(format!("{}\n", keys.secret())).into_bytes(), 1, 1));
    let project = Project::new();
    let mut wanted = Vec::new();
    for (number, (text, line, column)) in layouts.iter().enumerate() {
        let name = format!("{number:02}/AWS_SECRET_ACCESS_KEY");
        project.file(&name, text);
        wanted.push((RULE.to_owned(), "medium".to_owned(), name, *line, *column));
    }
    assert_eq!(places(&scan(&project, &["scan", "."])), wanted);
    // A byte order mark has a column of its own or none; what counts is that it hides nothing.
    for (name, text) in [
        ("bom", format!("\u{feff}{}\n", keys.secret()).into_bytes()),
        ("utf16", utf16(&format!("{}\r\n", keys.secret()))),
    ] {
        let project = Project::new();
        project.file("AWS_SECRET_ACCESS_KEY", text);
        assert_eq!(places(&scan(&project, &["scan", "."])).len(), 1, "{name}");
    }
}

#[test]
fn more_than_a_value_has_no_name() {
    let mut keys = Keys::new("file contents");
    let project = Project::new();
    for (number, text) in [
        format!("{} {}\n", keys.secret(), keys.secret()),
        format!("{}\n{}\n", keys.secret(), keys.secret()),
        format!("see {}\n", keys.secret()),
        format!("{}=\n", keys.secret()),
        format!("{}{}\n", keys.secret(), " ".repeat(300)),
        format!("{}\n", &keys.secret()[..39]),
        "da39a3ee5e6b4b0d3255bfef95601890afd80709\n".to_owned(),
        "usr/share/doc/libsomething2/examples/Abc\n".to_owned(),
        ["wJalrXUtnFEMI", "/K7MDENG/bPxRfiCYEXAMPLEKEY\n"].concat(),
        "changeme\n".to_owned(),
    ]
    .into_iter()
    .enumerate()
    {
        project.file(format!("{number}/AWS_SECRET_ACCESS_KEY"), text);
    }
    assert_eq!(places(&scan(&project, &["scan", "."])), []);
}

#[test]
fn id_and_secret_of_one_folder_name_each_other() {
    let mut keys = Keys::new("file partners");
    let project = Project::new();
    let pair = keys.pair();
    project.file("run/secrets/aws_access_key_id", format!("{}\n", pair.id));
    project.file("run/secrets/aws_secret_access_key", format!("{}\n", pair.secret));
    let report = scan(&project, &["scan", "."]);
    let findings = report["findings"].as_array().expect("findings");
    assert_eq!(findings.len(), 2, "{report}");
    let (one, two) = (&findings[0], &findings[1]);
    assert_eq!(one["possible_partners"][0], two["fingerprint"], "{report}");
    assert_eq!(two["possible_partners"][0], one["fingerprint"], "{report}");
}

#[test]
fn file_names_in_git_are_labels() {
    let mut keys = Keys::new("file git");
    let project = Project::new();
    let secret = keys.secret();
    let label = "env/AWS_SECRET_ACCESS_KEY";
    project.git(&["init", "-q", "-b", "main"]);
    // The same blob under a name that says nothing, too.
    project.file("blob.txt", format!("{secret}\n")).file("readme", "nothing\n");
    project.git(&["add", "-A"]).git(&["commit", "-q", "-m", "one"]);
    assert_eq!(places(&scan(&project, &["history"])), []);
    project.file(label, format!("\n{secret}\n"));
    project.git(&["add", "-A"]);
    let wanted = [(RULE.to_owned(), "medium".to_owned(), label.to_owned(), 2, 1)];
    assert_eq!(places(&scan(&project, &["staged"])), wanted);
    project.git(&["commit", "-q", "-m", "two"]);
    assert_eq!(places(&scan(&project, &["history"])), wanted);
    assert_eq!(places(&scan(&project, &["range", "HEAD~1..HEAD"])), wanted);
    // A delta of an older version says what the whole text says.
    project.git(&["rm", "-q", "-r", "env"]).git(&["commit", "-q", "-m", "three"]);
    project.git(&["gc", "-q"]);
    assert_eq!(places(&scan(&project, &["history"])), wanted);
    assert_eq!(places(&scan(&project, &["staged"])), []);
    assert_eq!(places(&scan(&project, &["sweep", "."])), wanted);
}

/// A value that a later version of the file labels as a secret is found there, though an earlier
/// version held it without a label.
#[test]
fn a_label_that_comes_later_is_seen() {
    let mut keys = Keys::new("file later");
    let project = Project::new();
    let secret = keys.secret();
    project.git(&["init", "-q", "-b", "main"]);
    project.file("notes.txt", format!("{secret}\n"));
    project.git(&["add", "-A"]).git(&["commit", "-q", "-m", "one"]);
    project.file("notes.txt", format!("aws_secret_access_key={secret}\n"));
    project.git(&["add", "-A"]).git(&["commit", "-q", "-m", "two"]);
    let wanted = [(RULE.to_owned(), "medium".to_owned(), "notes.txt".to_owned(), 1, 23)];
    assert_eq!(places(&scan(&project, &["history"])), wanted);
}

#[test]
fn members_and_standard_input_have_names() {
    let mut keys = Keys::new("file members");
    let project = Project::new();
    project.file("s/aws/secret_access_key", format!("{}\n", keys.secret()));
    project.file("s/aws/readme", format!("{}\n", keys.secret()));
    let tar = std::process::Command::new("tar")
        .args(["-czf", "s.tar.gz", "s"])
        .current_dir(project.path())
        .status()
        .expect("tar runs");
    assert!(tar.success());
    std::fs::remove_dir_all(project.at("s")).expect("a folder");
    let found = places(&scan(&project, &["scan", "."]));
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((found[0].0.as_str(), found[0].3, found[0].4), (RULE, 1, 1));
    let secret = keys.secret();
    for (name, count) in [("AWS_SECRET_ACCESS_KEY", 1), ("readme", 0)] {
        let arguments = ["scan", "-", "--stdin-name", name, "--format", "json"];
        let ran = project.keysweep(arguments).input(&secret).run();
        assert_eq!(places(&ran.json()).len(), count, "{ran:?}");
    }
}

#[test]
fn a_resumed_sweep_reports_the_same_from_file_names() {
    let mut keys = Keys::new("file resume");
    let project = Project::new();
    project.file("a/run/aws_secret_access_key", format!("{}\n", keys.secret()));
    project.file("b/AWS_SECRET_ACCESS_KEY", format!("{}\n", keys.secret()));
    project.git_in("b", &["init", "-q", "-b", "main"]);
    project.git_in("b", &["add", "-A"]).git_in("b", &["commit", "-q", "-m", "one"]);
    project.git_in("b", &["rm", "-q", "AWS_SECRET_ACCESS_KEY"]);
    project.git_in("b", &["commit", "-q", "-m", "two"]);
    let arguments = ["sweep", "a", "b", "--resume", "state"];
    let first = places(&scan(&project, &arguments));
    assert_eq!(first.len(), 2, "{first:?}");
    assert_eq!(places(&scan(&project, &arguments)), first);
}
