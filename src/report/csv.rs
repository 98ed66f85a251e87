//! `--format csv`: one row for each location, for spreadsheets (RFC 4180).
//!
//! A spreadsheet runs a cell that begins like a formula, so such a cell begins with an apostrophe,
//! as OWASP advises under "CSV Injection".

use std::io::{self, Write};

use super::{Report, words};
use crate::finding::{Finding, Occurrence, SecretDigest};
use crate::text::{escape_line, escape_path};

const HEADER: [&str; 26] = [
    "fingerprint",
    "rule",
    "severity",
    "confidence",
    "key_id",
    "account_id",
    "secret_redacted",
    "secret_sha256",
    "status",
    "suppressed_by",
    "target",
    "path",
    "inside",
    "line",
    "column",
    "decoded",
    "commit",
    "author",
    "email",
    "date",
    "object",
    "at_head",
    "removed_in",
    "reachable",
    "owners",
    "account_name",
];

pub(super) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    row(&HEADER.map(str::to_owned), out)?;
    for finding in report.sorted() {
        for place in finding.places() {
            let place = place?;
            row(&cells(report, finding, &place), out)?;
        }
    }
    Ok(())
}

fn row(cells: &[String; HEADER.len()], out: &mut dyn Write) -> io::Result<()> {
    for (at, cell) in cells.iter().enumerate() {
        if at > 0 {
            out.write_all(b",")?;
        }
        out.write_all(quoted(cell).as_bytes())?;
    }
    out.write_all(b"\r\n")
}

/// A cell as a spreadsheet reads it and does not run it.
pub fn quoted(cell: &str) -> String {
    let cell = escape_line(cell);
    // Some spreadsheets drop leading blanks and quotes first.
    let shown = cell.trim_start_matches([' ', '\u{a0}', '"', '\'']);
    let formula = shown.starts_with(['=', '+', '-', '@', '\u{ff1d}', '\u{ff0b}']);
    let cell = if formula { format!("'{cell}") } else { cell };
    if cell.contains([',', '"', '\'', ';']) {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell
    }
}

fn cells(report: &Report<'_>, finding: &Finding, place: &Occurrence) -> [String; HEADER.len()] {
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    let credential = &finding.credential;
    let origin = &place.origin;
    let git = origin.git.as_ref();
    let author = git.and_then(|git| git.author.as_ref());
    let start = place.sighting.primary().map(|region| region.start);
    let decoded: Vec<&str> =
        place.sighting.decoded.iter().map(|&one| words::encoding(one)).collect();
    [
        finding.fingerprint.to_string(),
        credential.rule.to_string(),
        finding.severity.as_str().to_owned(),
        place.confidence.as_str().to_owned(),
        text(credential.key_id.as_deref()),
        text(credential.account.as_deref()),
        text(credential.secret.as_ref().map(SecretDigest::redacted)),
        text(credential.secret.as_ref().and_then(SecretDigest::sha256)),
        finding.verification.status.as_str().to_owned(),
        text(finding.suppressed.as_ref().map(|suppression| suppression.by.as_str())),
        text(origin.target.as_deref()),
        origin.path.as_deref().map(escape_path).unwrap_or_default(),
        origin.inside.join(" > "),
        start.map(|start| start.line.to_string()).unwrap_or_default(),
        start.map(|start| start.column.to_string()).unwrap_or_default(),
        decoded.join(" "),
        text(git.and_then(|git| git.commit.as_deref())),
        text(author.map(|author| author.name.as_str())),
        text(author.map(|author| author.email.as_str())),
        text(author.map(|author| author.date.as_str())),
        text(git.map(|git| words::object(git.object))),
        git.map(|git| git.at_head.to_string()).unwrap_or_default(),
        text(git.and_then(|git| git.removed_in.as_deref())),
        git.map(|git| git.reachable.to_string()).unwrap_or_default(),
        origin.owners.join(" "),
        text(report.account_name(finding)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_not_a_formula_and_not_a_new_cell() {
        for (cell, written) in [
            ("plain", "plain"),
            ("=1+1", "\"'=1+1\""),
            ("@x", "\"'@x\""),
            ("-2", "\"'-2\""),
            (" =1", "\"' =1\""),
            ("\"=1", "\"'\"\"=1\""),
            ("a,\"b\"", "\"a,\"\"b\"\"\""),
            ("a\nb", "a\\nb"),
        ] {
            assert_eq!(quoted(cell), written);
        }
    }
}
