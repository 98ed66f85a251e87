//! Joining the pieces that a report shows. Shares nothing with the program, nor with the other
//! decoder of these tests: that one looks for a whole secret, this one for eight letters of it
//! anywhere.

use std::collections::HashSet;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::support::{Keys, Project};

/// Letters in a row that nobody may get.
const PIECE: usize = 8;

/// Every piece of `secrets` that can be got out of `report`: unchanged, reversed, decoded,
/// or after everything but letters is removed.
fn pieces(report: &str, secrets: &[&str]) -> Vec<String> {
    let wanted: HashSet<&[u8]> =
        secrets.iter().flat_map(|secret| secret.as_bytes().windows(PIECE)).collect();
    let mut found = Vec::new();
    for line in report.split('\n') {
        for text in readings(line) {
            let turned: Vec<u8> = text.iter().rev().copied().collect();
            for text in [text, turned] {
                let here = text.windows(PIECE).filter(|window| wanted.contains(window));
                found.extend(here.map(|piece| String::from_utf8_lossy(piece).into_owned()));
            }
        }
    }
    found
}

fn readings(line: &str) -> Vec<Vec<u8>> {
    let mut all = vec![line.as_bytes().to_vec()];
    // Drops the characters that join parts of a string in programs and markup.
    let mut bare = String::new();
    let mut inside = false;
    for letter in line.chars() {
        match letter {
            '<' => inside = true,
            '>' => inside = false,
            _ if !inside => bare.push(letter),
            _ => {}
        }
    }
    for text in [line, &bare] {
        for kept in ["", "+/", "+/-_"] {
            let letters =
                text.chars().filter(|it| it.is_ascii_alphanumeric() || kept.contains(*it));
            all.push(letters.collect::<String>().into_bytes());
        }
        let strings = text.replace("\" + \"", "").replace("' + '", "").replace("\", \"", "");
        all.push(strings.into_bytes());
    }
    let lenient = GeneralPurpose::new(
        &alphabet::STANDARD,
        GeneralPurposeConfig::new()
            .with_decode_padding_mode(DecodePaddingMode::Indifferent)
            .with_decode_allow_trailing_bits(true),
    );
    let is_digit = |c: char| c.is_ascii_alphanumeric() || "+/-_".contains(c);
    for word in line.split(|c| !is_digit(c)).filter(|word| word.len() >= 11) {
        let word = word.replace('-', "+").replace('_', "/");
        for from in 0..4 {
            for upto in 0..4 {
                let part = word.get(from..word.len().saturating_sub(upto)).unwrap_or_default();
                all.extend(lenient.decode(part));
                let digit = |byte: u8| char::from(byte).to_digit(16);
                let pairs = part.as_bytes().chunks_exact(2);
                let bytes: Option<Vec<u8>> = pairs
                    .map(|two| u8::try_from(digit(two[0])? * 16 + digit(two[1])?).ok())
                    .collect();
                all.extend(bytes);
            }
        }
    }
    all
}

const FORMATS: [&str; 10] =
    ["text", "json", "jsonl", "sarif", "gitlab", "github", "junit", "csv", "markdown", "html"];

/// A secret without signs, which can be split and be a part of names.
fn secret(keys: &mut Keys) -> String {
    std::iter::repeat_with(|| keys.secret())
        .find(|secret| secret.bytes().all(|byte| byte.is_ascii_alphanumeric()))
        .expect("one in four has neither")
}

