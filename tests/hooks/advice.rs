//! The advice of a hook's message works when it is pasted: the commands are taken out of the
//! message and run, in a folder below the top, in every state in which a commit can be.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::Keys;
use crate::support::hooks::HookFixture;

/// The command of the first line that begins so: the text after its colon.
#[track_caller]
fn command(message: &str, head: &str) -> String {
    let line = message.lines().find(|line| line.starts_with(head));
    let line = line.unwrap_or_else(|| panic!("no '{head}': {message}"));
    let keysweep = format!(": {}", env!("CARGO_BIN_EXE_keysweep"));
    let starts = [": git ", ": printf ", &keysweep];
    let at = starts.iter().filter_map(|start| line.find(start)).min();
    line[at.unwrap_or_else(|| panic!("no command: {line}")) + 2..].to_owned()
}

/// A state in which a leak is about to be committed.
#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    /// There is no commit yet.
    First,
    /// The file is new.
    New,
    /// The file is known.
    Known,
    /// `git commit -a` of a known file.
    All,
    /// The leak is staged, and the file has changed since.
    Partly,
    /// The leak is staged, and the file is clean again.
    Edited,
    /// A merge with a conflict was resolved with the leak.
    Merge,
}

const STATES: [State; 7] = [
    State::First,
    State::New,
    State::Known,
    State::All,
    State::Partly,
    State::Edited,
    State::Merge,
];

/// Names of the files that hold a leak.
const NAMES: [&[&str]; 3] = [
    &["prod.env"],
    &["a b/it's \"x\" $(y).env", "-rf", "conf/#*[1]?.env"],
    &["back\\slash\u{1b}[2J.env", "ü .env", ":(top)x", "!y "],
];

/// A repository in a state, and how its commit is made.
struct Case {
    fixture: HookFixture,
    repo: PathBuf,
    names: &'static [&'static str],
    state: State,
    keys: Keys,
}

impl Case {
    fn new(state: State, names: &'static [&'static str]) -> Self {
        let fixture = HookFixture::new(&[]);
        let keys = Keys::new(&format!("advice {state:?} {names:?}"));
        let repo = fixture.project.at("repo");
        if state == State::First {
            fs::create_dir(&repo).expect("a folder");
            fixture.git(&repo, &["init", "-q"]).done();
        } else {
            fixture.repository("repo");
        }
        let mut case = Self { fixture, repo, names, state, keys };
        case.prepare();
        fs::create_dir(case.repo.join("below")).expect("a folder");
        case.fixture.keysweep(&case.repo, &["install-hook"]);
        case
    }

    fn prepare(&mut self) {
        let git = |case: &Self, arguments: &[&str]| case.fixture.git(&case.repo, arguments).done();
        let known = !matches!(self.state, State::First | State::New);
        if known {
            self.write("first\n");
            git(self, &["add", "-A"]);
            git(self, &["commit", "-qm", "known"]);
        }
        if self.state == State::Merge {
            git(self, &["switch", "-qc", "side"]);
            self.write("theirs\n");
            git(self, &["commit", "-qam", "theirs"]);
            git(self, &["switch", "-q", "main"]);
            self.write("ours\n");
            git(self, &["commit", "-qam", "ours"]);
            assert!(!self.fixture.git(&self.repo, &["merge", "-q", "side"]).done);
        }
        let mut leaks = Vec::new();
        for _ in self.names {
            leaks.push(format!("first\n{}", self.keys.pair().env));
        }
        for (name, leak) in self.names.iter().zip(&leaks) {
            self.write_one(name, leak);
        }
        // A file without a leak is committed with it.
        fs::write(self.repo.join("clean"), format!("{:?}\n", self.state)).expect("a file");
        git(self, &["add", "clean"]);
        if self.state != State::All {
            git(self, &["add", "-A"]);
        }
        match self.state {
            State::Partly => {
                for (name, leak) in self.names.iter().zip(&leaks) {
                    self.write_one(name, &format!("{leak}more\n"));
                }
            }
            State::Edited => self.write("edited\n"),
            _ => {}
        }
    }

    fn write(&self, text: &str) {
        self.names.iter().for_each(|name| self.write_one(name, text));
    }

    fn write_one(&self, name: &str, text: &str) {
        let path = self.repo.join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
        fs::write(path, text).expect("a file");
    }

    /// Commits as the state does, or as one does next.
    fn commit(&self) -> crate::support::hooks::Said {
        let all: &[&str] = if self.state == State::All { &["-a"] } else { &[] };
        let message: &[&str] =
            if self.state == State::Merge { &["--no-edit"] } else { &["-m", "x"] };
        self.fixture.git(&self.repo, &[&["commit", "-q"], message, all].concat())
    }

    /// The message of the hook that stops the commit.
    #[track_caller]
    fn stopped(&self) -> String {
        let message = self.commit().stopped(&["(id) and ", "(secret)"]).text;
        assert!(!message.contains('\u{1b}'), "{message:?}");
        message
    }

    /// Pastes a command in a folder below the top.
    #[track_caller]
    fn paste(&self, command: &str) {
        let below = self.repo.join("below");
        // A command that opens an editor gets a message instead.
        let script = format!("GIT_EDITOR='echo message >'; export GIT_EDITOR; {command}");
        let said = self.fixture.run(&below, "sh", &["-c", &script], "");
        assert!(said.done, "{:?} {:?}: {command}: {}", self.state, self.names, said.text);
    }

    /// True if HEAD or the index holds a leak.
    fn holds(&self, what: &str) -> bool {
        let grep = ["grep", "-q", "-I", "-e", "AWS_SECRET", what, "--", ":/"];
        self.fixture.git(&self.repo, &grep).done
    }
}

