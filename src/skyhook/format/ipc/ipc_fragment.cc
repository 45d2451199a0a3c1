#include "skyhook/format/ipc/ipc_fragment.h"

#include <arrow/record_batch.h>

#include <algorithm>

#include "skyhook/base/guarded_pool.h"
#include "skyhook/base/status.h"
#include "skyhook/format/array_row_group_reader.h"
#include "skyhook/format/byte_reader.h"
#include "skyhook/format/ipc/batches.h"
#include "skyhook/format/ipc/footer.h"
#include "skyhook/format/ipc/stream.h"
#include "skyhook/format/plain_fragment.h"

namespace skyhook::format {
namespace {

class IpcBatchReader : public ArrayRowGroupReader {
 public:
  IpcBatchReader(std::string where, const Fragment& fragment, plan::RowRange rows, int batch,
                 ByteReader bytes, std::shared_ptr<IpcBatches> batches,
                 std::shared_ptr<arrow::MemoryPool> pool, const ReadOptions& options)
      : ArrayRowGroupReader(std::move(where), *fragment.schema(), fragment.nested_fields(), rows,
                            options.pool),
        batch_(batch),
        bytes_(std::move(bytes)),
        pool_(std::move(pool)),
        batches_(std::move(batches)) {}

 protected:
  arrow::Result<arrow::ArrayVector> Load(const std::vector<int>& columns) override {
    ARROW_RETURN_NOT_OK(bytes_.stop().Poll());
    ARROW_ASSIGN_OR_RAISE(const auto batch, batches_->Read(batch_, columns, bytes_, pool_.get()));
    return batch->columns();
  }

 private:
  int batch_;
  ByteReader bytes_;
  std::shared_ptr<arrow::MemoryPool> pool_;
  std::shared_ptr<IpcBatches> batches_;
};

std::vector<int64_t> RowsOf(const std::vector<IpcBatch>& batches) {
  std::vector<int64_t> rows;
  for (const IpcBatch& batch : batches) rows.push_back(batch.num_rows);
  return rows;
}

class IpcFragment : public PlainFragment {
 public:
  IpcFragment(std::shared_ptr<base::ByteSource> source, std::shared_ptr<arrow::Schema> declared,
              IpcFooter footer, std::shared_ptr<IpcBatches> batches, const ReadOptions& options)
      : PlainFragment(source->name(), source->version(), std::move(declared),
                      RowsOf(footer.batches)),
        source_(std::move(source)),
        footer_(std::move(footer)),
        pool_(base::GuardedPool(options.pool, options.max_page_bytes)),
        batches_(std::move(batches)),
        options_(options) {}

  int64_t footer_bytes() const override {
    return footer_.known.bytes->size() +
           static_cast<int64_t>(footer_.batches.size() * sizeof(IpcBatch));
  }
  /// The metadata does not say it by column: an even share of the batch.
  int64_t row_group_bytes(int row_group, const std::vector<int>& columns) const override {
    const int64_t fields = std::max(schema()->num_fields(), 1);
    return footer_.batches[static_cast<size_t>(row_group)].body_bytes *
           static_cast<int64_t>(columns.size()) / fields;
  }

  arrow::Result<std::unique_ptr<RowGroupReader>> Open(int row_group,
                                                      const ReadContext& context) override {
    ARROW_RETURN_NOT_OK(CheckRowGroup(row_group));
    return std::make_unique<IpcBatchReader>(
        Where(row_group), *this, row_group_rows(row_group), row_group,
        ByteReader(source_, options_.coalesce, context), batches_, pool_, options_);
  }

 private:
  std::shared_ptr<base::ByteSource> source_;
  IpcFooter footer_;
  std::shared_ptr<arrow::MemoryPool> pool_;  // outlives the readers that batches_ keeps
  std::shared_ptr<IpcBatches> batches_;
  ReadOptions options_;
};

arrow::Result<std::shared_ptr<Fragment>> MakeFragment(std::shared_ptr<base::ByteSource> source,
                                                      const ByteReader& reader, IpcFooter footer,
                                                      const ReadOptions& options) {
  auto batches = std::make_shared<IpcBatches>(footer.known, options.budget);
  ARROW_ASSIGN_OR_RAISE(const auto file, batches->Describe(reader, options.pool));
  if (file->num_record_batches() != static_cast<int>(footer.batches.size())) {
    return base::CorruptData("{} record batches where the footer has {}",
                             file->num_record_batches(), footer.batches.size());
  }
  return std::make_shared<IpcFragment>(std::move(source), file->schema(), std::move(footer),
                                       std::move(batches), options);
}

}  // namespace

arrow::Result<std::shared_ptr<Fragment>> OpenIpc(std::shared_ptr<base::ByteSource> source,
                                                 const std::shared_ptr<arrow::Buffer>& tail,
                                                 const ReadOptions& options,
                                                 const ReadContext& context) {
  const ByteReader reader(source, options.coalesce, context);
  ARROW_ASSIGN_OR_RAISE(IpcFooter footer, ReadIpcFooter(reader, tail, options.max_page_bytes));
  return MakeFragment(std::move(source), reader, std::move(footer), options);
}

arrow::Result<std::shared_ptr<Fragment>> OpenIpcStream(std::shared_ptr<base::ByteSource> source,
                                                       const ReadOptions& options,
                                                       const ReadContext& context) {
  const ByteReader reader(source, options.coalesce, context);
  ARROW_ASSIGN_OR_RAISE(auto known, FooterOfIpcStream(reader, options.max_page_bytes));
  ARROW_ASSIGN_OR_RAISE(IpcFooter footer, ReadIpcFooterBehind(reader, std::move(known)));
  return MakeFragment(std::move(source), reader, std::move(footer), options);
}

}  // namespace skyhook::format
