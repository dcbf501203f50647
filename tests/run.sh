#!/usr/bin/env bash
# Installs what the tests need and runs them all: the test command of the README, and what CI runs.
set -euo pipefail
cd "$(dirname "$0")/.."

step() {
  local name=$1; shift
  echo; echo "== $name: $*"
  local begin=$SECONDS
  "$@" || { echo "error: tests/run.sh: $name failed: $*" >&2; exit 1; }
  echo "== $name: $((SECONDS - begin)) s"
}

step "tools" tests/tools.sh
step "format" cargo fmt --all --check
step "format of the firmware" cargo fmt --manifest-path firmware/Cargo.toml --all --check
step "build" cargo build --release --workspace
step "lints" cargo clippy --release --workspace --all-targets -- -D warnings
step "tests" cargo test --release --workspace
step "runtime with overflow checks" cargo test -p thumbnet --features heapless,adapt
step "runtime with defmt" cargo clippy -p thumbnet --all-targets --features defmt,heapless,adapt -- -D warnings
step "runtime, portable backend" env RUSTFLAGS="--cfg thumbnet_portable" cargo test -p thumbnet --target-dir target/portable
step "fuzzer" tests/fuzz.sh model 20
step "lints without debug probes" cargo clippy --release -p thumbnet-trainer --no-default-features -- -D warnings
# One build of the trainer serves both: the plain kernels, and a program without probe-rs.
step "without debug probes, portable backend" env THUMBNET_BACKEND=portable \
  cargo test --release -p thumbnet-trainer --no-default-features --lib -- target::chip tnet
step "documentation" env RUSTDOCFLAGS="-D warnings" cargo doc --release --no-deps --workspace
step "book" target/venv/bin/mdbook build docs/en --dest-dir "$PWD/target/book/en"
step "book in Chinese" target/venv/bin/mdbook build docs/zh --dest-dir "$PWD/target/book/zh"
step "exports in onnxruntime" target/venv/bin/python tests/python/onnx_exports.py
step "official node tests" target/venv/bin/python -W ignore tests/python/onnx_node_tests.py
step "official node tests, run" cargo test --release --workspace --test onnx_node -- --ignored
step "parity with onnxruntime" target/venv/bin/python tests/python/parity.py
step "playground in a browser" target/venv/bin/python tests/python/playground.py

echo; echo "all tests passed in $SECONDS s"