#[test]
fn leaving_the_files_out() {
    for state in STATES {
        for names in NAMES {
            let case = Case::new(state, names);
            let message = case.stopped();
            let count =
                |case: &Case| match case.fixture.git(&case.repo, &["rev-parse", "-q", "HEAD"]).done
                {
                    true => case.fixture.commits(&case.repo),
                    false => 0,
                };
            let before = count(&case);
            if state == State::Merge {
                case.paste(&command(&message, "  or abort the merge"));
                assert_eq!(count(&case), before);
                let merging = case.repo.join(".git/MERGE_HEAD").exists();
                assert!(!merging && !case.holds("HEAD"), "{names:?}");
                continue;
            }
            let way = if state == State::All {
                "  or commit everything else"
            } else {
                "  or leave it out"
            };
            case.paste(&command(&message, way));
            if state != State::All {
                case.fixture.git(&case.repo, &["commit", "-qm", "without it"]).done();
            }
            assert_eq!(count(&case), before + 1, "{state:?} {names:?}: {message}");
            assert!(!case.holds("HEAD"), "{state:?} {names:?}: {message}");
            // The files are as they were, and stopped again where they are added again.
            let is_new = matches!(state, State::First | State::New);
            assert!(names.iter().all(|name| case.repo.join(name).exists()));
            if state != State::Edited {
                case.fixture.git(&case.repo, &["add", "-A"]).done();
                case.fixture.git(&case.repo, &["commit", "-qm", "again"]).stopped(&["(secret)"]);
                case.fixture.git(&case.repo, &["reset", "-q"]).done();
            }
            assert_eq!(message.contains("Keep it out:"), is_new, "{state:?}: {message}");
            if is_new {
                case.paste(&command(&message, "Keep it out:"));
                case.fixture.git(&case.repo, &["add", "-A"]).done();
                case.fixture.git(&case.repo, &["commit", "-qm", "ignored"]).done();
                assert!(!case.holds("HEAD"), "{names:?}: {message}");
            }
        }
    }
}

#[test]
fn replacing_the_lines() {
    for state in STATES {
        for names in NAMES {
            let case = Case::new(state, names);
            let message = case.stopped();
            case.write("read it from the environment\n");
            case.paste(&command(&message, "Take it out:"));
            if state != State::Merge {
                case.commit().done();
            }
            assert!(!case.holds("HEAD"), "{state:?} {names:?}: {message}");
            let merging = case.repo.join(".git/MERGE_HEAD").exists();
            assert!(!merging, "{state:?} {names:?}");
        }
    }
}

