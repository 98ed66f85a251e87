//! A text whose layout is not a table of settings, while it is written.

use std::collections::BTreeSet;

use super::names::{Name, ROLES, Role, Style};
use super::random::Random;
use super::truth::{Join, Key, Truth};

/// The text so far, with the truth about it.
#[derive(Debug, Default)]
pub struct Draft {
    pub layout: &'static str,
    pub body: String,
    pub truth: Truth,
    pub traits: BTreeSet<&'static str>,
}

impl Draft {
    /// An empty draft of a layout.
    pub fn new(layout: &'static str) -> Self {
        Self { layout, ..Self::default() }
    }

    /// A key that is joined with certainty, or only by order.
    pub fn key(&mut self, random: &mut Random, join: Join) -> (String, String) {
        let (id, secret) = (random.id(), random.secret());
        self.truth.keys.push(Key { id: id.clone(), secret: secret.clone(), join });
        (id, secret)
    }

    /// A key that is joined with certainty.
    pub fn certain(&mut self, random: &mut Random) -> (String, String) {
        self.key(random, Join::Certain)
    }

    /// An id without a secret.
    pub fn lone_id(&mut self, random: &mut Random) -> String {
        let id = random.id();
        self.truth.lone_ids.push(id.clone());
        id
    }

    /// Forty characters that are another service's.
    pub fn foreign(&mut self, random: &mut Random) -> String {
        let value = if random.chance(60) { random.secret() } else { random.letters(40) };
        self.truth.foreign.push(value.clone());
        value
    }

    /// Notes a trait that makes the text hard.
    pub fn has(&mut self, one: &'static str) {
        self.traits.insert(one);
    }

    /// A random number of keys, noted as a trait if there are several.
    pub fn count(&mut self, random: &mut Random, most: usize) -> usize {
        let count = if random.chance(40) { 1 } else { random.between(2, most) };
        if count > 1 {
            self.has("several keys");
        }
        count
    }
}

/// A role whose names are clear without a stem or a section.
pub fn plain_role(random: &mut Random) -> Role {
    loop {
        let role = *random.pick(&ROLES);
        if !role.terse {
            return role;
        }
    }
}

/// Words in a style.
pub fn spelled(words: &str, style: Style) -> String {
    Name::new(words).spelled(style)
}
