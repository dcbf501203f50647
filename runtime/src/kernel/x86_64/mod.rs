//! Hosts: SSE2, which every x86-64 has, and for floats AVX with FMA where the machine has them. The bytes that were arranged for a
//! Cortex-M's LDM and SMLAD suit PMADDWD as well: a word holds the weights of two inputs.

mod dense_i2;
mod dense_i4;
mod dense_i8;
mod entries;
mod floats;
mod tiles;
mod vector;

pub(crate) use dense_i2::{dense_i2, dense_i2 as simple_i2};
pub(crate) use dense_i4::{dense_i4, dense_i4 as simple_i4};
pub(crate) use dense_i8::{dense_i8, dense_i8 as simple_i8};
pub(crate) use floats::{dense_f16, dense_f32};
