#include <map>
#include <tuple>

#include "skyhook/sql/query_testing.h"

namespace skyhook::sql {
namespace {

enum class Pushdown { kOn, kOff };

std::unique_ptr<Connection> OpenTpch(int threads) {
  DatabaseOptions options;
  options.threads = threads;
  options.data_directories = {TpchDirectory()};
  return TestConnection(options);
}

void ExpectOnlyOurScans(const PlanNode& node) {
  if (node.is_scan) {
    EXPECT_NE(node.scan, nullptr) << node.name;
  }
  for (const PlanNode& child : node.children) ExpectOnlyOurScans(child);
}

class TpchTest : public ::testing::TestWithParam<std::tuple<int, Pushdown, int>> {
 protected:
  static void SetUpTestSuite() { oracle_ = OpenTpchOracle(); }
  static void TearDownTestSuite() {
    oracle_.reset();
    connections_.clear();
  }

  static Connection& Skyhook(int threads) {
    auto& connection = connections_[threads];
    if (connection == nullptr) connection = OpenTpch(threads);
    return *connection;
  }
  static Connection& Oracle() { return *oracle_; }

 private:
  static inline std::unique_ptr<Connection> oracle_;
  static inline std::map<int, std::unique_ptr<Connection>> connections_;
};

TEST_P(TpchTest, EqualsDuckDbOverNativeTables) {
  const auto [number, pushdown, threads] = GetParam();
  Connection& connection = Skyhook(threads);
  Ask(connection, fmt::format("SET skyhook_pushdown = {}", pushdown == Pushdown::kOn));
  const Answer answer = Ask(connection, TpchQuery(number));
  const Answer expected = Ask(Oracle(), TpchQuery(number));
  ASSERT_GT(expected.table->num_rows(), 0);
  ExpectSameRows(*answer.table, *expected.table);
  ASSERT_FALSE(answer.accounts().empty());
  ExpectOnlyOurScans(answer.plan);
}

INSTANTIATE_TEST_SUITE_P(AllQueries, TpchTest,
                         ::testing::Combine(::testing::Range(1, 23),
                                            ::testing::Values(Pushdown::kOn, Pushdown::kOff),
                                            ::testing::Values(1, 4)),
                         [](const auto& info) {
                           return fmt::format(
                               "Q{}_{}_{}Threads", std::get<0>(info.param),
                               std::get<1>(info.param) == Pushdown::kOn ? "Pushed" : "Plain",
                               std::get<2>(info.param));
                         });

TEST(TpchDataTest, LineitemHasTheRowsOfScaleFactorOneTenth) {
  EXPECT_THAT(RowsOfQuery(*OpenTpch(1), "SELECT count(*) FROM lineitem"),
              ::testing::ElementsAre("600572"));
}

}  // namespace
}  // namespace skyhook::sql
