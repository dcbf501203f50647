//! An integer model as C99: one header, one source, no allocation, no library, and the runtime's integers.

use crate::error::{Error, ErrorKind, Result};
use crate::nn::AveragePool;
use crate::quantize::{IntegerActivation, Quantization, QuantizedDense, QuantizedSequential};
use std::fmt::{Display, Write as _};

/// A model as C.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CSource {
    /// The stem of both files' names, and the prefix of everything in them.
    pub name: String,
    /// The header.
    pub header: String,
    /// The source.
    pub source: String,
}

/// The arithmetic, the same for every layer. The factor's product and the conversion to it round once each, as the runtime's.
const KERNEL: &str = r"
#if FLT_EVAL_METHOD != 0
#error floats are evaluated in a wider format here, and the results would differ from the model (on x86: -msse2 -mfpmath=sse)
#endif

/* Rounds to the nearest integer, halves to even. What lies far outside of int8_t is cut first. */
static int32_t rounded(float x)
{
    /* At this magnitude a float has no fraction, so that the addition rounds. */
    const volatile float magic = 12582912.0f;
    float cut = x > 1024.0f ? 1024.0f : x < -1024.0f ? -1024.0f : x;
    return (int32_t)((cut + magic) - magic);
}

static int8_t clamped(int32_t q, int32_t lo, int32_t hi)
{
    return (int8_t)(q < lo ? lo : q > hi ? hi : q);
}
";

/// Writes `network` as C. `name` becomes the files' stem, and, where it is no identifier, what is left of it.
/// # Errors
/// [`ErrorKind::Model`] if nothing is left of the name.
pub fn c_source(network: &QuantizedSequential, name: &str) -> Result<CSource> {
    let name = identifier(name).ok_or_else(|| {
        Error::new(ErrorKind::Model, name, "no C identifier can be made of this name; rename the file")
    })?;
    Ok(CSource { header: header(network, &name), source: source(network, &name), name })
}

fn identifier(name: &str) -> Option<String> {
    let name: String = name.to_lowercase().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    name.starts_with(|c: char| c.is_ascii_lowercase()).then_some(name)
}

fn header(network: &QuantizedSequential, name: &str) -> String {
    let upper = name.to_uppercase();
    let inputs = network.input.features();
    let outputs = network.layers.last().map_or(0, |layer| layer.outputs);
    let hidden = most_hidden(&hidden(network));
    let quantization = |what: &str, Quantization { scale, zero_point }: Quantization| {
        format!(
            "/* The real value of {what} q is {upper}_{0}_SCALE * (q - {upper}_{0}_ZERO_POINT). */\n\
             #define {upper}_{0}_SCALE {1}\n#define {upper}_{0}_ZERO_POINT ({zero_point})\n",
            what.split(' ').next_back().unwrap_or_default().to_uppercase(),
            float(scale)
        )
    };
    let mut text = format!(
        "/* The model \"{}\", written by thumbnet. */\n#ifndef {upper}_H\n#define {upper}_H\n\n#include <stdint.h>\n\n\
         #ifdef __cplusplus\nextern \"C\" {{\n#endif\n\n\
         #define {upper}_INPUTS {inputs}\n#define {upper}_OUTPUTS {outputs}\n\
         /* The bytes that an evaluation works in. */\n#define {upper}_SCRATCH {}\n\n",
        comment(&network.name),
        hidden.max(1)
    );
    for (what, layer) in [("an input", network.layers.first()), ("an output", network.layers.last())] {
        if let Some(layer) = layer {
            text += &quantization(what, if what == "an input" { layer.input } else { layer.output });
        }
    }
    if !network.class_names.is_empty() {
        let names: Vec<String> = network.class_names.iter().map(|name| comment(name)).collect();
        let _ = writeln!(text, "/* The classes: {}. */", names.join(", "));
    }
    let _ = write!(
        text,
        "\n/* Evaluates one sample. The contents of scratch do not matter. */\n\
         void {name}_evaluate(const int8_t input[{upper}_INPUTS], int8_t scratch[{upper}_SCRATCH],\n    \
         int8_t output[{upper}_OUTPUTS]);\n\n#ifdef __cplusplus\n}}\n#endif\n\n#endif\n"
    );
    text
}

