//! Partials of a sweep, and `keysweep merge`: the report of many partials has the same bytes as
//! that of one sweep.

mod faults;
mod repeated;
mod spilled;
mod split;

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD as BASE64, URL_SAFE_NO_PAD};
use keysweep::report::Format;

use crate::report::formats::untimed;
use crate::support::{Keys, Project, Ran};

/// The arguments of the sweeps.
const GIVEN: [&str; 4] = ["all", "all/notes/deep", "all/notes/a.txt", "none"];

/// Every kind of target, and every relation of credentials between targets.
pub(super) fn everything(name: &str) -> (Project, Vec<String>) {
    let mut keys = Keys::new(name);
    let project = Project::new();
    let secrets = credentials(&project, &mut keys);
    let commit = |folder: &str, message: &str| {
        project.git_in(folder, &["add", "-A"]).git_in(folder, &["commit", "-qm", message]);
    };
    project.git_in("all/one", &["init", "-q", "-b", "main"]);
    project.file("all/one/.gitignore", "/vendor/\n");
    commit("all/one", "one");
    project.git_in("all", &["clone", "-q", "one", "one/vendor/inner"]);
    project.git_in("all", &["clone", "-q", "--bare", "one", "bare.git"]);
    project.git_in("all", &["clone", "-q", "--shared", "one", "borrows"]);
    project.git_in("all/one", &["worktree", "add", "-q", "../tree", "-b", "tree"]);
    project.file("all/tree/only-here.env", keys.pair().env);
    let module =
        ["-c", "protocol.file.allow=always", "submodule", "add", "-q", "../bare.git", "sub"];
    project.git_in("all/borrows", &module);
    // A key only in history, and a moved one.
    project.git_in("all/one", &["mv", "conf/a.env", "conf/b.env"]);
    commit("all/one", "moved");
    project.git_in("all/two", &["init", "-q", "-b", "main"]);
    commit("all/two", "two");
    project.file("all/broken.git/HEAD", "x").file("all/broken.git/objects/x", "");
    project.file("all/broken.git/refs/x", keys.pair().env);
    project.file("all/notes/deep/b.txt", keys.pair().env);
    project.file("all/notes/a.txt", keys.pair().env).file("all/notes/c.txt", keys.pair().env);
    (project, secrets)
}

/// Credentials whose halves, tokens, markers and confidence are spread over targets; gives the
/// secrets of those whose names are masked.
fn credentials(project: &Project, keys: &mut Keys) -> Vec<String> {
    let (whole, split, marked) = (keys.pair(), keys.pair(), keys.pair());
    let (near, mut hidden, packed) = (keys.pair(), keys.pair(), keys.pair());
    // A file's name has no slash.
    while hidden.secret.contains('/') {
        hidden = keys.pair();
    }
    // A pair in one target; its id and its secret alone in others.
    project.file("all/one/conf/a.env", &whole.env);
    project.file("all/two/id.txt", format!("the key {} is old\n", whole.id));
    project.file("all/rest/secret.env", format!("AWS_SECRET_ACCESS_KEY={}\n", whole.secret));
    // Credentials of other providers: a made-up token, and a pair whose id is nothing alone.
    let made_up = keys.filled("ghp_{{alnum:36}}");
    let twilio = keys.filled("twilio_sid: AC{{hex:32}}\ntwilio_auth_token: {{hex:32}}\n");
    project.file("all/two/made-up.env", format!("t={made_up}\n"));
    project.file("all/rest/twilio.yaml", twilio);
    // Halves that are in no text together.
    project.file("all/two/half.txt", format!("the key {} is new\n", split.id));
    project.file("all/rest/half.env", format!("AWS_SECRET_ACCESS_KEY={}\n", split.secret));
    // A marked and an unmarked copy, and one that is marked everywhere.
    let allowed = |env: &str| env.replace('\n', " # keysweep:allow\n");
    project.file("all/one/marked.env", allowed(&marked.env));
    project.file("all/two/marked.env", &marked.env);
    project.file("all/two/allowed.env", allowed(&keys.pair().env));
    // A pair that is joined by nearness here, and by its names there.
    project.file("all/two/near.txt", format!("{}\n\n\n{}\n", near.id, near.secret));
    project.file("all/rest/named.env", &near.env);
    project.file("all/rest/near.txt", format!("x {}\ny\nz {}\n", keys.id(), keys.secret()));
    // One temporary key with two session tokens.
    let (id, secret) = (keys.id_of("ASIA"), keys.secret());
    let temporary = |token: &str| {
        format!(
            "AWS_ACCESS_KEY_ID={id}\nAWS_SECRET_ACCESS_KEY={secret}\nAWS_SESSION_TOKEN={token}\n"
        )
    };
    project.file("all/two/session.env", temporary(&keys.token()));
    project.file("all/rest/session.env", temporary(&keys.token()));
    project.file("all/rest/token.env", format!("AWS_SESSION_TOKEN={}\n", keys.token()));
    // Names that are not UTF-8, that a terminal would interpret, and that contain the secret.
    let odd = Path::new("all").join(OsStr::from_bytes(b"odd \xff \xe2\x80\xae\n"));
    project.file(odd.join(OsStr::from_bytes(b"in/\x80.env")), &keys.pair().env);
    project.git_in("all", &["init", "-q", "repo"]);
    fs::rename(project.at("all/repo"), project.at(odd.join("repo"))).expect("moved");
    project.file(odd.join("repo").join(OsStr::from_bytes(b"\xfe.env")), &whole.env);
    for end in ["a", "b"] {
        project.file(format!("all/two/{}-{end}.env", hidden.secret), &hidden.env);
        project.file(format!("all/rest/x{}/{end}.env", hidden.secret), &hidden.env);
        project.file(format!("all/rest/x{}x/{end}.env", hidden.secret), &hidden.env);
    }
    // Members of a container.
    project.file("packed.env", &packed.env);
    let gzip = Command::new("gzip").args(["-c", "-n"]).arg(project.at("packed.env")).output();
    let gzip = gzip.expect("gzip runs").stdout;
    project.file("all/two/packed.env.gz", &gzip).file("all/rest/packed.env.gz", &gzip);
    vec![hidden.secret, whole.secret, split.secret, marked.secret, near.secret, packed.secret]
}

