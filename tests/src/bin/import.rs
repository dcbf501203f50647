//! Imports a model as the commands do, and prints one JSON object: the peak of the process's memory in bytes, the seconds of a
//! processor that it took (others on the machine do not count), and why the import stopped, if it did.

use std::path::Path;
use std::time::Instant;
use thumbnet_trainer::commands::Model;

fn main() {
    let path = std::env::args().nth(1).expect("the model's path");
    let begin = Instant::now();
    let network = Model::open(Path::new(&path)).and_then(Model::into_network);
    let seconds = processor_time().unwrap_or_else(|| begin.elapsed().as_secs_f64());
    let error = network.as_ref().err().map(ToString::to_string);
    println!("{}", serde_json::json!({ "peak": peak_memory(), "seconds": seconds, "error": error }));
}

/// The seconds that this process was on a processor, as the kernel counts them (Linux only).
fn processor_time() -> Option<f64> {
    let nanoseconds = std::fs::read_to_string("/proc/self/schedstat").ok()?;
    Some(nanoseconds.split(' ').next()?.parse::<f64>().ok()? / 1e9)
}

/// The most memory that was in use so far, in bytes, as the kernel counts it (Linux only).
fn peak_memory() -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().trim_end_matches(" kB").trim().parse::<usize>().ok()? * 1024)
}