/// The numbers of elements between the steps: behind the pooling, where there is one, and behind every layer but the last.
fn hidden(network: &QuantizedSequential) -> Vec<usize> {
    let layers = network.layers.split_last().map_or(&[][..], |(_, hidden)| hidden);
    network.input.pool.iter().map(AveragePool::len).chain(layers.iter().map(|layer| layer.outputs)).collect()
}

/// Two neighbors live at the same time, at the two ends of the scratch.
fn most_hidden(hidden: &[usize]) -> usize {
    hidden.windows(2).map(|pair| pair.iter().sum()).chain(hidden.iter().copied()).max().unwrap_or(0)
}

fn source(network: &QuantizedSequential, name: &str) -> String {
    let upper = name.to_uppercase();
    let mut text = format!(
        "/* The model \"{}\", written by thumbnet: the same integers as its runtime's. */\n#include \"{name}.h\"\n\n\
         #include <float.h>\n{KERNEL}",
        comment(&network.name)
    );
    let mut calls = String::new();
    let hidden = hidden(network);
    let scratch = most_hidden(&hidden);
    let mut from = "input".to_owned();
    let pool = network.input.pool.map(|pool| ("pool".to_owned(), pool_source(pool)));
    let layers = network.layers.iter().enumerate();
    let layers = layers.map(|(index, layer)| (format!("layer_{index}"), layer_source(layer, index)));
    for (step, (function, source)) in pool.into_iter().chain(layers).enumerate() {
        text += &source;
        // The steps take turns in writing to the front and to the back.
        let to = match hidden.get(step) {
            None => "output".to_owned(),
            Some(_) if step % 2 == 0 => "scratch".to_owned(),
            Some(width) => format!("scratch + {}", scratch - width),
        };
        let _ = writeln!(calls, "    {function}({from}, {to});");
        from = to;
    }
    let unused = if hidden.is_empty() { "    (void)scratch;\n" } else { "" };
    let _ = write!(
        text,
        "\nvoid {name}_evaluate(const int8_t input[{upper}_INPUTS], int8_t scratch[{upper}_SCRATCH],\n    \
         int8_t output[{upper}_OUTPUTS])\n{{\n{unused}{calls}}}\n"
    );
    text
}

/// The means of the windows, halves to even.
fn pool_source(pool: AveragePool) -> String {
    let AveragePool { image, offset, outputs, size } = pool;
    format!(
        "\n/* pool: the means of {0} x {1} windows of {2} x {3}, in an image of {4} x {5} from row {6} and column {7} on. */\n\
         static void pool(const int8_t *x, int8_t *y)\n{{\n    \
         for (int32_t j = 0; j < {8}; j++) {{\n        \
         const int8_t *window = x + ({6} + j / {1} * {2}) * {5} + {7} + j % {1} * {3};\n        \
         int32_t sum = 0;\n        \
         for (int32_t r = 0; r < {2}; r++) {{\n            \
         for (int32_t c = 0; c < {3}; c++) {{\n                \
         sum += window[r * {5} + c];\n            }}\n        }}\n        \
         /* C divides toward zero, so that the sum is taken from the least one on. */\n        \
         int32_t from_least = sum + 128 * {9};\n        \
         int32_t mean = from_least / {9};\n        \
         int32_t twice = 2 * (from_least - mean * {9});\n        \
         y[j] = (int8_t)(mean - 128 + (twice > {9} || (twice == {9} && mean % 2 != 0)));\n    }}\n}}\n",
        outputs[0],
        outputs[1],
        size[0],
        size[1],
        image[0],
        image[1],
        offset[0],
        offset[1],
        pool.len(),
        size[0] * size[1]
    )
}

