# Each target says what it is for. Go alone is enough for build, test, lint, fmt,
# cross and fuzz; race needs a C compiler; conformance and bench compare with the
# real wrangler and workerd where $EMU_ORACLE names a folder that has them.

STATICCHECK = honnef.co/go/tools/cmd/staticcheck@v0.8.2
FUZZTIME   ?= 20s

.PHONY: build test race fuzz lint fmt cross bench conformance ci

# build makes the emu program in this folder.
build:
	go build -o emu ./cmd/emu

# test is the README's test command: no Node, no cgo, no network.
test:
	go test ./...

# race runs the packages where goroutines meet under the race detector.
race:
	go test -race ./emulator/... ./migrations ./cmd/... ./fixtures/...

# fuzz gives every fuzz target FUZZTIME.
fuzz:
	@for pkg in $$(go list ./...); do \
		for f in $$(go test -list '^Fuzz' $$pkg | grep '^Fuzz'); do \
			echo "$$pkg $$f"; go test -run '^$$' -fuzz "^$$f$$" -fuzztime $(FUZZTIME) $$pkg || exit 1; \
		done; \
	done

# lint is what CI refuses: format, vet (for every platform's files), staticcheck.
lint:
	@out=$$(gofmt -s -l .); if [ -n "$$out" ]; then echo "gofmt -s -w is needed:"; echo "$$out"; exit 1; fi
	go vet ./...
	GOOS=windows go vet ./...
	GOOS=darwin go vet ./...
	GOOS=js GOARCH=wasm go vet ./emulator/durable
	go run $(STATICCHECK) ./...

# fmt formats.
fmt:
	gofmt -s -w .

# cross builds emu for every platform, without cgo.
cross:
	@for os in linux darwin windows; do for arch in amd64 arm64; do \
		echo "$$os/$$arch"; CGO_ENABLED=0 GOOS=$$os GOARCH=$$arch go build -o /dev/null ./cmd/emu || exit 1; \
	done; done

# bench measures emu beside real workerd, in alternating rounds of fresh processes; with
# BENCHFLAGS="-base CHECKOUT" beside another checkout of emu, and says what has become worse.
bench:
	go run ./fixtures/bench/run $(BENCHFLAGS)

# conformance runs the recorded conversations over TCP in real time against emu and,
# with $EMU_ORACLE, against the real tools: a difference is printed as real: … emu: …
# What emu init writes is tested 200 times, and how long one run takes is printed.
# Then real clients, which its script installs from Debian and npm; it prints their table.
conformance:
	go test -count=1 -tags conformance -timeout 20m -skip '^TestInitOften$$' $$(go list ./... | grep -v fixtures/clients)
	go test -count=1 -tags conformance -v -run '^TestInitOften$$' ./cmd
	sh fixtures/clients/install.sh
	go test -count=1 -tags conformance -timeout 20m -v ./fixtures/clients

# ci is what .ci/run does.
ci:
	bash .ci/run
