//! Signs directly before and after tokens of other providers: defaults of a shell, addresses, patches,
//! comments, emphasis.

use keysweep::detect::{Engine, signs_before};
use keysweep::rules::{Boundary, Rule};

use super::examples::{examples, filled, found, rules};
use crate::support::Keys;

/// Texts around a token.
const AROUND: [&str; 12] = [
    "key: ${A_KEY:-TOKEN}\n",
    "key: ${A_KEY-TOKEN}\n",
    "--- a\n+++ b\n@@ -0,0 +1 @@\n+TOKEN\n",
    "--- a\n+++ b\n@@ -1 +0,0 @@\n-TOKEN\n",
    "x = 1\n//TOKEN\n",
    "x = 1\n--TOKEN\n",
    "list:\n -TOKEN\n",
    "https://TOKEN@git.example.org/a.git\n",
    "https://TOKEN:x-oauth-basic@git.example.org/a.git\n",
    "Authorization: Bearer+TOKEN\n",
    "a __TOKEN b\n",
    "https://example.org/TOKEN/b\n",
];

/// Tokens with a prefix or a checksum of their own.
const TOKENS: [(&str, &str); 41] = [
    ("openai-key", "sk-proj-{{base64url:74}}T3BlbkFJ{{base64url:73}}a"),
    ("anthropic-key", "sk-ant-api03-{{base64url:93}}AA"),
    ("nvidia-key", "nvapi-{{base64url:63}}a"),
    ("google-api-key", "AIza{{base64url:34}}a"),
    ("google-oauth-secret", "GOCSPX-{{base64url:27}}a"),
    ("google-access-token", "ya29.{{base64url:150}}a"),
    ("gemini-api-key", "AQ.Ab8RN6{{base64url:43}}a"),
    ("gitlab-token", "glpat-{{base64url:19}}a"),
    ("gitlab-deploy-token", "gldt-{{base64url:19}}a"),
    ("gitlab-runner-token", "glrt-{{base64url:19}}a"),
    ("gitlab-ci-token", "glptt-{{hex:40}}"),
    ("pypi-token", ""),
    ("docker-token", "dckr_pat_{{base64url:26}}a"),
    ("docker-token", "dckr_oat_{{base64url:31}}a"),
    ("docker-swarm-key", "SWMTKN-1-{{lower:50}}-{{lower:25}}"),
    ("heroku-key", "HRKU-AA{{base64url:57}}a"),
    ("vault-token", "hvs.CAES{{base64url:90}}a"),
    ("terraform-cloud-token", "{{alnum:14}}.atlasv1.{{base64url:66}}a"),
    ("pulumi-token", "pul-{{hex:40}}"),
    ("planetscale-token", "pscale_pw_{{base64url:42}}a"),
    ("mongodb-atlas-secret", "mdb_sa_sk_{{base64url:39}}a"),
    ("supabase-key", "sbp_{{hex:40}}"),
    ("tailscale-key", "tskey-auth-{{alnum:17}}-{{alnum:32}}"),
    ("aiven-password", "AVNS_{{base64url:18}}a"),
    ("stripe-webhook-secret", "whsec_{{base64:31}}a"),
    ("square-token", "sq0atp-{{base64url:21}}a"),
    ("figma-token", "figd_{{base64url:39}}a"),
    ("buildkite-token", "bkua_{{hex:40}}"),
    ("sendgrid-key", "SG.{{base64url:22}}.{{base64url:42}}a"),
    ("huggingface-token", "hf_{{letters:34}}"),
    ("replicate-token", "r8_{{alnum:37}}"),
    ("telegram-bot-token", "{{digits:10}}:AAE{{base64url:31}}a"),
    ("azure-storage-key", ""),
    ("azure-cosmos-key", ""),
    ("azure-annotated-key", ""),
    ("entra-client-secret", ""),
    ("gitlab-routable-token", ""),
    ("elastic-key", "essu_{{base64url:80}}a"),
    ("slack-token", "xoxb-1{{digits:11}}-1{{digits:12}}-{{alnum:24}}"),
    ("github-token", ""),
    ("onepassword-service-token", ""),
];

/// A value of each of [`TOKENS`]: that of the rule's first example, if it is checked.
fn tokens() -> Vec<(&'static str, String)> {
    let engine = Engine::new(&rules());
    let mut keys = Keys::new("neighbours of tokens with a prefix");
    let checked = examples("neighbours of tokens with a checksum", 1);
    let value = |&(rule, template): &(&'static str, &str)| {
        let of_example = || checked.iter().find(|(of, _, _)| of == rule).map(|one| one.2.clone());
        let one = match template {
            "" => of_example().unwrap_or_else(|| panic!("{rule} has no example")),
            _ => filled(&mut keys, template, |token| {
                let found = found(&engine, &format!("secret = \"{token}\"\n"), rule);
                found.contains(&token).then_some(token)
            }),
        };
        (rule, one)
    };
    TOKENS.iter().map(value).collect()
}

/// True if a rule is searched for after the sign before the token, and its tokens end before a slash.
fn applies(rule: &Rule, around: &str) -> bool {
    let Some((before, after)) = around.split_once("TOKEN") else { return false };
    let signs = rule.anchors.iter().flat_map(|anchor| signs_before(rule, anchor));
    let signs: Vec<u8> = signs.copied().collect();
    let is_searched =
        signs.is_empty() || before.bytes().last().is_some_and(|sign| signs.contains(&sign));
    let boundary = rule.shape.as_ref().map(|shape| shape.boundary);
    let may_continue = after.starts_with('/') && boundary == Some(Boundary::Base64After);
    is_searched && !may_continue
}

#[test]
fn signs_before_and_after_a_token_are_not_a_part_of_it() {
    let (rules, engine) = (rules(), Engine::new(&rules()));
    let mut lost = Vec::new();
    let mut tried = 0;
    for (id, token) in tokens() {
        let rule = rules.get(id).expect("a rule");
        for around in AROUND.iter().filter(|around| applies(rule, around)) {
            tried += 1;
            let text = around.replace("TOKEN", &token);
            // Its words are searched for, not the token itself.
            let text = match id {
                "entra-client-secret" => format!("client secret\n{text}"),
                _ => text,
            };
            if !found(&engine, &text, id).contains(&token) {
                lost.push(format!("{id}: {text}"));
            }
        }
    }
    assert!(tried > 400, "{tried}");
    assert!(lost.is_empty(), "{} are lost:\n{}", lost.len(), lost.join("\n"));
}

/// Words of a longer text in base64 are not tokens.
#[test]
fn a_letter_before_or_after_a_token_makes_it_a_part_of_a_longer_word() {
    let (rules, engine) = (rules(), Engine::new(&rules()));
    for (id, token) in tokens() {
        let boundary = rules.get(id).and_then(|rule| rule.shape.as_ref()).map(|one| one.boundary);
        let also: &[&str] = match boundary {
            Some(Boundary::Base64After) => &["+", "/", "-", "_"],
            Some(Boundary::Base64UrlAfter) => &["-", "_"],
            _ => &[],
        };
        let longer = also.iter().map(|sign| format!("{token}{sign}b"));
        for longer in longer.chain([format!("q{token}"), format!("7{token}")]) {
            let text = format!("client secret = \"{longer}\"\n");
            assert!(!found(&engine, &text, id).contains(&token), "{id}: {text}");
        }
    }
}
