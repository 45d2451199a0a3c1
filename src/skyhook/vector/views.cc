#include "skyhook/vector/views.h"

#include <arrow/type.h>
#include <arrow/util/binary_view_util.h>
#include <arrow/util/bit_util.h>

#include <cstring>
#include <limits>

#include "skyhook/base/status.h"

namespace skyhook::vector {
namespace {

using View = arrow::BinaryViewType::c_type;

constexpr int64_t kViewBytes = sizeof(View);
constexpr uint32_t kInlineBytes = arrow::BinaryViewType::kInlineSize;

/// Buffers are kept as they are until they hold so many times what is used, and so many bytes more.
constexpr int64_t kCompactRatio = 2;
constexpr int64_t kCompactBytes = 4096;

/// A view with `length` (at most kInlineBytes) bytes at `value`, of which 12 may be read.
View InlineView(const uint8_t* value, uint32_t length) {
  uint64_t low;
  uint32_t high;
  std::memcpy(&low, value, 8);
  std::memcpy(&high, value + 8, 4);
  if (length < 8) {
    low &= (uint64_t{1} << (8 * length)) - 1;
    high = 0;
  } else if (length < kInlineBytes) {
    high &= (uint32_t{1} << (8 * (length - 8))) - 1;
  }
  View view;
  auto* out = reinterpret_cast<uint8_t*>(&view);
  std::memcpy(out, &length, 4);
  std::memcpy(out + 4, &low, 8);
  std::memcpy(out + 12, &high, 4);
  return view;
}

View ReferringView(const uint8_t* value, uint32_t length, int64_t offset) {
  View view;
  view.ref.size = static_cast<int32_t>(length);
  std::memcpy(view.ref.prefix.data(), value, 4);
  view.ref.buffer_index = 0;
  view.ref.offset = static_cast<int32_t>(offset);
  return view;
}

/// A view of the `length` bytes at data + offset, where data has `size` bytes.
View ViewAt(const uint8_t* data, int64_t size, int64_t offset, uint32_t length) {
  if (length > kInlineBytes) return ReferringView(data + offset, length, offset);
  if (size - offset >= kInlineBytes) return InlineView(data + offset, length);
  return arrow::util::ToInlineBinaryView(data + offset, static_cast<int32_t>(length));
}

arrow::Status Fill(const arrow::Buffer& bytes, int64_t count, View* views) {
  PlainCursor cursor;
  for (int64_t i = 0; i < count; ++i) {
    uint32_t length;
    if (!cursor.Take(bytes, &length)) return cursor.Leaves(bytes, count);
    views[i] = ViewAt(bytes.data(), bytes.size(), cursor.offset - length, length);
  }
  return arrow::Status::OK();
}

arrow::Status CheckOffsetsFit(const arrow::Buffer& bytes) {
  if (bytes.size() <= std::numeric_limits<int32_t>::max()) return arrow::Status::OK();
  return base::CorruptData("page with {} bytes of values", bytes.size());
}

void ClearNulls(const arrow::ArrayData& data, View* views) {
  if (data.buffers[0] == nullptr) return;
  for (int64_t i = 0; i < data.length; ++i) {
    if (!arrow::bit_util::GetBit(data.buffers[0]->data(), data.offset + i)) {
      std::memset(static_cast<void*>(views + i), 0, sizeof(View));
    }
  }
}

/// Bytes that views refer to.
int64_t ReferredBytes(const View* views, int64_t count) {
  int64_t bytes = 0;
  for (int64_t i = 0; i < count; ++i) bytes += views[i].is_inline() ? 0 : views[i].size();
  return bytes;
}

}  // namespace

arrow::Status PlainCursor::Leaves(const arrow::Buffer& bytes, int64_t count) const {
  const int64_t left = bytes.size() - offset;
  uint32_t length = 0;
  if (left >= 4) std::memcpy(&length, bytes.data() + offset, 4);
  return base::CorruptData("value {} of {} has {} bytes where {} are left", value, count, length,
                           left);
}

arrow::Result<std::shared_ptr<arrow::Buffer>> MakeViews(const arrow::Buffer& bytes, int64_t count,
                                                        arrow::MemoryPool* pool) {
  ARROW_RETURN_NOT_OK(CheckOffsetsFit(bytes));
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> out,
                        arrow::AllocateBuffer(count * kViewBytes, pool));
  ARROW_RETURN_NOT_OK(Fill(bytes, count, reinterpret_cast<View*>(out->mutable_data())));
  return out;
}

