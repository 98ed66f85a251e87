//! `keysweep install-hook --global`: new repositories have the hook, and `--uninstall` removes
//! everything.

use std::fs;

use crate::support::Keys;
use crate::support::hooks::HookFixture;

#[test]
fn every_new_repository_has_the_hook_and_uninstalling_restores_the_configuration() {
    // Git's configuration of the user: as it is, without an end of line, and none of it.
    for (number, ending) in ["# end\n", "# end"].into_iter().enumerate() {
        let fixture = HookFixture::new(&[]);
        let mut keys = Keys::new(&format!("hook global {number}"));
        let config = fixture.project.at("home/.gitconfig");
        let before = fs::read_to_string(&config).expect("a file") + ending;
        fs::write(&config, &before).expect("a file");
        let old = fixture.repository("old");
        let reported = fixture.keysweep(&old, &["install-hook", "--global"]);
        assert!(reported.contains("--global --uninstall"), "{reported}");
        // Once more changes nothing.
        let with = fs::read(&config).expect("a file");
        fixture.keysweep(&old, &["install-hook", "--global"]);
        assert_eq!(fs::read(&config).expect("a file"), with);

        let new = fixture.repository("new");
        fixture.git(&old, &["init", "-q"]).done();
        for repo in [&new, &old] {
            fs::write(repo.join("leak.env"), keys.pair().env).expect("a file");
            fixture.git(repo, &["add", "-A"]).done();
            fixture.git(repo, &["commit", "-qm", "leak"]).stopped(&["leak.env:"]);
        }

        let reported = fixture.keysweep(&new, &["install-hook", "--global", "--uninstall"]);
        assert!(reported.contains("keeps its hooks"), "{reported}");
        let left = fs::read_to_string(&config).expect("a file");
        assert_eq!(left.trim_end(), before.trim_end());
        assert!(!fixture.project.at("home/.config/keysweep/template").exists());
        fixture.keysweep(&new, &["install-hook", "--uninstall"]);
        fixture.git(&new, &["commit", "-qm", "leak"]).done();
    }
}

#[test]
fn a_template_of_the_users_own_is_added_to_and_comes_back() {
    let fixture = HookFixture::new(&[]);
    let repo = fixture.repository("repo");
    fixture.project.file("home/template/hooks/commit-msg", "#!/bin/sh\n");
    fixture.git(&repo, &["config", "--global", "init.templateDir", "~/template"]).done();
    let config = fixture.project.at("home/.gitconfig");
    let before = fs::read(&config).expect("a file");
    fixture.keysweep(&repo, &["install-hook", "--global", "--type", "pre-push"]);
    assert_eq!(fs::read(&config).expect("a file"), before);
    assert!(fixture.project.at("home/template/hooks/pre-push").is_file());
    fixture.keysweep(&repo, &["install-hook", "--global", "--uninstall"]);
    assert!(!fixture.project.at("home/template/hooks/pre-push").exists());
    assert!(fixture.project.at("home/template/hooks/commit-msg").is_file());
}

#[test]
fn a_configuration_that_is_a_link_stays_one() {
    let fixture = HookFixture::new(&[]);
    let repo = fixture.repository("repo");
    let config = fixture.project.at("home/.gitconfig");
    let real = fixture.project.at("dotfiles-gitconfig");
    fs::rename(&config, &real).expect("a file");
    std::os::unix::fs::symlink(&real, &config).expect("a link");
    fixture.keysweep(&repo, &["install-hook", "--global"]);
    assert!(config.is_symlink());
    assert!(fs::read_to_string(&real).expect("a file").contains("templateDir"));
    fixture.git(&repo, &["config", "--get", "init.templateDir"]).done();
}
