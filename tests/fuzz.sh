#!/usr/bin/env bash
# Feeds a reader what a coverage-guided fuzzer finds: `tests/fuzz.sh model|onnx [SECONDS]`, that of `.tnet` files or that of ONNX, for
# ten minutes without a number. It needs no nightly compiler, as `cargo fuzz` does: the flags are those of libFuzzer's counters, and
# what an address sanitizer would find beside them only unsafe code could have, of which the readers have none.
# What is found anew goes to target/fuzz, a file that crashes to artifacts/ beside the fuzzer's sources.
set -euo pipefail
cd "$(dirname "$0")/.."
name=${1:-}
seconds=${2:-600}

case $name in
  model) crate=runtime seeds=runtime/fuzz/corpus/model ;;
  onnx) crate=trainer seeds=tests/fixtures/onnx ;;
  *) echo "usage: tests/fuzz.sh model|onnx [SECONDS]" >&2; exit 2 ;;
esac

# With a target of its own, cargo leaves build scripts without the flags.
host=$(rustc -vV | sed -n 's/^host: //p')
export RUSTFLAGS="--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
-Cllvm-args=-sanitizer-coverage-trace-compares -Cdebug-assertions -Ccodegen-units=1"
cargo build --release --locked --manifest-path "$crate/fuzz/Cargo.toml" --target "$host" --target-dir target/fuzz/build --bin "$name"

found="target/fuzz/$name" artifacts="$crate/fuzz/artifacts/$name"
mkdir -p "$found" "$artifacts"
"target/fuzz/build/$host/release/$name" "$found" "$seeds" -artifact_prefix="$artifacts/" -max_total_time="$seconds" \
  -timeout=10 -rss_limit_mb=2048 -verbosity=0 -print_final_stats=1
