#include "skyhook/exec/text.h"

#include <cstring>
#include <utility>

#include "skyhook/base/status.h"

namespace skyhook::exec {

using arrow::Result;
using arrow::Status;

namespace {

constexpr int64_t kMaxTextBuffer = int64_t{1} << 30;

bool IsContinuation(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; }

size_t NextCharacter(std::string_view text, size_t at) {
  ++at;
  while (at < text.size() && IsContinuation(text[at])) ++at;
  return at;
}

}  // namespace

TextView SubView(const Column& column, const TextView& view, int64_t begin, int64_t size) {
  const std::string_view text =
      column.Text(view).substr(static_cast<size_t>(begin), static_cast<size_t>(size));
  if (view.is_inline()) return MakeTextView(text, 0, 0);
  return MakeTextView(text, view.ref.buffer_index, view.ref.offset + begin);
}

Status TextBuilder::Append(std::string_view text) {
  const auto size = static_cast<int64_t>(text.size());
  if (size > kMaxTextBuffer) {
    return base::LimitExceeded("a text of {} bytes is longer than the {} that one value may have",
                               size, kMaxTextBuffer);
  }
  if (size > arrow::BinaryViewType::kInlineSize && bytes_.length() + size > kMaxTextBuffer) {
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

Result<LikePattern> LikePattern::Make(std::string_view pattern, char escape) {
  LikePattern out;
  out.segments_.emplace_back();
  for (size_t i = 0; i < pattern.size(); ++i) {
    const bool escaped = escape != 0 && pattern[i] == escape;
    if (escaped && ++i == pattern.size()) {
      return base::Invalid("LIKE pattern '{}' ends in its escape character", pattern);
    }
    if (!escaped && pattern[i] == '%') {
      out.segments_.emplace_back();
      continue;
    }
    Segment& segment = out.segments_.back();
    const bool any = !escaped && pattern[i] == '_';
    segment.bytes += pattern[i];
    segment.any.push_back(any);
    segment.has_any |= any;
  }
  return out;
}

// The position after the segment when it matches at `at`, else npos.
size_t LikePattern::MatchAt(const Segment& segment, std::string_view text, size_t at) {
  if (!segment.has_any) {
    return text.substr(at).starts_with(segment.bytes) ? at + segment.bytes.size()
                                                      : std::string_view::npos;
  }
  for (size_t i = 0; i < segment.bytes.size(); ++i) {
    if (at >= text.size()) return std::string_view::npos;
    if (segment.any[i]) {
      at = NextCharacter(text, at);
    } else if (text[at] == segment.bytes[i]) {
      ++at;
    } else {
      return std::string_view::npos;
    }
  }
  return at;
}

// The first match of the segment at or after `from`; its end in `end`.
size_t LikePattern::Find(const Segment& segment, std::string_view text, size_t from, size_t* end) {
  if (!segment.has_any) {
    if (segment.bytes.empty()) {
      *end = from;
      return from;
    }
    const void* found =
        memmem(text.data() + from, text.size() - from, segment.bytes.data(), segment.bytes.size());
    if (found == nullptr) return std::string_view::npos;
    const auto at = static_cast<size_t>(static_cast<const char*>(found) - text.data());
    *end = at + segment.bytes.size();
    return at;
  }
  for (size_t at = from; at < text.size(); at = NextCharacter(text, at)) {
    *end = MatchAt(segment, text, at);
    if (*end != std::string_view::npos) return at;
  }
  return std::string_view::npos;
}

bool LikePattern::MatchesEnd(const Segment& segment, std::string_view text, size_t from) {
  if (!segment.has_any) {
    return text.size() - from >= segment.bytes.size() && text.ends_with(segment.bytes);
  }
  for (size_t at = from; at <= text.size(); at = NextCharacter(text, at)) {
    if (MatchAt(segment, text, at) == text.size()) return true;
  }
  return false;
}

bool LikePattern::Matches(std::string_view text) const {
  size_t at = MatchAt(segments_.front(), text, 0);
  if (at == std::string_view::npos) return false;
  if (segments_.size() == 1) return at == text.size();
  for (size_t i = 1; i + 1 < segments_.size(); ++i) {
    if (Find(segments_[i], text, at, &at) == std::string_view::npos) return false;
  }
  return MatchesEnd(segments_.back(), text, at);
}

}  // namespace skyhook::exec
