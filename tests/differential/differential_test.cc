// Random queries over random files: pushed into the scan, they answer as DuckDB does over a native
// table of the same rows, whoever wrote the files, however the rows are cut into them, put into a
// store or not, with one thread and with two, and (for some of the queries) as they do when nothing
// is pushed. Each table is read in one of four ways, with shortcuts as measured, always and never,
// and caches that are warm, tiny and cold.
//
// SKYHOOK_DIFFERENTIAL is the number of queries, SKYHOOK_SEED the first seed; SKYHOOK_READING, 0 to
// 3, the only way of reading. A failure prints its
// seed; SKYHOOK_SEED=seed SKYHOOK_DIFFERENTIAL=1 runs that query over its files alone.
#include <cstdlib>
#include <filesystem>
#include <regex>
#include <set>

#include "skyhook/client/session.h"
#include "skyhook/plan/functions/catalogue.h"
#include "skyhook/sql/query_testing.h"
#include "skyhook/testing/temporary_directory.h"
#include "tests/differential/random_query.h"
#include "tests/differential/random_tables.h"

namespace skyhook::differential {
namespace {

using plan::Function;
using sql::Connection;

constexpr uint64_t kQueriesPerTable = 50;
constexpr int kMostFailures = 20;

// Functions whose calls print neither their name nor their symbol between blanks.
const std::set<Function> kPrintedOtherwise = {Function::kNot, Function::kNegate, Function::kIsNull,
                                              Function::kIsNotNull, Function::kExtract};

// Calls that random queries make seldom, or with arguments outside the domain.
constexpr const char* kDirected[] = {
    "SELECT min(sign(f8)), max(sign(i4)), min(sign(d15)), max(atan(f8)) FROM TABLE",
    "SELECT max(log2(u4::BIGINT + 1)), max(log10(u4::BIGINT + 1)), max(ln(u1::BIGINT + 1)), "
    "max(sqrt(u2)), "
    "max(acosh(u1::BIGINT + 1)), max(acos(sign(i4))), max(asin(sign(i4))) FROM TABLE",
    "SELECT max(exp(least(f8, 2))), max(tanh(f8)), max(asinh(f8)), max(sinh(i1)), max(cosh(i1)), "
    "max(cbrt(f8)), max(radians(f8)), max(degrees(f8)), max(tan(i1)) FROM TABLE",
    "SELECT sum(length(s)), sum(strlen(s)), sum(bit_length(k)) FROM TABLE",
    "SELECT k, first(s), last(i4), any_value(d15), first(u1) FILTER (i4 > 0) FROM TABLE GROUP BY k "
    "ORDER BY k",
    "SELECT first(id), last(id), any_value(s), count(abs(i4)), last(f8) FROM TABLE"};

std::string Put(std::string sql, const std::string& table) {
  return sql.replace(sql.find("TABLE"), 5, table);
}

// DuckDB sorts by keys that do not hold the sign of zero, and may read the values back from them
// (over native tables it does, where a late fetch of the other columns pays).
bool MayLoseSignsOfZero(const std::string& sql) {
  return sql.find("ORDER BY ALL") != std::string::npos ||
         sql.find("ORDER BY f") != std::string::npos;
}

std::vector<std::string> WithoutSignsOfZero(std::vector<std::string> rows) {
  static const std::regex zero("(^|, )-0(?=,|$)");
  for (std::string& row : rows) row = std::regex_replace(row, zero, "$010");
  return rows;
}

// How tables are read.
std::vector<client::SessionOptions> Readings() {
  using format::Shortcuts;
  constexpr int64_t kTiny = 64 * 1024;
  return {{.shortcuts = Shortcuts::kMeasured},
          {.cache_bytes = kTiny, .shortcuts = Shortcuts::kAlways},
          {.remember_predicates = false, .shortcuts = Shortcuts::kNever},
          {.cache_bytes = kTiny, .remember_predicates = false}};
}

// A query's rows, or its error.
struct Outcome {
  arrow::Status status;
  std::shared_ptr<arrow::Table> table;
};

class DifferentialTest : public ::testing::Test {
 protected:
  DifferentialTest() {
    for (const client::SessionOptions& reading : Readings()) {
      connections_.push_back(sql::TestConnection({}, std::make_shared<client::Session>(reading)));
    }
    sql::Ask(*oracle_,
             "SET disabled_optimizers = 'statistics_propagation, filter_pushdown, "
             "reorder_filter, in_clause'");
  }

