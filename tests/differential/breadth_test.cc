// Every function and aggregate of the catalogue over every type of SQL: what is pushed answers as
// DuckDB does, row by row and error by error. Holds docs/reference/pushed-by-type.md; run with
// SKYHOOK_UPDATE=1 to write it anew. With fewer than its usual number of queries in
// SKYHOOK_DIFFERENTIAL, only every tenth call is compared and the page is not looked at.
#include <arrow/compute/api.h>

#include <algorithm>
#include <fstream>
#include <regex>
#include <set>

#include "skyhook/plan/functions/catalogue.h"
#include "skyhook/sql/differential_testing.h"
#include "tests/differential/catalogue_calls.h"
#include "tests/differential/random_file.h"

namespace skyhook::differential {
namespace {

using sql::Require;
using Strings = std::vector<std::string>;
using Unit = arrow::TimeUnit;

constexpr char kPage[] = SKYHOOK_SOURCE_DIR "/docs/reference/pushed-by-type.md";
constexpr int64_t kRows = 120;

constexpr char kIntroduction[] =
    "# What is pushed, by type\n"
    "\n"
    "Calls as SQL spells them, over columns `x` and `y` of each type that DuckDB takes there: "
    "where\n"
    "they run inside the scan, and where they stay in DuckDB. The test\n"
    "`tests/differential/breadth_test.cc` holds this page and compares every call that is pushed "
    "with\n"
    "DuckDB's own answer; `SKYHOOK_UPDATE=1` rewrites it.\n"
    "\n"
    "| call | pushed for | stays in DuckDB for |\n"
    "|---|---|---|\n";

// A type of SQL, and how its columns are made of those of RandomTable.
struct SqlType {
  const char* name;
  const char* from;  ///< the column of RandomTable
  const char* a;     ///< text of two constants
  const char* b;
  std::shared_ptr<arrow::DataType> type = nullptr;  ///< what `from` is cast to; null: as it is
};

const std::vector<SqlType>& SqlTypes() {
  static const std::vector<SqlType> types = {
      {"BOOLEAN", "b", "true", "false"},
      {"TINYINT", "i1", "3", "-128"},
      {"SMALLINT", "i2", "3", "-32768"},
      {"INTEGER", "i4", "3", "2147483647"},
      {"BIGINT", "i8", "3", "-9223372036854775808"},
      {"UTINYINT", "u1", "3", "255"},
      {"USMALLINT", "u2", "3", "65535"},
      {"UINTEGER", "u4", "3", "4294967295"},
      {"UBIGINT", "u8", "3", "18446744073709551615"},
      {"FLOAT", "f4", "nan", "0.0"},
      {"DOUBLE", "f8", "nan", "-0.0"},
      {"DECIMAL(5,2)", "d5", "0.50", "999.99"},
      {"DECIMAL(15,4)", "d15", "0.5", "-99999999999.9999"},
      {"DECIMAL(30,6)", "d30", "0.5", "999999999999999999999999.999999"},
      {"VARCHAR", "s", "", "abc"},
      {"BLOB", "s", "", "abc", arrow::binary()},
      {"DATE", "da", "1970-01-01", "2000-02-29"},
      {"TIME", "ti", "00:00:00", "23:59:59.999999"},
      {"TIMESTAMP_S", "ts", "1970-01-01", "2000-02-29 12:34:56", arrow::timestamp(Unit::SECOND)},
      {"TIMESTAMP_MS", "ts", "1970-01-01", "2000-02-29 12:34:56.789",
       arrow::timestamp(Unit::MILLI)},
      {"TIMESTAMP", "ts", "1970-01-01", "2000-02-29 12:34:56.789012"},
      {"TIMESTAMP_NS", "ts", "1970-01-01", "2000-02-29 12:34:56.789012",
       arrow::timestamp(Unit::NANO)},
      {"TIMESTAMP WITH TIME ZONE", "ts", "1970-01-01 00:00:00+00", "2000-02-29 12:34:56.789012+00",
       arrow::timestamp(Unit::MICRO, "UTC")}};
  return types;
}

struct TypeGroup {
  const char* name;
  Strings types;
};

std::vector<TypeGroup> Groups() {
  std::vector<TypeGroup> groups = {
      {"every type", {}},
      {"integers",
       {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER",
        "UBIGINT"}},
      {"floats", {"FLOAT", "DOUBLE"}},
      {"decimals", {"DECIMAL(5,2)", "DECIMAL(15,4)", "DECIMAL(30,6)"}},
      {"timestamps", {"TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP", "TIMESTAMP_NS"}}};
  for (const SqlType& type : SqlTypes()) groups[0].types.emplace_back(type.name);
  return groups;
}

bool Contains(const Strings& texts, const std::string& text) {
  return std::find(texts.begin(), texts.end(), text) != texts.end();
}

// The types, by group where all of one are there.
std::string Summary(Strings types) {
  Strings out;
  for (const TypeGroup& group : Groups()) {
    if (!std::all_of(group.types.begin(), group.types.end(),
                     [&](const std::string& type) { return Contains(types, type); })) {
      continue;
    }
    out.emplace_back(group.name);
    std::erase_if(types, [&](const std::string& type) { return Contains(group.types, type); });
  }
  out.insert(out.end(), types.begin(), types.end());
  return fmt::format("{}", fmt::join(out, ", "));
}

std::string Replaced(std::string text, std::string_view what, const std::string& with) {
  for (size_t at = text.find(what); at != std::string::npos;
       at = text.find(what, at + with.size())) {
    text.replace(at, what.size(), with);
  }
  return text;
}

class BreadthTest : public sql::DifferentialTest {
 protected:
  BreadthTest() {
    std::vector<std::pair<std::string, std::shared_ptr<arrow::Array>>> columns;
    for (const char* prefix : {"x", "y"}) {
      const auto table = Require(RandomTable(kRows, &random_)->CombineChunksToBatch());
      for (size_t i = 0; i < SqlTypes().size(); ++i) {
        auto array = table->GetColumnByName(SqlTypes()[i].from);
        if (SqlTypes()[i].type != nullptr) {
          array = Require(arrow::compute::Cast(*array, SqlTypes()[i].type,
                                               arrow::compute::CastOptions::Unsafe()));
        }
        columns.emplace_back(fmt::format("{}{}", prefix, i), std::move(array));
      }
    }
    Write(columns);
  }

