//! Patterns, matched segment by segment.

/// A pattern of paths.
#[derive(Debug)]
pub(super) struct Pattern {
    segments: Vec<Segment>,
    /// The paths that match in addition to the path itself.
    inside: Inside,
}

/// The effect of a pattern inside a folder that it matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Inside {
    /// Not at all.
    Never,
    /// As to the path itself.
    Also,
    /// To nothing else: the pattern ends in a slash.
    Only,
}

#[derive(Debug)]
enum Segment {
    /// `**`: any number of folders.
    Folders,
    /// The name of a file or folder.
    Name(Vec<Element>),
}

#[derive(Debug)]
enum Element {
    /// This byte.
    Byte(u8),
    /// `?`: any character.
    One,
    /// `*`: any characters.
    Many,
    /// `[…]`: one of these characters, or none of them.
    Set { ranges: Vec<(char, char)>, negated: bool },
}

impl Pattern {
    /// A pattern as in a `.gitignore` (gitignore(5)), but `folder/*` is not about folders inside.
    pub(super) fn gitignore(pattern: &[u8]) -> Self {
        let (body, mut inside) = match pattern.strip_suffix(b"/") {
            Some(body) => (body, Inside::Only),
            None => (pattern, Inside::Also),
        };
        let is_anchored = body.contains(&b'/');
        let body = body.strip_prefix(b"/").unwrap_or(body);
        let mut parts: Vec<&[u8]> = body.split(|&byte| byte == b'/').collect();
        if is_anchored && parts.last() == Some(&&b"*"[..]) && inside == Inside::Also {
            inside = Inside::Never;
        }
        // The last `**` needs a name: `a/**` is what is inside of `a`.
        if parts.last() == Some(&&b"**"[..]) {
            parts.pop();
            parts.push(b"*");
        }
        let mut segments: Vec<Segment> = Vec::new();
        if !is_anchored {
            segments.push(Segment::Folders);
        }
        segments.extend(parts.iter().map(|part| Segment::new(part, false)));
        Self { segments, inside }
    }

    /// A pattern of Ruby's `File.fnmatch` with `FNM_DOTMATCH` and `FNM_PATHNAME`, as GitLab
    /// completes it.
    pub(super) fn fnmatch(pattern: &[u8]) -> Self {
        let is_anchored = pattern.starts_with(b"/");
        // An escaped `#` needs no treatment: a backslash makes any character itself.
        let body = pattern.strip_prefix(b"/").unwrap_or(pattern);
        let (body, is_folder) = match body.strip_suffix(b"/") {
            Some(body) => (body, true),
            None => (body, pattern == b"/"),
        };
        let mut segments: Vec<Segment> = Vec::new();
        if !is_anchored {
            segments.push(Segment::Folders);
        }
        let parts: Vec<&[u8]> = body.split(|&byte| byte == b'/').collect();
        let last = parts.len() - 1;
        for (at, part) in parts.into_iter().enumerate() {
            // At the end `**` is like `*`, and so is what is not a segment of its own.
            let is_last = at == last && !is_folder;
            if part == b"**" && is_last {
                segments.push(Segment::Name(vec![Element::Many]));
            } else if !(part.is_empty() && is_folder) {
                segments.push(Segment::new(part, true));
            }
        }
        if is_folder {
            segments.extend([Segment::Folders, Segment::Name(vec![Element::Many])]);
        }
        Self { segments, inside: Inside::Never }
    }

    /// True if the pattern matches a path, given by its segments.
    ///
    /// All positions in the pattern that the segments so far lead to are kept, so a pattern with
    /// many `**` costs no more than one with as many names.
    pub(super) fn matches(&self, path: &[&[u8]]) -> bool {
        let end = self.segments.len();
        let mut at = vec![false; end + 1];
        let mut is_inside = false;
        at[0] = true;
        self.skip(&mut at);
        for name in path {
            let mut next = vec![false; end + 1];
            // After the end of the pattern: this is inside of the folder that matched.
            is_inside |= at[end];
            for (position, segment) in self.segments.iter().enumerate().filter(|(it, _)| at[*it]) {
                match segment {
                    Segment::Folders => next[position] = true,
                    Segment::Name(elements) => next[position + 1] |= is_name(elements, name),
                }
            }
            self.skip(&mut next);
            at = next;
        }
        match self.inside {
            Inside::Never => at[end],
            Inside::Also => at[end] || is_inside,
            Inside::Only => is_inside,
        }
    }

