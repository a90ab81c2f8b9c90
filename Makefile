# make test is the whole check: what CI runs, and nothing else runs there.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := build
CACHE := $(CURDIR)/.cache
LINT_VERSION := v2.15.0
LINT := $(CACHE)/bin/golangci-lint-$(LINT_VERSION)
VULN_VERSION := v1.1.4
FUZZTIME := 30s

.PHONY: build test deps lint unit e2e demo vuln bench bench-replicas fuzz lighthouse clients dates faults soak simulate mutate words compare screenshots release docs clean

build: ## the program, into ./autoconfig
	go build -trimpath -o autoconfig ./cmd/autoconfig

test: deps lint unit e2e vuln ## everything; installs what it needs
	@echo "make test: all of it passed"

deps: ## the Debian packages that e2e/component/components.txt lists
	@.ci/deps

# One way to compile for all but the race detector, the release's: with an empty
# cache, as on a new machine, another way costs a minute.
lint e2e vuln: export CGO_ENABLED := 0
lint vuln: export GOFLAGS := -trimpath

lint: $(LINT) ## gofmt, go vet, golangci-lint
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { gofmt -d $$(git ls-files '*.go'); exit 1; }
	go vet -tags e2e ./...
	cd tools && go vet ./...
	cd tools/kubernetes && go vet ./...
	$(LINT) run ./...
	cd tools && $(LINT) run ./...

$(LINT):
	@mkdir -p $(CACHE)/bin
	GOBIN=$(CACHE)/bin/new go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(LINT_VERSION)
	@mv $(CACHE)/bin/new/golangci-lint $@

unit: ## hermetic tests, with the race detector where gcc is
	@command -v gcc >/dev/null || echo "no gcc: the race detector is off"
	go test $$(! command -v gcc >/dev/null || echo -race) -cover ./...
	cd tools && go test ./...
	cd tools/kubernetes && go test -count=1 ./...  # it reads what is outside its module

e2e: ## real components on loopback ports; with the README's demo lines
	@.ci/versions
	go test -tags e2e -trimpath -count=1 -p 1 -timeout 10m $$(git grep -l '^//go:build e2e' -- '*_test.go' | xargs -n1 dirname | sort -u | sed 's,^,./,')

vuln: ## known vulnerabilities, or a line that nothing could be checked
	@.ci/vuln $(CACHE)/bin $(VULN_VERSION)

bench: ## this server beside a bare echo handler, and the other tables of docs/performance.md; about ten minutes
	@mkdir -p $(CACHE)
	go build -trimpath -o $(CACHE)/autoconfig ./cmd/autoconfig
	cd tools && go build -trimpath -o $(CACHE)/bench ./bench
	$(CACHE)/bench -binary $(CACHE)/autoconfig
	go test -run '^$$' -bench 'Sources/(?:file|sqlite)$$' -benchtime 1x ./cmd/autoconfig
	go test -tags e2e -run '^$$' -bench Handshakes -benchtime 1x ./e2e
	go test -run '^$$' -bench 'Serve|Worst|Pages' -benchmem -cpu 1 ./server
	go test -run '^$$' -bench Connection -benchtime 300x -cpu 1 ./server
	go test -run '^$$' -bench Check -benchtime 10000x ./dnssrv/check
	go test -tags e2e -run '^$$' -bench PowerDNS -benchtime 1000x ./dnssrv/publish
	go test -run '^$$' -bench 'Encode|Sign' -cpu 1 ./apple

bench-replicas: ## what a request costs at two replicas beside one, and how often their threads wake up; three minutes
	@mkdir -p $(CACHE)
	go build -trimpath -o $(CACHE)/autoconfig ./cmd/autoconfig
	cd tools && go build -trimpath -o $(CACHE)/bench ./bench
	$(CACHE)/bench -replicas -rounds 15 -binary $(CACHE)/autoconfig

fuzz: ## every fuzz target for FUZZTIME
	@.ci/fuzz $(FUZZTIME)

screenshots: ## the pictures of the pages, into docs/img
	@.ci/deps fonts-roboto-unhinted
	go test -tags e2e -count=1 -run TestScreenshots ./server -screenshots ../docs/img
	go test -tags e2e -count=1 -run TestThunderbirdAccountHub ./e2e -screenshot $(CURDIR)/docs/img/thunderbird.png

lighthouse: ## what Lighthouse makes of the public pages: SEO and accessibility 100, performance at least 95
	go test -tags e2e -count=1 -v -run TestBrowserLighthouse ./server -lighthouse

clients: ## what Thunderbird's own modules find and send, which a new release may rename
	go test -tags e2e -count=1 -v -timeout 10m -run TestThunderbird ./e2e -internals

DAYS ?= 400
dates: ## the hermetic tests as if it were DAYS later
	@.ci/dates $(DAYS)

faults: ## kills, full disks, vanishing files, slow-loris: the table of docs/reliability.md
	go test -tags e2e -count=1 -v -timeout 10m -run 'TestKilled|TestFullDisk|TestVanishing|TestResolverDown|TestSlowLoris' ./e2e -full

SOAK ?= 90s
soak: ## load with reloads and faults, under the race detector and without it
	go test -tags e2e -count=1 -v -timeout 0 -run TestSoak ./e2e -soak $(SOAK)

DOMAINS ?= 10000
RETRY ?= 4h
simulate: ## DOMAINS with a client each that tries every RETRY, brought in at once under an authority's published limits, on a simulated clock: docs/scale.md
	nice -n 19 go test -tags e2e -count=1 -v -timeout 0 -run TestSimulate ./acme -simulate $(DOMAINS) -retry $(RETRY)

PKG ?= ./config ./source ./service ./server ./cmd/autoconfig
MUTANTS ?= 150
SEED ?= 1
TESTS ?=
mutate: ## a seeded sample of mutants of each PKG against the tests of PKG, or of TESTS=./a,./b, niced: docs/mutation.md
	@mkdir -p $(CACHE)/bin
	cd tools && go build -trimpath -o $(CACHE)/bin/mutate ./mutate
	@CGO_ENABLED=0 GOFLAGS=-trimpath nice -n 19 $(CACHE)/bin/mutate -n $(MUTANTS) -seed $(SEED) -tests "$(TESTS)" $(PKG)

words: ## how many messages of mail programs, from Debian's packages, are understood: docs/words.md
	cd tools && go run -trimpath ./words -cache $(abspath $(CACHE))/words $(WORDS)

DOMAIN ?= example.org
compare: ## URL=… the same requests and load against another server and this one
	@mkdir -p $(CACHE)
	go build -trimpath -o $(CACHE)/autoconfig ./cmd/autoconfig
	cd tools && go build -trimpath -o $(CACHE)/compare ./compare
	$(CACHE)/compare -binary $(CACHE)/autoconfig -url $(URL) -domain $(DOMAIN)

release: ## dist/: tar.gz, deb and rpm for amd64 and arm64, the same bytes every time
	@deploy/package/release

docs: ## write the generated pages again
	go test ./finding ./cmd/autoconfig -run 'TestDocs|TestFindings' -update

clean:
	rm -rf $(CACHE) autoconfig dist
