# `make demo` and `make test` do all their own set-up; the other targets build on the same script.
.PHONY: demo demo-cluster build test lint bench bench-peers bench-pipeline quality corpus interop fuzz clean

CARGO ?= cargo

demo:
	scripts/setup.sh run
	$(CARGO) build --release --locked
	target/release/faxmill demo

# PostgreSQL, RabbitMQ and an S3 server of its own, two workers of each role, one of each killed.
demo-cluster:
	scripts/setup.sh test
	$(CARGO) build --release --locked --bin faxmill --example demo_cluster
	target/release/examples/demo_cluster target/release/faxmill

build:
	scripts/setup.sh run
	$(CARGO) build --release --locked

test:
	scripts/setup.sh test
	# More threads than cores: the calls of the tests wait far more than they work.
	RUST_TEST_THREADS=8 $(CARGO) test --locked

lint:
	scripts/setup.sh test
	$(CARGO) fmt --all --check
	$(CARGO) clippy --locked --all-targets -- -D warnings
	RUSTDOCFLAGS='-D warnings' $(CARGO) doc --locked --no-deps --document-private-items
	@if $(CARGO) deny --version >/dev/null 2>&1; then $(CARGO) deny check; \
	 else echo 'lint: cargo-deny is not installed, deny.toml was not checked'; fi

bench:
	scripts/setup.sh bench
	$(CARGO) bench --locked
	scripts/criterion-figures.py

bench-peers:
	scripts/setup.sh bench
	$(CARGO) build --release --locked
	scripts/bench-peers.sh target/release/faxmill
	$(CARGO) bench --locked --bench codec_peers --

# Starts a PostgreSQL and a RabbitMQ of its own; what needs no server is accepted and timed on one core.
bench-pipeline:
	scripts/setup.sh test
	$(CARGO) bench --locked --bench pipeline --no-run
	taskset -c 0 $(CARGO) bench --locked --bench pipeline -- \
	  embedded-accepted-per-s embedded-cpu-ms-per-job
	$(CARGO) bench --locked --bench pipeline -- \
	  cluster-accepted-per-s cluster-cpu-ms-per-job submit-to-start backlog idle scaling

# CORPUS=folder: its PDFs of Latin text are read too.
quality: CORPUS ?= $(wildcard ../shared/corpus/pdf)
quality:
	scripts/setup.sh quality
	$(CARGO) build --release --locked --bin faxmill
	scripts/quality.sh target/release/faxmill $(CORPUS)

# CORPUS=folder: every PDF and TIFF in it is converted or refused with a reason, and second tools agree.
corpus:
	scripts/setup.sh test
	$(CARGO) build --release --locked --bin faxmill --example tiff_against_libtiff
	scripts/corpus.sh $(CORPUS)

# ASTERISK_LAB=folder: a private Asterisk as the far end.
interop:
	scripts/setup.sh test
	$(CARGO) build --release --locked
	scripts/interop.sh

# FUZZ_SECONDS=600 for each target, FUZZ_TARGETS="t4_decode tiff_input": see scripts/fuzz.sh.
fuzz:
	scripts/setup.sh test
	scripts/fuzz.sh

clean:
	$(CARGO) clean
	rm -rf .cache