    /// `**` may match no folder.
    fn skip(&self, at: &mut [bool]) {
        for (position, segment) in self.segments.iter().enumerate() {
            if at[position] && matches!(segment, Segment::Folders) {
                at[position + 1] = true;
            }
        }
    }
}

impl Segment {
    fn new(text: &[u8], has_sets: bool) -> Self {
        if text == b"**" {
            return Self::Folders;
        }
        let mut elements = Vec::new();
        let mut rest = text;
        while let Some((&first, tail)) = rest.split_first() {
            rest = tail;
            match first {
                b'*' => {
                    if !matches!(elements.last(), Some(Element::Many)) {
                        elements.push(Element::Many);
                    }
                }
                b'?' => elements.push(Element::One),
                b'\\' if !tail.is_empty() => {
                    elements.push(Element::Byte(tail[0]));
                    rest = &tail[1..];
                }
                b'[' if has_sets => match set(tail) {
                    Some((element, after)) => {
                        elements.push(element);
                        rest = after;
                    }
                    // A set that does not end matches nothing.
                    None => elements.push(Element::Set { ranges: Vec::new(), negated: false }),
                },
                _ => elements.push(Element::Byte(first)),
            }
        }
        Self::Name(elements)
    }
}

/// Reads a set after its bracket; returns the text after it as well.
fn set(text: &[u8]) -> Option<(Element, &[u8])> {
    // A set with bytes that are not UTF-8 counts as one that does not end.
    let text = std::str::from_utf8(text).ok()?;
    let inner = text.strip_prefix(['^', '!']).unwrap_or(text);
    let negated = inner.len() < text.len();
    let mut ranges = Vec::new();
    let mut letters = inner.char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        if letter == ']' {
            return Some((Element::Set { ranges, negated }, &inner.as_bytes()[at + 1..]));
        }
        let first = if letter == '\\' { letters.next()?.1 } else { letter };
        let is_range = letters.peek().is_some_and(|(_, next)| *next == '-')
            && letters.clone().nth(1).is_some_and(|(_, next)| next != ']');
        let last = match is_range {
            true => {
                letters.next();
                let (_, last) = letters.next()?;
                if last == '\\' { letters.next()?.1 } else { last }
            }
            false => first,
        };
        ranges.push((first, last));
    }
    None
}

/// Matches a name. Only the last `*` is ever extended, so this takes the product of both lengths at
/// most.
fn is_name(elements: &[Element], name: &[u8]) -> bool {
    let (mut element, mut at) = (0, 0);
    let mut last_star: Option<(usize, usize)> = None;
    loop {
        let consumed = match elements.get(element) {
            Some(Element::Many) => {
                last_star = Some((element, at));
                element += 1;
                continue;
            }
            Some(one) => one.consumes(&name[at..]),
            None if at == name.len() => return true,
            None => None,
        };
        match (consumed, last_star) {
            (Some(len), _) => {
                element += 1;
                at += len;
            }
            (None, Some((star, from))) if from < name.len() => {
                let from = from + character(&name[from..]).1;
                last_star = Some((star, from));
                element = star + 1;
                at = from;
            }
            (None, _) => return false,
        }
    }
}

impl Element {
    /// The number of bytes of `text` that it matches.
    fn consumes(&self, text: &[u8]) -> Option<usize> {
        let first = *text.first()?;
        match self {
            Self::Byte(byte) => (*byte == first).then_some(1),
            Self::Many => None,
            Self::One => Some(character(text).1),
            Self::Set { ranges, negated } => {
                let (letter, len) = character(text);
                let within = |(first, last): &(char, char)| {
                    letter.is_some_and(|letter| (*first..=*last).contains(&letter))
                };
                let is_any = ranges.iter().any(within);
                (!ranges.is_empty() && is_any != *negated).then_some(len)
            }
        }
    }
}

/// The first character and its length in bytes; a byte that is not UTF-8 is a character.
fn character(text: &[u8]) -> (Option<char>, usize) {
    let head = &text[..text.len().min(4)];
    let valid = head.utf8_chunks().next().map(|chunk| chunk.valid()).unwrap_or_default();
    match valid.chars().next() {
        Some(letter) => (Some(letter), letter.len_utf8()),
        None => (None, 1),
    }
}
