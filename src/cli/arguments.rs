//! What can be typed: commands, options and their help.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

use super::parse;
use crate::finding::Confidence;
use crate::report::{Format, Limits};
use crate::run::FailOn;

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

/// Of `scan`.
#[derive(Debug, Args)]
pub(super) struct ScanArguments {
    /// Files and folders; `-` is standard input [default: standard input if it is a pipe or file
    /// with data, else the current folder].
    #[arg(value_name = "PATH")]
    pub(super) paths: Vec<PathBuf>,
    /// Path to report for standard input, which is scanned then if no PATH is named.
    #[arg(long, value_name = "NAME")]
    pub(super) stdin_name: Option<String>,
    #[command(flatten)]
    pub(super) selection: SelectionArguments,
    #[command(flatten)]
    pub(super) common: CommonArguments,
}

/// Of `history`.
#[derive(Debug, Args)]
pub(super) struct HistoryArguments {
    /// The repository [default: GIT_DIR, or the one around the current folder].
    #[arg(value_name = "REPO")]
    pub(super) repo: Option<PathBuf>,
    #[command(flatten)]
    pub(super) database: DatabaseArguments,
    #[command(flatten)]
    pub(super) common: CommonArguments,
}

/// Of every command that reads git.
#[derive(Debug, Args)]
#[command(next_help_heading = "Git")]
pub(super) struct DatabaseArguments {
    /// Do not read object folders that a repository borrows from.
    #[arg(long)]
    pub(super) no_alternates: bool,
    /// Check too that everything is here that refs, reflogs and the index lead to.
    #[arg(long)]
    pub(super) check_connectivity: bool,
}

/// Of `staged`.
#[derive(Debug, Args)]
pub(super) struct StagedArguments {
    /// The repository, if the first is one; then files and folders in it.
    #[arg(value_name = "[REPO] PATH")]
    pub(super) paths: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) hook: HookMessage,
    #[command(flatten)]
    pub(super) database: DatabaseArguments,
    #[command(flatten)]
    pub(super) common: CommonArguments,
}

/// Of `range`.
#[derive(Debug, Args)]
pub(super) struct RangeArguments {
    /// BASE..HEAD; with --stdin, the repository. With --hook it may be left out: then it is what
    /// the pre-commit framework says in PRE_COMMIT_FROM_REF and PRE_COMMIT_TO_REF.
    #[arg(value_name = "BASE..HEAD", required_unless_present_any = ["stdin", "hook"])]
    pub(super) range: Option<OsString>,
    /// The repository [default: GIT_DIR, or the one around the current folder].
    #[arg(value_name = "REPO", conflicts_with = "stdin")]
    pub(super) repo: Option<PathBuf>,
    /// Read what git gives a pre-receive or pre-push hook.
    #[arg(long)]
    pub(super) stdin: bool,
    /// Of a pre-push hook, the remote: what other remotes have counts as new.
    #[arg(long, value_name = "NAME", requires = "stdin")]
    pub(super) remote: Option<String>,
    #[command(flatten)]
    pub(super) hook: HookMessage,
    #[command(flatten)]
    pub(super) database: DatabaseArguments,
    #[command(flatten)]
    pub(super) common: CommonArguments,
}

/// Of what git runs as a hook.
#[derive(Debug, Args)]
pub(super) struct HookMessage {
    /// Say nothing when all is well, else in ten lines what to do; in place of the report on
    /// standard output.
    #[arg(long, conflicts_with_all = ["format", "show_secrets"], help_heading = "Output")]
    pub(super) hook: bool,
}

/// Which files to scan.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Selection")]
pub(super) struct SelectionArguments {
    /// Scan only what GLOB matches: a name at any depth or, with a slash, a path from the top.
    #[arg(long, value_name = "GLOB")]
    pub(super) include: Vec<String>,
    /// Leave out what GLOB matches.
    #[arg(long, value_name = "GLOB")]
    pub(super) exclude: Vec<String>,
    /// Scan ignored files too.
    #[arg(long)]
    pub(super) no_ignore: bool,
    /// Leave out files larger than SIZE, such as 500K, 10M or 1G.
    #[arg(long, value_name = "SIZE", value_parser = parse::size)]
    pub(super) max_file_size: Option<u64>,
}

