//! The arguments: options and their help.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize};

use super::parse;
#[cfg(feature = "verify")]
use crate::command::verify::live;
use crate::coverage::Coverage;
use crate::finding::{Confidence, Finding};
use crate::report::{Filtered, Format, Limits};
use crate::run::FailOn;

/// Arguments of `scan`.
#[derive(Debug, Args)]
pub(super) struct ScanArguments {
    /// Files and folders; `-` is standard input [default: standard input if it is a pipe or file
    /// with data, otherwise the current folder]
    #[arg(value_name = "PATH")]
    pub(super) paths: Vec<PathBuf>,
    /// Path to report for standard input; without PATH it implies standard input
    #[arg(long, value_name = "NAME")]
    pub(super) stdin_name: Option<String>,
    #[command(flatten)]
    pub(super) selection: SelectionArguments,
    #[command(flatten)]
    pub(super) common: CommonArguments,
}

/// Arguments of `history`.
#[derive(Debug, Args)]
pub(super) struct HistoryArguments {
    /// The repository [default: GIT_DIR, or the one around the current folder]
    #[arg(value_name = "REPO")]
    pub(super) repo: Option<PathBuf>,
    #[command(flatten)]
    pub(super) attribution: AttributionArguments,
    #[command(flatten)]
    pub(super) database: DatabaseArguments,
    #[command(flatten)]
    pub(super) common: CommonArguments,
}

/// Arguments of every command that reads git.
#[derive(Clone, Debug, Args, Serialize, Deserialize)]
#[command(next_help_heading = "Git")]
pub(super) struct DatabaseArguments {
    /// Do not read git's alternates: object folders that a repository borrows from
    #[arg(long)]
    pub(super) no_alternates: bool,
    /// Check that every object exists that refs, reflogs and the index lead to
    #[arg(long)]
    pub(super) check_connectivity: bool,
}

/// Arguments of every command that searches whole histories.
#[derive(Clone, Debug, Args, Serialize, Deserialize)]
#[command(next_help_heading = "Git")]
pub(super) struct AttributionArguments {
    /// Do not find out which commits, paths and refs hold what was found in git's objects: findings
    /// name only the object
    #[arg(long)]
    pub(super) no_attribution: bool,
}

/// Arguments of `staged`.
#[derive(Debug, Args)]
pub(super) struct StagedArguments {
    /// The repository, if the first is one; then files and folders in it
    #[arg(value_name = "[REPO] PATH")]
    pub(super) paths: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) hook: HookMessage,
    #[command(flatten)]
    pub(super) database: DatabaseArguments,
    #[command(flatten)]
    pub(super) common: CommonArguments,
}

/// Arguments of `range`.
#[derive(Debug, Args)]
pub(super) struct RangeArguments {
    /// The range; with --stdin, the repository. With --hook it may be omitted: it is then read
    /// from the pre-commit framework's PRE_COMMIT_FROM_REF and PRE_COMMIT_TO_REF
    #[arg(value_name = "BASE..HEAD", required_unless_present_any = ["stdin", "hook"])]
    pub(super) range: Option<OsString>,
    /// The repository [default: GIT_DIR, or the one around the current folder]
    #[arg(value_name = "REPO", conflicts_with = "stdin")]
    pub(super) repo: Option<PathBuf>,
    /// Read the lines that git passes to a pre-receive or pre-push hook
    #[arg(long)]
    pub(super) stdin: bool,
    /// The remote of a pre-push hook: what other remotes have counts as new
    #[arg(long, value_name = "NAME", requires = "stdin")]
    pub(super) remote: Option<String>,
    #[command(flatten)]
    pub(super) hook: HookMessage,
    #[command(flatten)]
    pub(super) database: DatabaseArguments,
    #[command(flatten)]
    pub(super) common: CommonArguments,
}

/// Arguments of commands that git runs as hooks.
#[derive(Debug, Args)]
pub(super) struct HookMessage {
    /// Print nothing if there are no findings, otherwise at most ten lines that say what to do,
    /// instead of the report
    #[arg(long, conflicts_with_all = ["format", "show_secrets"], help_heading = "Output")]
    pub(super) hook: bool,
}

/// The files to scan.
#[derive(Clone, Debug, Args, Serialize, Deserialize)]
#[command(next_help_heading = "Selection")]
pub(super) struct SelectionArguments {
    /// Scan only what GLOB matches: a name at any depth or, with a slash, a path from the top
    #[arg(long, value_name = "GLOB")]
    pub(super) include: Vec<String>,
    /// Leave out what GLOB matches
    #[arg(long, value_name = "GLOB")]
    pub(super) exclude: Vec<String>,
    /// Scan ignored files too
    #[arg(long)]
    pub(super) no_ignore: bool,
    /// Leave out files larger than SIZE, such as 500K, 10M or 1G
    #[arg(long, value_name = "SIZE", value_parser = parse::size)]
    pub(super) max_file_size: Option<u64>,
}

