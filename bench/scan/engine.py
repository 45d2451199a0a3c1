"""Runs queries with one engine, on one thread, once for each line NAME<tab>FILE on standard input, and prints how long each
took and what tells its answer from another. Usage: engine.py ENGINE"""

import json
import sys
import time
from collections.abc import Callable

import pyarrow
import pyarrow.dataset as dataset
from queries import QUERIES
from sums import sum_of
from views import without_views

# Runs a query, by its name, over a file. None: the engine does not do such a query by itself.
Runner = Callable[[str, str], pyarrow.Table | None]


def duckdb_runner() -> Runner:
    import duckdb

    connection = duckdb.connect()
    connection.execute("SET threads = 1")
    connection.execute("SET preserve_insertion_order = true")
    return lambda name, file: connection.sql(QUERIES[name].sql.format(table=f"read_parquet('{file}')")).to_arrow_table()


def datafusion_runner(late: bool) -> Runner:
    import datafusion

    config = datafusion.SessionConfig().with_target_partitions(1)
    config = config.set("datafusion.execution.parquet.pushdown_filters", "true" if late else "false")
    context = datafusion.SessionContext(config)
    tables: dict[str, str] = {}

    def run(name: str, file: str) -> pyarrow.Table:
        if file not in tables:
            tables[file] = f"t{len(tables)}"
            context.register_parquet(tables[file], file)
        return context.sql(QUERIES[name].sql.format(table=tables[file])).to_arrow_table()

    return run


def polars_runner() -> Runner:
    import polars

    def run(name: str, file: str) -> pyarrow.Table:
        with polars.SQLContext(t=polars.scan_parquet(file)) as context:
            return context.execute(QUERIES[name].sql.format(table="t")).collect().to_arrow()

    return run


def pyarrow_runner() -> Runner:
    """Of what a dataset gives by itself: rows."""
    field = dataset.field
    some = field("l_partkey") <= 2000
    conditions: dict[str, dataset.Expression | None] = {
        "c: one order": field("l_orderkey") == 3000001,
        "d: 0.01 %": field("l_partkey") <= 20,
        "e: 1 %": some,
        "f: 10 %": field("l_partkey") <= 20000,
        "g: all rows": None,
        "nested": field("id") < 20000,
    } | {name: some for name in QUERIES if name.startswith("1 %")}

    def run(name: str, file: str) -> pyarrow.Table | None:
        if name not in conditions:
            return None
        schema = without_views(dataset.dataset(file).schema)
        return dataset.dataset(file, schema=schema).to_table(filter=conditions[name], use_threads=False)

    return run


def answer_of(table: pyarrow.Table) -> dict[str, object]:
    return {"rows": table.num_rows, "sums": [sum_of(column) for column in table.columns]}


def main() -> None:
    pyarrow.set_cpu_count(1)
    pyarrow.set_io_thread_count(1)
    makers: dict[str, Callable[[], Runner]] = {
        "duckdb": duckdb_runner,
        "datafusion": lambda: datafusion_runner(late=False),
        "datafusion late": lambda: datafusion_runner(late=True),
        "polars": polars_runner,
        "pyarrow": pyarrow_runner,
    }
    run = makers[sys.argv[1]]()
    for line in sys.stdin:
        name, file = line.rstrip("\n").split("\t")
        begin = time.perf_counter()
        try:
            table = run(name, file)
        except Exception as error:  # of any engine: what it cannot do is shown as missing
            print(f"{sys.argv[1]}, {name}: {error}"[:300], file=sys.stderr)
            table = None
        took = time.perf_counter() - begin
        print(json.dumps(None if table is None else {"ms": took * 1e3} | answer_of(table)), flush=True)


if __name__ == "__main__":
    main()
