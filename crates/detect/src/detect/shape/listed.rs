//! Lists of keys below one anchor: `"twilio": [{…}, {…}, …]`, a table with the provider in its title.
//!
//! An anchor reaches only the first of them. The ids that follow it, each within reach of the one
//! before, are anchors as well.

use crate::rules::{Author, Boundary};

use super::super::chain::AnchorSpan;
use super::{Look, Matches};

impl Look<'_> {
    /// Most bytes between the halves of a pair of the rule.
    pub(super) fn distance(&self) -> usize {
        self.shape.partner.as_ref().map_or(0, |partner| partner.distance)
    }

    /// The places of the ids after the last anchor of a chain that continue a list, up to `next`. A
    /// rule without labels reaches no further than its anchors, and neither does one of the scanned
    /// project, whose cost is limited.
    pub(super) fn listed(
        &self,
        chain: &[AnchorSpan],
        next: usize,
        matches: &mut Matches,
    ) -> Vec<AnchorSpan> {
        let mut found = Vec::new();
        let (Some(partner), Some(last)) = (&self.shape.partner, chain.last()) else {
            return found;
        };
        if self.rule().labels.is_empty() || self.rule().author == Author::Target {
            return found;
        }
        let mut end = last.span.1;
        while end < next && !self.stop.is_set() {
            // Each window ends in a part without ids, so a byte is read twice at most.
            let window = &self.bytes[end..next.min(end + self.shape.reach)];
            matches.steps += window.len() as u64;
            let before = found.len();
            for groups in partner.id.regex().captures_iter(window) {
                let Some(id) = groups.name("id").or_else(|| groups.get(0)) else { continue };
                let span = end + id.start()..end + id.end();
                if !Boundary::Alphanumeric.extends(self.bytes, span.clone()) {
                    found.push(AnchorSpan { index: last.index, span: (span.start, span.end) });
                }
            }
            match found.get(before..) {
                Some([.., id]) => end = id.span.1,
                _ => break,
            }
        }
        found
    }
}
