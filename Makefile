# make demo    see it work: needs only Go
# make test    every test, on both databases, through real identity providers and a real browser; installs what it needs
# make check   the quick loop: no installs, SQLite only
# make fuzz    every fuzz target, ten minutes each; every octet of signed messages changed
# make mutants every check of the SAML core switched off, one at a time

.PHONY: build demo test check lint bench shots fuzz mutants

build:
	go build -trimpath -o bin/sallyport ./cmd/sallyport

demo:
	@go run ./cmd/sallyport demo

test:
	@e2e/test.sh

check: lint
	@echo "check: store tests run on SQLite only; make test adds PostgreSQL"
	env -u SALLYPORT_TEST_POSTGRES go test -short ./...

# FLAGS are how the packages are compiled that the linters look at: where tests follow, as for these, so that it is done once.
lint:
	@unformatted=$$(gofmt -l $$(git ls-files -co --exclude-standard '*.go')); \
	  test -z "$$unformatted" || { echo "not formatted by gofmt:"; echo "$$unformatted"; exit 1; }
	go vet $(FLAGS) ./...
	go vet -tags e2e ./e2e
	go -C benchmarks vet ./...
	go -C tools/mutants vet ./...
	linter=$$(go tool -n -modfile=tools/go.mod golangci-lint) && GOFLAGS="$$(go env GOFLAGS) $(FLAGS)" $$linter run
	cd benchmarks && go tool -modfile=../tools/go.mod golangci-lint run -c ../.golangci.yml
	cd tools/mutants && go tool -modfile=../go.mod golangci-lint run -c ../../.golangci.yml

bench:
	@benchmarks/install.sh || echo "make bench: goes on without what is missing"
	@cd benchmarks && go run .

# make fuzz DURATION=10m PATTERN=internal/saml/
fuzz:
	@tools/fuzz.sh $(or $(DURATION),10m) $(PATTERN)

mutants:
	@go run -C tools/mutants . -root "$(CURDIR)"

shots:
	@e2e/shots.sh
