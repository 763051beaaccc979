# `make help` explains every target. Longer recipes are scripts in hack/.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

VERSION  ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
LDFLAGS  := -s -w -X main.version=$(VERSION)
PKG      ?= ./...
SCHEDULES ?= 100000
SEED      ?= 1
GOLANGCI  = $$(hack/tool golangci-lint-kube-api-linter)

##@ Build

.PHONY: build
build: ## Build every command of cmd/ into bin/, static, with its version
	CGO_ENABLED=0 go build -trimpath -ldflags "$(LDFLAGS)" -o bin/ ./cmd/...

.PHONY: docker
docker: build ## Build the images (REGISTRY=, BASE=, VERSION=) with docker or buildah
	hack/images $(VERSION)

.PHONY: chdb
chdb: ## Fetch libchdb, the embedded ClickHouse of standalone and of the tests
	hack/fetch-chdb

.PHONY: clean
clean: ## Remove what build made (tools and libchdb stay in the user's cache)
	rm -rf bin dist

##@ Develop

.PHONY: generate
generate: ## Regenerate protobuf code, deep copies and CRDs
	hack/generate

.PHONY: fmt
fmt: ## Format Go files: gofumpt, imports in three groups
	$(GOLANGCI) fmt --config .golangci.yml

.PHONY: lint
lint: ## Run golangci-lint, kube-api-linter, buf lint and the checks of hack/
	hack/lint

.PHONY: verify
verify: ## Fail when a generated file, a go.mod or the formatting is stale
	hack/verify

.PHONY: test
test: ## Install what tests run against, then test with the race detector (PKG=./runtime/event/...)
	hack/test-deps
	CGO_ENABLED=1 go test -race -p 2 -timeout 20m $(PKG)
	$(if $(filter ./...,$(PKG)),go test -timeout 20m -run 'InTheSameState$$' ./controllers)
	$(if $(filter ./...,$(PKG)),$(MAKE) simulate)

.PHONY: simulate
simulate: ## Play SCHEDULES=100000 seeded schedules of the counting protocol (SEED=1)
	go test ./test/simulate -count=1 -v -timeout 30m -run TestEverySchedule -schedules $(SCHEDULES) -seed $(SEED)

.PHONY: faults
faults: ## Strike real processes on real stores, a quarter of an hour (FAULT=name SEED=n; LONG=1: until stopped)
	hack/test-deps
	go run ./test/faults $(if $(FAULT),-fault $(FAULT)) $(if $(SEED),-seed $(SEED)) $(if $(LONG),-long) $(if $(RATE),-rate $(RATE))

.PHONY: faults-mutants
faults-mutants: ## Break ClickTally on purpose, one way at a time, and show that a test notices (ONLY=name)
	hack/test-deps
	go run ./test/faults/mutants $(if $(ONLY),-only "$(ONLY)")

.PHONY: e2e
e2e: ## Live with ClickTally on a real node: install, click, edit, break, upgrade, uninstall (RUN=regexp, KUBECONFIG=a cluster of yours)
	hack/e2e

.PHONY: bench-aggregate
bench-aggregate: ## CPU per event of both halves beside a poll loop: 10 M events, 5 rounds (EVENTS=, LOAD_EVENTS=, ROUNDS=)
	hack/test-deps
	go test -run '^$$' -bench 'LiveHalf|Pane' ./runtime/aggregate
	CLICKTALLY_BENCH=aggregate go test -count=1 -timeout 12h -v -run '^TestAggregate$$' ./test/bench

.PHONY: bench-peers
bench-peers: ## A one-minute count per ad in Kafka Streams and Flink beside our live half: 2 M events, 5 rounds (EVENTS=, ROUNDS=)
	hack/test-deps
	PEERS=$$(hack/fetch-peers || true) CLICKTALLY_BENCH=peers go test -count=1 -timeout 12h -v -run '^TestPeers$$' ./test/bench

.PHONY: bench-control
bench-control: ## Edits to served, memory and writes of the control plane on a real API server: 10,000 campaigns (CAMPAIGNS=, EDITS=, CHURN=edits a second)
	hack/test-deps
	CLICKTALLY_BENCH=control go test -count=1 -timeout 3h -v -run '^TestControl$$' ./test/bench/control

##@ Try

.PHONY: demo
demo: build chdb ## Count 20,000 events of made-up visitors, then keep serving (ONCE=1: stop after the table)
	./bin/clicktally demo -f config/samples $(if $(ONCE),--once)

.PHONY: help
help: ## Explain every target
	@awk 'BEGIN { FS = ":.*## " } \
	  /^##@ / { printf "\n%s\n", substr($$0, 5) } \
	  /^[a-zA-Z0-9_-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile
