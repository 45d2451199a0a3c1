#include "skyhook/table/compact.h"

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "skyhook/base/status.h"
#include "skyhook/format/parquet/rewrite/assembly.h"
#include "skyhook/table/source_file.h"
#include "skyhook/table/stored_manifest.h"
#include "skyhook/table/table.h"
#include "skyhook/table/uploads.h"

namespace skyhook::table {

using arrow::Result;
using arrow::Status;

namespace {

// Neighbours of a table that become one object.
struct Run {
  size_t begin = 0;  // of the snapshot's fragments
  size_t end = 0;
  std::vector<format::RowGroupsOf> row_groups;
  int64_t bytes = 0;
  std::string object;  // that they become
  std::shared_ptr<format::ParquetAssembly> assembly;

  size_t size() const { return end - begin; }
};

class Compaction {
 public:
  Compaction(objects::ObjectStore* store, std::string table, Snapshot snapshot,
             const CompactOptions& options)
      : store_(store),
        table_(std::move(table)),
        snapshot_(std::move(snapshot)),
        options_(options),
        name_(objects::UniqueId()) {}

  Result<CompactReport> Execute() {
    ARROW_RETURN_NOT_OK(FindRuns());
    CompactReport report;
    report.unlike = unlike_;
    if (runs_.empty()) {
      report.sequence = snapshot_.sequence;
      return report;
    }
    ARROW_RETURN_NOT_OK(RewriteSources());
    ARROW_ASSIGN_OR_RAISE(const auto joined, Upload());
    ARROW_ASSIGN_OR_RAISE(const auto committed, Commit(store_, table_, name_, snapshot_.sequence,
                                                       [&](const Manifest* current) {
                                                         return Replace(current, joined);
                                                       }));
    report.sequence = committed.manifest.sequence;
    for (const Run& run : runs_) report.objects_before += static_cast<int64_t>(run.size());
    report.objects_after = static_cast<int64_t>(runs_.size());
    return report;
  }

 private:
  Status FindRuns() {
    Run run;
    for (size_t i = 0; i < snapshot_.fragments.size(); ++i) {
      ARROW_RETURN_NOT_OK(options_.stop.Poll());
      const StoredFragment& fragment = snapshot_.fragments[i];
      const bool small =
          fragment.bytes < options_.target_bytes / 2 && fragment.object.ends_with(".parquet");
      if (!small) {
        EndRun(&run);
        continue;
      }
      ARROW_ASSIGN_OR_RAISE(auto object, store_->OpenObject(ObjectOf(table_, fragment.object)));
      ARROW_ASSIGN_OR_RAISE(auto parts, format::ParquetParts::Read(std::move(object), {}, {}));
      if (!parts->obstacle().empty()) {
        EndRun(&run);
        continue;
      }
      if (run.size() > 0) {
        ARROW_ASSIGN_OR_RAISE(const bool apart, KeepsFilesApart(run, fragment));
        if (apart) EndRun(&run);
      }
      if (run.size() > 0 && !run.row_groups.front().parts->CanJoin(*parts)) {
        ++unlike_;
        EndRun(&run);
      }
      if (run.size() == 0) run.begin = i;
      run.end = i + 1;
      run.bytes += fragment.bytes;
      const int groups = parts->num_row_groups();
      run.row_groups.push_back({std::move(parts), 0, groups});
      if (run.bytes >= options_.target_bytes) EndRun(&run);
    }
    EndRun(&run);
    return Status::OK();
  }

  // Files whose bytes are not kept are given back as their objects: one must not hold rows of two.
  Result<bool> KeepsFilesApart(const Run& run, const StoredFragment& next) {
    const StoredFragment& last = snapshot_.fragments[run.end - 1];
    if (last.sources == next.sources) return false;
    for (const StoredFragment* fragment : {&last, &next}) {
      for (const std::string& source : fragment->sources) {
        ARROW_ASSIGN_OR_RAISE(const SourceFile file, ReadSourceFile(store_, table_, source));
        if (file.pieces.empty()) return true;
      }
    }
    return false;
  }

