//! The picture of a finding's exposure: a time axis, and a line for each path from the commit that
//! added it to the one that removed it. Shapes carry the meaning, not colours, and the sentence
//! next to the picture says the same.

use askama::Template;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::finding::Finding;
use crate::report::exposure::{Exposure, Span, day, seconds, short};

/// The width of the picture.
const WIDTH: i64 = 480;
/// The margin on both sides, for markers.
const MARGIN: i64 = 10;
/// The height of a line with its name.
const ROW: i64 = 36;
/// Maximum number of lines.
const ROWS: usize = 6;
/// Characters of a name.
const NAME: usize = 56;
/// Least distance of two labels of the axis.
const LABEL: i64 = 84;
const DAY: i64 = 86_400;

/// The picture.
#[derive(Template)]
#[template(path = "timeline.html")]
pub(super) struct Timeline {
    id: String,
    height: i64,
    rows: Vec<Row>,
    /// Paths that have no line.
    more: usize,
    /// The position and date of the request to STS.
    verified: Option<(i64, String)>,
    axis: i64,
    /// Years, and where they begin.
    years: Vec<(i64, i16)>,
    from: String,
    to: String,
}

/// The line of a path.
struct Row {
    name: String,
    /// All that the line shows, in words.
    title: String,
    y: i64,
    start: i64,
    /// The end of HEAD's line: at the removal or at the end of the axis.
    end: i64,
    /// HEAD has, or had, it.
    at_head: bool,
    removed: bool,
    is_present: bool,
}

/// Seconds to a place on the axis.
struct Axis {
    from: i64,
    to: i64,
}

impl Axis {
    fn at(&self, time: i64) -> i64 {
        let within = time.clamp(self.from, self.to) - self.from;
        // Dates reach over 9999 years, so the product needs more than 64 bits.
        let place = i128::from(within) * i128::from(WIDTH - 2 * MARGIN)
            / i128::from((self.to - self.from).max(1));
        MARGIN + i64::try_from(place).unwrap_or_default()
    }

    /// Years that have room for a label.
    fn years(&self) -> Vec<(i64, i16)> {
        let (Some(first), Some(last)) = (year(self.from), year(self.to)) else {
            return Vec::new();
        };
        let room = usize::try_from((WIDTH - 2 * MARGIN) / LABEL).unwrap_or(1);
        let count = usize::try_from(last - first).unwrap_or_default();
        let step = count.div_ceil(room).max(1);
        let years = (first + 1..=last).rev().step_by(step);
        let begins = |year: i16| {
            let day = jiff::civil::Date::new(year, 1, 1).ok()?;
            let time = day.to_zoned(TimeZone::UTC).ok()?.timestamp().as_second();
            Some((self.at(time), year))
        };
        let mut years: Vec<(i64, i16)> = years.filter_map(begins).collect();
        // The first and the last day have labels of their own.
        years.retain(|(x, _)| (MARGIN + LABEL..WIDTH - MARGIN - LABEL).contains(x));
        years
    }
}

fn year(time: i64) -> Option<i16> {
    // A date beyond jiff's years has no place on the axis.
    let time = Timestamp::from_second(time).ok()?;
    Some(time.to_zoned(TimeZone::UTC).year())
}

fn date(time: i64) -> String {
    let time = Timestamp::from_second(time).ok();
    let day = time.map(|time| time.to_zoned(TimeZone::UTC).date().to_string());
    day.unwrap_or_default()
}

impl Timeline {
    /// The picture up to `now`; `None` if no commit with a date has the finding.
    pub(super) fn new(finding: &Finding, exposure: &Exposure<'_>, now: i64) -> Option<Self> {
        let from = exposure.first()?.start;
        let ends = exposure.spans.iter().flat_map(|span| [Some(span.start), span.end]).flatten();
        let to = ends.chain([now]).max()?.max(from + DAY);
        let axis = Axis { from, to };
        let shown = exposure.spans.iter().take(ROWS);
        let rows: Vec<Row> = shown.zip(0..).map(|(span, at)| Row::new(span, at, &axis)).collect();
        let height = ROW * i64::try_from(rows.len()).unwrap_or_default();
        let checked = finding.verification.checked_at.as_deref();
        let checked = checked.filter(|_| !finding.verification.partitions.is_empty());
        let verified = checked.and_then(|at| Some((axis.at(seconds(at)?), day(at))));
        Some(Self {
            id: format!("t{}", &finding.fingerprint.as_str()[..12]),
            height: height + 34,
            more: exposure.spans.len() - rows.len(),
            rows,
            verified,
            axis: height + 12,
            years: axis.years(),
            from: date(from),
            to: date(to),
        })
    }
}

/// The signs that the legend explains.
impl Timeline {
    fn any_removed(&self) -> bool {
        self.rows.iter().any(|row| row.removed)
    }

    fn any_standing(&self) -> bool {
        self.rows.iter().any(|row| row.is_present)
    }

    fn any_old(&self) -> bool {
        self.rows.iter().any(|row| !row.is_present)
    }
}

impl Row {
    fn new(span: &Span<'_>, at: i64, axis: &Axis) -> Self {
        let name = span.name();
        let mut title = format!(
            "{name}: added {} in {} by {}",
            day(&span.author.date),
            short(span.commit),
            crate::text::escape_line(&span.author.name)
        );
        if let Some(removed) = &span.git.removed_in {
            title.push_str(&format!(", removed in {}", short(removed)));
            if let Some(by) = &span.git.removed_by {
                title.push_str(&format!(" on {}", day(&by.date)));
                title.push_str(&format!(" by {}", crate::text::escape_line(&by.name)));
            }
        } else if span.is_present() {
            title.push_str(", still at HEAD");
        } else {
            title.push_str(", not at HEAD");
        }
        Self {
            name: tail(&name),
            title,
            y: at * ROW + 26,
            start: axis.at(span.start),
            end: span.end.map_or(WIDTH - MARGIN, |end| axis.at(end)),
            at_head: span.end.is_some() || span.is_present(),
            removed: span.end.is_some(),
            is_present: span.is_present(),
        }
    }
}

/// The end of a name, which distinguishes paths.
fn tail(name: &str) -> String {
    let count = name.chars().count();
    match count > NAME {
        true => format!("…{}", name.chars().skip(count - NAME + 1).collect::<String>()),
        false => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_stay_on_the_axis_and_labels_apart() {
        let day = |text: &str| seconds(text).expect("a date");
        for (from, to, years) in [
            ("2020-01-01T00:00:00Z", "2020-01-02T00:00:00Z", vec![]),
            ("2019-06-01T00:00:00Z", "2022-06-01T00:00:00Z", vec![2021, 2020]),
            ("0001-01-01T00:00:00Z", "9998-01-01T00:00:00Z", vec![7998, 5998, 3998, 1998]),
        ] {
            let axis = Axis { from: day(from), to: day(to) };
            assert_eq!(axis.at(axis.from), MARGIN);
            assert_eq!(axis.at(axis.to), WIDTH - MARGIN);
            assert_eq!(axis.at(axis.to + 1), WIDTH - MARGIN);
            let shown: Vec<i16> = axis.years().iter().map(|(_, year)| *year).collect();
            assert_eq!(shown, years, "{from}");
        }
    }
}
