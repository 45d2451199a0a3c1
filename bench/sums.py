"""What tells the columns of one answer from those of another, for benchmarks that compare engines."""

import pyarrow
import pyarrow.compute as compute


def sum_of(column: pyarrow.ChunkedArray) -> float:
    """Of numbers, or of the lengths of texts; 0 for other types."""
    kind = column.type
    if pyarrow.types.is_string_view(kind):
        column = column.cast(pyarrow.large_string())
        kind = column.type
    if pyarrow.types.is_string(kind) or pyarrow.types.is_large_string(kind):
        column = compute.binary_length(column)
    elif not (pyarrow.types.is_integer(kind) or pyarrow.types.is_floating(kind) or pyarrow.types.is_decimal(kind)):
        return 0.0
    return compute.sum(column.cast(pyarrow.float64(), safe=False)).as_py() or 0.0
