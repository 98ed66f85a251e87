//! Tokens of any length before and after what a view removes: quotes, tags, colours, line breaks.
//!
//! A token that is complete in the text is not joined with the words after it, and one that code writes
//! in pieces is.

use keysweep::detect::Engine;
use keysweep::finding::{Candidate, Confidence};
use keysweep::scan::Detector as _;

use super::examples::{rules, secret};
use crate::support::Keys;

/// Tokens of variable length.
const TOKENS: [(&str, &str); 5] = [
    ("stripe-key", "sk_live_51{{alnum:97}}"),
    ("openai-key", "sk-proj-{{base64url:57}}aT3BlbkFJ{{base64url:57}}a"),
    ("google-access-token", "ya29.{{base64url:180}}a"),
    ("vault-token", "hvs.CAESI{{base64url:90}}a"),
    ("discord-webhook", "https://discord.com/api/webhooks/1{{digits:17}}/{{base64url:67}}a"),
];

/// Texts with a token, and something after it that is another argument, element or word. `@` is the
/// token.
const WORDS: [&str; 26] = [
    "curl -H \"Authorization: Bearer @\" \"https://api.example.org/v1/x\"\n",
    "curl -H 'Authorization: Bearer @' 'https://api.example.org/v1/x'\n",
    "curl -H \"Authorization: Bearer @\" \\\n  \"https://api.example.org/v1/x\"\n",
    "curl -H \"Authorization: Bearer @\" \\\n  \"Content-Type: text/plain\"\n",
    "./deploy.sh \"@\" \"prod\"\n",
    "./deploy.sh '@' 'us-east-1'\n",
    "./deploy.sh \"@\" \\\n  \"production\"\n",
    "[Service]\nEnvironment=\"KEY=@\" \"LOG=debug\"\n",
    "[Service]\nEnvironment=\"KEY=@\" \\\n  \"LOG=debug\"\n",
    "Use `@`\nas the key.\n",
    "const k = `@`\nexport default k\n",
    "var k = `@`\n\tvar x = 1\n",
    "(setq keys '(\"@\" \"bob\"))\n",
    "(setq keys '(\"@\"\n  \"bob\"))\n",
    "[\"@\"\n \"production\"]\n",
    "map $http_authorization $u {\n  \"@\"\n  \"bob\";\n}\n",
    "<b>@</b>abc\n",
    "<code>@</code><span>x</span>y\n",
    "<code>@</code><code>production</code>\n",
    "\u{1b}[36m@\u{1b}[0m\u{1b}[2mprod\u{1b}[0m\n",
    "\u{1b}[36m@\u{1b}[0m\u{1b}[32mabc\u{1b}[0m\n",
    "x = [\"@\", \"bob\"].join(\":\")\n",
    "x = \"@\" + \"production\"\n",
    "x = \"@\" + \"/abcdefgh/ijklmnop\"\n",
    "{\"run\": \"./deploy.sh \\\"@\\\" \\\"prod\\\"\"}\n",
    "KEYS=(\"@\" \"@\")\n",
];

/// Joints that code, a page and a terminal show as nothing.
const SURE: [&str; 8] =
    ["\" + \"", "\" +\n    \"", "\" . \"", "\" &_\n  \"", "\"'", "\\\n", "</b>", "\u{1b}[0m"];

fn of_rule(engine: &Engine, text: &str, rule: &str) -> Vec<(String, Confidence)> {
    let candidates = engine.whole(text.as_bytes()).candidates;
    let own = candidates.iter().filter(|one| one.credential.rule.as_str() == rule);
    own.map(|one| (secret(one), one.confidence)).collect()
}

/// A random token that is found, and does not begin or end with a sign.
fn token(engine: &Engine, keys: &mut Keys, rule: &str, template: &str) -> String {
    let is_found = |token: &String| {
        of_rule(engine, &format!("k = \"{token}\"\n"), rule) == [(token.clone(), Confidence::High)]
    };
    (0..9).map(|_| keys.filled(template)).find(is_found).expect("one")
}

