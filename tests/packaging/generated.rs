//! Completions and manual pages, installed as `docs/install.md` says.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::support::Project;

const PAGE: &str = include_str!("../../docs/install.md");

/// The commands that `--help` lists.
fn commands(project: &Project) -> BTreeSet<String> {
    let help = project.keysweep(["--help"]).run().exits(0).stdout;
    let list = help.split("Commands:\n").nth(1).expect("a list of commands");
    let lines = list.lines().take_while(|line| !line.is_empty());
    let names = lines.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    names.filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
}

#[test]
fn the_page_installs_completions_and_a_manual_page_for_every_command() {
    let project = Project::new();
    let recipe = PAGE.split("```sh\n").nth(1).and_then(|rest| rest.split("```").next());
    let program = Path::new(env!("CARGO_BIN_EXE_keysweep")).parent().expect("a folder");
    let path = format!("{}:/usr/bin:/bin", program.display());
    let bash = |script: &str| {
        let mut command = Command::new("bash");
        command.args(["-e", "-c", script]).env_clear().env("PATH", &path);
        command.env("HOME", project.path()).current_dir(project.path());
        command.output().expect("bash runs")
    };
    let ran = bash(recipe.expect("a recipe"));
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    for file in [".config/fish/completions/keysweep.fish", ".zfunc/_keysweep"] {
        assert!(fs::read_to_string(project.at(file)).expect(file).contains("sweep"));
    }
    let commands = commands(&project);
    assert!(commands.len() > 10, "{commands:?}");
    let pages = fs::read_dir(project.at(".local/share/man/man1")).expect("pages");
    let pages: BTreeSet<String> = pages
        .map(|page| page.expect("a page").file_name().to_string_lossy().into_owned())
        .collect();
    let mut expected: BTreeSet<String> =
        commands.iter().map(|name| format!("keysweep-{name}.1")).collect();
    expected.insert("keysweep.1".to_owned());
    assert_eq!(pages, expected);
    // The completion by bash of `keysweep sw` and Tab.
    let offered = bash(
        "source ~/.local/share/bash-completion/completions/keysweep
         COMP_WORDS=(keysweep sw) COMP_CWORD=1 && _keysweep keysweep sw keysweep
         echo \"${COMPREPLY[@]}\"",
    );
    assert_eq!(String::from_utf8_lossy(&offered.stdout).trim(), "sweep");
}

#[test]
fn a_page_lists_options_and_the_meaning_of_statuses() {
    let project = Project::new();
    let sweep = project.keysweep(["man", "sweep"]).run().exits(0).stdout;
    assert!(sweep.contains("\\-\\-target\\-timeout") && sweep.contains("\"EXIT STATUS\""));
    // Its status is always the same.
    assert!(!project.keysweep(["man", "rules"]).run().exits(0).stdout.contains("EXIT STATUS"));
    let unknown = project.keysweep(["man", "nothing"]).run().exits(2);
    assert!(unknown.stderr.contains("there is no command 'nothing'"), "{}", unknown.stderr);
    project.keysweep(["completions", "basic"]).run().exits(2);
}
