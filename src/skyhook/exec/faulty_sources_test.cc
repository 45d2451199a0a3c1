// What the kernel makes of sources that misbehave: the right answer or the right error, at each of
// the reads of a call.
#include <arrow/io/memory.h>
#include <arrow/ipc/writer.h>
#include <gtest/gtest.h>
#include <parquet/arrow/writer.h>
#include <parquet/properties.h>

#include <chrono>
#include <thread>

#include "skyhook/exec/run.h"
#include "skyhook/testing/faulty_source.h"
#include "skyhook/testing/kernel.h"
#include "skyhook/testing/pipelines.h"

namespace skyhook::exec {
namespace {

using base::Code;
using plan::AggregateFunction;
using plan::Function;
using testing::Col;
using testing::FailsWith;
using testing::Fault;
using testing::FaultySource;
using testing::Fn;
using testing::Lit;
using testing::Require;
using BufferPtr = std::shared_ptr<arrow::Buffer>;
using Batches = std::vector<std::shared_ptr<arrow::RecordBatch>>;
using Rows = std::vector<std::string>;

constexpr int64_t kRows = 6000;
constexpr int64_t kGroupRows = 2000;
constexpr char kName[] = "store/faulty";

/// Columns of numbers, of text (dictionary-encoded) and of lists; `shift` makes another version
/// whose pages have the same sizes and places.
std::shared_ptr<arrow::Table> Numbers(int64_t shift) {
  arrow::Int64Builder ids, values;
  arrow::StringBuilder tags;
  auto items = std::make_shared<arrow::Int64Builder>();
  arrow::ListBuilder lists(arrow::default_memory_pool(), items);
  for (int64_t i = 0; i < kRows; ++i) {
    Require(ids.Append(i));
    Require(values.Append((i * 7919 + shift) % 1000));
    Require(tags.Append(i / 100 % 2 == shift % 2 ? "v" : "w"));
    Require(lists.Append());
    Require(items->Append(i + shift));
  }
  const auto schema = arrow::schema({arrow::field("id", arrow::int64(), false),
                                     arrow::field("value", arrow::int64(), false),
                                     arrow::field("tag", arrow::utf8(), false),
                                     arrow::field("list", arrow::list(arrow::int64()))});
  return arrow::Table::Make(schema, {Require(ids.Finish()), Require(values.Finish()),
                                     Require(tags.Finish()), Require(lists.Finish())});
}

BufferPtr ParquetFile(int64_t shift, bool checksums) {
  parquet::WriterProperties::Builder builder;
  builder.max_row_group_length(kGroupRows)->write_batch_size(500)->max_rows_per_page(500);
  builder.compression(arrow::Compression::UNCOMPRESSED)->enable_write_page_index();
  builder.disable_dictionary("id")->disable_dictionary("value");
  parquet::BloomFilterOptions bloom;
  bloom.ndv = 1000;
  builder.enable_bloom_filter(std::string("value"), bloom);
  if (checksums) builder.enable_page_checksum();
  auto sink = Require(arrow::io::BufferOutputStream::Create());
  Require(parquet::arrow::WriteTable(*Numbers(shift), arrow::default_memory_pool(), sink,
                                     kGroupRows, builder.build()));
  return Require(sink->Finish());
}

BufferPtr IpcFile(int64_t shift) {
  auto sink = Require(arrow::io::BufferOutputStream::Create());
  auto writer = Require(arrow::ipc::MakeFileWriter(sink, Numbers(shift)->schema()));
  Require(writer->WriteTable(*Numbers(shift), kGroupRows));
  Require(writer->Close());
  return Require(sink->Finish());
}

BufferPtr FileOf(const std::string& format, int64_t shift) {
  return format == "Ipc" ? IpcFile(shift) : ParquetFile(shift, format == "ParquetWithChecksums");
}

plan::Pipeline WithFilter(plan::Pipeline pipeline) {
  pipeline.filter = {Fn(Function::kEqual, {Col(pipeline, "tag"), Lit("v")}),
                     Fn(Function::kLess, {Col(pipeline, "value"), Lit(500)})};
  return pipeline;
}

/// Pipelines that read in different ways: by predicates first, by bloom filter, for an aggregate,
/// for the rows of a top-k, and everything.
plan::Pipeline PipelineOf(const std::string& kind) {
  const auto schema = Numbers(0)->schema();
  plan::Pipeline pipeline = testing::ReadAll(*schema);
  if (kind == "Filter") return WithFilter(pipeline);
  if (kind == "Bloom") {
    pipeline.filter = {Fn(Function::kEqual, {Col(pipeline, "value"), Lit(919)})};
  } else if (kind == "Aggregate") {
    pipeline = WithFilter(testing::Read(*schema, {"tag", "value"}));
    pipeline.aggregate = plan::Aggregate{
        {0},
        {{AggregateFunction::kCountAll, -1, -1, "n"}, {AggregateFunction::kSum, 1, -1, "sum"}}};
  } else if (kind == "TopK") {
    pipeline.top_k = plan::TopK{{{1, true, false}}, 20};
  }
  return pipeline;
}

struct Ended {
  arrow::Status status;
  plan::Outcome outcome;
  Rows rows;
};

/// Opens the source and runs `rows` (nothing: all) of it to the end, or to an error.
Ended RunOver(const std::shared_ptr<FaultySource>& source, const plan::Pipeline& pipeline,
              const base::Limits& limits = {},
              const arrow::StopToken& stop = arrow::StopToken::Unstoppable()) {
  Ended out;
  plan::Cost cost;
  format::ReadContext opening(&cost, stop);
  opening.deadline = limits.deadline;
  auto fragment = format::OpenFragment(source, {}, opening);
  if (!fragment.ok()) return {fragment.status(), {}, {}};
  RunRequest request;
  request.slice.rows = plan::RowRanges::All((*fragment)->num_rows());
  request.limits = limits;
  request.stop = stop;
  auto execution = Require(Run(pipeline, *fragment, request));
  Batches batches;
  while (true) {
    auto batch = execution->Next();
    out.status = batch.status();
    out.outcome = execution->outcome();
    if (!batch.ok() || *batch == nullptr) break;
    batches.push_back(*std::move(batch));
  }
  if (!out.status.ok()) return out;
  out.rows = pipeline.aggregate.has_value() ? testing::FinalRows(pipeline, batches)
                                            : testing::RowsOf(batches);
  std::sort(out.rows.begin(), out.rows.end());
  return out;
}

struct Case {
  std::string format;
  std::string pipeline;
};

class FaultySources : public ::testing::TestWithParam<Case> {
 protected:
  FaultySources()
      : bytes_(FileOf(GetParam().format, 0)),
        other_(FileOf(GetParam().format, 1)),
        pipeline_(PipelineOf(GetParam().pipeline)) {}

