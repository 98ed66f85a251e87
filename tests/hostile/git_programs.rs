//! A repository that names programs wherever git lets it: none is run, by any command, and no
//! attribute hides a key.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::Project;
use crate::support::git::{Repo, key_id, leak};
use crate::support::programs;
use crate::support::require::skip;

/// Settings whose value git runs, or hands to a shell.
const PROGRAMS: [&str; 38] = [
    "alias.log",
    "alias.rev-list",
    "core.alternateRefsCommand",
    "core.askPass",
    "core.editor",
    "core.fsmonitor",
    "core.gitProxy",
    "core.pager",
    "core.sshCommand",
    "credential.helper",
    "credential.https://example.com.helper",
    "diff.evil.command",
    "diff.evil.textconv",
    "diff.external",
    "difftool.evil.cmd",
    "filter.evil.clean",
    "filter.evil.process",
    "filter.evil.smudge",
    "filter.lfs.process",
    "filter.lfs.smudge",
    "gc.recentObjectsHook",
    "gpg.program",
    "gpg.ssh.defaultKeyCommand",
    "gpg.ssh.program",
    "interactive.diffFilter",
    "man.evil.cmd",
    "merge.evil.driver",
    "mergetool.evil.cmd",
    "pager.log",
    "receive.procReceiveRefs",
    "remote.origin.receivepack",
    "remote.origin.uploadpack",
    "sendemail.smtpServer",
    "sequence.editor",
    "ssh.variant",
    "submodule.evil.update",
    "trailer.evil.command",
    "uploadpack.packObjectsHook",
];

/// All hooks of githooks(5) that a client or a server might run.
const HOOKS: [&str; 14] = [
    "fsmonitor-watchman",
    "p4-pre-submit",
    "post-checkout",
    "post-index-change",
    "post-merge",
    "post-rewrite",
    "pre-auto-gc",
    "pre-commit",
    "pre-push",
    "pre-receive",
    "proc-receive",
    "push-to-checkout",
    "reference-transaction",
    "update",
];

/// The repository, and the trace that any of its programs would leave.
struct Hostile {
    repo: Repo,
    base: String,
    /// The blob of a file that both commits have.
    common: String,
    trace: PathBuf,
    /// A folder in which `git` and its helpers are such programs too.
    path: PathBuf,
}

fn program(path: &Path, trace: &Path) {
    programs::script(path, &format!("#!/bin/sh\necho \"$0 $*\" >>'{}'\ncat\n", trace.display()));
}

impl Hostile {
    fn new() -> Self {
        let repo = Repo::new(&[]);
        let (trace, path) = (repo.sibling("trace"), repo.sibling("bin"));
        let evil = path.join("evil");
        program(&evil, &trace);
        for name in ["git", "git-lfs", "git-remote-evil", "ssh", "less", "gpg", "watchman"] {
            program(&path.join(name), &trace);
        }
        let base = repo.commit("README", "nothing\n");
        let common = repo.git(&["rev-parse", "HEAD:README"]);
        repo.write(
            ".gitattributes",
            "* filter=evil diff=evil merge=evil text\n*.env binary -diff -text -merge\n\
             hidden.* export-ignore linguist-generated -diff\n",
        );
        repo.write("hidden.env", leak(1));
        repo.commit_all("hidden");
        repo.write("staged.env", [b"\0\0\n", leak(2).as_bytes()].concat());
        repo.git(&["add", "staged.env"]);
        repo.write("untracked.env", leak(3));
        // An index with the extension of a file system monitor.
        repo.git(&["update-index", "--fsmonitor"]);
        for hook in HOOKS {
            program(&repo.root.join(".git/hooks").join(hook), &trace);
            program(&repo.root.join("hooks").join(hook), &trace);
        }
        let hostile = Self { repo, base, common, trace, path };
        hostile.configure(&evil);
        // Commands that git ran while this was made do not count.
        let _ = fs::remove_file(&hostile.trace);
        hostile
    }

