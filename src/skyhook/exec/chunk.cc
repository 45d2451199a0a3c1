#include "skyhook/exec/chunk.h"

#include <algorithm>
#include <utility>

namespace skyhook::exec {

using arrow::Result;
using arrow::Status;

Result<std::shared_ptr<const vector::Column>> DictionaryColumns::Get(
    const arrow::DictionaryArray& array) {
  const auto& data = array.data()->dictionary;
  Entry& entry = columns_[data.get()];
  if (entry.column == nullptr) {
    ARROW_ASSIGN_OR_RAISE(vector::Column column, vector::Column::FromArray(array.dictionary()));
    entry = {data, std::make_shared<const vector::Column>(std::move(column))};
  }
  return entry.column;
}

Result<vector::Column> Chunk::Load(int column) {
  const auto found = loaded_.find(column);
  if (found != loaded_.end()) {
    Loaded& loaded = found->second;
    for (; loaded.version < narrowings_.size(); ++loaded.version) {
      ARROW_ASSIGN_OR_RAISE(loaded.values, loaded.values.Gather(narrowings_[loaded.version]));
    }
    return loaded.values;
  }
  const int field = (*context_.fields)[static_cast<size_t>(column)];
  std::optional<std::span<const int32_t>> selection;
  if (this->selection().has_value()) selection = *this->selection();
  ARROW_ASSIGN_OR_RAISE(auto array, context_.reader->Read(field, begin_, length_, selection));
  vector::Column values;
  if (array->type_id() == arrow::Type::DICTIONARY) {
    ARROW_ASSIGN_OR_RAISE(auto dictionary, context_.dictionaries->Get(
                                               static_cast<const arrow::DictionaryArray&>(*array)));
    ARROW_ASSIGN_OR_RAISE(values,
                          vector::Column::FromIndices(*array->data(), std::move(dictionary)));
  } else {
    ARROW_ASSIGN_OR_RAISE(values, vector::Column::FromArray(array));
  }
  loaded_[column] = {values, narrowings_.size()};
  return values;
}

const std::optional<std::vector<int32_t>>& Chunk::selection() const {
  if (!bits_.empty()) selection_ = format::SetBits(std::exchange(bits_, {}).data(), 0, length_);
  return selection_;
}

void Chunk::KeepBits(std::vector<uint8_t> bits, int64_t left) {
  if (left == length_) return;
  bits_ = std::move(bits);
  rows_ = left;
}

void Chunk::Narrow(const std::vector<int32_t>& rows) {
  if (static_cast<int64_t>(rows.size()) == rows_) return;
  rows_ = static_cast<int64_t>(rows.size());
  if (selection().has_value()) {
    std::vector<int32_t> narrower(rows.size());
    for (size_t i = 0; i < rows.size(); ++i) {
      narrower[i] = (*selection_)[static_cast<size_t>(rows[i])];
    }
    selection_ = std::move(narrower);
  } else {
    selection_ = rows;
  }
  if (!loaded_.empty()) narrowings_.push_back(rows);
}

bool Chunk::Joins(const Chunk& next) const {
  return std::equal(loaded_.begin(), loaded_.end(), next.loaded_.begin(), next.loaded_.end(),
                    [](const auto& a, const auto& b) {
                      return a.first == b.first && a.second.values.Joins(b.second.values);
                    });
}

Result<std::unique_ptr<Chunk>> Chunk::Joined(std::span<const std::unique_ptr<Chunk>> chunks) {
  const Chunk& first = *chunks.front();
  auto joined =
      std::make_unique<Chunk>(first.context_, first.begin(), chunks.back()->end() - first.begin());
  std::vector<int32_t> rows;
  for (const auto& chunk : chunks) {
    for (int64_t i = 0; i < chunk->rows(); ++i) {
      rows.push_back(static_cast<int32_t>(chunk->RowAt(i) - first.begin()));
    }
  }
  joined->Narrow(rows);
  for (const auto& [column, loaded] : first.loaded_) {
    std::vector<vector::Column> parts;
    for (const auto& chunk : chunks) parts.push_back(chunk->loaded_.at(column).values);
    ARROW_ASSIGN_OR_RAISE(vector::Column values, vector::Column::Joined(parts));
    joined->loaded_[column] = {std::move(values), 0};
  }
  return joined;
}

Status Chunk::Retain(std::span<const int> columns) {
  for (auto loaded = loaded_.begin(); loaded != loaded_.end();) {
    if (std::find(columns.begin(), columns.end(), loaded->first) == columns.end()) {
      loaded = loaded_.erase(loaded);
    } else {
      ARROW_RETURN_NOT_OK(Load(loaded->first).status());
      ++loaded;
    }
  }
  narrowings_.clear();
  for (auto& [column, loaded] : loaded_) loaded.version = 0;
  return Status::OK();
}

}  // namespace skyhook::exec
