#include "skyhook/format/parquet/rewrite/writer.h"

#include <arrow/io/memory.h>
#include <arrow/table.h>
#include <arrow/util/byte_size.h>
#include <arrow/util/compression.h>
#include <parquet/arrow/reader.h>
#include <parquet/arrow/writer.h>
#include <parquet/file_reader.h>
#include <parquet/properties.h>

#include <algorithm>
#include <map>
#include <utility>

#include "skyhook/base/status.h"
#include "skyhook/format/parquet/exceptions.h"
#include "skyhook/format/parquet/rewrite/dictionary_choice.h"
#include "skyhook/format/random_access_file.h"

namespace skyhook::format {

using arrow::Result;
using arrow::Status;

namespace {

Result<arrow::Compression::type> CompressionOf(const std::string& codec) {
  static const std::map<std::string, arrow::Compression::type> kCodecs = {
      {"none", arrow::Compression::UNCOMPRESSED}, {"snappy", arrow::Compression::SNAPPY},
      {"gzip", arrow::Compression::GZIP},         {"brotli", arrow::Compression::BROTLI},
      {"lz4", arrow::Compression::LZ4},           {"zstd", arrow::Compression::ZSTD}};
  const auto found = kCodecs.find(codec);
  if (found != kCodecs.end()) return found->second;
  return base::Invalid("'{}' is no codec; there are none, snappy, gzip, brotli, lz4 and zstd",
                       codec);
}

std::string NameOf(arrow::Compression::type compression) {
  if (compression == arrow::Compression::UNCOMPRESSED) return "none";
  const std::string name = arrow::util::Codec::GetCodecAsString(compression);
  return name.starts_with("lz4") ? "lz4" : name;
}

Result<std::shared_ptr<parquet::WriterProperties>> PropertiesOf(
    const arrow::Schema& schema, const ParquetWriteOptions& options,
    const std::vector<std::string>& without_dictionary) {
  ARROW_ASSIGN_OR_RAISE(const auto compression, CompressionOf(options.codec));
  parquet::WriterProperties::Builder builder;
  builder.compression(compression)
      ->data_pagesize(options.page_bytes)
      ->max_row_group_length(options.row_group_rows)
      ->enable_write_page_index();
  for (const std::string& column : options.bloom_filters) {
    if (schema.GetFieldByName(column) == nullptr) {
      return base::Invalid("a bloom filter of column '{}', which is not there", column);
    }
    builder.enable_bloom_filter(column, {});
  }
  for (const std::string& column : without_dictionary) builder.disable_dictionary(column);
  return builder.build();
}

class BufferedWriter : public ParquetWriter {
 public:
  BufferedWriter(std::shared_ptr<arrow::Schema> schema, const ParquetWriteOptions& options,
                 std::shared_ptr<arrow::io::BufferOutputStream> sink)
      : schema_(std::move(schema)), options_(options), sink_(std::move(sink)) {}

  Status Write(const arrow::RecordBatch& batch) override {
    if (writer_ != nullptr) return WriteRows(batch);
    first_.push_back(batch.Slice(0));
    first_rows_ += batch.num_rows();
    ARROW_ASSIGN_OR_RAISE(const int64_t bytes, arrow::util::ReferencedBufferSize(batch));
    first_bytes_ += bytes;
    const bool suffices = first_rows_ >= std::min(kDictionarySampleRows, options_.row_group_rows) ||
                          first_bytes_ >= kDictionarySampleBytes;
    return suffices ? Begin() : Status::OK();
  }

  Status EndRowGroup() override {
    if (writer_ == nullptr && first_rows_ > 0) ARROW_RETURN_NOT_OK(Begin());
    if (std::exchange(rows_, 0) == 0) return Status::OK();
    return CatchParquet([&] { return writer_->NewBufferedRowGroup(); });
  }

  int64_t bytes() const override { return sink_->Tell().ValueOr(0); }

  Result<std::shared_ptr<arrow::Buffer>> Finish() override {
    if (writer_ == nullptr) ARROW_RETURN_NOT_OK(Begin());
    ARROW_RETURN_NOT_OK(CatchParquet([&] { return writer_->Close(); }));
    return sink_->Finish();
  }

 private:
  // Opens the writer as the first rows want it, and writes them.
  Status Begin() {
    arrow::RecordBatchVector first = std::exchange(first_, {});
    std::vector<std::string> without_dictionary;
    if (first_rows_ > 0) {
      ARROW_ASSIGN_OR_RAISE(const auto table, arrow::Table::FromRecordBatches(schema_, first));
      ARROW_ASSIGN_OR_RAISE(const auto sample, table->CombineChunksToBatch());
      without_dictionary = ColumnsWithoutDictionary(*sample, options_.row_group_rows);
    }
    ARROW_ASSIGN_OR_RAISE(const auto properties,
                          PropertiesOf(*schema_, options_, without_dictionary));
    const auto arrow_properties = parquet::ArrowWriterProperties::Builder().store_schema()->build();
    ARROW_RETURN_NOT_OK(CatchParquet([&] {
      return parquet::arrow::FileWriter::Open(*schema_, arrow::default_memory_pool(), sink_,
                                              properties, arrow_properties)
          .Value(&writer_);
    }));
    for (auto& batch : first) ARROW_RETURN_NOT_OK(WriteRows(*std::exchange(batch, nullptr)));
    return Status::OK();
  }

