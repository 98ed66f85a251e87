//! The counters of the ledger: one table that generates the counters, the fields of reports, and
//! their words.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Makes all of them from one entry each: its documentation, its counter, its field in reports, its
/// place in the list for readers, and its words for one and for several.
macro_rules! left_out {
    ($($(#[$meta:meta])* $count:ident $field:ident: $place:literal, $one:literal, $many:literal;)*) => {
        /// Content that was left out on purpose: by an ignore file, an option, or a limit of the
        /// user.
        #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
        pub struct LeftOut {
            $($(#[$meta])* pub $field: u64,)*
            /// Containers of forms that are not opened, by form.
            #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
            pub not_opened: BTreeMap<String, u64>,
        }

        /// A counter of the ledger.
        #[derive(Clone, Copy, Debug)]
        pub enum Count {
            /// Files read.
            Files,
            /// Commits visited.
            Commits,
            /// Git objects read.
            Objects,
            /// Bytes scanned.
            Bytes,
            $(
                #[doc = concat!("See [`LeftOut::", stringify!($field), "`].")]
                $count,
            )*
        }

        /// The number of counters.
        pub(super) const COUNTS: usize = 4 + [$(Count::$count),*].len();

        impl LeftOut {
            /// Reads the counters.
            pub(super) fn of(get: impl Fn(Count) -> u64) -> Self {
                Self { $($field: get(Count::$count),)* not_opened: BTreeMap::new() }
            }

            /// Adds the counts of another run.
            pub(super) fn add(&mut self, other: &Self) {
                $(self.$field = self.$field.saturating_add(other.$field);)*
                for (form, count) in &other.not_opened {
                    let sum = self.not_opened.entry(form.clone()).or_default();
                    *sum = sum.saturating_add(*count);
                }
            }

            /// The counters, in the order of the fields.
            pub(super) fn counts(&self) -> impl Iterator<Item = (Count, u64)> {
                [$((Count::$count, self.$field)),*].into_iter()
            }

            /// The counters that are higher here than in `before`, each with the difference and its
            /// words. Of forms that are not opened, the words are the form.
            pub fn more_than<'a>(
                &'a self,
                before: &'a Self,
            ) -> impl Iterator<Item = (Option<Count>, u64, &'a str)> {
                let counted = [$((Count::$count, before.$field, self.$field, $one, $many)),*];
                let counted = counted.into_iter().map(|(count, before, now, one, many)| {
                    let more = now.saturating_sub(before);
                    (Some(count), more, if more == 1 { one } else { many })
                });
                let forms = self.not_opened.iter().map(|(form, now)| {
                    let before = before.not_opened.get(form).copied().unwrap_or_default();
                    (None, now.saturating_sub(before), form.as_str())
                });
                counted.chain(forms).filter(|(_, more, _)| *more > 0)
            }

            /// The number of each kind, with the words for one and for several, in the order of the
            /// list for readers.
            pub fn named(&self) -> Vec<(u64, &'static str, &'static str)> {
                let mut named = [$(($place, (self.$field, $one, $many))),*];
                named.sort_by_key(|(place, _): &(u8, _)| *place);
                named.into_iter().map(|(_, named)| named).collect()
            }
        }
    };
}

left_out! {
    /// Files and folders that ignore files exclude.
    Ignored ignored: 0,
        "file or folder by ignore files (--no-ignore reads it)",
        "files or folders by ignore files (--no-ignore reads them)";
    /// Findings that a baseline, marker or configuration suppresses.
    Suppressed suppressed: 13,
        "suppressed finding (--include-suppressed)",
        "suppressed findings (--include-suppressed)";
    /// AWS's own examples and placeholders.
    Examples examples: 11, "example or placeholder", "examples or placeholders";
    /// Findings below `--min-confidence`.
    BelowConfidence below_confidence: 12,
        "finding below --min-confidence",
        "findings below --min-confidence";
    /// Files that `--include`, `--exclude` or the configuration leave out.
    Excluded excluded: 2,
        "file by --include, --exclude or configuration",
        "files by --include, --exclude or configuration";
    /// Files over `--max-file-size`.
    TooLarge too_large: 3, "file over --max-file-size", "files over --max-file-size";
    /// Devices, sockets and FIFOs.
    Special special: 4, "device, socket or pipe", "devices, sockets or pipes";
    /// Symbolic links that were not followed.
    Links links: 5, "symbolic link", "symbolic links";
    /// Nested git repositories whose history was not searched.
    Repositories repositories: 14,
        "repository not searched in depth: keysweep sweep",
        "repositories not searched in depth: keysweep sweep";
    /// Git LFS objects that are not on this machine.
    LfsMissing lfs_missing: 6,
        "Git LFS object that is not here",
        "Git LFS objects that are not here";
    /// Members of containers that are encrypted.
    Encrypted encrypted: 7,
        "encrypted PDF or member of an archive",
        "encrypted PDFs or members of archives";
    /// Pages of PDFs with text whose fonts map no characters.
    #[serde(default)]
    Unlettered unlettered: 8,
        "PDF page whose fonts map no characters",
        "PDF pages whose fonts map no characters";
    /// Texts with content that is encoded more than three times.
    #[serde(default)]
    DeeplyEncoded deeply_encoded: 9,
        "text encoded more than three times",
        "texts encoded more than three times";
    /// Containers of which a limit of the user left something out.
    Unopened unopened: 10, "container over a limit that you set",
        "containers over a limit that you set";
    /// Files that keysweep wrote and that hold no secret: reports, baselines, states.
    #[serde(default)]
    OwnReports own_reports: 1,
        "report, baseline or state of keysweep",
        "reports, baselines or states of keysweep";
    /// Git objects with findings whose commits and paths `--no-attribution` leaves out.
    #[serde(default)]
    Unattributed unattributed: 15,
        "git object with findings whose commits and paths are left out (--no-attribution)",
        "git objects with findings whose commits and paths are left out (--no-attribution)";
}
