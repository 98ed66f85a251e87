//! Detection: the credentials that are found, and the pairs that they form.

mod alone;
mod announced;
mod borders;
mod encodings;
mod examples;
mod file_names;
mod joints;
mod kinds;
mod laws;
mod near_examples;
mod neighbours;
mod order;
mod owners;
mod pairing;
mod partners;
mod patterns;
mod recall;
mod ses;
mod shapes;
mod token_files;
mod tokens;
mod vacant;
mod value_tables;
mod views;
