//! `scan` without a PATH: a pipe with data is scanned, as in ripgrep, and the output says so.

use std::io::Write as _;
use std::process::Stdio;
use std::time::Duration;

use crate::support::{Keys, Project};

/// A folder with a leak, and the text of another one.
fn leaking(name: &str) -> (Project, String, String, String) {
    let (project, mut keys) = (Project::new(), Keys::new(name));
    let (here, piped) = (keys.pair(), keys.pair());
    project.file("here.env", &here.env).file("text/piped", &piped.env);
    std::fs::create_dir(project.at("empty")).expect("a folder");
    (project, here.id, piped.id, piped.env)
}

#[test]
fn the_kind_of_standard_input_decides_if_it_is_read() {
    let (project, here, piped, _) = leaking("unnamed");
    let text = project.at("text/piped");
    let text = text.to_str().expect("UTF-8");
    let (folder, input) = ((&here, &piped), (&piped, &here));
    // The script, and what is found and what is not. `exec` keeps the program the script's last.
    for (script, (found, left), says) in [
        ("cat \"$1\" | \"$0\" scan --exclude text", input, true),
        ("\"$0\" scan --exclude text <\"$1\"", input, true),
        ("(sleep 0.2; cat \"$1\") | \"$0\" scan --exclude text", input, true),
        ("cat \"$1\" | \"$0\" scan --stdin-name piped.env", input, false),
        ("cat \"$1\" | \"$0\" scan -", input, false),
        ("cat \"$1\" | \"$0\" scan --exclude text .", folder, false),
        ("\"$0\" scan --exclude text </dev/null", folder, false),
        ("true | \"$0\" scan --exclude text", folder, false),
        (": >none; \"$0\" scan --exclude text <none", folder, false),
        ("\"$0\" scan --exclude text <&-", folder, false),
    ] {
        let ran = project.shell(script, text).exits(1);
        assert!(ran.stdout.contains(found), "{script}: {ran:?}");
        assert!(!ran.stdout.contains(left), "{script}: {ran:?}");
        assert_eq!(ran.stderr.contains("no PATH: scanning standard input"), says, "{script}");
        let where_from = if found == &piped { "in standard input in " } else { "file" };
        assert!(ran.stderr.contains(where_from), "{script}: {}", ran.stderr);
    }
    // Whoever asks for silence hears nothing of a clean pipe.
    let ran = project.shell("echo text | \"$0\" scan -q", "").exits(0);
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("", ""));
}

#[test]
fn waiting_for_an_empty_pipe_is_reported() {
    let (project, here, piped, env) = leaking("a silent pipe");
    let mut command = project.keysweep(["scan"]).command();
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("it starts");
    std::thread::sleep(Duration::from_millis(1500));
    let mut input = child.stdin.take().expect("a pipe");
    input.write_all(env.as_bytes()).expect("it waits");
    drop(input);
    let output = child.wait_with_output().expect("it ends");
    let (stdout, stderr) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(stderr.contains("waiting for standard input"), "{stderr}");
    assert!(stdout.contains(&piped) && !stdout.contains(&here), "{stdout}");
    // A limit ends the wait, and the run does not pass.
    let mut command = project.keysweep(["scan", "--timeout", "200ms"]).command();
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().expect("it starts");
    let mut child = child;
    let held = child.stdin.take();
    let output = child.wait_with_output().expect("it ends");
    drop(held);
    assert_eq!(output.status.code(), Some(3), "{}", String::from_utf8_lossy(&output.stderr));
}
