#include "daemon/file_pieces.h"

#include <arrow/array/array_binary.h>
#include <arrow/buffer.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

namespace skyhook::daemon {

using arrow::Result;

namespace {

constexpr int64_t kPieceBytes = int64_t{1} << 20;

}  // namespace

Result<std::optional<Message>> FilePieces::Next(const std::shared_ptr<arrow::Schema>& schema,
                                                const arrow::StopToken& stop) {
  while (range_ < ranges_.size() && done_ == ranges_[range_].length) {
    ++range_;
    done_ = 0;
  }
  const bool over = range_ == ranges_.size();
  if (over && begun_) return std::nullopt;
  Message out;
  if (!std::exchange(begun_, true)) {
    const nlohmann::json about = {{"bytes", source_->size()}, {"version", source_->version()}};
    out.metadata = about.dump();
  }
  std::shared_ptr<arrow::Buffer> bytes;
  if (!over) {
    ARROW_ASSIGN_OR_RAISE(bytes, Read(stop));
  }
  const std::array<int32_t, 2> offsets = {0, over ? 0 : static_cast<int32_t>(bytes->size())};
  auto offset_bytes =
      arrow::Buffer::FromVector(std::vector<int32_t>(offsets.begin(), offsets.end()));
  const auto column =
      std::make_shared<arrow::BinaryArray>(over ? 0 : 1, std::move(offset_bytes), std::move(bytes));
  out.batch = arrow::RecordBatch::Make(schema, column->length(), {column});
  return out;
}

Result<std::shared_ptr<arrow::Buffer>> FilePieces::Read(const arrow::StopToken& stop) {
  const base::ByteRange& range = ranges_[range_];
  const int64_t length = std::min(range.length - done_, kPieceBytes);
  ARROW_ASSIGN_OR_RAISE(auto bytes, source_->ReadOne({range.offset + done_, length}, stop));
  done_ += length;
  return bytes;
}

}  // namespace skyhook::daemon