  void SetUp() override {
    const auto whole = Source(Fault::kNone, 0);
    const Ended run = RunOver(whole, pipeline_);
    ASSERT_THAT(run.status, testing::IsOk());
    ASSERT_FALSE(run.rows.empty());
    rows_ = run.rows;
    reads_ = whole->reads();
    ASSERT_GE(reads_, 3);
  }

  std::shared_ptr<FaultySource> Source(Fault fault, int64_t at) const {
    return std::make_shared<FaultySource>(bytes_, kName, fault, at, other_);
  }

  BufferPtr bytes_;
  BufferPtr other_;
  plan::Pipeline pipeline_;
  Rows rows_;
  int64_t reads_ = 0;
};

TEST_P(FaultySources, EveryFailureIsReportedWithTheFilesName) {
  const std::pair<Fault, const char*> failures[] = {
      {Fault::kFails, "the disk is gone"}, {Fault::kShort, "came"}, {Fault::kFew, "came"}};
  for (const auto& [fault, text] : failures) {
    for (int64_t at = 0; at < reads_; ++at) {
      const Ended run = RunOver(Source(fault, at), pipeline_);
      EXPECT_THAT(run.status, FailsWith(arrow::StatusCode::IOError, text))
          << FaultName(fault) << " at read " << at;
      EXPECT_THAT(run.status.message(), ::testing::HasSubstr(kName));
    }
  }
}

TEST_P(FaultySources, AChangeIsStaleAndNeverAMix) {
  for (const Fault fault : {Fault::kChanges, Fault::kTears}) {
    for (int64_t at = 0; at < reads_; ++at) {
      const Ended run = RunOver(Source(fault, at), pipeline_);
      EXPECT_THAT(run.status, FailsWith(Code::kStaleObject, kName))
          << FaultName(fault) << " at read " << at;
    }
  }
}

TEST_P(FaultySources, ARequestToStopEndsAStall) {
  for (const Fault fault : {Fault::kStalls, Fault::kHangs}) {
    for (int64_t at = 0; at < reads_; ++at) {
      const auto source = Source(fault, at);
      arrow::StopSource stop;
      std::thread stopper([&] {
        source->WaitUntilHeldUp();
        stop.RequestStop();
      });
      const Ended run = RunOver(source, pipeline_, {}, stop.token());
      stopper.join();
      EXPECT_THAT(run.status, FailsWith(arrow::StatusCode::Cancelled, ""))
          << FaultName(fault) << " at read " << at;
    }
  }
}

// What was answered before the hang counts, or the whole call fails: nothing is lost without a
// word.
TEST_P(FaultySources, TheDeadlineEndsAHang) {
  for (int64_t at = 0; at < reads_; ++at) {
    SCOPED_TRACE(at);
    base::Limits limits;
    limits.deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(30);
    const Ended run = RunOver(Source(Fault::kHangs, at), pipeline_, limits);
    if (!run.status.ok()) {
      EXPECT_THAT(run.status, FailsWith(Code::kLimitExceeded, kName));
      continue;
    }
    EXPECT_EQ(run.outcome.stopped_by, plan::StoppedBy::kDeadline);
    EXPECT_FALSE(run.outcome.remaining.rows.empty());
    EXPECT_EQ(run.outcome.answered.Union(run.outcome.remaining.rows), plan::RowRanges::All(kRows));
  }
}

INSTANTIATE_TEST_SUITE_P(Formats, FaultySources,
                         ::testing::Values(Case{"Parquet", "All"}, Case{"Parquet", "Filter"},
                                           Case{"Parquet", "Bloom"}, Case{"Parquet", "Aggregate"},
                                           Case{"Parquet", "TopK"},
                                           Case{"ParquetWithChecksums", "Filter"},
                                           Case{"Ipc", "All"}, Case{"Ipc", "Filter"},
                                           Case{"Ipc", "Aggregate"}, Case{"Ipc", "TopK"}),
                         [](const auto& test) { return test.param.format + test.param.pipeline; });

// What a hang interrupts is given by the next call, from what remained.
TEST(FaultySource, WhatRemainsAfterAHangCompletesTheAnswer) {
  const BufferPtr bytes = ParquetFile(0, false);
  const plan::Pipeline pipeline = PipelineOf("Aggregate");
  const Rows expected =
      RunOver(std::make_shared<FaultySource>(bytes, kName, Fault::kNone, 0), pipeline).rows;
  const auto hanging = std::make_shared<FaultySource>(bytes, kName, Fault::kHangs, 5);
  plan::Cost cost;
  auto fragment = Require(format::OpenFragment(hanging, {}, &cost));
  RunRequest request;
  request.slice.rows = plan::RowRanges::All(kRows);
  request.limits.deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(300);
  auto run = testing::RunKernel(pipeline, fragment, request);
  ASSERT_EQ(run.outcome.stopped_by, plan::StoppedBy::kDeadline);
  ASSERT_EQ(run.outcome.remaining.rows, (plan::RowRanges{{kGroupRows, kRows}}));
  request.slice.rows = run.outcome.remaining.rows;
  request.limits.deadline.reset();
  const auto rest = testing::RunKernel(pipeline, fragment, request);
  run.batches.insert(run.batches.end(), rest.batches.begin(), rest.batches.end());
  Rows rows = testing::FinalRows(pipeline, run.batches);
  std::sort(rows.begin(), rows.end());
  EXPECT_EQ(rows, expected);
}

// A source that breaks its promise and tears a read is found out where the tear goes through a page
// that carries a checksum.
TEST(FaultySource, ATornPageFailsItsChecksum) {
  const auto file = [](int64_t shift) {
    parquet::WriterProperties::Builder builder;
    builder.max_row_group_length(kGroupRows)->enable_page_checksum()->disable_dictionary();
    builder.compression(arrow::Compression::UNCOMPRESSED)->disable_statistics();
    auto sink = Require(arrow::io::BufferOutputStream::Create());
    Require(parquet::arrow::WriteTable(*Numbers(shift), arrow::default_memory_pool(), sink,
                                       kGroupRows, builder.build()));
    return Require(sink->Finish());
  };
  const BufferPtr bytes = file(0);
  const BufferPtr other = file(2);
  ASSERT_EQ(bytes->size(), other->size());
  for (const char* kind : {"All", "Filter"}) {
    const plan::Pipeline pipeline = PipelineOf(kind);
    const auto whole = std::make_shared<FaultySource>(bytes, kName, Fault::kNone, 0);
    const Ended expected = RunOver(whole, pipeline);
    ASSERT_THAT(expected.status, testing::IsOk());
    ASSERT_GE(whole->reads(), 4);
    int found = 0;
    for (int64_t at = 1; at < whole->reads(); ++at) {
      const auto torn =
          std::make_shared<FaultySource>(bytes, kName, Fault::kTearsUnnoticed, at, other);
      const Ended run = RunOver(torn, pipeline);
      if (run.status.ok()) {  // both versions have the same bytes there
        EXPECT_EQ(run.rows, expected.rows) << kind << " at read " << at;
        continue;
      }
      EXPECT_THAT(run.status, FailsWith(Code::kCorruptData, "checksum"))
          << kind << " at read " << at;
      ++found;
    }
    EXPECT_GE(found, 3);
  }
}

}  // namespace
}  // namespace skyhook::exec
