//! The content of a text before it is written in a syntax: keys, decoys and other settings in
//! blocks.

use std::collections::BTreeSet;

use super::decoys;
use super::names::{Name, Place, ROLES, Role, stemmed};
use super::random::Random;
use super::stems::stems;
use super::truth::{Join, Key, Truth};

/// A line of a block.
#[derive(Clone, Debug)]
pub enum Line {
    Field(Name, String),
    /// A field that is commented out.
    Off(Name, String),
    /// A comment.
    Note(String),
    /// A comment after the line above.
    Trailing(String),
    Blank,
}

/// A section, an object, a record; or a whole file that has none.
#[derive(Clone, Debug, Default)]
pub struct Block {
    pub title: String,
    pub lines: Vec<Line>,
}

impl Block {
    /// A section's title is a name, and so begins with no digit.
    fn titled(stem: &str, lines: Vec<Line>) -> Self {
        let numbered = stem.starts_with(|first: char| first.is_ascii_digit());
        let title = if numbered { format!("account {stem}") } else { stem.to_owned() };
        Self { title, lines }
    }

    /// True if a word is in its title or in the name of half a key of it.
    pub fn mentions(&self, word: &str) -> bool {
        let holds = |text: &str| text.split(' ').any(|part| part == word);
        let named = |line: &Line| match line {
            // Half a key has a stem, or is an id.
            Line::Field(name, value) | Line::Off(name, value) => {
                (name.0.len() > 1 || value.starts_with("AKIA"))
                    && name.0.iter().any(|part| holds(part))
            }
            Line::Note(_) | Line::Trailing(_) | Line::Blank => false,
        };
        holds(&self.title) || self.lines.iter().any(named)
    }
}

/// The content of a text.
#[derive(Debug, Default)]
pub struct Plan {
    pub blocks: Vec<Block>,
    pub truth: Truth,
    pub traits: BTreeSet<&'static str>,
}

/// The means that a syntax has.
#[derive(Clone, Copy, Debug)]
pub struct Allows {
    /// Sections, objects or records, which separate keys.
    pub records: bool,
    pub comments: bool,
}

/// The names of the keys of one text.
struct Naming {
    role: Role,
    place: Place,
    stems: Vec<String>,
}

impl Naming {
    fn choose(random: &mut Random, records: bool, bare: bool) -> Self {
        let role = loop {
            let role = *random.pick(&ROLES);
            if !role.terse || records || !bare {
                break role;
            }
        };
        let place = *random.pick(&[Place::Prefix, Place::Prefix, Place::Suffix, Place::Infix]);
        Self { role, place, stems: stems(random, 9) }
    }

    fn id(&self, stem: &str) -> Name {
        stemmed(stem, self.place, self.role.id)
    }

    fn secret(&self, stem: &str) -> Name {
        stemmed(stem, self.place, self.role.secret)
    }
}

/// Plans a text.
pub fn plan(random: &mut Random, allows: Allows) -> Plan {
    let mut plan = Plan::default();
    if allows.records {
        recorded(random, &mut plan);
    } else {
        flat(random, &mut plan, allows);
    }
    decoys::add(random, &mut plan, allows);
    plan
}

/// A random number of keys, noted as a trait if there are several.
fn count(random: &mut Random, plan: &mut Plan) -> usize {
    let count = match random.below(100) {
        0..8 => 0,
        8..60 => 1,
        60..80 => 2,
        80..92 => 3,
        _ => random.between(4, 6),
    };
    if count > 1 {
        plan.traits.insert("several keys");
    }
    count
}

/// So many other settings between an id and its secret, with what that is called.
fn gap(random: &mut Random, traits: &mut BTreeSet<&'static str>, most: usize) -> Vec<Line> {
    let (lines, name) = match random.below(100) {
        0..55 => (0, "0 lines between"),
        55..78 => (random.between(1, 3), "1 to 3 lines between"),
        78..90 => (random.between(4, 12), "4 to 12 lines between"),
        _ => (random.between(13, 35), "13 to 35 lines between"),
    };
    let lines = lines.min(most);
    traits.insert(if lines == 0 { "0 lines between" } else { name });
    let line = |random: &mut Random| match random.below(12) {
        0 => Line::Blank,
        1 => Line::Note(random.pick(&decoys::REMARKS).to_string()),
        _ => decoys::setting(random),
    };
    (0..lines).map(|_| line(random)).collect()
}

/// A key, noted as certain.
fn key(random: &mut Random, truth: &mut Truth) -> (String, String) {
    let (id, secret) = (random.id(), random.secret());
    truth.keys.push(Key { id: id.clone(), secret: secret.clone(), join: Join::Certain });
    (id, secret)
}

fn sandwich(first: Line, between: Vec<Line>, last: Line) -> Vec<Line> {
    let mut lines = vec![first];
    lines.extend(between);
    lines.push(last);
    lines
}

