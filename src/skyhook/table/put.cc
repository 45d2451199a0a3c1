#include "skyhook/table/put.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <future>
#include <utility>

#include "skyhook/base/crc32c.h"
#include "skyhook/base/exceptions.h"
#include "skyhook/base/status.h"
#include "skyhook/format/parquet/rewrite/assembly.h"
#include "skyhook/table/file_cut.h"
#include "skyhook/table/put_journal.h"
#include "skyhook/table/source_file.h"
#include "skyhook/table/table.h"
#include "skyhook/table/uploads.h"

namespace skyhook::table {

using arrow::Result;
using arrow::Status;

namespace {

constexpr int64_t kStepBytes = 4 << 20;

std::string DataName(const std::string& put, int64_t number, bool parquet) {
  return fmt::format("data-{}-{:06}.{}", put, number, parquet ? "parquet" : "arrow");
}

std::string SourceName(const std::string& put, size_t number) {
  return fmt::format("_source-{}-{:06}.arrow", put, number);
}

// Without its directories.
std::string NameOf(const base::ByteSource& file) {
  return std::filesystem::path(file.name()).filename().string();
}

// The checksum of a whole file, computed while its objects are written; given up with the rest.
class FileChecksum {
 public:
  FileChecksum(const std::shared_ptr<base::ByteSource>& file, const Uploads& uploads,
               const arrow::StopToken& stop)
      : uploads_(uploads),
        crc32c_(base::Async([this, file, stop] { return Compute(file.get(), stop); })) {}
  ~FileChecksum() { given_up_ = true; }
  Result<uint32_t> Take() { return crc32c_.get(); }

 private:
  Result<uint32_t> Compute(base::ByteSource* file, const arrow::StopToken& stop) {
    uint32_t crc32c = 0;
    for (int64_t done = 0; done < file->size(); done += kStepBytes) {
      if (given_up_ || uploads_.failed()) return Status::Cancelled("the put has failed");
      const int64_t bytes = std::min(kStepBytes, file->size() - done);
      ARROW_ASSIGN_OR_RAISE(const auto read, file->ReadOne({done, bytes}, stop));
      crc32c = base::Crc32c(std::string_view(*read), crc32c);
    }
    return crc32c;
  }

