//! The table of costs by which pairs are chosen: `patterns/pairing.txt`, which explains each.

/// Costs in hundredths of a line.
#[derive(Clone, Debug)]
pub struct Costs {
    values: Vec<(&'static str, i64)>,
}

macro_rules! costs {
    ($($(#[$doc:meta])* $field:ident = $name:literal),* $(,)?) => {
        /// The costs of the table, by name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) struct Table {
            $($(#[$doc])* pub $field: i64,)*
        }

        impl Costs {
            /// The costs as a structure for pairing.
            pub(super) fn table(&self) -> Table {
                Table { $($field: self.get($name),)* }
            }

            /// Names that pairing uses.
            #[cfg(test)]
            const NAMES: &[&str] = &[$($name),*];
        }
    };
}

costs! {
    line = "line",
    line_squared = "line-squared",
    byte = "byte",
    crossing = "crossing",
    other_line = "other-line",
    reversed = "reversed",
    blank = "blank",
    ruler = "ruler",
    entry = "entry",
    dedent = "dedent",
    secret = "secret",
    password = "password",
    password_of_user = "password-of-user",
    key = "key",
    token = "token",
    unnamed = "unnamed",
    unnamed_on_line = "unnamed-on-line",
    unnamed_together = "unnamed-together",
    not_aws = "not-aws",
    user = "user",
    unlike = "unlike",
    comment = "comment",
    one_stem = "one-stem",
    foreign_stem = "foreign-stem",
    part_stem = "part-stem",
    other_record = "other-record",
    alone_id = "alone-id",
    alone_secret_key = "alone-secret-key",
    alone_secret = "alone-secret",
    alone_unnamed = "alone-unnamed",
    rival = "rival",
    crossing_limit = "crossing-limit",
}

impl Default for Costs {
    fn default() -> Self {
        let lines = keysweep_patterns::PAIRING.lines();
        let values = lines
            .filter(|line| !line.starts_with('#'))
            .filter_map(|line| {
                let mut parts = line.split_whitespace();
                Some((parts.next()?, parts.next()?.parse().ok()?))
            })
            .collect();
        Self { values }
    }
}

impl Costs {
    fn get(&self, name: &str) -> i64 {
        self.values.iter().find(|(known, _)| *known == name).map_or(0, |(_, cost)| *cost)
    }

    /// The names and values of the table, in its order.
    pub fn values(&self) -> &[(&'static str, i64)] {
        &self.values
    }

    /// The same costs, except for one.
    #[must_use]
    pub fn with(&self, name: &str, cost: i64) -> Self {
        let mut costs = self.clone();
        for value in costs.values.iter_mut().filter(|(known, _)| *known == name) {
            value.1 = cost;
        }
        costs
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_and_its_readers_agree() {
        let mut listed: Vec<&str> =
            Costs::default().values().iter().map(|(name, _)| *name).collect();
        let mut read = Costs::NAMES.to_vec();
        listed.sort_unstable();
        read.sort_unstable();
        assert_eq!(listed, read);
    }
}
