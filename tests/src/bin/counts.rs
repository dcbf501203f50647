//! Prints what an evaluation costs on each emulated core: `counts [WORD…]` takes the rows that have all the words. Without
//! a word, or with `code`, the bytes of code too; without a word, or with `reading`, what it costs to read a model.

use thumbnet_tests::{counts, reading, table};

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let rows = counts::measure(counts::SAMPLES, |key| words.iter().all(|word| key.split(',').any(|cell| cell == word)));
    if !rows.is_empty() {
        print!("{}", table::markdown(&rows));
    }
    if words.is_empty() {
        println!();
    }
    if words.iter().all(|word| word == "code") {
        print!("{}", table::code(&counts::code()));
    }
    if words.is_empty() {
        println!();
    }
    if words.iter().all(|word| word == "reading") {
        print!("{}", reading::markdown());
    }
}
