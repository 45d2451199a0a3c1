#include <tuple>

#include "skyhook/sql/query_testing.h"

namespace skyhook::sql {
namespace {

enum class Pushdown { kOn, kOff };

Session& Oracle() {
  static const std::unique_ptr<Session> session = OpenTpchOracle();
  return *session;
}

Session& Skyhook(int threads) {
  static std::map<int, std::unique_ptr<Session>> sessions;
  auto& session = sessions[threads];
  if (session == nullptr) {
    SessionOptions options;
    options.threads = threads;
    options.data_directories = {TpchDirectory()};
    session = OpenSession(options);
  }
  return *session;
}

void ExpectOnlyOurScans(const PlanNode& node) {
  if (node.is_scan) {
    EXPECT_NE(node.scan, nullptr) << node.name;
  }
  for (const PlanNode& child : node.children) ExpectOnlyOurScans(child);
}

class TpchTest : public ::testing::TestWithParam<std::tuple<int, Pushdown, int>> {};

TEST_P(TpchTest, EqualsDuckDbOverNativeTables) {
  const auto [number, pushdown, threads] = GetParam();
  Session& session = Skyhook(threads);
  Ask(session, fmt::format("SET skyhook_pushdown = {}", pushdown == Pushdown::kOn));
  const Answer answer = Ask(session, TpchQuery(number));
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
  EXPECT_THAT(RowsOfQuery(Skyhook(1), "SELECT count(*) FROM lineitem"),
              ::testing::ElementsAre("600572"));
}

}  // namespace
}  // namespace skyhook::sql
