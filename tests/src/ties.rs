//! Layers whose sums and factors are what is hard to round: halves between two outputs, sums of more digits than a float has, and the
//! ends of all ranges.

use crate::counts::with_weights;
use thumbnet::format::{HEADER, header, record};
use thumbnet::{Model, Order};
use thumbnet_trainer::quantize::WeightType;
use thumbnet_trainer::tnet;

/// A sum, and what it is multiplied with.
pub type Product = (i32, f32);

/// The inputs of the layers; so many that there are whole turns, a rest, and a number that is no multiple of four.
pub const INPUTS: usize = 37;

/// Sums below may be those of any row; an odd row of packed int8 weights has 24 bits.
const SMALL: i32 = 1 << 23;

/// The vectors of FORMAT.md.
/// # Panics
/// Where it has others than numbers.
pub fn vectors() -> Vec<Product> {
    let (_, section) = include_str!("../../runtime/FORMAT.md").split_once("## Test vectors").expect("the vectors");
    let lines = section.lines().filter_map(|line| line.strip_prefix("    sum "));
    lines
        .map(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            (words[0].parse().expect("a sum"), words[2].parse().expect("a factor"))
        })
        .collect()
}

/// Both signs of each half between two outputs, of factors that are powers of two and of such that round to a half; sums that are
/// rounded before they are multiplied.
pub fn halves() -> Vec<Product> {
    let mut products = Vec::new();
    for log in [1, 2, 9, 15] {
        let factor = 1.0 / f32::from(1u16 << log);
        for half in (-265..265).map(|half| 2 * half + 1) {
            let tie = half << (log - 1);
            products.extend([(tie, factor), (tie - 1, factor), (tie + 1, factor)]);
        }
    }
    // The product is a half only after it was rounded.
    for factor in [0.0005f32, 0.1, 0.7, 1.0 / 3.0, 1e-5] {
        for half in (-140..140).map(|half| f64::from(half) + 0.5) {
            let sum = (half / f64::from(factor)).round() as i32;
            products.extend([(sum, factor), (sum - 1, factor), (sum + 1, factor)]);
        }
    }
    for power in 24..31 {
        let unit = (-power as f32).exp2();
        for near in [1, 2, 3, 5, 6, 7, 64, 65, 191, 192, 193] {
            for (factor, half) in [(unit, 0), (3.0 * unit, 1), (5.0 * unit, 1 << (power - 1))] {
                products.extend([((1 << power) + near - half, factor), (-(1 << power) - near + half, factor)]);
            }
        }
    }
    products
}

/// The ends of the factors and the sums, and what is between.
pub fn ends() -> Vec<Product> {
    let factors = [
        0.0,
        f32::from_bits(1),
        f32::MIN_POSITIVE.next_down(),
        f32::MIN_POSITIVE,
        f32::EPSILON,
        0.5f32.next_down(),
        0.5,
        1.0,
        1.5,
        127.5,
        128.5,
        1e30,
        f32::MAX,
    ];
    let sums = [0, 1, 2, 3, 255, 1 << 22, SMALL - 1, SMALL, (1 << 24) + 1, i32::MAX - 64, i32::MAX - 63, i32::MAX];
    let signs = |sum: i32| [sum, -sum, !sum];
    factors.iter().flat_map(|&factor| sums.into_iter().flat_map(signs).map(move |sum| (sum, factor))).collect()
}

/// `clamp(round_half_even(f32(sum) * factor) + zero_point, -128, 127)`, by integers alone.
pub fn definition((sum, factor): Product, zero_point: i8) -> i8 {
    const DIGITS: u32 = 24;
    let half_even = |x: u128, digits: u32| {
        if digits == 0 {
            return x;
        }
        let (kept, rest, half) = (x >> digits, x & ((1 << digits) - 1), 1 << (digits - 1));
        kept + u128::from(rest > half || (rest == half && kept % 2 == 1))
    };
    // The digits of a float.
    let float = |x: u128| {
        let cut = (u128::BITS - x.leading_zeros()).saturating_sub(DIGITS);
        half_even(x, cut) << cut
    };
    let (mantissa, exponent) = match factor.to_bits() >> 23 {
        0 => (factor.to_bits(), 1),
        exponent => (factor.to_bits() & 0x007f_ffff | 0x0080_0000, exponent),
    };
    // It counts 2^-point, and has no more than 57 digits.
    let product = float(float(sum.unsigned_abs().into()) * u128::from(mantissa));
    let integer = match 150 - exponent.cast_signed() {
        point @ 100.. => half_even(product, point.cast_unsigned().min(100)),
        point @ 0.. => half_even(product, point.cast_unsigned()),
        point => product << (-point).min(32),
    };
    let integer = integer.min(1 << 20) as i32;
    (if sum < 0 { -integer } else { integer } + i32::from(zero_point)).clamp(-128, 127) as i8
}

/// A layer with these sums, whatever its inputs are: all weights are zero, and the products are biases and factors. Gives the model
/// and the products of its rows: from `first` on and around, of packed int8 weights for the even rows and those that fit 24 bits for
/// the odd ones.
/// # Panics
/// Where it cannot be written in that order.
pub fn layer(
    (weight_type, order): (WeightType, Order),
    products: &[Product],
    first: usize,
    outputs: usize,
    zero_point: i8,
) -> (Vec<u8>, Vec<Product>) {
    let mut network = with_weights(&[INPUTS, outputs], |_| weight_type, 1);
    network.layers[0].weights.fill(0);
    network.layers[0].bias.fill(0);
    if order == Order::Plain {
        // No pair has room for it.
        network.layers[0].bias[1] = i32::MAX;
    }
    let mut model = tnet::write(&network).unwrap_or_else(|error| panic!("{error}"));
    let narrow = weight_type == WeightType::Int8 && order == Order::Packed;
    let small: Vec<Product> = products.iter().copied().filter(|(sum, _)| (-SMALL..SMALL).contains(sum)).collect();
    let rows: Vec<Product> = (0..outputs)
        .map(|row| match (narrow, row % 2) {
            (false, _) => products[(first + row) % products.len()],
            (true, 0) => products[(first + row / 2) % products.len()],
            (true, _) => small[(first + row / 2) % small.len()],
        })
        .collect();
    let parsed = Model::parse(&model).unwrap();
    let layer = parsed.layer(0).unwrap();
    assert_eq!(layer.order(), order);
    let place = |part: &[u8]| part.as_ptr().addr() - model.as_ptr().addr();
    let (biases, factors) = (place(layer.biases()), place(layer.factors()));
    for (row, (sum, factor)) in rows.iter().enumerate() {
        model[biases + 4 * row..][..4].copy_from_slice(&sum.to_le_bytes());
        model[factors + 4 * row..][..4].copy_from_slice(&factor.to_le_bytes());
    }
    model[HEADER + record::ZERO_POINT] = zero_point.cast_unsigned();
    if let Err(error) = Model::parse(&model).unwrap().verify_checksum() {
        model[header::CRC..][..4].copy_from_slice(&error.computed.to_le_bytes());
    }
    (model, rows)
}