#[test]
fn a_complete_token_is_not_joined_with_what_follows_it() {
    let engine = Engine::new(&rules());
    let mut keys = Keys::new("tokens before words");
    let mut wrong = Vec::new();
    for (rule, template) in TOKENS {
        for text in WORDS {
            let token = token(&engine, &mut keys, rule, template);
            let text = text.replace('@', &token);
            let found = of_rule(&engine, &text, rule);
            let is_right = |one: &(String, Confidence)| *one == (token.clone(), Confidence::High);
            if found.is_empty() || !found.iter().all(is_right) {
                wrong.push(format!("{rule}: {text}\n{found:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong: {}", wrong.len(), wrong.join("\n"));
}

#[test]
fn a_token_in_pieces_is_found_whole() {
    let engine = Engine::new(&rules());
    let mut keys = Keys::new("tokens in pieces of any length");
    let mut wrong = Vec::new();
    for (rule, template) in TOKENS {
        for joint in SURE {
            let mut token = token(&engine, &mut keys, rule, template);
            // The first piece is long enough for the rule.
            let split = token.len() - 16;
            token.replace_range(split - 1..=split, "Q7");
            let text = match joint {
                "</b>" => format!("<b>{}</b>{}\n", &token[..split], &token[split..]),
                "\\\n" => format!("k={}\\\n{}\n", &token[..split], &token[split..]),
                "\"'" => format!("k=\"{}\"'{}'\n", &token[..split], &token[split..]),
                _ => format!("k = \"{}{joint}{}\"\n", &token[..split], &token[split..]),
            };
            let found = of_rule(&engine, &text, rule);
            if found != [(token, Confidence::High)] {
                wrong.push(format!("{text}\n{found:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong: {}", wrong.len(), wrong.join("\n"));
}

/// C and Python join literals on two lines, a shell does not. Nothing is certain then, and both are
/// reported.
#[test]
fn a_token_that_may_go_on_is_reported_with_both_ends() {
    let engine = Engine::new(&rules());
    let mut keys = Keys::new("tokens with two ends");
    let mut wrong = Vec::new();
    let mut tried = 0;
    for (rule, template) in TOKENS {
        for (joint, len) in [("\"\n  \"", 16), ("\" \\\n  \"", 16), ("\"\n  \"", 4), ("\" + \"", 4)]
        {
            let mut token = token(&engine, &mut keys, rule, template);
            let split = token.len() - len;
            token.replace_range(split - 1..=split, "Q7");
            let first = format!("k = \"{}\"\n", &token[..split]);
            if of_rule(&engine, &first, rule).is_empty() {
                continue;
            }
            tried += 1;
            let text = format!("k = (\"{}{joint}{}\")\n", &token[..split], &token[split..]);
            let found = of_rule(&engine, &text, rule);
            let mut values: Vec<&str> = found.iter().map(|one| &*one.0).collect();
            values.sort_by_key(|value| value.len());
            let is_sure = found.iter().any(|one| one.1 == Confidence::High);
            if values != [&token[..split], &*token] || is_sure {
                wrong.push(format!("{text}\n{found:?}"));
            }
        }
    }
    assert!(tried > 12, "{tried}");
    assert!(wrong.is_empty(), "{} wrong: {}", wrong.len(), wrong.join("\n"));
}

/// A verification with a wrong session token would call a live session dead.
#[test]
fn a_complete_session_token_is_not_joined_with_what_follows_it() {
    let engine = Engine::new(&rules());
    let mut keys = Keys::new("session tokens before words");
    for text in [
        "Environment='AWS_ACCESS_KEY_ID=@1' 'AWS_SECRET_ACCESS_KEY=@2' 'AWS_SESSION_TOKEN=@3' 'LOG=debug'\n",
        "s = boto3.Session(\"@1\", \"@2\", \"@3\" \"abc\")\n",
        "<p>id @1</p>\n<p>secret @2</p>\n<p>token <b>@3</b>abc</p>\n",
        "x --access-key \"@1\" --secret-key \"@2\" --session-token \"@3\" \"prod\"\n",
        "x --access-key \"@1\" --secret-key \"@2\" \\\n  --session-token \"@3\" \\\n  \"https://x.example\"\n",
        "id `@1`, secret `@2`, token `@3`\nand more\n",
        "x(\"@1\", \"@2\", \"@3\" + \"/abc\")\n",
    ] {
        let token = keys.filled("IQoJb3JpZ2luX2Vj{{base64:319}}a");
        let made = text.replace("@1", &keys.id_of("ASIA")).replace("@2", &keys.secret());
        let made = made.replace("@3", &token);
        let candidates = engine.whole(made.as_bytes()).candidates;
        let shown = |one: &Candidate| {
            let token = one.credential.session_token.as_ref()?;
            Some(String::from_utf8_lossy(token.expose()).into_owned())
        };
        let found: Vec<String> = candidates.iter().filter_map(shown).collect();
        assert_eq!(found, [token], "{made}");
    }
}
