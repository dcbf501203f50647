//! A model inside somebody's own program: as C, or as a small firmware in Rust to start from.

mod c;
mod project;

pub use c::{CSource, c_source};
pub use project::{Project, project};
