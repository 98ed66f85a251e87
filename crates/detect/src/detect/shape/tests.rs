//! Tests that the work of shape rules is linear in any text. They count steps, not time.

use std::path::PathBuf;

use super::judge::may_be_shown;
use super::*;

/// Rules of the usual form, and rules that would make a search for all matches quadratic.
const OWN: &str = r#"
[[rule]]
id = "own-usual"
title = "t"
description = "d"
anchors = ["acme_"]
regex = 'acme_(?P<secret>[a-z0-9]{20})'
examples = ["key: acme_{{lower:20}}"]
[[rule]]
id = "own-far"
title = "t"
description = "d"
anchors = ["tok"]
regex = '(?s-u)tok.*?(?P<secret>[A-Za-z0-9]{30})'
reach = 16384
labels = ["note"]
boundary = "none"
examples = ["note: tok tok {{alnum:30}}"]
[[rule]]
id = "own-quadratic"
title = "t"
description = "d"
anchors = ["aaa", "aab", "abaa"]
regex = '(?s-u)a.*zz|a'
reach = 256
boundary = "none"
examples = ["aaa", "aab", "abaa"]
"#;

fn rules(author: Author) -> RuleSet {
    let mut set = RuleSet::builtin();
    let file = (PathBuf::from("own.toml"), OWN.to_owned());
    let own = RuleSet::with_texts_by(Author::User, &[file]).expect("good rules");
    let own = own.rules.into_iter().filter(|rule| rule.author == Author::User);
    set.rules.extend(own.map(|rule| Rule { author, ..rule }));
    set
}

struct Fixture {
    table: Anchors,
    shapes: Shapes,
}

impl Fixture {
    fn new(set: &RuleSet) -> Self {
        let table = Anchors::new(set);
        let shapes = Shapes::new(set, &table);
        Self { table, shapes }
    }

    fn search(&self, bytes: &[u8], stop: &Stop) -> (Vec<Anchor>, Matches) {
        let mut anchors = self.table.find(bytes, &Stop::default());
        let matches = self.shapes.search(bytes, &mut anchors, stop);
        (anchors, matches)
    }
}

/// Texts of `len` bytes that consist mostly of an anchor.
fn texts(anchor: &str, len: usize) -> Vec<Vec<u8>> {
    let separators = ["", "x\n", "\\\" "];
    let mut texts: Vec<Vec<u8>> = separators
        .iter()
        .map(|separator| [anchor, separator].concat().into_bytes())
        .map(|unit| unit.iter().copied().cycle().take(len).collect())
        .collect();
    // Texts in which the anchors differ.
    let mut seed = 1_u64;
    let mut next = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        seed >> 33
    };
    for most in [40] {
        let mut text = Vec::new();
        while text.len() < len {
            text.extend_from_slice(anchor.as_bytes());
            text.extend(
                (0..next() % most).map(|_| b"abcdefgh01234567 \n+/=AKS"[next() as usize % 24]),
            );
        }
        text.truncate(len);
        texts.push(text);
    }
    texts
}

#[test]
fn the_work_is_linear_in_the_text_for_every_rule() {
    let set = rules(Author::User);
    for rule in set.rules.iter().filter(|rule| rule.method == Method::Shape) {
        let alone = RuleSet { rules: vec![rule.clone()], ..RuleSet::default() };
        let fixture = Fixture::new(&alone);
        for anchor in &rule.anchors {
            let anchor = std::str::from_utf8(anchor).expect("text");
            // Three regions overlap, each in two views, and any byte may be a separate match.
            let reach = rule.shape.as_ref().expect("a shape").reach;
            for len in [4 * reach].map(|len| len.clamp(4 << 10, 32 << 10)) {
                let most = 12 * (len + 2 * reach) as u64;
                for (at, text) in texts(anchor, len).into_iter().enumerate() {
                    let steps = fixture.search(&text, &Stop::default()).1.steps;
                    assert!(steps <= most, "{} {at} of {len}: {steps} > {most}", rule.id);
                }
            }
        }
    }
}