fn layer_source(layer: &QuantizedDense, index: usize) -> String {
    let QuantizedDense { name, inputs, outputs, .. } = layer;
    let (sums, lo, hi) = match layer.activation {
        IntegerActivation::Clamp { lo, hi } => (layer.output, lo, hi),
        IntegerActivation::Table { pre, .. } => (pre, i8::MIN, i8::MAX),
    };
    let zero = |row: usize| i32::from(layer.weight_zero_points.get(row).copied().unwrap_or(0));
    let rows = || layer.weights.chunks(*inputs).enumerate();
    let weights: Vec<i32> = rows().flat_map(|(row, w)| w.iter().map(move |&w| i32::from(w) - zero(row))).collect();
    let wide = weights.iter().any(|&w| i8::try_from(w).is_err());
    // The zero point of the inputs, multiplied by the sum of the weights once and for all.
    let bias = layer.bias.iter().enumerate().map(|(row, &bias)| {
        let sum: i32 = weights[row * inputs..(row + 1) * inputs].iter().sum();
        bias.wrapping_sub(i32::from(layer.input.zero_point).wrapping_mul(sum))
    });
    let factors = layer.weight_scales.iter().map(|&scale| float((layer.input.scale * scale) / sums.scale));

    let mut text = format!("\n/* {}: {inputs} inputs, {outputs} outputs. */\n", comment(name));
    let kind = if wide { "int16_t" } else { "int8_t" };
    text += &array(&format!("{kind} weights_{index}[{outputs}][{inputs}]"), weights.iter(), *inputs);
    text += &array(&format!("int32_t bias_{index}[{outputs}]"), bias.map(literal), 0);
    text += &array(&format!("float factor_{index}[{outputs}]"), factors, 0);
    let mut entry = String::new();
    if let IntegerActivation::Table { table, .. } = &layer.activation {
        let tables = table.len() / 256;
        text += &array(&format!("int8_t table_{index}[{tables}][256]"), table.iter(), 256);
        let row = if tables == 1 { "0" } else { "j" };
        let _ = writeln!(entry, "        y[j] = table_{index}[{row}][y[j] + 128];");
    }
    let zero_point = sums.zero_point;
    let _ = write!(
        text,
        "\nstatic void layer_{index}(const int8_t *x, int8_t *y)\n{{\n    \
         for (int32_t j = 0; j < {outputs}; j++) {{\n        \
         int32_t sum = bias_{index}[j];\n        \
         for (int32_t i = 0; i < {inputs}; i++) {{\n            \
         sum += (int32_t)x[i] * weights_{index}[j][i];\n        }}\n        \
         y[j] = clamped(rounded((float)sum * factor_{index}[j]) + ({zero_point}), {lo}, {hi});\n{entry}    }}\n}}\n"
    );
    text
}

/// A constant array; `row` elements to a pair of braces, or no inner braces where it is 0.
fn array(declaration: &str, values: impl Iterator<Item = impl Display>, row: usize) -> String {
    let mut text = format!("static const {declaration} = {{");
    let mut column = usize::MAX;
    for (index, value) in values.enumerate() {
        if row > 0 && index % row == 0 {
            text += if index == 0 { "\n    {" } else { "},\n    {" };
            column = 0;
        } else if column >= 100 {
            text += "\n    ";
            column = 0;
        }
        let value = format!("{value},");
        column += value.len();
        text += &value;
    }
    text + if row > 0 { "}\n};\n" } else { "\n};\n" }
}

/// The least number has no literal of its own in C.
fn literal(value: i32) -> String {
    if value == i32::MIN { "(-2147483647 - 1)".into() } else { value.to_string() }
}

/// The shortest decimal that reads back as the same float.
fn float(value: f32) -> String {
    format!("{value:e}f")
}

/// Text that cannot end a comment.
fn comment(text: &str) -> String {
    text.replace("*/", "* /").replace(['\n', '\\', '"'], " ")
}
