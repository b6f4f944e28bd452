#!/usr/bin/env bash
# Fuzzes every target of the module, each for FUZZTIME.
. "$(dirname "$0")/lib.sh"

# fuzz runs one target. The go command sometimes takes the end of the time for a
# failure ("context deadline exceeded", and no input that failed); it is not one.
fuzz() {
	local out
	out=$(mktemp)
	if go test -run '^$' -fuzz "^$2\$" -fuzztime "${FUZZTIME:-60s}" "$1" </dev/null 2>&1 | tee "$out" ||
		{ grep -q 'context deadline exceeded' "$out" && ! grep -q 'Failing input' "$out"; }; then
		rm -f "$out"
		return
	fi
	rm -f "$out"
	fail "$2 found an input that fails; it is in testdata/fuzz of $1."
}

go list -f '{{if or .TestGoFiles .XTestGoFiles}}{{.ImportPath}}{{end}}' ./... | while read -r package; do
	go test -list '^Fuzz' "$package" | { grep '^Fuzz' || true; } | while read -r target; do
		step "$package $target"
		fuzz "$package" "$target"
	done
done
