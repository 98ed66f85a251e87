//! The texts that the owner of a leaked key reads.

use super::*;
use crate::finding::{Confidence, Credential, Occurrence, Origin, RuleId, Severity, Sighting};
use crate::secret::Secret;

const BODY: &str = "QNZGKIQY56JQ7WML";

fn finding(rule: &str, id: Option<String>, user: Option<&str>) -> Finding {
    let credential = Credential {
        user: user.map(str::to_owned),
        ..Credential::new(RuleId::new(rule), id, Some(Secret::new(vec![b'x'; 40])))
    };
    let (sighting, confidence) = (Sighting::default(), Confidence::High);
    let place = Occurrence { origin: Origin::default(), sighting, confidence };
    Finding::new(credential, Severity::Error, confidence, vec![place])
}

fn first(finding: &Finding) -> String {
    let steps = steps(finding, &RuleSet::builtin());
    steps[0].cli.clone().expect("a command")
}

#[test]
fn a_leaked_key_is_deactivated_first_though_its_user_is_unknown() {
    let id = ["AKIA", BODY].concat();
    let finding = finding("aws-access-key", Some(id.clone()), None);
    assert_eq!(
        first(&finding),
        format!(
            "aws iam update-access-key --user-name \"$(aws iam get-access-key-last-used \
             --access-key-id {id} --query UserName --output text)\" --access-key-id {id} \
             --status Inactive"
        )
    );
}

#[test]
fn what_sts_said_names_user_role_and_root() {
    let id = ["AKIA", BODY].concat();
    let mut long = finding("aws-access-key", Some(id.clone()), None);
    long.verification.arn = Some("arn:aws-cn:iam::123456789012:user/ops/alice".to_owned());
    let command = format!(
        "aws iam update-access-key --user-name alice --access-key-id {id} --status Inactive"
    );
    assert_eq!(first(&long), command);
    let steps = steps(&long, &RuleSet::builtin());
    assert!(steps.iter().any(|step| {
        step.cli.as_ref().is_some_and(|cli| cli.contains("arn:aws-cn:iam::*:user/${aws:username}"))
    }));
    long.verification.arn = Some("arn:aws:iam::123456789012:root".to_owned());
    let command = format!("aws iam update-access-key --access-key-id {id} --status Inactive");
    assert_eq!(first(&long), command);
    let mut short = finding("aws-temporary-key", Some(["ASIA", BODY].concat()), None);
    let arn = "arn:aws:sts::123456789012:assumed-role/deploy/ci";
    short.verification.arn = Some(arn.to_owned());
    assert!(first(&short).starts_with("aws iam put-role-policy --role-name deploy "));
}

#[test]
fn a_role_that_nobody_knows_is_read_from_cloudtrail() {
    let command = first(&finding("aws-temporary-key", Some(["ASIA", BODY].concat()), None));
    assert!(!command.contains("<ROLE>") && !command.contains("{{"), "{command}");
    assert!(command.contains("sessionIssuer\":{[^}]*\"userName\""), "{command}");
}

#[test]
fn bedrock_and_service_credentials_name_their_user() {
    let bedrock = finding("aws-bedrock-api-key", None, Some("BedrockAPIKey-x"));
    assert!(first(&bedrock).contains("--user-name BedrockAPIKey-x --service-name bedrock."));
    let id = "bob-at-123456789012".to_owned();
    let service = finding("aws-service-credential", Some(id), Some("bob"));
    let command = first(&service);
    assert!(command.contains("ServiceUserName=='\"bob-at-123456789012\"'"), "{command}");
}

#[test]
fn the_signer_of_a_short_term_key_decides_what_is_revoked() {
    let of = |prefix| finding("aws-bedrock-short-term-key", Some([prefix, BODY].concat()), None);
    assert!(first(&of("ASIA")).starts_with("aws iam put-role-policy"));
    assert!(first(&of("AKIA")).starts_with("aws iam update-access-key"));
}

#[test]
fn the_next_step_is_one_line_and_minds_the_verdict() {
    let mut finding = finding("aws-access-key", Some(["AKIA", BODY].concat()), None);
    let rules = RuleSet::builtin();
    let next = next_step(&finding, &rules);
    assert!(next.starts_with("Deactivate the key now") && !next.contains('\n'), "{next}");
    finding.verification.status = Status::Canary;
    assert!(next_step(&finding, &rules).starts_with("a canary: leave it alone"));
    finding.verification.status = Status::Inactive;
    assert!(!next_step(&finding, &rules).contains("Deactivate"));
}

