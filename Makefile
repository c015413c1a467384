# What one does with mon. `make run` and `make test` are all that a newcomer needs.

SWIFT ?= swift
RELEASE = .build/release/mon
RELEASE_FLAGS = -c release --product mon --static-swift-stdlib
# Optional data for tests: recordings, conformance scripts. Tests pass without it.
ifneq ($(wildcard ../shared/README.md),)
export MON_SHARED ?= $(abspath ../shared)
endif
# A crashing test must end, not wait for a backtracer.
export SWIFT_BACKTRACE ?= enable=no

.PHONY: run build test integration unit bench format lint coverage sanitize fuzz powercut soak clean

## Builds, then records this host into ./data and serves it, until Ctrl-C.
run: build
	$(RELEASE) run --data ./data --listen 127.0.0.1:9100

## The release binary: .build/release/mon
build:
	@scripts/install-packages.sh build
	@mkdir -p .build/static
	@for library in /usr/lib/gcc/*/*/libstdc++.a; do [ ! -e "$$library" ] || ln -sf "$$library" .build/static/; done
	$(SWIFT) build $(RELEASE_FLAGS)

## Installs what the tests need and runs them all.
test:
	@scripts/install-packages.sh test
	$(MAKE) integration
	$(MAKE) unit

## The release binary against real peers: promtool, Prometheus, a strict OpenMetrics parser, kill -9.
integration: build
	/usr/bin/python3 Tests/Integration/run.py $(RELEASE)

unit:
	$(SWIFT) test --enable-code-coverage

bench: build
	benchmarks/run.sh

format:
	$(SWIFT) format --in-place --recursive --parallel Sources Tests benchmarks Package.swift

lint:
	$(SWIFT) format lint --strict --recursive --parallel Sources Tests benchmarks Package.swift

## Share of lines of Sources that the last `make test` ran; fails below 87 %.
coverage:
	@scripts/coverage.sh 87

## By hand: all tests under the address and then the thread sanitizer, half an hour or more each, a room at a time so
## that one sees where it is. The rooms are optimized (MON_OPTIMIZE), else it takes hours. Leaks are not looked for: the
## test library has some. The exit tests kill their processes; SWIFT_BACKTRACE above keeps a backtracer out of it.
ROOMS = LMDB Model Formats Sampler Server Fuzz Mon Query TSDB
sanitize:
	$(MAKE) sanitize-address
	$(MAKE) sanitize-thread

sanitize-%: export MON_OPTIMIZE = 1
sanitize-%:
	$(SWIFT) build --build-tests --sanitize=$* --scratch-path .build-$*
	for room in $(ROOMS); do ASAN_OPTIONS=detect_leaks=0 $(SWIFT) test --skip-build --sanitize=$* \
		--scratch-path .build-$* --filter "^$${room}Tests" || exit 1; done

## By hand: libFuzzer on every decoder and parser, MON_FUZZ_SECONDS (60) each; then random and damaged bytes, random
## stores and queries, and 300 kills.
fuzz:
	scripts/fuzz.sh
	MON_CRASH_RUNS=75 $(SWIFT) test --filter 'Hostile|Property|Crash|Random|Differential|Story'

## By hand: 25 stories of a store, the power cut 2,000 times in each.
powercut:
	MON_POWERCUT_RUNS=25 $(SWIFT) test --filter PowerCutTests

## By hand: half an hour of recording at 1 s with queries beside it; fails where memory, files or descriptors grow.
MINUTES ?= 30
soak: build
	scripts/soak.py $(RELEASE) $(MINUTES)

clean:
	rm -rf .build .build-*
