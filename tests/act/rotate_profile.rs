//! A credentials file gets a new key: everything except the two values is unchanged, byte for byte,
//! and botocore reads it as before. botocore itself checks thousands of files.

use std::io::Write as _;
use std::process::{Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use keysweep::command::rotate::profile::{Edit, Kind, Refused, ini};
use keysweep::secret::Secret;
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use crate::support::Keys;
use crate::support::tools;

const ID: &str = "aws_access_key_id";
const SECRET: &str = "aws_secret_access_key";

/// The profiles that botocore reads in each file; `None` without Python or the package index.
fn botocore(files: &[Vec<u8>]) -> Option<Vec<Value>> {
    let venv = tools::venv()?;
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/tools/read_profiles.py");
    let mut child = Command::new(tools::programs(&venv).join("python"))
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python");
    let texts: Vec<String> = files.iter().map(|file| BASE64.encode(file)).collect();
    let mut input = child.stdin.take().expect("a pipe");
    let feeder = std::thread::spawn(move || {
        input.write_all(&serde_json::to_vec(&texts).expect("JSON")).expect("it reads");
    });
    let output = child.wait_with_output().expect("it ends");
    feeder.join().expect("it was fed");
    Some(serde_json::from_slice(&output.stdout).expect("a list"))
}

/// A key, as the file has it and as it is to be.
struct Pairs {
    old: (String, String),
    new: (String, String),
    /// A key of some other profile.
    other: (String, String),
}

impl Pairs {
    fn new(keys: &mut Keys) -> Self {
        let mut pair = || (keys.id(), keys.secret());
        Self { old: pair(), new: pair(), other: pair() }
    }
}

/// One of `all`, most often the first.
fn one<'a>(keys: &mut Keys, all: &[&'a str]) -> &'a str {
    let first = keys.next() % 100 < 95;
    if first { all[0] } else { all[keys.next() as usize % all.len()] }
}

/// A line `name = value` in one of the ways in which people and programs write them.
fn setting(keys: &mut Keys, name: &str, value: &str) -> String {
    let indent = one(keys, &["", " ", "\t", "    ", "\u{a0}", "\u{3000} "]);
    let delimiter = one(keys, &[" = ", "=", ": ", " :", "\t=\t", "\u{1f}=\u{2003}", " == "]);
    let after = one(keys, &["", " ", "\t ", " ; note", "\n  more", "\n  a = b", "\u{85}", "\x0b"]);
    let name = match keys.next() % 12 {
        0 => name.to_uppercase(),
        1 => name.replace('a', "A").replace('k', "\u{212a}"),
        _ => name.to_owned(),
    };
    format!("{indent}{name}{delimiter}{value}{after}")
}

/// A file with lines of every kind, most of them plain; rarely a byte of it is another.
fn file(keys: &mut Keys, pairs: &Pairs) -> Vec<u8> {
    let mut lines: Vec<String> = Vec::new();
    let names = ["shop", "default", "ops", "DEFAULT", "profile shop", " odd ", "a]b"];
    let first = one(keys, &["", "# comment", "region = x", "\u{feff}", "; [x]", "\u{feff}# x"]);
    lines.push(first.to_owned());
    let start = keys.next() as usize;
    let count = 1 + keys.next() as usize % 4;
    for section in 0..count {
        let name =
            if keys.next().is_multiple_of(20) { names[0] } else { names[(start + section) % 7] };
        let indent = one(keys, &["", "  ", "\t"]);
        let after = one(keys, &["", " ", " # note", " ]"]);
        lines.push(format!("{indent}[{name}]{after}"));
        let (id, secret) = if keys.next().is_multiple_of(3) { &pairs.other } else { &pairs.old };
        let mut inner = Vec::new();
        match keys.next() % 8 {
            0 => {}
            1 => inner.push(setting(keys, ID, id)),
            2 => inner.extend([setting(keys, ID, ""), setting(keys, SECRET, "")]),
            _ => inner.extend([setting(keys, ID, id), setting(keys, SECRET, secret)]),
        }
        for _ in 0..keys.next() % 4 {
            let more = match keys.next() % 40 {
                0 => setting(keys, "region", "eu-west-1"),
                1 => "s3 =\n  addressing_style = path\n  # inside\n\n  max = 3".to_owned(),
                2 => "  indented = deep".to_owned(),
                3 => "# aws_access_key_id = comment".to_owned(),
                4 => " ; [shop]".to_owned(),
                5 => "role_arn = arn:aws:iam::1:role/x".to_owned(),
                6 => setting(keys, "aws_session_token", "x"),
                7 => "nonsense".to_owned(),
                8 => setting(keys, ID, id),
                9 => "s3 =\n  nothing".to_owned(),
                10 => "é = ü".to_owned(),
                _ => String::new(),
            };
            let at = keys.next() as usize % (inner.len() + 1);
            inner.insert(at, more);
        }
        lines.extend(inner);
    }
    let end = one(keys, &["\n", "\r\n", "\r"]);
    let mut text = lines.join(end);
    text.push_str(one(keys, &[end, "", "\n\n", " "]));
    let mut bytes = text.into_bytes();
    if keys.next().is_multiple_of(40) {
        let at = keys.next() as usize % bytes.len();
        // Within a secret nobody would see it, and the test could not put it back.
        if !(bytes[at].is_ascii_alphanumeric() || b"+/".contains(&bytes[at])) {
            bytes[at] = keys.next() as u8;
        }
    }
    bytes
}

