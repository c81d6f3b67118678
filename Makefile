# Two commands matter: `make demo` and `make test`. Both install what they need on Debian 12.

PACKAGES = libcfitsio-dev libchealpix-dev liberfa-dev libcurl4-openssl-dev libssl-dev libsqlite3-dev zlib1g-dev \
  librdkafka-dev pkg-config librsvg2-bin fonts-dejavu-core
SUDO = $(shell [ "$$(id -u)" = 0 ] || echo sudo)
DEMO = out/demo

BROWSER_PACKAGES = chromium python3-websocket

.PHONY: all demo live test test-icare test-browser chaos bench bench-service install build format lint clean

all: build

install:
	@missing=$$(for p in $(PACKAGES); do dpkg -s $$p >/dev/null 2>&1 || echo $$p; done); \
	if [ -n "$$missing" ]; then \
	  echo "installing:" $$missing; \
	  $(SUDO) apt-get update -qq && $(SUDO) apt-get install -y -qq $$missing >/dev/null; \
	fi

# One set of flags for everything, so that nothing is built twice. Optimised, because plans of the whole network take
# minutes otherwise.
FLAGS = -c release -Xswiftc -enable-testing

build: install
	swift build $(FLAGS) --product vesper

demo: build
	@rm -rf $(DEMO)
	.build/release/vesper plan Fixtures/skymaps/MS261009b-two-detectors.multiorder.fits --start 2026-10-09T20:12:00Z --out $(DEMO)
	.build/release/vesper check $(DEMO)/plan.json
	@for f in skymap night; do rsvg-convert -w 1400 $(DEMO)/$$f.svg -o $(DEMO)/$$f.png; done
	@echo; echo "Pictures: $(DEMO)/skymap.png and $(DEMO)/night.png; plans: $(DEMO)/<telescope>/plan.txt"

# The unattended service, fed over the Kafka protocol by a broker of its own: an invented merger with its
# retraction, and where the recorded notices lie beside this folder, S230518h and MS181101ab. Notices are of the past: the
# service's clock starts at their time.
LIVE = out/live
RECORDED = ../shared/data/notices/lvk
live: build
	swift build $(FLAGS) --product mock-broker
	@rm -rf $(LIVE)
	.build/release/vesper drill --at 2026-10-09T19:30:00Z --write $(LIVE)/notices
	@Tests/Live/live.sh .build/release/vesper .build/release/mock-broker $(LIVE)/mock 2026-10-09T20:15:00Z \
	  $$(.build/release/vesper drill --at 2026-10-09T19:30:00Z --name) $(LIVE)/notices/*.json
	@if [ -d $(RECORDED) ]; then set -e; \
	  Tests/Live/live.sh .build/release/vesper .build/release/mock-broker $(LIVE)/S230518h \
	    2023-05-18T13:20:00Z S230518h $(RECORDED)/gwtm_S230518h-Preliminary_alert.json \
	    $(RECORDED)/gwtm_S230518h-Initial_alert.json $(RECORDED)/gwtm_S230518h-Update_alert.json; \
	  Tests/Live/live.sh .build/release/vesper .build/release/mock-broker $(LIVE)/MS181101ab \
	    2018-11-01T22:36:30Z MS181101ab2 $(RECORDED)/gtecs_MS181101ab2_*.json; fi

# The tests that talk to servers of their own have deadlines, so they run by themselves, one suite after the other.
# Built by `swift build`: `swift test` alone would build everything once more, in its own way.
TEST = swift test $(FLAGS) --skip-build
WITH_SERVERS = WebClientTests FeedsTests ChannelsTests IcareTests DashboardTests StoreTests DeliveriesTests \
  ServiceTests

test: install
	swift build $(FLAGS) --build-tests
	$(TEST) $(addprefix --skip ,$(WITH_SERVERS))
	@set -e; for suite in $(WITH_SERVERS); do echo "$(TEST) --filter $$suite"; $(TEST) --filter $$suite; done

# The end-to-end night against a real ICARE or SkyPortal, best a staging one: it leaves a mock event there.
#   make test-icare ICARE_URL=https://... ICARE_TOKEN=... [ICARE_GROUP=GRANDMA]
test-icare: install
	@if [ -z "$(ICARE_URL)" ] || [ -z "$(ICARE_TOKEN)" ]; then \
	  echo "test-icare: skipped; name a server with ICARE_URL=... and ICARE_TOKEN=..."; \
	else swift build $(FLAGS) --build-tests && $(TEST) --filter IcareServerTests; fi

# Every page in a headless Chromium over a real service: themes, widths, audits, weights, what people do.
# With axe-core at hand (pip install axe-playwright-python, or AXE_JS=.../axe.min.js) each look is put to it, too.
# Screenshots and weights.json go to out/browser; PICTURES=Tests/Browser/screenshots renews those of the README.
PICTURES =
test-browser: build
	@$(MAKE) --no-print-directory install PACKAGES="$(BROWSER_PACKAGES)"
	/usr/bin/python3 Tests/Browser/browser_test.py .build/release/vesper out/browser $(PICTURES)

# Kills the real service at random times over a stream of notices and checks what the other sides got.
chaos: build
	swift build $(FLAGS) --product vesper-chaos
	.build/release/vesper-chaos --vesper .build/release/vesper

bench: build
	swift build $(FLAGS) --product vesper-bench
	.build/release/vesper-bench

# The service under load: receipt to durable, decision and plans; a backlog; 200 operators who poll.
bench-service: build
	/usr/bin/python3 Tests/Benchmarks/service/measure.py .build/release/vesper

format:
	swift format --in-place --recursive Sources Tests Package.swift

lint:
	swift format lint --strict --recursive Sources Tests Package.swift

clean:
	rm -rf .build out
