# Every target does all the set-up that it needs.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.PHONY: help demo test test-ceph bench fuzz build format lint tidy clean
.NOTPARALLEL:

# Precompiled headers through ccache need the first; the second lets several checkouts share hits.
export CCACHE_SLOPPINESS := pch_defines,time_macros
export CCACHE_NOHASHDIR := 1

help:
	@echo 'make demo    build, make TPC-H data, and run queries with the account of each scan'
	@echo 'make test    build, and run every test'
	@echo 'make test-ceph  run what needs Ceph, against a cluster on the loopback address'
	@echo 'make bench   build, and measure against DuckDB on one pinned core'
	@echo 'make fuzz    run each fuzz target for a minute, with clang and libFuzzer'
	@echo 'make build   release build; programs go to build/release/bin'
	@echo 'make format  format the C++ sources'
	@echo 'make lint    check formatting, the include table, and the scripts'
	@echo 'make tidy    clang-tidy over the C++ sources that differ from HEAD'
	@echo 'make clean   remove the builds; keep what was downloaded and generated data'

demo: build
	@tools/demo

test: build
	@tools/lint
	@cmake --preset asan --log-level=WARNING
	@cmake --build --preset asan --target skyhook_unit_tests
	@tools/tpch_data 0.1
	@tools/run_tests

test-ceph: build
	@tools/tpch_data 0.1
	@tools/test_ceph

bench: build
	@tools/tpch_data 1
	@tools/tpch_data 10 lineitem
	@tools/bench

fuzz:
	@tools/bootstrap
	@tools/fuzz

build:
	@tools/bootstrap
	@cmake --preset release --log-level=WARNING
	@cmake --build --preset release

format:
	@tools/bootstrap
	@tools/lint --fix

lint:
	@tools/bootstrap
	@tools/lint

tidy: build
	@tools/lint --tidy

clean:
	rm -rf build/release build/asan build/fuzz