impl SelectionArguments {
    /// Whether nothing was typed that leaves out a file.
    pub(super) fn leaves_nothing_out(&self) -> bool {
        self.include.is_empty() && self.exclude.is_empty() && self.max_file_size.is_none()
    }
}

#[cfg(feature = "verify")]
impl SelectionArguments {
    /// All files, ignored ones too.
    pub(super) fn everything() -> Self {
        Self { include: Vec::new(), exclude: Vec::new(), no_ignore: true, max_file_size: None }
    }
}

/// Of every command that scans.
#[derive(Debug, Args)]
pub(super) struct CommonArguments {
    #[command(flatten)]
    pub(super) output: OutputArguments,
    /// Report findings from this confidence on.
    #[arg(long, value_name = "LEVEL", default_value = "medium", help_heading = "Verdict")]
    pub(super) min_confidence: MinConfidence,
    /// Exit with 1 if there are findings of this severity or worse.
    #[arg(long, value_name = "LEVEL", default_value = "warning", help_heading = "Verdict")]
    pub(super) fail_on: FailOnLevel,
    #[command(flatten)]
    pub(super) suppressions: SuppressionArguments,
    #[command(flatten)]
    pub(super) limits: LimitArguments,
    #[cfg(feature = "verify")]
    #[command(flatten)]
    pub(super) verify: super::verify::VerifyArguments,
}

/// What is suppressed, and by whom.
#[derive(Debug, Args)]
#[command(next_help_heading = "Suppressed findings")]
pub(super) struct SuppressionArguments {
    /// Suppress the findings of FILE [default: .keysweep-baseline at the repository's
    /// root; `range` reads BASE's].
    #[arg(long, value_name = "FILE")]
    pub(super) baseline: Option<PathBuf>,
    /// Report suppressed findings too, marked as such.
    #[arg(long)]
    pub(super) include_suppressed: bool,
    /// Take no notice of markers such as `keysweep:allow` on a line.
    #[arg(long)]
    pub(super) no_inline_allow: bool,
    #[command(flatten)]
    pub(super) config: ConfigArguments,
}

/// Which configuration file.
#[derive(Clone, Debug, Args)]
pub(super) struct ConfigArguments {
    /// Read patterns, excludes and allow-lists from FILE [default: .keysweep.toml at the
    /// repository's root; `range` reads BASE's].
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with = "no_config",
        help_heading = "Suppressed findings"
    )]
    pub(super) config: Option<PathBuf>,
    /// Read no configuration file.
    #[arg(long, help_heading = "Suppressed findings")]
    pub(super) no_config: bool,
}

/// How and where to report.
#[derive(Debug, Args)]
pub(super) struct OutputArguments {
    /// How to write the report on standard output [default: text].
    #[arg(long, short, value_name = "FORMAT", value_parser = format_parser())]
    #[arg(help_heading = "Output")]
    pub(super) format: Option<String>,
    /// Write a report to FILE instead of standard output, in the format that its name ends in, or
    /// also, as FORMAT=FILE; repeatable.
    #[arg(long, short, value_name = "[FORMAT=]FILE", help_heading = "Output")]
    pub(super) output: Vec<String>,
    /// List every place and every problem in text, and say when and how keysweep was called.
    #[arg(long, short, help_heading = "Output", conflicts_with = "quiet")]
    pub(super) verbose: bool,
    /// Category of a SARIF report, which tells several analyses of one commit apart
    /// [default: keysweep/COMMAND].
    #[arg(long, value_name = "NAME", value_parser = parse::category, help_heading = "Output")]
    pub(super) sarif_category: Option<String>,
    /// Print nothing when there is nothing to tell.
    #[arg(long, short, help_heading = "Output")]
    pub(super) quiet: bool,
    /// Show no progress.
    #[arg(long, help_heading = "Output")]
    pub(super) no_progress: bool,
    /// When to use colours.
    #[arg(long, value_name = "WHEN", default_value = "auto", help_heading = "Output")]
    pub(super) color: Color,
    /// Show secrets in clear (text, json and jsonl only).
    #[arg(long, help_heading = "Output")]
    pub(super) show_secrets: bool,
}

impl OutputArguments {
    /// How much is shown.
    pub(super) fn limits(&self) -> Limits {
        if self.verbose { Limits::verbose() } else { Limits::default() }
    }

