#include "skyhook/sql/query_state.h"

#include <gtest/gtest.h>

namespace skyhook::sql {
namespace {

TEST(SessionState, NoTaskOfAnInterruptedQueryStarts) {
  duckdb::DuckDB database(nullptr);
  duckdb::Connection connection(database);
  SessionState& state = SessionState::Get(*connection.context);
  EXPECT_NO_THROW(state.OnTaskStart(*connection.context));
  const auto query = std::make_shared<QueryState>(1 << 20, "/tmp", client::OpenOptions());
  state.set_query(query);
  connection.Interrupt();
  EXPECT_NO_THROW(state.OnTaskStart(*connection.context)) << "an interrupt of DuckDB's own";
  query->RequestStop();
  EXPECT_THROW(state.OnTaskStart(*connection.context), duckdb::InterruptException);
}

}  // namespace
}  // namespace skyhook::sql
