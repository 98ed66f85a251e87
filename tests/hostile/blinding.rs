//! Files whose author wants a leak hidden: names, ignore files, byte order marks, decoys. A pair
//! that is found in a plain file is found in each of these settings, with its own partner.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::support::compress::gzip;
use crate::support::{Keys, Pair, Project, Ran};

const JSON: [&str; 5] = ["scan", "--format", "json", "--fail-on", "never"];

/// UTF-16, low byte first.
fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// gzip in base64.
fn packed(bytes: &[u8]) -> String {
    STANDARD.encode(gzip(bytes))
}

/// Asserts that the report holds the pair, and as a pair.
#[track_caller]
fn holds(ran: &Ran, pair: &Pair, setting: &str) {
    let report = ran.json();
    let findings = report["findings"].as_array().expect("findings");
    let start = format!("{}...", &pair.secret[..4]);
    let found = findings
        .iter()
        .any(|one| one["key_id"] == pair.id.as_str() && one["secret_redacted"] == start.as_str());
    assert!(found, "{setting}: {}", ran.stdout);
}

#[test]
fn text_that_only_claims_to_be_utf16_is_read_as_bytes() {
    let mut keys = Keys::new("claims");
    let (project, pair) = (Project::new(), keys.pair());
    let env = pair.env.as_bytes();
    let wide = utf16(&pair.env);
    let turned: Vec<u8> = wide.chunks(2).flat_map(|unit| [unit[1], unit[0]]).collect();
    let settings: [(&str, Vec<u8>); 7] = [
        ("its mark before plain text", [b"\xff\xfe", env].concat()),
        ("the other mark before plain text", [b"\xfe\xff", env].concat()),
        ("every other byte zero at first", [&b"a\0".repeat(64), env].concat()),
        ("much of it, then plain text", [b"\xff\xfe", &*utf16(&"x\n".repeat(300)), env].concat()),
        ("its mark and an odd byte", [b"\xff\xfex", &*wide].concat()),
        ("its mark and the other order", [b"\xff\xfe", &*turned].concat()),
        ("as it should be", [b"\xff\xfe", &*wide].concat()),
    ];
    for (setting, text) in settings {
        let ran = project.file("a.txt", text).keysweep(JSON).run().exits(0);
        holds(&ran, &pair, setting);
        assert_eq!(ran.places().len(), 1, "{setting}: reported once");
    }
}

#[test]
fn decoys_and_terminal_codes_do_not_separate_a_pair() {
    let mut keys = Keys::new("decoys");
    let (project, pair) = (Project::new(), keys.pair());
    let (id, secret, env) = (&pair.id, &pair.secret, &pair.env);
    let mut ids = |between: &str| -> String { (0..1200).map(|_| keys.id() + between).collect() };
    let settings = [
        ("ids around it, a line each", format!("{}{env}{}", ids("\n"), ids("\n"))),
        ("ids around it, on its lines", format!("{}{env}{}", ids(" "), ids(" "))),
        ("colours", format!("\x1b[31m{id}\x1b[0m \x1b[38:2:1:2:3m{secret}\x1b[K\n")),
        ("a line that is overwritten", format!("id {id} {secret}\rnothing to see here, nothing\n")),
        ("backspaces", format!("x\u{8}{id}\u{8} x\u{8}{secret}\u{8}\n")),
        ("direction marks", format!("\u{202e}{id}\u{202c}\n\u{2066}{secret}\u{2069}\n")),
        ("no width", format!("\u{200b}{id}\u{200b}\n\u{feff}{secret}\u{ad}\n")),
        ("zeros", format!("id {id}\0secret {secret}\0")),
        ("words of examples", env.replace('\n', " # EXAMPLE example fake dummy test\n")),
        ("names of examples", env.replace("aws_", "example_test_")),
        ("a marker on other lines", format!("keysweep:allow\n{env}keysweep:allow\n")),
        ("a marker that is none", env.replace('\n', " # keysweep: allow KEYSWEEP:ALLOW\n")),
        (
            "a part of a word",
            env.replace('\n', " # keysweep:allowed xkeysweep:allow _gitleaks:allow\n"),
        ),
        (
            "with other letters",
            env.replace('\n', " # keysweep\u{200b}:allow keysweep:\u{202e}allow\n"),
        ),
    ];
    for (setting, text) in settings {
        let ran = project.file("a.txt", text).keysweep(JSON).run().exits(0);
        holds(&ran, &pair, setting);
    }
}

#[test]
fn a_pair_on_the_border_of_a_window_is_found_once() {
    let mut keys = Keys::new("border");
    let (project, pair) = (Project::new(), keys.pair());
    // Around the end of what the first window owns, and around its own end.
    for (border, before) in [((8 << 20) - (64 << 10), 120), (8 << 20, 60)] {
        for back in (0..before).step_by(23) {
            let text =
                format!("{}\n{}{}", "x".repeat(border - back), pair.env, " ".repeat(1 << 20));
            let ran = project.file("a.txt", text).keysweep(JSON).run().exits(0);
            holds(&ran, &pair, &format!("{back} before {border}"));
            assert_eq!(ran.places(), ["a.txt:2"]);
        }
    }
}

