// Tables with the values and types that readers get wrong.
#pragma once

#include <arrow/table.h>

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <random>
#include <string>

namespace skyhook::differential {

using Random = std::mt19937_64;

inline constexpr uint64_t kUsualQueries = 5000;

/// A number of the environment.
inline uint64_t Setting(const char* name, uint64_t otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr ? otherwise : std::strtoull(value, nullptr, 10);
}

/// A number below `bound`.
inline int Below(Random* random, int bound) {
  return static_cast<int>((*random)() % static_cast<uint64_t>(bound));
}

/// One of the choices.
template <typename T>
const T& OneOf(Random* random, const std::vector<T>& choices) {
  return choices[static_cast<size_t>(Below(random, static_cast<int>(choices.size())))];
}

/// A value of a SQL type as text that casts to it: ends of ranges, NaN, infinities, -0.0, empty and
/// multi-byte text, far dates; often small numbers, so that values meet.
std::string RandomValue(const std::string& sql_type, Random* random);

/// `rows` rows of id (ascending from 0, no NULLs) and a column of every type in kColumns. Wide ones
/// have texts of kWideTextBytes in s, and kWideColumns more columns, w0, w1 and so on, each as id.
std::shared_ptr<arrow::Table> RandomTable(int64_t rows, Random* random, bool wide = false);

inline constexpr size_t kWideTextBytes = 20'000;
inline constexpr int kWideColumns = 120;

struct FileColumn {
  const char* name;
  const char* sql_type;
};
inline constexpr FileColumn kColumns[] = {
    {"b", "BOOLEAN"},         {"i1", "TINYINT"},        {"i2", "SMALLINT"},  {"i4", "INTEGER"},
    {"i8", "BIGINT"},         {"u1", "UTINYINT"},       {"u2", "USMALLINT"}, {"u4", "UINTEGER"},
    {"u8", "UBIGINT"},        {"f4", "FLOAT"},          {"f8", "DOUBLE"},    {"d5", "DECIMAL(5,2)"},
    {"d15", "DECIMAL(15,4)"}, {"d30", "DECIMAL(30,6)"}, {"s", "VARCHAR"},    {"k", "VARCHAR"},
    {"da", "DATE"},           {"ts", "TIMESTAMP"},      {"ti", "TIME"},      {"uu", "UUID"},
    {"K_1", "VARCHAR"}};

/// What K_1 is called in files with columns that differ in case only; SQL calls it K_1 all the
/// same.
inline constexpr const char* kUpperCaseColumn = "K";

}  // namespace skyhook::differential
