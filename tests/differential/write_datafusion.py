"""Writes the rows of a Parquet file again as DataFusion (parquet-rs) does, for the differential test:
write_datafusion.py ROWS FILE 'CODEC WRITER_VERSION ROW_GROUP_ROWS PAGE_ROWS BLOOM_FILTERS'."""

import sys

import datafusion


def main(rows, path, options):
    codec, version, group_rows, page_rows, bloom_filters = options.split()
    context = datafusion.SessionContext(datafusion.SessionConfig({
        "datafusion.execution.target_partitions": "1",
        "datafusion.execution.parquet.schema_force_view_types": "false",
    }))
    table = context.read_parquet(rows, file_extension="rows")
    table.write_parquet_with_options(path, datafusion.ParquetWriterOptions(
        compression=codec, writer_version=version, max_row_group_size=int(group_rows),
        data_page_row_count_limit=int(page_rows), bloom_filter_on_write=bloom_filters == "true"))


main(*sys.argv[1:])
