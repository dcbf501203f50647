//! Float weights with AVX and FMA, where the machine has them: a tile's eight rows are one vector, and four tiles are taken at
//! once, so that no addition waits for the one before it.

#![allow(unsafe_code)]

use crate::kernel::portable::{self, floats};
use crate::{Layer, Order};
use core::arch::x86_64::{
    __cpuid, __m256, _mm_set_epi64x, _mm256_cvtph_ps, _mm256_fmadd_ps, _mm256_set_ps, _mm256_set1_ps, _xgetbv,
};
use core::sync::atomic::{AtomicU8, Ordering};

/// Whether the machine has AVX, FMA and F16C, and the system keeps their registers.
fn has_vectors() -> bool {
    const UNKNOWN: u8 = 0;
    const NO: u8 = 1;
    const YES: u8 = 2;
    static KNOWN: AtomicU8 = AtomicU8::new(UNKNOWN);
    match KNOWN.load(Ordering::Relaxed) {
        UNKNOWN => {
            let found = ask_for_vectors();
            KNOWN.store(if found { YES } else { NO }, Ordering::Relaxed);
            found
        }
        known => known == YES,
    }
}

/// CPUID's leaf 1 in ECX: FMA, XSAVE in use, AVX, F16C. Of XCR0 the bits of SSE's and AVX's registers.
fn ask_for_vectors() -> bool {
    const FMA: u32 = 1 << 12;
    const OSXSAVE: u32 = 1 << 27;
    const AVX: u32 = 1 << 28;
    const F16C: u32 = 1 << 29;
    const ALL: u32 = FMA | OSXSAVE | AVX | F16C;
    const REGISTERS: u64 = 6;
    #[target_feature(enable = "xsave")]
    fn registers() -> u64 {
        // SAFETY: XCR0 is there where XSAVE is in use.
        unsafe { _xgetbv(0) }
    }
    // SAFETY: `registers` is called only where XSAVE is in use.
    __cpuid(1).ecx & ALL == ALL && unsafe { registers() } & REGISTERS == REGISTERS
}

/// A dense layer of f32 weights, before its activation.
pub(crate) fn dense_f32(layer: &Layer<'_>, input: &[f32], output: &mut [f32]) {
    if layer.order() != Order::Packed || !has_vectors() {
        return portable::dense_f32(layer, input, output);
    }
    let done = whole_tiles::<4>(layer, input, output, |tiles, biases, outputs| {
        // SAFETY: the machine has AVX and FMA.
        unsafe {
            four_f32(tiles, biases, input, outputs);
        }
    });
    floats::outputs_from(layer, done, input, output, f32::from_le_bytes);
}

/// A dense layer of f16 weights, before its activation.
pub(crate) fn dense_f16(layer: &Layer<'_>, input: &[f32], output: &mut [f32]) {
    if layer.order() != Order::Packed || !has_vectors() {
        return portable::dense_f16(layer, input, output);
    }
    let done = whole_tiles::<2>(layer, input, output, |tiles, biases, outputs| {
        // SAFETY: the machine has AVX, FMA and F16C.
        unsafe {
            four_f16(tiles, biases, input, outputs);
        }
    });
    floats::outputs_from(layer, done, input, output, |weight| floats::widen(u16::from_le_bytes(weight)));
}

/// Four tiles of eight rows at a time, whose weights take `N` bytes; gives the number of outputs that are done.
fn whole_tiles<const N: usize>(
    layer: &Layer<'_>,
    input: &[f32],
    output: &mut [f32],
    four: impl Fn([&[u8]; 4], &[[u8; 4]; 32], &mut [f32; 32]),
) -> usize {
    let mut weights = layer.weights();
    let (biases, _) = layer.biases().as_chunks::<4>().0.as_chunks::<32>();
    let (outputs, _) = output.as_chunks_mut::<32>();
    let tile = 8 * N * input.len();
    let mut done = 0;
    for (outputs, biases) in outputs.iter_mut().zip(biases) {
        let mut tiles = [&[][..]; 4];
        for slot in &mut tiles {
            let Some((now, later)) = weights.split_at_checked(tile) else { return done };
            (*slot, weights) = (now, later);
        }
        four(tiles, biases, outputs);
        done += outputs.len();
    }
    done
}

/// The weights of eight rows for one input, as they lie, to a vector.
macro_rules! four_tiles {
    ($name:ident, $features:literal, $bytes:literal, $load:ident) => {
        #[target_feature(enable = $features)]
        fn $name(tiles: [&[u8]; 4], biases: &[[u8; 4]; 32], input: &[f32], outputs: &mut [f32; 32]) {
            let mut sums = [_mm256_set1_ps(0.0); 4];
            for (sum, biases) in sums.iter_mut().zip(biases.as_chunks::<8>().0) {
                *sum = load_f32(biases.as_flattened().first_chunk().unwrap_or(&[0; 32]));
            }
            let [a, b, c, d] = tiles.map(|tile| tile.as_chunks::<$bytes>().0);
            for ((((a, b), c), d), &x) in a.iter().zip(b).zip(c).zip(d).zip(input) {
                let x = _mm256_set1_ps(x);
                for (sum, weights) in sums.iter_mut().zip([a, b, c, d]) {
                    *sum = _mm256_fmadd_ps(x, $load(weights), *sum);
                }
            }
            for (outputs, sum) in outputs.as_chunks_mut::<8>().0.iter_mut().zip(sums) {
                *outputs = store(sum);
            }
        }
    };
}

four_tiles!(four_f32, "avx,fma", 32, load_f32);
four_tiles!(four_f16, "avx,fma,f16c", 16, load_f16);

#[target_feature(enable = "avx")]
fn load_f32(bytes: &[u8; 32]) -> __m256 {
    let [a, b, c, d, e, f, g, h] = numbers(bytes);
    _mm256_set_ps(h, g, f, e, d, c, b, a)
}

#[inline]
fn numbers(bytes: &[u8; 32]) -> [f32; 8] {
    let mut numbers = [0.0; 8];
    for (number, bytes) in numbers.iter_mut().zip(bytes.as_chunks().0) {
        *number = f32::from_le_bytes(*bytes);
    }
    numbers
}

#[target_feature(enable = "avx,f16c")]
fn load_f16(bytes: &[u8; 16]) -> __m256 {
    let value = u128::from_le_bytes(*bytes);
    _mm256_cvtph_ps(_mm_set_epi64x((value >> 64) as i64, value as i64))
}

#[target_feature(enable = "avx")]
fn store(vector: __m256) -> [f32; 8] {
    // SAFETY: both are eight floats.
    unsafe { core::mem::transmute(vector) }
}
