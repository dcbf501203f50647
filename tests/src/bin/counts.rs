//! Prints what an evaluation costs on each emulated core: `counts [WORD…]` takes the rows that have all the words.

use thumbnet_tests::{counts, table};

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let rows = counts::measure(|key| words.iter().all(|word| key.split(',').any(|cell| cell == word)));
    print!("{}", table::markdown(&rows));
}
