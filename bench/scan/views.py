"""What pyarrow lacks for columns of string views: filters, and dictionaries when it writes them."""

import pyarrow


def without_views(schema: pyarrow.Schema) -> pyarrow.Schema:
    """The same with strings in their place."""
    return pyarrow.schema([field.with_type(pyarrow.string()) if pyarrow.types.is_string_view(field.type) else field
                           for field in schema])
