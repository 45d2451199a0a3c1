// Aggregates that depend on the order of rows, or estimate, against native tables of the same rows.
#include "skyhook/sql/query_testing.h"
#include "skyhook/testing/temporary_directory.h"

namespace skyhook::sql {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

// Three files of 20,000 rows in all, with row groups that several threads share; and the same rows
// in the table `native`, which one thread reads in order.
class AggregatePushdownTest : public ::testing::Test {
 protected:
  AggregatePushdownTest() {
    Do("SET threads = 1");
    Do("CREATE TABLE native AS SELECT i, (i * 7919 % 101)::INTEGER AS k, "
       "CASE WHEN i % 3 = 0 THEN NULL ELSE i * 31 % 9973 END AS x, "
       "CASE WHEN i % 5 < 2 THEN NULL ELSE 'text ' || (i % 211) END AS s, "
       "(i * 37 % 10007)::DECIMAL(12, 2) / 100 AS d, "
       "DATE '1992-01-01' + (i * 13 % 2500)::INTEGER AS day, exp((i % 2000) / 100.0) AS e "
       "FROM range(20000) r(i)");
    for (int file = 0; file < 3; ++file) {
      Do(
          fmt::format("COPY (SELECT * FROM native WHERE i >= {} AND i < {} ORDER BY i) TO '{}/{}"
                      ".parquet' (ROW_GROUP_SIZE 2048)",
                      file * 7000, (file + 1) * 7000, directory_.path(), file));
    }
  }

  void Do(const std::string& sql) { Ask(*connection_, sql); }

  Answer OverFiles(std::string sql, int threads) {
    Do(fmt::format("SET threads = {}", threads));
    sql.replace(sql.find("TABLE"), 5, fmt::format("'{}'", directory_.path()));
    return Ask(*connection_, sql);
  }

  std::vector<std::string> Native(std::string sql) {
    Do("SET threads = 1");
    sql.replace(sql.find("TABLE"), 5, "native");
    return RowsOfQuery(*connection_, sql);
  }

  static std::string PushedText(const Answer& answer) {
    std::string text;
    for (const auto& account : answer.accounts()) {
      for (const PushedPart& part : account->pushed) {
        if (part.kind == PushedPart::Kind::kAggregate) text += part.text;
      }
    }
    return text;
  }

