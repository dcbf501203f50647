//! The plain definition of every kernel. The compiler makes vectors of it where the machine has some.

mod dense_f16;
mod dense_f32;
#[cfg(not(any(thumbnet_dsp, thumbnet_scalar)))]
mod dense_i2;
#[cfg(not(any(thumbnet_dsp, thumbnet_scalar)))]
mod dense_i4;
#[cfg(not(any(thumbnet_dsp, thumbnet_scalar)))]
mod dense_i8;
pub(crate) mod floats;
mod plain;
pub(crate) mod rows;
mod sums_i2;
#[cfg(not(any(thumbnet_dsp, thumbnet_scalar)))]
mod sums_i4;

pub(crate) use dense_f16::dense_f16;
pub(crate) use dense_f32::dense_f32;
#[cfg(not(any(thumbnet_dsp, thumbnet_scalar)))]
pub(crate) use dense_i2::dense_i2;
#[cfg(any(test, not(any(thumbnet_dsp, thumbnet_scalar, thumbnet_x86_64))))]
pub(crate) use dense_i4::dense_i4;
#[cfg(thumbnet_x86_64)]
pub(crate) use dense_i4::packed as packed_i4;
#[cfg(any(test, not(any(thumbnet_dsp, thumbnet_scalar, thumbnet_x86_64))))]
pub(crate) use dense_i8::dense_i8;
#[cfg(thumbnet_x86_64)]
pub(crate) use dense_i8::packed as packed_i8;
pub(crate) use plain::{plain_i2, plain_i4, plain_i8};
#[cfg(any(thumbnet_dsp, thumbnet_scalar))]
pub(crate) use sums_i2::sums_i2;
#[cfg(not(any(thumbnet_dsp, thumbnet_scalar, thumbnet_x86_64)))]
pub(crate) use {dense_i2::dense_i2 as simple_i2, dense_i4::dense_i4 as simple_i4, dense_i8::dense_i8 as simple_i8};
