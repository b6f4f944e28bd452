#!/usr/bin/env bash
# Takes every check out of the code, one at a time, and expects a test to fail:
# scripts/mutants.sh [-only TEXT] [-j N] [-v]. It takes many minutes; with -n it
# only looks whether every check and every test is where the table says.
. "$(dirname "$0")/lib.sh"

vectors=${LIAISON_VECTORS:-../shared/vectors}
[ -d "$vectors" ] || fail "The public test vectors are missing, which guard some of the checks: set LIAISON_VECTORS to the folder that holds them (looked at $vectors)."
command -v go >/dev/null || fail "Go is missing: install it from https://go.dev/dl"
go run ./internal/mutants "$@"
