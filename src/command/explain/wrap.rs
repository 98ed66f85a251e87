//! Wraps prose and commands for a terminal.

/// Maximum number of columns of a line.
pub(super) const WIDTH: usize = 100;

/// Wraps prose.
pub(super) fn prose(text: &str, indent: &str) -> String {
    let mut lines = String::new();
    let mut line = String::new();
    for word in text.split(' ') {
        let length = indent.len() + line.chars().count() + word.chars().count();
        if !line.is_empty() && length >= WIDTH {
            lines.push_str(&format!("{indent}{line}\n"));
            line.clear();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines + &format!("{indent}{line}\n")
}

/// The state of a shell's parser at the next character of a command.
#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    Plain,
    Single,
    Double,
}

/// Wraps a command so that a POSIX shell reads it unchanged.
///
/// A line ends at an unquoted blank, with a backslash, or in a quoted JSON document after a comma
/// outside of its strings. A command without such a position stays long.
pub(super) fn command(text: &str, indent: &str) -> String {
    let mut lines: Vec<String> = vec![String::new()];
    for (piece, joint) in pieces(text) {
        let last = lines.last_mut().map_or(0, |line| line.chars().count());
        let begins = lines.len() == 1;
        let before = indent.len() + if begins { 0 } else { 4 };
        // Room for the backslash.
        if last > 0 && before + last + piece.trim_end().chars().count() + 2 > WIDTH {
            if let Some(line) = lines.last_mut() {
                let kept = line.trim_end().len();
                line.truncate(kept);
                line.push_str(joint);
            }
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            line.push_str(piece);
        }
    }
    let mut wrapped = String::new();
    for (number, line) in lines.iter().enumerate() {
        let more = if number == 0 { "" } else { "    " };
        wrapped.push_str(&format!("{indent}{more}{}\n", line.trim_end()));
    }
    wrapped
}

/// The pieces of a command, each with the end of a line that breaks before it.
fn pieces(text: &str) -> Vec<(&str, &'static str)> {
    let mut states = vec![State::Plain];
    let (mut start, mut joint) = (0, "");
    let mut is_in_string = false;
    let mut pieces = Vec::new();
    let mut characters = text.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        let state = states.last().copied().unwrap_or(State::Plain);
        let end = at + character.len_utf8();
        let next = match (state, character) {
            (State::Single, '\'') | (State::Double, '"') => {
                states.pop();
                None
            }
            (State::Single, '"') => {
                is_in_string = !is_in_string;
                None
            }
            (State::Single, ',') if !is_in_string && text[end..].starts_with(['"', '{']) => {
                Some("")
            }
            (State::Single, _) => None,
            (_, '\\') => {
                characters.next();
                None
            }
            (_, '$') if characters.next_if(|(_, next)| *next == '(').is_some() => {
                states.push(State::Plain);
                None
            }
            (State::Plain, ')') if states.len() > 1 => {
                states.pop();
                None
            }
            (State::Plain, '\'') => {
                states.push(State::Single);
                None
            }
            (_, '"') => {
                states.push(State::Double);
                None
            }
            (State::Plain, ' ') => Some(" \\"),
            _ => None,
        };
        if let Some(next) = next {
            pieces.push((&text[start..end], joint));
            (start, joint) = (end, next);
        }
    }
    pieces.push((&text[start..], joint));
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_broken_where_the_shell_joins_it_again() {
        let long = "x".repeat(40);
        let text =
            format!("aws {long} --a '{long} {long}' --b \"$(sub {long} 'q' | other)\" \\\" {long}");
        let wrapped = command(&text, "  ");
        let joined: String =
            wrapped.split(" \\\n").map(str::trim_start).collect::<Vec<_>>().join(" ");
        assert_eq!(joined.trim_end(), text);
        let json = format!("p '{{\"a\":\"{long}, {long}\",\"b\":[\"{long}\",\"{long}\"]}}' q");
        let wrapped = command(&json, "");
        assert!(wrapped.lines().count() > 1 && !wrapped.contains(",\" \\"), "{wrapped}");
        assert!(wrapped.contains(&format!("{long}, {long}")), "{wrapped}");
    }
}
