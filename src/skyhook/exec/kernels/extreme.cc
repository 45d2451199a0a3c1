// The greatest and the least of several arguments.
#include <cmath>
#include <type_traits>

#include "skyhook/exec/kernels/kernels.h"
#include "skyhook/vector/text.h"
#include "skyhook/vector/value_order.h"

namespace skyhook::exec {

using arrow::Result;
using plan::CallOptions;
using plan::Function;

namespace {

// Whether `value` takes the place of `best`, which came before it.
template <typename T>
bool Replaces(const T& value, const T& best, bool greatest, bool ieee) {
  if constexpr (std::is_floating_point_v<T>) {
    if (ieee && (std::isnan(value) || std::isnan(best))) {
      return std::isnan(best) && !std::isnan(value);
    }
  }
  using Order = vector::ValueOrder<T, false>;
  return greatest ? Order::Less(best, value) : Order::Less(value, best);
}

// The argument that gives the result of a row, -1 for NULL.
template <typename T, typename At>
int Winner(const Arguments& arguments, int64_t row, bool skip_nulls, bool greatest, bool ieee,
           At&& at) {
  int best = -1;
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (!arguments[i].IsValid(row)) {
      if (!skip_nulls) return -1;
      continue;
    }
    if (best < 0 || Replaces<T>(at(arguments[i], row),
                                at(arguments[static_cast<size_t>(best)], row), greatest, ieee)) {
      best = static_cast<int>(i);
    }
  }
  return best;
}

}  // namespace

Result<vector::Column> ExtremeKernel(const plan::Expression& call, const Arguments& arguments,
                                     int64_t length) {
  const bool greatest = call.function() == Function::kGreatest;
  const bool skip_nulls = call.options().nulls == CallOptions::Nulls::kSkip;
  const bool ieee = call.options().nan == CallOptions::Nan::kIeee;
  return vector::VisitPhysical(*call.type(), [&](auto value) -> Result<vector::Column> {
    using T = decltype(value);
    if constexpr (std::is_same_v<T, vector::TextView>) {
      const auto at = [](const vector::Column& column, int64_t row) { return column.TextAt(row); };
      vector::TextBuilder out(arguments.texts());
      for (int64_t i = 0; i < length; ++i) {
        const int winner = Winner<std::string_view>(arguments, i, skip_nulls, greatest, ieee, at);
        ARROW_RETURN_NOT_OK(winner < 0
                                ? out.AppendNull()
                                : out.Append(arguments[static_cast<size_t>(winner)].TextAt(i)));
      }
      return out.Finish(call.type());
    } else {
      const auto at = [](const vector::Column& column, int64_t row) {
        return column.values<T>()[column.is_constant() ? 0 : row];
      };
      ARROW_ASSIGN_OR_RAISE(auto out, vector::AllocateValues<T>(length));
      ARROW_ASSIGN_OR_RAISE(auto valid, vector::AllocateValues<uint8_t>(length));
      for (int64_t i = 0; i < length; ++i) {
        const int winner = Winner<T>(arguments, i, skip_nulls, greatest, ieee, at);
        valid->mutable_data()[i] = static_cast<uint8_t>(winner >= 0);
        vector::MutableValues<T>(out)[i] =
            winner < 0 ? T{} : at(arguments[static_cast<size_t>(winner)], i);
      }
      return vector::Column::Flat(call.type(), length, std::move(out), std::move(valid));
    }
  });
}

}  // namespace skyhook::exec
