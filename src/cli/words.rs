//! Command lines without a command: `keysweep PATH` is a scan, and `keysweep help COMMAND` its
//! help.
//!
//! They are considered only after clap has refused them, so no valid command becomes slower.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use clap::CommandFactory as _;
use clap::error::ErrorKind;

use super::commands::Cli;
use crate::text::shell_word;

/// The meaning of a command line that clap refuses.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Meant {
    /// None: clap's message is right.
    AsGiven,
    /// Another command line.
    Words(Vec<OsString>),
    /// None, but this one may be meant.
    Nothing(String),
}

/// The meaning of `args`, with the program's name first, which clap refused with `kind`.
pub(super) fn meant(args: &[OsString], kind: ErrorKind) -> Meant {
    let refused = [
        ErrorKind::InvalidSubcommand,
        ErrorKind::UnknownArgument,
        ErrorKind::MissingSubcommand,
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand,
    ];
    let Some((program, words)) = args.split_first() else { return Meant::AsGiven };
    let Some(first) = words.first().filter(|_| refused.contains(&kind)) else {
        return Meant::AsGiven;
    };
    let known = Cli::command();
    let is_command = |word: &OsStr| known.get_subcommands().any(|one| one.get_name() == word);
    let line =
        |words: &[&[OsString]]| Meant::Words([&[program.clone()][..], &words.concat()].concat());
    if first == "help" {
        return line(&[&words[1..], &["--help".into()]]);
    }
    if is_command(first) {
        return Meant::AsGiven;
    }
    let is_option = first.as_encoded_bytes().starts_with(b"-") && first != "-";
    let moved = words.iter().position(|word| is_command(word) && !Path::new(word).exists());
    match moved.filter(|_| is_option) {
        Some(at) => {
            let mut words = words.to_vec();
            let command = words.remove(at);
            words.insert(0, command);
            let words: Vec<String> = words.iter().map(|word| shell_word_of(word)).collect();
            Meant::Nothing(format!("options follow the command: keysweep {}", words.join(" ")))
        }
        None if is_option || is_path(first) => line(&[&["scan".into()], words]),
        None => Meant::AsGiven,
    }
}

/// True if a word is meant as a path: it exists, or it contains what no command does.
fn is_path(word: &OsStr) -> bool {
    let bytes = word.as_encoded_bytes();
    word == "-" || bytes.contains(&b'/') || bytes.contains(&b'.') || Path::new(word).exists()
}

fn shell_word_of(word: &OsStr) -> String {
    match word.to_str() {
        // An option is a word of its own.
        Some(word) if word.starts_with('-') && !word.contains([' ', '\'', '"']) => word.to_owned(),
        _ => shell_word(&word.to_string_lossy()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_type() {
        for (args, expected) in [
            ("help", Some("--help")),
            ("help scan", Some("scan --help")),
            ("help histroy", Some("histroy --help")),
            (".", Some("scan .")),
            ("src Cargo.toml", Some("scan src Cargo.toml")),
            ("no/such/file", Some("scan no/such/file")),
            ("-", Some("scan -")),
            ("--format json .", Some("scan --format json .")),
            ("-v", Some("scan -v")),
            ("scan --bogus", None),
            ("histroy", None),
            ("history --bogus src", None),
        ] {
            let words: Vec<OsString> =
                std::iter::once("keysweep").chain(args.split(' ')).map(Into::into).collect();
            let expected = expected.map_or(Meant::AsGiven, |line| {
                let words = std::iter::once("keysweep").chain(line.split(' '));
                Meant::Words(words.map(Into::into).collect())
            });
            assert_eq!(meant(&words, ErrorKind::UnknownArgument), expected, "{args}");
        }
        let words = ["keysweep", "-q", "history", "a b"].map(OsString::from);
        let Meant::Nothing(advice) = meant(&words, ErrorKind::UnknownArgument) else {
            panic!("there is a command to be typed");
        };
        assert_eq!(advice, "options follow the command: keysweep history -q 'a b'");
    }
}
