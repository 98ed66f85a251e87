//! `keysweep history`, `staged` and `range`.

use std::error::Error;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::arguments::{
    DatabaseArguments, HistoryArguments, LimitArguments, RangeArguments, StagedArguments,
};
use super::output::Outputs;
use super::scan::{Job, carry_out, containers, policy, threads};
use super::signals::Session;
use crate::coverage::Ledger;
use crate::run::clock::Clock;
use crate::run::policy::Place;
use crate::run::{Source, Status};
use crate::source::git::open::{self, Environment};
use crate::source::git::{self, database, history, range, staged};
use crate::source::stdin;
use crate::stop::Stop;

impl DatabaseArguments {
    /// What was typed, as the readers of git take it.
    pub(super) fn options(&self, limits: &LimitArguments, stop: &Stop) -> database::Options {
        database::Options {
            threads: threads(limits),
            containers: containers(limits),
            alternates: !self.no_alternates,
            connectivity: self.check_connectivity,
            stop: stop.clone(),
            ..database::Options::default()
        }
    }
}

/// Carries out `keysweep history`.
pub(super) fn history(typed: HistoryArguments) -> Result<Status, Box<dyn Error>> {
    let session = Session::begin();
    let environment = Environment::from_process();
    let place = place(typed.repo.as_deref(), &environment)?;
    let source = Source::History(history::Options {
        repo: typed.repo,
        environment,
        database: typed.database.options(&typed.common.limits, &session.stop),
        min_confidence: typed.common.min_confidence.into(),
    });
    let outputs = Outputs::new(&typed.common.output)?;
    let policy = policy(&typed.common.settled, place)?;
    let whole = !typed.database.no_alternates && typed.common.limits.leave_nothing_out();
    let job = Job { command: "history", sources: vec![source], session, policy, whole };
    carry_out(job, &typed.common, &outputs)
}

/// Carries out `keysweep staged`.
pub(super) fn staged(typed: StagedArguments) -> Result<Status, Box<dyn Error>> {
    let session = Session::begin();
    let mut paths = typed.paths;
    // A first path that is a repository of its own names it; a folder inside one is a path.
    let names_repository = paths.first().is_some_and(|path| open::is_repository(path));
    let repo: Option<PathBuf> = names_repository.then(|| paths.remove(0));
    let environment = Environment::from_process();
    let place = place(repo.as_deref(), &environment)?;
    let named = repo.clone();
    let source = Source::Staged(staged::Options {
        repo,
        paths,
        environment,
        database: typed.database.options(&typed.common.limits, &session.stop),
    });
    let outputs = Outputs::new(&typed.common.output)?.for_hook(typed.hook.hook, named);
    let policy = policy(&typed.common.settled, place)?;
    let sources = vec![source];
    let job = Job { command: "staged", sources, session, policy, whole: false };
    carry_out(job, &typed.common, &outputs)
}

/// Carries out `keysweep range`.
pub(super) fn range(typed: RangeArguments) -> Result<Status, Box<dyn Error>> {
    let session = Session::begin();
    let mut remote = typed.remote;
    let (repo, input) = if typed.stdin {
        let lines = read_lines(&session, typed.common.limits.timeout)?;
        (typed.range.map(PathBuf::from), range::Input::Hook(lines))
    } else if typed.range.is_none() {
        remote = variable("PRE_COMMIT_REMOTE_NAME");
        (None, framework_input()?)
    } else {
        let range = typed.range.unwrap_or_default();
        let range = range.into_string().map_err(|range| {
            format!("the range {} is not UTF-8: name commits by their ids", range.display())
        })?;
        (typed.repo, range::Input::Between(range))
    };
    let named = repo.clone();
    let options = range::Options {
        repo,
        input,
        remote: remote.map(String::into_bytes),
        environment: Environment::from_process(),
        database: typed.database.options(&typed.common.limits, &session.stop),
    };
    let outputs = Outputs::new(&typed.common.output)?.for_hook(typed.hook.hook, named);
    let policy = policy(&typed.common.settled, Place::Base(Box::new(options.clone())))?;
    let sources = vec![Source::Range(options)];
    let job = Job { command: "range", sources, session, policy, whole: false };
    carry_out(job, &typed.common, &outputs)
}

/// The whole lines of standard input, up to its end or that of the run, which the run then tells.
pub(super) fn read_lines(session: &Session, limit: Option<Duration>) -> io::Result<Vec<u8>> {
    let mut lines = Vec::new();
    let mut input = stdin::until(&session.stop)?;
    let clock = Clock::new("--timeout", limit, session.began);
    clock.limit(&session.stop, &Ledger::new(), || input.read_to_end(&mut lines))?;
    if session.stop.is_set() {
        let end = lines.iter().rposition(|&byte| byte == b'\n' || byte == 0);
        lines.truncate(end.map_or(0, |end| end + 1));
    }
    Ok(lines)
}

/// Where a repository's own configuration and baseline stand: at the root of its work tree.
fn place(repo: Option<&Path>, environment: &Environment) -> Result<Place, git::Error> {
    let opened = open::open(repo, environment)?;
    let environment = environment.of(&opened, repo.is_some());
    Ok(open::work_tree(&opened, &environment).map_or(Place::Nowhere, Place::Folder))
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// What the pre-commit framework says of a push: a range or, where the remote has nothing of the
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
