// IN: a row's value among the literals of the call.
#include <cstring>
#include <memory>
#include <vector>

#include "skyhook/exec/kernels/kernels.h"
#include "skyhook/plan/listed_values.h"
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
  std::unique_ptr<const vector::ValueSet<T>> many;
};
template <>
struct List<vector::TextView> {
  std::unique_ptr<const vector::TextSet> many;
};

template <typename T>
List<T> ListOf(const plan::Expression& in) {
  const bool ieee = in.options().nan == CallOptions::Nan::kIeee;
  std::vector<T> values;
  for (const auto& literal : in.listed_values()->sorted) {
    const T value = vector::Column::Constant(literal, 1).values<T>()[0];
    if (ieee && !(value == value)) continue;  // NaN, which equals nothing
    values.push_back(value);
  }
  List<T> list;
  if (values.size() <= kFew) {
    list.few = std::move(values);
  } else {
    list.many = std::make_unique<const vector::ValueSet<T>>(values);
  }
  return list;
}

template <>
List<vector::TextView> ListOf(const plan::Expression& in) {
  std::vector<std::string_view> texts;
  for (const auto& literal : in.listed_values()->sorted) {
    texts.push_back(static_cast<const arrow::BaseBinaryScalar&>(*literal).view());
  }
  return {std::make_unique<const vector::TextSet>(texts)};
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
      list.many->Has({in, static_cast<size_t>(length)}, out);
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

// The call, of an argument of the physical type T.
template <typename T>
class InCall : public PreparedCall {
 public:
  explicit InCall(const plan::Expression& in)
      : list_(ListOf<T>(in)), null_listed_(in.listed_values()->null), bytes_(BytesOf(in)) {}

  Result<vector::Column> Run(const Arguments& arguments, int64_t length) const override {
    const vector::Column& column = arguments[0];
    if (column.is_constant() && !column.IsValid(0)) {
      return vector::Column::Constant(arrow::MakeNullScalar(arrow::boolean()), length);
    }
    ARROW_ASSIGN_OR_RAISE(auto out, vector::AllocateValues<uint8_t>(length));
    LookUp<T>(list_, column, length, vector::MutableValues<uint8_t>(out));
    std::shared_ptr<arrow::Buffer> valid;
    if (null_listed_) {
      ARROW_ASSIGN_OR_RAISE(valid, Certain(column, out->data(), length));
    } else {
      ARROW_ASSIGN_OR_RAISE(valid, CommonValidity({column}, length));
    }
    return vector::Column::Flat(arrow::boolean(), length, std::move(out), std::move(valid));
  }

  int64_t bytes() const override { return bytes_; }

 private:
  // An eighth of a set's slots is filled at least; a slot for a text is smaller than two views.
  static int64_t BytesOf(const plan::Expression& in) {
    int64_t bytes = sizeof(InCall);
    if constexpr (!std::is_same_v<T, vector::TextView>) {
      if (in.listed_values()->sorted.size() > kFew) {
        bytes += static_cast<int64_t>(vector::ValueSet<T>::kDenseBytes);
      }
    }
    for (const auto& literal : in.listed_values()->sorted) {
      bytes += 8 * sizeof(T);
      if constexpr (std::is_same_v<T, vector::TextView>) {
        bytes += 2 * static_cast<const arrow::BaseBinaryScalar&>(*literal).value->size();
      }
    }
    return bytes;
  }

  const List<T> list_;
  const bool null_listed_;
  const int64_t bytes_;
};

}  // namespace

PreparedCallPtr PrepareIn(const plan::Expression& call) {
  return vector::VisitPhysical(*call.arguments()[0]->type(), [&](auto value) -> PreparedCallPtr {
    return std::make_shared<const InCall<decltype(value)>>(call);
  });
}

}  // namespace skyhook::exec
