#include "skyhook/exec/aggregate/group_table.h"

#include <sys/auxv.h>
#include <xxhash.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "skyhook/base/status.h"
#include "skyhook/plan/types.h"
#include "skyhook/vector/text.h"
#include "skyhook/vector/value_set.h"

namespace skyhook::exec {

using arrow::Result;
using arrow::Status;

namespace {

constexpr size_t kMaxCodes = 1 << 16;
// Keys that are encoded at a time.
constexpr int64_t kPieceRows = 1024;
constexpr int64_t kPieceBytes = 64 * 1024;
constexpr uint64_t kUpperHalf = 0xFFFFFFFF00000000ULL;

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
uint64_t SeedOfProcess() {
  static const uint64_t kSeed = [] {
    uint64_t seed = 0;
    const auto* random = reinterpret_cast<const void*>(getauxval(AT_RANDOM));
    if (random != nullptr) std::memcpy(&seed, random, sizeof(seed));
    return seed;
  }();
  return kSeed;
}

uint64_t SeededHash(const uint8_t* row, int64_t size) {
  return XXH3_64bits_withSeed(row, static_cast<size_t>(size), SeedOfProcess());
}

int64_t PaddedTo8(int64_t size) { return (size + 7) / 8 * 8; }

}  // namespace

GroupTable::GroupTable(std::vector<std::shared_ptr<arrow::DataType>> key_types, int64_t max_groups)
    : types_(std::move(key_types)), max_groups_(max_groups) {
  Clear();
}

void GroupTable::Clear() {
  rows_.clear();
  rows_.shrink_to_fit();
  hashes_.clear();
  hashes_.shrink_to_fit();
  offsets_.assign(1, 0);
  offsets_.shrink_to_fit();
  slots_.assign(64, 0);
  slots_.shrink_to_fit();
  dictionaries_.clear();
  by_codes_ = {};
  scratch_ = {};
}

uint64_t GroupTable::HashOf(int64_t group) const {
  const auto at = static_cast<size_t>(group);
  return HashRow(rows_.data() + offsets_[at], offsets_[at + 1] - offsets_[at]);
}

int64_t GroupTable::bytes_held() const {
  return static_cast<int64_t>(rows_.capacity() + offsets_.capacity() * sizeof(int64_t) +
                              hashes_.capacity() * sizeof(uint64_t) +
                              slots_.capacity() * sizeof(uint64_t) +
                              by_codes_.capacity() * sizeof(uint32_t)) +
         scratch_.bytes_held();
}

Status GroupTable::Assign(const std::vector<vector::Column>& keys, int64_t rows, uint32_t* groups) {
  std::vector<int32_t> unknown;
  if (!AssignByCodes(keys, rows, groups, &unknown)) return AssignByHash(keys, rows, groups);
  if (unknown.empty()) return Status::OK();
  std::vector<vector::Column> some;
  for (const vector::Column& key : keys) {
    ARROW_ASSIGN_OR_RAISE(vector::Column gathered, key.Gather(unknown));
    some.push_back(std::move(gathered));
  }
  std::vector<uint32_t> found(unknown.size());
  ARROW_RETURN_NOT_OK(AssignByHash(some, static_cast<int64_t>(unknown.size()), found.data()));
  for (size_t i = 0; i < unknown.size(); ++i) groups[unknown[i]] = found[i];
  RememberCodes(keys, unknown, groups);
  return Status::OK();
}

// Looks every row up by its combination of dictionary codes; rows whose combination is new go to
// `unknown`. False when the keys are not all dictionary-encoded, or have too many combinations.
bool GroupTable::AssignByCodes(const std::vector<vector::Column>& keys, int64_t rows,
                               uint32_t* groups, std::vector<int32_t>* unknown) {
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
  const int32_t* first = keys[0].values<int32_t>();
  for (int64_t i = 0; i < rows; ++i) groups[i] = static_cast<uint32_t>(first[i]);
  for (size_t k = 1; k < keys.size(); ++k) {
    const auto scale = static_cast<uint32_t>(keys[k].dictionary()->length());
    const int32_t* codes = keys[k].values<int32_t>();
    for (int64_t i = 0; i < rows; ++i)
      groups[i] = groups[i] * scale + static_cast<uint32_t>(codes[i]);
  }
  for (int64_t i = 0; i < rows; ++i) {
    const uint32_t known = by_codes_[groups[i]];
    if (known == 0) {
      unknown->push_back(static_cast<int32_t>(i));
    } else {
      groups[i] = known - 1;
    }
  }
  return true;
}

void GroupTable::RememberCodes(const std::vector<vector::Column>& keys,
                               const std::vector<int32_t>& rows, const uint32_t* groups) {
  for (int32_t row : rows) {
    size_t code = 0;
    for (const vector::Column& key : keys) {
      code = code * static_cast<size_t>(key.dictionary()->length()) +
             static_cast<size_t>(key.values<int32_t>()[row]);
    }
    by_codes_[code] = groups[row] + 1;
  }
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

// Encodes some of the rows [begin, end): the first, and as many as fit a piece.
void GroupTable::Encode(const std::vector<vector::Column>& keys, int64_t begin, int64_t end,
                        Encoded* out) {
  int64_t fixed = 0;
  for (const vector::Column& key : keys) {
    fixed += 1 + (plan::IsTextOrBytes(*key.type()) ? 4 : vector::ValueWidth(*key.type()));
  }
  std::vector<int64_t>& offsets = out->offsets;
  offsets.assign(1, 0);
  for (int64_t row = begin; row < end && out->rows() < kPieceRows; ++row) {
    int64_t size = fixed;
    for (const vector::Column& key : keys) {
      if (plan::IsTextOrBytes(*key.type()) && key.IsValid(row)) {
        size += key.values<vector::TextView>()[key.is_constant() ? 0 : row].size();
      }
    }
    if (row > begin && offsets.back() + size > kPieceBytes) break;
    offsets.push_back(offsets.back() + PaddedTo8(size));
  }
  out->bytes.assign(static_cast<size_t>(offsets.back()), 0);
  out->cursors.assign(offsets.begin(), offsets.end() - 1);
  for (const vector::Column& key : keys) EncodeKey(key, begin, out);
}

void GroupTable::EncodeKey(const vector::Column& key, int64_t begin, Encoded* out) {
  vector::VisitPhysical(*key.type(), [&](auto value) {
    using T = decltype(value);
    for (int64_t i = 0; i < out->rows(); ++i) {
      const int64_t row = begin + i;
      int64_t& cursor = out->cursors[static_cast<size_t>(i)];
      uint8_t* to = out->bytes.data() + cursor;
      const bool valid = key.IsValid(row);
      *to++ = static_cast<uint8_t>(!valid);
      if constexpr (std::is_same_v<T, vector::TextView>) {
        const std::string_view text = valid ? key.TextAt(row) : std::string_view();
        const auto size = static_cast<uint32_t>(text.size());
        std::memcpy(to, &size, sizeof(size));
        if (!text.empty()) std::memcpy(to + sizeof(size), text.data(), text.size());
        cursor += 1 + static_cast<int64_t>(sizeof(size) + text.size());
      } else {
        const T one = valid ? vector::Canonical(key.values<T>()[key.is_constant() ? 0 : row]) : T{};
        std::memcpy(to, &one, sizeof(T));
        cursor += 1 + static_cast<int64_t>(sizeof(T));
      }
    }
  });
}

Result<std::vector<uint64_t>> GroupTable::HashesOf(const std::vector<vector::Column>& given,
                                                   int64_t rows) {
  ARROW_ASSIGN_OR_RAISE(const std::vector<vector::Column> keys, Flattened(given));
  Encoded encoded;
  std::vector<uint64_t> hashes;
  hashes.reserve(static_cast<size_t>(rows));
  for (int64_t begin = 0; begin < rows; begin += encoded.rows()) {
    Encode(keys, begin, rows, &encoded);
    for (int64_t i = 0; i < encoded.rows(); ++i) {
      hashes.push_back(HashRow(encoded.row(i), encoded.size(i)));
    }
  }
  return hashes;
}

Status GroupTable::AssignByHash(const std::vector<vector::Column>& given, int64_t rows,
                                uint32_t* groups) {
  ARROW_ASSIGN_OR_RAISE(const std::vector<vector::Column> keys, Flattened(given));
  for (int64_t begin = 0; begin < rows; begin += scratch_.rows()) {
    Encode(keys, begin, rows, &scratch_);
    for (int64_t i = 0; i < scratch_.rows(); ++i) {
      ARROW_ASSIGN_OR_RAISE(groups[begin + i], FindOrInsert(scratch_.row(i), scratch_.size(i)));
    }
  }
  return Status::OK();
}

Result<uint32_t> GroupTable::FindOrInsert(const uint8_t* row, int64_t size) {
  const uint64_t hash = SeededHash(row, size);
  const uint64_t mask = slots_.size() - 1;
  for (uint64_t at = hash & mask;; at = (at + 1) & mask) {
    const uint64_t slot = slots_[at];
    if (slot == 0) {
      if (this->size() >= max_groups_) {
        return base::LimitExceeded("more than {} groups, or distinct values, in one table",
                                   max_groups_);
      }
      const auto group = static_cast<uint32_t>(hashes_.size());
      slots_[at] = (hash & kUpperHalf) | (group + 1);
      hashes_.push_back(hash);
      rows_.insert(rows_.end(), row, row + size);
      offsets_.push_back(static_cast<int64_t>(rows_.size()));
      if (hashes_.size() * 2 > slots_.size()) Grow();
      return group;
    }
    if ((slot & kUpperHalf) != (hash & kUpperHalf)) continue;
    const auto group = static_cast<uint32_t>(slot) - 1;
    const int64_t begin = offsets_[group];
    if (offsets_[group + 1] - begin == size &&
        std::memcmp(rows_.data() + begin, row, static_cast<size_t>(size)) == 0) {
      return group;
    }
  }
}

void GroupTable::Grow() {
  std::vector<uint64_t> slots(slots_.size() * 2, 0);
  const uint64_t mask = slots.size() - 1;
  for (size_t group = 0; group < hashes_.size(); ++group) {
    uint64_t at = hashes_[group] & mask;
    while (slots[at] != 0) at = (at + 1) & mask;
    slots[at] = (hashes_[group] & kUpperHalf) | (group + 1);
  }
  slots_ = std::move(slots);
}

// Decodes one key of each group, starting at its cursor, which moves on to the next key.
Result<vector::Column> GroupTable::DecodeKey(size_t key, std::span<const int32_t> groups,
                                             std::vector<int64_t>* cursors) const {
  const auto& type = types_[key];
  const auto count = static_cast<int64_t>(groups.size());
  return vector::VisitPhysical(*type, [&](auto value) -> Result<vector::Column> {
    using T = decltype(value);
    if constexpr (std::is_same_v<T, vector::TextView>) {
      vector::TextBuilder builder;
      for (int64_t& cursor : *cursors) {
        uint32_t size;
        std::memcpy(&size, rows_.data() + cursor + 1, sizeof(size));
        const auto* text = reinterpret_cast<const char*>(rows_.data() + cursor + 5);
        ARROW_RETURN_NOT_OK(rows_[static_cast<size_t>(cursor)] != 0
                                ? builder.AppendNull()
                                : builder.Append(std::string_view(text, size)));
        cursor += 5 + int64_t{size};
      }
      return builder.Finish(type);
    } else {
      ARROW_ASSIGN_OR_RAISE(auto values, vector::AllocateValues<T>(count));
      ARROW_ASSIGN_OR_RAISE(auto valid, vector::AllocateValues<uint8_t>(count));
      bool any_null = false;
      for (size_t i = 0; i < groups.size(); ++i) {
        int64_t& cursor = (*cursors)[i];
        const bool null = rows_[static_cast<size_t>(cursor)] != 0;
        any_null |= null;
        valid->mutable_data()[i] = static_cast<uint8_t>(!null);
        std::memcpy(vector::MutableValues<T>(values) + i, rows_.data() + cursor + 1, sizeof(T));
        cursor += 1 + static_cast<int64_t>(sizeof(T));
      }
      if (!any_null) valid = nullptr;
      return vector::Column::Flat(type, count, std::move(values), std::move(valid));
    }
  });
}

Result<std::vector<vector::Column>> GroupTable::Keys(std::span<const int32_t> groups) const {
  std::vector<int64_t> cursors;
  cursors.reserve(groups.size());
  for (int32_t group : groups) cursors.push_back(offsets_[static_cast<size_t>(group)]);
  std::vector<vector::Column> out;
  for (size_t key = 0; key < types_.size(); ++key) {
    ARROW_ASSIGN_OR_RAISE(vector::Column column, DecodeKey(key, groups, &cursors));
    out.push_back(std::move(column));
  }
  return out;
}

}  // namespace skyhook::exec
