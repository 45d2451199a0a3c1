"""Writes a query of bench-scan as DataFusion's Substrait plan over a table t. Usage: plan.py NAME FILE PLAN"""

import pathlib
import sys

import datafusion
import datafusion.substrait
from queries import QUERIES


def main() -> None:
    name, file, plan = sys.argv[1:]
    context = datafusion.SessionContext()
    context.register_parquet("t", file)
    query = QUERIES[name].sql.format(table="t")
    pathlib.Path(plan).write_bytes(datafusion.substrait.Serde.serialize_bytes(query, context))


if __name__ == "__main__":
    main()