  void EndRun(Run* run) {
    Run ended = std::exchange(*run, {});
    if (ended.size() < 2) return;
    ended.object = fmt::format("data-{}-{:06}.parquet", name_, runs_.size());
    runs_.push_back(std::move(ended));
  }

  Result<std::vector<StoredFragment>> Upload() {
    Uploads uploads(store_, table_, options_.uploads, nullptr);
    const format::ReadContext context(nullptr, options_.stop);
    for (Run& run : runs_) {
      StoredFragment fragment;
      fragment.object = run.object;
      for (size_t i = run.begin; i < run.end; ++i) {
        fragment.reencoded |= snapshot_.fragments[i].reencoded;
        for (const std::string& source : snapshot_.fragments[i].sources) {
          const std::string& now = sources_.at(source);
          auto& all = fragment.sources;
          if (std::find(all.begin(), all.end(), now) == all.end()) all.push_back(now);
        }
      }
      std::string name = store_->UriOf(ObjectOf(table_, run.object));
      ARROW_RETURN_NOT_OK(
          uploads.Add(std::move(fragment), std::move(name), [assembly = run.assembly, context] {
            return format::ReadAssembly(*assembly, {0, assembly->bytes}, {}, context);
          }));
    }
    ARROW_ASSIGN_OR_RAISE(const auto uploaded, uploads.Finish());
    std::vector<StoredFragment> fragments;
    for (const auto& one : uploaded) fragments.push_back(one.described.fragment);
    return fragments;
  }

  // The descriptions of files whose bytes move, as they read afterwards.
  Status RewriteSources() {
    std::set<std::string> moved;
    for (Run& run : runs_) {
      ARROW_ASSIGN_OR_RAISE(auto assembly, format::Assemble(run.row_groups, {}, {}));
      run.assembly = std::make_shared<format::ParquetAssembly>(std::move(assembly));
      for (size_t i = run.begin; i < run.end; ++i) {
        run_of_[snapshot_.fragments[i].object] = &run;
        moved.insert(snapshot_.fragments[i].sources.begin(), snapshot_.fragments[i].sources.end());
      }
    }
    for (const std::string& object : moved) {
      ARROW_ASSIGN_OR_RAISE(SourceFile file, ReadSourceFile(store_, table_, object));
      std::vector<SourcePiece> pieces;
      for (const SourcePiece& piece : file.pieces) ARROW_RETURN_NOT_OK(Move(piece, &pieces));
      file.pieces = std::move(pieces);
      const std::string now = fmt::format("_source-{}-{:06}.arrow", name_, sources_.size());
      ARROW_ASSIGN_OR_RAISE(const auto bytes, EncodeSourceFile(file));
      ARROW_RETURN_NOT_OK(store_->Create(ObjectOf(table_, now), *bytes).status());
      sources_[object] = now;
    }
    return Status::OK();
  }

  // A piece of an object that is joined: where its bytes will be, and themselves where they will
  // not be anywhere.
  Status Move(const SourcePiece& piece, std::vector<SourcePiece>* out) {
    const auto found = run_of_.find(piece.object);
    if (piece.object.empty() || found == run_of_.end()) {
      out->push_back(piece);
      return Status::OK();
    }
    const Run& run = *found->second;
    const std::string name = store_->UriOf(ObjectOf(table_, piece.object));
    int64_t at = piece.range.offset;
    const int64_t end = piece.range.offset + piece.range.length;
    const auto keep = [&](int64_t until) -> Status {
      if (until <= at) return Status::OK();
      ARROW_ASSIGN_OR_RAISE(const auto object, store_->OpenObject(ObjectOf(table_, piece.object)));
      SourcePiece kept;
      ARROW_ASSIGN_OR_RAISE(kept.bytes, object->ReadOne({at, until - at}));
      out->push_back(std::move(kept));
      at = until;
      return Status::OK();
    };
    for (const format::AssembledPiece& part : PartsOf(*run.assembly, name)) {
      const int64_t begin = std::max(part.from.offset, at);
      const int64_t stop = std::min(part.from.offset + part.from.length, end);
      if (begin >= stop) continue;
      ARROW_RETURN_NOT_OK(keep(begin));
      out->push_back({run.object, {part.offset + begin - part.from.offset, stop - begin}, nullptr});
      at = stop;
    }
    return keep(end);
  }