/// Sweeps what is given into a partial for each of `count` shards.
fn shards(project: &Project, count: usize) -> Vec<String> {
    let partial = |number: usize| {
        let name = format!("parts/{count}/{number}.partial");
        fs::create_dir_all(project.at(format!("parts/{count}"))).expect("a folder");
        let shard = format!("{number}/{count}");
        let ran = project.keysweep(["sweep"].into_iter().chain(GIVEN).chain([
            "--partial",
            &name,
            "--shard",
            &shard,
            "--quiet",
        ]));
        let ran = ran.run();
        assert!(matches!(ran.code, Some(0..=3)) && ran.stdout.is_empty(), "{ran:?}");
        name
    };
    (1..=count).map(partial).collect()
}

/// The outputs of a command in every format, and its status.
fn outputs(project: &Project, name: &str, arguments: &[&str]) -> (Vec<(String, String)>, Ran) {
    let mut words: Vec<String> = arguments.iter().map(|&word| word.to_owned()).collect();
    fs::create_dir_all(project.at(name)).expect("a folder");
    let path = |format: &Format| format!("{name}/{}", format.as_str());
    for format in &Format::ALL {
        words.extend(["--output".to_owned(), format!("{}={}", format.as_str(), path(format))]);
    }
    words.push("--no-progress".to_owned());
    let ran = project.keysweep(&words).run();
    let read = |format: &Format| {
        let text = fs::read(project.at(path(format))).unwrap_or_default();
        let text = String::from_utf8_lossy(&text).into_owned();
        (format.as_str().to_owned(), untimed(&text))
    };
    (Format::ALL.iter().map(read).collect(), ran)
}

#[track_caller]
fn assert_same(one: &[(String, String)], other: &[(String, String)], what: &str) {
    for ((format, one), (_, other)) in one.iter().zip(other) {
        let differs = one.lines().zip(other.lines()).find(|(one, other)| one != other);
        assert!(!one.is_empty(), "{what}: no {format}");
        assert!(one == other, "{what}: {format} differs: {differs:#?}");
    }
}

/// Options of the verdict, each of which changes the report.
const OPTIONS: [&[&str]; 5] = [
    &[],
    &["--min-confidence", "low", "--include-suppressed"],
    &["--min-confidence", "high", "--fail-on", "error"],
    &["--no-inline-allow", "--baseline", "base", "--include-suppressed", "--verbose"],
    &["--config", "config.toml", "--fail-on", "never", "--sarif-category", "nightly"],
];

#[test]
fn any_split_over_partials_gives_the_bytes_of_one_sweep() {
    let (project, secrets) = everything("merge everything");
    let whole: Vec<&str> = ["sweep"].into_iter().chain(GIVEN).collect();
    let report = project.keysweep([&whole[..], &["--format", "json"]].concat()).run().exits(1);
    let findings = report.json()["findings"].as_array().cloned().expect("findings");
    assert!(findings.len() > 12, "{}", findings.len());
    let (some, all) = (&findings[1]["fingerprint"], &findings[3]["key_id"]);
    let line = format!("{} x - # known\n", some.as_str().expect("a fingerprint"));
    project.file("base", line);
    project.file("config.toml", format!("[[allow]]\nkey-id = {all}\nreason = \"ours\"\n"));
    let splits: Vec<Vec<String>> = (1..=4).map(|count| shards(&project, count)).collect();
    for (at, options) in OPTIONS.iter().enumerate() {
        let (one, swept) =
            outputs(&project, &format!("sweep{at}"), &[&whole[..], options].concat());
        assert!(!one[0].1.contains(&secrets[0]), "masked names");
        for partials in &splits {
            let partials: Vec<&str> = partials.iter().map(String::as_str).collect();
            let what = format!("{options:?}, {} partials", partials.len());
            let merge = [&["merge"], &partials[..], options].concat();
            let (merged, ran) = outputs(&project, "merge", &merge);
            assert_same(&one, &merged, &what);
            assert_eq!(ran.code, swept.code, "{what}: {}", ran.stderr);
        }
    }
}

