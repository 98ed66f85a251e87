//! The locations of a result: the primary one, the other half of the pair, and other occurrences.

use super::artifacts::Artifacts;
use super::model::{ArtifactLocation, BASE, Location, Message, PhysicalLocation, Region};
use crate::finding::{Occurrence, Spot};
use crate::location;
use crate::report::item::{ResultItem, uri};
use crate::secret::MASK;

/// The id alone, or the secret if there is no id or the change added only the secret.
pub(super) fn primary(item: &ResultItem<'_>) -> Location {
    let (place, spot) = (item.place(), item.spot());
    let Some(region) = spot.primary().filter(|_| has_lines(place)) else {
        return location(None, None, place, &spot, Region::of_file());
    };
    let in_clear = spot.id.is_some() && !spot.at_secret && place.sighting.decoded.is_empty();
    let id = item.finding.credential.key_id.as_deref().filter(|_| in_clear);
    let region = Region::new(region, id.map_or_else(Message::redacted, Message::new));
    location(None, None, place, &spot, region)
}

/// The other half first, because the message links to it, then the other occurrences.
pub(super) fn related(item: &ResultItem<'_>, artifacts: &Artifacts) -> Vec<Location> {
    let (place, spot) = (item.place(), item.spot());
    let mut related = Vec::new();
    if let Some(region) = other_half(item) {
        let region = Region::new(region, Message::redacted());
        let what = if spot.at_secret { "The key id." } else { "The secret." };
        related.push(location(Some(1), Some(what), place, &spot, region));
    }
    if let (Some(nested), Some(region)) = (artifacts.of(&place.origin), spot.primary()) {
        let region = Region::new(region, Message::redacted());
        let message = Some("In the member of the archive.");
        let mut member = location(Some(1), message, place, &spot, region);
        member.physical_location.artifact_location = nested;
        related.push(member);
    }
    for place in item.further() {
        let spot = place.sighting.spot();
        let region = region(place, &spot);
        related.push(location(Some(related.len() + 1), Some("Also here."), place, &spot, region));
    }
    related
}

/// A location without context, with a message.
pub(super) fn bare(place: &Occurrence, message: &str) -> Location {
    let spot = place.sighting.spot();
    let region = region(place, &spot);
    location(None, Some(message), place, &spot, region).without_context()
}

/// The half that is not the primary region, if there are two.
pub(super) fn other_half(item: &ResultItem<'_>) -> Option<location::Region> {
    item.spot().other().filter(|_| has_lines(item.place()))
}

fn region(place: &Occurrence, spot: &Spot) -> Region {
    let region = spot.primary().filter(|_| has_lines(place));
    region.map_or_else(Region::of_file, |region| Region::new(region, Message::redacted()))
}

/// True if lines count in the file itself, not in a member of it.
fn has_lines(place: &Occurrence) -> bool {
    place.origin.inside.is_empty()
}

fn location(
    id: Option<usize>,
    message: Option<&str>,
    place: &Occurrence,
    spot: &Spot,
    region: Region,
) -> Location {
    // For a member of an archive, this is the member's line: better than none.
    let line = if spot.snippet.is_empty() { MASK } else { spot.snippet.as_str() };
    let context = id.is_none().then(|| region.context(line));
    Location {
        id,
        message: message.map(Message::new),
        physical_location: PhysicalLocation {
            artifact_location: ArtifactLocation {
                uri: uri(&place.origin),
                uri_base_id: Some(BASE),
                index: None,
            },
            region,
            context_region: context,
        },
    }
}
