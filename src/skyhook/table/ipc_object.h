// Arrow IPC files in memory that somebody may have tampered with, and what their metadata says.
#pragma once

#include <arrow/buffer.h>
#include <arrow/ipc/reader.h>
#include <arrow/result.h>
#include <arrow/util/key_value_metadata.h>

#include <charconv>
#include <memory>
#include <string>
#include <system_error>

#include "skyhook/base/status.h"

namespace skyhook::table {

/// Reads on the caller's thread, and no buffer of more than kMostIpcBytes, whatever lengths the
/// file names. Batches have to be validated.
arrow::Result<std::shared_ptr<arrow::ipc::RecordBatchFileReader>> OpenIpcObject(
    const std::shared_ptr<arrow::Buffer>& bytes);
inline constexpr int64_t kMostIpcBytes = int64_t{1} << 30;

/// The value of a key as a number; kCorruptData, naming the key, when it is none.
template <typename Number>
arrow::Result<Number> NumberOf(const arrow::KeyValueMetadata& metadata, const char* key) {
  ARROW_ASSIGN_OR_RAISE(const std::string text, metadata.Get(key));
  Number number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc() && end == text.data() + text.size()) return number;
  return base::CorruptData("'{}' is no number: {}", key, text);
}

}  // namespace skyhook::table