  // Writes a table's files, and makes them a native table.
  void UseTable(uint64_t number) {
    std::filesystem::remove_all(path_);
    path_ = fmt::format("{}/{}", directory_.path(), number);
    const char* only = std::getenv("SKYHOOK_READING");
    const size_t reading = only == nullptr ? number : std::strtoull(only, nullptr, 10);
    connection_ = connections_[reading % connections_.size()].get();
    const DoInDuckdb duckdb = [this](const std::string& sql) { sql::Ask(*oracle_, sql); };
    sources_ = MakeSources(number, path_, duckdb, &seen_);
    Do(fmt::format("SET threads = {}", 1 + number / 2 % 2));
    if (sources_.decimals_beyond) ExpectBeyond();
    if (sources_.wide) {
      const uint64_t seed = (number - 1) * kQueriesPerTable;
      Compare(seed, {fmt::format("SELECT {} FROM TABLE", SumOfWideColumns()), false, false}, true);
    }
  }

  static std::string SumOfWideColumns() {
    std::string sums = "count(*), max(length(s))";
    for (int i = 0; i < kWideColumns; ++i) sums += fmt::format(", sum(w{} + {})", i, i);
    return sums;
  }

  // A value that its column cannot hold is an error that names the column, pushed or not.
  void ExpectBeyond() {
    for (const std::string& name : sources_.names) {
      for (const char* query : {"SELECT d5 FROM '{}'", "SELECT sum(d5) FROM '{}'"}) {
        const auto status = Run(fmt::format(fmt::runtime(query), name)).status;
        failures_ += IsBeyond(status) ? 0 : 1;
        EXPECT_TRUE(IsBeyond(status)) << query << ": " << status << "\n" << sources_.layout;
      }
    }
  }

  static bool IsBeyond(const arrow::Status& status) {
    const std::string& message = status.message();
    return base::Is(status, base::Code::kCorruptData) &&
           message.find("column 'd5'") != std::string::npos &&
           message.find(kBeyond) != std::string::npos;
  }

  void Do(const std::string& statement) { sql::Ask(*connection_, statement); }

  Outcome Run(const std::string& query) { return RunIn(connection_, query); }

  Outcome RunIn(Connection* connection, const std::string& query) {
    auto stream = connection->Query(query);
    if (!stream.ok()) return {stream.status(), nullptr};
    auto table = (*stream)->ToTable();
    if (!table.ok()) return {table.status(), nullptr};
    for (const auto& account : sql::AccountsOf((*stream)->plan())) {
      for (const auto& part : account->pushed) Note(part.text);
    }
    return {arrow::Status::OK(), *table};
  }

  // Without rewriting by statistics: of text that it knows to be ASCII, substring gives something
  // else for a negative length and a start beyond its end. Without pushing filters down: a native
  // table then loses NULL where a filter is `x IS DISTINCT FROM 1 OR x > 2`. Without ordering
  // conditions and joining lists: it takes some casts that fail, as that of text to UUID, for ones
  // that cannot, and evaluates them before their guard.
  Outcome RunNatively(const std::string& query) {
    return RunIn(oracle_.get(), Put(query, "native"));
  }

  // Remembers which functions stand in what was pushed.
  void Note(const std::string& text) {
    for (const plan::CatalogueEntry& entry : plan::Catalogue()) {
      const std::string name =
          entry.symbol.empty() ? fmt::format("{}(", entry.name) : fmt::format(" {} ", entry.symbol);
      if (text.find(name) != std::string::npos) pushed_.insert(entry.function);
    }
  }

  // Over one of the sources; `thoroughly`: over all of them, pushed and not.
  void Compare(uint64_t seed, const RandomQuery& query, bool thoroughly) {
    SCOPED_TRACE(fmt::format("SKYHOOK_SEED={} SKYHOOK_DIFFERENTIAL=1\n{}\n{}", seed,
                             sources_.layout, query.sql));
    const Outcome expected = RunNatively(query.sql);
    const size_t sources = sources_.names.size();
    for (size_t i = 0; i < (thoroughly ? sources : 1); ++i) {
      const std::string over = fmt::format("'{}'", sources_.names[(seed + i) % sources]);
      CompareOutcomes(query, over, Run(Put(query.sql, over)), expected, query.sql);
      if (!thoroughly) continue;
      Do("SET skyhook_pushdown = false");
      CompareOutcomes(query, over, Run(Put(query.sql, over)), expected, "d5 and all others");
      Do("SET skyhook_pushdown = true");
    }
  }

