// The kernel: one pipeline over row ranges of one fragment, the same wherever it runs.
#pragma once

#include <arrow/record_batch.h>
#include <arrow/result.h>
#include <arrow/util/cancel.h>

#include <memory>
#include <vector>

#include "skyhook/base/limits.h"
#include "skyhook/format/fragment.h"
#include "skyhook/plan/outcome.h"
#include "skyhook/plan/pipeline.h"
#include "skyhook/plan/runtime_filter.h"
#include "skyhook/plan/slice.h"

namespace skyhook::exec {

class Aggregator;
class PredicateCache;
class PreparedCalls;

/// What one call is given besides the pipeline and the fragment.
struct RunRequest {
  /// The rows asked for. A call of a scan may be resumed: it gets somewhere whatever its deadline,
  /// and at its deadline keeps an aggregate's groups or the best rows to itself.
  plan::Slice slice;
  base::Limits limits;
  plan::RuntimeFilters runtime_filters;
  arrow::StopToken stop = arrow::StopToken::Unstoppable();
  /// What is made of the pipeline's constants, shared with the scan's other calls
  /// (exec/prepared_calls.h). Null: this call makes its own.
  std::shared_ptr<PreparedCalls> prepared_calls = nullptr;
  /// By projected column: whether its batches may hold dictionary(int32, type) in place of its
  /// type. They do where the fragment has a dictionary of no more values than there are rows that
  /// were read with it. Of pipelines that give rows as they come alone. Empty: none may.
  std::vector<bool> dictionaries = {};
  /// Where rows that pass are looked up and remembered (exec/predicate_cache.h), by the fragment's
  /// name and version. Null: nowhere.
  std::shared_ptr<PredicateCache> predicates = nullptr;
  /// What the thread that pulls has of the cores: given up while bytes are waited for, and outlives
  /// the call. Null: nobody counts.
  base::Core* core = nullptr;
  /// Of an aggregate: groups of earlier calls (exec/aggregate/aggregator.h), to which those of this
  /// call are added. They leave in batches only where they take more than a call may hold, and stay
  /// there at its end. Null: all leave in batches.
  std::shared_ptr<Aggregator> groups = nullptr;
};

/// A running call. Pulled by one thread at a time; uses no other thread. Between two looks at the
/// stop token and the deadline lies the work on at most kChunkRows rows (exec/program.h), or on as
/// many values of a dictionary, or the decoding of one page: some milliseconds. A call of a scan
/// does not look at its deadline while it evaluates a dictionary. Runtime filters are looked at
/// before each row group.
class Execution {
 public:
  virtual ~Execution() = default;

  /// The next batch, null at the end. Batches have the pipeline's projected schema, or, for an
  /// aggregate, the schema of its partial state (PartialSchema). Cancellation is an error
  /// (Cancelled); a limit is not: the stream ends and the outcome says what remains.
  virtual arrow::Result<std::shared_ptr<arrow::RecordBatch>> Next() = 0;

  /// Complete once Next has returned null or an error; until then the account so far. What remains
  /// of a call of a scan that has ended by its deadline or the size of its reply is kept here.
  virtual const plan::Outcome& outcome() const = 0;

  /// Goes on with what remains and is kept, which `request.slice` asks for, under the request's
  /// limits and runtime filters, as a call with an account of its own; the sizes of batches and of
  /// what is held back stay those of the first.
  virtual void Resume(RunRequest request) = 0;
};

/// Starts `pipeline` over `request.slice` of `fragment`. The pipeline's input fields are looked up
/// in the fragment by name; a missing one, or one of another type, is an error that names it.
arrow::Result<std::unique_ptr<Execution>> Run(const plan::Pipeline& pipeline,
                                              std::shared_ptr<format::Fragment> fragment,
                                              RunRequest request);

}  // namespace skyhook::exec
