// Which columns are written with dictionaries.
#pragma once

#include <arrow/record_batch.h>

#include <cstdint>
#include <string>
#include <vector>

namespace skyhook::format {

/// Rows that are looked at; fewer where these take more than so many bytes.
inline constexpr int64_t kDictionarySampleRows = 16 * 1024;
inline constexpr int64_t kDictionarySampleBytes = 16 * 1024 * 1024;

/// The columns of which the dictionary of a row group of `row_group_rows` rows would hold more than
/// half as many values as the row group does, judged by its first rows, `sample`: as one piece that
/// has to be decompressed whole it costs more than plain pages, which can be skipped. Columns of
/// types whose values cannot be told apart keep their dictionaries.
///
/// Values that were not seen are estimated from those that were seen once and twice (Chao 1984,
/// "Nonparametric estimation of the number of classes in a population").
std::vector<std::string> ColumnsWithoutDictionary(const arrow::RecordBatch& sample,
                                                  int64_t row_group_rows);

}  // namespace skyhook::format