#[test]
fn a_false_alarm_is_accepted_by_its_value_alone() {
    for state in STATES {
        let mut case = Case::new(state, NAMES[1]);
        let message = case.stopped();
        case.paste(&command(&message, "Suppress it:"));
        case.commit().done();
        let text = fs::read_to_string(case.repo.join(".keysweep-baseline")).expect("a baseline");
        let accepted = text.lines().filter(|line| line.ends_with("# false alarm")).count();
        assert_eq!(accepted, 3, "{state:?}: {text}");
        assert!(
            case.holds("HEAD")
                && case
                    .fixture
                    .git(&case.repo, &["ls-files", "--error-unmatch", ".keysweep-baseline"])
                    .done
        );
        // The next one is another.
        let next = case.keys.pair().env;
        case.write(&next);
        case.fixture.git(&case.repo, &["add", "-A"]).done();
        case.fixture.git(&case.repo, &["commit", "-qm", "next"]).stopped(&["(secret)"]);
    }
}

/// The position of the commit with the leak in the push.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Place {
    /// The last commit.
    Tip,
    /// Others follow it.
    Deep,
    /// A later one takes the file away.
    Removed,
    /// It is the repository's first commit, and others follow.
    Root,
    /// It is on a branch that is not checked out.
    Elsewhere,
    /// It is on a branch that was merged.
    Merged,
}

const PLACES: [Place; 6] =
    [Place::Tip, Place::Deep, Place::Removed, Place::Root, Place::Elsewhere, Place::Merged];

/// The name of the file that holds the leak.
const NAME: &str = "it's a.env";

/// A repository whose next push holds a leak at `place`, in a file that its commit brings or only
/// changes.
fn prepare_push(fixture: &HookFixture, place: Place, is_new: bool) -> PathBuf {
    let mut keys = Keys::new(&format!("advice push {place:?} {is_new}"));
    let repo = fixture.project.at("repo");
    fs::create_dir_all(repo.join("below")).expect("a folder");
    let git = |arguments: &[&str]| fixture.git(&repo, arguments);
    let commit = |name: &str, text: &str| {
        fs::write(repo.join(name), text).expect("a file");
        git(&["add", "-A"]).done();
        git(&["commit", "-qm", name]).done();
    };
    git(&["init", "-q"]).done();
    git(&["init", "-q", "--bare", "../origin.git"]).done();
    git(&["remote", "add", "origin", "../origin.git"]).done();
    if place != Place::Root {
        commit(if is_new { "start" } else { NAME }, "start\n");
        git(&["push", "-q", "origin", "main"]).done();
    }
    if place == Place::Merged {
        commit("ours", "ours\n");
        git(&["switch", "-qc", "side", "main~1"]).done();
    }
    // A second file comes with it, which is always new.
    fs::create_dir_all(repo.join("b c")).expect("a folder");
    fs::write(repo.join("b c/second.env"), keys.pair().env).expect("a file");
    commit(NAME, &format!("start\n{}", keys.pair().env));
    let follow =
        |count| (0..count).for_each(|number| commit(&format!("after {number}"), "after\n"));
    match place {
        Place::Tip => {}
        Place::Deep | Place::Root => follow(2),
        Place::Removed => {
            follow(1);
            git(&["rm", "-q", NAME, "b c/second.env"]).done();
            git(&["commit", "-qm", "removed"]).done();
        }
        Place::Elsewhere => {
            follow(1);
            git(&["branch", "other's"]).done();
            git(&["reset", "-q", "--hard", "HEAD~2"]).done();
        }
        Place::Merged => {
            git(&["switch", "-q", "main"]).done();
            git(&["merge", "-q", "--no-edit", "side"]).done();
            follow(1);
        }
    }
    fixture.keysweep(&repo, &["install-hook", "--type", "pre-push"]);
    // Work that is not committed is in nobody's way.
    if place != Place::Root {
        let name = if is_new { "start" } else { "ours" };
        fs::write(repo.join(name), "being worked on\n").expect("a file");
    }
    repo
}

