// A summary of numbers that gives approximate quantiles, and merges into the same whatever the
// order.
#pragma once

#include <arrow/status.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace skyhook::exec {

/// Counts of finite numbers in buckets of relative width, as in DDSketch (C. Masson, J. Rim, H.
/// Lee, "DDSketch: a fast and fully-mergeable quantile sketch with relative-error guarantees", VLDB
/// 2019). A bucket holds the doubles that share sign, exponent and the first `p` bits of their
/// significand, so that its middle differs from each by at most 2^-(p+1) of it. There are at most
/// 4096 buckets: when there would be more, p is lowered for all of them (the uniform collapse of
/// I. Epicoco et al., "UDDSketch: accurate tracking of quantiles in data streams", 2020) from 52,
/// where a bucket is one value. The result depends on the numbers alone, not on how they came:
///
/// | numbers                                              | relative error of a value |
/// |------------------------------------------------------|---------------------------|
/// | up to 4096 different ones                            | 0                         |
/// | of one sign, the greatest less than 2^31 times the least | at most 2^-8, 0.4 %   |
/// | of one sign, the greatest less than 2^63 times the least | at most 2^-7, 0.8 %   |
///
/// and so on; the least and the greatest number are kept as they are. Not thread-safe.
class QuantileSketch {
 public:
  static constexpr size_t kMostBuckets = 4096;

  /// Numbers that are infinite or NaN are passed over.
  void Add(double value);
  /// Takes the bytes of another sketch; kCorruptData when they are none.
  arrow::Status Merge(std::string_view bytes);

  /// Little-endian: double least, double greatest, int64 52 - p, then int64 bucket and int64 count
  /// of every bucket in ascending order. Empty without numbers.
  std::string bytes() const;

  /// The value at rank `fraction` * (n - 1) of the n numbers in order, counted from 0; between two
  /// ranks it is interpolated linearly. Nothing without numbers. `fraction` is in [0, 1].
  std::optional<double> Quantile(double fraction) const;

  int64_t bytes_held() const {
    return static_cast<int64_t>(buckets_.capacity() * sizeof(Bucket) +
                                pending_.capacity() * sizeof(Bucket));
  }

 private:
  struct Bucket {
    int64_t key;  ///< of its values' ordered bits, those above `shift_`
    int64_t count;
  };

  void Append(Bucket bucket, double least, double greatest);
  /// Brings the pending buckets in, and lowers the resolution as far as it must be.
  void Settle() const;
  void Coarsen() const;
  double ValueAt(int64_t rank) const;

  // Settled lazily: what is pending does not show.
  mutable std::vector<Bucket> buckets_;  // ascending keys
  mutable std::vector<Bucket> pending_;  // at resolution shift_, in no order
  mutable int shift_ = 0;                // 52 - p
  double least_ = 0;
  double greatest_ = 0;
  int64_t total_ = 0;  // of the buckets' counts
};

}  // namespace skyhook::exec
