#!/usr/bin/env bash
# Runs everything that CI runs: checks, the tests of Go and of the browser code,
# and the page in a real browser against the real program. It installs what it
# needs where it may, says exactly what is missing where it may not, and leaves
# nothing out in silence.
. "$(dirname "$0")/lib.sh"

command -v go >/dev/null || fail "Go is missing: install it from https://go.dev/dl"
need git git
need cc gcc libc6-dev # the race detector needs a C compiler; the program does not
need_node
command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || need chromium chromium

left_out=
vectors=${LIAISON_VECTORS:-../shared/vectors}
if [ ! -d "$vectors" ]; then
	[ -z "${CI:-}" ] || fail "The public test vectors are missing: set LIAISON_VECTORS to the folder that holds them (looked at $vectors)."
	left_out="Left out: the suites over public test vectors (EIP-4361, ARC-60, Wycheproof), since $vectors is missing. Set LIAISON_VECTORS to run them."
fi

scripts/check.sh

step "go test"
go test -race -shuffle=on -timeout 15m ./...
for dir in $(nested); do
	[ "$dir" = tools ] && continue # holds the versions of tools and no code
	step "go test in $dir"
	(cd "$dir" && go test -shuffle=on ./...)
done

step "static binary"
make build

step "unit tests of the browser code"
(cd js && npm test --silent)

step "browser against program"
(cd js && npm run --silent e2e)

step "all tests passed"
[ -z "$left_out" ] || echo "$left_out"
