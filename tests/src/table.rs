//! What was measured, as Markdown.

use crate::counts::{CORES, Row};
use crate::image;
use std::fmt::Write;

/// Three tables: instructions, estimated cycles, and memory.
pub fn markdown(rows: &[Row]) -> String {
    let each = |count: Option<u64>, row: &Row| {
        count
            .map_or_else(String::new, |count| format!("{} ({:.2})", grouped(count), count as f64 / row.products as f64))
    };
    let mut text = String::from("Instructions (per product):\n\n");
    pivot(&mut text, rows, |row| each(Some(row.instructions), row));
    text.push_str("\nEstimated cycles (per product):\n\n");
    pivot(&mut text, rows, |row| each(row.cycles, row));
    text.push_str("\nScratch and stack, bytes of RAM:\n\n");
    pivot(&mut text, rows, |row| format!("{} + {}", grouped(row.scratch as u64), row.stack));
    text
}

/// The bytes of code, a line for each type of weights.
pub fn code(sizes: &[(&str, Vec<usize>)]) -> String {
    let heads = image::CORES.map(|core| core.name);
    let mut text = String::from("Code, bytes of flash:\n\n");
    let _ = writeln!(text, "| weights | {} |\n|---|{}", heads.join(" | "), "---|".repeat(heads.len()));
    for (weights, sizes) in sizes {
        let cells: Vec<_> = sizes.iter().map(|&size| grouped(size as u64)).collect();
        let _ = writeln!(text, "| {weights} | {} |", cells.join(" | "));
    }
    text
}

/// A line for each network, weights and inputs, a column for each core that has something in it.
fn pivot(text: &mut String, rows: &[Row], cell: impl Fn(&Row) -> String) {
    let column = |core: &&str| rows.iter().any(|row| row.key[3] == *core && !cell(row).is_empty());
    let cores: Vec<_> = CORES.into_iter().filter(column).collect();
    let heads: Vec<_> = cores.iter().map(|core| core.to_uppercase()).collect();
    let _ = writeln!(text, "| network, weights, inputs | {} |\n|---|{}", heads.join(" | "), "---|".repeat(cores.len()));
    for lines in rows.chunk_by(|a, b| a.key[..3] == b.key[..3]) {
        let of = |core: &&str| lines.iter().find(|row| row.key[3] == *core).map_or_else(String::new, &cell);
        let cells: Vec<_> = cores.iter().map(of).collect();
        let _ = writeln!(text, "| {} | {} |", lines[0].key[..3].join(", "), cells.join(" | "));
    }
}

/// A number with commas between the thousands.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let separated = |(index, digit): (usize, char)| {
        let comma = index != 0 && (digits.len() - index).is_multiple_of(3);
        comma.then_some(',').into_iter().chain([digit])
    };
    digits.chars().enumerate().flat_map(separated).collect()
}
