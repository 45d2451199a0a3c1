// Conditions that may fail come after the ones that keep failures away, also where DuckDB takes
// them for conditions that cannot fail and orders them by their cost.
#include "skyhook/sql/condition_order.h"

#include <filesystem>

#include "skyhook/sql/query_testing.h"
#include "skyhook/testing/temporary_directory.h"

namespace skyhook::sql {
namespace {

using ::testing::ElementsAre;

constexpr char kIsUuid[] = "list_count([TRY_CAST(s AS UUID)]) = 1";
constexpr char kLowUuid[] = "CAST(s AS UUID) < '00000000-0000-0000-0000-000000000009'";
constexpr char kIsUnsigned[] = "list_count([TRY_CAST(b AS UBIGINT)]) = 1";

// Three hundred rows: b and d from -5 up, s a UUID in every hundredth.
class ConditionOrderTest : public ::testing::Test {
 protected:
  void SetUp() override {
    Ask(*connection_,
        "COPY (SELECT i - 5 AS b, (i - 5)::DECIMAL(5,1) AS d, CASE WHEN i % 100 = 0 THEN "
        "'00000000-0000-0000-0000-00000000000' || i // 100 ELSE 'name' || i END AS s "
        "FROM range(300) t(i)) TO '" +
            file_ + "'");
  }

  // The count of rows under a condition, with the pushdown and without.
  std::vector<std::string> Counts(const std::string& condition) {
    const std::string query = "SELECT count(*) FROM '" + file_ + "' WHERE " + condition;
    std::vector<std::string> counts = RowsOfQuery(*connection_, query);
    Ask(*connection_, "SET skyhook_pushdown = false");
    for (std::string& count : RowsOfQuery(*connection_, query)) counts.push_back(std::move(count));
    Ask(*connection_, "SET skyhook_pushdown = true");
    return counts;
  }

  testing::TemporaryDirectory directory_;
  const std::string file_ = directory_.path() + "/t.parquet";
  std::unique_ptr<Connection> connection_ = TestConnection();
};

TEST_F(ConditionOrderTest, AGuardComesBeforeACastThatDuckDbTrusts) {
  EXPECT_THAT(Counts(fmt::format("{} AND {}", kIsUuid, kLowUuid)), ElementsAre("3", "3"));
  EXPECT_THAT(Counts(fmt::format("{} AND CAST(b AS UBIGINT) < 5", kIsUnsigned)),
              ElementsAre("5", "5"));
  EXPECT_THAT(Counts("list_count([TRY_CAST(d AS DECIMAL(3,1))]) = 1 AND "
                     "CAST(d AS DECIMAL(3,1)) < 20"),
              ElementsAre("25", "25"));
}

TEST_F(ConditionOrderTest, AGuardComesFirstWithinOtherConditions) {
  EXPECT_THAT(Counts(fmt::format("b < -100 OR ({} AND {})", kIsUuid, kLowUuid)),
              ElementsAre("3", "3"));
  EXPECT_THAT(Counts(fmt::format("b > 0 AND (NOT {} OR {})", kIsUuid, kLowUuid)),
              ElementsAre("294", "294"));
}

TEST_F(ConditionOrderTest, AGuardComesBeforeALongListOfCasts) {
  std::string list = "'00000000-0000-0000-0000-000000000001'";
  for (int i = 2; i < 9; ++i) list += fmt::format(", '00000000-0000-0000-0000-00000000000{}'", i);
  EXPECT_THAT(Counts(fmt::format("{} AND CAST(s AS UUID) IN ({})", kIsUuid, list)),
              ElementsAre("2", "2"));
}

}  // namespace
}  // namespace skyhook::sql
