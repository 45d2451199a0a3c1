// What the accumulators that keep one sketch a group share.
#pragma once

#include <arrow/array/array_binary.h>
#include <arrow/array/builder_binary.h>

#include <span>
#include <utility>
#include <vector>

#include "skyhook/exec/aggregate/accumulator.h"

namespace skyhook::exec {

/// A Sketch has Add(value), Merge(bytes), bytes() and bytes_held(). Its bytes are the state, of
/// one column of binary values.
template <typename Sketch>
class AccumulatorOfSketches : public Accumulator {
 public:
  void Resize(int64_t groups) override { sketches_.resize(static_cast<size_t>(groups)); }

  arrow::Status Merge(const arrow::ArrayVector& state, const GroupedRows& rows) override {
    const auto& bytes = static_cast<const arrow::BinaryArray&>(*state[0]);
    for (int64_t i = 0; i < rows.rows; ++i) {
      Sketch& sketch = sketches_[rows.group(i)];
      const int64_t before = sketch.bytes_held();
      ARROW_RETURN_NOT_OK(sketch.Merge(bytes.GetView(i)));
      bytes_ += sketch.bytes_held() - before;
    }
    return arrow::Status::OK();
  }

  arrow::Result<arrow::ArrayVector> Partial(std::span<const int32_t> groups) const override {
    arrow::BinaryBuilder builder;
    for (int32_t group : groups) {
      ARROW_RETURN_NOT_OK(builder.Append(sketches_[static_cast<size_t>(group)].bytes()));
    }
    ARROW_ASSIGN_OR_RAISE(auto array, builder.Finish());
    return arrow::ArrayVector{std::move(array)};
  }

  int64_t bytes_held() const override {
    return bytes_ + static_cast<int64_t>(sketches_.capacity() * sizeof(Sketch));
  }

 protected:
  template <typename T>
  void AddTo(uint32_t group, T value) {
    Sketch& sketch = sketches_[group];
    const int64_t before = sketch.bytes_held();
    sketch.Add(value);
    bytes_ += sketch.bytes_held() - before;
  }

  const std::vector<Sketch>& sketches() const { return sketches_; }

 private:
  std::vector<Sketch> sketches_;
  int64_t bytes_ = 0;  // of what the sketches hold
};

}  // namespace skyhook::exec
