//! The `.tnet` file: writing a network for the chip, and reading it back for tools. The runtime owns the format
//! (runtime/FORMAT.md); here are only the other side of its fields.

#[cfg(test)]
mod definition;
mod executor;
mod file;
mod float;
mod function;
mod integer;
mod pack;
mod read;
#[cfg(test)]
mod tests;

pub use executor::Executor;
pub use float::{FloatType, write_float};
pub use integer::write;
pub use read::{Network, read};
