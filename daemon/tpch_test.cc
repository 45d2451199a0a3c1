// TPC-H out of a daemon, against DuckDB over its native tables.
#include <map>
#include <tuple>

#include "daemon/running_testing.h"
#include "skyhook/sql/query_testing.h"

namespace skyhook::sql {
namespace {

class FlightTpchTest : public ::testing::TestWithParam<std::tuple<int, const char*>> {
 protected:
  static void SetUpTestSuite() {
    oracle_ = OpenTpchOracle();
    daemon_ = std::make_unique<daemon::RunningDaemon>();
    for (const char* table : kTpchTables) {
      std::filesystem::copy_file(fmt::format("{}/{}.parquet", TpchDirectory(), table),
                                 daemon_->File(fmt::format("{}.parquet", table)));
    }
  }
  static void TearDownTestSuite() {
    connections_.clear();
    daemon_.reset();
    oracle_.reset();
  }

  static Connection& Skyhook(const std::string& placement) {
    auto& connection = connections_[placement];
    if (connection == nullptr) {
      DatabaseOptions options;
      options.placement = placement;
      options.data_directories = {daemon_->address() + "/t"};
      connection = TestConnection(options);
    }
    return *connection;
  }
  static Connection& Oracle() { return *oracle_; }

 private:
  static inline std::unique_ptr<Connection> oracle_;
  static inline std::unique_ptr<daemon::RunningDaemon> daemon_;
  static inline std::map<std::string, std::unique_ptr<Connection>> connections_;
};

TEST_P(FlightTpchTest, EqualsDuckDbOverNativeTables) {
  const auto [number, placement] = GetParam();
  const Answer answer = Ask(Skyhook(placement), TpchQuery(number));
  const Answer expected = Ask(Oracle(), TpchQuery(number));
  ASSERT_GT(expected.table->num_rows(), 0);
  ExpectSameRows(*answer.table, *expected.table);
  client::Places places;
  int64_t network_bytes = 0;
  for (const auto& account : answer.accounts()) {
    places += account->places();
    network_bytes += account->cost().network_bytes;
  }
  ASSERT_GT(places.pushed + places.pulled, 0);
  if (placement == std::string("push")) {
    EXPECT_EQ(places.pulled, 0);
    EXPECT_TRUE(places.refusals.empty());
  }
  if (placement == std::string("pull")) {
    EXPECT_EQ(places.pushed, 0);
  }
  // What is reduced there does not travel.
  const bool reduces = number == 1 || number == 6;
  if (reduces && placement == std::string("push")) {
    EXPECT_LT(network_bytes, 10'000);
  }
}

INSTANTIATE_TEST_SUITE_P(AllQueries, FlightTpchTest,
                         ::testing::Combine(::testing::Range(1, 23),
                                            ::testing::Values("push", "pull", "auto")),
                         [](const auto& info) {
                           return fmt::format("Q{}_{}", std::get<0>(info.param),
                                              std::get<1>(info.param));
                         });

}  // namespace
}  // namespace skyhook::sql