  // The call over the columns of a type.
  static std::string Over(std::string_view call, size_t type) {
    const SqlType& sql = SqlTypes()[type];
    std::string text = Replaced(std::string(call), "$x", fmt::format("x{}", type));
    text = Replaced(text, "$y", fmt::format("y{}", type));
    text = Replaced(text, "$a", fmt::format("'{}'::{}", sql.a, sql.name));
    return Replaced(text, "$b", fmt::format("'{}'::{}", sql.b, sql.name));
  }

  // Runs a call over each type, compares what is pushed, and adds its line to the page. Whether
  // any was pushed.
  bool Cover(std::string_view call, const std::string& shown) {
    if (is_sample_ && calls_++ % 10 != 0) return true;
    Strings pushed, kept;
    for (size_t type = 0; type < SqlTypes().size(); ++type) {
      const std::string expression = Over(call, type);
      const std::optional<bool> inside = IsPushed(expression);
      if (!inside.has_value()) continue;
      (*inside ? pushed : kept).emplace_back(SqlTypes()[type].name);
      if (*inside) ExpectSame(expression);
    }
    page_ += fmt::format("| `{}` | {} | {} |\n", Replaced(shown, "|", "\\|"), Summary(pushed),
                         Summary(kept));
    return !pushed.empty();
  }

  // Nothing when DuckDB knows no such call.
  std::optional<bool> IsPushed(const std::string& expression) {
    return PushesAggregate(QueryOf(expression, "id < 0"));
  }

  std::optional<bool> PushesAggregate(const std::string& query) {
    Ask(*connection_, "SET skyhook_pushdown = true");
    auto stream = connection_->Query(query);
    if (!stream.ok()) {
      // As DuckDB's binder says it of functions and of casts.
      EXPECT_THAT(stream.status().message(),
                  ::testing::AnyOf(::testing::HasSubstr("No function matches"),
                                   ::testing::HasSubstr("Could not choose a best candidate"),
                                   ::testing::HasSubstr("Unimplemented type for cast")))
          << query;
      return std::nullopt;
    }
    Require((*stream)->ToTable());
    return !PushedAggregates((*stream)->plan()).empty();
  }

