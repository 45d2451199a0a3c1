#include "skyhook/sql/query_state.h"

#include <algorithm>

#include "skyhook/base/status.h"

namespace skyhook::sql {

int64_t QueryState::memory_of_scan() const {
  const auto scans = static_cast<int64_t>(accounts().size());
  return scan_memory_bytes_ / std::max<int64_t>(scans, 1);
}

void QueryState::set_plan(PlanNode plan) {
  std::lock_guard<std::mutex> lock(mutex_);
  plan_ = std::move(plan);
  accounts_ = AccountsOf(plan_);
  for (size_t i = 0; i < accounts_.size(); ++i) accounts_[i]->number = static_cast<int64_t>(i);
  if (progress_ != nullptr) progress_->Follow(accounts_);
}

std::vector<std::shared_ptr<ScanAccount>> QueryState::accounts() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return accounts_;
}

void QueryState::SetError(const arrow::Status& status) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (error_.ok()) error_ = status;
}

arrow::Status QueryState::error() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return error_;
}

void DatabaseState::set_unreadable(const std::string& name, const std::string& path) {
  const std::lock_guard<std::mutex> lock(mutex_);
  unreadable_[name] = path;
}

std::string DatabaseState::unreadable(const std::string& name) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = unreadable_.find(name);
  return found == unreadable_.end() ? "" : found->second;
}

duckdb::shared_ptr<ConnectionState> ConnectionState::Find(duckdb::ClientContext& context) {
  return context.registered_state->Get<ConnectionState>(kKey);
}

ConnectionState& ConnectionState::Get(duckdb::ClientContext& context) {
  const auto state = Find(context);
  if (state == nullptr)
    throw duckdb::BinderException("Skyhook's tables are not there for connections of DuckDB's own");
  return *state;
}

void ConnectionState::OnTaskStart(duckdb::ClientContext& context) {
  if (context.IsInterrupted()) throw duckdb::InterruptException();
}

duckdb::RebindQueryInfo ConnectionState::OnRebindPreparedStatement(
    duckdb::ClientContext& /*context*/, duckdb::BindPreparedStatementCallbackInfo& /*info*/,
    duckdb::RebindQueryInfo /*current_rebind*/) {
  return duckdb::RebindQueryInfo::ATTEMPT_TO_REBIND;
}

std::shared_ptr<QueryState> ConnectionState::query() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return query_;
}

void ConnectionState::set_query(std::shared_ptr<QueryState> query) {
  std::lock_guard<std::mutex> lock(mutex_);
  query_ = std::move(query);
}

void Throw(QueryState& query, const arrow::Status& status) {
  query.SetError(status);
  if (status.IsCancelled()) throw duckdb::InterruptException();
  if (status.IsIOError()) throw duckdb::IOException(status.message());
  if (base::Is(status, base::Code::kLimitExceeded) || status.IsOutOfMemory()) {
    throw duckdb::OutOfMemoryException(status.message());
  }
  throw duckdb::InvalidInputException(status.message());
}

}  // namespace skyhook::sql
