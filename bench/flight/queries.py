"""What bench-flight asks for, in SQL for DataFusion to plan, and in pyarrow for the peer."""

import datetime
import decimal
from typing import Callable, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

field = pc.field


class Query(NamedTuple):
    sql: str  # over the table lineitem
    filter: pc.Expression | None = None
    aggregate: Callable | None = None  # of a dataset, to a table


def _q1(dataset):
    """Without its sum of charges, whose decimals have more digits than pyarrow computes with."""
    one = pc.scalar(decimal.Decimal("1.00"))
    price, discount = field("l_extendedprice"), field("l_discount")
    table = dataset.to_table(
        columns={"l_returnflag": field("l_returnflag").cast(pa.string()), "l_linestatus": field("l_linestatus").cast(pa.string()),
                 "l_quantity": field("l_quantity"), "l_extendedprice": price, "disc": price * (one - discount)},
        filter=field("l_shipdate") <= datetime.date(1998, 9, 2))
    return table.group_by(["l_returnflag", "l_linestatus"]).aggregate(
        [("l_quantity", "sum"), ("l_extendedprice", "sum"), ("disc", "sum"), ([], "count_all")])


def _q6(dataset):
    cents = pa.decimal128(15, 2)
    kept = dataset.to_table(
        columns={"revenue": field("l_extendedprice") * field("l_discount")},
        filter=(field("l_shipdate") >= datetime.date(1994, 1, 1)) & (field("l_shipdate") < datetime.date(1995, 1, 1)) &
        (field("l_discount") >= pa.scalar(decimal.Decimal("0.05"), cents)) &
        (field("l_discount") <= pa.scalar(decimal.Decimal("0.07"), cents)) &
        (field("l_quantity") < pa.scalar(decimal.Decimal("24.00"), cents)))
    return pa.table({"revenue": pa.array([pc.sum(kept["revenue"]).as_py()])})


QUERIES = {
    "all rows": Query("SELECT * FROM lineitem"),
    "1 %": Query("SELECT * FROM lineitem WHERE l_partkey <= 2000", filter=field("l_partkey") <= 2000),
    "Q1": Query("SELECT l_returnflag, l_linestatus, sum(l_quantity), sum(l_extendedprice), sum(l_extendedprice * (1 - l_discount)), "
                "count(*) FROM lineitem "
                "WHERE l_shipdate <= DATE '1998-09-02' GROUP BY l_returnflag, l_linestatus", aggregate=_q1),
    "Q6": Query("SELECT sum(l_extendedprice * l_discount) AS revenue FROM lineitem WHERE l_shipdate >= DATE '1994-01-01' "
                "AND l_shipdate < DATE '1995-01-01' AND l_discount BETWEEN 0.05 AND 0.07 AND l_quantity < 24", aggregate=_q6),
}
