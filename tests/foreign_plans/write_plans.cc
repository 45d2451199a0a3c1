// skyhook-write-plans LINEITEM DIRECTORY: writes pipelines over TPC-H's lineitem as Substrait plans
// (NAME.pb) with the rows that Skyhook answers (NAME.arrow), for another engine to read and
// compare.
#include <arrow/compute/initialize.h>
#include <arrow/io/file.h>
#include <arrow/ipc/writer.h>
#include <arrow/util/decimal.h>

#include <cstdio>
#include <fstream>
#include <map>
#include <string>

#include "skyhook/client/scan.h"
#include "skyhook/plan/types.h"
#include "skyhook/substrait/substrait.h"
#include "skyhook/testing/matchers.h"
#include "skyhook/testing/pipelines.h"

namespace skyhook::testing {
namespace {

using plan::AggregateFunction;
using plan::ExpressionPtr;
using plan::Function;
using plan::Pipeline;

class Writer {
 public:
  Writer(std::shared_ptr<const client::Table> table, std::string directory)
      : table_(std::move(table)), directory_(std::move(directory)) {}

  /// A pipeline that reads `columns` and projects nothing yet.
  Pipeline Over(const std::vector<std::string>& columns) const {
    Pipeline pipeline;
    arrow::FieldVector fields;
    const auto schema = plan::EngineSchema(*table_->schema);
    for (const std::string& column : columns) fields.push_back(schema->GetFieldByName(column));
    pipeline.input = arrow::schema(std::move(fields));
    return pipeline;
  }

  void Write(const std::string& name, const Pipeline& pipeline) const {
    std::ofstream(directory_ + "/" + name + ".pb", std::ios::binary)
        << Require(substrait::ToSubstrait(pipeline));
    const auto reader =
        Require(client::ToReader(Require(client::Scan::Make(table_, pipeline, {}))));
    const auto file =
        Require(arrow::io::FileOutputStream::Open(directory_ + "/" + name + ".arrow"));
    const auto writer = Require(arrow::ipc::MakeStreamWriter(file, reader->schema()));
    while (const auto batch = Require(reader->Next())) Require(writer->WriteRecordBatch(*batch));
    Require(writer->Close());
    Require(file->Close());
  }

