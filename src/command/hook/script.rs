//! The text of a hook.

use std::path::Path;

use super::{BEFORE, Hook, MARK};

/// A script for POSIX shells that runs the earlier hook, and then `program`, or the keysweep in the
/// `PATH` if that no longer exists.
pub(super) fn script(hook: Hook, program: &Path) -> Vec<u8> {
    let name = hook.name();
    let arguments = hook.arguments();
    let mut script = format!("#!/bin/sh\n{MARK}\n").into_bytes();
    script.extend_from_slice(b"keysweep=");
    script.extend(quoted(program.as_os_str().as_encoded_bytes()));
    let (say, input) = match hook.reads_input() {
        true => {
            ("refs=$(cat)\nrefs() { [ -z \"$refs\" ] || printf '%s\\n' \"$refs\"; }\n", "refs | ")
        }
        false => ("", ""),
    };
    let run = if hook.reads_input() { "refs | " } else { "exec " };
    script.extend_from_slice(
        format!(
            r#"
[ -x "$keysweep" ] || keysweep=keysweep
command -v "$keysweep" >/dev/null || {{
  echo "keysweep: not found, so nothing was scanned: install it, or remove the hook $0" >&2
  exit 1
}}
{say}# The earlier hook runs first, and may refuse.
before="${{0%/*}}/{name}{BEFORE}"
if [ -x "$before" ]; then {input}"$before" "$@" || exit; fi
{run}"$keysweep" {arguments}
"#
        )
        .as_bytes(),
    );
    script
}

/// One word of a POSIX shell, for any bytes.
fn quoted(bytes: &[u8]) -> Vec<u8> {
    let mut word = vec![b'\''];
    for &byte in bytes {
        match byte {
            b'\'' => word.extend_from_slice(b"'\\''"),
            _ => word.push(byte),
        }
    }
    word.push(b'\'');
    word
}
