//! All tests of what a user sees, in one binary.

// A failing test tells its seed.
#![allow(clippy::print_stdout, clippy::print_stderr)]

#[cfg(feature = "verify")]
mod act_identity;
#[cfg(feature = "verify")]
mod act_sessions;
#[cfg(feature = "verify")]
mod act_stub;
#[cfg(feature = "verify")]
mod act_support;
#[cfg(unix)]
mod action;
#[cfg(feature = "verify")]
mod baseline_choice;
mod behind;
mod binary_strings;
mod blinding;
#[cfg(unix)]
mod blinding_git;
mod borders;
#[cfg(feature = "verify")]
mod canaries;
#[cfg(unix)]
mod ci_recipes;
mod columnar;
mod complete;
mod compound;
#[cfg(feature = "verify")]
mod conflicts;
mod container_bombs;
mod container_damage;
mod containers;
mod decoding;
#[cfg(unix)]
mod deep;
mod demo;
mod detection;
mod encodings;
#[cfg(unix)]
mod endless;
mod escaping;
#[cfg(unix)]
mod escaping_places;
#[cfg(unix)]
mod events;
mod faults;
mod file_names;
mod files;
#[cfg(unix)]
mod files_unix;
mod formats;
mod fuzz;
// They are a library there.
#[allow(dead_code, unreachable_pub)]
#[path = "../../fuzz/bodies/all.rs"]
mod fuzz_bodies;
#[cfg(unix)]
mod generated;
mod git_attribution;
mod git_connectivity;
mod git_damage;
mod git_database;
mod git_hostile;
mod git_messages;
mod git_oracle;
mod git_places;
mod git_range;
mod git_real;
mod git_staged;
mod git_stop;
mod git_support;
mod git_table;
mod gitlab;
#[cfg(unix)]
mod hidden;
#[cfg(unix)]
mod hook_advice;
#[cfg(unix)]
mod hook_framework;
mod hook_global;
mod hook_install;
mod hook_managers;
mod hook_place;
#[cfg(unix)]
mod hook_plain;
#[cfg(unix)]
mod hook_support;
mod hostile_rules;
#[cfg(all(target_os = "linux", feature = "verify"))]
mod kill;
#[cfg(target_os = "linux")]
mod killed;
mod kinds;
mod layers;
#[cfg(feature = "verify")]
mod leaks;
#[cfg(unix)]
mod links;
mod memory;
#[cfg(feature = "verify")]
mod moto;
mod named;
mod near_examples;
#[cfg(unix)]
mod outputs;
mod pairing;
mod parquet;
mod patterns;
mod pdf;
mod pdf_filters;
#[cfg(unix)]
mod picture;
#[cfg(unix)]
mod pieces;
mod planted;
#[cfg(unix)]
mod process;
mod programs;
#[cfg(all(unix, feature = "verify"))]
mod readme;
mod recall;
#[cfg(feature = "verify")]
mod remedy_cli;
mod report;
mod require;
#[cfg(all(unix, feature = "verify"))]
mod rotate_account;
#[cfg(all(unix, feature = "verify"))]
mod rotate_crash;
#[cfg(all(unix, feature = "verify"))]
mod rotate_days;
#[cfg(all(unix, feature = "verify"))]
mod rotate_moto;
#[cfg(feature = "verify")]
mod rotate_profile;
#[cfg(all(target_os = "linux", feature = "verify"))]
mod rotate_program;
#[cfg(all(unix, feature = "verify"))]
mod rotate_support;
mod said;
mod samples;
mod sarif;
mod schemas;
mod security;
mod ses;
mod settled;
mod settled_history;
mod settled_merge;
mod sevenz;
mod staged_whole;
#[cfg(target_os = "linux")]
mod starved;
mod status;
mod streams;
#[cfg(feature = "verify")]
mod stub;
mod supply;
mod support;
mod sweep;
#[cfg(unix)]
mod sweep_resume;
// The bench of the same name prints what a test does not ask for.
mod redaction;
#[allow(dead_code, unreachable_pub)]
#[path = "../texts/all.rs"]
mod texts;
mod tools;
#[cfg(unix)]
mod unnamed;
#[cfg(feature = "verify")]
mod verdicts;
#[cfg(feature = "verify")]
mod verify_again;
#[cfg(feature = "verify")]
mod verify_candidates;
#[cfg(feature = "verify")]
mod verify_live;
#[cfg(feature = "verify")]
mod verify_moto;
#[cfg(feature = "verify")]
mod verify_program;
#[cfg(feature = "verify")]
mod verify_stub;
#[cfg(feature = "verify")]
mod verify_user;
#[cfg(feature = "verify")]
mod verify_way;
mod watched;
mod workflows;
