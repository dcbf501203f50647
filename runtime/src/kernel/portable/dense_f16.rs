//! Weights of 16 bits, widened as they are read.

use super::floats;
use crate::Layer;

/// A dense layer of f16 weights, before its activation.
pub(crate) fn dense_f16(layer: &Layer<'_>, input: &[f32], output: &mut [f32]) {
    floats::outputs(layer, input, output, |weight| widen(u16::from_le_bytes(weight)));
}

/// The f32 of the same value; a NaN stays one.
#[inline]
pub(crate) fn widen(half: u16) -> f32 {
    let sign = u32::from(half & 0x8000) << 16;
    let magnitude = u32::from(half & 0x7fff);
    let bits = match magnitude {
        // 2^-24 is the step of the subnormal ones.
        0..0x400 => (magnitude as f32 * (1.0 / 16_777_216.0)).to_bits(),
        0x400..0x7c00 => (magnitude << 13) + ((127 - 15) << 23),
        _ => magnitude << 13 | f32::INFINITY.to_bits(),
    };
    f32::from_bits(bits | sign)
}

#[cfg(test)]
mod tests {
    use super::widen;

    #[test]
    fn widens_every_kind() {
        for (half, value) in [
            (0x0000, 0.0),
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x7bff, 65504.0),
            (0x0001, 5.960_464_5e-8),
            (0x03ff, 6.097_555e-5),
            (0x0400, 6.103_515_6e-5),
            (0x3555, 0.333_251_95),
            (0x7c00, f32::INFINITY),
            (0xfc00, f32::NEG_INFINITY),
        ] {
            assert_eq!(widen(half), value, "{half:#06x}");
        }
        assert!(widen(0x8000).is_sign_negative());
        assert!(widen(0x7e00).is_nan());
        let mut last = -1.0;
        for half in 0..=0x7c00 {
            assert!(widen(half) > last);
            last = widen(half);
        }
    }
}
