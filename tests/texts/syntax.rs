//! Writes what a text says in a syntax, which is a table of templates.

use super::names::{Name, Style};
use super::plan::{Allows, Block, Line};
use super::random::Random;

/// A syntax. In its templates `{n}` is a setting's name, `{v}` its value, `{N}` its name in Pascal
/// case, `{t}` the title of a section, `{i}` the section's number.
pub struct Syntax {
    pub name: &'static str,
    /// One is chosen for each text.
    pub styles: &'static [Style],
    /// True if blocks are sections that separate keys.
    pub records: bool,
    /// The signs before and after a comment, if there are comments.
    pub comment: Option<(&'static str, &'static str)>,
    pub head: &'static str,
    pub open: &'static str,
    pub field: &'static str,
    /// Stands between two settings.
    pub comma: &'static str,
    pub close: &'static str,
    /// Stands between two blocks.
    pub between: &'static str,
    pub foot: &'static str,
    /// The end of a line: `\n`, or its replacement where all is on one line.
    pub end: &'static str,
}

/// A syntax of settings, line by line, without sections.
pub const fn lines(
    name: &'static str,
    styles: &'static [Style],
    comment: Option<(&'static str, &'static str)>,
    field: &'static str,
) -> Syntax {
    Syntax {
        name,
        styles,
        records: false,
        comment,
        head: "",
        open: "",
        field,
        comma: "",
        close: "",
        between: "",
        foot: "",
        end: "\n",
    }
}

/// The same with sections.
pub const fn sections(
    name: &'static str,
    styles: &'static [Style],
    comment: Option<(&'static str, &'static str)>,
    open: &'static str,
    field: &'static str,
    close: &'static str,
) -> Syntax {
    let mut syntax = lines(name, styles, comment, field);
    syntax.records = true;
    syntax.open = open;
    syntax.close = close;
    syntax
}

impl Syntax {
    /// With something around the whole.
    pub const fn inside(mut self, head: &'static str, foot: &'static str) -> Self {
        self.head = head;
        self.foot = foot;
        self
    }

    /// With something between settings, and between blocks.
    pub const fn joined(mut self, comma: &'static str, between: &'static str) -> Self {
        self.comma = comma;
        self.between = between;
        self
    }

    /// On one line.
    pub const fn ending(mut self, end: &'static str) -> Self {
        self.end = end;
        self
    }

    /// The means that it has.
    pub fn allows(&self) -> Allows {
        Allows { records: self.records, comments: self.comment.is_some() }
    }

    /// Writes blocks.
    pub fn write(&self, random: &mut Random, blocks: &[Block]) -> String {
        let style = *random.pick(self.styles);
        let mut text = self.head.to_owned();
        for (index, block) in blocks.iter().enumerate() {
            let title = Name::new(&block.title);
            let titled = |template: &str| {
                let template = template.replace("{i}", &(index + 1).to_string());
                let template = template.replace("{T}", &title.spelled(Style::Pascal));
                template.replace("{t}", &title.spelled(Style::Snake))
            };
            if index > 0 {
                text += self.between;
            }
            text += &titled(self.open);
            self.write_lines(style, &title, &block.lines, &mut text);
            text += &titled(self.close);
        }
        text + self.foot
    }

    fn write_lines(&self, style: Style, title: &Name, lines: &[Line], text: &mut String) {
        let is_field = |line: &Line| matches!(line, Line::Field(..));
        let last = lines.iter().rposition(is_field);
        for (index, line) in lines.iter().enumerate() {
            let comma = if last.is_some_and(|last| index < last) { self.comma } else { "" };
            match (line, self.comment) {
                (Line::Field(name, value), _) => {
                    let field = self.filled(style, title, name, value);
                    *text += &(field + comma + self.end);
                }
                (Line::Off(name, value), Some((before, after))) => {
                    let indent = self.indent();
                    let field = self.filled(style, title, name, value);
                    for line in field.trim_start().lines() {
                        *text +=
                            &format!("{indent}{before}{}{after}{}", line.trim_start(), self.end);
                    }
                }
                (Line::Note(words), Some((before, after))) => {
                    *text += &format!("{}{before}{words}{after}{}", self.indent(), self.end);
                }
                (Line::Trailing(words), Some((before, after))) if self.end == "\n" => {
                    text.truncate(text.trim_end_matches('\n').len());
                    *text += &format!("  {before}{words}{after}\n");
                }
                (Line::Blank, _) if self.end == "\n" => *text += "\n",
                _ => {}
            }
        }
    }

    fn indent(&self) -> &str {
        &self.field[..self.field.len() - self.field.trim_start().len()]
    }

    fn filled(&self, style: Style, title: &Name, name: &Name, value: &str) -> String {
        let field = self.field.replace("{n}", &name.spelled(style));
        let field = field.replace("{N}", &name.spelled(Style::Pascal));
        field.replace("{t}", &title.spelled(Style::Snake)).replace("{v}", value)
    }
}
