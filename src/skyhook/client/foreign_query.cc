#include "skyhook/client/foreign_query.h"

#include <algorithm>
#include <future>
#include <set>
#include <utility>
#include <vector>

#include "skyhook/base/exceptions.h"
#include "skyhook/base/status.h"
#include "skyhook/client/batches_table.h"
#include "skyhook/client/declared.h"

namespace skyhook::client {
namespace {

using arrow::Result;
using arrow::Status;
using BatchPtr = std::shared_ptr<arrow::RecordBatch>;

/// The batches of a stream after the first `offset` rows.
class OffsetStream {
 public:
  /// `first` comes before those that the stream still gives; may be null.
  OffsetStream(std::unique_ptr<ScanStream> stream, BatchPtr first, int64_t offset)
      : stream_(std::move(stream)), first_(std::move(first)), left_(offset) {}

  Result<BatchPtr> Next() {
    while (true) {
      BatchPtr batch = std::exchange(first_, nullptr);
      if (batch == nullptr) {
        ARROW_ASSIGN_OR_RAISE(batch, stream_->Next());
      }
      if (batch == nullptr || left_ == 0) return batch;
      const int64_t skipped = std::min(left_, batch->num_rows());
      left_ -= skipped;
      if (skipped < batch->num_rows()) return batch->Slice(skipped);
    }
  }

 private:
  std::unique_ptr<ScanStream> stream_;
  BatchPtr first_;
  int64_t left_;
};

/// Lets all streams of a scan that reduces work at once. The one that has the result is left, with
/// the result's first batch; when it is empty, any.
Result<OffsetStream> ReduceInThreads(Scan* scan, int64_t offset) {
  std::vector<std::unique_ptr<ScanStream>> streams;
  for (int i = 0; i < scan->num_streams(); ++i) {
    ARROW_ASSIGN_OR_RAISE(auto stream, scan->OpenStream());
    streams.push_back(std::move(stream));
  }
  std::vector<Result<BatchPtr>> first(streams.size(), BatchPtr());
  // Where there is no thread for a stream, its turn comes when its future is asked.
  std::vector<std::future<Result<BatchPtr>>> others;
  for (size_t i = 1; i < streams.size(); ++i) {
    others.push_back(base::Async([stream = streams[i].get()] { return stream->Next(); }));
  }
  first[0] = base::CatchExceptions([&] { return streams[0]->Next(); });
  for (size_t i = 1; i < streams.size(); ++i) first[i] = others[i - 1].get();
  size_t finisher = 0;
  for (size_t i = 0; i < streams.size(); ++i) {
    ARROW_RETURN_NOT_OK(first[i].status());
    if (*first[i] != nullptr) finisher = i;
  }
  return OffsetStream(std::move(streams[finisher]), *first[finisher], offset);
}

Result<OffsetStream> Start(const substrait::ForeignStep& step, std::shared_ptr<const Table> table,
                           const ScanOptions& options, std::shared_ptr<arrow::Schema>* declared) {
  ARROW_ASSIGN_OR_RAISE(auto scan, Scan::Make(std::move(table), step.pipeline, options));
  *declared = scan->declared_schema();
  if (step.pipeline.aggregate.has_value() || step.pipeline.top_k.has_value()) {
    return ReduceInThreads(scan.get(), step.offset);
  }
  ARROW_ASSIGN_OR_RAISE(auto stream, scan->OpenStream());
  return OffsetStream(std::move(stream), nullptr, step.offset);
}

/// Bytes of the buffers of many batches, of which one may be shared by several.
class BufferBytes {
 public:
  void Add(const arrow::RecordBatch& batch) {
    for (const auto& column : batch.columns()) Add(*column->data());
  }
  int64_t bytes() const { return bytes_; }

 private:
  void Add(const arrow::ArrayData& data) {
    for (const auto& buffer : data.buffers) {
      if (buffer != nullptr && seen_.insert(buffer->data()).second) bytes_ += buffer->capacity();
    }
    for (const auto& child : data.child_data) Add(*child);
    if (data.dictionary != nullptr) Add(*data.dictionary);
  }