    /// Nothing was typed.
    pub(super) fn plain() -> Self {
        Self {
            format: None,
            output: Vec::new(),
            verbose: false,
            quiet: false,
            no_progress: false,
            color: Color::Auto,
            show_secrets: false,
            sarif_category: None,
        }
    }
}

/// How much a run may take.
#[derive(Debug, Args)]
pub(super) struct LimitArguments {
    /// Threads to use; one for each processor by default.
    #[arg(long, short = 'j', value_name = "N", help_heading = "Limits", value_parser = parse::threads)]
    pub(super) threads: Option<usize>,
    /// End the run after TIME, such as 90s, 10m or 1h, and report what was found.
    #[arg(long, value_name = "TIME", help_heading = "Limits", value_parser = parse::duration)]
    pub(super) timeout: Option<Duration>,
    /// Hold up to about half of SIZE of texts, and a place of a credential for each 4K [default:
    /// 512M]; a SIZE that is typed is a limit for the whole process, and ends the run like --timeout.
    #[arg(long, value_name = "SIZE", help_heading = "Limits", value_parser = parse::memory)]
    pub(super) max_memory: Option<u64>,
    #[command(flatten)]
    pub(super) containers: ContainerArguments,
}

/// How far archives and other containers are opened.
#[derive(Debug, Default, PartialEq, Eq, Args)]
#[command(next_help_heading = "Containers")]
pub(super) struct ContainerArguments {
    /// Open containers in containers, N deep [default: 8]; 0 opens none.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(0..=64))]
    pub(super) depth: Option<u32>,
    /// Read up to N members of a file, those of containers in it too [default: 500000].
    #[arg(long, value_name = "N")]
    pub(super) max_members: Option<u64>,
    /// Read up to SIZE of members of a file [default: 32G].
    #[arg(long, value_name = "SIZE", value_parser = parse::size)]
    pub(super) max_unpacked: Option<u64>,
    /// Beyond 64M, read up to N times a file's size of its members [default: 250].
    #[arg(long, value_name = "N")]
    pub(super) max_ratio: Option<u64>,
    /// Read members of a file for up to TIME [default: 10m].
    #[arg(long, value_name = "TIME", value_parser = parse::duration)]
    pub(super) max_unpack_time: Option<Duration>,
    /// Hold up to SIZE of a container that lies in another one or in a pipe [default: 256M].
    #[arg(long, value_name = "SIZE", value_parser = parse::size)]
    pub(super) max_held: Option<u64>,
    /// Read up to N members in the whole run [default: 50000000].
    #[arg(long, value_name = "N")]
    pub(super) max_run_members: Option<u64>,
    /// Read up to SIZE of members in the whole run [default: 1T].
    #[arg(long, value_name = "SIZE", value_parser = parse::size)]
    pub(super) max_run_unpacked: Option<u64>,
}

impl LimitArguments {
    /// Whether nothing was typed that leaves out a part of what is read.
    pub(super) fn leave_nothing_out(&self) -> bool {
        self.containers == ContainerArguments::default()
    }
}

fn format_parser() -> clap::builder::PossibleValuesParser {
    Format::ALL.map(Format::as_str).into()
}

/// When to use colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Color {
    /// On a terminal, unless NO_COLOR is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// See [`Confidence`].
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum MinConfidence {
    /// Hardly random text, too.
    Low,
    /// Joined by proximity alone, too.
    Medium,
    /// In one record, or labelled.
    High,
}

impl From<MinConfidence> for Confidence {
    fn from(choice: MinConfidence) -> Self {
        match choice {
            MinConfidence::Low => Self::Low,
            MinConfidence::Medium => Self::Medium,
            MinConfidence::High => Self::High,
        }
    }
}

/// See [`FailOn`].
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum FailOnLevel {
    /// On any finding.
    Note,
    /// On warnings and errors.
    Warning,
    /// On errors.
    Error,
    /// On keys that AWS accepts now; needs --verify.
    #[cfg(feature = "verify")]
    Active,
    /// On no finding.
    Never,
}

impl From<FailOnLevel> for FailOn {
    fn from(choice: FailOnLevel) -> Self {
        match choice {
            FailOnLevel::Note => Self::Note,
            FailOnLevel::Warning => Self::Warning,
            FailOnLevel::Error => Self::Error,
            #[cfg(feature = "verify")]
            FailOnLevel::Active => Self::Active,
            FailOnLevel::Never => Self::Never,
        }
    }
}