#[test]
fn every_help_says_first_what_to_do_first() {
    for rule in RuleSet::builtin().rules {
        let (text, markdown) = (help_text(&rule), help_markdown(&rule));
        assert!(text.starts_with("First: ") && markdown.starts_with("**First: "), "{}", rule.id);
        for help in [&text, &markdown] {
            assert!(help.len() > 200 && help.contains("not rotation"), "{}: {help}", rule.id);
        }
    }
    let rules = RuleSet::builtin();
    let help = help_markdown(rules.get("aws-access-key").expect("built in"));
    for words in [
        "aws iam update-access-key --user-name '<USER>' --access-key-id '<KEY_ID>' --status Inactive",
        "AttributeKey=AccessKeyId,AttributeValue='<KEY_ID>'",
        "aws iam create-access-key",
        "aws iam delete-access-key",
        "36 hours",
        "90 days",
        "can have two",
    ] {
        assert!(help.contains(words), "{words}");
    }
}

#[test]
fn a_users_rule_is_reported_in_its_own_words() {
    let mut rule = RuleSet::builtin().rules.remove(0);
    rule.id = RuleId::new("acme-key");
    rule.remedy = "Delete it at [keys](x).".to_owned();
    let steps = steps_for_rule(&rule);
    assert_eq!(steps.len(), 1);
    assert_eq!(steps[0].why, "Delete it at [keys](x).");
    assert!(help_markdown(&rule).contains("Delete it at \\[keys\\](x)."));
}

/// The user is looked up by the key's id, which is no longer known once the key is deleted.
#[test]
fn no_step_needs_the_user_after_the_key_is_deleted() {
    let id = ["AKIA", BODY].concat();
    for rule in RuleSet::builtin().rules {
        let steps = steps(&finding(rule.id.as_str(), Some(id.clone()), None), &RuleSet::builtin());
        for when in [Occasion::Leak, Occasion::Rotation] {
            let commands = steps.iter().filter(|step| step.when == when);
            let commands: Vec<&str> = commands.filter_map(|step| step.cli.as_deref()).collect();
            let deleted = commands.iter().position(|cli| cli.contains("delete-access-key"));
            let after = deleted.map_or(&[][..], |at| &commands[at + 1..]);
            assert!(!after.iter().any(|cli| cli.contains("last-used")), "{}: {after:?}", rule.id);
        }
    }
}

/// The words of a script in which `aws` prints its arguments, one on each line, and nothing waits.
#[cfg(unix)]
fn words(script: &str) -> String {
    let script = format!(
        "aws() {{ case \"$1 $2\" in *last-used) case \"$*\" in *UserName*) echo looked-up;; \
         *) printf '<%s>\\n' \"$@\";; esac;; *) printf '<%s>\\n' \"$@\";; esac; }}\n\
         date() {{ echo today; }}\nsleep() {{ :; }}\n{script}"
    );
    let output = std::process::Command::new("sh").args(["-c", &script]).output().expect("a shell");
    let reported = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && reported.is_empty(), "{script}: {reported}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A command of the table, with a finding's variables set, equals the command with its values.
#[test]
#[cfg(unix)]
fn the_table_says_what_the_steps_of_a_finding_say() {
    let rules = RuleSet::builtin();
    let mut compared = 0;
    for rule in &rules.rules {
        for (id, user) in [
            (Some(["AKIA", BODY].concat()), None),
            (Some(["AKIA", BODY].concat()), Some("alice o'hara")),
            (Some(["ASIA", BODY].concat()), None),
            (Some("bob-at-123456789012".to_owned()), Some("bob")),
        ] {
            let finding = finding(rule.id.as_str(), id, user);
            let applied = applied(&finding, &rules);
            let table = remedies([&finding], &rules);
            let remedy = &table[&applied.remedy];
            let steps = steps(&finding, &rules);
            assert_eq!(remedy.steps.len(), steps.len());
            let mut set = String::new();
            for (name, value) in &applied.variables {
                set += &format!("{name}='{}'\n", value.replace('\'', "'\\''"));
            }
            for (name, lookup) in &remedy.lookups {
                set += &format!("{name}=\"$({lookup})\"\n");
            }
            for (name, unknown) in [("KEY", "KEY_ID"), ("OWNER", "USER"), ("ROLE", "ROLE")] {
                let known = applied.variables.keys().chain(remedy.lookups.keys());
                if known.into_iter().all(|known| *known != name) {
                    set += &format!("{name}='<{unknown}>'\n");
                }
            }
            for (step, own) in remedy.steps.iter().zip(&steps) {
                assert_eq!((&step.title, &step.api), (&own.title, &own.api));
                let (Some(cli), Some(own)) = (&step.cli, &own.cli) else { continue };
                // The command of another provider has no variables, and is not run: it would be sent.
                if rule.pack != crate::rules::Pack::Aws {
                    assert_eq!(cli, own, "{}", rule.id);
                    continue;
                }
                assert_eq!(words(&format!("{set}{cli}")), words(own), "{}: {cli}", rule.id);
                compared += 1;
            }
        }
    }
    assert!(compared > 100, "{compared}");
}
