// Requests of tests of the object class.
#pragma once

#include <arrow/type.h>

#include <memory>
#include <string>

#include "skyhook/testing/matchers.h"
#include "skyhook/testing/pipelines.h"
#include "skyhook/wire/request.h"

namespace skyhook::cls {

inline std::shared_ptr<arrow::Schema> ColumnX() {
  return arrow::schema({arrow::field("x", arrow::int64())});
}

/// For all of two rows.
inline wire::Request AskForRows() {
  wire::Request request;
  request.pipeline = testing::ReadAll(*ColumnX());
  request.slice.rows = plan::RowRanges::All(2);
  return request;
}

inline std::string Encoded(uint32_t deadline_ms) {
  return testing::Require(wire::EncodeRequest(AskForRows(), deadline_ms));
}

}  // namespace skyhook::cls
