//! The HTML report as markup: its parts, and that no text of a repository is markup in it.

use std::collections::BTreeSet;

use keysweep::finding::{Finding, Severity, Status, Suppression, Verification};
use keysweep::report::{Format, Report, Times};

use super::samples::{
    coverage, credential, example_id, finding, findings, place, place_in_history, report, rules,
    secret, written,
};
use crate::hostile::escaping::NAMES;

/// Elements of the page.
const ELEMENTS: &str = "a b body button circle code dd defs desc details dialog div dl dt figcaption figure \
    footer form g h1 h2 h3 head header html input kbd label li main mark meta ol option output p path \
    pattern pre rect script section select span strong style summary svg table tbody td text th thead \
    title tr ul";
/// Their attributes: none runs a script, and none loads anything.
const ATTRIBUTES: &str = "aria-hidden aria-label aria-labelledby aria-live autocomplete charset class \
    content cx cy d data-d data-f data-n for height hidden href http-equiv id lang name patternUnits \
    placeholder r role rx scope spellcheck tabindex text-anchor transform type value viewBox width x y";

/// The names of the elements and their attributes. As every text is escaped, each `<` begins a tag of the
/// page itself.
fn tags(page: &str) -> Vec<(String, Vec<(String, String)>)> {
    let mut tags = Vec::new();
    let mut rest = page;
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        let end = rest.find('>').expect("a tag ends");
        let tag = &rest[..end];
        rest = &rest[end + 1..];
        if tag.starts_with('/') || tag.eq_ignore_ascii_case("!doctype html") {
            continue;
        }
        let name: String = tag.chars().take_while(char::is_ascii_alphanumeric).collect();
        let mut attributes = Vec::new();
        let mut left = tag[name.len()..].trim_end_matches('/').trim();
        while !left.is_empty() {
            let end = left.find(['=', ' ']).unwrap_or(left.len());
            let key = left[..end].to_owned();
            left = &left[end..];
            let mut value = String::new();
            if let Some(quoted) = left.strip_prefix("=\"") {
                let end = quoted.find('"').expect("a value ends");
                quoted[..end].clone_into(&mut value);
                left = &quoted[end + 1..];
            }
            left = left.trim_start();
            attributes.push((key, value));
        }
        // The texts of these two are constants of the program.
        if name == "style" || name == "script" {
            let end = rest.find(&format!("</{name}>")).expect("it ends");
            rest = &rest[end..];
        }
        tags.push((name, attributes));
    }
    tags
}

#[track_caller]
fn is_inert(page: &str) {
    let (elements, attributes): (BTreeSet<&str>, BTreeSet<&str>) =
        (ELEMENTS.split_whitespace().collect(), ATTRIBUTES.split_whitespace().collect());
    let tags = tags(page);
    for (name, of) in &tags {
        assert!(elements.contains(name.as_str()), "<{name}>");
        for (key, value) in of {
            assert!(attributes.contains(key.as_str()), "{key} of <{name}>");
            assert!(key != "href" || value.starts_with('#'), "a link leads to {value}");
        }
    }
    let count = |wanted: &str| tags.iter().filter(|(name, _)| name == wanted).count();
    assert_eq!((count("script"), count("style"), count("h1")), (1, 1, 1));
    let obeyed = page.chars().find(|&c| c != '\n' && keysweep::text::is_hostile(c));
    assert_eq!(obeyed, None);
    let ids: Vec<&str> = tags
        .iter()
        .flat_map(|(_, of)| of.iter().filter(|(key, _)| key == "id").map(|(_, id)| id.as_str()))
        .collect();
    assert_eq!(ids.len(), ids.iter().collect::<BTreeSet<_>>().len(), "ids are unique");
    let links = tags.iter().flat_map(|(_, of)| of.iter().filter(|(key, _)| key == "href"));
    for (_, link) in links {
        assert!(ids.contains(&&link[1..]), "{link} leads nowhere");
    }
}

fn page(report: &Report<'_>) -> String {
    written(Format::Html, report)
}

#[test]
fn nothing_from_a_repository_is_markup() {
    let rules = rules(None);
    for name in NAMES.into_iter().chain(["</script><script>x", "</style>", "<!--", "{{ x }}"]) {
        let mut coverage = coverage();
        coverage.notes.push(name.to_owned());
        coverage.problems[0].path = name.to_owned();
        let mut place = place_in_history(Some(name), 1, false);
        place.sighting.snippet = format!("{name}{}", example_id());
        place.origin.inside = vec![name.to_owned()];
        place.origin.target = Some(name.to_owned());
        let git = place.origin.git.as_mut().expect("of a history");
        git.refs = vec![format!("refs/tags/{name}"), format!("refs/heads/{name}"), name.to_owned()];
        for person in [&mut git.author, &mut git.removed_by].into_iter().flatten() {
            (person.name, person.email) = (name.to_owned(), name.to_owned());
        }
        let mut one = finding(
            credential("aws-access-key", Some(&example_id()), Some(secret("wJal"))),
            Severity::Error,
            vec![place],
        );
        one.credential.user = Some(name.to_owned());
        one.verification = Verification {
            status: Status::Active,
            reason: Some(name.to_owned()),
            arn: Some(name.to_owned()),
            ..Verification::default()
        };
        let all = [one];
        let page = page(&report(&all, &coverage, &rules));
        is_inert(&page);
        assert!(!page.contains("wJalx"), "a secret is in the page");
    }
}

/// Findings, if all was read, and what a reader must see first.
type State = (Vec<Finding>, bool, &'static str, &'static str);