  testing::TemporaryDirectory directory_;
  std::unique_ptr<Connection> connection_ = TestConnection();
};

TEST_F(AggregatePushdownTest, FirstLastAndAnyValueAreThoseOfOneThread) {
  const std::string sql =
      "SELECT k, first(x), arbitrary(s), last(x), last(s), any_value(x), any_value(s), "
      "first(day) FILTER (i > 5000), any_value(x + 1) FILTER (s IS NULL) FROM TABLE "
      "WHERE i % 7 <> 2 GROUP BY k ORDER BY k";
  const auto expected = Native(sql);
  ASSERT_THAT(expected, SizeIs(101));
  for (int threads : {1, 2, 4}) {
    const Answer answer = OverFiles(sql, threads);
    EXPECT_THAT(PushedText(answer), HasSubstr("first(x), first(s), last(x)"));
    EXPECT_EQ(Rows(*answer.table), expected) << threads;
  }
}

TEST_F(AggregatePushdownTest, OneGroupHasTheFirstRowOfAllFiles) {
  const std::string sql = "SELECT first(x), any_value(x), last(x), last(i), first(i) FROM TABLE";
  EXPECT_EQ(Native(sql), std::vector<std::string>{"NULL, 31, 1643, 19999, 0"});
  for (int threads : {1, 2, 4}) {
    EXPECT_EQ(Rows(*OverFiles(sql, threads).table), Native(sql)) << threads;
  }
}

// DuckDB counts rows instead of values that cannot be NULL, and does not evaluate what is counted.
TEST_F(AggregatePushdownTest, CountsOfValuesThatCannotBeNullAreCountsOfRows) {
  Do("CREATE TABLE least AS SELECT -2147483648 + i AS x, CASE WHEN i > 0 THEN x END AS y "
     "FROM range(4) r(i)");
  const std::string path = directory_.File("least/t.parquet");
  Do("ALTER TABLE least ALTER x TYPE INTEGER");
  Do("ALTER TABLE least ALTER y TYPE INTEGER");
  Do("COPY least TO '" + path + "' (FORMAT parquet)");
  const auto ask = [&](const std::string& select, const std::string& table) {
    auto stream = connection_->Query("SELECT " + select + " FROM " + table);
    if (!stream.ok()) return std::string("an error");
    const auto rows = (*stream)->ToTable();
    return rows.ok() ? Rows(**rows)[0] : std::string("an error");
  };
  for (const auto& [select, expected] :
       {std::pair{"count(abs(x))", "4"}, std::pair{"count(x - 1), count(x)", "4, 4"},
        std::pair{"count(y), count(abs(y))", "3, 3"}, std::pair{"sum(abs(x))", "an error"},
        std::pair{"count(DISTINCT abs(x))", "an error"}, std::pair{"count(y - 3)", "an error"}}) {
    EXPECT_EQ(ask(select, "least"), expected) << select;
    EXPECT_EQ(ask(select, "'" + path + "'"), expected) << select;
  }
  EXPECT_EQ(ask("count(abs(x))", "(SELECT x FROM '" + path + "' WHERE x > -2147483647)"), "2");
}

TEST_F(AggregatePushdownTest, OrderedAndExactOnesStayInDuckDb) {
  for (const std::string measure : {"first(x ORDER BY s)", "any_value(s ORDER BY x)", "median(x)",
                                    "quantile_cont(x, 0.5)", "approx_quantile(x, [0.1, 0.9])"}) {
    const Answer answer = OverFiles("SELECT " + measure + " FROM TABLE", 2);
    EXPECT_EQ(PushedText(answer), "") << measure;
  }
}

TEST_F(AggregatePushdownTest, ApproximateQuantilesAreWithinTheirBound) {
  const std::string columns[] = {"x::DOUBLE", "e", "i::DOUBLE", "d::DOUBLE"};
  for (const std::string& column : columns) {
    for (const double fraction : {0.0, 0.01, 0.5, 0.95, 1.0}) {
      const auto sql = [&](const char* function) {
        return fmt::format("SELECT k % 5 AS g, {}({}, {}) FROM TABLE GROUP BY g ORDER BY g",
                           function, column, fraction);
      };
      const auto exact = Native(sql("quantile_cont"));
      const Answer answer = OverFiles(sql("approx_quantile"), 2);
      EXPECT_THAT(PushedText(answer), HasSubstr("approx_quantile("));
      const auto estimated = Rows(*answer.table);
      ASSERT_THAT(exact, SizeIs(5));
      ASSERT_THAT(estimated, SizeIs(5));
      for (size_t i = 0; i < 5; ++i) {
        const double wanted = std::stod(exact[i].substr(3));
        EXPECT_NEAR(std::stod(estimated[i].substr(3)), wanted, wanted * std::exp2(-8) + 1e-9)
            << column << " at " << fraction;
      }
    }
  }
}

TEST_F(AggregatePushdownTest, ApproximateQuantilesOfFewValuesAreExactInEveryType) {
  // 2500 days, 10,007 decimals of which the sketch holds 4096 buckets, 2000 exponentials.
  EXPECT_EQ(Rows(*OverFiles("SELECT approx_quantile(day, 0.25), approx_quantile(k, 0.5), "
                            "approx_quantile(day, 1) FILTER (k = 3) FROM TABLE",
                            2)
                      .table),
            Native("SELECT (quantile_cont(day, 0.25) + INTERVAL 12 HOUR)::DATE, quantile_cont(k, "
                   "0.5)::INTEGER, "
                   "max(day) FILTER (k = 3) FROM TABLE"));
}

// As docs/guide/limits.md says: a sum that leaves the range of a double on its way stays infinite,
// and one whose parts do not leave it is their sum.
TEST_F(AggregatePushdownTest, SumsOfFloatsBeyondTheLargestAreInfinite) {
  const auto write = [&](const std::string& name, const char* values) {
    Do(fmt::format("COPY (SELECT * FROM (VALUES {}) t(x)) TO '{}'", values, directory_.File(name)));
  };
  write("one/a.parquet", "(1e308::DOUBLE), (1e308), (-1e308), (-1e308)");
  write("two/a.parquet", "(1e308::DOUBLE), (-1e308)");
  write("two/b.parquet", "(1e308::DOUBLE), (-1e308)");
  const auto sum = [&](const std::string& folder) {
    const Answer answer = Ask(
        *connection_, fmt::format("SELECT sum(x), avg(x) FROM '{}/{}'", directory_.path(), folder));
    EXPECT_THAT(PushedText(answer), HasSubstr("sum(x)"));
    return Rows(*answer.table);
  };
  EXPECT_EQ(sum("one"), std::vector<std::string>{"inf, inf"});
  EXPECT_EQ(sum("two"), std::vector<std::string>{"0, 0"});
  EXPECT_EQ(RowsOfQuery(*connection_,
                        "SELECT sum(x) FROM (VALUES (1e308::DOUBLE), (1e308), (-1e308), "
                        "(-1e308)) t(x)"),
            std::vector<std::string>{"inf"});
}

}  // namespace
}  // namespace skyhook::sql
