#include "skyhook/sql/query_state.h"

#include <gtest/gtest.h>

namespace skyhook::sql {
namespace {

TEST(ConnectionState, NoTaskOfAnInterruptedQueryStarts) {
  duckdb::DuckDB database(nullptr);
  duckdb::Connection connection(database);
  ConnectionState state(std::make_shared<DatabaseState>(nullptr));
  EXPECT_NO_THROW(state.OnTaskStart(*connection.context));
  connection.Interrupt();
  EXPECT_THROW(state.OnTaskStart(*connection.context), duckdb::InterruptException);
}

}  // namespace
}  // namespace skyhook::sql
