//! The coverage of several runs as one.

use super::{Coverage, Problem, Swept};

impl Coverage {
    /// Adds the coverage of another run: what is missing in one of them is missing in both.
    pub fn join(&mut self, other: Self) {
        self.complete &= other.complete;
        for (sum, count) in [
            (&mut self.files, other.files),
            (&mut self.commits, other.commits),
            (&mut self.objects, other.objects),
            (&mut self.bytes, other.bytes),
        ] {
            *sum = sum.saturating_add(count);
        }
        self.left_out.add(&other.left_out);
        merge(&mut self.scanned, other.scanned);
        merge(&mut self.problems, other.problems);
        merge(&mut self.notes, other.notes);
        merge(&mut self.targets, other.targets);
    }

    /// Makes a target of a sweep out of a run of its own; `credentials` were found in it.
    pub fn name_target(&mut self, name: &str, credentials: u64) {
        for Problem { path, .. } in &mut self.problems {
            *path = if path.is_empty() { name.to_owned() } else { format!("{name}: {path}") };
        }
        for note in &mut self.notes {
            *note = format!("{name}: {note}");
        }
        self.targets.push(Swept {
            name: name.to_owned(),
            complete: self.complete,
            failed: None,
            files: self.files,
            commits: self.commits,
            objects: self.objects,
            bytes: self.bytes,
            credentials,
            as_of: None,
            reused: 0,
        });
    }
}

/// Adds entries; both lists are sorted, and so is the result, without duplicates.
fn merge<T: Ord>(list: &mut Vec<T>, other: Vec<T>) {
    list.extend(other);
    list.sort();
    list.dedup();
}
