//! Findings made by hand. Key ids are AWS's own example or made at run time; secrets are made of
//! repeated halves, so that no scanner takes them for real.

use keysweep::coverage::{Coverage, LeftOut, Problem};
use keysweep::finding::{
    Confidence, Credential, Details, Encoding, Finding, GitObject, GitOrigin, HeldBy, Occurrence,
    Origin, Person, RuleId, Severity, Sighting,
};
use keysweep::location::{Position, Region};
use keysweep::report::{Format, Limits, Report, Style, View};
use keysweep::rules::{Author, Method, Pack, Packs, Revocation, Rule, RuleSet};
use keysweep::secret::Secret;

/// AWS's documented example id.
pub(crate) fn example_id() -> String {
    ["AKIA", "IOSFODNN7EXAMPLE"].concat()
}

/// A secret of 40 characters that begins with `head`.
pub(crate) fn secret(head: &str) -> Secret {
    Secret::new(format!("{head:#<40}").replace('#', "x").into_bytes())
}

pub(crate) fn credential(rule: &str, id: Option<&str>, secret: Option<Secret>) -> Credential {
    Credential {
        rule: RuleId::new(rule),
        key_id: id.map(str::to_owned),
        secret,
        session_token: None,
        account: id.map(|_| "123456789012".to_owned()),
        user: None,
        expires: None,
        details: Details::default(),
    }
}

/// A region of one line; both columns count from 1.
pub(crate) fn region(line: u64, column: u64, width: u64) -> Region {
    let at = |column| Position { line, column, column_utf16: column };
    Region { start: at(column), end: at(column + width) }
}

/// An id at column 19 of `line` and a secret on the line below it.
pub(crate) fn place(path: &str, line: u64) -> Occurrence {
    Occurrence {
        origin: Origin { path: Some(path.as_bytes().to_vec()), ..Origin::default() },
        sighting: Sighting {
            id: Some(region(line, 19, 20)),
            secret: Some(region(line + 1, 25, 40)),
            snippet: format!("aws_access_key_id={}", example_id()),
            secret_snippet: "aws_secret_access_key = [redacted]".to_owned(),
            line_hash: Some((0x1234_5678_9abc_def0 ^ line, 1)),
            ..Sighting::default()
        },
        confidence: Confidence::High,
    }
}

/// The same place in git's history.
pub(crate) fn place_in_history(path: Option<&str>, line: u64, at_head: bool) -> Occurrence {
    let person = Person {
        name: "Jane \u{202e}Roe".to_owned(),
        email: "jane@example.com".to_owned(),
        date: "2026-01-02T03:04:05+01:00".to_owned(),
    };
    let mut place = place(path.unwrap_or_default(), line);
    place.origin.path = path.map(|path| path.as_bytes().to_vec());
    place.origin.git = Some(GitOrigin {
        commit: Some("c1".repeat(20)),
        blob: Some("b2".repeat(20)),
        object: if path.is_some() { GitObject::Blob } else { GitObject::Commit },
        author: Some(person.clone()),
        committer: Some(person.clone()),
        reachable: true,
        held_by: vec![HeldBy::Ref],
        at_head,
        removed_in: (!at_head).then(|| "d3".repeat(20)),
        removed_by: (!at_head)
            .then(|| Person { date: "2026-02-03T04:05:06Z".to_owned(), ..person.clone() }),
        refs: vec!["refs/heads/main".to_owned()],
    });
    place
}

pub(crate) fn finding(
    credential: Credential,
    severity: Severity,
    occurrences: Vec<Occurrence>,
) -> Finding {
    Finding::new(credential, severity, Confidence::High, occurrences)
}

/// A pair in files and history, a lone secret inside an archive, a lone id in a hostile place.
pub(crate) fn findings() -> Vec<Finding> {
    let id = example_id();
    let pair = finding(
        credential("aws-access-key", Some(&id), Some(secret("wJal"))),
        Severity::Error,
        vec![
            place("conf/prod.env", 4),
            place_in_history(Some("old/a b#%é.env"), 1, false),
            place_in_history(None, 3, false),
        ],
    );
    let mut inside = place("app.zip", 7);
    inside.sighting.id = None;
    inside.sighting.snippet = std::mem::take(&mut inside.sighting.secret_snippet);
    inside.sighting.decoded = vec![Encoding::Base64, Encoding::Gzip];
    inside.origin.inside = vec!["app.zip".to_owned(), "conf/x.env".to_owned()];
    let lone_secret = finding(
        credential("aws-secret-access-key", None, Some(secret("Zq9+"))),
        Severity::Warning,
        vec![inside],
    );
    let mut hostile = place("", 2);
    hostile.origin.path = Some(b"a](1) <b>|\x1b[2J\xff.txt".to_vec());
    hostile.sighting.secret = None;
    hostile.sighting.secret_snippet.clear();
    let mut lone_id =
        finding(credential("aws-access-key-id", Some(&id), None), Severity::Note, vec![hostile]);
    lone_id.possible_partners = vec![lone_secret.fingerprint.clone()];
    vec![lone_id, lone_secret, pair]
}

pub(crate) fn coverage() -> Coverage {
    Coverage {
        complete: false,
        files: 12,
        bytes: 34_567,
        left_out: LeftOut { ignored: 3, examples: 1, repositories: 1, ..LeftOut::default() },
        problems: vec![Problem {
            what: "file".to_owned(),
            path: "locked".to_owned(),
            why: "permission denied".to_owned(),
        }],
        ..Coverage::default()
    }
}

/// Rules of the ids above; `file` is set for one of a user's own.
pub(crate) fn rules(file: Option<&str>) -> RuleSet {
    let rule = |id: &str, title: &str, severity| Rule {
        id: RuleId::new(id),
        title: title.to_owned(),
        description: format!("{title}: it gives access to an account."),
        severity,
        confidence: Confidence::High,
        method: Method::Pair,
        anchors: vec![b"AKIA".to_vec()],
        shape: None,
        labels: Vec::new(),
        reader: None,
        remedy: "access-key".to_owned(),
        revocation: Revocation::default(),
        pack: Pack::Aws,
        own_pack: None,
        file: file.map(Into::into),
        author: if file.is_some() { Author::User } else { Author::Us },
    };
    RuleSet {
        rules: vec![
            rule("aws-access-key", "AWS access key with its secret", Severity::Error),
            rule("aws-secret-access-key", "AWS secret access key", Severity::Warning),
            rule("aws-access-key-id", "AWS access key id", Severity::Note),
        ],
        dropped: Vec::new(),
        packs: Packs::default(),
    }
}

/// A report of `findings`, with its parts kept by the caller.
pub(crate) fn report<'a>(
    findings: &'a [Finding],
    coverage: &'a Coverage,
    rules: &'a RuleSet,
) -> Report<'a> {
    Report {
        findings,
        coverage,
        rules,
        command: "scan",
        category: None,
        show_secrets: false,
        include_suppressed: false,
        baseline: false,
        repository: None,
        exit: 1,
        times: None,
        limits: Limits::default(),
        view: View::default(),
    }
}

pub(crate) fn written(format: Format, report: &Report<'_>) -> String {
    styled(format, report, Style::default())
}

pub(crate) fn styled(format: Format, report: &Report<'_>, style: Style) -> String {
    let mut out = Vec::new();
    keysweep::report::write(format, report, style, &mut out).expect("a Vec takes everything");
    String::from_utf8(out).expect("reports are UTF-8")
}
