// Moments of one column and of two: what variances, covariances and correlations are made of.
#include <array>

#include "skyhook/exec/aggregate/accumulator.h"

namespace skyhook::exec {

using arrow::Result;
using arrow::Status;
using Groups = std::span<const int32_t>;

namespace {

double ValueAt(const vector::Column& column, int64_t row) {
  const int64_t at = column.is_constant() ? 0 : row;
  if (column.type()->id() == arrow::Type::FLOAT) return column.values<float>()[at];
  return column.values<double>()[at];
}

// Sums of squared deviations of x and y and of their products, over `count` rows. Of one column, y
// stays 0.
struct Moments {
  int64_t count = 0;
  double mean_x = 0;
  double mean_y = 0;
  double squares_x = 0;
  double squares_y = 0;
  double products = 0;

  void Add(double x, double y) {
    ++count;
    const auto n = static_cast<double>(count);
    const double from_x = x - mean_x;
    const double from_y = y - mean_y;
    mean_x += from_x / n;
    mean_y += from_y / n;
    squares_x += from_x * (x - mean_x);
    squares_y += from_y * (y - mean_y);
    products += from_x * (y - mean_y);
  }

  Status Merge(const Moments& other) {
    const int64_t before = count;
    ARROW_RETURN_NOT_OK(AddCount(other.count, &count));
    if (other.count == 0) return Status::OK();
    if (before == 0) {
      *this = other;
      return Status::OK();
    }
    const auto a = static_cast<double>(before);
    const auto b = static_cast<double>(other.count);
    const double share = b / (a + b);
    const double apart_x = other.mean_x - mean_x;
    const double apart_y = other.mean_y - mean_y;
    mean_x += apart_x * share;
    mean_y += apart_y * share;
    squares_x += other.squares_x + apart_x * apart_x * a * share;
    squares_y += other.squares_y + apart_y * apart_y * a * share;
    products += other.products + apart_x * apart_y * a * share;
    return Status::OK();
  }
};

class MomentsAccumulator : public Accumulator {
 public:
  explicit MomentsAccumulator(bool of_two) : of_two_(of_two) {}

  void Resize(int64_t groups) override { moments_.resize(static_cast<size_t>(groups)); }

  Status Update(std::span<const vector::Column> arguments, const GroupedRows& rows) override {
    VisitCounting(rows, [&](int64_t i, uint32_t group) {
      const double y = of_two_ ? ValueAt(arguments[1], i) : 0.0;
      moments_[group].Add(ValueAt(arguments[0], i), y);
    });
    return Status::OK();
  }

  Status Merge(const arrow::ArrayVector& state, const GroupedRows& rows) override {
    std::vector<vector::Column> columns;
    for (const auto& array : state) {
      ARROW_ASSIGN_OR_RAISE(vector::Column column, vector::Column::FromArray(array));
      columns.push_back(std::move(column));
    }
    for (int64_t i = 0; i < rows.rows; ++i) {
      Moments other;
      other.count = columns[0].values<int64_t>()[i];
      const auto parts = Parts(&other);
      for (size_t part = 0; part < parts.size(); ++part) {
        *parts[part] = columns[part + 1].values<double>()[i];
      }
      ARROW_RETURN_NOT_OK(moments_[rows.group(i)].Merge(other));
    }
    return Status::OK();
  }

  Result<arrow::ArrayVector> Partial(Groups groups) const override {
    const auto rows = static_cast<int64_t>(groups.size());
    ARROW_ASSIGN_OR_RAISE(auto counts, vector::AllocateValues<int64_t>(rows));
    Moments first;
    std::vector<std::shared_ptr<arrow::Buffer>> buffers(Parts(&first).size());
    for (auto& buffer : buffers) {
      ARROW_ASSIGN_OR_RAISE(buffer, vector::AllocateValues<double>(rows));
    }
    for (size_t i = 0; i < groups.size(); ++i) {
      Moments moments = moments_[static_cast<size_t>(groups[i])];
      vector::MutableValues<int64_t>(counts)[i] = moments.count;
      const auto parts = Parts(&moments);
      for (size_t part = 0; part < parts.size(); ++part) {
        vector::MutableValues<double>(buffers[part])[i] = *parts[part];
      }
    }
    arrow::ArrayVector state;
    ARROW_ASSIGN_OR_RAISE(
        auto array,
        vector::Column::Flat(arrow::int64(), rows, std::move(counts), nullptr).ToArray());
    state.push_back(std::move(array));
    for (auto& buffer : buffers) {
      ARROW_ASSIGN_OR_RAISE(
          array,
          vector::Column::Flat(arrow::float64(), rows, std::move(buffer), nullptr).ToArray());
      state.push_back(std::move(array));
    }
    return state;
  }

  // What is made of moments depends on the measure.
  Result<std::shared_ptr<arrow::Array>> Final(Groups) const override {
    return Status::NotImplemented("moments are no result");
  }

  int64_t bytes_held() const override {
    return static_cast<int64_t>(moments_.capacity() * sizeof(Moments));
  }

 private:
  // The state's columns after the count.
  std::vector<double*> Parts(Moments* moments) const {
    if (!of_two_) return {&moments->mean_x, &moments->squares_x};
    return {&moments->mean_x, &moments->mean_y, &moments->squares_x, &moments->squares_y,
            &moments->products};
  }

  const bool of_two_;
  std::vector<Moments> moments_;
};

}  // namespace

std::unique_ptr<Accumulator> MakeMomentsAccumulator() {
  return std::make_unique<MomentsAccumulator>(false);
}

std::unique_ptr<Accumulator> MakeComomentsAccumulator() {
  return std::make_unique<MomentsAccumulator>(true);
}

}  // namespace skyhook::exec
