#include <gmock/gmock.h>

#include <cstring>

#include "fuzz/target.h"
#include "skyhook/exec/aggregate/partial.h"
#include "skyhook/testing/kernel.h"
#include "skyhook/testing/pipelines.h"
#include "skyhook/testing/random_pipeline.h"
#include "skyhook/testing/sealed_message.h"
#include "skyhook/wire/header.h"
#include "skyhook/wire/reply.h"
#include "skyhook/wire/request.h"

namespace skyhook::fuzz {
namespace {

using plan::AggregateFunction;
using testing::Require;

/// Rows of a key, an integer, a double, a decimal and a text.
std::shared_ptr<arrow::Schema> Columns() {
  return arrow::schema({arrow::field("k", arrow::int64()), arrow::field("i", arrow::int64()),
                        arrow::field("f", arrow::float64()),
                        arrow::field("d", arrow::decimal128(30, 2)),
                        arrow::field("s", arrow::utf8())});
}

/// Asks for rows, or for every kind of partial state.
wire::Request Asked(bool aggregate) {
  wire::Request request;
  plan::Pipeline pipeline = testing::ReadAll(*Columns());
  request.pipeline = pipeline;
  request.slice.rows = plan::RowRanges{{0, 4}, {6, 10}};
  if (!aggregate) return request;
  pipeline.aggregate = plan::Aggregate{{0},
                                       {{AggregateFunction::kCount, 1, -1, "count"},
                                        {AggregateFunction::kSum, 1, -1, "sum"},
                                        {AggregateFunction::kSum, 2, -1, "floats"},
                                        {AggregateFunction::kAvg, 3, -1, "average"},
                                        {AggregateFunction::kMax, 4, -1, "max"},
                                        {AggregateFunction::kCountDistinct, 4, -1, "distinct"},
                                        {AggregateFunction::kApproxCountDistinct, 4, -1, "sketch"},
                                        {AggregateFunction::kVarianceSample, 2, -1, "variance"},
                                        {AggregateFunction::kFirst, 4, -1, "first"},
                                        {.function = AggregateFunction::kApproxQuantile,
                                         .argument = 2,
                                         .name = "quantile",
                                         .fraction = 0.5}}};
  request.pipeline = std::move(pipeline);
  return request;
}

/// The frame as it must be for the fields to be looked at.
std::string Framed(std::string message) {
  wire::Header header;
  if (message.size() < sizeof(header)) return message;
  std::memcpy(&header, message.data(), sizeof(header));
  header.version = wire::kVersion;
  header.oldest = wire::kVersion;
  header.header_bytes = sizeof(header);
  std::memcpy(message.data(), &header, sizeof(header));
  return testing::Sealed(std::move(message));
}

/// State of whoever answers is merged as far as it goes.
void Merge(const wire::Request& request, const wire::Reply& reply) {
  auto merger = Require(exec::PartialMerger::Make(*request.pipeline, {}));
  for (const auto& batch : reply.batches) {
    if (!merger->Consume(*batch, 0).ok()) return;
  }
  if (!merger->Finish().ok()) return;
  for (auto batch = merger->Next(); batch.ok() && *batch != nullptr; batch = merger->Next()) {
    Check((*batch)->ValidateFull().ok(), "a merged batch is not valid");
  }
}

void RunReply(const std::string& message) {
  for (const bool aggregate : {false, true}) {
    const wire::Request request = Asked(aggregate);
    const auto reply = wire::DecodeReply(arrow::Buffer::FromString(message), request);
    if (!reply.ok() || !reply->status.ok()) continue;
    const plan::Outcome& outcome = reply->outcome;
    Check(outcome.answered.Union(outcome.remaining.rows) == request.slice.rows, "rows are lost");
    Check(outcome.answered.Intersect(outcome.remaining.rows).empty(), "rows are answered and left");
    if (aggregate) Merge(request, *reply);
  }
}

void Run(Bytes input) {
  const std::string message =
      Framed(std::string(reinterpret_cast<const char*>(input.data()), input.size()));
  wire::Header header;
  if (wire::ReadHeader(message, wire::kReplyMagic, &header)) return RunReply(message);
  const auto request = wire::DecodeRequest(message);
  if (!request.ok()) return;
  const auto again = wire::EncodeRequest(*request, 1);
  if (again.ok()) Check(wire::DecodeRequest(*again).ok(), "a request cannot be read back");
}

void AddReplies(std::vector<std::string>* out) {
  std::string lines;
  for (int i = 0; i < 10; ++i) {
    lines += std::to_string(i % 3) + "," + std::to_string(i) + "," + std::to_string(i) +
             ".5,1234567.25,text of row " + std::to_string(i) + "\n";
  }
  const auto fragment = testing::OpenParquet(*testing::TableOf(Columns(), lines));
  for (const bool aggregate : {false, true}) {
    const wire::Request request = Asked(aggregate);
    exec::RunRequest run;
    run.slice.rows = request.slice.rows;
    const auto answer = testing::RunKernel(*request.pipeline, fragment, std::move(run));
    for (const auto codec : {wire::Codec::kNone, wire::Codec::kLz4, wire::Codec::kZstd}) {
      wire::Reply reply;
      reply.outcome = answer.outcome;
      reply.batches = answer.batches;
      out->push_back(Require(wire::EncodeReply(reply, codec, int64_t{1} << 20)));
    }
  }
}

std::vector<std::string> Seeds() {
  std::vector<std::string> out;
  AddReplies(&out);
  for (uint32_t seed = 1; seed <= 60; ++seed) {
    wire::Request request = Asked(false);
    request.pipeline = testing::RandomPipeline(seed);
    auto message = wire::EncodeRequest(request, 100);
    if (message.ok()) out.push_back(*std::move(message));
  }
  return out;
}

}  // namespace

const Target kWireTarget{"wire", Run, Seeds, nullptr};

}  // namespace skyhook::fuzz
