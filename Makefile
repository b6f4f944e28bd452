# `make run` starts the server, `make test` runs everything that CI runs.
.PHONY: run dev test check generate bench fuzz mutants build help

FUZZTIME ?= 60s
BENCHTIME ?= 1s

help: ## show this list
	@grep -E '^[a-z]+:.*## ' Makefile | sed -E 's/:.*## /\t/' | expand -t 12

run: ## start a server on http://localhost:8080
	go run ./cmd/liaison serve

dev: ## the server with pages that are built and loaded anew as their sources change
	cd js && npm ci --no-audit --no-fund && npm run --silent dev

test: ## the one test command: installs what it needs where it may, then checks and tests everything
	@scripts/test.sh

check: ## format, vet, linters, go.mod, generated files, types of the browser code
	@scripts/check.sh

generate: ## write all generated files anew
	@scripts/generate.sh

bench: ## run the benchmarks, those of nested modules too
	go test -run '^$$' -bench . -benchtime $(BENCHTIME) ./...
	cd bench/websocket && go test -run '^$$' -bench . -benchtime $(BENCHTIME) ./...

fuzz: ## fuzz every target for FUZZTIME
	@FUZZTIME=$(FUZZTIME) scripts/fuzz.sh

mutants: ## take each security check out in turn and see its test fail
	@scripts/mutants.sh

build: ## a static binary in bin/
	CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o bin/liaison ./cmd/liaison