  // Sums of floats far apart depend on the order of rows: only small ones are taken, and so they
  // are of numbers that a call turns into floats.
  std::string AggregateQuery(std::string_view call, size_t type) {
    const std::string name = SqlTypes()[type].name;
    const bool number = name.find("INT") != std::string::npos || name.starts_with("DECIMAL");
    const bool of_floats =
        std::regex_search(call.begin(), call.end(), std::regex("covar|corr|var_|stddev"));
    const bool floats = name == "FLOAT" || name == "DOUBLE" || (number && of_floats);
    return fmt::format(
        "SELECT x0, {} FROM '{}' WHERE {} GROUP BY x0 ORDER BY x0", Over(call, type),
        directory_.File("t.arrow"),
        floats
            ? Over(fmt::format("($x BETWEEN {0} AND 100 AND $y BETWEEN {0} AND 100) IS NOT FALSE",
                               name.starts_with("U") ? 0 : -100),
                   type)
            : "true");
  }

  bool CoverAggregate(const AggregateCall& call) {
    Strings pushed, kept;
    for (size_t type = 0; type < SqlTypes().size(); ++type) {
      const std::string query = AggregateQuery(call.text, type);
      const std::optional<bool> inside = PushesAggregate(query);
      if (!inside.has_value()) continue;
      (*inside ? pushed : kept).emplace_back(SqlTypes()[type].name);
      if (*inside) ExpectSameAggregate(query);
    }
    page_ += fmt::format("| `{}` | {} | {} |\n",
                         Replaced(Replaced(std::string(call.text), "$x", "x"), "$y", "y"),
                         Summary(pushed), Summary(kept));
    return !pushed.empty();
  }

  void ExpectSameAggregate(const std::string& query) {
    SCOPED_TRACE(query);
    const auto pushed = Run(query);
    Ask(*connection_, "SET skyhook_pushdown = false");
    const auto plain = Run(query);
    ASSERT_EQ(pushed.ok(), plain.ok()) << pushed.status() << "\n" << plain.status();
    if (!pushed.ok()) return;
    ASSERT_EQ((*plain)->num_rows(), 3);
    sql::ExpectSameRows(**pushed, **plain);
  }

  arrow::Result<std::shared_ptr<arrow::Table>> Run(const std::string& query) {
    ARROW_ASSIGN_OR_RAISE(auto stream, connection_->Query(query));
    return stream->ToTable();
  }

  void ExpectPage() {
    if (is_sample_) return;
    if (std::getenv("SKYHOOK_UPDATE") != nullptr) std::ofstream(kPage) << page_;
    std::ifstream file(kPage);
    std::ostringstream expected;
    expected << file.rdbuf();
    EXPECT_EQ(page_, expected.str());
  }

  const bool is_sample_ = Setting("SKYHOOK_DIFFERENTIAL", kUsualQueries) < kUsualQueries;
  int calls_ = 0;
  Random random_{20261125};
  std::string page_ = kIntroduction;
};

TEST_F(BreadthTest, EveryFunctionAndAggregateOverEveryType) {
  std::set<plan::Function> covered;
  for (const CatalogueCall& call : CatalogueCalls()) {
    std::string shown = Replaced(Replaced(std::string(call.text), "$x", "x"), "$y", "y");
    shown = Replaced(Replaced(shown, "$a", "1"), "$b", "2");
    if (Cover(call.text, shown)) covered.insert(call.function);
  }
  for (const char* cast : {"CAST", "TRY_CAST"}) {
    for (const SqlType& to : SqlTypes()) {
      const std::string text = fmt::format("{}($x AS {})", cast, to.name);
      if (!Cover(text, Replaced(text, "$x", "x"))) continue;
      covered.insert(cast[0] == 'C' ? plan::Function::kCast : plan::Function::kTryCast);
    }
  }
  std::set<plan::AggregateFunction> aggregates;
  for (const AggregateCall& call : AggregateCalls()) {
    if (CoverAggregate(call)) aggregates.insert(call.function);
  }
  ExpectPage();
  for (const plan::AggregateEntry& entry : plan::AggregateCatalogue()) {
    if (entry.duckdb.empty() || entry.name.starts_with("approx_")) continue;
    EXPECT_TRUE(aggregates.contains(entry.function)) << entry.name << " is pushed for no type";
  }
  for (const plan::CatalogueEntry& entry : plan::Catalogue()) {
    if (entry.duckdb.empty()) continue;
    EXPECT_TRUE(covered.contains(entry.function)) << entry.name << " is pushed for no type";
  }
}

}  // namespace
}  // namespace skyhook::differential
