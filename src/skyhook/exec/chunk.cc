#include "skyhook/exec/chunk.h"

#include <algorithm>

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
  if (selection_.has_value()) selection = *selection_;
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

void Chunk::Narrow(const std::vector<int32_t>& rows) {
  if (static_cast<int64_t>(rows.size()) == this->rows()) return;
  if (selection_.has_value()) {
    std::vector<int32_t> selection(rows.size());
    for (size_t i = 0; i < rows.size(); ++i) {
      selection[i] = (*selection_)[static_cast<size_t>(rows[i])];
    }
    selection_ = std::move(selection);
  } else {
    selection_ = rows;
  }
  narrowings_.push_back(rows);
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