/// Rules of a project must not search for any number of matches, or use an anchor that occurs
/// everywhere.
#[test]
fn rules_of_the_scanned_project_are_given_up_where_they_cost_too_much() {
    let fixture = Fixture::new(&rules(Author::Target));
    let text = b"aaa ".repeat(1000);
    let (anchors, matches) = fixture.search(&text, &Stop::default());
    let costly: Vec<&str> = matches.costly.iter().map(RuleId::as_str).collect();
    assert_eq!(costly, ["own-quadratic"]);
    assert!(anchors.iter().all(|anchor| !anchor.quiet.is_quiet()));
    let few = [b"x".repeat(8000), b"aab".to_vec(), b"x".repeat(8000)].concat();
    assert!(fixture.search(&few, &Stop::default()).1.costly.is_empty());
    let many = b"acme_ ".repeat(4000);
    let (_, matches) = fixture.search(&many, &Stop::default());
    assert_eq!(matches.costly.len(), 1, "{:?}", matches.costly);
    let own = Fixture::new(&rules(Author::User));
    assert!([text, many].iter().all(|text| own.search(text, &Stop::default()).1.costly.is_empty()));
}

#[test]
fn a_stopped_search_takes_no_step_and_calls_nothing_quiet() {
    let fixture = Fixture::new(&rules(Author::User));
    let stop = Stop::default();
    let text = b"acme_ bedrock-api-key- smtp ".repeat(100);
    assert!(fixture.search(&text, &stop).0.iter().all(|anchor| anchor.quiet.is_quiet()));
    stop.set();
    let (anchors, matches) = fixture.search(&text, &stop);
    assert!(!anchors.is_empty() && anchors.iter().all(|anchor| !anchor.quiet.is_quiet()));
    assert_eq!(matches.steps, 0);
}

/// Neighbouring regions overlap: a match in both is reported once, and a match in one is not lost.
#[test]
fn every_match_is_reported_once_whatever_stands_around_it() {
    let fixture = Fixture::new(&rules(Author::User));
    for text in texts("acme_", 16 << 10) {
        for at in [0, 511, 512, 5000, 12_345] {
            let secret: String = "0a1b2c3d4e".chars().cycle().take(20).collect();
            let own = format!(" acme_{secret} ");
            let whole = [&text[..at], own.as_bytes(), &text[at..]].concat();
            let (_, matches) = fixture.search(&whole, &Stop::default());
            let own = matches.found.iter().filter(|one| one.rule.as_str() == "own-usual");
            let here = own.filter(|one| one.span.start == at + 6).count();
            assert_eq!(here, 1, "at {at}");
        }
    }
}

/// The raw text shows the beginning of a match that continues after an escape.
#[test]
fn what_goes_on_after_an_escape_is_reported_once_and_whole() {
    let text = r#"
[[rule]]
id = "own-long"
title = "t"
description = "d"
anchors = ["long_"]
regex = 'long_(?P<secret>[a-z0-9/]{20,60})'
examples = ["key: long_{{lower:20}}"]
"#;
    let file = (PathBuf::from("own.toml"), text.to_owned());
    let fixture = Fixture::new(&RuleSet::with_texts_by(Author::User, &[file]).expect("good rules"));
    let half: String = "0a1b2c3d4e".chars().cycle().take(20).collect();
    for around in ["", "long_ ", "long_\n\\/ ", "x long_ y "] {
        for times in [1, 40, 300] {
            let filler = around.repeat(times);
            let whole = format!("{filler} long_{half}\\/{half} {filler}");
            let (_, matches) = fixture.search(whole.as_bytes(), &Stop::default());
            let found: Vec<_> =
                matches.found.iter().map(|one| (one.span.start, one.span.end)).collect();
            let start = filler.len() + 6;
            assert_eq!(found, [(start, start + 42)], "{around:?} {times}");
            assert_eq!(matches.found[0].secret.expose(), format!("{half}/{half}").as_bytes());
        }
    }
}

/// A rule of the scanned project may use the id for the secret, or a piece of it.
#[test]
fn an_id_of_the_scanned_project_s_rule_is_reported_if_it_is_no_random_text() {
    let secret: String = "0a1b2c3d4e".chars().cycle().take(20).collect();
    let random = ["wJ9rXUtn/EMI+K7MDENG", "bPxRfiCYz3x4MPLqKEYu"].concat();
    let key = ["AKIA", "QNZGKIQY56JQ7WML"].concat();
    for id in ["anvil", "ACME-works", "client_42", "123456789012", &key] {
        assert!(may_be_shown(id.as_bytes()), "{id}");
    }
    for id in [&random[..], &random[..20], &random[..8], &secret, &key[4..]] {
        assert!(!may_be_shown(id.as_bytes()), "{id}");
    }
}
