// Expressions computed inside the scan and, with pushdown turned off, by DuckDB over the same rows.
#pragma once

#include <arrow/array.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/table.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "skyhook/sql/query_testing.h"
#include "skyhook/testing/parquet_files.h"
#include "skyhook/testing/sanitized.h"
#include "skyhook/testing/temporary_directory.h"

namespace skyhook::sql {

class DifferentialTest : public ::testing::Test {
 protected:
  /// The table "t": `columns`, and before them `id`, the row's number.
  void Write(const std::vector<std::pair<std::string, std::shared_ptr<arrow::Array>>>& columns) {
    rows_ = columns[0].second->length();
    arrow::Int64Builder ids;
    for (int64_t i = 0; i < rows_; ++i) Require(ids.Append(i));
    arrow::FieldVector fields = {arrow::field("id", arrow::int64())};
    arrow::ArrayVector arrays = {Require(ids.Finish())};
    for (const auto& [name, array] : columns) {
      fields.push_back(arrow::field(name, array->type()));
      arrays.push_back(array);
    }
    const auto table = arrow::Table::Make(arrow::schema(fields), arrays);
    testing::WriteIpc(directory_.File("t.arrow"), *table);
  }

  /// The expression has to be pushed, and to give what DuckDB gives: the same value in every row,
  /// or in rows of its own an error on both sides.
  void ExpectSame(const std::string& expression) {
    SCOPED_TRACE(expression);
    const auto pushed = Values(expression, true, "true");
    const auto plain = Values(expression, false, "true");
    if (pushed.ok() && plain.ok()) {
      ASSERT_EQ(*pushed, *plain);
      return;
    }
    ExpectSameWhereItSucceeds(expression);
    for (const std::string& row : RowsWithout(expression)) {
      const auto value = Values(expression, true, row);
      const auto expected = Values(expression, false, row);
      ASSERT_EQ(value.ok(), expected.ok())
          << Input(row) << "\npushed: " << Shown(value) << "\nDuckDB: " << Shown(expected);
      if (value.ok()) {
        ASSERT_EQ(*value, *expected) << Input(row);
      }
    }
  }

  /// The expression has to stay in DuckDB.
  void ExpectKept(const std::string& expression) {
    const auto stream = Require(connection_->Query(QueryOf(expression, "id < 0")));
    Require(stream->ToTable());
    EXPECT_THAT(PushedAggregates(stream->plan()), ::testing::IsEmpty()) << expression;
  }

  std::string QueryOf(const std::string& expression, const std::string& condition) {
    return fmt::format("SELECT id, min({}) AS v FROM '{}' WHERE {} GROUP BY id ORDER BY id",
                       expression, directory_.File("t.arrow"), condition);
  }

  static std::vector<std::string> PushedAggregates(const PlanNode& plan) {
    std::vector<std::string> texts;
    for (const auto& account : AccountsOf(plan)) {
      for (const PushedPart& part : account->pushed) {
        if (part.kind == PushedPart::Kind::kAggregate) texts.push_back(part.text);
      }
    }
    return texts;
  }

  testing::TemporaryDirectory directory_;
  std::unique_ptr<Connection> connection_ = TestConnection();
  int64_t rows_ = 0;

 private:
  static constexpr size_t kSampled = testing::kSanitized ? 2 : 8;  // each costs four queries
  using Result = arrow::Result<std::vector<std::string>>;

  Result Values(const std::string& expression, bool pushed, const std::string& condition) {
    Ask(*connection_, fmt::format("SET skyhook_pushdown = {}", pushed));
    ARROW_ASSIGN_OR_RAISE(auto stream, connection_->Query(QueryOf(expression, condition)));
    if (pushed) {
      EXPECT_THAT(PushedAggregates(stream->plan()), ::testing::SizeIs(1)) << expression;
    }
    ARROW_ASSIGN_OR_RAISE(const auto table, stream->ToTable());
    return RowsWithSigns(*table);
  }

  // As Rows, and tells -0.0 from 0.0 and -nan from nan.
  static std::vector<std::string> RowsWithSigns(const arrow::Table& table) {
    std::vector<std::string> rows = Rows(table);
    const auto values = Require(table.CombineChunksToBatch())->column(1);
    for (size_t i = 0; i < rows.size(); ++i) {
      const auto scalar = Require(values->GetScalar(static_cast<int64_t>(i)));
      const bool is_negative =
          (scalar->type->id() == arrow::Type::DOUBLE &&
           std::signbit(static_cast<const arrow::DoubleScalar&>(*scalar).value)) ||
          (scalar->type->id() == arrow::Type::FLOAT &&
           std::signbit(static_cast<const arrow::FloatScalar&>(*scalar).value));
      if (scalar->is_valid && is_negative) rows[i] += ", negative";
    }
    return rows;
  }

  void ExpectSameWhereItSucceeds(const std::string& expression) {
    Ask(*connection_, "SET skyhook_pushdown = false");
    std::string ids = "-1";
    for (const std::string& id : Ids(fmt::format("TRY({}) IS NOT NULL", expression))) {
      ids += ", " + id;
    }
    const std::string condition = fmt::format("id IN ({})", ids);
    ASSERT_EQ(Require(Values(expression, true, condition)),
              Require(Values(expression, false, condition)));
  }

  // Conditions that hold for one row each: of up to kSampled rows in which the expression is NULL
  // or an error.
  std::vector<std::string> RowsWithout(const std::string& expression) {
    Ask(*connection_, "SET skyhook_pushdown = false");
    const auto ids = Ids(fmt::format("TRY({}) IS NULL", expression));
    const size_t step = std::max<size_t>((ids.size() + kSampled - 1) / kSampled, 1);
    std::vector<std::string> conditions;
    for (size_t i = 0; i < ids.size(); i += step) conditions.push_back("id = " + ids[i]);
    return conditions;
  }

  std::vector<std::string> Ids(const std::string& condition) {
    return RowsOfQuery(*connection_, fmt::format("SELECT id FROM '{}' WHERE {} ORDER BY id",
                                                 directory_.File("t.arrow"), condition));
  }

  static std::string Shown(const Result& result) {
    return result.ok() ? (*result)[0] : result.status().ToString();
  }

  std::string Input(const std::string& condition) {
    Ask(*connection_, "SET skyhook_pushdown = false");
    return RowsOfQuery(*connection_, fmt::format("SELECT * FROM '{}' WHERE {}",
                                                 directory_.File("t.arrow"), condition))[0];
  }
};

}  // namespace skyhook::sql
