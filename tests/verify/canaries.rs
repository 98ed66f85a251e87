//! Canaries, decided by the account that a key id encodes: never asked, a note, and last.

use crate::support::stub::{Stub, identity};
use crate::support::{Keys, Project};

/// An account of canarytokens.org, as `patterns/canary-accounts.toml` has it.
const ACCOUNT: u64 = 171_436_882_533;

/// A key id that encodes `account`; see `Keys::id_of`.
fn id_of_account(keys: &mut Keys, account: u64) -> String {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let head = (1u64 << 47) | (account << 7) | (keys.next() & 0x7f);
    let bits = (u128::from(head) << 32) | u128::from(keys.next() as u32);
    let body = (0..16).rev().map(|place| char::from(alphabet[(bits >> (5 * place)) as usize & 31]));
    format!("AKIA{}", body.collect::<String>())
}

/// The id of a canary.
pub(crate) fn canary_id(keys: &mut Keys) -> String {
    id_of_account(keys, ACCOUNT)
}

/// A repository with a canary, first by name, and a key; the ids of both.
fn planted(name: &str) -> (Project, String, String) {
    let (project, mut keys) = (Project::new(), Keys::new(name));
    let (canary, pair) = (id_of_account(&mut keys, ACCOUNT), keys.pair());
    let trap = format!("AWS_ACCESS_KEY_ID={canary}\nAWS_SECRET_ACCESS_KEY={}\n", keys.secret());
    project.file("a/trap.env", trap).file("b/leak.env", &pair.env);
    project.git(&["init", "-q", "-b", "main"]).git(&["add", "-A"]).git(&["commit", "-qm", "one"]);
    (project, canary, pair.id)
}

#[test]
fn every_command_decides_without_asking_and_lists_them_last() {
    let (project, canary, id) = planted("canaries");
    let stub = Stub::start(|_, _| identity("aws"));
    let url = stub.url();
    let asked = ["scan", ".", "--verify", "--sts-endpoint", &url];
    for command in [&["scan", "."][..], &["history"], &["sweep", "."], &asked] {
        let reported = project.keysweep([command, &["--format", "json"]].concat()).run().exits(1);
        let report = reported.json();
        let findings = report["findings"].as_array().expect("findings");
        let ids: Vec<_> =
            findings.iter().map(|one| one["key_id"].as_str().expect("an id")).collect();
        assert_eq!(ids, [&id, &canary], "{command:?}");
        let trap = &findings[1];
        assert_eq!(trap["verification"]["status"], "canary", "{command:?}");
        assert_eq!(trap["severity"], "note", "{command:?}");
        let remedy = trap["remediation"]["remedy"].as_str().expect("a name");
        let remedy = &report["remedies"][remedy];
        let first = remedy["steps"][0]["step"].as_str().expect("a step");
        assert_eq!(first, "Leave the key alone", "{command:?}");
        assert!(!remedy.to_string().contains("update-access-key"), "{remedy}");
        let text = project.keysweep(command).run().exits(1).stdout;
        let block = text.split("\n\n").find(|block| block.contains(&canary)).expect("its block");
        assert!(block.contains(": note[") && text.contains("leave it alone"), "{text}");
    }
    // The other key was asked about, once by each of the two runs.
    assert!(stub.requests().iter().all(|request| request.scope(0) == id));
    assert_eq!(stub.requests().len(), 2);
    // A repository whose only key is a trap does not alarm.
    project.git(&["rm", "-q", "b/leak.env"]);
    project.keysweep(["scan", "."]).run().exits(0);
}

#[test]
fn explain_says_what_a_canary_is_and_whom_its_use_alerts() {
    let (project, canary, _) = planted("explained");
    let reported = project.keysweep(["explain", &canary]).run().exits(0).stdout;
    assert!(reported.starts_with("Leave the key alone:"), "{reported}");
    let flat = reported.replace('\n', " ");
    for words in
        ["Thinkst Canarytokens", "alerts the operator", "whoever placed it", "171436882533"]
    {
        assert!(flat.contains(words), "{words}: {reported}");
    }
    assert!(
        !reported.contains("update-access-key") && !reported.contains("Deactivate"),
        "{reported}"
    );
}
