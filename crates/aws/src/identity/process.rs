//! Programs that print credentials: a profile's `credential_process`, and the AWS CLI for sign-ins
//! that only it supports.
//!
//! They run without a shell. Their output is not stored and not quoted in errors.

use std::process::{Command, Stdio};

use serde::Deserialize;
use zeroize::Zeroizing;

use crate::Secret;
use crate::query::SigningKey;

/// The output of such a program (AWS SDKs and Tools Reference Guide, "Process credential
/// provider").
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Printed {
    version: u32,
    access_key_id: String,
    secret_access_key: Wiped,
    session_token: Option<Wiped>,
}

/// A secret in the output, wiped when dropped.
#[derive(Deserialize)]
#[serde(from = "String")]
struct Wiped(Secret);

impl From<String> for Wiped {
    fn from(text: String) -> Self {
        Self(Secret::new(text.into_bytes()))
    }
}

/// The key that a `credential_process` prints.
pub(super) fn credentials(command: &str) -> Result<SigningKey, String> {
    let words = split(command).ok_or("has a quote without an end")?;
    let (program, arguments) = words.split_first().ok_or("is empty")?;
    run(program, arguments)
}

/// The key of a profile that signs in with a browser (IAM Identity Center, `aws login`).
pub(super) fn export(profile: &str) -> Result<SigningKey, String> {
    let by_hand = format!(
        "run: eval \"$(aws configure export-credentials --profile {profile} --format env)\", then \
         this command again without --profile"
    );
    let version = Command::new("aws").arg("--version").stdin(Stdio::null()).output();
    let version = version.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    if !version.is_ok_and(|text| text.starts_with("aws-cli/2.")) {
        return Err(format!(
            "it signs in by a browser, which the AWS CLI of version 2 does, and that is not in PATH; \
             where it is, {by_hand}"
        ));
    }
    let words = ["configure", "export-credentials", "--profile", profile, "--format", "process"];
    run("aws", &words.map(str::to_owned)).map_err(|why| {
        format!(
            "the AWS CLI {why}; sign in with: aws sso login --profile {profile} (or aws login), \
             and run this command again"
        )
    })
}

fn run(program: &str, arguments: &[String]) -> Result<SigningKey, String> {
    // Its prompts and errors go to the user; it does not get our standard input.
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stderr(Stdio::inherit());
    let output = command.output().map_err(|error| format!("does not run: {program}: {error}"))?;
    let printed = Zeroizing::new(output.stdout);
    if !output.status.success() {
        return Err(format!("ended with {}", output.status));
    }
    let read: Printed = serde_json::from_slice(&printed)
        .map_err(|_| "did not print credentials as JSON".to_owned())?;
    if read.version != 1 {
        return Err(format!("printed credentials of version {}; 1 is known", read.version));
    }
    let token = read.session_token.map(|token| token.0).filter(|token| !token.expose().is_empty());
    Ok(SigningKey::new(&read.access_key_id, &read.secret_access_key.0, token.as_ref()))
}

/// Splits a command into words as a shell does, with quotes and backslashes only, like botocore.
/// `None` if a quote is not closed.
#[cfg(not(windows))]
fn split(command: &str) -> Option<Vec<String>> {
    let (mut words, mut word) = (Vec::new(), None::<String>);
    let mut rest = command.chars();
    while let Some(character) = rest.next() {
        match character {
            ' ' | '\t' | '\n' | '\r' => words.extend(word.take()),
            '\\' => word.get_or_insert_default().push(rest.next()?),
            '\'' => {
                let word = word.get_or_insert_default();
                loop {
                    match rest.next()? {
                        '\'' => break,
                        inner => word.push(inner),
                    }
                }
            }
            '"' => {
                let word = word.get_or_insert_default();
                loop {
                    match rest.next()? {
                        '"' => break,
                        '\\' => match rest.next()? {
                            escaped @ ('"' | '\\') => word.push(escaped),
                            other => word.extend(['\\', other]),
                        },
                        inner => word.push(inner),
                    }
                }
            }
            plain => word.get_or_insert_default().push(plain),
        }
    }
    words.extend(word);
    Some(words)
}

/// Splits a command into words with quotes only; a backslash separates folders on Windows.
#[cfg(windows)]
fn split(command: &str) -> Option<Vec<String>> {
    let (mut words, mut word, mut quoted) = (Vec::new(), None::<String>, false);
    for character in command.chars() {
        match character {
            '"' => {
                quoted = !quoted;
                word.get_or_insert_default();
            }
            ' ' | '\t' if !quoted => words.extend(word.take()),
            plain => word.get_or_insert_default().push(plain),
        }
    }
    words.extend(word);
    (!quoted).then_some(words)
}

#[cfg(all(test, not(windows)))]
mod tests {
    use super::*;

    #[test]
    fn words_are_those_of_a_shell() {
        for (command, expected) in [
            ("a b", &["a", "b"][..]),
            ("  /opt/x  --y='a b' \"c \\\" d\" ", &["/opt/x", "--y=a b", "c \" d"]),
            ("a\\ b ''", &["a b", ""]),
            ("a \"b\\n\"", &["a", "b\\n"]),
            ("", &[]),
        ] {
            assert_eq!(split(command).expect(command), expected, "{command}");
        }
        assert_eq!(split("a 'b"), None);
        assert_eq!(split("a \"b"), None);
    }

    #[test]
    fn an_error_does_not_contain_the_output_of_a_program() {
        for command in [
            "echo hunter2",
            "echo '{\"Version\": 2, \"AccessKeyId\": \"A\", \"SecretAccessKey\": \"hunter2\"}'",
            "sh -c 'echo hunter2; exit 3'",
            "no/such/program hunter3",
            "",
        ] {
            let error = credentials(command).expect_err(command);
            assert!(!error.contains("hunter2"), "{error}");
        }
        let good = "echo '{\"Version\": 1, \"AccessKeyId\": \"A\", \"SecretAccessKey\": \"b\"}'";
        assert_eq!(credentials(good).expect("a key").id(), "A");
    }
}
