//! Literals that contain another literal: `client_secret` contains `ecret`. The search looks for the
//! inner one alone, and the text around it decides, so the outer one costs the search nothing.

use super::{Anchor, Class, Literal, windows};

/// A literal around another one.
#[derive(Clone, Copy, Debug)]
struct Whole {
    /// The literal that is searched for.
    inner: u16,
    /// The literal that contains it.
    outer: u16,
    /// The offset of the inner literal in the outer one.
    offset: usize,
}

/// The literals of a table that contain another one.
#[derive(Debug, Default)]
pub(super) struct Wholes {
    /// Sorted by the inner literal.
    all: Vec<Whole>,
    /// For each literal of the table if it is an outer one.
    is_outer: Vec<bool>,
}

impl Wholes {
    /// Those of `literals`, which are sorted.
    pub(super) fn new(literals: &[Literal]) -> Self {
        let mut is_outer = vec![false; literals.len()];
        let mut all: Vec<Whole> = Vec::new();
        // A literal may contain one that contains another: the innermost is searched for.
        let mut order: Vec<usize> = (0..literals.len()).collect();
        order.sort_by_key(|&at| literals[at].bytes.len());
        for outer in order {
            let Some((inner, offset)) = inside(literals, outer, &is_outer) else { continue };
            is_outer[outer] = true;
            all.push(Whole { inner: inner as u16, outer: outer as u16, offset });
        }
        all.sort_by_key(|whole| whole.inner);
        Self { all, is_outer }
    }

    /// True if a literal is found with another one.
    pub(super) fn contains(&self, literal: u16) -> bool {
        self.is_outer[usize::from(literal)]
    }

    /// Adds the outer literals, from `start` of `text` on, of the inner ones that were `found` from
    /// index `first` on.
    pub(super) fn add(
        &self,
        literals: &[Literal],
        text: &[u8],
        start: usize,
        first: usize,
        found: &mut Vec<Anchor>,
    ) {
        if self.all.is_empty() {
            return;
        }
        for index in first..found.len() {
            let Anchor { at, literal, .. } = found[index];
            let from = self.all.partition_point(|whole| whole.inner < literal);
            let own = self.all[from..].iter().take_while(|whole| whole.inner == literal);
            for whole in own {
                let outer = &literals[usize::from(whole.outer)].bytes;
                if let Some(at) = at.checked_sub(whole.offset).filter(|at| *at >= start)
                    && text[at..].starts_with(outer)
                {
                    found.push(Anchor::new(at, whole.outer));
                }
            }
        }
    }
}

/// A literal that is searched for and lies in another one, with its offset there.
fn inside(literals: &[Literal], outer: usize, is_outer: &[bool]) -> Option<(usize, usize)> {
    let own = &literals[outer];
    if own.class == Class::Start || own.bytes.len() <= windows::WIDTH {
        return None;
    }
    (0..=own.bytes.len() - windows::WIDTH).find_map(|offset| {
        let rest = &own.bytes[offset..];
        let is_inner = |at: &usize| {
            let inner = &literals[*at];
            inner.bytes.len() >= windows::WIDTH
                && inner.bytes.len() < own.bytes.len()
                && inner.class != Class::Start
                && !is_outer[*at]
                && rest.starts_with(&inner.bytes)
        };
        // The literals that are a beginning of the rest come before it in their order.
        let after = literals.partition_point(|one| one.bytes.as_slice() <= rest);
        let is_near = |at: &usize| literals[*at].bytes.starts_with(&rest[..windows::WIDTH]);
        let near = (0..after).rev().take_while(is_near);
        near.filter(is_inner).last().map(|inner| (inner, offset))
    })
}

#[cfg(test)]
mod tests {
    use super::super::Anchors;
    use super::*;
    use crate::stop::Stop;

    fn literal(text: &str) -> Literal {
        Literal::new(text.as_bytes().to_vec(), Class::Shape)
    }

    #[test]
    fn a_literal_that_contains_another_is_found_with_it_and_not_searched_for() {
        let mut literals: Vec<Literal> = [
            "ecret",
            "a_secret",
            "a_secret_b",
            "secrets",
            "ecre",
            "other",
            "others",
            "the",
            "then",
        ]
        .map(literal)
        .to_vec();
        literals.push(Literal::new(b"ecret".to_vec(), Class::Label));
        literals.sort_by(|a, b| a.order().cmp(&b.order()));
        let anchors = Anchors::of(literals);
        let searched: Vec<&[u8]> = anchors.searched().map(|one| &*one.bytes).collect();
        assert_eq!(searched, [&b"ecre"[..], b"other", b"the", b"then"]);
        let text = b"ecret a_secret_b secrets a_secre others then";
        let found: Vec<(usize, &[u8])> = anchors
            .find(text, &Stop::default())
            .into_iter()
            .map(|one| (one.at, &*anchors.literal(one).bytes))
            .collect();
        let mut wanted = Vec::new();
        for at in 0..text.len() {
            let here = anchors.literals.iter().filter(|one| text[at..].starts_with(&one.bytes));
            wanted.extend(here.map(|one| (at, &*one.bytes)));
        }
        assert_eq!(found, wanted);
    }
}
