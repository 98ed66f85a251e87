//! `keysweep explain KEY_ID --why`: the evidence on which an id was joined with its secret, and what
//! else was considered. It takes the findings of a scan, and shows only the beginning of a secret.

use std::io::{self, Write};

use crate::aws::KeyId;
use crate::finding::{Confidence, Evidence, Finding, Occurrence};
use crate::location::Region;
use crate::secret::Secret;
use crate::text::{escape_line, escape_path};

/// Maximum number of locations that are explained one by one.
const PLACES: usize = 20;
/// Maximum number of other ids that are named for a secret.
const OTHER_IDS: usize = 8;

/// Writes why `id` was joined with its secret, for each location; `false` if `findings` do not
/// contain it.
///
/// # Errors
///
/// An error of `out`.
pub fn why(id: &KeyId, findings: &[Finding], out: &mut dyn Write) -> io::Result<bool> {
    let of_id = |finding: &&Finding| finding.credential.key_id.as_deref() == Some(id.as_str());
    let places: Vec<(&Finding, &Occurrence)> = findings
        .iter()
        .filter(of_id)
        .flat_map(|finding| finding.occurrences.iter().map(move |place| (finding, place)))
        .filter(|(_, place)| place.sighting.id.is_some())
        .collect();
    for (finding, place) in places.iter().take(PLACES) {
        explain(finding, place, findings, out)?;
    }
    if places.len() > PLACES {
        writeln!(out, "{} more places", places.len() - PLACES)?;
    }
    Ok(!places.is_empty())
}

fn explain(
    finding: &Finding,
    place: &Occurrence,
    findings: &[Finding],
    out: &mut dyn Write,
) -> io::Result<()> {
    let id = finding.credential.key_id.as_deref().unwrap_or_default();
    writeln!(out, "{}: {}", position(place, place.sighting.id), escape_line(id))?;
    let pair = finding.clear.secret.as_ref().zip(place.sighting.secret);
    match pair {
        Some((secret, region)) => {
            let sure = place.confidence.as_str();
            writeln!(out, "  joined with {}, confidence {sure}:", describe(secret, region))?;
            let clauses = place.sighting.evidence.as_ref().map(Evidence::clauses);
            for clause in clauses.into_iter().flatten() {
                writeln!(out, "    - {}", escape_line(&clause))?;
            }
        }
        None => writeln!(out, "  joined with no secret")?,
    }
    if !place.sighting.rivals.is_empty() {
        writeln!(out, "  other secrets in its reach, the likeliest first:")?;
    }
    for rival in &place.sighting.rivals {
        let secret = describe(&rival.secret, rival.region);
        writeln!(out, "    {secret}{}", reasons(rival.confidence, rival.evidence.as_ref()))?;
    }
    if let Some((secret, _)) = pair {
        other_ids(id, secret, findings, out)?;
    }
    writeln!(out)
}

/// The other ids that also reach the secret.
fn other_ids(
    id: &str,
    secret: &Secret,
    findings: &[Finding],
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut listed = 0;
    for finding in findings {
        let Some(other) = finding.credential.key_id.as_deref().filter(|other| *other != id) else {
            continue;
        };
        for place in &finding.occurrences {
            let rivals = &place.sighting.rivals;
            let Some(rival) = rivals.iter().find(|rival| rival.secret == *secret) else { continue };
            if listed == 0 {
                writeln!(out, "  other ids that reach this secret:")?;
            }
            listed += 1;
            if listed > OTHER_IDS {
                return writeln!(out, "    and more");
            }
            let position = position(place, place.sighting.id);
            let reasons = reasons(rival.confidence, rival.evidence.as_ref());
            writeln!(out, "    {} at {position}{reasons}", escape_line(other))?;
        }
    }
    Ok(())
}

fn describe(secret: &Secret, region: Region) -> String {
    let start = region.start;
    format!("secret {} at {}:{}", escape_line(&secret.redacted()), start.line, start.column)
}

fn reasons(confidence: Confidence, evidence: Option<&Evidence>) -> String {
    let clauses = evidence.map(Evidence::clauses).unwrap_or_default();
    let clauses: String = clauses.iter().map(|one| format!(", {}", escape_line(one))).collect();
    format!(": it would be of {} confidence{clauses}", confidence.as_str())
}

fn position(place: &Occurrence, region: Option<Region>) -> String {
    let path = place.origin.path.as_deref().map(escape_path);
    let mut text = path.unwrap_or_else(|| "(no name)".to_owned());
    if let Some(Region { start, .. }) = region {
        text.push_str(&format!(":{}:{}", start.line, start.column));
    }
    let inside: Vec<String> = place.origin.inside.iter().map(|part| escape_line(part)).collect();
    if !inside.is_empty() {
        text.push_str(&format!(" inside {}", inside.join(" > ")));
    }
    text
}
