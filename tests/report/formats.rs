//! Properties of every format of a scan's report: no secret, no terminal codes of the scanned
//! project, the same bytes for any number of threads.

use crate::support::{Keys, Project};

pub(crate) const FORMATS: [&str; 11] = [
    "text", "short", "json", "jsonl", "sarif", "gitlab", "github", "junit", "csv", "markdown",
    "html",
];

/// A project of many files, with one key in several places and keys in hostile surroundings.
fn project() -> Project {
    let mut keys = Keys::new("formats");
    let project = Project::new();
    let shared = keys.pair().env;
    for number in 0..120 {
        let own = keys.pair().env;
        let text = if number % 3 == 0 { format!("{shared}\n\n{own}") } else { own };
        project.file(format!("folder{}/file{number}.env", number % 7), text);
    }
    // A line that would clear a terminal, break a table or begin a formula.
    let (id, secret) = (keys.id(), keys.secret());
    project
        .file("=1+1,\u{1b}[2J.env", format!("\u{1b}]0;\u{7}::error::\"{id}\",<a>{secret}</a>\n"));
    // A temporary key on one line, and a lone secret.
    let (id, secret, token) = (keys.id_of("ASIA"), keys.secret(), keys.token());
    project.file(
        "temporary.json",
        format!(
            "{{\"AccessKeyId\":\"{id}\",\"SecretAccessKey\":\"{secret}\",\
             \"SessionToken\":\"{token}\"}}\n"
        ),
    );
    project.file("lone.py", format!("aws_secret_access_key = '{}'\n", keys.secret()));
    project
}

/// A report without the time of the run, which GitLab's and the page have.
pub(crate) fn untimed(report: &str) -> String {
    let time = r#""(start|end)_time": "[0-9T:-]{19}"|[0-9-]{10} [0-9:]{5} UTC"#;
    let time = regex::Regex::new(time).expect("an expression");
    time.replace_all(report, "").into_owned()
}

#[test]
fn every_format_is_the_same_for_any_number_of_threads_and_shows_no_secret() {
    let project = project();
    for format in FORMATS {
        // The harness looks for planted secrets in all that a run prints.
        let run = |threads: &str| {
            let ran = project.keysweep(["scan", "--format", format, "--threads", threads]).run();
            untimed(&ran.exits(1).stdout)
        };
        let one = run("1");
        assert!(one.contains("temporary.json"), "{format} names the file: {one}");
        assert!(!one.contains(['\u{1b}', '\u{7}']), "{format} hands on codes for terminals");
        for threads in ["2", "8"] {
            assert!(run(threads) == one, "{format} differs with {threads} threads");
        }
    }
}

#[test]
fn a_file_has_the_bytes_that_standard_output_would_have() {
    let project = project();
    for format in FORMATS {
        let printed = project.keysweep(["scan", "--format", format]).run().exits(1).stdout;
        let output = format!("{format}=report");
        project.keysweep(["scan", "--output", &output]).run().exits(1);
        let written = std::fs::read_to_string(project.at("report")).expect("a report");
        std::fs::remove_file(project.at("report")).expect("the report is removed");
        let (printed, written) = (untimed(&printed), untimed(&written));
        // Text on a terminal has what was scanned on standard error; a file of it ends with that,
        // and begins with what wrote it.
        let heading = concat!("keysweep ", env!("CARGO_PKG_VERSION"), " scan\n\n");
        let body = written.strip_prefix(heading).filter(|_| format == "text");
        assert!(body.unwrap_or(&written).starts_with(&printed), "{format}");
        assert!(format == "text" || written == printed, "{format}");
    }
}
