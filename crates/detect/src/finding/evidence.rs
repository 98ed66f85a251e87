//! The evidence on which an id and a secret were joined.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use super::Finding;

/// The relative position of an id and its secret in the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Nearness {
    /// In one row of a table with headings.
    Row,
    /// On one line.
    Line,
    /// In one record: no record ends or begins between them.
    Record,
    /// In one text.
    Text,
}

/// The evidence for a pair.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// The common part of their names without the words of the role, such as `upload`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stem: Option<String>,
    /// Their relative position.
    pub nearness: Nearness,
    /// Lines between them.
    pub lines: u32,
    /// The secret's name calls it a secret.
    pub labelled: bool,
    /// Another pairing of the same items costs hardly more.
    pub rival: bool,
}

impl Evidence {
    /// One clause per piece of evidence, the strongest first.
    pub fn clauses(&self) -> Vec<String> {
        let mut clauses = Vec::new();
        if let Some(stem) = &self.stem {
            clauses.push(format!("both names hold '{stem}'"));
        }
        if self.labelled {
            clauses.push("the secret is named as one".to_owned());
        }
        let mut place = match self.nearness {
            Nearness::Row => "one row of a table",
            Nearness::Line => "one line",
            Nearness::Record => "one record",
            Nearness::Text => "one text",
        }
        .to_owned();
        match self.lines {
            0 => {}
            1 => place.push_str(", on neighbouring lines"),
            lines => {
                let _ = write!(place, ", {lines} lines apart");
            }
        }
        clauses.push(place);
        if self.rival {
            clauses.push("another id or secret nearby fits almost as well".to_owned());
        }
        clauses
    }
}

impl Finding {
    /// The evidence that its id and its secret are one key, from the place with the highest
    /// confidence; `None` for a part without a partner.
    pub fn evidence(&self) -> Option<&Evidence> {
        let surest = self.occurrences.iter().filter(|place| place.confidence == self.confidence);
        let mut places = surest.chain(&self.occurrences);
        places.find_map(|place| place.sighting.evidence.as_ref())
    }
}
