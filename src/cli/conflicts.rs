//! Options that contradict each other, or that together could never fail. Such a run would be green
//! whatever it finds, so it does not begin.
//!
//! A wrong value of one option is refused where it is parsed. Conflicts that clap knows, such as
//! `conflicts_with`, are declared at the options; `tests/cli/conflicts.rs` lists all of them.

use std::path::{Path, PathBuf};

use super::arguments::{CommonArguments, FailOnLevel};
use super::output::Outputs;
use crate::rules::RuleSet;
#[cfg(feature = "verify")]
use crate::rules::{Method, Pack, Rule, Shape};
use crate::text::escape_path;

/// Two options that exclude each other.
#[derive(Debug, thiserror::Error)]
pub(super) enum Conflict {
    /// `--fail-on active` without verification.
    #[cfg(feature = "verify")]
    #[error(
        "--fail-on active needs --verify: without verification no key is known to be active, and \
         the run could never fail"
    )]
    NobodyAsked,
    /// Verification without a key that could be verified.
    #[cfg(feature = "verify")]
    #[error(
        "{option} without the pack aws would never report anything: AWS is asked only about the keys \
         of that pack, and {packs} is chosen"
    )]
    NothingToAsk {
        /// The option.
        option: &'static str,
        /// The packs that apply.
        packs: String,
    },
    /// A hook that passes everything.
    #[error("--hook with --fail-on never would never stop anything: omit one of them")]
    IdleHook,
    /// A report would overwrite a file that the run reads or keeps.
    #[error("--output would overwrite the file of {option}, {path}: name another one")]
    Overwritten {
        /// The other option that names the file.
        option: &'static str,
        /// The file, escaped for display.
        path: String,
    },
}

/// Refuses conflicting options. `others` are further files that the run reads or keeps, with the
/// options that name them.
pub(super) fn check(
    args: &CommonArguments,
    outputs: &Outputs,
    others: &[(&'static str, Option<&Path>)],
) -> Result<(), Conflict> {
    #[cfg(feature = "verify")]
    if matches!(args.fail_on, FailOnLevel::Active) && !args.verify.asks() {
        return Err(Conflict::NobodyAsked);
    }
    if outputs.is_hook() && matches!(args.fail_on, FailOnLevel::Never) {
        return Err(Conflict::IdleHook);
    }
    let suppressions = &args.suppressions;
    let config = suppressions.config.config.as_deref();
    overwritten(
        outputs,
        &[("--baseline", suppressions.baseline.as_deref()), ("--config", config)],
    )?;
    overwritten(outputs, others)
}

/// Refuses options for live keys together with rules that find none.
#[cfg_attr(not(feature = "verify"), expect(unused_variables, reason = "nothing is verified"))]
pub(super) fn packs(args: &CommonArguments, rules: &RuleSet) -> Result<(), Conflict> {
    #[cfg(feature = "verify")]
    {
        let fails_on_active = matches!(args.fail_on, FailOnLevel::Active);
        let option = match (args.verify.only_live(), fails_on_active) {
            (true, _) => "--only-live",
            (false, true) => "--fail-on active",
            (false, false) => return Ok(()),
        };
        // A rule of the user's own that finds ids may find those of AWS.
        let finds_keys = rules.packs.has(Pack::Aws) || rules.in_force().any(finds_ids);
        if !finds_keys {
            return Err(Conflict::NothingToAsk { option, packs: rules.packs.names() });
        }
    }
    Ok(())
}

/// True for a rule of the user's own whose findings have an id; AWS is asked about nothing else.
#[cfg(feature = "verify")]
fn finds_ids(rule: &Rule) -> bool {
    let has_id = match rule.method {
        Method::Pair | Method::KeyId => true,
        Method::Shape => rule.shape.as_ref().is_some_and(Shape::has_id),
        Method::Secret | Method::SessionToken => false,
    };
    rule.file.is_some() && has_id
}

/// Refuses an output that would overwrite one of `files`, which the options name.
pub(super) fn overwritten(
    outputs: &Outputs,
    files: &[(&'static str, Option<&Path>)],
) -> Result<(), Conflict> {
    let written: Vec<PathBuf> = outputs.paths().iter().map(|path| place(path)).collect();
    for &(option, path) in files {
        if let Some(path) = path.filter(|path| written.contains(&place(path))) {
            let path = escape_path(path.as_os_str().as_encoded_bytes());
            return Err(Conflict::Overwritten { option, path });
        }
    }
    Ok(())
}

/// The path by which two spellings of one file are compared, whether or not the file exists.
fn place(path: &Path) -> PathBuf {
    let folder = path.parent().filter(|folder| *folder != Path::new(""));
    let folder = folder.unwrap_or(Path::new(".")).canonicalize();
    match (path.canonicalize(), folder, path.file_name()) {
        (Ok(path), ..) => path,
        (Err(_), Ok(folder), Some(name)) => folder.join(name),
        _ => path.to_owned(),
    }
}