 private:
  std::shared_ptr<const client::Table> table_;
  std::string directory_;
};

ExpressionPtr Decimal(int64_t unscaled, int precision, int scale) {
  return Lit(std::make_shared<arrow::Decimal128Scalar>(arrow::Decimal128(unscaled),
                                                       arrow::decimal128(precision, scale)));
}

ExpressionPtr Date(int32_t days) { return Lit(std::make_shared<arrow::Date32Scalar>(days)); }

ExpressionPtr AsDouble(const ExpressionPtr& value) {
  return Require(plan::Call(Function::kCast, {value}, {}, arrow::float64()));
}

void WriteRows(const Writer& out) {
  Pipeline numbers = out.Over({"l_orderkey", "l_linenumber", "l_quantity", "l_extendedprice"});
  numbers.filter = {Fn(Function::kLess, {Col(numbers, "l_orderkey"), Lit(500)})};
  const auto key = Col(numbers, "l_orderkey");
  const auto price = Col(numbers, "l_extendedprice");
  numbers.projection = {
      {"key", key},
      {"sum", Fn(Function::kAdd, {key, Lit(7)})},
      {"difference", Fn(Function::kSubtract, {key, Lit(700)})},
      {"product", Fn(Function::kMultiply, {key, key})},
      {"negative", Fn(Function::kNegate, {key})},
      {"price", Fn(Function::kMultiply, {price, Col(numbers, "l_quantity")})},
      {"more", Fn(Function::kAdd, {price, Col(numbers, "l_quantity")})},
      {"line", Col(numbers, "l_linenumber")},
  };
  out.Write("arithmetic", numbers);

  Pipeline text = out.Over({"l_orderkey", "l_shipmode", "l_comment", "l_returnflag"});
  const auto mode = Col(text, "l_shipmode");
  const auto comment = Col(text, "l_comment");
  text.filter = {
      Require(plan::Or({Fn(Function::kEqual, {mode, Lit("AIR")}),
                        Fn(Function::kNot, {Fn(Function::kNotEqual, {mode, Lit("MAIL")})})})),
      Fn(Function::kLike, {comment, Lit("%special%")}),
      Fn(Function::kIsNotNull, {comment}),
  };
  text.projection = {{"key", Col(text, "l_orderkey")}, {"mode", mode}, {"comment", comment}};
  out.Write("text", text);

  Pipeline cases = out.Over({"l_orderkey", "l_shipmode", "l_shipdate"});
  cases.filter = {
      Fn(Function::kGreaterEqual, {Col(cases, "l_shipdate"), Date(10000)}),
      Fn(Function::kLess, {Col(cases, "l_shipdate"), Date(10010)}),
      Fn(Function::kIn, {Col(cases, "l_shipmode"), Lit("AIR"), Lit("RAIL"), Lit("SHIP")}),
  };
  cases.projection = {
      {"key", Col(cases, "l_orderkey")},
      {"kind", Require(plan::Case({Fn(Function::kEqual, {Col(cases, "l_shipmode"), Lit("AIR")}),
                                   Lit("fast"), Lit("slow")}))},
      {"date", Col(cases, "l_shipdate")},
  };
  out.Write("cases", cases);

  Pipeline doubles = out.Over({"l_orderkey", "l_quantity"});
  doubles.filter = {Fn(Function::kLess, {Col(doubles, "l_orderkey"), Lit(300)})};
  const auto quantity = AsDouble(Col(doubles, "l_quantity"));
  plan::CallOptions ieee;
  ieee.division_by_zero = plan::CallOptions::DivisionByZero::kIeee;
  doubles.projection = {
      {"key", Col(doubles, "l_orderkey")},
      {"half",
       Require(plan::Call(Function::kDivide, {quantity, Lit(arrow::MakeScalar(2.0))}, ieee))},
      {"floor", Fn(Function::kFloor, {quantity})},
      {"exp", Fn(Function::kExp, {quantity})},
  };
  out.Write("doubles", doubles);
}

void WriteFunctions(const Writer& out) {
  Pipeline text = out.Over({"l_orderkey", "l_comment", "l_shipmode"});
  text.filter = {Fn(Function::kLess, {Col(text, "l_orderkey"), Lit(2000)}),
                 Fn(Function::kContains, {Col(text, "l_comment"), Lit("the")})};
  const auto comment = Col(text, "l_comment");
  const auto mode = Col(text, "l_shipmode");
  text.projection = {
      {"characters", Fn(Function::kLength, {comment})},
      {"bytes", Fn(Function::kOctetLength, {comment})},
      {"lower", Fn(Function::kLower, {mode})},
      {"upper", Fn(Function::kUpper, {comment})},
      {"part", Fn(Function::kSubstring, {comment, Lit(3), Lit(5)})},
      {"starts", Fn(Function::kStartsWith, {comment, Lit("the")})},
      {"ends", Fn(Function::kEndsWith, {comment, Lit("s")})},
      {"place", Fn(Function::kPosition, {comment, Lit("the")})},
      {"replaced", Fn(Function::kReplace, {comment, Lit("the"), Lit("a")})},
      {"reversed", Fn(Function::kReverse, {mode})},
      {"left", Fn(Function::kLeft, {comment, Lit(4)})},
      {"right", Fn(Function::kRight, {comment, Lit(4)})},
      {"padded", Fn(Function::kPadLeft, {mode, Lit(12), Lit("*")})},
      {"twice", Fn(Function::kRepeat, {mode, Lit(2)})},
  };
  out.Write("text_functions", text);

  Pipeline numbers = out.Over({"l_orderkey", "l_quantity", "l_discount", "l_linenumber"});
  numbers.filter = {Fn(Function::kLess, {Col(numbers, "l_orderkey"), Lit(300)})};
  const auto key = Col(numbers, "l_orderkey");
  const auto quantity = AsDouble(Col(numbers, "l_quantity"));
  plan::CallOptions nan;
  nan.domain_error = plan::CallOptions::DomainError::kNan;
  plan::CallOptions logarithm = nan;
  logarithm.logarithm_of_zero = plan::CallOptions::LogarithmOfZero::kMinusInfinity;
  numbers.projection = {
      {"key", key},
      {"absolute", Fn(Function::kAbs, {Fn(Function::kSubtract, {key, Lit(150)})})},
      {"root", Require(plan::Call(Function::kSqrt, {quantity}, nan))},
      {"logarithm", Require(plan::Call(Function::kLn, {quantity}, logarithm))},
      {"ceiling", Fn(Function::kCeil, {quantity})},
      {"sine", Require(plan::Call(Function::kSin, {quantity}, nan))},
      {"power",
       Require(plan::Call(Function::kPower, {quantity, Lit(arrow::MakeScalar(2.0))}, nan))},
      {"bits", Fn(Function::kBitAnd, {key, Lit(12)})},
      {"missing", Require(plan::Coalesce({key, Lit(0)}))},
      {"distinct", Fn(Function::kIsDistinctFrom, {key, Lit(3)})},
  };
  out.Write("number_functions", numbers);
}

void WriteReductions(const Writer& out) {
  Pipeline groups = out.Over({"l_returnflag", "l_linestatus", "l_quantity", "l_discount",
                              "l_shipdate", "l_orderkey", "l_suppkey"});
  groups.filter = {Fn(Function::kLessEqual, {Col(groups, "l_shipdate"), Date(10471)})};
  groups.projection = {
      {"flag", Col(groups, "l_returnflag")},   {"status", Col(groups, "l_linestatus")},
      {"quantity", Col(groups, "l_quantity")}, {"discount", AsDouble(Col(groups, "l_discount"))},
      {"key", Col(groups, "l_orderkey")},      {"supplier", Col(groups, "l_suppkey")},
      {"shipped", Col(groups, "l_shipdate")},
  };
  groups.aggregate = plan::Aggregate{{0, 1},
                                     {{AggregateFunction::kCountAll, -1, -1, "n"},
                                      {AggregateFunction::kCount, 2, -1, "quantities"},
                                      {AggregateFunction::kSum, 2, -1, "sum"},
                                      {AggregateFunction::kSum, 4, -1, "keys", -1, arrow::int64()},
                                      {AggregateFunction::kMin, 2, -1, "least"},
                                      {AggregateFunction::kMax, 6, -1, "latest"},
                                      {AggregateFunction::kAvg, 3, -1, "discount"},
                                      {AggregateFunction::kCountDistinct, 5, -1, "suppliers"}}};
  out.Write("groups", groups);

  Pipeline total = out.Over({"l_extendedprice", "l_discount"});
  total.filter = {Fn(Function::kGreater, {Col(total, "l_discount"), Decimal(5, 15, 2)})};
  total.projection = {{"revenue", Fn(Function::kMultiply,
                                     {Col(total, "l_extendedprice"), Col(total, "l_discount")})}};
  total.aggregate = plan::Aggregate{{}, {{AggregateFunction::kSum, 0, -1, "revenue"}}};
  out.Write("total", total);

  Pipeline best = out.Over({"l_orderkey", "l_linenumber", "l_extendedprice"});
  best.projection = {{"key", Col(best, "l_orderkey")},
                     {"line", Col(best, "l_linenumber")},
                     {"price", Col(best, "l_extendedprice")}};
  best.top_k = plan::TopK{{{2, true, false}, {0, false, false}, {1, false, false}}, 25};
  out.Write("best", best);

  Pipeline first = out.Over({"l_orderkey"});
  first.filter = {Fn(Function::kGreater, {Col(first, "l_orderkey"), Lit(599'990)})};
  first.projection = {{"key", Col(first, "l_orderkey")}};
  first.limit = plan::Limit{1'000'000};
  out.Write("limit", first);
}

int Main(int argc, char** argv) {
  if (argc != 3) {
    std::fputs("usage: skyhook-write-plans LINEITEM DIRECTORY\n", stderr);
    return 2;
  }
  Require(arrow::compute::Initialize());
  client::Session session;
  const Writer out(Require(client::OpenTable(&session, argv[1])), argv[2]);
  WriteRows(out);
  WriteFunctions(out);
  WriteReductions(out);
  return 0;
}

}  // namespace
}  // namespace skyhook::testing

int main(int argc, char** argv) { return skyhook::testing::Main(argc, argv); }
