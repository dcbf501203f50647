//! The inputs in the form that the multiplications take: pairs of 16-bit numbers, counted from 0 to 255.
//!
//! Of each four inputs, the first and the third make one pair, the second and the fourth another: that is what UXTB16 gives.

/// A pair that is not zero, after the place of its weights: bytes from the start of a tile.
pub(super) type Place = [u32; 2];

/// Four inputs; what is missing at the end counts as 0.
#[inline]
pub(super) fn quad(inputs: &[i8]) -> [i8; 4] {
    let mut quad = [i8::MIN; 4];
    for (filled, &x) in quad.iter_mut().zip(inputs) {
        *filled = x;
    }
    quad
}

/// The four inputs as bytes counted from 0, the first in the lowest byte.
#[inline]
fn unsigned(quad: [i8; 4]) -> u32 {
    u32::from_le_bytes(quad.map(|x| x as u8)) ^ 0x8080_8080
}

/// The two pairs of four inputs.
#[inline]
fn split(bytes: u32) -> [u32; 2] {
    [bytes & 0x00ff_00ff, bytes >> 8 & 0x00ff_00ff]
}

/// Writes the pairs of the inputs, filled up to a multiple of `step` (of four), to the front of `work`; `None` where they do not
/// fit.
fn pairs<'a>(input: &[i8], step: usize, work: &'a mut [u32]) -> Option<&'a [u32]> {
    let (quads, tail) = input.as_chunks::<4>();
    let work = work.get_mut(..input.len().next_multiple_of(step) / 2)?;
    let (places, _) = work.as_chunks_mut::<2>();
    let mut places = places.iter_mut();
    for (&inputs, place) in quads.iter().zip(&mut places) {
        *place = split(unsigned(inputs));
    }
    let rest = if tail.is_empty() { 0 } else { unsigned(quad(tail)) };
    for (place, bytes) in places.zip([rest, 0]) {
        *place = split(bytes);
    }
    Some(work)
}

/// The pairs that are not zero.
#[derive(Clone, Copy)]
pub(super) struct Nonzero<'a> {
    places: &'a [Place],
    /// The bytes of a tile's weights; all offsets lie before.
    weights: usize,
}

impl<'a> Nonzero<'a> {
    /// Writes the pairs that are not zero to the front of `work`; the weights of a pair take `step` bytes in a tile. Gives
    /// their number and the bytes of a tile's weights; `None` where they do not fit: then there are so many that all pairs are
    /// the better choice.
    fn write(input: &[i8], step: usize, work: &mut [u32]) -> Option<(usize, usize)> {
        let (places, _) = work.as_chunks_mut::<2>();
        let (quads, tail) = input.as_chunks::<4>();
        let mut count = 0;
        let mut offset = 0;
        let mut add = |bytes: u32| {
            if bytes != 0 {
                for (pair, offset) in split(bytes).into_iter().zip([offset, offset + step]) {
                    if pair != 0 {
                        *places.get_mut(count)? = [offset as u32, pair];
                        count += 1;
                    }
                }
            }
            offset += 2 * step;
            Some(())
        };
        for &inputs in quads {
            add(unsigned(inputs))?;
        }
        if !tail.is_empty() {
            add(unsigned(quad(tail)))?;
        }
        Some((count, offset))
    }

    /// The pairs and their places.
    pub(super) fn places(&self) -> &'a [Place] {
        self.places
    }

    /// The bytes of a tile's weights.
    pub(super) fn weights_len(&self) -> usize {
        self.weights
    }
}

/// The inputs of a layer as its tiles read them.
#[derive(Clone, Copy)]
pub(super) enum Inputs<'a> {
    /// As they come.
    Bytes,
    /// All pairs.
    Pairs(&'a [u32]),
    /// The pairs that are not zero.
    Nonzero(Nonzero<'a>),
}

impl<'a> Inputs<'a> {
    /// The form in which the tiles are evaluated fastest; the weights of a pair take `step` bytes in a tile.
    pub(super) fn new(input: &[i8], step: usize, work: &'a mut [u32]) -> Self {
        let Some((count, weights)) = Nonzero::write(input, step, work) else { return Self::pairs(input, 4, work) };
        let places = work.as_chunks().0.get(..count).unwrap_or(&[]);
        Self::Nonzero(Nonzero { places, weights })
    }

    /// All pairs, with zeros up to a multiple of `step` inputs, where there is room for them.
    pub(super) fn pairs(input: &[i8], step: usize, work: &'a mut [u32]) -> Self {
        pairs(input, step, work).map_or(Self::Bytes, Self::Pairs)
    }
}

/// The sum of all inputs.
pub(super) fn sum(input: &[i8], inputs: Inputs<'_>) -> i32 {
    if let Inputs::Pairs(pairs) = inputs {
        // 256 pairs sum to less than 2^16 in each half.
        return pairs.chunks(256).fold(0, |sum: i32, chunk| {
            let halves = chunk.iter().fold(0, |halves: u32, &pair| halves.wrapping_add(pair));
            sum.wrapping_add((halves & 0xffff) as i32).wrapping_add((halves >> 16) as i32)
        });
    }
    input.iter().fold(0, |sum: i32, &x| sum.wrapping_add(i32::from(x) + 128))
}
