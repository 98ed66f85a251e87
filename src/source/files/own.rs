//! Files that keysweep wrote: reports, baselines and states of sweeps.
//!
//! They contain every key id that was found, so each scan would report what the last one did. A
//! file is recognised by its beginning. The author of a scanned file can write such a beginning,
//! too: so only single ids are left out, never a secret or a session token.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use super::open::open;
use crate::finding::Candidate;

/// Bytes of a file that are read.
const HEAD: u64 = 4096;

/// Texts in the first bytes of a file, without blanks: how it begins, and how it names the program.
const BEGINNINGS: [(&str, &str); 13] = [
    // json
    ("{\"schema\":", "\"tool\":{\"name\":\"keysweep\""),
    // jsonl
    ("{\"fingerprint\":\"", "\"rule\":\""),
    // sarif
    ("{\"$schema\":", "\"tool\":{\"driver\":{\"name\":\"keysweep\""),
    // gitlab
    ("{\"version\":", "\"analyzer\":{\"id\":\"keysweep\""),
    // junit
    ("<?xml", "<testsuitesname=\"keysweep\""),
    // csv
    ("fingerprint,rule,severity,confidence,key_id,", ""),
    // html
    ("<!doctypehtml>", "<metaname=\"generator\"content=\"keysweep"),
    // text and markdown
    ("keysweep", "\n"),
    ("###keysweep", "\n"),
    // a comparison of two reports in JSON
    ("{\"diff_schema\":", "\"tool\":{\"name\":\"keysweep\""),
    // a ticket
    ("<!--keysweepticket", ""),
    // the state of a sweep
    ("{\"keysweep_sweep\":", ""),
    // a partial of one
    (PARTIAL, ""),
];

/// The beginning of a partial of any version.
pub const PARTIAL: &str = "{\"keysweep_partial\":";

/// The beginnings of a baseline, the present one first.
const BASELINES: [&str; 2] = ["#Findingsthatkeysweepsuppresses:", "#Findingsthatkeysweepaccepts:"];

/// True if a candidate is only an id, which a report may quote.
pub(super) fn may_be_quoted(candidate: &Candidate) -> bool {
    let credential = &candidate.credential;
    credential.secret.is_none() && credential.session_token.is_none() && candidate.inside.is_empty()
}

/// True if the file at `path` begins like one of keysweep.
pub(super) fn is_own(path: &Path) -> bool {
    let mut head = Vec::new();
    let read = |file: File| file.take(HEAD).read_to_end(&mut head);
    open(path).and_then(read).is_ok() && begins_as_own(&head)
}

fn begins_as_own(head: &[u8]) -> bool {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let text = String::from_utf8_lossy(head);
    let line = text.lines().next().unwrap_or_default();
    let bare: String = text.chars().filter(|letter| *letter != ' ').collect();
    let packed: String = bare.chars().filter(|letter| !letter.is_ascii_whitespace()).collect();
    if BASELINES.iter().any(|beginning| packed.starts_with(beginning)) {
        return true;
    }
    BEGINNINGS.iter().any(|&(beginning, name)| match name {
        // `keysweep 0.1.0 scan` and nothing else on the line.
        "\n" => bare.starts_with(beginning) && is_heading(line.trim_start_matches("### ")),
        name => packed.starts_with(beginning) && packed.contains(name),
    })
}

/// True if a line is the program's name, a version and a command.
fn is_heading(line: &str) -> bool {
    let mut words = line.split(' ');
    let (name, version, command) = (words.next(), words.next(), words.next());
    let version = version.is_some_and(|it| it.starts_with(|c: char| c.is_ascii_digit()));
    let command = command.is_some_and(|it| it.bytes().all(|byte| byte.is_ascii_lowercase()));
    name == Some("keysweep") && version && command && words.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mention_of_the_program_is_not_a_report() {
        for (text, is_one) in [
            ("keysweep 0.1.0 scan\n\n", true),
            ("### keysweep 0.1.0 history\n", true),
            ("keysweep scan finds keys\n", false),
            ("keysweep 0.1.0 is out\n", false),
            ("# keysweep\n", false),
            ("{\n  \"schema\": 2,\n  \"tool\": {\n    \"name\": \"keysweep\",\n", true),
            ("{\"schema\":1,\"tool\":{\"name\":\"other\"}}", false),
            ("{\"keysweep_sweep\":1,", true),
            ("{\n  \"diff_schema\": 1,\n  \"tool\": {\"name\":\"keysweep\",", true),
            ("### keysweep 0.1.0 diff\n", true),
            ("<!-- keysweep ticket 0123 -->\n# AWS access key", true),
            ("{\"keysweep_partial\":1,", true),
            ("# Findings that keysweep accepts: fingerprint", true),
            ("# Findings that keysweep suppresses: fingerprint", true),
            ("", false),
        ] {
            assert_eq!(begins_as_own(text.as_bytes()), is_one, "{text}");
        }
    }
}