/// The profiles that botocore should read afterwards.
fn expected(before: &Value, profiles: &[String], pair: &(String, String)) -> Value {
    let mut all: Map<String, Value> = before.as_object().cloned().unwrap_or_default();
    for profile in profiles {
        let section = all.entry(profile.clone()).or_insert_with(|| Value::Object(Map::new()));
        section[ID] = pair.0.as_str().into();
        section[SECRET] = pair.1.as_str().into();
    }
    Value::Object(all)
}

/// The profiles that botocore reads, without the settings that an added profile inherits from
/// [DEFAULT].
fn own(is: &Value, was: &Value) -> Value {
    let mut all = is.as_object().cloned().unwrap_or_default();
    for (profile, values) in &mut all {
        if let Some(values) = values.as_object_mut().filter(|_| was.get(profile).is_none()) {
            values.retain(|name, _| name == ID || name == SECRET);
        }
    }
    Value::Object(all)
}

fn change(text: &[u8], old: &str, profile: &str) -> Result<Edit, Refused> {
    let mut edit = Edit::new(Zeroizing::new(text.to_vec()), Kind::Credentials, old)?;
    edit.add(profile)?;
    Ok(edit)
}

#[test]
fn every_file_reads_the_same_but_for_the_two_values() {
    const CASES: usize = 2000;
    let mut keys = Keys::new("credentials files");
    let pairs = Pairs::new(&mut keys);
    let profiles = ["shop", "default", "ops", "new one"];
    let mut files = Vec::new();
    let mut edits = Vec::new();
    for _ in 0..CASES {
        let text = file(&mut keys, &pairs);
        let edit = change(&text, &pairs.old.0, profiles[keys.next() as usize % 4]);
        let secret = Secret::new(pairs.new.1.clone().into_bytes());
        let after = edit.as_ref().map(|edit| edit.with(&pairs.new.0, &secret).to_vec());
        files.push(text.clone());
        files.push(after.unwrap_or(text));
        edits.push(edit);
    }
    let Some(read) = botocore(&files) else { return };
    let (mut changed, mut refused, mut unread) = (0, 0, 0);
    for (index, edit) in edits.iter().enumerate() {
        let (before, after) = (&files[index * 2], &files[index * 2 + 1]);
        let (was, is) = (&read[index * 2], &read[index * 2 + 1]);
        let shown =
            || format!("case {index}: {}\n---\n{}", before.escape_ascii(), after.escape_ascii());
        assert_eq!(ini::read(before).is_ok(), !was.is_null(), "{} {edit:?}", shown());
        let Ok(edit) = edit else {
            *if was.is_null() { &mut unread } else { &mut refused } += 1;
            continue;
        };
        let names: Vec<String> = edit.changed().iter().map(|one| one.profile.clone()).collect();
        let is = &own(is, was);
        assert_eq!(*is, expected(was, &names, &pairs.new), "{}", shown());
        for (profile, values) in was.as_object().into_iter().flatten() {
            let holds = values[ID].as_str() == Some(&pairs.old.0);
            assert!(!holds || names.contains(profile), "{}", shown());
        }
        outside(before, after, &pairs, &shown);
        changed += 1;
    }
    println!("{changed} changed, {refused} refused, {unread} that botocore refuses");
    assert!(changed > CASES / 4 && refused > CASES / 20 && unread > CASES / 20);
}

/// Asserts that nothing differs outside of the values, and that lines are added in one place.
fn outside(before: &[u8], after: &[u8], pairs: &Pairs, shown: &dyn Fn() -> String) {
    let text = String::from_utf8_lossy(after);
    let back = text.replace(&pairs.new.0, &pairs.old.0).replace(&pairs.new.1, &pairs.old.1);
    let back = back.as_bytes();
    let same = |(a, b): &(&u8, &u8)| a == b;
    let head = before.iter().zip(back).take_while(same).count();
    let tail = before.iter().rev().zip(back.iter().rev()).take_while(same).count();
    // Where both values were empty they are two places, each on its own line.
    let empty = ini::read(before)
        .expect("it was changed")
        .iter()
        .any(|section| section.get(ID).is_some_and(|id| id.value.is_empty()));
    assert!(empty || head + tail >= before.len(), "{}", shown());
    let breaks = |text: &[u8], byte| text.iter().filter(|found| **found == byte).count();
    if !before.contains(&b'\r') {
        assert_eq!(breaks(after, b'\r'), 0, "{}", shown());
    }
    if !before.contains(&b'\n') && before.contains(&b'\r') {
        assert_eq!(breaks(after, b'\n'), 0, "{}", shown());
    }
}

