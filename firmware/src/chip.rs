//! The chip that this image is for, as `build.rs` was told.
#![allow(clippy::unreadable_literal)] // as the environment wrote them

include!(concat!(env!("OUT_DIR"), "/chip.rs"));