  // `columns` names at least those that were read.
  void CompareOutcomes(const RandomQuery& query, const std::string& over, const Outcome& actual,
                       const Outcome& expected, const std::string& columns) {
    if (query.guarded) guarded_ += expected.status.ok() ? 1 : 0;
    if (!actual.status.ok() && sources_.decimals_beyond && IsBeyond(actual.status)) {
      failures_ += columns.find("d5") == std::string::npos ? 1 : 0;
      EXPECT_THAT(columns, ::testing::HasSubstr("d5")) << actual.status;
      ++beyond_;
      return;
    }
    if (!expected.status.ok() || !actual.status.ok()) {
      const bool same = expected.status.ok() == actual.status.ok() ||
                        (actual.status.ok() && FailsForWhatItCounts(query.sql, over));
      (same ? errors_ : failures_) += 1;
      EXPECT_TRUE(same) << over << ": " << actual.status.message()
                        << "\nnative: " << expected.status.message();
      return;
    }
    if (actual.table->Equals(*expected.table, kSameBits)) return;
    if (query.approximate) {
      const bool failed_before = HasFailure();
      sql::ExpectSameRows(*actual.table, *expected.table);
      failures_ += HasFailure() && !failed_before ? 1 : 0;
      return;
    }
    auto rows = sql::Rows(*actual.table);
    auto wanted = sql::Rows(*expected.table);
    if (MayLoseSignsOfZero(query.sql)) {
      rows = WithoutSignsOfZero(std::move(rows));
      wanted = WithoutSignsOfZero(std::move(wanted));
    }
    failures_ += rows == wanted ? 0 : 1;
    EXPECT_EQ(rows, wanted);
  }

  // Over a column that it knows to be without NULL, DuckDB counts rows and does not evaluate
  // count(f(x)): f cannot fail there as it does over the native table, unless its values are
  // needed.
  bool FailsForWhatItCounts(const std::string& sql, const std::string& over) {
    static const std::regex counted(R"(count\((?!\*|DISTINCT ))");
    const std::string distinct = std::regex_replace(sql, counted, "count(DISTINCT ");
    return distinct != sql && !Run(Put(distinct, over)).status.ok();
  }

  testing::TemporaryDirectory directory_;
  std::vector<std::unique_ptr<Connection>> connections_;        ///< as Readings
  Connection* connection_ = nullptr;                            ///< that of the table
  std::unique_ptr<Connection> oracle_ = sql::TestConnection();  ///< with the native table
  const arrow::EqualOptions kSameBits =
      arrow::EqualOptions::Defaults().nans_equal(true).signed_zeros_equal(false);
  std::string path_;  ///< of the files
  RandomSources sources_;
  std::set<Function> pushed_;
  std::set<std::string> seen_;  ///< what was awkward in files
  int errors_ = 0;              ///< queries that fail on both sides
  int guarded_ = 0;             ///< with rows, of those where a guard keeps failures away
  int beyond_ = 0;              ///< ended by a decimal beyond its precision
  int failures_ = 0;            ///< that differ
};

TEST_F(DifferentialTest, AnswersOverFilesAreThoseOfNativeTables) {
  const uint64_t first = Setting("SKYHOOK_SEED", 1);
  const uint64_t queries = Setting("SKYHOOK_DIFFERENTIAL", kUsualQueries);
  uint64_t table = 0;
  for (uint64_t seed = first; seed < first + queries && failures_ < kMostFailures; ++seed) {
    const uint64_t wanted = seed / kQueriesPerTable + 1;
    if (table != wanted) UseTable(table = wanted);
    Random random(seed);
    Compare(seed, MakeQuery(&random), seed % 5 == 0);
  }
  // DuckDB's own first and last take any thread's rows.
  const uint64_t last = first + queries - 1;
  for (const char* query : kDirected) Compare(last, {query, true}, false);
  fmt::print(
      "{} queries from seed {}: {} outcomes errors on both sides, {} guarded with rows, {} ended "
      "by "
      "decimals beyond, {} functions pushed, {} kinds of awkward files, {} differences\n",
      queries, first, errors_, guarded_, beyond_, pushed_.size(), seen_.size(), failures_);
  if (queries < kUsualQueries) return;
  for (const plan::CatalogueEntry& entry : plan::Catalogue()) {
    if (entry.duckdb.empty() || kPrintedOtherwise.contains(entry.function)) continue;
    EXPECT_TRUE(pushed_.contains(entry.function)) << entry.name << " was never pushed";
  }
  for (const std::string& kind : AwkwardKinds()) {
    EXPECT_TRUE(seen_.contains(kind)) << "no file was '" << kind << "'";
  }
  EXPECT_GT(guarded_, 0);
  EXPECT_GT(beyond_, 0);
}

}  // namespace
}  // namespace skyhook::differential
