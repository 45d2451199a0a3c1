#include "skyhook/sql/query_state.h"

#include <gtest/gtest.h>

namespace skyhook::sql {
namespace {

TEST(SessionState, NoTaskOfAnInterruptedQueryStarts) {
  duckdb::DuckDB database(nullptr);
  duckdb::Connection connection(database);
  SessionState& state = SessionState::Get(*connection.context);
  EXPECT_NO_THROW(state.OnTaskStart(*connection.context));
  connection.Interrupt();
  EXPECT_THROW(state.OnTaskStart(*connection.context), duckdb::InterruptException);
}

}  // namespace
}  // namespace skyhook::sql