impl SelectionArguments {
    /// True if no option leaves out a file.
    pub(super) fn leaves_nothing_out(&self) -> bool {
        self.include.is_empty() && self.exclude.is_empty() && self.max_file_size.is_none()
    }
}

#[cfg(feature = "verify")]
impl SelectionArguments {
    /// All files, ignored ones included.
    pub(super) fn everything() -> Self {
        Self { include: Vec::new(), exclude: Vec::new(), no_ignore: true, max_file_size: None }
    }
}

/// Arguments of every command that scans.
#[derive(Debug, Args)]
pub(super) struct CommonArguments {
    #[command(flatten)]
    pub(super) output: OutputArguments,
    /// Report findings of at least this confidence
    #[arg(long, value_name = "LEVEL", default_value = "medium", help_heading = "Verdict")]
    pub(super) min_confidence: MinConfidence,
    /// Exit with 1 if there are findings of at least this severity
    #[arg(long, value_name = "LEVEL", default_value = "warning", help_heading = "Verdict")]
    pub(super) fail_on: FailOnLevel,
    #[command(flatten)]
    pub(super) packs: PackArguments,
    #[command(flatten)]
    pub(super) suppressions: SuppressionArguments,
    #[command(flatten)]
    pub(super) limits: LimitArguments,
    #[cfg(feature = "verify")]
    #[command(flatten)]
    pub(super) verify: super::verify::ScanVerifyArguments,
}

impl CommonArguments {
    /// Keeps the live keys of `findings` alone, if the user asked for that, and gives what the report
    /// says of the others.
    #[cfg_attr(
        not(feature = "verify"),
        expect(
            unused_variables,
            clippy::unused_self,
            clippy::ptr_arg,
            reason = "without verification no key is known to be live"
        )
    )]
    pub(super) fn keep_live(
        &self,
        findings: &mut Vec<Finding>,
        coverage: &mut Coverage,
    ) -> Option<Filtered> {
        #[cfg(feature = "verify")]
        return self.verify.only_live().then(|| live::keep(findings, coverage));
        #[cfg(not(feature = "verify"))]
        None
    }
}

/// The packs of rules.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct PackArguments {
    /// Apply the rules of PACK: aws, tokens (of other providers), more (forms that are less sure), a
    /// pack that rules of the configuration name, all; repeatable, or separated by commas [default:
    /// packs of the configuration, or aws, tokens and those of its rules]
    #[arg(long, value_name = "PACK", value_delimiter = ',', help_heading = "Selection")]
    pack: Vec<String>,
}

impl PackArguments {
    /// The names of the option, if it is given.
    pub(super) fn packs(&self) -> Option<Vec<String>> {
        (!self.pack.is_empty()).then(|| self.pack.clone())
    }
}

/// Suppressions and the files they come from.
#[derive(Debug, Args)]
#[command(next_help_heading = "Suppressed findings")]
pub(super) struct SuppressionArguments {
    /// Suppress the findings of FILE [default: .keysweep-baseline at the repository's root; `range`
    /// reads BASE's]
    #[arg(long, value_name = "FILE")]
    pub(super) baseline: Option<PathBuf>,
    /// Report suppressed findings too, and mark them
    #[arg(long)]
    pub(super) include_suppressed: bool,
    /// Ignore markers such as `keysweep:allow` on a line
    #[arg(long)]
    pub(super) no_inline_allow: bool,
    #[command(flatten)]
    pub(super) config: ConfigArguments,
}

/// The configuration file.
#[derive(Clone, Debug, Args)]
pub(super) struct ConfigArguments {
    /// Read patterns, excludes and allow-lists from FILE [default: .keysweep.toml at the
    /// repository's root; `range` reads BASE's]
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with = "no_config",
        help_heading = "Suppressed findings"
    )]
    pub(super) config: Option<PathBuf>,
    /// Read no configuration file
    #[arg(long, help_heading = "Suppressed findings")]
    pub(super) no_config: bool,
}

