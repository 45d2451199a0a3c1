"""The queries of bench-scan."""

from typing import NamedTuple


class Query(NamedTuple):
    """In SQL that all engines read; {table} is the table."""

    sql: str
    file: str = "lineitem"


def _listed(column: str, count: int) -> str:
    # Not in order, and none that is there twice.
    return f"{column} IN ({', '.join(str(1 + i * 7919 % 200_000) for i in range(count))})"


_SOME = "SELECT * FROM {table} WHERE l_partkey <= 2000"
_REVENUE = ("SELECT sum(l_extendedprice * l_discount) AS revenue FROM {table} WHERE l_shipdate >= DATE '1994-01-01' "
            "AND l_shipdate < DATE '1995-01-01' AND l_discount BETWEEN 0.05 AND 0.07 AND l_quantity < 24")

# Over TPC-H's lineitem as its generator writes it.
MAIN = {
    "a: Q6": Query(_REVENUE),
    "b: Q1": Query(
        "SELECT l_returnflag, l_linestatus, sum(l_quantity) AS q, sum(l_extendedprice) AS p, "
        "sum(l_extendedprice * (1 - l_discount)) AS d, sum(l_extendedprice * (1 - l_discount) * (1 + l_tax)) AS c, "
        "avg(l_quantity) AS aq, avg(l_extendedprice) AS ap, avg(l_discount) AS ad, count(*) AS n FROM {table} "
        "WHERE l_shipdate <= DATE '1998-09-02' GROUP BY l_returnflag, l_linestatus"),
    "c: one order": Query("SELECT * FROM {table} WHERE l_orderkey = 3000001"),
    "d: 0.01 %": Query("SELECT * FROM {table} WHERE l_partkey <= 20"),
    "e: 1 %": Query(_SOME),
    "f: 10 %": Query("SELECT * FROM {table} WHERE l_partkey <= 20000"),
    "g: all rows": Query("SELECT * FROM {table}"),
    "h: LIKE": Query("SELECT count(*) AS n FROM {table} WHERE l_comment LIKE '%special%'"),
    "i: top 10": Query("SELECT * FROM {table} ORDER BY l_extendedprice DESC LIMIT 10"),
    "j: distinct": Query("SELECT count(DISTINCT l_suppkey) AS n FROM {table}"),
    "k: one mode": Query("SELECT count(*) AS n FROM {table} WHERE l_shipmode = 'AIR'"),
}

# What else people ask, and files of other shapes and writers (files.py).
MORE = {
    "sum": Query("SELECT sum(l_extendedprice) AS s FROM {table}"),
    "70,000 groups": Query("SELECT l_suppkey, l_linenumber, count(*) AS n, sum(l_quantity) AS q FROM {table} "
                           "GROUP BY l_suppkey, l_linenumber"),
    "1.5 M groups": Query("SELECT l_orderkey, count(*) AS n FROM {table} GROUP BY l_orderkey"),
    "IN 1,000": Query("SELECT count(*) AS n, sum(l_quantity) AS q FROM {table} WHERE " + _listed("l_partkey", 1_000)),
    "IN 20,000": Query("SELECT count(*) AS n, sum(l_quantity) AS q FROM {table} WHERE " + _listed("l_partkey", 20_000)),
    "a month": Query("SELECT * FROM {table} WHERE l_shipdate >= DATE '1995-03-01' AND l_shipdate < DATE '1995-04-01'"),
    "Q6, nullable": Query(_REVENUE, "nullable"),
    "1 %, nullable": Query(_SOME, "nullable"),
    "1 %, ZSTD": Query(_SOME, "zstd"),
    "1 %, plain": Query(_SOME, "uncompressed"),
    "1 %, pages": Query(_SOME, "small_pages"),
    "Q6, pyarrow": Query(_REVENUE, "pyarrow"),
    "1 %, pyarrow": Query(_SOME, "pyarrow"),
    "1 %, DuckDB": Query(_SOME, "duckdb"),
    "1 %, Polars": Query(_SOME, "polars"),
    "nested": Query("SELECT * FROM {table} WHERE id < 20000", "nested"),
    "3 of 2,000": Query("SELECT sum(c17) AS a, sum(c1031) AS b, sum(c1999) AS c FROM {table}", "wide"),
}

# Predicates that are asked for again.
REPEATED = {
    "count 0.01 %": Query("SELECT count(*) AS n, sum(l_quantity) AS q FROM {table} WHERE l_partkey <= 20"),
    "all of 0.01 %": MAIN["d: 0.01 %"],
    "LIKE 0.04 %": Query("SELECT count(*) AS n FROM {table} WHERE l_comment LIKE '%special%dolphin%'"),
    "two columns": Query("SELECT l_orderkey FROM {table} WHERE l_partkey <= 200 AND l_discount = 0.05 ORDER BY l_orderkey"),
}
# One that comes after them.
UNRELATED = MAIN["a: Q6"]

QUERIES = MAIN | MORE

# Columns of lineitem with few values.
FEW_VALUES = ["l_linenumber", "l_quantity", "l_discount", "l_tax", "l_returnflag", "l_linestatus", "l_shipdate", "l_commitdate",
              "l_receiptdate", "l_shipinstruct", "l_shipmode"]
