//! Prints what an evaluation costs on each emulated core: `counts [WORD…]` takes the rows that have all the words.

use thumbnet_tests::counts;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    for row in counts::measure(|key| words.iter().all(|word| key.split(',').any(|cell| cell == word))) {
        println!("{} {}", row.key.join(","), row.instructions);
    }
}
