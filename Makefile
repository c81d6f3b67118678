# Two commands matter: `make demo` and `make test`. Both install what they need on Debian 12.

PACKAGES = libcfitsio-dev libchealpix-dev liberfa-dev libcurl4-openssl-dev libsqlite3-dev zlib1g-dev \
  librdkafka-dev pkg-config librsvg2-bin fonts-dejavu-core
SUDO = $(shell [ "$$(id -u)" = 0 ] || echo sudo)
DEMO = out/demo

.PHONY: all demo test chaos bench install build format lint clean

all: build

install:
	@missing=$$(for p in $(PACKAGES); do dpkg -s $$p >/dev/null 2>&1 || echo $$p; done); \
	if [ -n "$$missing" ]; then \
	  echo "installing:" $$missing; \
	  $(SUDO) apt-get update -qq && $(SUDO) apt-get install -y -qq $$missing >/dev/null; \
	fi

build: install
	swift build -c release --product vesper

demo: build
	@rm -rf $(DEMO)
	.build/release/vesper plan Fixtures/skymaps/MS261009b-two-detectors.multiorder.fits --start 2026-10-09T20:12:00Z --out $(DEMO)
	.build/release/vesper check $(DEMO)/plan.json
	@for f in skymap night; do rsvg-convert -w 1400 $(DEMO)/$$f.svg -o $(DEMO)/$$f.png; done
	@echo; echo "Pictures: $(DEMO)/skymap.png and $(DEMO)/night.png; plans: $(DEMO)/<telescope>/plan.txt"

# Optimised, because plans of the whole network take minutes otherwise. The tests that talk to servers of
# their own have deadlines, so they run by themselves, one suite after the other.
TEST = swift test -c release -Xswiftc -enable-testing
WITH_SERVERS = WebClientTests FeedsTests ChannelsTests IcareTests DashboardTests StoreTests

test: install
	$(TEST) $(addprefix --skip ,$(WITH_SERVERS))
	@set -e; for suite in $(WITH_SERVERS); do \
	  echo "$(TEST) --skip-build --filter $$suite"; $(TEST) --skip-build --filter $$suite; done

# Kills the real service at random times over a stream of notices and checks what the other sides got.
chaos: build
	swift build -c release --product vesper-chaos
	.build/release/vesper-chaos --vesper .build/release/vesper

bench: build
	swift build -c release --product vesper-bench
	.build/release/vesper-bench

format:
	swift format --in-place --recursive Sources Tests Package.swift

lint:
	swift format lint --strict --recursive Sources Tests Package.swift

clean:
	rm -rf .build out
