//! A secret in a name: of a branch, a file, an author. The harness searches all output for it.

use crate::report::decoding::Decoder;
use crate::support::{Keys, Project};

const FORMATS: [&str; 11] = [
    "text", "short", "json", "jsonl", "sarif", "gitlab", "github", "junit", "csv", "markdown",
    "html",
];

/// A secret that can be a part of names, without `/` and `+`.
fn secret_for_names(keys: &mut Keys) -> String {
    std::iter::repeat_with(|| keys.secret())
        .find(|secret| secret.bytes().all(|byte| byte.is_ascii_alphanumeric()))
        .expect("one in four has neither")
}

#[test]
fn a_secret_in_a_name_is_masked_in_every_format() {
    let (project, mut keys) = (Project::new(), Keys::new("names"));
    let (id, secret) = (keys.id(), secret_for_names(&mut keys));
    let branch = format!("fix/aws_secret_access_key={secret}");
    let text = format!("aws_access_key_id = {id}\naws_secret_access_key = {secret}\n");
    project
        .git(&["init", "-q", "-b", &branch])
        .git(&["remote", "add", "origin", &format!("https://example.com/{secret}/name")])
        .file(format!("backup/{secret}.env"), text)
        .git(&["add", "."])
        .git(&["-c", &format!("user.name={secret}"), "commit", "-qm", "one"]);
    for command in ["history", "scan"] {
        for format in FORMATS {
            let run = project.keysweep([command, "--format", format]).run().exits(1);
            assert!(run.stdout.contains(&id), "{command} {format}: {}", run.stdout);
        }
    }
    let report = project.keysweep(["history", "--format", "json"]).run().exits(1).json();
    let places = report["findings"][0]["occurrences"].as_array().expect("places");
    let paths: Vec<_> = places.iter().map(|place| place["path"].as_str()).collect();
    assert!(paths.contains(&Some("backup/[redacted].env")), "{paths:?}");
    let log = project.keysweep(["history", "--format", "sarif"]).run().exits(1).json();
    assert_eq!(log["runs"][0].get("versionControlProvenance"), None, "its URL holds the secret");
}

#[test]
fn a_secret_in_the_name_of_what_could_not_be_read_is_masked() {
    let (project, mut keys) = (Project::new(), Keys::new("names"));
    let (id, secret) = (keys.id(), secret_for_names(&mut keys));
    project
        .file("some.env", format!("aws_access_key_id = {id}\naws_secret_access_key = {secret}\n"))
        .file(format!("{secret}.gz"), b"\x1f\x8b\x08\0\0\0\0\0\0\x03damaged");
    for format in FORMATS {
        project.keysweep(["scan", "--format", format]).run().exits(1);
    }
    let report = project.keysweep(["scan", "--format", "json"]).run().exits(1).json();
    let problems = report["coverage"]["problems"].to_string();
    assert!(problems.contains("[redacted].gz"), "{problems}");
}

