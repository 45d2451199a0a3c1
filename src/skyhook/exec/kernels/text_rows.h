// Loops over the rows of a strict function's call, and the parts of the text kernel.
#pragma once

#include <arrow/result.h>

#include <string>
#include <string_view>
#include <utility>

#include "skyhook/exec/kernels/kernels.h"
#include "skyhook/vector/text.h"

namespace skyhook::exec {

/// Parts of TextKernel: functions that cut a part out of their first argument, and functions that
/// write new texts.
arrow::Result<vector::Column> TextPartKernel(const plan::Expression& call,
                                             const Arguments& arguments, int64_t length);
arrow::Result<vector::Column> NewTextKernel(const plan::Expression& call,
                                            const Arguments& arguments, int64_t length);

inline int64_t Int64At(const vector::Column& column, int64_t row) {
  return column.values<int64_t>()[column.is_constant() ? 0 : row];
}

// Each of these is NULL where an argument is, and calls its last argument for the other rows.

/// Values of T: `compute(row)` of each row.
template <typename T, typename Compute>
arrow::Result<vector::Column> ComputeRows(std::shared_ptr<arrow::DataType> type,
                                          const Arguments& arguments, int64_t length,
                                          Compute&& compute) {
  ARROW_ASSIGN_OR_RAISE(auto out, vector::AllocateValues<T>(length));
  ARROW_ASSIGN_OR_RAISE(auto valid, CommonValidity(arguments, length));
  T* to = vector::MutableValues<T>(out);
  for (int64_t i = 0; i < length; ++i) {
    to[i] = valid == nullptr || valid->data()[i] != 0 ? static_cast<T>(compute(i)) : T{};
  }
  return vector::Column::Flat(std::move(type), length, std::move(out), std::move(valid));
}

/// Booleans: `test(row)` of each row.
template <typename Test>
arrow::Result<vector::Column> TestRows(const Arguments& arguments, int64_t length, Test&& test) {
  return ComputeRows<uint8_t>(arrow::boolean(), arguments, length, std::forward<Test>(test));
}

/// Parts of the first argument, whose bytes they share: `cut(row, text)` is a view into `text`.
template <typename Cut>
arrow::Result<vector::Column> CutRows(const Arguments& arguments, int64_t length, Cut&& cut) {
  const vector::Column& texts = arguments[0];
  const vector::TextView* views = texts.values<vector::TextView>();
  ARROW_ASSIGN_OR_RAISE(auto out, vector::AllocateValues<vector::TextView>(length));
  ARROW_ASSIGN_OR_RAISE(auto valid, CommonValidity(arguments, length));
  for (int64_t i = 0; i < length; ++i) {
    vector::TextView& part = vector::MutableValues<vector::TextView>(out)[i];
    part = vector::TextView{};
    if (valid != nullptr && valid->data()[i] == 0) continue;
    const vector::TextView& view = views[texts.is_constant() ? 0 : i];
    const std::string_view text = texts.Text(view);
    const std::string_view taken = cut(i, text);
    if (taken.empty()) continue;
    part = vector::SubView(texts, view, taken.data() - text.data(),
                           static_cast<int64_t>(taken.size()));
  }
  return vector::Column::Flat(arrow::utf8_view(), length, std::move(out), std::move(valid),
                              texts.text_buffers());
}

/// New texts: `write(row, &writer)` appends to the empty text of `writer`, and may fail.
template <typename Write>
arrow::Result<vector::Column> WriteRows(const Arguments& arguments, int64_t length, Write&& write) {
  ARROW_ASSIGN_OR_RAISE(auto valid, CommonValidity(arguments, length));
  vector::TextBuilder out(arguments.texts());
  vector::TextWriter writer(arguments.texts());
  for (int64_t i = 0; i < length; ++i) {
    if (valid != nullptr && valid->data()[i] == 0) {
      ARROW_RETURN_NOT_OK(out.AppendNull());
      continue;
    }
    writer.Clear();
    ARROW_RETURN_NOT_OK(write(i, &writer));
    ARROW_RETURN_NOT_OK(out.Append(*writer.text()));
  }
  return out.Finish(arrow::utf8_view());
}

}  // namespace skyhook::exec
