//! `--to-command`: a command of the user's that gets the new key on its standard input.

use std::io::{self, ErrorKind, Read, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use zeroize::{Zeroize as _, Zeroizing};

use super::file::json;
use super::{NewKey, Unfit};
use crate::opaque;
use crate::text::escape_line;

/// The most bytes that are kept of a command's output.
const MOST: u64 = 4096;

/// Characters that a shell interprets in a word.
const SHELL: &[char] =
    &['|', '&', ';', '<', '>', '(', ')', '$', '`', '\\', '"', '\'', '*', '?', '[', '#', '~', '='];

/// A command whose program was found, and that was not run yet.
#[derive(Debug)]
pub(super) struct ToCommand(String);

impl ToCommand {
    /// Looks for the program, if the first word of the command is plainly the name of one.
    pub(super) fn prepare(command: &str) -> Result<Self, Unfit> {
        let word = command.split_whitespace().next().ok_or(Unfit::NoCommand)?;
        if !word.contains(SHELL) && !is_program(word) && !is_builtin(word) {
            return Err(Unfit::NotFound(word.to_owned()));
        }
        Ok(Self(command.to_owned()))
    }

    /// Runs it. Its output is not shown: it may repeat its input.
    pub(super) fn store(&self, key: &NewKey<'_>) -> Result<(), Unfit> {
        let text = json(key).map_err(Unfit::Command)?;
        let mut command = shell(&self.0);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(Unfit::Command)?;
        let said = child.stderr.take().map(listen);
        let fed = feed(&mut child, &text);
        let status = child.wait().map_err(Unfit::Command)?;
        let said = said.and_then(|reader| reader.join().ok()).unwrap_or_default();
        match fed {
            _ if !status.success() => {
                Err(Unfit::Failed { status: status.to_string(), said: shown_output(&said, key) })
            }
            // It succeeded without reading the key that it was to keep.
            Err(error) => Err(Unfit::NotRead(error)),
            Ok(()) => Ok(()),
        }
    }
}

fn feed(child: &mut Child, text: &[u8]) -> io::Result<()> {
    let mut input = child.stdin.take().ok_or(ErrorKind::BrokenPipe)?;
    input.write_all(text)
}

fn listen(stream: impl Read + Send + 'static) -> std::thread::JoinHandle<Zeroizing<Vec<u8>>> {
    std::thread::spawn(move || {
        let mut text = Zeroizing::new(Vec::with_capacity(MOST as usize + 1));
        let mut stream = stream.take(u64::MAX);
        let mut part = [0; 512];
        while let Ok(len @ 1..) = stream.read(&mut part) {
            let room = (MOST as usize).saturating_sub(text.len());
            text.extend_from_slice(&part[..len.min(room)]);
        }
        part.zeroize();
        text
    })
}

/// The last line of a command's output, without anything that may be a secret.
fn shown_output(said: &Zeroizing<Vec<u8>>, key: &NewKey<'_>) -> String {
    let text = Zeroizing::new(String::from_utf8_lossy(said).into_owned());
    let secret = String::from_utf8_lossy(key.secret.expose());
    // Half a secret at the end of what was kept is cut off with its line.
    let whole = if said.len() as u64 >= MOST {
        text.rsplit_once('\n').map_or("", |two| two.0)
    } else {
        &text
    };
    let last = whole.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
    if secret
        .as_bytes()
        .windows(8)
        .any(|part| last.as_bytes().windows(8).any(|eight| eight == part))
    {
        return "its output contains the secret and is not shown".to_owned();
    }
    opaque::redacted(&escape_line(last.trim()))
}

#[cfg(unix)]
fn shell(text: &str) -> Command {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", text]);
    command
}

#[cfg(not(unix))]
fn shell(text: &str) -> Command {
    let mut command = Command::new("cmd");
    command.args(["/C", text]);
    command
}

/// Words of a shell's own that run a program, or do something.
fn is_builtin(word: &str) -> bool {
    ["command", "exec", "exit", "env", "false", "test", "true", ".", "!", "{", "if", "cd", "set"]
        .contains(&word)
}

fn is_program(word: &str) -> bool {
    if word.contains(['/', std::path::MAIN_SEPARATOR]) {
        return is_executable(Path::new(word));
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| is_executable(&folder.join(word)))
}

#[cfg(unix)]
fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    path.metadata().is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_executable(path: &Path) -> bool {
    ["", "exe", "cmd", "bat"].iter().any(|ending| {
        let file = if ending.is_empty() { path.to_owned() } else { path.with_extension(ending) };
        file.is_file()
    })
}
