//! A reference model of reconciliation, slow and obvious, against the real one.
//!
//! The model is written from the semantics alone: plain loops over runs, one rule after another, with the
//! number of each rule beside it. Worlds are made out of numbers, so that a failure can be made again:
//! `REFERENCE_WORLDS=100000 REFERENCE_FROM=0 cargo test --test main reference_model`.

mod build;
mod compare;
mod due;
mod generate;
mod judge;
mod laws;
mod ledger;
mod lives;
mod stand;
mod world;