  // What an assembly copies of one source, in the source's order.
  static std::vector<format::AssembledPiece> PartsOf(const format::ParquetAssembly& assembly,
                                                     const std::string& name) {
    std::vector<format::AssembledPiece> parts;
    for (const format::AssembledPiece& piece : assembly.pieces) {
      if (piece.source >= 0 && assembly.sources[piece.source]->name() == name) {
        parts.push_back(piece);
      }
    }
    std::sort(parts.begin(), parts.end(),
              [](const auto& a, const auto& b) { return a.from.offset < b.from.offset; });
    return parts;
  }

  // `current` with every run replaced.
  Result<Manifest> Replace(const Manifest* current,
                           const std::vector<StoredFragment>& joined) const {
    Manifest next;
    if (current == nullptr) {
      return base::MakeStatus(base::Code::kBusy, "the table was removed meanwhile");
    }
    next.operation = "compact";
    next.schema = current->schema;
    ARROW_ASSIGN_OR_RAISE(Snapshot now, LoadSnapshot(store_, table_, *current));
    next.tail = std::move(now.fragments);
    for (size_t i = 0; i < runs_.size(); ++i) {
      ARROW_RETURN_NOT_OK(ReplaceRun(runs_[i], joined[i], &next.tail));
    }
    // Fragments that stay may be of files whose descriptions were rewritten.
    for (StoredFragment& fragment : next.tail) {
      for (std::string& source : fragment.sources) {
        const auto now = sources_.find(source);
        if (now != sources_.end()) source = now->second;
      }
    }
    return next;
  }

  Status ReplaceRun(const Run& run, const StoredFragment& joined,
                    std::vector<StoredFragment>* fragments) const {
    const auto same = [&](const StoredFragment& there, size_t i) {
      return there.object == snapshot_.fragments[run.begin + i].object;
    };
    for (size_t at = 0; at + run.size() <= fragments->size(); ++at) {
      size_t i = 0;
      while (i < run.size() && same((*fragments)[at + i], i)) ++i;
      if (i < run.size()) continue;
      (*fragments)[at] = joined;
      fragments->erase(fragments->begin() + static_cast<ptrdiff_t>(at + 1),
                       fragments->begin() + static_cast<ptrdiff_t>(at + run.size()));
      return Status::OK();
    }
    return base::MakeStatus(
        base::Code::kBusy,
        fmt::format("'{}' was replaced meanwhile; compact again",
                    store_->UriOf(ObjectOf(table_, snapshot_.fragments[run.begin].object))));
  }

  objects::ObjectStore* store_;
  const std::string table_;
  const Snapshot snapshot_;
  const CompactOptions& options_;
  const std::string name_;  // of this compaction, and of its commit
  std::vector<Run> runs_;
  std::map<std::string, const Run*> run_of_;    // by object
  std::map<std::string, std::string> sources_;  // before to after
  int64_t unlike_ = 0;
};

}  // namespace

Result<CompactReport> Compact(objects::ObjectStore* store, const std::string& table,
                              const CompactOptions& options) {
  ARROW_ASSIGN_OR_RAISE(Snapshot snapshot, ReadSnapshot(store, table, ""));
  return Compaction(store, table, std::move(snapshot), options).Execute();
}

}  // namespace skyhook::table
