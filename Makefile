# MCP Hub. `make` alone prints this list; `make run` and `make test` set up whatever they need.
# Packages are found with `go list ./...`: adding one never needs a change here.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

# What a caller may set: make run PORT=4000 CONFIG=./servers.json
PORT     ?= 37373
CONFIG   ?=
FEED     ?=
FUZZTIME ?= 2s
BENCH    ?= .
RUN      ?= .
GO       ?= go

BIN     := build/bin/mcp-hub
DESKTOP := build/bin/mcp-hub-desktop
TAGS    := desktop,production,webkit2_41
VERSION := $(shell build/version.sh)
# The version names the commit; what Go itself would tell of it differs between a clone and a worktree.
FLAGS   := -buildvcs=false -ldflags '-s -w -X main.version=$(VERSION)$(if $(FEED), -X main.feed=$(FEED))$(if $(GUI), -H windowsgui)'
PEERS   := test/node_modules/.package-lock.json
MODULES := frontend/node_modules/.package-lock.json
SITE    := frontend/dist/site/index.html
LINT    := $(GO) tool -modfile=tools/go.mod golangci-lint
TESTBIN := $(abspath $(BIN))
LOGS    := $(abspath build/cache/artifacts)

# One set of flags for all: each other one would compile every package anew.
export GOFLAGS := $(strip $(GOFLAGS) -trimpath)
export CGO_ENABLED := 0

.PHONY: help
help: ## Print this list
	@echo "MCP Hub $(VERSION)"
	@echo
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-20s %s\n", $$1, $$2 }' Makefile
	@echo
	@echo "Settings: PORT=$(PORT) CONFIG=$(or $(CONFIG),(default)) FUZZTIME=$(FUZZTIME) RUN=$(RUN) BENCH=$(BENCH)"

# Where there is a display the hub gets its tray and window.
.PHONY: run
run: $(if $(DISPLAY)$(WAYLAND_DISPLAY),desktop,build) ## Build the hub and start it on PORT with CONFIG; print where it answers
	@build/run.sh $(if $(DISPLAY)$(WAYLAND_DISPLAY),$(DESKTOP),$(BIN)) '$(PORT)' '$(CONFIG)'

# Without npm the hub is built without its dashboard, and says so where that would be. With GOOS=windows GUI=yes it is the hub
# with tray and window, which needs no C compiler there.
.PHONY: build
build: $(if $(shell command -v npm),$(SITE)) ## Build the static headless hub: build/bin/mcp-hub
	$(GO) build $(FLAGS) $(if $(GUI),-tags 'desktop production') -o $(BIN) .

# The window's toolkit has a build tool of its own, "wails build", which does the same.
.PHONY: desktop
desktop: $(if $(shell command -v npm),$(SITE)) ## Build the hub with tray and window: build/bin/mcp-hub-desktop
	@build/setup.sh desktop
	CGO_ENABLED=1 $(GO) build $(FLAGS) -tags $(TAGS) -o $(DESKTOP) .

.PHONY: test
test: setup ## Run everything CI runs
	@$(MAKE) --no-print-directory -Otarget frontend
	@$(MAKE) --no-print-directory -k -j2 -Otarget vet lint floors unit
	@$(MAKE) --no-print-directory fuzz
	@$(MAKE) --no-print-directory -k -j2 -Otarget e2e conformance
	@$(MAKE) --no-print-directory browser test-desktop test-package test-container

.PHONY: setup
setup: tools $(PEERS) $(MODULES) ## Install what the tests need (a C compiler for the race detector, a keyring, npm packages)

.PHONY: tools
tools:
	@build/setup.sh

# What is only looked at and never run is compiled without being made fast.
QUICK := -gcflags='all=-N -l'

.PHONY: vet
vet: ## go vet, also as Windows and macOS would compile it
	$(GO) vet ./...
	$(GO) vet -tags man .
	GOOS=windows $(GO) vet $(QUICK) ./...
	GOOS=windows $(GO) vet $(QUICK) -tags desktop,production . ./app/...
	GOOS=darwin $(GO) vet $(QUICK) ./...
	if pkg-config --exists webkit2gtk-4.1 ayatana-appindicator3-0.1 2>/dev/null; then CGO_ENABLED=1 $(GO) vet -tags $(TAGS) . ./app/...; fi
	cd test && $(GO) vet ./...

.PHONY: lint
lint: ## golangci-lint, at the version that tools/go.mod pins
	$(LINT) run ./...
	cd test && $(GO) tool -modfile=../tools/go.mod golangci-lint run --config ../.golangci.yml ./...

.PHONY: fmt
fmt: ## Format all Go files (gofumpt)
	$(LINT) fmt
	cd test && $(GO) tool -modfile=../tools/go.mod golangci-lint fmt --config ../.golangci.yml

.PHONY: unit
unit: ## go test -race of all packages, the floors among them (RUN=regexp narrows)
	CGO_ENABLED=1 $(GO) test -race -timeout 8m -run '$(RUN)' ./...

.PHONY: floors
floors: ## Check only which package may import which
	$(GO) test -count=1 -run '^TestFloors' ./hub

.PHONY: fuzz
fuzz: ## Each fuzz target: its seeds, then FUZZTIME of new input
	@build/fuzz.sh '$(FUZZTIME)'

.PHONY: e2e
e2e: build $(PEERS) ## The built hub between real npm clients and real npm servers
	cd test && packages=$$($(GO) list ./... | grep -v /conformance$$) && \
	MCP_HUB_BIN='$(TESTBIN)' $(GO) test -count=1 -timeout 8m -run '$(RUN)' $$packages