/// The ways in which a neighbour's secret may be on the line of a found one.
fn disguises(secret: &str) -> Vec<(&'static str, Vec<u8>)> {
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
    let each = |write: &dyn Fn(u8) -> String| -> Vec<u8> {
        secret.bytes().map(write).collect::<String>().into_bytes()
    };
    let list = |write: &dyn Fn(u8) -> String| {
        secret.bytes().map(write).collect::<Vec<_>>().join(", ").into_bytes()
    };
    let low_first: Vec<u8> = secret.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let swapped: String = secret
        .as_bytes()
        .chunks(2)
        .filter_map(|pair| char::from_u32(u32::from(pair[0]) << 8 | u32::from(pair[1])))
        .collect();
    let backwards: String = secret.chars().rev().collect();
    let (head, tail) = secret.split_at(13);
    vec![
        ("as it is", secret.as_bytes().to_vec()),
        ("base64", STANDARD.encode(secret).into_bytes()),
        ("base64 of URLs", URL_SAFE_NO_PAD.encode(format!("k:{secret}")).into_bytes()),
        ("base64 of UTF-16", STANDARD.encode(&low_first).into_bytes()),
        ("hex", each(&|byte| format!("{byte:02x}"))),
        ("hex, spelled apart", list(&|byte| format!("{byte:02X}"))),
        ("percent", each(&|byte| format!("%{byte:02X}"))),
        ("percent where it must be", secret.replace('/', "%2F").replace('+', "%2B").into_bytes()),
        ("quoted-printable", each(&|byte| format!("={byte:02X}"))),
        ("escapes of C", each(&|byte| format!("\\x{byte:02x}"))),
        ("octal escapes", each(&|byte| format!("\\{byte:03o}"))),
        ("escapes of JSON", each(&|byte| format!("\\u{byte:04x}"))),
        ("slashes of JSON", secret.replace('/', "\\/").into_bytes()),
        ("references", each(&|byte| format!("&#{byte};"))),
        ("references in hex", each(&|byte| format!("&#x{byte:x};"))),
        ("a list of numbers", list(&|byte| byte.to_string())),
        ("a list in hex", list(&|byte| format!("0x{byte:02x}"))),
        ("UTF-16, low first", low_first),
        ("UTF-16, high first", secret.encode_utf16().flat_map(u16::to_be_bytes).collect()),
        ("UTF-16 in escapes", each(&|byte| format!("{}\\u0000", char::from(byte)))),
        ("pairs as letters", swapped.into_bytes()),
        ("backwards", format!("\u{202e}{backwards}\u{202c}").into_bytes()),
        ("marks inside", format!("{head}\u{202e}\u{202c}{tail}").into_bytes()),
        ("no width inside", each(&|byte| format!("{}\u{200b}", char::from(byte)))),
        ("colours inside", format!("{head}\u{1b}[31m{tail}\u{1b}[0m").into_bytes()),
        ("as wide as an ideograph", secret.chars().map(wide).collect::<String>().into_bytes()),
    ]
}

fn wide(letter: char) -> char {
    char::from_u32(letter as u32 + 0xfee0).expect("a full-width form")
}

#[test]
fn no_report_shows_the_secret_of_a_neighbour_in_any_disguise() {
    let mut keys = Keys::new("disguises");
    let other = keys.secret();
    let project = Project::new();
    let disguises = disguises(&other);
    for (number, (_, text)) in disguises.iter().enumerate() {
        // After it, before it, and where the part that is shown ends in its middle.
        let mut line = || {
            let found = keys.pair();
            format!("id={} secret={} ", found.id, found.secret).into_bytes()
        };
        let far = " ".repeat(54).into_bytes();
        for (place, parts) in [
            ("after", [line(), b"x: ".to_vec(), text.clone(), b" end\n".to_vec()]),
            ("before", [b"x: ".to_vec(), text.clone(), b" ".to_vec(), line()]),
            ("cut", [line(), far, text.clone(), b" end\n".to_vec()]),
        ] {
            project.file(format!("{number:02}-{place}.txt"), parts.concat());
        }
    }
    let mut decoder = Decoder::new(&[&other]);
    for format in FORMATS {
        let ran = project.keysweep(["scan", "--format", format]).run().exits(1);
        decoder.reveals_nothing(&ran.stdout, format);
        decoder.reveals_nothing(&ran.stderr, format);
        let json = format == "json";
        assert!(!json || ran.places().len() >= 3 * disguises.len(), "{}", ran.stdout);
    }
}

/// The shown part of a line ends, or begins, in the middle of a neighbour: a few letters are too
/// many if more of them follow.
#[test]
fn the_part_of_a_secret_that_is_not_cut_off_is_masked() {
    let mut keys = Keys::new("cut off");
    let (found, other) = (keys.pair(), keys.secret());
    let project = Project::new();
    let line = format!("id={} secret={}", found.id, found.secret);
    for gap in 60..100 {
        let (before, after) = (" ".repeat(gap + 44), " ".repeat(gap));
        let text = format!("{other}{before}x\n{other}{before}{line}{after}{other}\n");
        project.file("a.txt", text);
        for format in ["text", "sarif"] {
            let ran = project.keysweep(["scan", "--format", format]).run().exits(1);
            for part in other.as_bytes().windows(6) {
                let part = std::str::from_utf8(part).expect("ASCII");
                assert!(!ran.stdout.contains(part), "{gap} {format}: {part} in {}", ran.stdout);
            }
        }
    }
}

