//! The notifications of a log: how the run ended, what could not be read, what was left out.

use super::model::{
    Configuration, Descriptor, DescriptorReference, Help, Invocation, Message, Notification,
};
use super::rules::HOME;
use crate::report::Report;

/// Maximum number of problems that a log lists.
const LONGEST_LIST: usize = 1_000;

/// The kinds of notifications; their order is their index.
#[derive(Clone, Copy)]
enum Kind {
    Unreadable,
    Dropped,
    Failed,
    Filtered,
}

impl Kind {
    const ALL: [Self; 4] = [Self::Unreadable, Self::Dropped, Self::Failed, Self::Filtered];

    fn id(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable-input",
            Self::Dropped => "results-dropped",
            Self::Failed => "run-failed",
            Self::Filtered => "results-filtered",
        }
    }

    fn level(self) -> &'static str {
        match self {
            Self::Unreadable | Self::Dropped | Self::Filtered => "warning",
            Self::Failed => "error",
        }
    }
}

/// The descriptors of all notifications.
pub(super) fn descriptors() -> Vec<Descriptor> {
    let describe = |kind: Kind| {
        let (name, short, full, help) = match kind {
            Kind::Unreadable => (
                "UnreadableInput",
                "Something could not be read.",
                "A part of what was asked for could not be read, so leaks in it are not reported.",
                "Make it readable as the message says and run again: there may be leaks in it.",
            ),
            Kind::Dropped => (
                "ResultsDropped",
                "There are more results than a service accepts.",
                "Code-scanning services refuse a run of more than 25,000 results; the most severe \
                 are kept.",
                "Run again with --format json, which contains all findings.",
            ),
            Kind::Failed => (
                "RunFailed",
                "The run did not end as asked.",
                "The run failed or was interrupted, so the log is incomplete.",
                "See the program's standard error, and run again.",
            ),
            Kind::Filtered => (
                "ResultsFiltered",
                "A filter hides findings.",
                "A filter (--only or --not of keysweep report, or --only-live) leaves only a part \
                 of the findings in the log.",
                "Run the command without these options for all findings.",
            ),
        };
        Descriptor {
            id: kind.id().to_owned(),
            name: name.to_owned(),
            short_description: Message::new(short),
            full_description: Message::new(full),
            default_configuration: Some(Configuration { level: kind.level(), rank: None }),
            help_uri: HOME.into(),
            help: Help { text: help.to_owned(), markdown: help.to_owned() },
            relationships: Vec::new(),
            properties: None,
        }
    };
    Kind::ALL.into_iter().map(describe).collect()
}

/// The result of the run; `dropped` results were beyond the limit.
pub(super) fn invocation(report: &Report<'_>, dropped: usize) -> Invocation {
    let successful = matches!(report.exit, 0 | 1 | 3);
    let mut notifications = Vec::new();
    if !successful {
        notifications.push(notification(Kind::Failed, exit_text(report.exit)));
    }
    if dropped > 0 {
        let text = format!(
            "{dropped} results of lower severity are left out, because services refuse more than \
             {}.",
            report.limits.results
        );
        notifications.push(notification(Kind::Dropped, &text));
    }
    if let Some(filter) = report.view.filter {
        notifications.push(notification(Kind::Filtered, &filter.line()));
    }
    let problems = &report.coverage.problems;
    for problem in problems.iter().take(LONGEST_LIST) {
        let text = match problem.what.as_str() {
            "verification" => format!("Not all keys could be verified: {}.", problem.why),
            what => format!("The {what} '{}' could not be read: {}.", problem.path, problem.why),
        };
        notifications.push(notification(Kind::Unreadable, &text));
    }
    if problems.len() > LONGEST_LIST {
        let text = format!("{} more could not be read.", problems.len() - LONGEST_LIST);
        notifications.push(notification(Kind::Unreadable, &text));
    }
    Invocation {
        execution_successful: successful,
        exit_code: report.exit,
        exit_code_description: exit_text(report.exit),
        tool_execution_notifications: notifications,
    }
}

fn notification(kind: Kind, text: &str) -> Notification {
    Notification {
        descriptor: DescriptorReference {
            id: kind.id(),
            index: kind as usize,
            tool_component: None,
        },
        level: kind.level(),
        message: Message::new(text),
    }
}

fn exit_text(exit: u8) -> &'static str {
    match exit {
        0 => "Everything asked for was scanned; nothing at or above the level to fail on.",
        1 => "There are findings at or above the level to fail on.",
        3 => "No such finding, but some of what was asked for could not be read or verified.",
        130 => "Interrupted; what was found until then is reported.",
        _ => "Wrong usage, or nothing could be scanned.",
    }
}