/// Keys that only their names distinguish.
fn flat(random: &mut Random, plan: &mut Plan, allows: Allows) {
    let count = count(random, plan);
    let bare = count < 2 && random.chance(40);
    let naming = Naming::choose(random, false, bare);
    let paragraphs = allows.comments && count > 1 && !naming.role.terse && random.chance(15);
    plan.traits.insert(match naming.place {
        _ if bare => "no stem",
        _ if paragraphs => "paragraphs without stems",
        Place::Prefix => "stem as prefix",
        Place::Suffix => "stem as suffix",
        Place::Infix => "stem as infix",
    });
    let reversed = random.chance(20);
    if reversed {
        plan.traits.insert("secret first");
    }
    let mut lines: Vec<Line> = (0..random.below(5)).map(|_| decoys::setting(random)).collect();
    let mut halves = Vec::new();
    for index in 0..count {
        let (id, secret) = key(random, &mut plan.truth);
        let stem = if bare || paragraphs { "" } else { &naming.stems[index] };
        let id = Line::Field(naming.id(stem), id);
        let secret = Line::Field(naming.secret(stem), secret);
        halves.push(if reversed { (secret, id) } else { (id, secret) });
    }
    let arrangement = if count > 1 && !paragraphs { random.below(5) } else { 0 };
    match arrangement {
        0 | 1 => {
            for (index, (first, last)) in halves.into_iter().enumerate() {
                let most = if paragraphs { 2 } else { 35 };
                if paragraphs || random.chance(30) {
                    lines.push(Line::Blank);
                }
                if paragraphs {
                    lines.push(Line::Note(naming.stems[index].clone()));
                }
                let between = gap(random, &mut plan.traits, most);
                let between = between.into_iter().filter(|line| !paragraphs || !is_blank(line));
                lines.extend(sandwich(first, between.collect(), last));
            }
        }
        2 | 3 => {
            plan.traits.insert("ids, then secrets");
            let (firsts, mut lasts): (Vec<Line>, Vec<Line>) = halves.into_iter().unzip();
            if arrangement == 3 {
                random.shuffle(&mut lasts);
                plan.traits.insert("in another order");
            }
            lines.extend(firsts);
            lines.extend(gap(random, &mut plan.traits, 35));
            lines.extend(lasts);
        }
        _ => {
            plan.traits.insert("shuffled");
            lines.extend(halves.into_iter().flat_map(|(first, last)| [first, last]));
            random.shuffle(&mut lines);
        }
    }
    lines.extend((0..random.below(5)).map(|_| decoys::setting(random)));
    plan.blocks.push(Block::titled(&naming.stems[0], lines));
    incomplete(random, plan, &naming, count, false);
}

fn is_blank(line: &Line) -> bool {
    matches!(line, Line::Blank)
}

/// Keys in a section, an object or a record each.
fn recorded(random: &mut Random, plan: &mut Plan) {
    let count = count(random, plan);
    let naming = Naming::choose(random, true, true);
    // Names within a record seldom say which one it is.
    let stemmed = random.chance(15);
    let reversed = random.chance(25);
    plan.traits.insert(if stemmed { "stems in records" } else { "no stem" });
    if reversed {
        plan.traits.insert("secret first");
    }
    for index in 0..count {
        let (id, secret) = key(random, &mut plan.truth);
        let stem = if stemmed { naming.stems[index].as_str() } else { "" };
        let id = Line::Field(naming.id(stem), id);
        let secret = Line::Field(naming.secret(stem), secret);
        let (first, last) = if reversed { (secret, id) } else { (id, secret) };
        let mut lines: Vec<Line> = (0..random.below(3)).map(|_| decoys::setting(random)).collect();
        lines.extend(sandwich(first, gap(random, &mut plan.traits, 12), last));
        lines.extend((0..random.below(3)).map(|_| decoys::setting(random)));
        plan.blocks.push(Block::titled(&naming.stems[index], lines));
    }
    incomplete(random, plan, &naming, count, true);
}

/// Ids without their secret, secrets without their id: under another stem, in another record.
fn incomplete(random: &mut Random, plan: &mut Plan, naming: &Naming, used: usize, records: bool) {
    let mut next = used;
    let mut add = |random: &mut Random, plan: &mut Plan, lines: Vec<Line>| {
        if records {
            let mut lines = lines;
            lines.push(decoys::setting(random));
            let at = random.below(plan.blocks.len() + 1);
            plan.blocks.insert(at, Block::titled(&naming.stems[next], lines));
        } else {
            let at = random.below(plan.blocks[0].lines.len() + 1);
            plan.blocks[0].lines.splice(at..at, lines);
        }
        next += 1;
    };
    let stem = |index: usize| if records { "" } else { naming.stems[index].as_str() };
    if used == 0 || random.chance(12) {
        plan.traits.insert("id without its secret");
        let id = random.id();
        let mut lines = vec![Line::Field(naming.id(stem(used)), id.clone())];
        let empty = match random.below(4) {
            0 => Some(String::new()),
            1 => Some(format!(
                "${{{}}}",
                naming.secret(stem(used)).spelled(super::names::Style::Upper)
            )),
            2 => Some("changeme".to_owned()),
            _ => None,
        };
        if let Some(empty) = empty {
            lines.push(Line::Field(naming.secret(stem(used)), empty));
        }
        plan.truth.lone_ids.push(id);
        add(random, plan, lines);
    }
    if naming.role.says_aws && random.chance(if used == 0 { 40 } else { 8 }) {
        plan.traits.insert("secret without its id");
        let secret = random.secret();
        let name = naming.secret(stem(used + 1));
        plan.truth.lone_secrets.push(secret.clone());
        add(random, plan, vec![Line::Field(name, secret)]);
    }
}
