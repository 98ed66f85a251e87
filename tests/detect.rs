//! What is found, and whose it is.

mod encodings;
mod file_names;
mod kinds;
mod laws;
mod near_examples;
mod pairing;
mod patterns;
mod recall;
mod ses;
