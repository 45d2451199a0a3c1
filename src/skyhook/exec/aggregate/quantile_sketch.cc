#include "skyhook/exec/aggregate/quantile_sketch.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "skyhook/base/status.h"

namespace skyhook::exec {

namespace {

constexpr int kSignificandBits = 52;
constexpr size_t kHeaderBytes = 24;
constexpr size_t kBucketBytes = 16;
// Fewer are not worth sorting in.
constexpr size_t kLeastPending = 64;

// Doubles as integers in the same order. There is one zero.
int64_t OrderedBits(double value) {
  const auto bits = std::bit_cast<int64_t>(value == 0 ? 0.0 : value);
  return bits >= 0 ? bits : bits ^ std::numeric_limits<int64_t>::max();
}

double FromOrderedBits(int64_t bits) {
  return std::bit_cast<double>(bits >= 0 ? bits : bits ^ std::numeric_limits<int64_t>::max());
}

// The middle of a bucket's values.
double Middle(int64_t key, int shift) {
  const int64_t first = key * (int64_t{1} << shift);
  const double low = FromOrderedBits(first);
  return low + (FromOrderedBits(first + ((int64_t{1} << shift) - 1)) - low) / 2;
}

template <typename T>
T Load(std::string_view bytes, size_t at) {
  T value;
  std::memcpy(&value, bytes.data() + at, sizeof(value));
  return value;
}

template <typename T>
void Store(T value, std::string* out) {
  out->append(reinterpret_cast<const char*>(&value), sizeof(value));
}

}  // namespace

void QuantileSketch::Add(double value) {
  if (!std::isfinite(value)) return;
  Append({OrderedBits(value) >> shift_, 1}, value, value);
}

void QuantileSketch::Append(Bucket bucket, double least, double greatest) {
  least_ = total_ == 0 ? least : std::min(least_, least);
  greatest_ = total_ == 0 ? greatest : std::max(greatest_, greatest);
  total_ += bucket.count;
  pending_.push_back(bucket);
  if (pending_.size() >= std::max(kLeastPending, buckets_.size())) Settle();
}

void QuantileSketch::Settle() const {
  if (pending_.empty()) return;
  const auto by_key = [](const Bucket& a, const Bucket& b) { return a.key < b.key; };
  std::sort(pending_.begin(), pending_.end(), by_key);
  const auto middle = static_cast<std::ptrdiff_t>(buckets_.size());
  buckets_.insert(buckets_.end(), pending_.begin(), pending_.end());
  std::inplace_merge(buckets_.begin(), buckets_.begin() + middle, buckets_.end(), by_key);
  pending_.clear();
  size_t kept = 0;
  for (size_t i = 1; i < buckets_.size(); ++i) {
    if (buckets_[i].key == buckets_[kept].key) {
      buckets_[kept].count += buckets_[i].count;
    } else {
      buckets_[++kept] = buckets_[i];
    }
  }
  buckets_.resize(kept + 1);
  while (buckets_.size() > kMostBuckets) Coarsen();
}

// Joins neighbours: one bit less of the significand.
void QuantileSketch::Coarsen() const {
  ++shift_;
  size_t kept = 0;
  for (size_t i = 0; i < buckets_.size(); ++i) {
    const Bucket bucket{buckets_[i].key >> 1, buckets_[i].count};
    if (i > 0 && buckets_[kept].key == bucket.key) {
      buckets_[kept].count += bucket.count;
    } else {
      kept = i == 0 ? 0 : kept + 1;
      buckets_[kept] = bucket;
    }
  }
  buckets_.resize(buckets_.empty() ? 0 : kept + 1);
}

std::string QuantileSketch::bytes() const {
  std::string out;
  if (total_ == 0) return out;
  Settle();
  out.reserve(kHeaderBytes + kBucketBytes * buckets_.size());
  Store(least_, &out);
  Store(greatest_, &out);
  Store(int64_t{shift_}, &out);
  for (const Bucket& bucket : buckets_) {
    Store(bucket.key, &out);
    Store(bucket.count, &out);
  }
  return out;
}

arrow::Status QuantileSketch::Merge(std::string_view bytes) {
  if (bytes.empty()) return arrow::Status::OK();
  const size_t count = (bytes.size() - std::min(bytes.size(), kHeaderBytes)) / kBucketBytes;
  if (bytes.size() != kHeaderBytes + count * kBucketBytes || count == 0 || count > kMostBuckets) {
    return base::CorruptData("a quantile sketch of {} bytes", bytes.size());
  }
  const auto least = Load<double>(bytes, 0);
  const auto greatest = Load<double>(bytes, 8);
  const auto shift = Load<int64_t>(bytes, 16);
  if (shift < 0 || shift > kSignificandBits || !(least <= greatest) || !std::isfinite(least) ||
      !std::isfinite(greatest)) {
    return base::CorruptData("a quantile sketch of resolution {} from {} to {}", shift, least,
                             greatest);
  }
  Settle();
  while (shift_ < shift) Coarsen();
  for (size_t i = 0; i < count; ++i) {
    const auto key = Load<int64_t>(bytes, kHeaderBytes + kBucketBytes * i);
    const auto values = Load<int64_t>(bytes, kHeaderBytes + kBucketBytes * i + 8);
    if (key < OrderedBits(least) >> shift || key > OrderedBits(greatest) >> shift || values <= 0 ||
        values > std::numeric_limits<int64_t>::max() - total_) {
      return base::CorruptData("a quantile sketch with {} values in bucket {}", values, key);
    }
    Append({key >> (shift_ - shift), values}, least, greatest);
  }
  return arrow::Status::OK();
}

double QuantileSketch::ValueAt(int64_t rank) const {
  if (rank <= 0) return least_;
  if (rank >= total_ - 1) return greatest_;
  int64_t passed = 0;
  for (const Bucket& bucket : buckets_) {
    passed += bucket.count;
    if (passed > rank) return std::clamp(Middle(bucket.key, shift_), least_, greatest_);
  }
  return greatest_;
}

std::optional<double> QuantileSketch::Quantile(double fraction) const {
  if (total_ == 0) return std::nullopt;
  Settle();
  const double rank = fraction * static_cast<double>(total_ - 1);
  const double below = std::floor(rank);
  const double part = rank - below;
  const double low = ValueAt(static_cast<int64_t>(below));
  if (part == 0) return low;
  const double high = ValueAt(static_cast<int64_t>(below) + 1);
  return low == high ? low : low * (1 - part) + high * part;
}

}  // namespace skyhook::exec
