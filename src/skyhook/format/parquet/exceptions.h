// Where exceptions of Arrow's Parquet classes become statuses.
#pragma once

#include <parquet/exception.h>

#include <exception>
#include <new>

#include "skyhook/base/status.h"

namespace skyhook::format {

/// The status of an exception that was caught: what reading the source reported stays as it is,
/// everything else is the file's fault.
inline arrow::Status StatusOf(const parquet::ParquetStatusException& exception) {
  const arrow::Status& status = exception.status();
  const bool ours = status.detail() != nullptr || status.IsCancelled() || status.IsOutOfMemory() ||
                    status.IsNotImplemented() || status.IsIOError();
  return ours ? status : base::CorruptData("{}", status.message());
}

/// Runs `body`, which returns an arrow::Status or arrow::Result and may throw.
template <typename Body>
auto CatchParquet(Body&& body) -> decltype(body()) {
  try {
    return body();
  } catch (const parquet::ParquetStatusException& exception) {
    return StatusOf(exception);
  } catch (const std::bad_alloc&) {
    return arrow::Status::OutOfMemory("no memory to decode");
  } catch (const std::exception& exception) {
    return base::CorruptData("{}", exception.what());
  }
}

}  // namespace skyhook::format
