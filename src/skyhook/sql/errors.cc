#include "skyhook/sql/errors.h"

#include <array>
#include <string_view>

#include "skyhook/base/status.h"

namespace skyhook::sql {
namespace {

using arrow::Status;

constexpr std::string_view kBadAlloc = "std::bad_alloc";

// `text` up to where `mark` begins, without line breaks at its end.
std::string Before(const std::string& text, std::string_view mark) {
  std::string before = text.substr(0, text.find(mark));
  before.erase(before.find_last_not_of(" \n") + 1);
  return before;
}

bool IsOfDuckDb(std::string_view name) {
  constexpr std::array<std::string_view, 6> kPrefixes = {
      "pg_", "information_schema", "duckdb_", "sqlite_", "pragma_", "temp."};
  for (const auto prefix : kPrefixes) {
    if (name.starts_with(prefix)) return true;
  }
  return false;
}

// Without the line that offers a table of DuckDB's catalogue for the one that is not there.
std::string WithoutStrangeOffer(std::string text) {
  constexpr std::string_view kOffer = "Did you mean \"";
  const size_t begin = text.find(kOffer);
  if (begin == std::string::npos) return text;
  if (!IsOfDuckDb(std::string_view(text).substr(begin + kOffer.size()))) return text;
  size_t end = text.find('\n', begin);
  end = end == std::string::npos ? text.size() : end + 1;
  text.erase(begin, end - begin);
  text.erase(text.find_last_not_of('\n') + 1);
  return text;
}

Status OutOfMemory(const std::string& message) {
  return base::LimitExceeded("the query needs more memory than its limit (--memory): {}",
                             Before(message, "\nPossible solutions"));
}

// What is wrong with a CSV file that DuckDB reads, without DuckDB's advice and its list of
// settings.
Status CsvError(const std::string& message) {
  constexpr std::string_view kFile = "\n  file = ";
  const size_t begin = message.find(kFile);
  const std::string text = Before(Before(message, "\nPossible "), kFile);
  if (begin == std::string::npos) return base::CorruptData("{}", text);
  const size_t name = begin + kFile.size();
  return base::CorruptData("{}: {}", message.substr(name, message.find('\n', name) - name), text);
}

}  // namespace

Status ToStatus(const duckdb::ErrorData& error) {
  const std::string& message = error.RawMessage();
  if (message == kBadAlloc) return OutOfMemory("the system gives no more");
  switch (error.Type()) {
    case duckdb::ExceptionType::INTERRUPT:
      return Status::Cancelled("the query was interrupted");
    case duckdb::ExceptionType::OUT_OF_MEMORY:
      return OutOfMemory(message);
    case duckdb::ExceptionType::IO:
    case duckdb::ExceptionType::PERMISSION:
      return Status::IOError(message);
    case duckdb::ExceptionType::INTERNAL:
    case duckdb::ExceptionType::FATAL:
      return Status::UnknownError(
          "DuckDB failed: ", Before(Before(message, "\nThis error signals"), "\n\nStack Trace"));
    case duckdb::ExceptionType::NOT_IMPLEMENTED:
      return Status::NotImplemented(message);
    default:
      if (message.starts_with("CSV Error on Line")) return CsvError(message);
      return Status::Invalid(WithoutStrangeOffer(message));
  }
}

}  // namespace skyhook::sql
