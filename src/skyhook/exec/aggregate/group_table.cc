#include "skyhook/exec/aggregate/group_table.h"

#include <sys/auxv.h>
#include <xxhash.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "skyhook/base/status.h"

namespace skyhook::exec {

using arrow::Result;
using arrow::Status;

namespace {

constexpr size_t kMaxCodes = 1 << 16;
// Groups are less.
constexpr uint32_t kNewCode = 1u << 31;
// Keys of so many bytes are hashed word by word.
constexpr int64_t kShortKey = 64;
constexpr uint64_t kUpperHalf = 0xFFFFFFFF00000000ULL;
constexpr int kLeastSlotBits = 6;

uint64_t HashRow(const uint8_t* row, int64_t size) {
  uint64_t hash = 0x9E3779B97F4A7C15ULL ^ static_cast<uint64_t>(size);
  for (int64_t i = 0; i < size; i += 8) {
    uint64_t word;
    std::memcpy(&word, row + i, 8);
    hash = (hash ^ word) * 0xD6E8FEB86659FD93ULL;
    hash ^= hash >> 32;
  }
  hash *= 0xD6E8FEB86659FD93ULL;
  return hash ^ (hash >> 29);
}

// 16 bytes that the system gives each process.
struct Seed {
  uint64_t first = 0;
  uint64_t second = 0;
};

const Seed& SeedOfProcess() {
  static const Seed kSeed = [] {
    Seed seed;
    const auto* random = reinterpret_cast<const void*>(getauxval(AT_RANDOM));
    if (random != nullptr) std::memcpy(&seed, random, sizeof(seed));
    seed.second |= 1;
    return seed;
  }();
  return kSeed;
}

uint64_t SeededHash(const Seed& seed, const uint8_t* row, int64_t size) {
  if (size > kShortKey) return XXH3_64bits_withSeed(row, static_cast<size_t>(size), seed.first);
  uint64_t hash = seed.first;
  for (int64_t i = 0; i < size; i += 8) {
    uint64_t word;
    std::memcpy(&word, row + i, 8);
    const auto product = static_cast<unsigned __int128>(hash ^ word) * seed.second;
    hash = static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
  }
  return hash;
}

}  // namespace

GroupTable::GroupTable(std::vector<std::shared_ptr<arrow::DataType>> key_types, int64_t max_groups)
    : layout_(std::move(key_types)), max_groups_(max_groups) {
  Clear();
}

void GroupTable::Clear() {
  rows_.clear();
  rows_.shrink_to_fit();
  size_ = 0;
  offsets_.assign(1, 0);
  offsets_.shrink_to_fit();
  slots_ = base::ZeroedArray(size_t{1} << kLeastSlotBits);
  shift_ = 64 - kLeastSlotBits;
  dictionaries_.clear();
  by_codes_ = {};
  piece_ = {};
  piece_hashes_ = {};
}

uint64_t GroupTable::HashOf(int64_t group) const { return HashRow(RowOf(group), SizeOf(group)); }

int64_t GroupTable::bytes_held() const {
  return static_cast<int64_t>(rows_.capacity() + offsets_.capacity() * sizeof(int64_t) +
                              slots_.bytes() + piece_hashes_.capacity() * sizeof(uint64_t) +
                              by_codes_.capacity() * sizeof(uint32_t)) +
         piece_.bytes_held();
}

Status GroupTable::Assign(const std::vector<vector::Column>& keys, int64_t rows, uint32_t* groups) {
  std::vector<int32_t> first;
  if (!AssignByCodes(keys, rows, groups, &first)) return AssignByHash(keys, rows, groups);
  if (first.empty()) return Status::OK();
  // Until then codes stand for places in `first`, which nobody else may take for groups.
  auto dictionaries = std::exchange(dictionaries_, {});
  std::vector<vector::Column> some;
  for (const vector::Column& key : keys) {
    ARROW_ASSIGN_OR_RAISE(vector::Column gathered, key.Gather(first));
    some.push_back(std::move(gathered));
  }
  std::vector<uint32_t> found(first.size());
  ARROW_RETURN_NOT_OK(AssignByHash(some, static_cast<int64_t>(first.size()), found.data()));
  for (int64_t i = 0; i < rows; ++i) {
    if ((groups[i] & kNewCode) != 0) groups[i] = found[groups[i] & ~kNewCode];
  }
  for (size_t i = 0; i < first.size(); ++i) by_codes_[CodeOf(keys, first[i])] = found[i] + 1;
  dictionaries_ = std::move(dictionaries);
  return Status::OK();
}

// Looks every row up by its combination of dictionary codes. The first row of each combination that
// is new goes to `first`, and its number there, with kNewCode, to the rows that have it. False when
// the keys are not all dictionary-encoded, or have too many combinations.
bool GroupTable::AssignByCodes(const std::vector<vector::Column>& keys, int64_t rows,
                               uint32_t* groups, std::vector<int32_t>* first) {
  size_t combinations = 1;
  bool same = dictionaries_.size() == keys.size();
  for (size_t k = 0; k < keys.size(); ++k) {
    if (keys[k].kind() != vector::Column::Kind::kDictionary || keys[k].valid() != nullptr)
      return false;
    combinations *= static_cast<size_t>(keys[k].dictionary()->length());
    if (combinations == 0 || combinations > kMaxCodes) return false;
    same = same && dictionaries_[k] == keys[k].dictionary();
  }
  if (keys.empty()) return false;
  if (!same) {
    dictionaries_.clear();
    for (const vector::Column& key : keys) dictionaries_.push_back(key.dictionary());
    by_codes_.assign(combinations, 0);
  }
  const int32_t* of_first = keys[0].values<int32_t>();
  for (int64_t i = 0; i < rows; ++i) groups[i] = static_cast<uint32_t>(of_first[i]);
  for (size_t k = 1; k < keys.size(); ++k) {
    const auto scale = static_cast<uint32_t>(keys[k].dictionary()->length());
    const int32_t* codes = keys[k].values<int32_t>();
    for (int64_t i = 0; i < rows; ++i)
      groups[i] = groups[i] * scale + static_cast<uint32_t>(codes[i]);
  }
  constexpr uint32_t kUnknown = 0u - 1u;
  bool any = false;
  for (int64_t i = 0; i < rows; ++i) {
    groups[i] = by_codes_[groups[i]] - 1;
    any |= groups[i] == kUnknown;
  }
  for (int64_t i = 0; any && i < rows; ++i) {
    if (groups[i] != kUnknown) continue;
    uint32_t& known = by_codes_[CodeOf(keys, i)];
    if (known == 0) {
      known = kNewCode + 1 + static_cast<uint32_t>(first->size());
      first->push_back(static_cast<int32_t>(i));
    }
    groups[i] = known - 1;
  }
  return true;
}

size_t GroupTable::CodeOf(const std::vector<vector::Column>& keys, int64_t row) {
  size_t code = 0;
  for (const vector::Column& key : keys) {
    code = code * static_cast<size_t>(key.dictionary()->length()) +
           static_cast<size_t>(key.values<int32_t>()[row]);
  }
  return code;
}

Result<std::vector<vector::Column>> GroupTable::Flattened(const std::vector<vector::Column>& keys) {
  std::vector<vector::Column> flat;
  for (const vector::Column& key : keys) {
    ARROW_ASSIGN_OR_RAISE(vector::Column one, key.kind() == vector::Column::Kind::kDictionary
                                                  ? key.Flatten()
                                                  : Result<vector::Column>(key));
    flat.push_back(std::move(one));
  }
  return flat;
}

Result<std::vector<uint64_t>> GroupTable::HashesOf(const std::vector<vector::Column>& given,
                                                   int64_t rows) {
  ARROW_ASSIGN_OR_RAISE(const std::vector<vector::Column> keys, Flattened(given));
  std::vector<std::shared_ptr<arrow::DataType>> types;
  for (const vector::Column& key : keys) types.push_back(key.type());
  const KeyLayout layout(std::move(types));
  KeyRows piece;
  std::vector<uint64_t> hashes;
  hashes.reserve(static_cast<size_t>(rows));
  for (int64_t begin = 0; begin < rows; begin += piece.rows()) {
    piece.Encode(layout, keys, begin, rows);
    for (int64_t i = 0; i < piece.rows(); ++i) {
      hashes.push_back(HashRow(piece.row(i), piece.size(i)));
    }
  }
  return hashes;
}

Status GroupTable::AssignByHash(const std::vector<vector::Column>& given, int64_t rows,
                                uint32_t* groups) {
  ARROW_ASSIGN_OR_RAISE(const std::vector<vector::Column> keys, Flattened(given));
  for (int64_t begin = 0; begin < rows; begin += piece_.rows()) {
    piece_.Encode(layout_, keys, begin, rows);
    ARROW_RETURN_NOT_OK(AssignPiece(groups + begin));
  }
  return Status::OK();
}

Status GroupTable::AssignPiece(uint32_t* groups) {
  switch (layout_.row_bytes()) {
    case 8:
      return AssignRows<8>(groups);
    case 16:
      return AssignRows<16>(groups);
    case 24:
      return AssignRows<24>(groups);
    default:
      return AssignRows<0>(groups);
  }
}

// Three walks, so that what one needs of a large table is on its way from memory since the one
// before: the slot of each row, then the key of the group that the slot names. Rows of a new key
// often follow each other.
template <int64_t kBytes>
Status GroupTable::AssignRows(uint32_t* groups) {
  const Seed& seed = SeedOfProcess();
  const uint64_t mask = slots_.size() - 1;
  const int64_t rows = piece_.rows();
  piece_hashes_.resize(std::max(piece_hashes_.size(), static_cast<size_t>(rows)));
  uint64_t* hashes = piece_hashes_.data();
  const auto size_of = [&](int64_t i) { return kBytes > 0 ? kBytes : piece_.size(i); };
  const auto row_at = [&, first = piece_.row(0)](int64_t i) {
    return kBytes > 0 ? first + i * kBytes : piece_.row(i);
  };
  const auto has_key = [&](uint32_t group, const uint8_t* row, int64_t size) {
    if constexpr (kBytes == 0) return HasKey(group, row, size);
    return SameRow(rows_.data() + group * kBytes, row, kBytes);
  };
  for (int64_t i = 0; i < rows; ++i) {
    hashes[i] = SeededHash(seed, row_at(i), size_of(i));
    __builtin_prefetch(&slots_[hashes[i] >> shift_]);
  }
  for (int64_t i = 0; i < rows; ++i) {
    uint64_t at = hashes[i] >> shift_;
    while (slots_[at] != 0 && (slots_[at] & kUpperHalf) != (hashes[i] & kUpperHalf)) {
      at = (at + 1) & mask;
    }
    groups[i] = static_cast<uint32_t>(slots_[at]);
    if (groups[i] != 0) __builtin_prefetch(RowOf(groups[i] - 1));
  }
  for (int64_t i = 0; i < rows; ++i) {
    const uint8_t* row = row_at(i);
    const int64_t size = size_of(i);
    if (groups[i] != 0 && has_key(groups[i] - 1, row, size)) {
      --groups[i];
    } else if (i > 0 && hashes[i] == hashes[i - 1] && size_of(i - 1) == size &&
               SameRow(row_at(i - 1), row, size)) {
      groups[i] = groups[i - 1];
    } else {
      ARROW_ASSIGN_OR_RAISE(groups[i], FindOrInsert(row, size, hashes[i]));
    }
  }
  return Status::OK();
}

Result<uint32_t> GroupTable::FindOrInsert(const uint8_t* row, int64_t size, uint64_t hash) {
  const uint64_t mask = slots_.size() - 1;
  for (uint64_t at = hash >> shift_;; at = (at + 1) & mask) {
    const uint64_t slot = slots_[at];
    if (slot == 0) {
      if (size_ >= max_groups_) {
        return base::LimitExceeded("more than {} groups, or distinct values, in one table",
                                   max_groups_);
      }
      const auto group = static_cast<uint32_t>(size_++);
      slots_[at] = (hash & kUpperHalf) | (group + 1);
      rows_.insert(rows_.end(), row, row + size);
      if (layout_.row_bytes() == 0) offsets_.push_back(static_cast<int64_t>(rows_.size()));
      if (static_cast<size_t>(size_) * 2 > slots_.size()) Grow();
      return group;
    }
    const auto group = static_cast<uint32_t>(slot) - 1;
    if ((slot & kUpperHalf) == (hash & kUpperHalf) && HasKey(group, row, size)) return group;
  }
}

// From the first slot to the last, so that they are written nearly in order.
void GroupTable::Grow() {
  base::ZeroedArray slots(slots_.size() * 2);
  const uint64_t mask = slots.size() - 1;
  --shift_;
  for (size_t i = 0; i < slots_.size(); ++i) {
    if (slots_[i] == 0) continue;
    uint64_t at = slots_[i] >> shift_;
    while (slots[at] != 0) at = (at + 1) & mask;
    slots[at] = slots_[i];
  }
  slots_ = std::move(slots);
}

Result<std::vector<vector::Column>> GroupTable::Keys(std::span<const int32_t> groups) const {
  std::vector<const uint8_t*> rows;
  rows.reserve(groups.size());
  for (const int32_t group : groups) rows.push_back(RowOf(group));
  return layout_.Decode(rows);
}

}  // namespace skyhook::exec
