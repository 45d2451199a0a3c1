#include "skyhook/vector/text.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "skyhook/base/status.h"

namespace skyhook::vector {

using arrow::Result;
using arrow::Status;

namespace {

constexpr int64_t kLeastLimit = int64_t{16} << 20;

}  // namespace

TextLimit::TextLimit(int64_t bytes) : bytes_(std::max(bytes, kLeastLimit)) {}

Status TextLimit::CheckOne(Int128 bytes) const {
  if (bytes <= kMaxTextBytes) return CheckAll(bytes);
  return base::LimitExceeded("a text of {} bytes is longer than the {} that one value may have",
                             bytes, kMaxTextBytes);
}

Status TextLimit::CheckAll(Int128 bytes) const {
  if (bytes <= bytes_) return Status::OK();
  return base::LimitExceeded("its texts take {} bytes, where memory for {} is left", bytes, bytes_);
}

Status TextWriter::Append(std::string_view text) {
  ARROW_RETURN_NOT_OK(limit_.CheckOne(static_cast<int64_t>(text_.size() + text.size())));
  text_.append(text);
  return Status::OK();
}

Status TextWriter::AppendRepeated(std::string_view text, int64_t times) {
  if (times <= 0 || text.empty()) return Status::OK();
  const Int128 added = Int128{times} * static_cast<int64_t>(text.size());
  ARROW_RETURN_NOT_OK(limit_.CheckOne(added + static_cast<int64_t>(text_.size())));
  for (int64_t i = 0; i < times; ++i) text_.append(text);
  return Status::OK();
}

TextView SubView(const Column& column, const TextView& view, int64_t begin, int64_t size) {
  const std::string_view text =
      column.Text(view).substr(static_cast<size_t>(begin), static_cast<size_t>(size));
  if (view.is_inline()) return MakeTextView(text, 0, 0);
  return MakeTextView(text, view.ref.buffer_index, view.ref.offset + begin);
}

Status TextBuilder::Append(std::string_view text) {
  const auto size = static_cast<int64_t>(text.size());
  ARROW_RETURN_NOT_OK(limit_.CheckOne(size));
  ARROW_RETURN_NOT_OK(limit_.CheckAll(text_bytes_ += size));
  if (size > arrow::BinaryViewType::kInlineSize && bytes_.length() + size > kMaxTextBytes) {
    ARROW_ASSIGN_OR_RAISE(auto full, bytes_.Finish());
    full_.push_back(std::move(full));
  }
  const auto view = MakeTextView(text, static_cast<int32_t>(full_.size()), bytes_.length());
  if (!view.is_inline()) ARROW_RETURN_NOT_OK(bytes_.Append(text.data(), size));
  ARROW_RETURN_NOT_OK(views_.Append(view));
  ++length_;
  return valid_.Append(1);
}

Status TextBuilder::AppendNull() {
  has_null_ = true;
  ++length_;
  ARROW_RETURN_NOT_OK(views_.Append(TextView{}));
  return valid_.Append(0);
}

Result<Column> TextBuilder::Finish(std::shared_ptr<arrow::DataType> type) {
  arrow::BufferVector text = std::move(full_);
  full_.clear();
  text_bytes_ = 0;
  std::shared_ptr<arrow::Buffer> views, valid, bytes;
  ARROW_ASSIGN_OR_RAISE(bytes, bytes_.Finish());
  text.push_back(std::move(bytes));
  ARROW_ASSIGN_OR_RAISE(views, views_.Finish());
  ARROW_ASSIGN_OR_RAISE(valid, valid_.Finish());
  if (!has_null_) valid = nullptr;
  has_null_ = false;
  const int64_t length = std::exchange(length_, 0);
  return Column::Flat(std::move(type), length, std::move(views), std::move(valid), std::move(text));
}

size_t FindText(std::string_view text, std::string_view part, size_t from) {
  const void* found = memmem(text.data() + from, text.size() - from, part.data(), part.size());
  if (found == nullptr) return std::string_view::npos;
  return static_cast<size_t>(static_cast<const char*>(found) - text.data());
}

int64_t CountText(std::string_view text, std::string_view part) {
  int64_t count = 0;
  for (size_t at = 0; (at = FindText(text, part, at)) != std::string_view::npos;) {
    at += part.size();
    ++count;
  }
  return count;
}

}  // namespace skyhook::vector
