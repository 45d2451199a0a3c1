"""Runs queries with one engine, on one thread, once for each name of a query on standard input, and prints how long each
took and what tells its answer from another. Usage: engine.py ENGINE FILE"""

import json
import sys
import time
from collections.abc import Callable

import pyarrow
import pyarrow.dataset as dataset
from queries import QUERIES
from sums import sum_of

# None: the engine does not do such a query by itself.
Runner = Callable[[str], pyarrow.Table | None]


def duckdb_runner(file: str) -> Runner:
    import duckdb

    connection = duckdb.connect()
    connection.execute("SET threads = 1")
    connection.execute("SET preserve_insertion_order = true")
    return lambda query: connection.sql(query.format(table=f"read_parquet('{file}')")).to_arrow_table()


def datafusion_runner(file: str, late: bool) -> Runner:
    import datafusion

    config = datafusion.SessionConfig().with_target_partitions(1)
    config = config.set("datafusion.execution.parquet.pushdown_filters", "true" if late else "false")
    context = datafusion.SessionContext(config)
    context.register_parquet("lineitem", file)
    return lambda query: context.sql(query.format(table="lineitem")).to_arrow_table()


def polars_runner(file: str) -> Runner:
    import polars

    def run(query: str) -> pyarrow.Table:
        with polars.SQLContext(lineitem=polars.scan_parquet(file)) as context:
            return context.execute(query.format(table="lineitem")).collect().to_arrow()

    return run


def pyarrow_runner(file: str) -> Runner:
    """Of what a dataset gives by itself: rows."""
    # Views cannot be filtered.
    schema = pyarrow.schema([field.with_type(pyarrow.string()) if pyarrow.types.is_string_view(field.type) else field
                             for field in dataset.dataset(file).schema])
    field, table = dataset.field, dataset.dataset(file, schema=schema)

    def rows(condition: dataset.Expression | None) -> pyarrow.Table:
        return table.to_table(filter=condition, use_threads=False)

    by_query = {
        QUERIES["c: one order"]: lambda: rows(field("l_orderkey") == 3000001),
        QUERIES["d: 0.01 %"]: lambda: rows(field("l_partkey") <= 20),
        QUERIES["e: 1 %"]: lambda: rows(field("l_partkey") <= 2000),
        QUERIES["f: 10 %"]: lambda: rows(field("l_partkey") <= 20000),
        QUERIES["g: all rows"]: lambda: rows(None),
    }
    return lambda query: by_query[query]() if query in by_query else None


def answer_of(table: pyarrow.Table) -> dict[str, object]:
    return {"rows": table.num_rows, "sums": [sum_of(column) for column in table.columns]}


def main() -> None:
    engine, file = sys.argv[1:]
    pyarrow.set_cpu_count(1)
    pyarrow.set_io_thread_count(1)
    makers: dict[str, Callable[[], Runner]] = {
        "duckdb": lambda: duckdb_runner(file),
        "datafusion": lambda: datafusion_runner(file, late=False),
        "datafusion late": lambda: datafusion_runner(file, late=True),
        "polars": lambda: polars_runner(file),
        "pyarrow": lambda: pyarrow_runner(file),
    }
    run = makers[engine]()
    for line in sys.stdin:
        query = QUERIES[line.rstrip("\n")]
        begin = time.perf_counter()
        table = run(query)
        took = time.perf_counter() - begin
        print(json.dumps(None if table is None else {"ms": took * 1e3} | answer_of(table)), flush=True)


if __name__ == "__main__":
    main()
