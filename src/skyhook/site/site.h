// The seam: a place that holds fragments and may run pipelines beside them.
#pragma once

#include <arrow/record_batch.h>
#include <arrow/result.h>
#include <arrow/util/cancel.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "skyhook/base/byte_source.h"
#include "skyhook/base/layout.h"
#include "skyhook/base/limits.h"
#include "skyhook/plan/outcome.h"
#include "skyhook/plan/runtime_filter.h"
#include "skyhook/plan/shared_pipeline.h"
#include "skyhook/plan/slice.h"
#include "skyhook/plan/split.h"
#include "skyhook/plan/statistics.h"
#include "skyhook/site/profile.h"

namespace skyhook::base {
class Core;
}  // namespace skyhook::base

namespace skyhook::exec {
class Aggregator;
class PredicateCache;
class PreparedCalls;
}  // namespace skyhook::exec

namespace skyhook::site {

/// Names one fragment at a site, and the version the caller has seen.
struct FragmentId {
  std::string name;     ///< path or object name; with a layout, how messages name it
  std::string version;  ///< empty: any; else a mismatch is Code::kStaleObject
  /// The size that whoever wrote it has noted; another one is Code::kStaleObject too. -1: any. With
  /// a layout the size is that of the layout: only a version tells that an object was rewritten.
  int64_t bytes = -1;
  /// Where its bytes lie, in objects as the site names them. Null: in the one of its name, which is
  /// the whole of it.
  std::shared_ptr<const base::Layout> layout = nullptr;
};

struct Request {
  plan::SharedPipeline pipeline;
  FragmentId fragment;
  plan::Slice slice;
  base::Limits limits;
  plan::RuntimeFilters runtime_filters;
  arrow::StopToken stop = arrow::StopToken::Unstoppable();
  /// As exec::RunRequest::prepared_calls, for a site that runs the kernel in this process.
  std::shared_ptr<exec::PreparedCalls> prepared_calls;
  /// As exec::RunRequest::predicates, likewise.
  std::shared_ptr<exec::PredicateCache> predicates;
  /// As exec::RunRequest::dictionaries, likewise.
  std::vector<bool> dictionaries;
  /// As exec::RunRequest::core, likewise.
  base::Core* core = nullptr;
  /// As exec::RunRequest::groups, for a site that runs all of the pipeline in this process.
  std::shared_ptr<exec::Aggregator> groups;
};

/// The stream of batches of one answer. Pulled by one thread at a time.
class Answer {
 public:
  virtual ~Answer() = default;
  /// The next batch, null at the end.
  virtual arrow::Result<std::shared_ptr<arrow::RecordBatch>> Next() = 0;
  /// Complete once Next returned null; until then the account so far, in which `applied` is that of
  /// the batch returned last: whoever asked does the rest. Batches count only together
  /// with their outcome: after an error the caller drops what it got and asks for the rows again,
  /// anywhere.
  virtual const plan::Outcome& outcome() const = 0;
};

/// What can be known of a fragment without scanning it.
struct FragmentDescription {
  FragmentId id;  ///< with the version that was described
  int64_t bytes = 0;
  std::shared_ptr<arrow::Schema> declared_schema;
  std::vector<int> field_ids;              ///< as format::Fragment::field_ids
  std::vector<plan::RowRange> row_groups;  ///< natural units of work, covering all rows
  int64_t num_rows = 0;
};

/// Thread-safe.
class Site {
 public:
  virtual ~Site() = default;

  virtual const Profile& profile() const = 0;
  /// What Run can do. Who asks for more is declined, or answered with less (Outcome::applied).
  virtual plan::Capabilities capabilities() const { return {}; }
  /// Why Run declines whatever is asked of a fragment, as far as its name and layout tell; empty:
  /// it does not.
  virtual std::string WhyNot(const FragmentId& fragment) const { return {}; }
  virtual arrow::Result<FragmentDescription> Describe(const FragmentId& fragment) = 0;
  /// What is known of a column, by row group as described; empty when nothing is.
  virtual arrow::Result<std::vector<std::optional<plan::ColumnStatistics>>> Statistics(
      const FragmentId& fragment, const std::string& column) {
    return std::vector<std::optional<plan::ColumnStatistics>>{};
  }
  /// The bytes of a fragment, for whoever runs the kernel himself. The opening ends by `stop`.
  virtual arrow::Result<std::shared_ptr<base::ByteSource>> OpenBytes(
      const FragmentId& fragment,
      const arrow::StopToken& stop = arrow::StopToken::Unstoppable()) = 0;
  /// Runs a pipeline beside the fragment. A site that declines returns an answer without batches
  /// whose outcome is kRefused with everything remaining; an error means the call itself failed.
  virtual arrow::Result<std::unique_ptr<Answer>> Run(Request request) = 0;
};

}  // namespace skyhook::site
