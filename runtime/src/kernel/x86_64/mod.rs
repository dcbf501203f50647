//! Hosts: SSE2, which every x86-64 has, and for floats AVX with FMA where the machine has them. Where nothing is to be gained the
//! portable kernels serve.

mod dense_i8;
mod floats;

pub(crate) use super::portable::{dense_i2, dense_i4};
pub(crate) use dense_i8::{dense_i8, dense_i8 as simple_i8};
pub(crate) use floats::{dense_f16, dense_f32};