/// Does what the message about a push says, and pushes again.
fn pushed(place: Place, is_new: bool) {
    let fixture = HookFixture::new(&[]);
    let repo = prepare_push(&fixture, place, is_new);
    let branch = if place == Place::Elsewhere { "other's" } else { "main" };
    let push = || fixture.git(&repo, &["push", "-q", "origin", branch]);
    let message = push().stopped(&["this push", "(id) and "]).text;
    let paste = |command: &str| {
        let script = format!("GIT_EDITOR='echo message >'; export GIT_EDITOR; {command}");
        let said = fixture.run(&repo.join("below"), "sh", &["-c", &script], "");
        assert!(said.done, "{place:?} {is_new}: {command}: {}", said.text);
    };
    let replace = || {
        if !is_new {
            fs::write(repo.join(NAME), "start\nread it from the environment\n").expect("a file");
        }
    };
    if place == Place::Tip {
        replace();
        paste(&command(&message, "Take it out:"));
    } else {
        paste(&command(&message, "Take it out:"));
        replace();
        let then = if is_new { "  take the new files" } else { "  replace the lines" };
        paste(&command(&message, then));
    }
    assert!(!repo.join(".git/rebase-merge").exists(), "{place:?} {is_new}: {message}");
    let said = push();
    assert!(said.done, "{place:?} {is_new}: {message}\n{}", said.text);
    let log = ["log", "--oneline", "-S", "AWS_SECRET", "origin/main", branch];
    assert_eq!(fixture.git(&repo, &log).done().text, "", "{place:?} {is_new}");
}

#[test]
fn rewriting_the_commit_that_is_pushed() {
    for place in PLACES {
        for is_new in [true, false] {
            // A file that is changed and then removed is a conflict, which git explains itself;
            // the first commit has new files only.
            if is_new || !matches!(place, Place::Removed | Place::Root) {
                pushed(place, is_new);
            }
        }
    }
}

#[test]
fn a_server_advises_who_pushes() {
    let fixture = HookFixture::new(&[]);
    let mut keys = Keys::new("advice server");
    let repo = fixture.repository("repo");
    fixture.git(&repo, &["init", "-q", "--bare", "../server.git"]).done();
    let server: &Path = &fixture.project.at("server.git");
    fixture.keysweep(server, &["install-hook"]);
    fs::create_dir(repo.join("below")).expect("a folder");
    fs::write(repo.join("leak.env"), keys.pair().env).expect("a file");
    fixture.git(&repo, &["add", "-A"]).done();
    fixture.git(&repo, &["commit", "-qm", "leak"]).done();
    let push = || fixture.git(&repo, &["push", "-q", "../server.git", "main"]);
    let message = push().stopped(&["keysweep explain AKIA"]).text.replace("remote: ", "");
    let message: String = message.lines().map(|line| format!("{}\n", line.trim_end())).collect();
    for head in ["Take it out:", "  take the new files"] {
        let script =
            format!("GIT_EDITOR='echo message >'; export GIT_EDITOR; {}", command(&message, head));
        fixture.run(&repo.join("below"), "sh", &["-c", &script], "").done();
    }
    push().done();
}

/// The name is not shown, as the secret is not, and the command means the file all the same.
#[test]
fn a_file_that_is_named_after_its_secret() {
    let fixture = HookFixture::new(&[]);
    let mut keys = Keys::new("advice own name");
    let repo = fixture.repository("repo");
    fs::create_dir(repo.join("below")).expect("a folder");
    fixture.keysweep(&repo, &["install-hook"]);
    let pair = keys.pair();
    // A slash in the secret is a folder in the name.
    let path = repo.join(format!("x {}.env", pair.secret));
    fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
    fs::write(&path, &pair.env).expect("a file");
    fixture.git(&repo, &["add", "-A"]).done();
    let message = fixture.git(&repo, &["commit", "-qm", "leak"]).stopped(&["(secret)"]).text;
    assert!(!message.contains(&pair.secret), "{message}");
    let way = command(&message, "  or leave it out");
    fixture.run(&repo.join("below"), "sh", &["-c", &way], "").done();
    let staged = fixture.git(&repo, &["diff", "--cached", "--name-only"]).done();
    assert_eq!(staged.text, "", "{message}");
}
