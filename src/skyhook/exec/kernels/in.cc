// IN: a row's value among the literals of the call.
#include <algorithm>
#include <cstring>
#include <memory>
#include <vector>

#include "skyhook/exec/kernels/kernels.h"
#include "skyhook/vector/value_order.h"
#include "skyhook/vector/value_set.h"

namespace skyhook::exec {

using arrow::Result;
using plan::CallOptions;

namespace {

// Up to so many values are compared one by one, over all rows each.
constexpr size_t kFew = 8;

// The literals of one call, ready to be looked up in. T is the physical type.
template <typename T>
struct List {
  std::vector<T> few;  // all of them, when there are few
  std::unique_ptr<vector::ValueSet<T>> many;
  bool null = false;
};
template <>
struct List<vector::TextView> {
  std::unique_ptr<vector::TextSet> many;
  bool null = false;
};

bool IsNullListed(const plan::Expression& in) {
  const auto& arguments = in.arguments();
  return std::any_of(arguments.begin() + 1, arguments.end(),
                     [](const auto& literal) { return !literal->literal()->is_valid; });
}

template <typename T>
Result<std::shared_ptr<const List<T>>> MakeList(const plan::Expression& in) {
  auto list = std::make_shared<List<T>>();
  list->null = IsNullListed(in);
  const bool ieee = in.options().nan == CallOptions::Nan::kIeee;
  std::vector<T> values;
  for (size_t i = 1; i < in.arguments().size(); ++i) {
    const auto& literal = in.arguments()[i]->literal();
    if (!literal->is_valid) continue;
    const T value = vector::Column::Constant(literal, 1).values<T>()[0];
    if (ieee && !(value == value)) continue;  // NaN, which equals nothing
    values.push_back(value);
  }
  if (values.size() <= kFew) {
    list->few = std::move(values);
  } else {
    list->many = std::make_unique<vector::ValueSet<T>>(values);
  }
  return list;
}

template <>
Result<std::shared_ptr<const List<vector::TextView>>> MakeList(const plan::Expression& in) {
  auto list = std::make_shared<List<vector::TextView>>();
  list->null = IsNullListed(in);
  std::vector<std::string_view> texts;
  for (size_t i = 1; i < in.arguments().size(); ++i) {
    const auto& literal = in.arguments()[i]->literal();
    if (!literal->is_valid) continue;
    texts.push_back(static_cast<const arrow::BaseBinaryScalar&>(*literal).view());
  }
  list->many = std::make_unique<vector::TextSet>(texts);
  return list;
}

template <typename T>
void LookUp(const List<T>& list, const vector::Column& column, int64_t length, uint8_t* out) {
  if constexpr (std::is_same_v<T, vector::TextView>) {
    for (int64_t i = 0; i < length; ++i) {
      out[i] = column.IsValid(i) && list.many->Has(column.TextAt(i)) ? 1 : 0;
    }
  } else {
    const T* in = column.values<T>();
    if (list.many != nullptr) {
      for (int64_t i = 0; i < length; ++i) out[i] = static_cast<uint8_t>(list.many->Has(in[i]));
      return;
    }
    std::memset(out, 0, static_cast<size_t>(length));
    for (const T value : list.few) {
      for (int64_t i = 0; i < length; ++i) {
        out[i] |= static_cast<uint8_t>(vector::ValueOrder<T, false>::Equal(in[i], value));
      }
    }
  }
}

// A row is certain where it is among the literals, which hold a NULL.
Result<std::shared_ptr<arrow::Buffer>> Certain(const vector::Column& column, const uint8_t* found,
                                               int64_t length) {
  ARROW_ASSIGN_OR_RAISE(auto certain, vector::AllocateValues<uint8_t>(length));
  for (int64_t i = 0; i < length; ++i) {
    certain->mutable_data()[i] = found[i] & static_cast<uint8_t>(column.IsValid(i));
  }
  return certain;
}

}  // namespace

Result<vector::Column> InKernel(const plan::Expression& call, const Arguments& arguments,
                                int64_t length) {
  const vector::Column& column = arguments[0];
  if (column.is_constant() && !column.IsValid(0)) {
    return vector::Column::Constant(arrow::MakeNullScalar(arrow::boolean()), length);
  }
  ARROW_ASSIGN_OR_RAISE(auto out, vector::AllocateValues<uint8_t>(length));
  ARROW_ASSIGN_OR_RAISE(const bool null_listed,
                        vector::VisitPhysical(*column.type(), [&](auto value) -> Result<bool> {
                          using T = decltype(value);
                          ARROW_ASSIGN_OR_RAISE(const auto list, call.prepared().Get<List<T>>([&] {
                            return MakeList<T>(call);
                          }));
                          LookUp<T>(*list, column, length, vector::MutableValues<uint8_t>(out));
                          return list->null;
                        }));
  std::shared_ptr<arrow::Buffer> valid;
  if (null_listed) {
    ARROW_ASSIGN_OR_RAISE(valid, Certain(column, out->data(), length));
  } else {
    ARROW_ASSIGN_OR_RAISE(valid, CommonValidity({column}, length));
  }
  return vector::Column::Flat(arrow::boolean(), length, std::move(out), std::move(valid));
}

}  // namespace skyhook::exec