#[test]
fn the_targets_need_not_be_there_and_a_folder_is_enough() {
    let (project, _) = everything("merge elsewhere");
    let whole: Vec<&str> = ["sweep"].into_iter().chain(GIVEN).collect();
    let (one, _) = outputs(&project, "sweep", &whole);
    shards(&project, 3);
    fs::rename(project.at("all"), project.at("gone")).expect("moved");
    project.file("parts/3/report.json", "{}").file("parts/3/_SUCCESS", "");
    let (merged, ran) = outputs(&project, "merge", &["merge", "parts"]);
    assert_same(&one, &merged, "a folder");
    assert_eq!(ran.code, Some(1));
}

/// Sweeps of different folders have names that count from each of them.
#[test]
fn names_of_separate_sweeps_count_from_the_folder_of_all() {
    let (project, _) = everything("merge names");
    // Targets whose history or files belong to no other target.
    let given = ["all/two", "all/rest", "all/notes/deep", "all/notes/c.txt"];
    let whole: Vec<&str> = ["sweep"].into_iter().chain(given).collect();
    let (one, _) = outputs(&project, "sweep", &whole);
    for (at, target) in given.iter().enumerate() {
        let partial = format!("{at}.partial");
        project.keysweep(["sweep", target, "--partial", &partial, "--quiet"]).run();
    }
    let partials = ["merge", "0.partial", "1.partial", "2.partial", "3.partial"];
    let (merged, _) = outputs(&project, "merge", &partials);
    assert_same(&one, &merged, "separate sweeps");
}

#[test]
fn a_partial_contains_no_secret_plain_or_encoded() {
    let (project, secrets) = everything("merge secrets");
    shards(&project, 1);
    let path = project.at("parts/1/1.partial");
    let text = fs::read(&path).expect("a partial");
    let mode = fs::metadata(&path).expect("a file").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let text = String::from_utf8(text).expect("JSON is UTF-8");
    assert!(text.lines().count() > 30);
    let backwards = |text: &str| text.chars().rev().collect::<String>();
    for secret in &secrets {
        let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
        // A run of base64 depends on where the secret begins.
        let shifted = (0..3).map(|by| BASE64.encode(format!("{}{secret}", "x".repeat(by))));
        let shifted = shifted.map(|text| text[4..text.len() - 4].to_owned());
        let plain = [secret[..12].to_owned(), secret[28..].to_owned()];
        let forms = [hex, URL_SAFE_NO_PAD.encode(secret)].into_iter().chain(shifted).chain(plain);
        for form in forms {
            for form in [backwards(&form), form] {
                assert!(!text.contains(&form), "a secret as {form}");
            }
        }
    }
}

#[test]
fn a_partial_overwrites_nothing_else() {
    let project = Project::new();
    project.file("all/a.env", Keys::new("merge overwrites").pair().env);
    project.file("notes.txt", "mine\n").file("empty.partial", "");
    symlink(project.at("notes.txt"), project.at("link.partial")).expect("a link");
    for (name, words) in [
        ("notes.txt", "another kind of file"),
        ("link.partial", "a link or not a regular file"),
        ("missing/x.partial", "No such file"),
    ] {
        let ran = project.keysweep(["sweep", "all", "--partial", name]).run().exits(2);
        assert!(ran.stderr.contains(words), "{name}: {}", ran.stderr);
    }
    assert_eq!(fs::read_to_string(project.at("notes.txt")).expect("a file"), "mine\n");
    // An earlier partial is replaced.
    for _ in 0..2 {
        let ran = project.keysweep(["sweep", "all", "--partial", "empty.partial"]).run().exits(1);
        assert_eq!(ran.stdout, "", "no report");
        let text = fs::read_to_string(project.at("empty.partial")).expect("a partial");
        assert_eq!(text.lines().count(), 4, "{text}");
    }
    let both = ["sweep", "all", "--partial", "empty.partial", "--format", "json"];
    project.keysweep(both).run().exits(1).json();
    let same = ["sweep", "all", "--partial", "x", "--output", "./x"];
    let ran = project.keysweep(same).run().exits(2);
    assert!(ran.stderr.contains("--partial"), "{}", ran.stderr);
    // It is not scanned, though it has the ids.
    let ran = project.keysweep(["scan", ".", "--format", "json"]).run().exits(1);
    assert_eq!((ran.left_out("own_reports"), ran.places().len()), (1, 1), "{ran:?}");
}
