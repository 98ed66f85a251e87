//! The live pair is found wherever its halves are, and no wrong pair next to it is an error: files
//! and histories are scanned, and a real server that checks signatures answers.

use std::time::Duration;

use keysweep::coverage::Ledger;
use keysweep::detect::Engine;
use keysweep::finding::{Finding, Severity, Status};
use keysweep::rules::RuleSet;
use keysweep::run::{self, Source, Verify};
use keysweep::source::files;
use keysweep::source::git::history;
use keysweep::verify::{Endpoint, VerifyOptions};

use crate::support::git::Repo;
use crate::support::moto::{Key, Moto};
use crate::verify::program::random_secret;

/// Files with their texts; of a history, one commit each.
type Files = Vec<(&'static str, String)>;

/// Files to scan, and the keys that must be found live in them.
struct Case {
    name: &'static str,
    files: Files,
    in_history: bool,
    live: Vec<Key>,
    /// The other findings, as rule, severity and verdict, where that matters.
    left: Option<&'static [&'static str]>,
}

fn case(name: &'static str, files: Files, live: &[&Key]) -> Case {
    let live = live.iter().map(|&key| key.clone()).collect();
    Case { name, files, in_history: false, live, left: None }
}

fn leaving(left: &'static [&'static str], case: Case) -> Case {
    Case { left: Some(left), ..case }
}

fn env(id: &str, secret: &str) -> String {
    format!("AWS_ACCESS_KEY_ID={id}\nAWS_SECRET_ACCESS_KEY={secret}\n")
}

fn named(what: &str, secret: &str) -> String {
    format!("{what}_SECRET_ACCESS_KEY={secret}\n")
}

/// The halves in one file.
fn one_file(live: &Key, other: &Key, dead: &Key) -> Vec<Case> {
    let (x, y) = (random_secret(201), random_secret(202));
    let Key { id, secret, .. } = live;
    let gap = "# nothing\n".repeat(12);
    vec![
        case("the pair alone", vec![("a", env(id, secret))], &[live]),
        case(
            "another secret between",
            vec![("a", env(id, &x) + "# the new one\n" + &named("AWS", secret))],
            &[live],
        ),
        case(
            "another secret between, the right one without a label",
            vec![("a", format!("id: {id}\nsecret: {x}\n\n{secret}\n"))],
            &[live],
        ),
        case("the right one first", vec![("a", format!("{secret}\n{}", env(id, &x)))], &[live]),
        case("twice, wrong first", vec![("a", env(id, &x) + &gap + &env(id, secret))], &[live]),
        case(
            "three times, right last",
            vec![("a", env(id, &x) + &gap + &env(id, &y) + &gap + &env(id, secret))],
            &[live],
        ),
        case(
            "two ids over one secret, the live one far",
            vec![("a", format!("AWS_ACCESS_KEY_ID={id}\n{}", env(&dead.id, secret)))],
            &[live],
        ),
        case(
            "two ids around one secret",
            vec![("a", format!("{}AWS_ACCESS_KEY_ID={id}\n", env(&dead.id, secret)))],
            &[live],
        ),
        case(
            "two live keys, their secrets swapped",
            vec![("a", env(id, &other.secret) + &gap + &env(&other.id, secret))],
            &[live, other],
        ),
    ]
}

/// The halves in one file of another layout.
fn layouts(live: &Key, other: &Key, dead: &Key) -> Vec<Case> {
    let (x, y) = (random_secret(201), random_secret(202));
    let Key { id, secret, .. } = live;
    vec![
        case(
            "names that say another key",
            vec![(
                "a",
                format!("PROD_ACCESS_KEY_ID={id}\n{}{}", named("PROD", &x), named("DEV", secret)),
            )],
            &[live],
        ),
        case(
            "lists that are shifted by one",
            vec![(
                "a",
                format!("{id}\n{}\n{}\n\n{y}\n{secret}\n{}\n", other.id, dead.id, other.secret),
            )],
            &[live, other],
        ),
        case(
            "under the name of a token",
            vec![("a", format!("AWS_ACCESS_KEY_ID={id}\nTOKEN={secret}\n"))],
            &[live],
        ),
        case(
            "under another's name, next to a wrong one",
            vec![("a", env(id, &x) + &format!("DEPLOY_KEY={secret}\n"))],
            &[live],
        ),
        case(
            "out of reach in one file",
            vec![("a", env(id, &x) + &"line\n".repeat(400) + &named("AWS", secret))],
            &[live],
        ),
    ]
}

