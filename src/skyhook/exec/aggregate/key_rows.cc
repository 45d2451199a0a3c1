#include "skyhook/exec/aggregate/key_rows.h"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "skyhook/plan/types.h"
#include "skyhook/vector/text.h"
#include "skyhook/vector/value_set.h"

namespace skyhook::exec {

using arrow::Result;
using arrow::Status;

namespace {

constexpr int64_t kPieceBytes = 64 * 1024;

int64_t PaddedTo8(int64_t size) { return (size + 7) / 8 * 8; }

}  // namespace

KeyLayout::KeyLayout(std::vector<std::shared_ptr<arrow::DataType>> types)
    : types_(std::move(types)), places_(types_.size()) {
  const bool text = std::any_of(types_.begin(), types_.end(),
                                [](const auto& type) { return plan::IsTextOrBytes(*type); });
  if (text || types_.empty()) return;
  const auto width = [this](size_t key) { return vector::ValueWidth(*types_[key]); };
  std::vector<size_t> widest_first(types_.size());
  std::iota(widest_first.begin(), widest_first.end(), size_t{0});
  std::stable_sort(widest_first.begin(), widest_first.end(),
                   [&](size_t a, size_t b) { return width(a) > width(b); });
  for (const size_t key : widest_first) {
    places_[key] = null_place_;
    null_place_ += width(key);
  }
  row_bytes_ = PaddedTo8(null_place_ + (static_cast<int64_t>(types_.size()) + 7) / 8);
}

Result<std::vector<vector::Column>> KeyLayout::Decode(std::span<const uint8_t* const> rows) const {
  std::vector<const uint8_t*> cursors;
  if (row_bytes_ == 0) cursors.assign(rows.begin(), rows.end());
  std::vector<vector::Column> out;
  for (size_t key = 0; key < types_.size(); ++key) {
    ARROW_ASSIGN_OR_RAISE(vector::Column column,
                          row_bytes_ > 0 ? DecodeFixed(key, rows) : DecodeNext(key, &cursors));
    out.push_back(std::move(column));
  }
  return out;
}

namespace {

/// Values of T, each of which `take(i, to)` writes; it returns whether the value is not NULL.
template <typename T, typename Take>
Result<vector::Column> DecodeValues(const std::shared_ptr<arrow::DataType>& type, size_t count,
                                    Take&& take) {
  ARROW_ASSIGN_OR_RAISE(auto values, vector::AllocateValues<T>(static_cast<int64_t>(count)));
  ARROW_ASSIGN_OR_RAISE(auto valid, vector::AllocateValues<uint8_t>(static_cast<int64_t>(count)));
  bool all_valid = true;
  for (size_t i = 0; i < count; ++i) {
    const bool is_valid = take(i, vector::MutableValues<T>(values) + i);
    valid->mutable_data()[i] = static_cast<uint8_t>(is_valid);
    all_valid &= is_valid;
  }
  if (all_valid) valid = nullptr;
  return vector::Column::Flat(type, static_cast<int64_t>(count), std::move(values),
                              std::move(valid));
}

}  // namespace

Result<vector::Column> KeyLayout::DecodeFixed(size_t key,
                                              std::span<const uint8_t* const> rows) const {
  const int64_t place = places_[key];
  const int64_t null_byte = null_place_ + static_cast<int64_t>(key / 8);
  const unsigned null_bit = 1u << (key % 8);
  return vector::VisitPhysical(*types_[key], [&](auto value) -> Result<vector::Column> {
    using T = decltype(value);
    return DecodeValues<T>(types_[key], rows.size(), [&](size_t i, T* to) {
      std::memcpy(to, rows[i] + place, sizeof(T));
      return (rows[i][null_byte] & null_bit) == 0;
    });
  });
}

Result<vector::Column> KeyLayout::DecodeNext(size_t key,
                                             std::vector<const uint8_t*>* cursors) const {
  return vector::VisitPhysical(*types_[key], [&](auto value) -> Result<vector::Column> {
    using T = decltype(value);
    if constexpr (std::is_same_v<T, vector::TextView>) {
      vector::TextBuilder builder;
      for (const uint8_t*& cursor : *cursors) {
        uint32_t size;
        std::memcpy(&size, cursor + 1, sizeof(size));
        const auto* text = reinterpret_cast<const char*>(cursor + 5);
        ARROW_RETURN_NOT_OK(*cursor != 0 ? builder.AppendNull()
                                         : builder.Append(std::string_view(text, size)));
        cursor += 5 + size;
      }
      return builder.Finish(types_[key]);
    } else {
      return DecodeValues<T>(types_[key], cursors->size(), [&](size_t i, T* to) {
        const uint8_t*& cursor = (*cursors)[i];
        const bool is_valid = *cursor == 0;
        std::memcpy(to, cursor + 1, sizeof(T));
        cursor += 1 + sizeof(T);
        return is_valid;
      });
    }
  });
}

int64_t KeyRows::bytes_held() const {
  const size_t numbers = offsets_.capacity() + cursors_.capacity();
  return static_cast<int64_t>(bytes_.capacity() + numbers * sizeof(int64_t));
}

void KeyRows::Encode(const KeyLayout& layout, const std::vector<vector::Column>& keys,
                     int64_t begin, int64_t end) {
  fixed_ = layout.row_bytes();
  if (fixed_ > 0) {
    rows_ = std::clamp<int64_t>(kPieceBytes / fixed_, 1, std::min(kMostRows, end - begin));
    return EncodeFixed(layout, keys, begin);
  }
  int64_t least = 0;
  for (const vector::Column& key : keys) {
    least += 1 + (plan::IsTextOrBytes(*key.type()) ? 4 : vector::ValueWidth(*key.type()));
  }
  offsets_.assign(1, 0);
  for (rows_ = 0; rows_ < std::min(kMostRows, end - begin); ++rows_) {
    const int64_t row = begin + rows_;
    int64_t size = least;
    for (const vector::Column& key : keys) {
      if (plan::IsTextOrBytes(*key.type()) && key.IsValid(row)) {
        size += key.values<vector::TextView>()[key.is_constant() ? 0 : row].size();
      }
    }
    if (rows_ > 0 && offsets_.back() + size > kPieceBytes) break;
    offsets_.push_back(offsets_.back() + PaddedTo8(size));
  }
  bytes_.assign(static_cast<size_t>(offsets_.back()), 0);
  cursors_.assign(offsets_.begin(), offsets_.end() - 1);
  for (const vector::Column& key : keys) EncodeNext(key, begin);
}

void KeyRows::EncodeFixed(const KeyLayout& layout, const std::vector<vector::Column>& keys,
                          int64_t begin) {
  bytes_.assign(static_cast<size_t>(rows_ * fixed_), 0);
  for (size_t k = 0; k < keys.size(); ++k) {
    const vector::Column& key = keys[k];
    uint8_t* nulls = bytes_.data() + layout.null_place_ + k / 8;
    vector::VisitPhysical(*key.type(), [&](auto value) {
      using T = decltype(value);
      if constexpr (!std::is_same_v<T, vector::TextView>) {
        uint8_t* to = bytes_.data() + layout.places_[k];
        const auto put = [&](int64_t i, const T& one) {
          const T canonical = vector::Canonical(one);
          std::memcpy(to + i * fixed_, &canonical, sizeof(T));
        };
        const T* values = key.values<T>();
        if (!key.is_constant() && key.valid() == nullptr) {
          for (int64_t i = 0; i < rows_; ++i) put(i, values[begin + i]);
          return;
        }
        for (int64_t i = 0; i < rows_; ++i) {
          if (key.IsValid(begin + i)) {
            put(i, values[key.is_constant() ? 0 : begin + i]);
          } else {
            nulls[i * fixed_] |= static_cast<uint8_t>(1u << (k % 8));
          }
        }
      }
    });
  }
}

void KeyRows::EncodeNext(const vector::Column& key, int64_t begin) {
  vector::VisitPhysical(*key.type(), [&](auto value) {
    using T = decltype(value);
    for (int64_t i = 0; i < rows_; ++i) {
      const int64_t row = begin + i;
      int64_t& cursor = cursors_[static_cast<size_t>(i)];
      uint8_t* to = bytes_.data() + cursor;
      const bool valid = key.IsValid(row);
      *to++ = static_cast<uint8_t>(!valid);
      if constexpr (std::is_same_v<T, vector::TextView>) {
        const std::string_view text = valid ? key.TextAt(row) : std::string_view();
        const auto size = static_cast<uint32_t>(text.size());
        std::memcpy(to, &size, sizeof(size));
        if (!text.empty()) std::memcpy(to + sizeof(size), text.data(), text.size());
        cursor += 1 + static_cast<int64_t>(sizeof(size) + text.size());
      } else {
        const T one = valid ? vector::Canonical(key.values<T>()[key.is_constant() ? 0 : row]) : T{};
        std::memcpy(to, &one, sizeof(T));
        cursor += 1 + static_cast<int64_t>(sizeof(T));
      }
    }
  });
}

}  // namespace skyhook::exec