/// Format and destination of the report.
#[derive(Debug, Args)]
pub(super) struct OutputArguments {
    /// Format of the report on standard output [default: text]
    #[arg(long, short, value_name = "FORMAT", value_parser = format_parser())]
    #[arg(help_heading = "Output")]
    pub(super) format: Option<String>,
    /// Write the report to FILE instead of standard output, in the format of its ending; or, as
    /// FORMAT=FILE, in addition to standard output; repeatable
    #[arg(long, short, value_name = "[FORMAT=]FILE", help_heading = "Output")]
    pub(super) output: Vec<String>,
    /// List every location and every problem in text, and print when and how keysweep was called
    #[arg(long, short, help_heading = "Output", conflicts_with = "quiet")]
    pub(super) verbose: bool,
    /// Category of a SARIF report, which distinguishes several analyses of one commit [default:
    /// keysweep/COMMAND]
    #[arg(long, value_name = "NAME", value_parser = parse::category, help_heading = "Output")]
    pub(super) sarif_category: Option<String>,
    /// Print nothing if there is nothing to report
    #[arg(long, short, help_heading = "Output")]
    pub(super) quiet: bool,
    /// Show no progress
    #[arg(long, help_heading = "Output")]
    pub(super) no_progress: bool,
    /// Use colours: always, never, or only in a terminal
    #[arg(long, value_name = "WHEN", default_value = "auto", help_heading = "Output")]
    pub(super) color: Color,
    /// Show secrets in clear (text, json and jsonl only)
    #[arg(long, help_heading = "Output")]
    pub(super) show_secrets: bool,
}

impl OutputArguments {
    /// The limits of a report.
    pub(super) fn limits(&self) -> Limits {
        if self.verbose { Limits::verbose() } else { Limits::default() }
    }

    /// The defaults.
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

/// Limits of a run.
#[derive(Debug, Args)]
pub(super) struct LimitArguments {
    /// Number of threads [default: one for each processor]
    #[arg(long, short = 'j', value_name = "N", help_heading = "Limits", value_parser = parse::threads)]
    pub(super) threads: Option<usize>,
    /// End the run after TIME, such as 90s, 10m or 1h, and report what was found
    #[arg(long, value_name = "TIME", help_heading = "Limits", value_parser = parse::duration)]
    pub(super) timeout: Option<Duration>,
    /// Hold up to about half of SIZE in memory, and one location of a credential for each 4K
    /// [default: 512M]; if you set SIZE, it also limits the whole process and ends the run like
    /// --timeout
    #[arg(long, value_name = "SIZE", help_heading = "Limits", value_parser = parse::memory)]
    pub(super) max_memory: Option<u64>,
    #[command(flatten)]
    pub(super) containers: ContainerArguments,
}

/// Limits of archives and other containers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args, Serialize, Deserialize)]
#[command(next_help_heading = "Containers")]
pub(super) struct ContainerArguments {
    /// Open nested containers, N deep [default: 8]; 0 opens none
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(0..=64))]
    pub(super) depth: Option<u32>,
    /// Read up to N members of a file, nested ones included [default: 500000]
    #[arg(long, value_name = "N")]
    pub(super) max_members: Option<u64>,
    /// Unpack up to SIZE of a file [default: 32G]
    #[arg(long, value_name = "SIZE", value_parser = parse::size)]
    pub(super) max_unpacked: Option<u64>,
    /// Beyond 64M, unpack up to N times a file's size [default: 250]
    #[arg(long, value_name = "N")]
    pub(super) max_ratio: Option<u64>,
    /// Unpack a file for up to TIME [default: 10m]
    #[arg(long, value_name = "TIME", value_parser = parse::duration)]
    pub(super) max_unpack_time: Option<Duration>,
    /// Hold up to SIZE of a container that is inside another one or in a pipe [default: 256M]
    #[arg(long, value_name = "SIZE", value_parser = parse::size)]
    pub(super) max_held: Option<u64>,
    /// Read up to N members in the whole run [default: 50000000]
    #[arg(long, value_name = "N")]
    pub(super) max_run_members: Option<u64>,
    /// Unpack up to SIZE in the whole run [default: 1T]
    #[arg(long, value_name = "SIZE", value_parser = parse::size)]
    pub(super) max_run_unpacked: Option<u64>,
}

impl LimitArguments {
    /// True if no option leaves out a part of what is read.
    pub(super) fn leave_nothing_out(&self) -> bool {
        self.containers == ContainerArguments::default()
    }
}

pub(super) fn format_parser() -> clap::builder::PossibleValuesParser {
    Format::ALL.map(Format::as_str).into()
}

/// The use of colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Color {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// See [`Confidence`].
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum MinConfidence {
    /// Also values that hardly look random
    Low,
    /// Also pairs that only proximity supports
    Medium,
    /// Only pairs in one record, and labelled values
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
    /// On any finding
    Note,
    /// On warnings and errors
    Warning,
    /// On errors
    Error,
    /// On keys that AWS accepts now; needs --verify
    #[cfg(feature = "verify")]
    Active,
    /// On no finding
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