  Status WriteRows(const arrow::RecordBatch& batch) {
    for (int64_t begin = 0; begin < batch.num_rows();) {
      const int64_t rows = std::min(batch.num_rows() - begin, options_.row_group_rows - rows_);
      ARROW_RETURN_NOT_OK(
          CatchParquet([&] { return writer_->WriteRecordBatch(*batch.Slice(begin, rows)); }));
      begin += rows;
      rows_ += rows;
      if (rows_ == options_.row_group_rows) ARROW_RETURN_NOT_OK(EndRowGroup());
    }
    return Status::OK();
  }

  const std::shared_ptr<arrow::Schema> schema_;
  const ParquetWriteOptions options_;
  std::shared_ptr<arrow::io::BufferOutputStream> sink_;
  arrow::RecordBatchVector first_;  // rows that say how all are written
  int64_t first_rows_ = 0;
  int64_t first_bytes_ = 0;
  std::unique_ptr<parquet::arrow::FileWriter> writer_;  // null until they are there
  int64_t rows_ = 0;                                    // of the row group that is being written
};

std::shared_ptr<arrow::io::RandomAccessFile> FileOf(std::shared_ptr<base::ByteSource> source) {
  return MakeRandomAccessFile(ByteReader(std::move(source), {}, {}), nullptr);
}

// Keeps the file open for as long as its row group is read.
class RowGroupRows : public arrow::RecordBatchReader {
 public:
  RowGroupRows(std::unique_ptr<parquet::arrow::FileReader> file,
               std::shared_ptr<arrow::RecordBatchReader> rows)
      : file_(std::move(file)), rows_(std::move(rows)) {}
  std::shared_ptr<arrow::Schema> schema() const override { return rows_->schema(); }
  Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override {
    return CatchParquet([&] { return rows_->ReadNext(batch); });
  }

 private:
  std::unique_ptr<parquet::arrow::FileReader> file_;
  std::shared_ptr<arrow::RecordBatchReader> rows_;
};

}  // namespace

Status Validate(const ParquetWriteOptions& options) {
  if (options.row_group_rows < 1)
    return base::Invalid("row groups of {} rows", options.row_group_rows);
  if (options.page_bytes < 1) return base::Invalid("pages of {} bytes", options.page_bytes);
  return CompressionOf(options.codec).status();
}

Result<std::unique_ptr<ParquetWriter>> ParquetWriter::Make(std::shared_ptr<arrow::Schema> schema,
                                                           const ParquetWriteOptions& options) {
  ARROW_RETURN_NOT_OK(Validate(options));
  ARROW_RETURN_NOT_OK(PropertiesOf(*schema, options, {}).status());
  ARROW_ASSIGN_OR_RAISE(auto sink, arrow::io::BufferOutputStream::Create());
  return std::make_unique<BufferedWriter>(std::move(schema), options, std::move(sink));
}

Result<std::shared_ptr<arrow::RecordBatchReader>> ReadRowGroup(
    std::shared_ptr<base::ByteSource> source, int row_group) {
  return CatchParquet([&]() -> Result<std::shared_ptr<arrow::RecordBatchReader>> {
    parquet::ArrowReaderProperties properties(/*use_threads=*/false);
    properties.set_batch_size(16 * 1024);
    parquet::arrow::FileReaderBuilder builder;
    ARROW_RETURN_NOT_OK(builder.Open(FileOf(std::move(source))));
    ARROW_ASSIGN_OR_RAISE(auto file, builder.properties(properties)->Build());
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::RecordBatchReader> rows,
                          file->GetRecordBatchReader({row_group}));
    return std::make_shared<RowGroupRows>(std::move(file), std::move(rows));
  });
}

Result<std::string> CodecOf(std::shared_ptr<base::ByteSource> source) {
  return CatchParquet([&]() -> Result<std::string> {
    const auto metadata = parquet::ParquetFileReader::Open(FileOf(std::move(source)))->metadata();
    std::map<arrow::Compression::type, int64_t> bytes;
    for (int group = 0; group < metadata->num_row_groups(); ++group) {
      const auto row_group = metadata->RowGroup(group);
      for (int column = 0; column < row_group->num_columns(); ++column) {
        const auto chunk = row_group->ColumnChunk(column);
        bytes[chunk->compression()] += chunk->total_compressed_size();
      }
    }
    if (bytes.empty()) return "none";
    const auto most =
        std::max_element(bytes.begin(), bytes.end(),
                         [](const auto& a, const auto& b) { return a.second < b.second; });
    const std::string name = NameOf(most->first);
    return CompressionOf(name).ok() ? name : "zstd";
  });
}

}  // namespace skyhook::format