arrow::Result<std::shared_ptr<arrow::Buffer>> PickViews(const arrow::Buffer& bytes, int64_t count,
                                                        std::span<const int32_t> positions,
                                                        int64_t shift, PlainCursor* cursor,
                                                        arrow::MemoryPool* pool) {
  ARROW_RETURN_NOT_OK(CheckOffsetsFit(bytes));
  const auto picked = static_cast<int64_t>(positions.size());
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> out,
                        arrow::AllocateBuffer(picked * kViewBytes, pool));
  auto* view = reinterpret_cast<View*>(out->mutable_data());
  for (const int32_t position : positions) {
    uint32_t length;
    while (cursor->value < position - shift) {
      if (!cursor->Take(bytes, &length)) return cursor->Leaves(bytes, count);
    }
    // The value itself may be asked for again.
    PlainCursor behind = *cursor;
    if (!behind.Take(bytes, &length)) return behind.Leaves(bytes, count);
    *view++ = ViewAt(bytes.data(), bytes.size(), behind.offset - length, length);
  }
  return out;
}

arrow::Result<std::shared_ptr<arrow::Buffer>> MakeFixedViews(const arrow::Buffer& bytes, int width,
                                                             int64_t count,
                                                             arrow::MemoryPool* pool) {
  ARROW_RETURN_NOT_OK(CheckOffsetsFit(bytes));
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> out,
                        arrow::AllocateBuffer(count * kViewBytes, pool));
  auto* views = reinterpret_cast<View*>(out->mutable_data());
  for (int64_t i = 0; i < count; ++i) {
    views[i] = ViewAt(bytes.data(), bytes.size(), i * width, static_cast<uint32_t>(width));
  }
  return out;
}

bool IsWorthCompacting(int64_t used, int64_t held) {
  return held >= kCompactRatio * used + kCompactBytes || (used == 0 && held > 0);
}

arrow::Result<std::shared_ptr<arrow::Buffer>> CopyReferred(
    std::span<View> views, std::span<const std::shared_ptr<arrow::Buffer>> text, int64_t used,
    arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> bytes, arrow::AllocateBuffer(used, pool));
  int64_t offset = 0;
  for (View& view : views) {
    if (view.is_inline()) continue;
    const auto& from = text[static_cast<size_t>(view.ref.buffer_index)];
    std::memcpy(bytes->mutable_data() + offset, from->data() + view.ref.offset,
                static_cast<size_t>(view.size()));
    view.ref.buffer_index = 0;
    view.ref.offset = static_cast<int32_t>(offset);
    offset += view.size();
  }
  return bytes;
}

namespace {

/// As CompactViews, where `is_worth_it(used, held)`.
template <typename IsWorthIt>
arrow::Status CopyText(arrow::ArrayData* data, arrow::MemoryPool* pool, IsWorthIt&& is_worth_it) {
  auto* views = reinterpret_cast<View*>(data->buffers[1]->mutable_data());
  ClearNulls(*data, views);
  const int64_t used = ReferredBytes(views, data->length);
  int64_t held = 0;
  for (size_t i = 2; i < data->buffers.size(); ++i) held += data->buffers[i]->size();
  if (!is_worth_it(used, held)) return arrow::Status::OK();
  ARROW_ASSIGN_OR_RAISE(auto bytes, CopyReferred({views, static_cast<size_t>(data->length)},
                                                 std::span(data->buffers).subspan(2), used, pool));
  data->buffers.resize(2);
  data->buffers.push_back(std::move(bytes));
  return arrow::Status::OK();
}

}  // namespace

arrow::Status CompactViews(arrow::ArrayData* data, arrow::MemoryPool* pool) {
  return CopyText(data, pool, IsWorthCompacting);
}

arrow::Status OwnViews(arrow::ArrayData* data, arrow::MemoryPool* pool) {
  return CopyText(data, pool, [](int64_t, int64_t) { return true; });
}

}  // namespace skyhook::vector
