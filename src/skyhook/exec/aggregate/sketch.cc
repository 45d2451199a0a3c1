// Approximate numbers of distinct values: HyperLogLog with 4096 registers, exact while there are
// few values.
//
// The estimator is the improved raw one of O. Ertl, "New cardinality estimation algorithms for
// HyperLogLog sketches" (2017), which needs no correction tables. Its relative standard error is
// 1.04 / sqrt(4096), 1.6 %.
#include <arrow/array/builder_primitive.h>
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <numbers>
#include <type_traits>

#include "skyhook/base/status.h"
#include "skyhook/exec/aggregate/sketches.h"

namespace skyhook::exec {

using arrow::Result;
using arrow::Status;
using Groups = std::span<const int32_t>;

namespace {

constexpr int kPrecision = 12;
constexpr size_t kRegisters = size_t{1} << kPrecision;
constexpr int kRanks = 64 - kPrecision + 1;  // the largest rank
// Up to so many values their hashes are kept, and counted.
constexpr size_t kMostHashes = 256;

// XXH3 of the value's bytes; one for all NaN, one for both zeros.
template <typename T>
uint64_t HashOf(T value) {
  if constexpr (std::is_floating_point_v<T>) {
    if (std::isnan(value)) value = std::numeric_limits<T>::quiet_NaN();
    if (value == T{0}) value = T{0};
  }
  return XXH3_64bits(&value, sizeof(value));
}

double Sigma(double x) {
  if (x == 1.0) return std::numeric_limits<double>::infinity();
  double y = 1.0;
  double z = x;
  for (double before = -1.0; z != before;) {
    x *= x;
    before = z;
    z += x * y;
    y += y;
  }
  return z;
}

double Tau(double x) {
  if (x == 0.0 || x == 1.0) return 0.0;
  double y = 1.0;
  double z = 1.0 - x;
  for (double before = -1.0; z != before;) {
    x = std::sqrt(x);
    before = z;
    y *= 0.5;
    z -= (1.0 - x) * (1.0 - x) * y;
  }
  return z / 3.0;
}

// The distinct values of one group: their sorted hashes, or registers.
class Sketch {
 public:
  void Add(uint64_t hash) {
    if (!registers_.empty()) {
      AddToRegisters(hash);
      return;
    }
    const auto at = std::lower_bound(hashes_.begin(), hashes_.end(), hash);
    if (at != hashes_.end() && *at == hash) return;
    hashes_.insert(at, hash);
    if (hashes_.size() > kMostHashes) ToRegisters();
  }

  // The state's bytes: hashes of 8 bytes each, or one byte a register.
  std::string_view bytes() const {
    if (registers_.empty()) {
      return {reinterpret_cast<const char*>(hashes_.data()), hashes_.size() * sizeof(uint64_t)};
    }
    return {reinterpret_cast<const char*>(registers_.data()), registers_.size()};
  }

  Status Merge(std::string_view bytes) {
    if (bytes.size() == kRegisters) {
      if (registers_.empty()) ToRegisters();
      for (size_t i = 0; i < kRegisters; ++i) {
        registers_[i] = std::max(registers_[i], static_cast<uint8_t>(bytes[i]));
      }
      return Status::OK();
    }
    if (bytes.size() % sizeof(uint64_t) != 0 || bytes.size() > kMostHashes * sizeof(uint64_t)) {
      return base::CorruptData("a sketch of {} bytes", bytes.size());
    }
    for (size_t at = 0; at < bytes.size(); at += sizeof(uint64_t)) {
      uint64_t hash;
      std::memcpy(&hash, bytes.data() + at, sizeof(hash));
      Add(hash);
    }
    return Status::OK();
  }

  int64_t Estimate() const {
    if (registers_.empty()) return static_cast<int64_t>(hashes_.size());
    std::array<double, kRanks + 1> counts{};
    for (const uint8_t rank : registers_) counts[std::min<size_t>(rank, kRanks)] += 1;
    const auto m = static_cast<double>(kRegisters);
    double z = m * Tau(1.0 - counts[kRanks] / m);
    for (size_t rank = kRanks - 1; rank >= 1; --rank) z = 0.5 * (z + counts[rank]);
    z += m * Sigma(counts[0] / m);
    return std::llround(m * m / (2.0 * std::numbers::ln2 * z));
  }

  int64_t bytes_held() const {
    return static_cast<int64_t>(hashes_.capacity() * sizeof(uint64_t) + registers_.capacity());
  }

 private:
  void ToRegisters() {
    registers_.assign(kRegisters, 0);
    for (const uint64_t hash : hashes_) AddToRegisters(hash);
    hashes_.clear();
    hashes_.shrink_to_fit();
  }

  // The first bits choose the register, the place of the first one among the others is the rank.
  void AddToRegisters(uint64_t hash) {
    const uint64_t rest = hash << kPrecision;
    const int rank = std::min(std::countl_zero(rest), 64 - kPrecision) + 1;
    uint8_t& kept = registers_[hash >> (64 - kPrecision)];
    kept = std::max(kept, static_cast<uint8_t>(rank));
  }

  std::vector<uint64_t> hashes_;
  std::vector<uint8_t> registers_;
};

class SketchAccumulator : public AccumulatorOfSketches<Sketch> {
 public:
  Status Update(std::span<const vector::Column> arguments, const GroupedRows& rows) override {
    const vector::Column& argument = arguments[0];
    vector::VisitPhysical(*argument.type(), [&](auto value) {
      using T = decltype(value);
      VisitCounting(rows, [&](int64_t i, uint32_t group) {
        if constexpr (std::is_same_v<T, vector::TextView>) {
          const std::string_view text = argument.TextAt(i);
          AddTo(group, XXH3_64bits(text.data(), text.size()));
        } else {
          AddTo(group, HashOf(argument.values<T>()[argument.is_constant() ? 0 : i]));
        }
      });
    });
    return Status::OK();
  }

  Result<std::shared_ptr<arrow::Array>> Final(Groups groups) const override {
    arrow::Int64Builder estimates;
    for (const int32_t group : groups) {
      ARROW_RETURN_NOT_OK(estimates.Append(sketches()[static_cast<size_t>(group)].Estimate()));
    }
    return estimates.Finish();
  }
};

}  // namespace

std::unique_ptr<Accumulator> MakeSketchAccumulator() {
  return std::make_unique<SketchAccumulator>();
}

}  // namespace skyhook::exec
