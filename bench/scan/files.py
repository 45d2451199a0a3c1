"""The files of bench-scan: TPC-H's lineitem in other shapes and of other writers, made once."""

import pathlib
from collections.abc import Callable

import duckdb
import polars
import pyarrow
import pyarrow.compute as compute
import pyarrow.parquet as parquet
from views import without_views

ROW_GROUP = 120_000


def _write(table: pyarrow.Table, path: pathlib.Path, **options: object) -> None:
    parquet.write_table(table, path, row_group_size=ROW_GROUP, write_page_index=True, **options)


def _read(lineitem: pathlib.Path) -> pyarrow.Table:
    table = parquet.read_table(lineitem)
    return table.cast(without_views(table.schema))


def _nullable(table: pyarrow.Table) -> pyarrow.Table:
    """One row in eleven lacks what columns hold that no key is."""
    row = pyarrow.array(range(table.num_rows), pyarrow.int64())
    for place, name in enumerate(table.column_names):
        if name.endswith("key"):
            continue
        shifted = compute.add(row, place)
        lacks = compute.equal(compute.subtract(shifted, compute.multiply(compute.divide(shifted, 11), 11)), 0)
        column = compute.if_else(lacks, pyarrow.scalar(None, table[name].type), table[name])
        table = table.set_column(place, pyarrow.field(name, column.type), column)
    return table


def _nested(table: pyarrow.Table) -> pyarrow.Table:
    part = table.slice(0, 1_000_000).combine_chunks()
    lists = pyarrow.ListArray.from_arrays(
        pyarrow.array(range(0, len(part) + 1, 2), pyarrow.int32()), part["l_suppkey"].chunk(0))
    some = part.slice(0, len(lists))
    structs = pyarrow.StructArray.from_arrays(
        [some[name].combine_chunks() for name in ("l_partkey", "l_extendedprice", "l_comment")], ["part", "price", "text"])
    return pyarrow.table({"id": pyarrow.array(range(len(lists)), pyarrow.int64()), "line": structs, "suppliers": lists})


def _wide(_: pyarrow.Table) -> pyarrow.Table:
    values = pyarrow.array(range(50_000), pyarrow.int64())
    return pyarrow.table({f"c{i}": compute.multiply(values, i) for i in range(2_000)})


MAKERS: dict[str, Callable[[pyarrow.Table, pathlib.Path], object]] = {
    "nullable": lambda table, path: _write(_nullable(table), path),
    "zstd": lambda table, path: _write(table, path, compression="zstd"),
    "uncompressed": lambda table, path: _write(table, path, compression="none"),
    "small_pages": lambda table, path: _write(table, path, max_rows_per_page=1_000),
    "pyarrow": lambda table, path: parquet.write_table(table, path),
    "duckdb": lambda table, path: duckdb.sql("FROM \"table\"").write_parquet(str(path)),
    "polars": lambda table, path: polars.from_arrow(table).write_parquet(path),
    "nested": lambda table, path: _write(_nested(table), path),
    "wide": lambda table, path: parquet.write_table(_wide(table), path),
}


def path_of(folder: pathlib.Path, name: str) -> pathlib.Path:
    """In the folder of TPC-H's tables, or among what was made of them."""
    return (folder if name == "lineitem" else folder / "scan") / f"{name}.parquet"


def make(folder: pathlib.Path) -> None:
    """All that are not there yet."""
    missing = {name: path_of(folder, name) for name in MAKERS if not path_of(folder, name).exists()}
    if not missing:
        return
    table = _read(path_of(folder, "lineitem"))
    for name, path in missing.items():
        path.parent.mkdir(exist_ok=True)
        unfinished = path.with_suffix(".unfinished")
        MAKERS[name](table, unfinished)
        unfinished.rename(path)