/// A file in words of its own: `ID`, `SECRET` and `OTHER` are replaced by keys.
fn written(text: &str, pairs: &Pairs) -> Vec<u8> {
    let text = text.replace("OTHER", &pairs.other.0).replace("ID", &pairs.old.0);
    text.replace("SECRET", &pairs.old.1).into_bytes()
}

#[test]
fn a_file_is_refused_with_its_line_and_the_way_out() {
    let mut keys = Keys::new("refused credentials");
    let pairs = Pairs::new(&mut keys);
    let both = "aws_access_key_id = ID\naws_secret_access_key = SECRET\n";
    let cases = [
        ("\u{feff}[shop]\nBOTH", "(BOM): save it as UTF-8 without one"),
        ("[shop]\nBOTH[shop]\n", "line 4: the section [shop] occurs twice"),
        ("[shop]\nBOTHaws_access_key_id=ID\n", "line 4: aws_access_key_id occurs twice"),
        ("region = x\n[shop]\nBOTH", "line 1 is before the first [section]"),
        ("[shop]\nBOTHregion\n", "line 4 is neither [section] nor name = value"),
        ("[shop]\naws_access_key_id = ID ; note\n", "no aws_secret_access_key"),
        (
            "[shop]\naws_access_key_id = ID ; note\naws_secret_access_key = SECRET\n",
            "line 2: the AWS CLI reads all of 'ID ; note' as the key id",
        ),
        (
            "[x]\naws_access_key_id = \"ID\"\naws_secret_access_key = SECRET\n",
            "line 2: the AWS CLI reads all of '\"ID\"' as the key id",
        ),
        (
            "[shop]\naws_access_key_id = ID\naws_secret_access_key = SECRET # mine\n",
            "line 3: the AWS CLI reads the whole value as the secret",
        ),
        ("[shop]\naws_access_key_id = ID\n  aws_secret_access_key = SECRET\n", "no aws_secret"),
        ("[x]\nBOTH  more\n", "line 3: indented lines follow"),
        ("[shop]\nBOTHaws_session_token = x\n", "line 4: profile shop has a session token"),
        (
            "[shop]\naws_access_key_id = OTHER\naws_secret_access_key = SECRET\n",
            "line 2: profile shop holds another key, OTHER,",
        ),
        ("[shop]\nrole_arn = x\n", "line 2: profile shop gets its credentials by role_arn"),
        ("[DEFAULT]\nBOTH[shop]\n", "line 2: [DEFAULT] gives its settings to every profile"),
    ];
    for (text, why) in cases {
        let text = written(&text.replace("BOTH", both), &pairs);
        let error = change(&text, &pairs.old.0, "shop").expect_err(why).to_string();
        let why = String::from_utf8(written(why, &pairs)).expect("UTF-8");
        assert!(error.contains(&why), "{error} for {}", text.escape_ascii());
        assert!(!error.contains(&pairs.old.1[..8]), "{error}");
    }
    for name in ["", " shop", "a\nb", "[x]", "DEFAULT", "a\"b", "é"] {
        let error = change(b"[other]\n", &pairs.old.0, name).expect_err(name).to_string();
        assert!(error.contains("can't be the name of a profile"), "{error}");
    }
}

#[test]
fn every_profile_with_the_key_gets_the_new_one_and_is_named() {
    let mut keys = Keys::new("several profiles");
    let pairs = Pairs::new(&mut keys);
    let text = "# mine\r\n[a]\r\nAWS_Access_Key_Id:ID\r\naws_secret_access_key =SECRET \r\n\r\n[b]\r\n\
                region=x\r\n\r\n[c]\r\n aws_access_key_id = ID\r\n aws_secret_access_key = SECRET";
    let before = written(text, &pairs);
    let secret = Secret::new(pairs.new.1.clone().into_bytes());
    for (profile, added) in [
        ("a", ""),
        ("b", "aws_access_key_id = NEW\r\naws_secret_access_key = FRESH\r\n"),
        ("d", "\r\n\r\n[d]\r\naws_access_key_id = NEW\r\naws_secret_access_key = FRESH\r\n"),
    ] {
        let edit = change(&before, &pairs.old.0, profile).expect("a change");
        let names: Vec<&str> = edit.changed().iter().map(|one| one.profile.as_str()).collect();
        let mut wanted = vec!["a", "c"];
        wanted.extend(Some(profile).filter(|name| *name != "a"));
        assert_eq!(names, wanted);
        let mut wanted = text.replace("ID", "NEW").replace("SECRET", "FRESH");
        let at = if profile == "b" { wanted.find("\r\n[c]").expect("c") } else { wanted.len() };
        wanted.insert_str(at, added);
        let wanted = wanted.replace("NEW", &pairs.new.0).replace("FRESH", &pairs.new.1);
        let after = edit.with(&pairs.new.0, &secret);
        assert_eq!(String::from_utf8_lossy(&after), wanted, "{profile}");
    }
}
