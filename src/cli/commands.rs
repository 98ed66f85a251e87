//! The commands, and their help.

use std::ffi::OsString;

use clap::{Args, Parser, Subcommand};

use super::arguments::{HistoryArguments, RangeArguments, ScanArguments, StagedArguments};

/// The end of the help.
const AFTER_HELP: &str = "keysweep PATH is short for keysweep scan PATH, and keysweep help COMMAND for keysweep COMMAND --help.";

/// Finds leaked AWS keys, and tokens of other providers.
#[derive(Debug, Parser)]
#[command(name = "keysweep", version, about, max_term_width = 100, disable_help_subcommand = true)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Cli {
    #[command(subcommand)]
    pub(super) command: Command,
}

/// A command.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Scan files, folders and standard input
    ///
    /// Hidden files are read, links are not followed, `.git` is not entered. Files that
    /// `.gitignore` or `.git/info/exclude` ignore are left out, unless git tracks them. A PATH that
    /// you name is always scanned.
    Scan(ScanArguments),
    /// Scan the whole history of a git repository
    ///
    /// Reads the object database itself: every blob, commit and tag, reachable or not, of all refs,
    /// reflogs, stashes and the index; also ref names, reflog messages and the repository's
    /// configuration. Each finding shows which commit added it, who wrote that commit, which refs
    /// still hold it and where it was removed.
    History(HistoryArguments),
    /// Scan what the next commit would add
    ///
    /// Reports a credential of a staged file that HEAD does not have in that file, nor in one with
    /// the same content. A PATH without staged changes is scanned completely.
    Staged(StagedArguments),
    /// Scan what the commits of a range added
    ///
    /// Commit by commit: a key that was added and removed inside the range is found, an old key in
    /// an edited file is not.
    Range(RangeArguments),
    /// Scan many repositories and folders in one report
    ///
    /// A TARGET that is a repository is scanned with its files and its history. In another folder,
    /// keysweep looks for repositories at any depth, bare ones included; each is a target of its
    /// own, and the files outside of them are one more. Each target has a row on standard error
    /// when it ends. A credential of several targets is one finding. A target that can't be read is
    /// reported, and the sweep continues.
    Sweep(super::sweep::SweepArguments),
    /// Filter, merge and convert earlier reports
    ///
    /// Reads reports in json, jsonl or sarif, and writes any format again. Nothing is scanned and
    /// nothing is sent. An incomplete report stays incomplete, and a filtered report says how many
    /// findings are hidden.
    Report(super::report::ReportArguments),
    /// Make one report of the partials of many sweeps
    ///
    /// Reads what `keysweep sweep --partial` wrote, on any machine: the targets need not be there.
    /// The report has the bytes of one sweep of all targets. The same target in several
    /// partials is counted once. A partial that is not complete is used as far as it goes, and
    /// reported.
    Merge(super::merge::MergeArguments),
    /// Make git run keysweep before a commit or a push
    ///
    /// Writes a hook to the folder that git reads, core.hooksPath included, and checks that git
    /// would run it. An existing hook is kept and runs first. Hooks that belong to husky, lefthook,
    /// Overcommit or pre-commit, or that read their own name, are left alone; the lines that make
    /// them run keysweep are printed.
    InstallHook(super::hook::HookArguments),
    /// Suppress the present findings, so that only new ones are reported
    ///
    /// Scans the files and, in a git repository, its whole history; lists the findings, asks if it
    /// runs in a terminal, and writes `.keysweep-baseline` at the root: one line for each finding,
    /// by value, without line numbers or times. Existing entries keep their reason and last day. A
    /// suppressed key is still leaked: `keysweep explain` says how to replace it.
    Baseline(super::baseline::BaselineArguments),
    /// Show what keysweep finds, in a small temporary project
    ///
    /// Makes a project in a temporary folder, with random keys in a dozen of the forms in which
    /// keys leak, scans it, and says what to run next.
    Demo,
    /// Explain a key id or a rule and what to do about it, step by step, offline
    ///
    /// The first lines set KEY and OWNER, which all commands use.
    Explain(super::lookup::ExplainArguments),
    /// List the rules that apply
    Rules(super::lookup::RulesArguments),
    /// Ask AWS whether a key, or the keys of an earlier report, are live
    ///
    /// The secret of KEY_ID is read from standard input or a prompt, and for an ASIA key the
    /// session token from the next line. With --report FILE, TARGET is searched for the findings of
    /// that report, because a report contains no secrets. Each request appears in the CloudTrail of
    /// the key's owner. Exits with 1 if a key is active; 3 if nothing was proved about one, if its
    /// secret is wrong (unless --only-live hides it), or if a finding is no longer in TARGET;
    /// otherwise 0.
    #[cfg(feature = "verify")]
    Verify(super::verify::VerifyCommand),
    #[cfg(feature = "verify")]
    #[command(flatten)]
    Act(super::act::ActCommand),
    /// Print a completion script for a shell
    Completions(super::generate::CompletionsArguments),
    /// Print a manual page in roff, or write all of them to a folder
    Man(super::generate::ManArguments),
}

/// The command, if its arguments are right and it is one that hooks and editors run.
///
/// clap builds the arguments of all commands before it reads the first word, which takes longer than a
/// hook needs for git. So these commands are tried alone first. Help and errors are for [`Cli`].
pub(super) fn parsed_alone(args: &[OsString]) -> Option<Command> {
    let [_, name, ..] = args else { return None };
    match name.to_str()? {
        "scan" => alone(args).map(Command::Scan),
        "staged" => alone(args).map(Command::Staged),
        "range" => alone(args).map(Command::Range),
        _ => None,
    }
}

/// Parses the arguments after the name of the command.
fn alone<A: Args>(args: &[OsString]) -> Option<A> {
    let command = A::augment_args(clap::Command::new("keysweep"));
    // The error is for a message, which `Cli` writes.
    let matches = command.try_get_matches_from(&args[1..]).ok()?;
    A::from_arg_matches(&matches).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<OsString> {
        line.split(' ').map(OsString::from).collect()
    }

    #[test]
    fn one_command_is_parsed_as_among_all_commands() {
        let lines = [
            "keysweep scan",
            "keysweep scan -- - a -b",
            "keysweep scan --threads 3 --format json --output x.sarif a b",
            "keysweep staged --hook",
            "keysweep staged . --pack aws --no-config",
            "keysweep range main..side --fail-on error",
            "keysweep range --stdin --remote origin --hook",
        ];
        for line in lines {
            let one = parsed_alone(&words(line)).expect("valid");
            let all = Cli::try_parse_from(words(line)).expect("valid").command;
            assert_eq!(format!("{one:?}"), format!("{all:?}"), "{line}");
        }
    }

    #[test]
    fn help_errors_and_other_commands_are_for_all() {
        let lines = [
            "keysweep",
            "keysweep --version",
            "keysweep scan --help",
            "keysweep staged -h",
            "keysweep staged -V",
            "keysweep staged --no-such-option",
            "keysweep range",
            "keysweep a/path",
            "keysweep demo",
        ];
        for line in lines {
            assert!(parsed_alone(&words(line)).is_none(), "{line}");
        }
    }
}
