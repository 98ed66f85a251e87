//! Texts with keys, made from a seed, with their truth. Nothing here knows how keys are found.

mod code;
mod commands;
mod decoys;
mod draft;
mod flat;
mod judge;
mod lists;
mod names;
mod plan;
mod prose;
mod random;
mod recorded;
mod stems;
mod syntax;
mod tables;
mod ties;
mod truth;

// The bench shows faults one by one.
#[allow(unused_imports)]
pub use judge::{Fault, Judged};
pub use judge::{Tally, judge};
pub use truth::Text;

use draft::Draft;
#[allow(unused_imports)]
pub use random::Random;
use syntax::Syntax;

/// Layouts that are not tables of settings.
const DRAFTS: [fn(&mut Random) -> Draft; 26] = [
    tables::csv,
    tables::csv,
    tables::console,
    tables::markdown,
    tables::aligned,
    tables::html,
    tables::sql,
    tables::sql,
    tables::options,
    code::positional,
    code::positional,
    prose::message,
    prose::several,
    prose::urls,
    prose::history,
    prose::log,
    prose::copied,
    prose::smtp,
    prose::alone,
    lists::numbered_names,
    lists::passwd,
    LISTS,
    ties::ties,
    ties::transposed,
    ties::changed,
    code::tuples,
];

const LISTS: fn(&mut Random) -> Draft = |random| match random.below(4) {
    0 => lists::bare(random),
    1 => lists::arrays(random),
    2 => lists::numbered(random),
    _ => lists::alternating(random),
};

/// The text of a seed.
pub fn text(seed: u64) -> Text {
    let mut random = Random::new(seed);
    let draft = match random.below(100) {
        0..26 => settings(&mut random, flat::FLAT),
        26..42 => settings(&mut random, commands::COMMANDS),
        42..69 => settings(&mut random, recorded::RECORDED),
        _ => random.pick(&DRAFTS)(&mut random),
    };
    let Draft { layout, mut body, truth, mut traits } = draft;
    match random.below(100) {
        0..4 => {
            traits.insert("carriage returns");
            body = body.replace('\n', "\r\n");
        }
        4..7 if !body.contains(['"', '\\', '\t']) => {
            traits.insert("inside a JSON string");
            body = format!("{{\"path\": \"x\", \"content\": \"{}\"}}\n", body.replace('\n', "\\n"));
        }
        _ => {}
    }
    Text { seed, layout, traits, body, truth }
}

/// Settings in a syntax.
fn settings(random: &mut Random, table: &[Syntax]) -> Draft {
    let syntax = random.pick(table);
    let plan = plan::plan(random, syntax.allows());
    let body = syntax.write(random, &plan.blocks);
    Draft { layout: syntax.name, body, truth: plan.truth, traits: plan.traits }
}
