//! `docs/tokens.md` agrees with the patterns. `INSTA_UPDATE=always` writes it anew.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use keysweep::detect::signs_before;
use keysweep::rules::{Pack, Rule, RuleSet};

const HEAD: &str = "\
# Tokens of other providers

In addition to the credentials of AWS, keysweep finds these. This page is made from `patterns/tokens/` by a test; do not edit it.

- A token is found by its own form alone, offline. **Proof** says what is checked beyond the form: a checksum, or data that
  is decoded. A token whose checksum is wrong is made up: it is counted as an example, and reported with
  `--min-confidence low`. Placeholders (`xxxx`, `YOUR_TOKEN`, `${TOKEN}`) are counted, not reported.
- `--verify` asks AWS alone; none of these is ever sent anywhere.
- `--pack aws` leaves them out, `--pack all` adds the pack `more`: [docs/patterns.md](patterns.md#packs).
- `keysweep explain RULE` says how to revoke one.
- A word in the column **contains, or near** may omit its first letter, which is then of either case: `iscord` is in
  `discord` and `Discord`.
- **Needs** says what else must be near a token, because its form alone is too common: one of some words before it, on
  its line or one of the two above (of a pair, unless the secret directly follows its id: `ID:SECRET`, `'ID', 'SECRET'`),
  its id within some bytes, or one of some characters directly before it.
";

const PACKS: [(Pack, &str, &str); 2] = [
    (Pack::Tokens, "The pack `tokens`", "It applies by default."),
    (
        Pack::More,
        "The pack `more`",
        "Its forms are less sure, or often not secret: it applies with `--pack all` or `--pack aws,tokens,more`.",
    ),
];

/// The proof of a reader, in a few words.
fn proof(rule: &Rule) -> String {
    let Some(reader) = rule.reader else {
        let partner = rule.shape.as_ref().and_then(|shape| shape.partner.as_ref());
        return if partner.is_some() { "its id".to_owned() } else { "–".to_owned() };
    };
    let words = match reader.name() {
        "crc32-base62" => "CRC-32",
        "github-fine-grained" => "SHA-256",
        "gitlab-routable" => "length, CRC-32",
        "grafana" | "cloudflare" | "atlassian" => "CRC-32",
        "azure-key" => "Marvin32",
        "azure-sas" => "fields, length of the signature: expiry",
        "macaroon" => "macaroon, location",
        "json-token" => "JSON: expiry, issuer",
        "private-key" => "DER, OpenSSH: encrypted, fingerprint",
        "discord" => "an id",
        other => other,
    };
    words.to_owned()
}

/// The characters before a short anchor, as a reader knows them.
fn characters(signs: &[u8]) -> String {
    let name = |&sign: &u8| match sign {
        b' ' => "a blank".to_owned(),
        b'\n' => "a line break".to_owned(),
        b'\t' => "a tab".to_owned(),
        b'n' => "`\\n`".to_owned(),
        b'D' => "`=3D`".to_owned(),
        b'`' => "a backquote".to_owned(),
        b'|' => "`\\|`".to_owned(),
        sign => format!("`{}`", char::from(sign)),
    };
    signs.iter().map(name).collect::<Vec<_>>().join(" ")
}

/// The context that a token needs in addition to its form.
fn needs(rule: &Rule) -> String {
    let mut needs = Vec::new();
    if !rule.labels.is_empty() {
        let words: Vec<String> = rule.labels.iter().map(|word| format!("`{word}`")).collect();
        needs.push(format!("a word: {}", words.join(" ")));
    }
    if let Some(partner) = rule.shape.as_ref().and_then(|shape| shape.partner.as_ref()) {
        needs.push(format!("its id within {} bytes", partner.distance));
    }
    for anchor in &rule.anchors {
        let signs = signs_before(rule, anchor);
        if !signs.is_empty() {
            let anchor = String::from_utf8_lossy(anchor);
            let signs = characters(signs);
            needs.push(format!("before `{anchor}` the beginning of the text, or one of {signs}"));
        }
    }
    if needs.is_empty() { "–".to_owned() } else { needs.join("; ") }
}

/// The page of the rules.
fn page(rules: &RuleSet) -> String {
    let mut page = HEAD.to_owned();
    for (pack, title, about) in PACKS {
        let rules: Vec<&Rule> = rules.rules.iter().filter(|rule| rule.pack == pack).collect();
        if rules.is_empty() {
            continue;
        }
        let _ = write!(page, "\n## {title}\n\n{about}\n\n");
        page.push_str(
            "| kind | rule | contains, or near | needs | proof | revoke |\n|---|---|---|---|---|---|\n",
        );
        for rule in rules {
            let code = |anchor: &Vec<u8>| format!("`{}`", String::from_utf8_lossy(anchor));
            let anchors: Vec<String> = rule.anchors.iter().map(code).collect();
            let anchors = anchors.join(" ").replace('|', "\\|");
            let page_of = rule.revocation.page.as_deref().unwrap_or_default();
            let host = page_of.trim_start_matches("https://").split('/').next().unwrap_or_default();
            let link =
                if host.is_empty() { "–".to_owned() } else { format!("[{host}]({page_of})") };
            let (title, id, needs, proof) = (&rule.title, &rule.id, needs(rule), proof(rule));
            let _ = writeln!(page, "| {title} | `{id}` | {anchors} | {needs} | {proof} | {link} |");
        }
    }
    page
}

#[test]
fn the_page_lists_the_rules_of_the_patterns() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/tokens.md");
    let page = page(&RuleSet::builtin());
    if std::env::var("INSTA_UPDATE").is_ok_and(|mode| mode == "always") {
        fs::write(&path, &page).expect("the page can be written");
    }
    // An absent page differs.
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == page,
        "docs/tokens.md is not of these patterns: INSTA_UPDATE=always cargo test --test it -- packaging::tokens"
    );
}

#[test]
fn every_token_can_be_revoked_and_is_named_by_its_provider() {
    for rule in RuleSet::builtin().rules.iter().filter(|rule| rule.pack != Pack::Aws) {
        let id = rule.id.as_str();
        assert!(!id.starts_with("aws-"), "{id} would be taken for a credential of AWS");
        assert!(!rule.remedy.is_empty(), "{id} has no remedy");
        let page = rule.revocation.page.as_deref().unwrap_or_default();
        let command = rule.revocation.command.as_deref().unwrap_or_default();
        assert!(
            page.starts_with("https://") || !command.is_empty() || rule.pack == Pack::More,
            "{id}"
        );
    }
}