  std::set<const uint8_t*> seen_;
  int64_t bytes_ = 0;
};

/// The result of a step under the names by which the next one reads it.
Result<std::shared_ptr<const Table>> Hold(const substrait::ForeignStep& step,
                                          std::shared_ptr<const Table> table,
                                          const ScanOptions& options) {
  const auto result = step.pipeline.ResultSchema();
  arrow::FieldVector fields;
  for (const auto& field : result->fields()) {
    fields.push_back(field->WithName(substrait::StepColumnName(fields.size())));
  }
  const auto schema = arrow::schema(std::move(fields));
  std::shared_ptr<arrow::Schema> declared;
  ARROW_ASSIGN_OR_RAISE(auto stream, Start(step, std::move(table), options, &declared));
  std::vector<BatchPtr> batches;
  BufferBytes held;
  while (true) {
    ARROW_ASSIGN_OR_RAISE(const BatchPtr batch, stream.Next());
    if (batch == nullptr) break;
    held.Add(*batch);
    if (held.bytes() > options.memory_bytes) {
      return base::LimitExceeded(
          "the result of one step of the plan takes {} bytes, where memory for {} is left",
          held.bytes(), options.memory_bytes);
    }
    batches.push_back(arrow::RecordBatch::Make(schema, batch->num_rows(), batch->columns()));
  }
  return TableOfBatches("the result of a step", schema, std::move(batches));
}

std::shared_ptr<arrow::Schema> WithNames(const arrow::Schema& schema,
                                         const std::vector<std::string>& names) {
  arrow::FieldVector fields;
  for (const auto& field : schema.fields()) fields.push_back(field->WithName(names[fields.size()]));
  return arrow::schema(std::move(fields));
}

class NamingReader : public arrow::RecordBatchReader {
 public:
  NamingReader(OffsetStream stream, std::shared_ptr<arrow::Schema> declared,
               const std::vector<std::string>& names)
      : stream_(std::move(stream)),
        declared_(std::move(declared)),
        schema_(WithNames(*declared_, names)) {}

  std::shared_ptr<arrow::Schema> schema() const override { return schema_; }

  Status ReadNext(BatchPtr* out) override {
    ARROW_ASSIGN_OR_RAISE(const BatchPtr batch, stream_.Next());
    *out = nullptr;
    if (batch == nullptr) return Status::OK();
    ARROW_ASSIGN_OR_RAISE(const BatchPtr declared, ToDeclared(*batch, declared_));
    *out = arrow::RecordBatch::Make(schema_, declared->num_rows(), declared->columns());
    return Status::OK();
  }

 private:
  OffsetStream stream_;
  const std::shared_ptr<arrow::Schema> declared_;
  const std::shared_ptr<arrow::Schema> schema_;
};

}  // namespace

Result<std::shared_ptr<arrow::RecordBatchReader>> RunForeignPlan(const substrait::ForeignPlan& plan,
                                                                 std::shared_ptr<const Table> table,
                                                                 const ScanOptions& options) {
  for (size_t i = 0; i + 1 < plan.steps.size(); ++i) {
    ARROW_ASSIGN_OR_RAISE(table, Hold(plan.steps[i], std::move(table), options));
  }
  std::shared_ptr<arrow::Schema> declared;
  ARROW_ASSIGN_OR_RAISE(auto stream,
                        Start(plan.steps.back(), std::move(table), options, &declared));
  return std::make_shared<NamingReader>(std::move(stream), std::move(declared), plan.names);
}

Result<std::shared_ptr<arrow::Schema>> ForeignPlanSchema(const substrait::ForeignPlan& plan,
                                                         const Table& table) {
  ARROW_RETURN_NOT_OK(CheckInput(*plan.steps.front().pipeline.input, table));
  const plan::Pipeline& last = plan.steps.back().pipeline;
  const arrow::Schema& read = plan.steps.size() == 1 ? *table.schema : *last.input;
  return WithNames(*DeclaredSchema(last, read), plan.names);
}

}  // namespace skyhook::client
