//! The assignment of least cost among those that keep the order of the text.
//!
//! Order is kept because texts list ids and secrets in one order, side by side or one list after
//! the other.

use super::costs::Table;
use super::item::{Item, Part};
use super::name::Role;
use super::pair::Edge;
use super::random::Strength;

/// The cost of leaving an item alone.
pub(super) fn alone(item: &Item, costs: &Table) -> i64 {
    let name = &item.label.name;
    match (&item.part, name.role) {
        (Part::Id { .. }, _) => costs.alone_id,
        (Part::Secret { .. }, Role::SecretKey) => costs.alone_secret_key,
        (Part::Secret { .. }, Role::Secret) if !name.service => costs.alone_secret,
        (Part::Secret { strength: Strength::Strong, .. }, Role::None) if !name.service => {
            costs.alone_unnamed
        }
        _ => 0,
    }
}

/// The step by which an alignment reached a cell.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    SkipId,
    SkipSecret,
    Join,
}

/// The order-preserving pairs of least total cost; `edges` are sorted by ids, then secrets.
///
/// Each row is an id and each column a secret, as in the alignment of two sequences. A row contains
/// only the columns within reach, so that the total cost is proportional to the number of edges.
pub(super) fn aligned(items: &[Item], edges: &[&Edge], costs: &Table) -> Vec<Edge> {
    aligned_by(items, edges, |item| alone(item, costs))
}

/// The same; `alone` is the cost of leaving an item alone.
pub(super) fn aligned_by(
    items: &[Item],
    edges: &[&Edge],
    alone: impl Fn(&Item) -> i64,
) -> Vec<Edge> {
    let mut has_edge = vec![false; items.len()];
    edges.iter().for_each(|edge| has_edge[edge.secret] = true);
    let secrets: Vec<usize> = (0..items.len()).filter(|&item| has_edge[item]).collect();
    let rows: Vec<&[&Edge]> = edges.chunk_by(|a, b| a.id == b.id).collect();
    let mut columns = vec![0; items.len()];
    secrets.iter().enumerate().for_each(|(column, &secret)| columns[secret] = column);
    let column = |edge: &Edge| columns[edge.secret];
    // The cost of leaving the secrets before each column alone.
    let mut unpaired = vec![0];
    for &secret in &secrets {
        unpaired.push(unpaired[unpaired.len() - 1] + alone(&items[secret]));
    }
    let mut low: Vec<usize> = rows.iter().map(|row| column(row[0])).collect();
    let mut high: Vec<usize> = rows.iter().map(|row| column(row[row.len() - 1]) + 1).collect();
    for row in (1..rows.len()).rev() {
        low[row - 1] = low[row - 1].min(low[row]);
    }
    for row in 1..rows.len() {
        high[row] = high[row].max(high[row - 1]);
    }
    let mut steps: Vec<Vec<Step>> = Vec::with_capacity(rows.len());
    let mut above: (usize, Vec<i64>) = (0, unpaired.clone());
    for (row, edges) in rows.iter().enumerate() {
        let before = |at: usize| {
            let last = above.1.len() - 1;
            let within = (at - above.0).min(last);
            above.1[within] + unpaired[at] - unpaired[above.0 + within]
        };
        let mut sums: Vec<i64> = Vec::with_capacity(high[row] - low[row] + 1);
        let mut choices = Vec::with_capacity(sums.capacity());
        let mut next = 0;
        for at in low[row]..=high[row] {
            let mut best = (before(at) + alone(&items[edges[0].id]), Step::SkipId);
            if at > low[row] {
                let skipped = sums[sums.len() - 1] + unpaired[at] - unpaired[at - 1];
                best = best.min_by_cost((skipped, Step::SkipSecret));
                if edges.get(next).is_some_and(|edge| column(edge) == at - 1) {
                    best = best.min_by_cost((before(at - 1) + edges[next].cost, Step::Join));
                    next += 1;
                }
            }
            sums.push(best.0);
            choices.push(best.1);
        }
        above = (low[row], sums);
        steps.push(choices);
    }
    backtrack(&rows, &steps, &low, &high, column)
}

/// Keeps the cheaper alternative.
trait Cheaper {
    fn min_by_cost(self, other: Self) -> Self;
}

impl Cheaper for (i64, Step) {
    fn min_by_cost(self, other: Self) -> Self {
        if other.0 < self.0 { other } else { self }
    }
}

fn backtrack(
    rows: &[&[&Edge]],
    steps: &[Vec<Step>],
    low: &[usize],
    high: &[usize],
    column: impl Fn(&Edge) -> usize,
) -> Vec<Edge> {
    let mut chosen = Vec::new();
    let Some(mut at) = high.last().copied() else { return chosen };
    let mut row = rows.len();
    while row > 0 {
        at = at.min(high[row - 1]);
        match steps[row - 1][at - low[row - 1]] {
            Step::SkipSecret => at -= 1,
            Step::SkipId => row -= 1,
            Step::Join => {
                at -= 1;
                chosen
                    .extend(rows[row - 1].iter().find(|edge| column(edge) == at).copied().copied());
                row -= 1;
            }
        }
    }
    chosen
}
