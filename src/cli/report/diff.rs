//! `keysweep report --diff`.

use std::error::Error;

use super::{ReportArguments, add_accounts, filter};
use crate::cli::arguments::OutputArguments;
use crate::cli::complain;
use crate::cli::output::{OutputError, Outputs, status_of_failure};
use crate::command::report::diff::compare;
use crate::command::report::merge::{Input, merge};
use crate::report::{Limits, Report, Saved, View};
use crate::run::Status;

/// Compares two reports, and writes the result.
pub(super) fn report(
    args: &ReportArguments,
    output: &OutputArguments,
    outputs: &Outputs,
    inputs: &[Input],
) -> Result<Status, Box<dyn Error>> {
    if let Some(format) = outputs.formats().find(|format| !format.can_compare()) {
        return Err(OutputError::NotCompared { format: format.as_str() }.into());
    }
    let [old, new] = inputs else {
        let count = inputs.len();
        return Err(format!("--diff compares two reports, OLD and NEW, not {count}").into());
    };
    let mut all = both(&old.saved, &new.saved);
    add_accounts(args, &mut all)?;
    let filter = filter(args, &all)?;
    let mut filtered = all.filter.clone();
    let diff = compare(old, new, &filter, &mut filtered);
    let is_complete =
        old.saved.coverage.complete && new.saved.coverage.complete && diff.unscanned.is_empty();
    let status = match diff.has_new(&old.saved, &new.saved, args.fail_on.into()) {
        true => Status::Findings,
        false if is_complete => Status::Clean,
        false => Status::Incomplete,
    };
    let report = Report {
        findings: &diff.added,
        coverage: &new.saved.coverage,
        rules: &all.rules,
        command: "report --diff",
        category: None,
        show_secrets: false,
        include_suppressed: true,
        baseline: false,
        repository: None,
        exit: status.code(),
        times: None,
        limits: if output.verbose { Limits::verbose() } else { Limits::default() },
        view: View { filter: filtered.as_ref(), groups: &[], accounts: Some(&all.accounts) },
    };
    let is_same = diff.added.is_empty() && diff.changed.is_empty() && is_complete;
    match outputs.write_diff(&diff, &report, output.quiet && is_same) {
        Ok(()) => Ok(status),
        Err(error) => {
            if !error.is_closed_pipe() {
                complain(&error);
            }
            Ok(status_of_failure(status))
        }
    }
}

/// The rules, names and targets of both.
fn both(old: &Saved, new: &Saved) -> Saved {
    let input = |saved: &Saved| {
        let mut saved = saved.clone();
        // The places of both are the same.
        saved.coverage.scanned.clear();
        Input { name: String::new(), saved }
    };
    merge(vec![input(new), input(old)])
}
