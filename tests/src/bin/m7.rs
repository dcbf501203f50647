//! Prints what a round of a loop takes on a Cortex-M7 by our model: `m7 FILE`, with the loop's instructions in assembly, one a line,
//! as llvm-mca takes them.

use thumbnet_tests::dual_issue;
use thumbnet_tests::instruction::Instruction;

fn main() {
    let path = std::env::args().nth(1).expect("a file of instructions");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('.'));
    let block: Vec<_> = lines
        .zip(0..)
        .map(|(line, index)| {
            let listed = format!("0x{:08x}:  bf00       {}", 2 * index, line.replace('\t', " "));
            Instruction::parse(&listed).unwrap_or_else(|| panic!("{path}: {line:?} is no instruction"))
        })
        .collect();
    println!("{} instructions, {} cycles", block.len(), dual_issue::cycles(&block, 0));
}
