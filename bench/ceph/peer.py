"""Runs a query with DuckDB or Polars, over Parquet behind S3, once for each line of standard input; prints what
skyhook-bench-ceph prints of its own. Usage: peer.py duckdb|polars ENDPOINT URL QUERY"""

import json
import sys
import time
from collections.abc import Callable

import pyarrow
from sums import sum_of

KEY = SECRET = "skyhook"


def duckdb_runner(endpoint: str, url: str, query: str) -> Callable[[], pyarrow.Table]:
    import duckdb
    import duckdb_extension_httpfs
    import pathlib

    extension, = pathlib.Path(duckdb_extension_httpfs.__path__[0]).glob("extensions/*/httpfs.duckdb_extension")
    connection = duckdb.connect()
    connection.execute("SET enable_external_file_cache = false")  # or the second run reads nothing
    connection.execute("SET threads = 4")  # of which each waits for one read
    connection.execute(f"LOAD '{extension}'")
    connection.execute(f"CREATE SECRET (TYPE s3, KEY_ID '{KEY}', SECRET '{SECRET}', ENDPOINT '{endpoint}', "
                       "USE_SSL false, URL_STYLE 'path', REGION 'us-east-1')")
    text = query.format(table=f"read_parquet('{url}')")
    return lambda: connection.sql(text).to_arrow_table()


def polars_runner(endpoint: str, url: str, query: str) -> Callable[[], pyarrow.Table]:
    import polars

    options = {"aws_endpoint_url": f"http://{endpoint}", "aws_access_key_id": KEY, "aws_secret_access_key": SECRET,
               "aws_region": "us-east-1", "aws_allow_http": "true"}

    def once() -> pyarrow.Table:
        lineitem = polars.scan_parquet(url, storage_options=options)
        with polars.SQLContext(lineitem=lineitem) as context:
            return context.execute(query.format(table="lineitem")).collect().to_arrow()

    return once


def main() -> None:
    engine, endpoint, url, query = sys.argv[1:]
    once = {"duckdb": duckdb_runner, "polars": polars_runner}[engine](endpoint, url, query)
    for _ in sys.stdin:
        cpu, begin = time.process_time(), time.perf_counter()
        table = once()
        took, used = time.perf_counter() - begin, time.process_time() - cpu
        print(json.dumps({"ms": took * 1e3, "cpu_s": used, "rows": table.num_rows,
                          "sums": [sum_of(column) for column in table.columns]}), flush=True)


if __name__ == "__main__":
    main()