/// The halves in one file of some format.
fn formats(live: &Key, dead: &Key) -> Vec<Case> {
    let x = random_secret(201);
    let Key { id, secret, .. } = live;
    vec![
        case(
            "two rows of a table",
            vec![(
                "a.csv",
                format!(
                    "User,Access key ID,Secret access key\na,{id},{x}\nb,{},{secret}\n",
                    dead.id
                ),
            )],
            &[live],
        ),
        case(
            "two objects",
            vec![(
                "a.json",
                format!(
                    "[{{\"accessKeyId\": \"{id}\", \"secretAccessKey\": \"{x}\"}},\n \
                     {{\"accessKeyId\": \"{}\", \"secretAccessKey\": \"{secret}\"}}]\n",
                    dead.id
                ),
            )],
            &[live],
        ),
        case(
            "a diff",
            vec![(
                "a.diff",
                format!(
                    " aws_access_key_id = {id}\n-aws_secret_access_key = {x}\n\
                     +aws_secret_access_key = {secret}\n"
                ),
            )],
            &[live],
        ),
        case(
            "the right one in base64",
            vec![("a", env(id, &x) + &format!("data:\n  secret: {}\n", base64(secret)))],
            &[live],
        ),
    ]
}

/// The halves in several files or commits.
fn several_files(live: &Key, other: &Key, dead: &Key) -> Vec<Case> {
    let x = random_secret(201);
    let Key { id, secret, .. } = live;
    vec![
        case("two files, wrong first", vec![("a", env(id, &x)), ("b", env(id, secret))], &[live]),
        case(
            "alone in another file",
            vec![("conf/a", env(id, &x)), ("conf/b", named("AWS", secret))],
            &[live],
        ),
        case(
            "alone in another folder",
            vec![("conf/a", env(id, &x)), ("more/b", named("AWS", secret))],
            &[live],
        ),
        case(
            "both alone",
            vec![("a", format!("key: {id}\n")), ("b", named("AWS", secret))],
            &[live],
        ),
        case(
            "in the pair of another id of another file",
            vec![("conf/a", env(id, &x)), ("conf/b", env(&dead.id, secret))],
            &[live],
        ),
        case(
            "swapped between files",
            vec![("conf/a", env(id, &other.secret)), ("conf/b", env(&other.id, secret))],
            &[live, other],
        ),
        case(
            "the id alone, its secret with a dead id",
            vec![("conf/a", format!("key: {id}\n")), ("conf/b", env(&dead.id, secret))],
            &[live],
        ),
        Case {
            in_history: true,
            ..case(
                "history: wrong, then right",
                vec![("a", env(id, &x)), ("a", env(id, secret))],
                &[live],
            )
        },
        Case {
            in_history: true,
            ..case(
                "history: its secret in another commit",
                vec![("a", env(id, &x)), ("b", named("AWS", secret)), ("a", "gone\n".to_owned())],
                &[live],
            )
        },
        Case {
            in_history: true,
            ..case(
                "history: two secrets in one blob",
                vec![("a", env(id, &x) + &named("AWS", secret)), ("a", "gone\n".to_owned())],
                &[live],
            )
        },
    ]
}

/// A temporary key next to a wrong secret.
fn temporary(live: &Key) -> Vec<Case> {
    let (x, token) = (random_secret(201), live.token.as_deref().unwrap_or_default());
    let Key { id, secret, .. } = live;
    let text = format!("{}AWS_SESSION_TOKEN={token}\n{}", env(id, &x), named("AWS", secret));
    vec![case("a temporary key", vec![("a", text)], &[live])]
}

fn base64(text: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(text)
}

/// Scans a case and asks the server.
fn found(case: &Case, moto: &Moto) -> (Vec<Finding>, Vec<String>) {
    let folder = tempfile::tempdir().expect("a folder");
    let repo = Repo::new(&[]);
    for (path, text) in &case.files {
        if case.in_history {
            repo.commit(path, text.clone());
        } else {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            std::fs::write(path, text).expect("written");
        }
    }
    let source = match case.in_history {
        true => Source::History(history::HistoryOptions {
            repo: Some(repo.root.clone()),
            ..Default::default()
        }),
        false => Source::Files(files::FileOptions {
            paths: vec![folder.path().to_owned()],
            threads: 2,
            ..Default::default()
        }),
    };
    let verify = VerifyOptions {
        endpoint: Some(Endpoint::parse(&moto.url()).expect("a loopback URL")),
        rate: 100.0,
        spacing: Duration::from_millis(5),
        ..VerifyOptions::default()
    };
    let options = run::RunOptions {
        sources: vec![source],
        verify: Some(Verify { options: verify, announce: |_| {} }),
        ..crate::hostile::faults::options()
    };
    let rules = RuleSet::builtin();
    let engine = Engine::new(&rules).keeping_rivals(true);
    let outcome = run::run(&options, &engine, &rules, &Ledger::new()).expect("a run");
    (outcome.findings, outcome.coverage.notes)
}

