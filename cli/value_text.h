// Values as SQL writes them, for tables and CSV: of the types that Arrow has no text for, or
// another.
#pragma once

#include <arrow/array.h>
#include <arrow/result.h>

#include <memory>

namespace skyhook::cli {

/// The values of a column as text, NULL as a null: lists as [1, 2], structs as {'a': 1}, maps as
/// {k=v}, intervals as 1 year 2 days 03:04:05, UUIDs with dashes, dates and timestamps without an
/// end as infinity. Text and bytes within lists, structs and maps stand without quotes.
arrow::Result<std::shared_ptr<arrow::StringArray>> TextOf(const arrow::Array& column);

/// True for BLOBs and their like: bytes that need not be text.
bool HoldsBytes(const arrow::DataType& type);

/// The values of a column that holds bytes in base64, NULL as a null.
arrow::Result<std::shared_ptr<arrow::StringArray>> Base64Of(const arrow::Array& column);

}  // namespace skyhook::cli