#[test]
fn a_text_that_claims_to_be_utf16_shows_no_secret_of_its_other_half() {
    let mut keys = Keys::new("claims and neighbours");
    let (project, wide, plain) = (Project::new(), keys.pair(), keys.pair());
    let other = keys.secret();
    let low = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let high = |text: &str| text.encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<u8>>();
    let one_line = wide.env.replace('\n', " ");
    let plainly = format!("{} k={other} ", plain.env.replace('\n', " "));
    let mut decoder = Decoder::new(&[&wide.secret, &plain.secret, &other]);
    let begins: [(&str, Vec<u8>); 4] = [
        ("low first", vec![0xff, 0xfe]),
        ("high first", vec![0xfe, 0xff]),
        ("looks low first", low(&"a ".repeat(40))),
        ("looks high first", high(&"a ".repeat(40))),
    ];
    for (begin, mark) in begins {
        for (mixed, parts) in [
            ("plain", [plainly.as_bytes(), b""]),
            ("low, then plain", [&*low(&one_line), plainly.as_bytes()]),
            ("plain, then low", [plainly.as_bytes(), &*low(&one_line)]),
            ("high, then plain", [&*high(&one_line), plainly.as_bytes()]),
            ("plain and odd, then high", [format!("{plainly}x").as_bytes(), &*high(&one_line)]),
            ("high, then low", [&*high(&one_line), &*low(&plainly)]),
            ("low, then high", [&*low(&one_line), &*high(&plainly)]),
        ] {
            project.file("a.txt", [&mark, parts[0], parts[1]].concat());
            for format in FORMATS {
                let setting = format!("{begin}, {mixed}, {format}");
                let ran = project.keysweep(["scan", "--format", format]).run().exits(1);
                decoder.reveals_nothing(&ran.stdout, &setting);
                decoder.reveals_nothing(&ran.stderr, &setting);
            }
        }
    }
}

#[test]
fn a_secret_in_a_name_is_masked_in_any_disguise() {
    let (project, mut keys) = (Project::new(), Keys::new("disguised names"));
    let pair = keys.pair();
    project.git(&["init", "-q", "-b", "main"]).file("some.env", &pair.env);
    for (number, (_, text)) in disguises(&pair.secret).iter().enumerate() {
        // Characters that a file, a branch or a person can't have in its name are left out.
        let Ok(name) = std::str::from_utf8(text).map(|name| name.replace('\0', "")) else {
            continue;
        };
        let cut: String = name.replace('/', "\\/").chars().take(200).collect();
        project.file(format!("names/{number}-{cut}.env"), &pair.env);
        project.git(&["add", "."]);
        let author = format!("user.name=x {name}");
        project.git(&["-c", &author, "commit", "-qm", "one"]);
        let refused = |c: char| c.is_ascii_control() || " ~^:?*[\\".contains(c);
        if !name.contains(refused) && !name.contains("//") {
            project.git(&["branch", &format!("b{number}-{name}")]);
        }
        // And in what could not be read.
        project.file(format!("{number}-{cut}.gz"), b"\x1f\x8b\x08\0\0\0\0\0\0\x03damaged");
    }
    project.file(format!("names/{}.env", pair.secret[..30].replace('/', "%2F")), &pair.env);
    let mut decoder = Decoder::new(&[&pair.secret]);
    let kept = Project::new();
    let state = kept.at("state").display().to_string();
    for command in ["history", "scan", "sweep . --resume state"] {
        for format in FORMATS {
            let words = command.split(' ').map(|word| if word == "state" { &*state } else { word });
            let ran = project.keysweep(words.chain(["--format", format])).run().exits(1);
            decoder.reveals_nothing(&ran.stdout, format);
            decoder.reveals_nothing(&ran.stderr, format);
        }
    }
    let state = std::fs::read_to_string(state).expect("a state");
    decoder.reveals_nothing(&state, "the state of a sweep");
}
