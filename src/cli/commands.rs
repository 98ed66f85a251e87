//! The commands that can be typed, and their help.

use clap::{Parser, Subcommand};

use super::arguments::{HistoryArguments, RangeArguments, ScanArguments, StagedArguments};

/// What help ends with.
const AFTER_HELP: &str = "keysweep PATH is short for keysweep scan PATH, and keysweep help COMMAND for keysweep COMMAND --help.";

/// Finds leaked AWS keys.
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
    /// Scan files, folders and standard input.
    ///
    /// Hidden files are read, links are not followed, `.git` is not entered. Files that
    /// `.gitignore` or `.git/info/exclude` ignore are left out, unless git tracks them. A PATH
    /// that is named is always scanned.
    Scan(ScanArguments),
    /// Scan all of a git repository's history.
    ///
    /// Reads the database itself: every blob, commit and tag, reachable or not, of all refs,
    /// reflogs, stashes and the index; ref names, reflog messages and the repository's
    /// configuration. Each finding says which commit brought it, who wrote that, which refs still
    /// hold it and where it was removed.
    History(HistoryArguments),
    /// Scan what the next commit would add.
    ///
    /// Reports a credential of a staged file that HEAD does not hold in that file. A PATH without
    /// staged change is scanned whole.
    Staged(StagedArguments),
    /// Scan what the commits of a range added.
    ///
    /// Commit by commit: a key that was added and removed inside the range is found, an old key
    /// in an edited file is not.
    Range(RangeArguments),
    /// Scan many repositories and folders, one report.
    ///
    /// A TARGET that is a repository is scanned with its files and its history. In a folder that
    /// is none, every repository is looked for at any depth, bare ones too, and each is a target of
    /// its own; the files around them are one more. Each target has its row on standard error as
    /// it ends. A credential of several targets is one finding. A target that can't be read is told
    /// and does not end the sweep.
    Sweep(super::sweep::SweepArguments),
    /// Have git run keysweep before a commit or a push.
    ///
    /// Writes a hook where git looks for it, core.hooksPath included, and checks that git would run
    /// it. A hook that is there already is kept and runs first. Hooks that belong to husky, lefthook,
    /// Overcommit or pre-commit, or that go by their own name, are left alone, and the lines that
    /// make them run keysweep are printed.
    InstallHook(super::hook::HookArguments),
    /// Suppress the findings that there are, so that only new ones are reported.
    ///
    /// Scans the files and, in a git repository, all of its history, lists what is found, in a
    /// terminal asks, and writes it to `.keysweep-baseline` at the root: one line each, by value, with no line numbers and no
    /// times. Entries that are there keep their reason and last day. A key that is suppressed is
    /// still leaked: `keysweep explain` says how to replace it.
    Baseline(super::baseline::BaselineArguments),
    /// Show what keysweep finds, on a small project of its own.
    ///
    /// Makes the project in a temporary folder, with random keys in a dozen of the forms in which
    /// keys leak, scans it, and tells what to type next.
    Demo,
    /// Say what a key id or a rule is and what to do about it, step by step, offline.
    ///
    /// KEY and OWNER are set once, in the first lines, and used in all commands below.
    Explain(super::lookup::ExplainArguments),
    /// List the rules in force.
    Rules(super::lookup::RulesArguments),
    /// Ask AWS whether a key, or the keys of an earlier report, are live.
    ///
    /// The secret of KEY_ID is read from standard input or a prompt, and for an ASIA key the
    /// session token from the next line. The findings of a report are found anew in TARGET, as a
    /// report holds no secrets. Each request appears in the CloudTrail of the key's owner. Exits
    /// with 1 if a key is active, 3 if nothing was proved of one or its secret is wrong, else 0.
    #[cfg(feature = "verify")]
    Verify(super::verify::VerifyCommand),
    /// Print a script that completes commands and options in a shell.
    Completions(super::generate::CompletionsArguments),
    /// Print a manual page in roff, or write all of them into a folder.
    Man(super::generate::ManArguments),
}