  const Uploads& uploads_;
  std::atomic<bool> given_up_ = false;
  std::future<Result<uint32_t>> crc32c_;  // its destructor, the first to run, waits
};

// Where the bytes of a file went: pieces of objects, by where they were in the file.
using Placed = std::vector<std::pair<int64_t, SourcePiece>>;

// The file in order: placed pieces, and what lies between them as bytes.
Result<std::vector<SourcePiece>> WithGaps(base::ByteSource* file, Placed placed) {
  std::sort(placed.begin(), placed.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<SourcePiece> pieces;
  int64_t end = 0;
  const auto fill = [&](int64_t until) -> Status {
    if (until == end) return Status::OK();
    SourcePiece gap;
    ARROW_ASSIGN_OR_RAISE(gap.bytes, file->ReadOne({end, until - end}));
    pieces.push_back(std::move(gap));
    return Status::OK();
  };
  for (auto& [offset, piece] : placed) {
    // Bytes that two objects hold are taken from one.
    const int64_t skip = std::min(std::max<int64_t>(end - offset, 0), piece.range.length);
    piece.range = {piece.range.offset + skip, piece.range.length - skip};
    if (piece.range.length == 0) continue;
    ARROW_RETURN_NOT_OK(fill(offset + skip));
    end = offset + skip + piece.range.length;
    pieces.push_back(std::move(piece));
  }
  ARROW_RETURN_NOT_OK(fill(file->size()));
  return pieces;
}

// Puts one file after the other; counts objects over all of them.
class Putting {
 public:
  Putting(objects::ObjectStore* store, std::string table, std::string put,
          const PutOptions& options, int64_t total_bytes)
      : store_(store),
        table_(std::move(table)),
        put_(std::move(put)),
        options_(options),
        uploads_(store, table_, options.uploads, [this, total_bytes](int64_t bytes) {
          const int64_t done = done_bytes_ += bytes;
          if (options_.on_progress) options_.on_progress(std::min(done, total_bytes), total_bytes);
        }) {}

  Status PutFile(const FileCut& cut, size_t number) {
    FileChecksum checksum(cut.file, uploads_, options_.stop);
    Placed placed;
    bool reencoded = false;
    origin_ = cut.file->name();
    for (const CutPiece& piece : cut.pieces) {
      ARROW_RETURN_NOT_OK(options_.stop.Poll());
      StoredFragment fragment;
      fragment.sources = {SourceName(put_, number)};
      fragment.object = DataName(put_, objects_, cut.parquet);
      if (piece.kind == CutPiece::Kind::kReencoded) {
        reencoded = true;
        ARROW_RETURN_NOT_OK(Reencode(cut, piece, fragment));
      } else if (piece.kind == CutPiece::Kind::kRowGroups) {
        ARROW_RETURN_NOT_OK(CopyRowGroups(cut, piece, fragment, &placed));
      } else {
        ARROW_RETURN_NOT_OK(CopyFile(cut, fragment, &placed));
      }
    }
    SourceFile source;
    source.name = NameOf(*cut.file);
    source.bytes = cut.file->size();
    const auto crc32c = checksum.Take();
    // An object that cannot be written is the reason, where there is one.
    if (!crc32c.ok()) ARROW_RETURN_NOT_OK(uploads_.Finish().status());
    ARROW_ASSIGN_OR_RAISE(source.crc32c, crc32c);
    if (!reencoded) {
      ARROW_ASSIGN_OR_RAISE(source.pieces, WithGaps(cut.file.get(), std::move(placed)));
    }
    return WriteSource(source, number);
  }

  // Encodes rows as they come into objects of the target size.
  Status PutRows(arrow::RecordBatchReader* rows, const std::string& name) {
    StoredFragment fragment;
    fragment.sources = {SourceName(put_, 0)};
    fragment.reencoded = true;
    origin_ = name;
    std::unique_ptr<format::ParquetWriter> writer;
    std::shared_ptr<arrow::RecordBatch> batch;
    while (true) {
      ARROW_RETURN_NOT_OK(options_.stop.Poll());
      ARROW_RETURN_NOT_OK(rows->ReadNext(&batch));
      if (batch == nullptr) break;
      ARROW_RETURN_NOT_OK(Encode(*batch, fragment, &writer));
    }
    if (writer != nullptr) ARROW_RETURN_NOT_OK(AddEncoded(std::move(writer), fragment));
    if (objects_ == 0) {  // a table without rows has a schema all the same
      ARROW_ASSIGN_OR_RAISE(writer, format::ParquetWriter::Make(rows->schema(), options_.write));
      ARROW_RETURN_NOT_OK(AddEncoded(std::move(writer), fragment));
    }
    SourceFile source;
    source.name = name;
    return WriteSource(source, 0);
  }

  Result<std::vector<Uploads::Uploaded>> Finish() { return uploads_.Finish(); }

 private:
  Status CopyFile(const FileCut& cut, StoredFragment fragment, Placed* placed) {
    placed->emplace_back(0, SourcePiece{fragment.object, {0, cut.file->size()}, nullptr});
    return Add(std::move(fragment), [file = cut.file, stop = options_.stop] {
      return file->ReadOne({0, file->size()}, stop);
    });
  }

  Status CopyRowGroups(const FileCut& cut, const CutPiece& piece, StoredFragment fragment,
                       Placed* placed) {
    const format::ReadContext context(nullptr, options_.stop);
    ARROW_ASSIGN_OR_RAISE(auto laid_out,
                          format::Assemble({{cut.parts, piece.begin, piece.end}}, {}, context));
    const auto assembly = std::make_shared<format::ParquetAssembly>(std::move(laid_out));
    for (const format::AssembledPiece& part : assembly->pieces) {
      if (part.source < 0) continue;
      placed->emplace_back(part.from.offset,
                           SourcePiece{fragment.object, {part.offset, part.from.length}, nullptr});
    }
    return Add(std::move(fragment), [assembly, context] {
      return format::ReadAssembly(*assembly, {0, assembly->bytes}, {}, context);
    });
  }

  // Equal shares of the row group's rows, so that a run that goes on finds the same objects.
  Status Reencode(const FileCut& cut, const CutPiece& piece, StoredFragment fragment) {
    fragment.reencoded = true;
    const int64_t rows = cut.parts->row_group_rows(piece.begin);
    const int64_t share = std::max<int64_t>((rows + piece.objects - 1) / piece.objects, 1);
    format::ParquetWriteOptions write = options_.write;
    ARROW_ASSIGN_OR_RAISE(write.codec, format::CodecOf(cut.file));
    ARROW_ASSIGN_OR_RAISE(const auto reader, format::ReadRowGroup(cut.file, piece.begin));
    std::unique_ptr<format::ParquetWriter> writer;
    const int64_t before = objects_;
    int64_t held = 0;
    std::shared_ptr<arrow::RecordBatch> batch;
    while (true) {
      ARROW_RETURN_NOT_OK(options_.stop.Poll());
      ARROW_RETURN_NOT_OK(reader->ReadNext(&batch));
      if (batch == nullptr) break;
      for (int64_t begin = 0; begin < batch->num_rows();) {
        if (writer == nullptr) {
          ARROW_ASSIGN_OR_RAISE(writer, format::ParquetWriter::Make(reader->schema(), write));
        }
        const int64_t take = std::min(batch->num_rows() - begin, share - held);
        ARROW_RETURN_NOT_OK(writer->Write(*batch->Slice(begin, take)));
        begin += take;
        held += take;
        if (held == share) {
          ARROW_RETURN_NOT_OK(AddEncoded(std::move(writer), fragment));
          held = 0;
        }
      }
    }
    if (writer == nullptr && objects_ > before) return Status::OK();
    if (writer == nullptr) {  // no rows at all: their columns stay
      ARROW_ASSIGN_OR_RAISE(writer, format::ParquetWriter::Make(reader->schema(), write));
    }
    return AddEncoded(std::move(writer), fragment);
  }

  // Writes a row group's rows at a time, and ends objects that have their size.
  Status Encode(const arrow::RecordBatch& batch, const StoredFragment& fragment,
                std::unique_ptr<format::ParquetWriter>* writer) {
    const int64_t step = options_.write.row_group_rows;
    for (int64_t begin = 0; begin < batch.num_rows(); begin += step) {
      if (*writer == nullptr) {
        ARROW_ASSIGN_OR_RAISE(*writer, format::ParquetWriter::Make(batch.schema(), options_.write));
      }
      ARROW_RETURN_NOT_OK((*writer)->Write(*batch.Slice(begin, step)));
      if ((*writer)->bytes() < options_.target_bytes) continue;
      ARROW_RETURN_NOT_OK(AddEncoded(std::move(*writer), fragment));
    }
    return Status::OK();
  }

  Status AddEncoded(std::unique_ptr<format::ParquetWriter> writer, StoredFragment fragment) {
    ARROW_ASSIGN_OR_RAISE(auto bytes, writer->Finish());
    fragment.object = DataName(put_, objects_, true);
    return Add(std::move(fragment), [bytes = std::move(bytes)] { return bytes; });
  }

  Status Add(StoredFragment fragment, Uploads::Make make) {
    ++objects_;
    return uploads_.Add(std::move(fragment), origin_, std::move(make));
  }

  Status WriteSource(const SourceFile& source, size_t number) {
    ARROW_ASSIGN_OR_RAISE(const auto bytes, EncodeSourceFile(source));
    return store_->Create(ObjectOf(table_, SourceName(put_, number)), *bytes).status();
  }

  objects::ObjectStore* store_;
  const std::string table_;
  const std::string put_;  // the name of this put, and of its commit
  const PutOptions& options_;
  std::string origin_;  // what is being put
  int64_t objects_ = 0;
  std::atomic<int64_t> done_bytes_ = 0;
  Uploads uploads_;
};

// The table as it will be once `added` are in it.
Result<Manifest> NextSnapshot(const Manifest* current, const std::vector<Uploads::Uploaded>& added,
                              const std::string& table, Existing existing) {
  if (current != nullptr && existing == Existing::kRefuse) {
    return base::Invalid("table '{}' is there already; say whether to append or to replace it",
                         table);
  }
  Manifest next;
  next.operation = current == nullptr              ? "put"
                   : existing == Existing::kAppend ? "append"
                                                   : "replace";
  if (current != nullptr && existing == Existing::kAppend) {
    next.schema = current->schema;
    next.parts = current->parts;
    next.tail = current->tail;
  }
  for (const Uploads::Uploaded& one : added) {
    const StoredFragment& fragment = one.described.fragment;
    if (next.schema == nullptr) next.schema = one.described.schema->RemoveMetadata();
    ARROW_ASSIGN_OR_RAISE(next.schema,
                          UniteSchemas(*next.schema, *one.described.schema, one.origin));
    next.tail.push_back(fragment);
  }
  return next;
}

// A file, or rows, by what messages call them and the columns that they have.
struct Named {
  std::string name;
  std::shared_ptr<arrow::Schema> schema;
};

// Early, before anything is written; the commit looks again. The sequence number of the table's
// snapshot.
Result<int64_t> CheckExisting(objects::ObjectStore* store, const std::string& table,
                              Existing existing, const std::vector<Named>& added) {
  ARROW_ASSIGN_OR_RAISE(const auto current, CurrentManifest(store, table));
  if (!current.has_value()) return 0;
  if (existing == Existing::kRefuse) {
    return NextSnapshot(&*current, {}, store->UriOf(table), existing).status();
  }
  for (const Named& one : added) {
    if (existing != Existing::kAppend) break;
    ARROW_RETURN_NOT_OK(UniteSchemas(*current->schema, *one.schema, one.name).status());
  }
  return current->sequence;
}

// Reads the footers of all files. Fails unless all have the same columns, and names to be given
// back under.
Result<std::vector<Named>> CheckFiles(const std::vector<std::shared_ptr<base::ByteSource>>& files) {
  std::vector<Named> named;
  for (const auto& file : files) {
    if (!IsPlainFileName(NameOf(*file))) {
      return base::Invalid("'{}' is no name that a table can give a file back under: rename it",
                           Shown(NameOf(*file)));
    }
    ARROW_ASSIGN_OR_RAISE(auto schema, SchemaOfFile(file));
    if (!named.empty()) {
      ARROW_RETURN_NOT_OK(UniteSchemas(*named.front().schema, *schema, file->name()).status());
    }
    named.push_back({file->name(), std::move(schema)});
  }
  return named;
}

// The columns that rows of `schema` have once they are encoded.
Result<std::shared_ptr<arrow::Schema>> EncodedSchema(std::shared_ptr<arrow::Schema> schema,
                                                     const format::ParquetWriteOptions& options) {
  ARROW_ASSIGN_OR_RAISE(const auto writer, format::ParquetWriter::Make(std::move(schema), options));
  ARROW_ASSIGN_OR_RAISE(auto bytes, writer->Finish());
  return SchemaOfFile(base::MakeBufferSource(std::move(bytes), "no rows"));
}

Status Validate(const PutOptions& options) {
  if (options.target_bytes < 1 || options.most_bytes < options.target_bytes) {
    return base::Invalid("objects of {} bytes, and at most {}", options.target_bytes,
                         options.most_bytes);
  }
  return format::Validate(options.write);
}

Result<PutReport> CommitPut(objects::ObjectStore* store, const std::string& table,
                            const std::string& put, int64_t since,
                            const std::vector<Uploads::Uploaded>& uploaded, Existing existing) {
  PutReport report;
  ARROW_ASSIGN_OR_RAISE(auto committed,
                        Commit(store, table, put, since, [&](const Manifest* current) {
                          return NextSnapshot(current, uploaded, store->UriOf(table), existing);
                        }));
  report.snapshot = std::move(committed.manifest);
  report.committed_before = committed.before;
  report.objects = static_cast<int64_t>(uploaded.size());
  report.objects_found =
      std::count_if(uploaded.begin(), uploaded.end(), [](const auto& one) { return one.found; });
  return report;
}

// The rows are there: whoever was told of a failure now would put them once more. Only who has been
// taken for interrupted must not count them, because another run does.
Status EndJournal(const PutJournal& journal, PutReport* report) {
  const Status ended = journal.End();
  if (base::Is(ended, base::Code::kBusy)) return ended;
  if (!ended.ok()) {
    report->notices.push_back(
        "the journal of this put may still be there, and the same put would then add nothing: " +
        ended.message());
  }
  return Status::OK();
}

}  // namespace

Result<PutReport> Put(objects::ObjectStore* store, const std::string& table,
                      const std::vector<std::shared_ptr<base::ByteSource>>& files,
                      const PutOptions& options) {
  if (files.empty()) return base::Invalid("there is no file to put into '{}'", store->UriOf(table));
  ARROW_RETURN_NOT_OK(Validate(options));
  std::vector<FileCut> cuts;
  int64_t total_bytes = 0;
  for (const auto& file : files) {
    ARROW_ASSIGN_OR_RAISE(
        cuts.emplace_back(),
        CutFile(file, {options.target_bytes, options.most_bytes, options.verbatim}));
    total_bytes += file->size();
  }
  ARROW_ASSIGN_OR_RAISE(const auto named, CheckFiles(files));
  ARROW_ASSIGN_OR_RAISE(const PutJournal journal,
                        PutJournal::Begin(store, table, FingerprintOf(files, options), [&] {
                          return CheckExisting(store, table, options.existing, named);
                        }));
  Putting putting(store, table, journal.put(), options, total_bytes);
  for (size_t i = 0; i < cuts.size(); ++i) ARROW_RETURN_NOT_OK(putting.PutFile(cuts[i], i));
  ARROW_ASSIGN_OR_RAISE(const auto uploaded, putting.Finish());
  ARROW_ASSIGN_OR_RAISE(PutReport report, CommitPut(store, table, journal.put(), journal.since(),
                                                    uploaded, options.existing));
  for (const auto& one : uploaded) {
    if (one.described.unreadable.empty()) continue;
    report.notices.push_back(
        fmt::format("the columns of '{}' cannot be read ({}): it can be given "
                    "back, and not be queried",
                    one.described.fragment.object, one.described.unreadable));
  }
  for (const FileCut& cut : cuts) {
    report.notices.insert(report.notices.end(), cut.notices.begin(), cut.notices.end());
  }
  ARROW_RETURN_NOT_OK(EndJournal(journal, &report));
  return report;
}

Result<PutReport> PutRows(objects::ObjectStore* store, const std::string& table,
                          arrow::RecordBatchReader* rows, const std::string& name,
                          const PutOptions& options) {
  ARROW_RETURN_NOT_OK(Validate(options));
  ARROW_ASSIGN_OR_RAISE(auto schema, EncodedSchema(rows->schema(), options.write));
  ARROW_ASSIGN_OR_RAISE(const int64_t since,
                        CheckExisting(store, table, options.existing, {{name, std::move(schema)}}));
  const std::string put = objects::UniqueId();
  Putting putting(store, table, put, options, 0);
  ARROW_RETURN_NOT_OK(putting.PutRows(rows, name));
  ARROW_ASSIGN_OR_RAISE(const auto uploaded, putting.Finish());
  return CommitPut(store, table, put, since, uploaded, options.existing);
}

}  // namespace skyhook::table
