//! The help for a kind of credential, which code-scanning services show with an alert.
//!
//! It contains nothing of a repository: names such as `<KEY_ID>` replace values.

use std::fmt::Write as _;

use crate::rules::{Pack, Rule};

use super::{Occasion, Step, steps_for_rule};

/// Most characters of a user's text that are shown.
const LONGEST: usize = 2_000;

/// The rule's help as Markdown: the first step, then all steps with their commands.
pub fn help_markdown(rule: &Rule) -> String {
    let steps = steps_for_rule(rule);
    let plain = |text: &str| markdown(text);
    let mut help = String::new();
    if let Some(first) = steps.first() {
        let _ = writeln!(help, "**First: {}.**\n", plain(&first.title));
        fence(first, "", &mut help);
        if let Some(command) = &first.keysweep {
            let _ = writeln!(help, "Or by keysweep, which looks and asks first: `{command}`\n");
        }
        if let Some(console) = &first.console {
            let _ = writeln!(help, "Or in the console: {}\n", plain(console));
        }
    }
    let _ = writeln!(help, "## {}\n\n{}\n", plain(&rule.title), plain(&rule.description));
    for (when, heading) in
        [(Occasion::Leak, "After a leak"), (Occasion::Rotation, "Planned rotation, without a leak")]
    {
        let steps: Vec<&Step> = steps.iter().filter(|step| step.when == when).collect();
        if !steps.is_empty() {
            let _ = writeln!(help, "## {heading}\n");
        }
        for (number, step) in steps.iter().enumerate() {
            let _ = writeln!(
                help,
                "{}. **{}.** {}\n",
                number + 1,
                plain(&step.title),
                plain(&step.why)
            );
            fence(step, "   ", &mut help);
            if let Some(console) = &step.console {
                let _ = writeln!(help, "   Console: {}\n", plain(console));
            }
            if let Some(api) = &step.api {
                let _ = writeln!(help, "   API: `{api}`\n");
            }
        }
    }
    if !help.contains(UPDATE) && leaks_with_keys(rule) {
        let _ = writeln!(help, "{KEY_FIRST}\n\n```sh\n{UPDATE} {DEACTIVATE}\n```\n");
    }
    let _ = writeln!(help, "{REWRITING}\n");
    if leaks_with_keys(rule) {
        let _ = writeln!(help, "{STEPS} `keysweep explain KEY_ID`.");
    }
    help
}

/// The same as plain text, for services that show no Markdown.
pub fn help_text(rule: &Rule) -> String {
    let steps = steps_for_rule(rule);
    let mut help = String::new();
    let shown = |text: &str| truncate(text);
    if let Some(first) = steps.first() {
        let _ = writeln!(help, "First: {}.", first.title);
        if let Some(cli) = &first.cli {
            let _ = writeln!(help, "  {cli}");
        }
        if let Some(command) = &first.keysweep {
            let _ = writeln!(help, "Or by keysweep, which looks and asks first: {command}");
        }
        if let Some(console) = &first.console {
            let _ = writeln!(help, "Or in the console: {console}");
        }
    }
    let _ = writeln!(help, "\n{}\n{}", shown(&rule.title), shown(&rule.description));
    for (when, heading) in
        [(Occasion::Leak, "After a leak"), (Occasion::Rotation, "Planned rotation")]
    {
        let steps: Vec<&Step> = steps.iter().filter(|step| step.when == when).collect();
        if !steps.is_empty() {
            let _ = writeln!(help, "\n{heading}:");
        }
        for (number, step) in steps.iter().enumerate() {
            let _ = writeln!(help, "{}. {}. {}", number + 1, step.title, shown(&step.why));
            if let Some(cli) = &step.cli {
                let _ = writeln!(help, "   {cli}");
            }
        }
    }
    if !help.contains(UPDATE) && leaks_with_keys(rule) {
        let _ = writeln!(help, "\n{KEY_FIRST}\n  {UPDATE} {DEACTIVATE}");
    }
    let _ = writeln!(help, "\n{REWRITING}");
    if leaks_with_keys(rule) {
        let _ = writeln!(help, "{STEPS} keysweep explain KEY_ID");
    }
    help
}

/// A secret that leaks together with an access key is often read before the key.
const KEY_FIRST: &str = "If an access key leaked with it, deactivate that first:";
const UPDATE: &str = "aws iam update-access-key";
const DEACTIVATE: &str = "--user-name '<USER>' --access-key-id '<KEY_ID>' --status Inactive";

const REWRITING: &str = "Rewriting history is not rotation: forks, pull-request refs, cached views \
    and clones keep what was pushed.";
const STEPS: &str = "The steps with a key's own id and user:";

/// True for rules whose credentials leak together with access keys.
fn leaks_with_keys(rule: &Rule) -> bool {
    matches!(rule.pack, Pack::Aws | Pack::Custom)
}

fn fence(step: &Step, indent: &str, help: &mut String) {
    if let Some(cli) = &step.cli {
        let _ = writeln!(help, "{indent}```sh\n{indent}{cli}\n{indent}```\n");
    }
}

fn truncate(text: &str) -> String {
    text.chars().take(LONGEST).collect()
}

/// A text without markup: it may come from a user's pattern file.
fn markdown(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars().take(LONGEST) {
        if matches!(character, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '#') {
            shown.push('\\');
        }
        shown.push(if character.is_control() { ' ' } else { character });
    }
    shown
}