/// The faults in the findings of a case; empty if there are none.
fn faults(case: &Case, found: &[Finding]) -> Vec<String> {
    let mut faults = Vec::new();
    for key in &case.live {
        let of_key = |finding: &&Finding| finding.credential.key_id.as_ref() == Some(&key.id);
        let is_own = |finding: &&Finding| {
            let secret = finding.clear.secret.as_ref();
            secret.is_some_and(|secret| secret.expose() == key.secret.as_bytes())
        };
        let mut live = found.iter().filter(of_key).filter(is_own);
        match (live.next(), live.next()) {
            (Some(one), None) => {
                if one.verification.status != Status::Active || one.severity != Severity::Error {
                    faults.push(format!("it is {}", one.verification.status.as_str()));
                }
                if one.occurrences.is_empty() {
                    faults.push("it stands nowhere".to_owned());
                }
            }
            _ => faults.push("the live pair is not found, or twice".to_owned()),
        }
        for wrong in found.iter().filter(of_key).filter(|one| !is_own(one)) {
            if wrong.severity > Severity::Note || wrong.verification.status != Status::WrongSecret {
                faults.push(format!("a wrong pair is left: {wrong:?}"));
            }
        }
        for other in found.iter().filter(is_own).filter(|one| !of_key(one)) {
            faults.push(format!("its secret is elsewhere: {:?}", other.credential));
        }
    }
    if let Some(left) = case.left {
        let is_other = |finding: &&Finding| finding.verification.status != Status::Active;
        let reported = |finding: &Finding| {
            let (rule, severity) = (finding.credential.rule.as_str(), finding.severity.as_str());
            format!("{rule} {severity} {}", finding.verification.status.as_str())
        };
        let others: Vec<String> = found.iter().filter(is_other).map(reported).collect();
        if others != left {
            faults.push(format!("left are {others:?}"));
        }
    }
    let errors = found.iter().filter(|finding| finding.severity == Severity::Error).count();
    if errors != case.live.len() {
        faults.push(format!("{errors} errors"));
    }
    let rivals = |finding: &Finding| {
        finding.occurrences.iter().any(|place| !place.sighting.rivals.is_empty())
    };
    if found.iter().any(rivals) {
        faults.push("what was tried is kept".to_owned());
    }
    faults
}

/// The reports of everything that is not live.
fn not_live(live: &Key, dead: &Key) -> Vec<Case> {
    let (x, y) = (random_secret(201), random_secret(202));
    let Key { id, secret, .. } = live;
    vec![
        leaving(&[], case("nothing else", vec![("a", env(id, secret))], &[live])),
        leaving(
            &["aws-access-key warning wrong-secret"],
            case("nothing is live", vec![("a", env(id, &x))], &[]),
        ),
        leaving(
            &["aws-secret-access-key warning not-checked", "aws-access-key note inactive"],
            case("the id is dead", vec![("a", env(&dead.id, &x) + &named("AWS", &y))], &[]),
        ),
        leaving(
            &["aws-secret-access-key warning wrong-secret"],
            case("labelled", vec![("a", env(id, &x)), ("b", env(id, secret))], &[live]),
        ),
        leaving(
            &["aws-access-key note wrong-secret"],
            case(
                "without a label",
                vec![("a", format!("{id}\n{x}\n")), ("b", env(id, secret))],
                &[live],
            ),
        ),
        leaving(
            &["aws-access-key-id note inactive"],
            case(
                "the id of a secret that is another's",
                vec![("a", env(&dead.id, secret)), ("b", format!("key: {id}\n"))],
                &[live],
            ),
        ),
        leaving(
            &["aws-secret-access-key warning not-checked", "aws-access-key-id note wrong-secret"],
            case("both alone", vec![("a", format!("key: {id}\n")), ("b", named("AWS", &x))], &[]),
        ),
    ]
}

#[test]
fn the_live_pair_is_found_wherever_its_halves_are() {
    let moto = Moto::start();
    let (live, other, dead) =
        (moto.user_key("live"), moto.user_key("other"), moto.user_key("dead"));
    let session = moto.session_key("role");
    moto.delete(&dead);
    moto.check_signatures();
    let mut cases = one_file(&live, &other, &dead);
    cases.extend(layouts(&live, &other, &dead));
    cases.extend(formats(&live, &dead));
    cases.extend(several_files(&live, &other, &dead));
    cases.extend(temporary(&session));
    cases.extend(not_live(&live, &dead));
    assert!(cases.len() >= 30);
    let mut failed = Vec::new();
    for case in &cases {
        let (found, _) = found(case, &moto);
        let faults = faults(case, &found);
        if !faults.is_empty() {
            failed.push(format!("{}: {faults:?}", case.name));
        }
    }
    let (failed, of) = (failed.join("\n"), cases.len());
    assert!(failed.is_empty(), "of {of}:\n{failed}");
}
