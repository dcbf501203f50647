//! The inputs of a layer without the zeros.

use crate::kernel::chunks;

/// Inputs of which not all are zero, four in each word but the first, from 0 to 255; the first word is their place, in units of so
/// many inputs.
pub(super) type Entry<const WORDS: usize> = [[i8; 4]; WORDS];

/// Lists the inputs in `work`; `None` where it has no room for all of them.
pub(super) fn collect<'a, const WORDS: usize>(input: &[i8], work: &'a mut [i8]) -> Option<&'a [Entry<WORDS>]> {
    let (entries, _) = work.as_chunks_mut::<4>().0.as_chunks_mut();
    let units = input.chunks(4 * (WORDS - 1));
    if entries.len() < units.len() {
        return None;
    }
    let mut count = 0;
    for (place, unit) in (0u32..).zip(units) {
        let mut entry = [[0; 4]; WORDS];
        let mut any = 0;
        let Some((first, quads)) = entry.split_first_mut() else { break };
        *first = bytes(place);
        for (values, quad) in quads.iter_mut().zip(unit.chunks(4)) {
            let quad = word(quad.first_chunk().copied().unwrap_or_else(|| chunks::quad(quad))) ^ 0x8080_8080;
            *values = bytes(quad);
            any |= quad;
        }
        if let Some(slot) = entries.get_mut(count) {
            *slot = entry;
        }
        count += usize::from(any != 0);
    }
    entries.get(..count)
}

/// A word of an entry.
#[inline]
pub(super) fn word([a, b, c, d]: [i8; 4]) -> u32 {
    u32::from_le_bytes([a.cast_unsigned(), b.cast_unsigned(), c.cast_unsigned(), d.cast_unsigned()])
}

#[inline]
fn bytes(word: u32) -> [i8; 4] {
    let [a, b, c, d] = word.to_le_bytes();
    [a.cast_signed(), b.cast_signed(), c.cast_signed(), d.cast_signed()]
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::collect;
    use crate::kernel::Backend;
    use crate::kernel::tests::{Random, file};
    use crate::{Model, Order, WeightType};
    use std::vec;

    /// The room that layers ask for is the least in which their inputs are listed.
    #[test]
    fn lists_take_the_room_that_layers_ask_for() {
        for inputs in 1..50 {
            for weight_type in [WeightType::Int8, WeightType::Int4, WeightType::Int2] {
                let bytes = file(&mut Random(1), weight_type, Order::Packed, inputs, 8);
                let room = Backend::X86_64.work_len(&Model::read(&bytes).unwrap().layer(0).unwrap());
                let fits = |room: usize| match weight_type {
                    WeightType::Int2 => collect::<3>(&vec![7; inputs], &mut vec![0; room]).is_some(),
                    _ => collect::<2>(&vec![7; inputs], &mut vec![0; room]).is_some(),
                };
                assert!(fits(room) && !fits(room - 1), "{inputs} inputs, {weight_type:?}");
            }
        }
    }
}
