// The schema of a table out of those of its fragments, and what each fragment calls its columns.
#pragma once

#include <arrow/result.h>
#include <arrow/type.h>

#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "skyhook/site/site.h"

namespace skyhook::client {

/// Table column to the name that a fragment has for it, where that differs.
using RenamedColumns = std::map<std::string, std::string>;

/// Unites fields in the order of first sight. Two fields are one column when they have the same
/// field id or, where one of them has none, the same name; a column has the name that it is first
/// seen with.
class SchemaUnion {
 public:
  /// Takes the fields of a fragment. Fails, naming both files, when a column has two types, or a
  /// name two field ids.
  arrow::Result<RenamedColumns> Add(const site::FragmentDescription& fragment);

  /// The fields except those that `partitions` replaces, then `partitions`.
  std::shared_ptr<arrow::Schema> With(const arrow::FieldVector& partitions) const;

 private:
  static constexpr int kNoId = -1;

  struct Known {
    std::shared_ptr<arrow::Field> field;
    std::string file;
    int id;
  };

  /// The place of the column that a field is, added when it is a new one.
  arrow::Result<size_t> Find(const arrow::Field& field, int id, const std::string& file);
  arrow::Status Unite(const arrow::Field& field, const std::string& file, Known* known);

  std::vector<Known> columns_;
  std::unordered_map<std::string, size_t> by_name_;  ///< every name that some file has for it
  std::unordered_map<int, size_t> by_id_;
};

}  // namespace skyhook::client
