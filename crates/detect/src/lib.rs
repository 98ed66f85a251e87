//! Detects leaked AWS credentials in bytes: access keys with their secrets, session tokens, and the
//! keys of a dozen services. It is pure: the same bytes give the same result, and nothing is read,
//! run or sent.
//!
//! An [`Engine`] is made once from a [`RuleSet`] and shared by threads. As a [`Detector`] it takes
//! a whole text, the windows of a large one, or a text that a delta made from another. It returns
//! [`Detected`], whose [`Candidate`]s are [`Credential`]s with their places. A [`Secret`] prints as
//! a mask, is wiped when it is dropped, and can be read only with [`Secret::expose`].
//!
//! ```
//! use keysweep_detect::{Confidence, Detector as _, Engine, RuleSet};
//!
//! # use std::hash::{BuildHasher as _, RandomState};
//! # let random = |letters: &str, len: usize| -> String {
//! #     let letters: Vec<char> = letters.chars().collect();
//! #     let next = |_| letters[RandomState::new().hash_one(0) as usize % letters.len()];
//! #     (0..len).map(next).collect()
//! # };
//! # let upper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
//! # let base64 = format!("{upper}{}0123456789+/", upper.to_lowercase());
//! # let id = format!("AKIA{}", random("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16));
//! # let secret = random(&base64, 40);
//! let engine = Engine::new(&RuleSet::builtin());
//! let text = format!("[default]\naws_access_key_id = {id}\naws_secret_access_key = {secret}\n");
//!
//! let found = engine.whole(text.as_bytes());
//!
//! let [candidate] = found.candidates.as_slice() else { panic!("one pair") };
//! assert_eq!(candidate.credential.rule.as_str(), "aws-access-key");
//! assert_eq!(candidate.confidence, Confidence::High);
//! assert_eq!(candidate.sighting.id.expect("a place").start.line, 2);
//! assert_eq!(format!("{:?}", candidate.credential.secret), "Some([redacted])");
//! ```
//!
//! These ten names are the facade. The modules below are the basis of keysweep's own program: the
//! types of its reports, the ledger of scanned content, and the parts of detection. They change
//! with it.

pub mod aws;
pub mod bigrams;
pub mod canary;
pub mod coverage;
pub mod detect;
pub mod document;
pub mod escapes;
pub mod finding;
pub mod line_hash;
pub mod location;
pub mod opaque;
mod placeholder;
pub mod principal;
pub mod provenance;
pub mod rules;
pub mod scan;
pub mod tokens;

pub use aws::KeyId;
pub use detect::Engine;
pub use finding::{Candidate, Confidence, Credential};
pub use location::Region;
pub use rules::RuleSet;
pub use scan::{Detected, Detector};
pub use secret::Secret;

use keysweep_base::{secret, stop, text};
