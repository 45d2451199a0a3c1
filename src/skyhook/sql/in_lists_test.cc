#include "skyhook/sql/in_lists.h"

#include "skyhook/sql/query_testing.h"

namespace skyhook::sql {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kMarkJoin[] = "MARK";

class InListsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    Ask(*connection_,
        "CREATE TABLE t AS SELECT i, CASE WHEN i % 3 = 0 THEN 'x' ELSE i::VARCHAR END AS s "
        "FROM range(3000) r(i)");
  }

  std::string PlanOf(const std::string& sql) {
    return ToString(Require(connection_->Explain(sql)).plan, PlanText::kPlan);
  }

  std::unique_ptr<Connection> connection_ = TestConnection();
};

TEST_F(InListsTest, LongListsOverOtherTablesAreJoins) {
  const std::string sql =
      "SELECT count(*) FROM range(3000) r(i) WHERE i IN (0, 1, 2, 3, 4, 5, 2999, 7777)";
  EXPECT_THAT(PlanOf(sql), HasSubstr(kMarkJoin));
  EXPECT_THAT(RowsOfQuery(*connection_, sql), ElementsAre("7"));
}

TEST_F(InListsTest, NullsAreAsWithoutAJoin) {
  EXPECT_THAT(RowsOfQuery(*connection_,
                          "SELECT count(*) FROM t WHERE xor(i, 1) NOT IN (0, 1, 2, 3, 4, NULL)"),
              ElementsAre("0"));
  EXPECT_THAT(
      RowsOfQuery(*connection_,
                  "SELECT count(*) FROM t WHERE nullif(xor(i, 1), 1) NOT IN (0, 2, 3, 4, 5, 6)"),
      ElementsAre("2993"));
}

TEST_F(InListsTest, AListAloneIsAJoinAlthoughItsLeftSideMayFail) {
  const std::string sql = "SELECT count(*) FROM t WHERE i + 1 IN (0, 1, 2, 3, 4, 5, 3000, 7777)";
  EXPECT_THAT(PlanOf(sql), HasSubstr(kMarkJoin));
  EXPECT_THAT(RowsOfQuery(*connection_, sql), ElementsAre("6"));
}

TEST_F(InListsTest, ListsBesideOtherConditionsStayWhereTheirLeftSideMayFail) {
  const std::string sql =
      "SELECT count(*) FROM range(3000) r(i) WHERE i % 3 <> 0 AND i + 1 IN (1, 2, 3, 4, 5, 6)";
  EXPECT_THAT(PlanOf(sql), Not(HasSubstr(kMarkJoin)));
  EXPECT_THAT(RowsOfQuery(*connection_, sql), ElementsAre("4"));
}

}  // namespace
}  // namespace skyhook::sql
