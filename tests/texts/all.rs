//! Texts with keys, made from a seed, with their truth. Nothing here knows how keys are found.

mod decoys;
mod flat;
mod judge;
mod names;
mod plan;
mod random;
mod recorded;
mod syntax;
mod truth;

// The bench shows faults one by one.
#[allow(unused_imports)]
pub use judge::{Fault, Judged};
pub use judge::{Tally, judge};
pub use truth::Text;

use random::Random;

/// The text of a seed.
pub fn text(seed: u64) -> Text {
    let mut random = Random::new(seed);
    let table = if random.chance(55) { flat::FLAT } else { recorded::RECORDED };
    let syntax = random.pick(table);
    let plan = plan::plan(&mut random, syntax.allows());
    let body = syntax.write(&mut random, &plan.blocks);
    Text { seed, layout: syntax.name, traits: plan.traits, body, truth: plan.truth }
}