/// Everything in a packed text has the location of its beginning and end, which may be farther than an id
/// reaches.
#[test]
fn ids_in_gzip_over_many_lines_of_base64_are_found() {
    let mut keys = Keys::new("gzip in lines");
    let (one, other, pair) = (keys.id(), keys.id(), keys.pair());
    let noise: String = (0..1200).map(|_| format!("{:x}\n", keys.next())).collect();
    let base64 = packed(format!("{one} # {other}\n{noise}").as_bytes());
    let lines: Vec<&str> =
        base64.as_bytes().chunks(76).map(|line| str::from_utf8(line).expect("base64")).collect();
    assert!(lines.len() > 120, "{}", lines.len());
    let project = Project::new();
    project.file("a.txt", format!("{}\n\n{}", lines.join("\n"), pair.env));
    let ran = project.keysweep(["scan", "--format", "json", "--fail-on", "note"]).run().exits(1);
    let found = ran.json();
    let found = found["findings"].as_array().expect("findings");
    let mut ids: Vec<_> = found.iter().filter_map(|one| one["key_id"].as_str()).collect();
    ids.sort_unstable();
    let mut known = [one.as_str(), &other, &pair.id];
    known.sort_unstable();
    assert_eq!(ids, known);
}

#[test]
fn nothing_hides_under_the_name_of_git() {
    let mut keys = Keys::new("hides");
    let project = Project::new();
    for folder in [".GIT", ".git ", "git~1"] {
        project.file(format!("{folder}/a.env"), keys.pair().env);
    }
    project.file("module/.git", keys.pair().env).file("hollow/.git/a.env", keys.pair().env);
    let ran = project.keysweep(JSON).run().exits(0);
    let mut places = ran.places();
    places.sort();
    assert_eq!(places, [".GIT/a.env:1", ".git /a.env:1", "git~1/a.env:1", "module/.git:1"]);
    let reported = "1 folder named .git is not a repository and was not entered; to scan it, \
         name it: hollow/.git";
    assert_eq!(ran.notes()[0], reported);
    let ran = project.keysweep(["scan", "hollow/.git"]).run().exits(1);
    assert!(ran.stdout.contains("a.env:1"), "{}", ran.stdout);
}

#[test]
fn an_ignore_file_of_a_hundred_thousand_patterns_leaves_nothing_out() {
    let mut keys = Keys::new("patterns");
    let project = Project::new();
    let patterns: String = (0..100_000).map(|n| format!("**/**/**/x*a*b{n}\n")).collect();
    project.git(&["init", "-q"]).file("sub/.gitignore", patterns + "*.env\n");
    project.file(".gitignore", "*.env\n*.key\n").file("sub/a.env", keys.pair().env);
    project.file("b.key", keys.pair().env);
    let ran = project.keysweep(JSON).run().exits(0);
    assert_eq!((ran.places(), ran.left_out("ignored")), (vec!["sub/a.env:1".to_owned()], 1));
    let note = &ran.notes()[0];
    assert!(note.contains("too large to apply") && note.contains(": sub/.gitignore"), "{note}");
}

#[test]
fn more_encoded_text_than_is_decoded_is_reported() {
    let mut keys = Keys::new("encoded");
    let (project, pair) = (Project::new(), keys.pair());
    let packed = packed(&b"nothing ".repeat(1 << 20));
    project.file("a.txt", format!("{packed}\n\n{packed}\n\n{}", pair.env));
    let ran = project.keysweep(JSON).run().exits(3);
    holds(&ran, &pair, "behind it");
    assert!(ran.problems()[0].starts_with("file a.txt: more of it is encoded"), "{ran:?}");
}

#[test]
fn no_name_and_no_attribute_hides_a_file() {
    let mut keys = Keys::new("attributes");
    let project = Project::new();
    let attributes = "* binary -diff -text export-ignore linguist-generated\n\
                      *.txt working-tree-encoding=UTF-16 eol=crlf ident filter=lfs merge=ours\n";
    project.git(&["init", "-q"]).file(".gitattributes", attributes).file(".GITIGNORE", "*\n");
    let names = ["a.png", "b.txt", ".Env", "c.min.js", "node_modules/d.js", "package-lock.json"];
    let mut places: Vec<String> = names.iter().map(|name| format!("{name}:1")).collect();
    places.sort();
    for name in names {
        project.file(name, keys.pair().env);
    }
    let found = |project: &Project, command: &[&str]| {
        let ran = project.keysweep([command, &["--format", "json"]].concat()).run().exits(1);
        let mut found = ran.places();
        found.sort();
        found
    };
    assert_eq!(found(&project, &["scan"]), places);
    // Git itself would encode the text before it stores it; a pushed object is what it is.
    std::fs::remove_file(project.at(".gitattributes")).expect("ours");
    project.git(&["add", "-A"]).git(&["commit", "-qm", "c"]).file(".gitattributes", attributes);
    project.git(&["add", ".gitattributes"]).git(&["commit", "-qm", "a"]);
    assert_eq!(found(&project, &["history"]), places);
    assert_eq!(found(&project, &["sweep", "."]), places);
}

#[test]
fn a_pair_on_the_border_of_a_window_of_an_object_is_found_once() {
    let (project, pair) = (Project::new(), Keys::new("object border").pair());
    // Larger than what is read of an object at once, loose and then packed.
    let border = (8 << 20) - (64 << 10);
    let text = format!("{}\n{}{}", "x".repeat(border - 60), pair.env, "y\n".repeat(13 << 20));
    project.git(&["init", "-q"]).file("a.txt", text).git(&["add", "."]);
    project.git(&["-c", "core.compression=1", "commit", "-qm", "c"]);
    for setting in ["loose", "packed"] {
        let ran = project.keysweep(["history", "--format", "json"]).run().exits(1);
        holds(&ran, &pair, setting);
        assert_eq!(ran.places(), ["a.txt:2"], "{setting}");
        project.git(&["gc", "-q"]);
    }
}