fn states() -> [State; 12] {
    let pair = |status| {
        let mut one = finding(
            credential("aws-access-key", Some(&example_id()), Some(secret("wJal"))),
            Severity::Error,
            vec![place("a.env", 1)],
        );
        one.verification.status = status;
        one
    };
    let suppressed = || {
        let mut one = pair(Status::NotChecked);
        one.suppressed = Some(Suppression { by: "baseline".to_owned(), reason: None });
        one
    };
    let pairs = |all: &[Status]| all.iter().copied().map(pair).collect::<Vec<_>>();
    let (inactive, unknown) = (Status::Inactive, Status::Unknown);
    [
        (vec![], true, "clean", "Nothing was found."),
        (vec![], false, "incomplete", "Nothing was found in what could be read"),
        (vec![suppressed()], false, "incomplete", "Nothing to do in what could be read"),
        (vec![suppressed()], true, "settled", "Nothing to do: only 1 suppressed finding."),
        (pairs(&[Status::Canary]), true, "settled", "Nothing to do: only 1 canary."),
        (pairs(&[Status::Active]), true, "active", "1 key works right now: deactivate ID."),
        (pairs(&[Status::Active]), false, "active", "1 key works right now: deactivate ID."),
        (
            pairs(&[inactive, Status::Active, Status::Active]),
            true,
            "active",
            "2 keys work right now: deactivate them, ID first.",
        ),
        (
            pairs(&[Status::NotChecked]),
            true,
            "open",
            "Nobody checked whether it works: treat it as live. Begin with ID.",
        ),
        (
            pairs(&[unknown, unknown]),
            true,
            "open",
            "Which of them work could not be proved: treat them as live.",
        ),
        (pairs(&[inactive]), true, "open", "It no longer works"),
        (
            pairs(&[inactive, Status::NotChecked]),
            false,
            "open",
            "1 no longer works. Treat the other one as live.",
        ),
    ]
}

#[test]
fn the_head_says_what_is_live_and_if_all_was_read() {
    let rules = rules(None);
    for (all, complete, level, sentence) in states() {
        let sentence = sentence.replace("ID", &example_id());
        let mut coverage = coverage();
        if complete {
            (coverage.complete, coverage.problems) = (true, Vec::new());
        }
        let report = report(&all, &coverage, &rules);
        let page = page(&report);
        let head = page.split("<header").nth(1).and_then(|rest| rest.split("</header>").next());
        let head = head.expect("a head");
        assert!(head.starts_with(&format!(" class=\"{level}\">")), "{head}");
        assert!(head.contains(&sentence), "{sentence}: {head}");
        let whole = if complete { "The scan was complete" } else { "The scan was not complete" };
        assert!(head.contains(whole), "{head}");
        // A summary in Markdown begins with the same.
        let markdown = written(Format::Markdown, &report).replace('`', "");
        assert!(markdown.contains(&sentence) && markdown.contains(whole), "{markdown}");
    }
}

#[test]
fn the_page_has_all_that_its_reader_needs() {
    let (mut all, coverage, rules) = (findings(), coverage(), rules(None));
    all[2].verification = Verification {
        status: Status::Active,
        checked_at: Some("2026-03-01T00:00:00Z".to_owned()),
        partitions: vec!["aws".to_owned()],
        ..Verification::default()
    };
    let times = Times { start: "2026-03-01T00:00:00Z".into(), end: "2026-03-01T00:01:00Z".into() };
    let page = page(&Report { times: Some(&times), ..report(&all, &coverage, &rules) });
    is_inert(&page);
    for wanted in [
        concat!("content=\"keysweep ", env!("CARGO_PKG_VERSION"), " scan\""),
        "2026-03-01 00:01 UTC",
        "An administrator of account 123456789012",
        "may know what uses it</dt><dd>Jane \\u{202e}Roe &lt;jane@example.com&gt;",
        "keysweep deactivate ",
        "aws iam update-access-key",
        "<mark class=\"id\">",
        "<mark class=\"secret\">[redacted]</mark>",
        "Exposed since 2026-01-02 (commit c1c1c1c1c1c1",
        "removed in d3d3d3d3d3d3 on 2026-02-03",
        "A file still has it.",
        "AWS was asked on 2026-03-01.",
        "Branches: <code>main</code>",
        "Not read (1)",
        "permission denied",
        "3 files or folders by ignore files",
        "May belong to",
    ] {
        assert!(page.contains(wanted), "{wanted} is missing");
    }
    assert!(page.matches("<details class=\"f ").count() == all.len());
}

/// 10,000 findings, in a history and on ten accounts.
pub(super) fn many() -> Vec<Finding> {
    let numbered = |number: usize| {
        let mut one = finding(
            credential(
                "aws-access-key",
                Some(&example_id()),
                Some(secret(&format!("{number:05}"))),
            ),
            Severity::Error,
            vec![place_in_history(Some("services/payment/config/production.env"), 12, true)],
        );
        one.credential.account = Some(format!("{:012}", number % 10));
        one
    };
    (0..10_000).map(numbered).collect()
}

/// 10,000 findings take less than 20 MB, and each is there with its first step.
#[test]
fn many_findings_stay_small() {
    let (all, coverage, rules) = (many(), coverage(), rules(None));
    let report = report(&all, &coverage, &rules);
    let html = page(&report);
    assert!(html.len() < 20_000_000, "{} bytes", html.len());
    assert_eq!(html.matches("<details class=\"f ").count(), all.len());
    assert!(html.matches("<pre class=\"own\"><code>keysweep deactivate").count() >= all.len());
    assert!(html.matches("<figure class=\"timeline\">").count() > 100, "the first have pictures");
    is_inert(&html);
    // A comment of GitHub may have 65,536 characters.
    let markdown = written(Format::Markdown, &report);
    assert!(markdown.len() < 65_536, "{} bytes", markdown.len());
}
