#!/bin/sh
# The steps of deploy/Dockerfile, in the folder of the project: `build.sh STEP`.
set -eu

# What plans the layer of dependencies.
CHEF=0.1.78

# What the C code is compiled with beside what it says itself: a stack or a copy that overflows ends the
# program. That it can be loaded anywhere and its tables are read-only, the Rust compiler sees to.
export CFLAGS="-O2 -fPIC -fstack-protector-strong -fstack-clash-protection -D_FORTIFY_SOURCE=3"

# What compiling needs: make, for the Kafka client's C code, and OpenSSL's headers, beside the image's own
# C compiler.
tools() {
  if ! command -v make >/dev/null || ! command -v cc >/dev/null || ! command -v pkg-config >/dev/null ||
    ! pkg-config --exists openssl; then
    apt-get update -q
    apt-get install -q -y --no-install-recommends gcc libc6-dev make libssl-dev pkg-config
    rm -rf /var/lib/apt/lists/*
  fi
  command -v cargo-chef >/dev/null || cargo install cargo-chef --version "$CHEF" --locked
}

# Writes down what the project depends on.
plan() {
  cargo chef prepare --recipe-path recipe.json
}

# The features that are wanted: $FEATURES, but `secured` only if a manifest, or the plan made of it, has it.
features() {
  if [ "${FEATURES:-}" != secured ] || grep -q 'secured = \[' "$@"; then
    echo "${FEATURES:-}"
  fi
}

# Builds that, and nothing of the project itself.
dependencies() {
  cargo chef cook --release --locked --features "$(features recipe.json)" --recipe-path recipe.json
}

# Builds the program that $BINARY names, or the only one there is, and leaves it in out/connector.
program() {
  folder=${CARGO_TARGET_DIR:-target}/release
  if [ -z "${BINARY:-}" ]; then
    BINARY=$(cargo metadata --no-deps --locked --format-version 1 |
      grep -o '"kind":\["bin"\],"crate_types":\["bin"\],"name":"[^"]*"' | sed 's/.*:"//; s/"$//')
    if [ "$(echo "$BINARY" | wc -w)" != 1 ]; then
      echo "which program is wanted? say --build-arg BINARY=… with one of:" $BINARY >&2
      exit 1
    fi
  fi
  cargo build --release --locked --features "$(features recipe.json)" --bin "$BINARY"
  mkdir -p out
  cp "$folder/$BINARY" out/connector
}

case "${1:-}" in
  tools | plan | dependencies | program) "$1" ;;
  *)
    echo "usage: build.sh tools|plan|dependencies|program" >&2
    exit 2
    ;;
esac
