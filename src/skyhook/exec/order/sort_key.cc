#include "skyhook/exec/order/sort_key.h"

#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>

#include "skyhook/plan/types.h"
#include "skyhook/vector/text.h"

namespace skyhook::exec {

using arrow::Result;

namespace {

template <typename T>
struct UnsignedOf {
  using type = std::make_unsigned_t<T>;
};
template <>
struct UnsignedOf<float> {
  using type = uint32_t;
};
template <>
struct UnsignedOf<double> {
  using type = uint64_t;
};
template <>
struct UnsignedOf<vector::Int128> {
  using type = unsigned __int128;
};

// An unsigned number that orders as `value` does.
template <typename T>
auto Ordered(T value) {
  using U = typename UnsignedOf<T>::type;
  constexpr U kTop = U{1} << (sizeof(U) * 8 - 1);
  if constexpr (std::is_floating_point_v<T>) {
    if (std::isnan(value)) return std::numeric_limits<U>::max();
    if (value == T{0}) value = T{0};
    U bits;
    std::memcpy(&bits, &value, sizeof(bits));
    return static_cast<U>((bits & kTop) != 0 ? ~bits : bits | kTop);
  } else if constexpr (std::is_unsigned_v<T>) {
    return value;
  } else {
    return static_cast<U>(static_cast<U>(value) ^ kTop);
  }
}

// The words from the highest on, its sign turned.
void AppendWide(const vector::Int256& value, uint8_t flip, std::string* out) {
  for (size_t word = 4; word-- > 0;) {
    const uint64_t bits = value.native_endian_array()[word];
    const uint64_t ordered = word == 3 ? bits ^ (uint64_t{1} << 63) : bits;
    for (int shift = 56; shift >= 0; shift -= 8) {
      out->push_back(static_cast<char>(static_cast<uint8_t>(ordered >> shift) ^ flip));
    }
  }
}

vector::Int256 ReadWide(std::string_view encoded, uint8_t flip) {
  std::array<uint64_t, 4> words{};
  for (size_t i = 0; i < sizeof(vector::Int256); ++i) {
    const auto byte = static_cast<uint8_t>(static_cast<uint8_t>(encoded[i]) ^ flip);
    words[3 - i / 8] = words[3 - i / 8] << 8 | byte;
  }
  words[3] ^= uint64_t{1} << 63;
  return vector::Int256(words);
}

template <typename T>
void AppendNumber(T value, uint8_t flip, std::string* out) {
  const auto ordered = Ordered(value);
  for (int shift = static_cast<int>(sizeof(ordered)) * 8 - 8; shift >= 0; shift -= 8) {
    out->push_back(static_cast<char>(static_cast<uint8_t>(ordered >> shift) ^ flip));
  }
}

template <typename T>
T Unordered(typename UnsignedOf<T>::type ordered) {
  using U = typename UnsignedOf<T>::type;
  constexpr U kTop = U{1} << (sizeof(U) * 8 - 1);
  if constexpr (std::is_floating_point_v<T>) {
    const U bits = (ordered & kTop) != 0 ? ordered ^ kTop : ~ordered;
    T value;
    std::memcpy(&value, &bits, sizeof(value));
    return value;
  } else if constexpr (std::is_unsigned_v<T>) {
    return ordered;
  } else {
    return static_cast<T>(static_cast<U>(ordered ^ kTop));
  }
}

template <typename T>
T ReadNumber(std::string_view encoded, uint8_t flip) {
  typename UnsignedOf<T>::type ordered = 0;
  for (size_t i = 0; i < sizeof(T); ++i) {
    const auto byte = static_cast<uint8_t>(static_cast<uint8_t>(encoded[i]) ^ flip);
    // Two shifts, because a single one of 8 would be all of an 8-bit number.
    ordered = static_cast<decltype(ordered)>((ordered << 4) << 4);
    ordered = static_cast<decltype(ordered)>(ordered | byte);
  }
  return Unordered<T>(ordered);
}

std::string ReadText(std::string_view encoded, uint8_t flip) {
  std::string text;
  for (size_t i = 0; i + 1 < encoded.size(); ++i) {
    const auto byte = static_cast<char>(static_cast<uint8_t>(encoded[i]) ^ flip);
    if (byte == '\0') {
      const auto next = static_cast<uint8_t>(static_cast<uint8_t>(encoded[++i]) ^ flip);
      if (next == 0) break;
    }
    text.push_back(byte);
  }
  return text;
}

// Bytes with 0 escaped as 0 255, ended by 0 0, so that a prefix sorts before what it begins.
void AppendText(std::string_view text, uint8_t flip, std::string* out) {
  for (char c : text) {
    out->push_back(static_cast<char>(static_cast<uint8_t>(c) ^ flip));
    if (c == '\0') out->push_back(static_cast<char>(0xFF ^ flip));
  }
  out->append(2, static_cast<char>(flip));
}

void AppendKey(const vector::Column& column, const plan::SortKey& key,
               std::vector<std::string>* out) {
  const uint8_t flip = key.descending ? 0xFF : 0;
  const char when_null = key.nulls_first ? '\0' : '\2';
  vector::VisitPhysical(*column.type(), [&](auto value) {
    using T = decltype(value);
    for (size_t i = 0; i < out->size(); ++i) {
      const auto row = static_cast<int64_t>(i);
      if (!column.IsValid(row)) {
        (*out)[i].push_back(when_null);
        continue;
      }
      (*out)[i].push_back('\1');
      if constexpr (std::is_same_v<T, vector::TextView>) {
        AppendText(column.TextAt(row), flip, &(*out)[i]);
      } else if constexpr (std::is_same_v<T, vector::Int256>) {
        AppendWide(column.values<T>()[column.is_constant() ? 0 : row], flip, &(*out)[i]);
      } else {
        AppendNumber(column.values<T>()[column.is_constant() ? 0 : row], flip, &(*out)[i]);
      }
    }
  });
}

}  // namespace

Result<std::vector<std::string>> EncodeSortKeys(const std::vector<vector::Column>& columns,
                                                const std::vector<plan::SortKey>& keys,
                                                int64_t rows) {
  std::vector<std::string> out(static_cast<size_t>(rows));
  for (size_t k = 0; k < keys.size(); ++k) {
    ARROW_ASSIGN_OR_RAISE(const vector::Column plain, columns[k].Flatten());
    AppendKey(plain, keys[k], &out);
  }
  return out;
}

Result<std::shared_ptr<arrow::Scalar>> DecodeFirstKey(
    std::string_view encoded, const plan::SortKey& key,
    const std::shared_ptr<arrow::DataType>& type) {
  if (encoded[0] != '\1') return arrow::MakeNullScalar(type);
  const uint8_t flip = key.descending ? 0xFF : 0;
  encoded.remove_prefix(1);
  return vector::VisitPhysical(*type, [&](auto value) -> Result<std::shared_ptr<arrow::Scalar>> {
    using T = decltype(value);
    vector::Column one;
    if constexpr (std::is_same_v<T, vector::TextView>) {
      vector::TextBuilder builder;
      ARROW_RETURN_NOT_OK(builder.Append(ReadText(encoded, flip)));
      ARROW_ASSIGN_OR_RAISE(one, builder.Finish(type));
    } else {
      ARROW_ASSIGN_OR_RAISE(auto buffer, vector::AllocateValues<T>(1));
      if constexpr (std::is_same_v<T, vector::Int256>) {
        *vector::MutableValues<T>(buffer) = ReadWide(encoded, flip);
      } else {
        *vector::MutableValues<T>(buffer) = ReadNumber<T>(encoded, flip);
      }
      one = vector::Column::Flat(type, 1, std::move(buffer), nullptr);
    }
    ARROW_ASSIGN_OR_RAISE(auto array, one.ToArray());
    return array->GetScalar(0);
  });
}

Result<plan::ExpressionPtr> NotAfter(const plan::ExpressionPtr& column, const plan::SortKey& key,
                                     const std::shared_ptr<arrow::Scalar>& bound) {
  plan::ExpressionPtr is_null;
  if (key.nulls_first) {
    ARROW_ASSIGN_OR_RAISE(is_null, plan::Call(plan::Function::kIsNull, {column}));
  }
  if (!bound->is_valid) return is_null;
  ARROW_ASSIGN_OR_RAISE(auto literal, plan::Literal(bound));
  ARROW_ASSIGN_OR_RAISE(auto not_after, plan::Call(key.descending ? plan::Function::kGreaterEqual
                                                                  : plan::Function::kLessEqual,
                                                   {column, literal}));
  if (is_null == nullptr) return not_after;
  return plan::Or({is_null, not_after});
}

}  // namespace skyhook::exec