.PHONY: frontend
frontend: $(MODULES) ## The dashboard: format, types and whether they are those of the routes, unit tests, build, size
	cd frontend && npm run --silent check && npm run --silent api -- --check && npm run --silent unit
	@$(MAKE) --no-print-directory $(SITE)
	cd frontend && npm run --silent size

.PHONY: browser
browser: build $(PEERS) ## The built hub's dashboard in Chromium and WebKitGTK, with real servers
	@build/setup.sh browser
	cd frontend && MCP_HUB_BIN='$(TESTBIN)' npm run --silent browser

# The window is driven through its inspector, which only this build has.
.PHONY: test-desktop
test-desktop: $(if $(shell command -v npm),$(SITE)) ## The hub's tray and window, on a display and a session bus of their own
	@build/setup.sh test-desktop
	@mkdir -p $(LOGS)
	CGO_ENABLED=1 $(GO) build $(FLAGS) -tags $(TAGS),devtools -o $(DESKTOP)-test .
	MCP_HUB_DESKTOP='$(abspath $(DESKTOP))-test' PICTURES='$(LOGS)' $(GO) test -count=1 -timeout 5m -run '$(RUN)' ./app

.PHONY: pictures
pictures: build $(PEERS) ## Make the pictures of the dashboard in docs/screenshots anew
	@build/setup.sh browser
	cd frontend && MCP_HUB_BIN='$(TESTBIN)' PICTURES='$(abspath docs/screenshots)' npm run --silent browser

CALLS := $(abspath build/cache/measure/hub.db)

$(CALLS):
	@mkdir -p $(@D) && rm -f $(@D)/*
	$(GO) run ./hub/hubtest/past -db $(@D)/new.db -calls 1000000 -span 696h
	@mv $(@D)/new.db $@

.PHONY: measure
measure: build $(PEERS) $(CALLS) ## How long each screen takes with 200 servers, 5,000 tools, 50,000 log lines and 1,000,000 calls
	@build/setup.sh browser
	cd frontend && MCP_HUB_BIN='$(TESTBIN)' MEASURE='$(CALLS)' npm run --silent browser

.PHONY: conformance
conformance: build $(PEERS) ## The official MCP conformance suites against the built hub
	@rm -rf $(LOGS) && mkdir -p $(LOGS)
	cd test && MCP_HUB_BIN='$(TESTBIN)' $(GO) test -count=1 -timeout 10m -run '$(RUN)' -artifacts -outputdir '$(LOGS)' -v ./conformance | \
	grep -vE '^ *(=== |--- PASS: .*\(0\.00s\)$$)'

.PHONY: bench
bench: ## Go benchmarks (BENCH=regexp narrows)
	$(GO) test -run '^$$' -bench '$(BENCH)' -benchmem ./...

.PHONY: package
package: tools $(SITE) ## Make all packages in build/dist: .deb, .rpm, archives for three systems, npm, SBOM, checksums
	@build/setup.sh desktop
	@build/setup.sh package
	VERSION='$(VERSION)' TAGS='$(TAGS)' build/package.sh $(PACKAGES)

.PHONY: test-package
test-package: ## The packages for Linux on amd64: what is in them, installed, started and removed; skipped elsewhere
	@if [[ $$(uname -sm) != 'Linux x86_64' ]] || ! command -v dpkg-deb >/dev/null; then echo 'test-package: skipped, it needs Debian on amd64'; exit; fi; \
	build/setup.sh test-package && \
	$(MAKE) --no-print-directory package PACKAGES='deb linux/amd64-desktop linux/amd64' && \
	VERSION='$(VERSION)' build/test-package.sh

.PHONY: package-reproducible
package-reproducible: ## Make packages of the last commit in two folders and compare them (PACKAGES="deb windows/amd64" narrows)
	@build/reproducible.sh $(PACKAGES)

.PHONY: test-wine
test-wine: ## The headless hub for Windows under Wine; with WINE=1, since Wine takes 1 GB on the disk
	@test '$(WINE)' = 1 || { echo 'Run it as: make test-wine WINE=1' >&2; exit 1; }
	@build/setup.sh test-wine
	@GOOS=windows GOARCH=amd64 $(MAKE) --no-print-directory build BIN=build/cache/wine/mcp-hub.exe
	@VERSION='$(VERSION)' build/test-wine.sh build/cache/wine/mcp-hub.exe

.PHONY: container
container: build ## Build the image of the headless hub with podman, docker or buildah: mcp-hub:VERSION
	build/container.sh $(BIN) 'mcp-hub:$(subst +,-,$(VERSION))'

.PHONY: test-container
test-container: build ## What is in the image, and whether it runs as it says
	@build/setup.sh test-container
	build/test-container.sh $(BIN)

.PHONY: clean
clean: ## Remove what was built and installed inside this folder
	rm -rf build/bin build/cache build/dist test/node_modules frontend/node_modules frontend/dist/site

$(PEERS): test/package.json test/package-lock.json test/.npmrc | tools
	cd test && npm ci --no-audit --no-fund
	@touch $@

$(MODULES): frontend/package.json frontend/package-lock.json frontend/.npmrc
	cd frontend && npm ci --no-audit --no-fund
	@touch $@

$(SITE): $(MODULES) frontend/index.html frontend/vite.config.ts $(shell find frontend/src -type f)
	cd frontend && npm run --silent build -- --logLevel warn
