//! `keysweep-fleet`: sweeps on a real Ray cluster, whose workers, nodes, scanners and driver are killed.

mod cluster;
mod kit;
mod local;
