# Every target does all the set-up that it needs.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.PHONY: help demo demo-ceph test test-ceph bench bench-scan bench-flight bench-ceph fuzz build install-osd install-client packages format lint tidy clean
.NOTPARALLEL:

# Precompiled headers through ccache need the first; the second lets several checkouts share hits.
export CCACHE_SLOPPINESS := pch_defines,time_macros
export CCACHE_NOHASHDIR := 1

# Where things are installed, below DESTDIR. CLASS_DIR is Ceph's osd_class_dir.
PREFIX ?= /usr
CLASS_DIR ?= /usr/lib/x86_64-linux-gnu/rados-classes
export DESTDIR
configure := cmake --preset release --log-level=WARNING \
	-DCMAKE_INSTALL_PREFIX=$(PREFIX) -DSKYHOOK_CLASS_DIR=$(CLASS_DIR)

help:
	@echo 'make demo    build, make TPC-H data, and run queries with the account of each scan'
	@echo 'make demo-ceph  start a Ceph cluster on the loopback address, and query TPC-H in it'
	@echo 'make test    build, and run every test'
	@echo 'make test-ceph  run what needs Ceph, against a cluster on the loopback address'
	@echo 'make bench   build, and measure against DuckDB on one pinned core'
	@echo 'make bench-scan  measure the scan of one Parquet file on one core, beside four peers'
	@echo 'make bench-flight  measure skyhookd beside a Flight server of pyarrow'
	@echo 'make bench-ceph  measure in a Ceph cluster, pushed, pulled, and beside DuckDB and Polars; as root'
	@echo 'make fuzz    run each fuzz target for a minute, with clang and libFuzzer'
	@echo 'make build   release build; programs go to build/release/bin'
	@echo 'make install-osd, make install-client  install below PREFIX (/usr)'
	@echo 'make packages  Debian packages of both, in build/packages'
	@echo 'make format  format the C++ sources'
	@echo 'make lint    check formatting, the include table, and the scripts'
	@echo 'make tidy    clang-tidy over the C++ sources that differ from HEAD'
	@echo 'make clean   remove the builds; keep what was downloaded and generated data'

demo: build
	@tools/demo

demo-ceph: build
	@tools/demo_ceph

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

bench-flight: build
	@tools/tpch_data 1 lineitem
	@build/deps/venv/bin/python bench/flight/flight_bench.py

bench-scan: build
	@tools/tpch_data 1 lineitem
	@tools/bench_scan

bench-ceph: build
	@tools/tpch_data 0.1 lineitem
	@tools/tpch_data 1 lineitem
	@tools/bench_ceph

fuzz:
	@tools/bootstrap
	@tools/fuzz

build:
	@tools/bootstrap
	@$(configure)
	@cmake --build --preset release

install-osd:
	@tools/bootstrap
	@$(configure)
	@cmake --build --preset release --target cls_skyhook skyhook-worker
	@tools/install osd

install-client:
	@tools/bootstrap
	@$(configure)
	@cmake --build --preset release --target skyhook
	@tools/install client

packages:
	@tools/bootstrap
	@$(configure)
	@cmake --build --preset release --target cls_skyhook skyhook-worker skyhook
	@cd build/release && env -u DESTDIR cpack

format:
	@tools/bootstrap
	@tools/lint --fix

lint:
	@tools/bootstrap
	@tools/lint

tidy: build
	@tools/lint --tidy

clean:
	rm -rf build/release build/asan build/fuzz build/packages