/// Lines with parts of a secret that is found elsewhere.
fn lines(whole: &str) -> Vec<(&'static str, String)> {
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
    let (one, two) = whole.split_at(20);
    let turned: String = whole.chars().rev().collect();
    let hex = |text: &str| text.bytes().map(|byte| format!("{byte:02x}")).collect::<String>();
    let each = |size: usize, join: &str| {
        let parts: Vec<&str> = (0..whole.len())
            .step_by(size)
            .map(|at| &whole[at..whole.len().min(at + size)])
            .collect();
        parts.join(join)
    };
    vec![
        ("two halves", format!("{one} {two}")),
        ("Fn::Join", format!(r#"{{"Fn::Join": ["", ["{one}", "{two}"]]}}"#)),
        ("eight letters", format!("see {}", &whole[16..24])),
        ("joined strings", each(8, "\" + \"")),
        ("joined short strings", each(4, "' + '")),
        ("tags", each(10, "<wbr>")),
        ("text runs", each(5, "</w:t></w:r><w:r><w:t>")),
        ("groups", each(4, " ")),
        ("one by one", each(1, " ")),
        ("turned around", turned.clone()),
        ("turned halves", format!("{} / {}", &turned[..20], &turned[20..])),
        ("base64 of a half", STANDARD.encode(one)),
        ("base64 of nine", URL_SAFE_NO_PAD.encode(&whole[7..16])),
        ("base64 of a half in a text", STANDARD.encode(format!("pw:{two};"))),
        ("hex of a half", hex(two)),
        ("hex of eight", hex(&whole[3..11])),
        ("a half in a comment", format!("# old: {one}...")),
    ]
}

#[test]
fn no_report_shows_a_piece_of_a_secret_that_was_found() {
    let mut keys = Keys::new("pieces");
    let (project, found) = (Project::new(), keys.pair());
    let found_secret = secret(&mut keys);
    let env = format!("AWS_ACCESS_KEY_ID={}\nAWS_SECRET_ACCESS_KEY={found_secret}\n", found.id);
    project.file("found.env", env);
    for (number, (_, text)) in lines(&found_secret).into_iter().enumerate() {
        // Beside another key, so that the line is shown.
        let other = keys.id();
        project.file(format!("{number:02}.txt"), format!("id {other} {text}\n"));
        project.file(
            format!("own-{number:02}.txt"),
            format!("{} k={found_secret} {text}\n", found.id),
        );
    }
    for format in FORMATS {
        let ran = project.keysweep(["scan", "--format", format]).run().exits(1);
        for output in [&ran.stdout, &ran.stderr] {
            let shown = pieces(output, &[&found_secret]);
            assert_eq!(shown, Vec::<String>::new(), "{format}: {output}");
        }
    }
}

/// A neighbour is masked even if the detector does not take it for a secret, or takes it for
/// somebody else's.
#[test]
fn no_report_shows_a_neighbour_that_looks_random() {
    let mut keys = Keys::new("random neighbours");
    let project = Project::new();
    let other = secret(&mut keys);
    let seed: String = (0..16)
        .map(|_| char::from(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[keys.next() as usize & 31]))
        .collect();
    let hex = format!("{:016x}", keys.next());
    let password = format!("Tr0ub{}", keys.next() % 1000);
    let secrets = [&other[..20], &other[20..], &seed, &hex, &password];
    let groups = |text: &str| {
        let parts: Vec<&str> = (0..text.len()).step_by(4).map(|at| &text[at..at + 4]).collect();
        parts.join(" ").to_lowercase()
    };
    let texts = [
        format!("{} and {}", &other[..20], &other[20..]),
        format!(r#"["{}", "{}"]"#, &other[..14], &other[14..]),
        format!("otpauth://totp/me?secret={seed}&issuer=x"),
        format!("seed {}", groups(&seed)),
        format!("twilio={hex}"),
        format!("postgres://me:{password}@db/x"),
        format!("db_password: {password}"),
        format!("\"client_secret\": \"{password}\""),
    ];
    for (number, text) in texts.iter().enumerate() {
        project.file(format!("{number}.txt"), format!("id {} {text}\n", keys.id()));
    }
    for format in FORMATS {
        let ran =
            project.keysweep(["scan", "--format", format, "--fail-on", "note"]).run().exits(1);
        let mut shown = pieces(
            &ran.stdout.to_lowercase(),
            &secrets.map(str::to_lowercase).each_ref().map(|it| &**it),
        );
        shown.extend(pieces(&ran.stdout, &secrets));
        assert_eq!(shown, Vec::<String>::new(), "{format}: {}", ran.stdout);
    }
}

#[test]
fn a_target_named_after_its_secret_is_masked_wherever_it_is_named() {
    let mut keys = Keys::new("targets");
    let (project, id, secret) = (Project::new(), keys.id(), secret(&mut keys));
    let env = format!("AWS_ACCESS_KEY_ID={id}\nAWS_SECRET_ACCESS_KEY={secret}\n");
    for name in [secret.clone(), format!("old-{}", &secret[5..]), secret[..20].to_owned()] {
        let folder = format!("repos/{name}");
        project
            .file(format!("{folder}/a.env"), &env)
            .file(format!("{folder}/damaged.gz"), b"\x1f\x8b\x08\0\0\0\0\0\0\x03damaged")
            .git_in(&folder, &["init", "-q", "-b", "main"])
            .git_in(&folder, &["add", "."])
            .git_in(&folder, &["commit", "-qm", "one"]);
    }
    for format in FORMATS {
        let state = project.at("state");
        let state = state.to_string_lossy();
        for options in [&["--format", format][..], &["--format", format, "--resume", &state]] {
            let arguments = ["sweep", "repos"].iter().chain(options);
            let ran = project.keysweep(arguments).run().exits(1);
            for output in [&ran.stdout, &ran.stderr] {
                assert_eq!(pieces(output, &[&secret]), Vec::<String>::new(), "{format}: {output}");
            }
        }
        let noted = std::fs::read_to_string(project.at("state")).unwrap_or_default();
        assert_eq!(pieces(&noted, &[&secret]), Vec::<String>::new(), "{noted}");
    }
}

#[test]
fn arguments_are_not_echoed() {
    let mut keys = Keys::new("typed");
    let (project, id, secret) = (Project::new(), keys.id(), secret(&mut keys));
    project.file("a.txt", "nothing");
    let endpoint = format!("https://{id}:{secret}@example.com");
    let repository = format!("https://{id}:{secret}@example.com/x.git");
    let word = format!("https://me:{}@example.com/x.git", "hunter2hunter");
    let cases: &[&[&str]] = &[
        &["verify", &id, &secret],
        &["verify", &id, &secret[..20]],
        &["verify", &secret],
        &["verify", &id, "--sts-endpoint", &endpoint],
        &["scan", "--verify", "--sts-endpoint", &endpoint],
        &["sweep", &repository],
        &["sweep", &repository, "--format", "json"],
        &["sweep", &word],
        &["scan", &repository],
        &["history", &repository],
        &["range", &repository],
        &["staged", &repository],
        &["scan", "--format", &secret],
        &["scan", &format!("--{secret}")],
        &["scan", &format!("--secret={secret}")],
        &["scan", "--threads", &secret],
        &["scan", "--output", &format!("{secret}=x")],
        &["scan", "--config", &format!("{secret}.toml")],
        &["explain", &secret],
        &[&secret],
    ];
    for arguments in cases {
        let ran = project.keysweep(*arguments).run();
        assert_ne!(ran.code, Some(0), "{arguments:?}");
        for output in [&ran.stdout, &ran.stderr] {
            assert_eq!(
                pieces(output, &[&secret, "hunter2hunter"]),
                Vec::<String>::new(),
                "{output}"
            );
        }
    }
}