    fn configure(&self, evil: &Path) {
        let shown = evil.display();
        let mut text = String::new();
        for key in PROGRAMS {
            let (section, name) = key.rsplit_once('.').expect("a section");
            let head = match section.split_once('.') {
                Some((section, sub)) => format!("{section} \"{sub}\""),
                None => section.to_owned(),
            };
            let value = if key.starts_with("alias") || key.starts_with("submodule") {
                format!("!{shown}")
            } else {
                shown.to_string()
            };
            text.push_str(&format!("[{head}]\n\t{name} = \"{value}\"\n"));
        }
        let included = self.repo.sibling("included");
        fs::write(&included, format!("[core]\n\tfsmonitor = {shown}\n")).expect("a file");
        let (hooks, included) = (self.repo.root.join("hooks"), included.display().to_string());
        text.push_str(&format!("[core]\n\thooksPath = {}\n", hooks.display()));
        text.push_str(&format!("[include]\n\tpath = {included}\n"));
        text.push_str(&format!("[includeIf \"gitdir:**\"]\n\tpath = {included}\n"));
        text.push_str("[safe]\n\tdirectory = /nowhere\n[protocol \"ext\"]\n\tallow = always\n");
        // A promise that a fetch through a program would keep.
        text.push_str(&format!(
            "[remote \"origin\"]\n\turl = ext::{shown} %S\n\tpromisor = true\n\
             \tpartialclonefilter = blob:none\n\tvcs = evil\n"
        ));
        let path = self.repo.root.join(".git/config");
        let config = fs::read_to_string(&path).expect("a file") + &text;
        fs::write(path, config).expect("ours");
    }

    /// Runs a command in it; the ids that it found.
    #[track_caller]
    fn finds(&self, arguments: &[&str], numbers: &[u64]) {
        let project = Project::new();
        let mut program = project.keysweep(arguments.iter().chain(&["--format", "json"]));
        program = program.from(&self.repo.root);
        let evil = self.path.join("evil");
        for name in [
            "GIT_SSH",
            "GIT_SSH_COMMAND",
            "GIT_EXTERNAL_DIFF",
            "GIT_PAGER",
            "PAGER",
            "GIT_ASKPASS",
            "GIT_PROXY_COMMAND",
            "GIT_EDITOR",
        ] {
            program = program.env(name, &evil);
        }
        let found = program.env("PATH", &self.path).run().exits(1).key_ids();
        let mut expected: Vec<String> = numbers.iter().copied().map(key_id).collect();
        expected.sort_unstable();
        assert_eq!(found, expected, "{arguments:?}");
        let trace = fs::read_to_string(&self.trace).unwrap_or_default();
        assert_eq!(trace, "", "{arguments:?} ran programs");
    }
}

#[test]
fn no_command_runs_a_program_and_no_attribute_hides_a_key() {
    let hostile = Hostile::new();
    hostile.finds(&["history"], &[1, 2]);
    hostile.finds(&["staged"], &[2]);
    hostile.finds(&["staged", "hidden.env", "untracked.env", "staged.env"], &[1, 2, 3]);
    hostile.finds(&["range", &format!("{}..HEAD", hostile.base)], &[1]);
    hostile.finds(&["scan"], &[1, 2, 3]);
    hostile.finds(&["sweep", "."], &[1, 2, 3]);
    // The trap itself works.
    hostile.repo.try_git(&["status"]);
    assert!(hostile.trace.exists(), "git runs what the repository names");
}

/// In a container the checkout often belongs to somebody else; git refuses it then.
#[test]
fn a_repository_of_another_owner_is_read_all_the_same() {
    let hostile = Hostile::new();
    let given = std::os::unix::fs::chown(&hostile.repo.root, Some(12_345), None).and_then(|()| {
        std::os::unix::fs::chown(hostile.repo.root.join(".git"), Some(12_345), None)
    });
    if given.is_err() {
        skip("only root may give files to another user");
        return;
    }
    hostile.finds(&["history"], &[1, 2]);
    hostile.finds(&["staged"], &[2]);
    hostile.finds(&["range", &format!("{}..HEAD", hostile.base)], &[1]);
    hostile.finds(&["scan"], &[1, 2, 3]);
}

/// A partial clone whose server is a program: missing objects are reported, not fetched.
#[test]
fn what_was_promised_is_not_fetched() {
    let hostile = Hostile::new();
    let blob = &hostile.common;
    fs::remove_file(hostile.repo.root.join(format!(".git/objects/{}/{}", &blob[..2], &blob[2..])))
        .expect("loose");
    let config = hostile.repo.root.join(".git/config");
    let text = fs::read_to_string(&config).expect("a file")
        + "[core]\n\trepositoryFormatVersion = 1\n[extensions]\n\tpartialClone = origin\n";
    fs::write(config, text).expect("ours");
    hostile.finds(&["history"], &[1, 2]);
    hostile.finds(&["range", &format!("{}..HEAD", hostile.base)], &[1]);
    hostile.finds(&["staged"], &[2]);
}
