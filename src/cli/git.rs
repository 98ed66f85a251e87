//! `keysweep history`, `staged` and `range`.

use std::error::Error;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::arguments::{
    AttributionArguments, DatabaseArguments, HistoryArguments, LimitArguments, RangeArguments,
    StagedArguments,
};
use super::output::Outputs;
use super::scan::{Job, carry_out, containers, policy, threads};
use super::signals::Session;
use crate::coverage::Ledger;
use crate::run::policy::PolicyRoot;
use crate::run::time_limit::TimeLimit;
use crate::run::{Source, Status};
use crate::source::git::open::{self, Environment};
use crate::source::git::{self, database, history, range, staged};
use crate::source::stdin;
use crate::stop::Stop;

impl AttributionArguments {
    /// The options with these arguments.
    pub(super) fn applied(&self, options: database::DatabaseOptions) -> database::DatabaseOptions {
        database::DatabaseOptions { attribution: !self.no_attribution, ..options }
    }
}

impl DatabaseArguments {
    /// The options of everything that reads git.
    pub(super) fn options(
        &self,
        limits: &LimitArguments,
        stop: &Stop,
    ) -> database::DatabaseOptions {
        database::DatabaseOptions {
            threads: threads(limits),
            containers: containers(limits),
            alternates: !self.no_alternates,
            connectivity: self.check_connectivity,
            stop: stop.clone(),
            ..database::DatabaseOptions::default()
        }
    }
}

pub(super) fn history(args: HistoryArguments) -> Result<Status, Box<dyn Error>> {
    let session = Session::begin();
    let environment = Environment::from_process();
    let place = place(args.repo.as_deref(), &environment)?;
    let source = Source::History(history::HistoryOptions {
        repo: args.repo,
        environment,
        database: args
            .attribution
            .applied(args.database.options(&args.common.limits, &session.stop)),
        min_confidence: args.common.min_confidence.into(),
        since: None,
    });
    let outputs = Outputs::new(&args.common.output)?;
    let policy = policy(&args.common.suppressions, args.common.packs.packs(), place)?;
    let whole = !args.database.no_alternates && args.common.limits.leave_nothing_out();
    let job = Job { command: "history", sources: vec![source], session, policy, whole };
    carry_out(job, &args.common, &outputs)
}

pub(super) fn staged(args: StagedArguments) -> Result<Status, Box<dyn Error>> {
    let session = Session::begin();
    let mut paths = args.paths;
    // The first path may be a repository of its own; a folder inside one is a path.
    let names_repository = paths.first().is_some_and(|path| open::is_repository(path));
    let repo: Option<PathBuf> = names_repository.then(|| paths.remove(0));
    let environment = Environment::from_process();
    let place = place(repo.as_deref(), &environment)?;
    let named = repo.clone();
    let source = Source::Staged(staged::StagedOptions {
        repo,
        paths,
        environment,
        database: args.database.options(&args.common.limits, &session.stop),
    });
    let outputs = Outputs::new(&args.common.output)?.for_hook(args.hook.hook, named);
    let policy = policy(&args.common.suppressions, args.common.packs.packs(), place)?;
    let sources = vec![source];
    let job = Job { command: "staged", sources, session, policy, whole: false };
    carry_out(job, &args.common, &outputs)
}

pub(super) fn range(args: RangeArguments) -> Result<Status, Box<dyn Error>> {
    let session = Session::begin();
    let mut remote = args.remote;
    let (repo, input) = if args.stdin {
        let lines = read_lines(&session, args.common.limits.timeout)?;
        (args.range.map(PathBuf::from), range::Input::Hook(lines))
    } else if args.range.is_none() {
        remote = variable("PRE_COMMIT_REMOTE_NAME");
        (None, framework_input()?)
    } else {
        let range = args.range.unwrap_or_default();
        let range = range.into_string().map_err(|range| {
            format!("the range {} is not UTF-8: use commit ids", range.display())
        })?;
        (args.repo, range::Input::Between(range))
    };
    let named = repo.clone();
    let options = range::RangeOptions {
        repo,
        input,
        remote: remote.map(String::into_bytes),
        environment: Environment::from_process(),
        database: args.database.options(&args.common.limits, &session.stop),
    };
    let outputs = Outputs::new(&args.common.output)?.for_hook(args.hook.hook, named);
    let base = PolicyRoot::Base(Box::new(options.clone()));
    let policy = policy(&args.common.suppressions, args.common.packs.packs(), base)?;
    let sources = vec![Source::Range(options)];
    let job = Job { command: "range", sources, session, policy, whole: false };
    carry_out(job, &args.common, &outputs)
}

/// Complete lines of standard input, until it ends or the run does; the run then reports that.
pub(super) fn read_lines(session: &Session, limit: Option<Duration>) -> io::Result<Vec<u8>> {
    let mut lines = Vec::new();
    let mut input = stdin::until(&session.stop)?;
    let clock = TimeLimit::new("--timeout", limit, session.began);
    clock.limit(&session.stop, &Ledger::new(), || input.read_to_end(&mut lines))?;
    if session.stop.is_set() {
        let end = lines.iter().rposition(|&byte| byte == b'\n' || byte == 0);
        lines.truncate(end.map_or(0, |end| end + 1));
    }
    Ok(lines)
}

/// The root of a repository's own configuration and baseline: that of its work tree.
fn place(repo: Option<&Path>, environment: &Environment) -> Result<PolicyRoot, git::Error> {
    let opened = open::open(repo, environment)?;
    let environment = environment.of(&opened, repo.is_some());
    Ok(open::work_tree(&opened, &environment).map_or(PolicyRoot::Nowhere, PolicyRoot::Folder))
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The pre-commit framework's variables for a push: a range or, if the remote has nothing of the
/// branch yet, the branch.
fn framework_input() -> Result<range::Input, Box<dyn Error>> {
    if let (Some(from), Some(to)) = (variable("PRE_COMMIT_FROM_REF"), variable("PRE_COMMIT_TO_REF"))
    {
        return Ok(range::Input::Between(format!("{from}..{to}")));
    }
    match variable("PRE_COMMIT_LOCAL_BRANCH") {
        Some(branch) => Ok(range::Input::New(branch)),
        None => {
            Err("no range: name BASE..HEAD; the pre-commit framework gives one when it runs at \
                     pre-push, or with --from-ref and --to-ref"
                .into())
        }
    }
}
