// The expressions of one pipeline, compiled: equal subexpressions share one node.
#pragma once

#include <arrow/result.h>
#include <arrow/type.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "skyhook/exec/kernels/prepared_call.h"
#include "skyhook/exec/prepared_calls.h"
#include "skyhook/format/read_context.h"
#include "skyhook/plan/expression.h"
#include "skyhook/vector/column.h"

namespace skyhook::exec {

/// Nodes are numbered so that arguments come before the nodes that use them. Immutable once built;
/// shared between threads.
class Program {
 public:
  struct Node {
    plan::ExpressionPtr expression;
    PreparedCallPtr call;        ///< of a kCall
    std::vector<int> arguments;  ///< of an IN only the first: its literals are no nodes
    std::vector<int> columns;    ///< input columns read, ascending
    bool can_fail = false;
  };

  /// Where calls that are added from now on are found; else each is prepared for this program
  /// alone.
  void ShareCalls(std::shared_ptr<PreparedCalls> calls) { calls_ = std::move(calls); }
  const std::shared_ptr<PreparedCalls>& calls() const { return calls_; }

  /// Adds an expression and returns its node.
  int Add(const plan::ExpressionPtr& expression);
  const Node& node(int index) const { return nodes_[static_cast<size_t>(index)]; }
  int size() const { return static_cast<int>(nodes_.size()); }

  /// How errors name a call: its fragment, unless that has no name, and the columns of `input`.
  void NameErrors(std::string fragment, std::shared_ptr<arrow::Schema> input) {
    fragment_ = std::move(fragment);
    input_ = std::move(input);
  }
  std::string Describe(const plan::Expression& call) const;

  /// What the texts that one call makes may take.
  void BoundTexts(vector::TextLimit texts) { texts_ = texts; }
  const vector::TextLimit& texts() const { return texts_; }

 private:
  std::shared_ptr<PreparedCalls> calls_;  // may be null
  std::vector<Node> nodes_;
  std::unordered_multimap<size_t, int> by_hash_;  // of the nodes' expressions
  std::string fragment_;
  std::shared_ptr<arrow::Schema> input_;  // null: columns have numbers
  vector::TextLimit texts_;
};

/// Gives a frame its input columns.
class ColumnSource {
 public:
  virtual ~ColumnSource() = default;
  /// Values of an input column for exactly the frame's rows.
  virtual arrow::Result<vector::Column> Load(int column) = 0;
};

/// One column that is already there, whatever is asked for.
class SingleSource : public ColumnSource {
 public:
  explicit SingleSource(const vector::Column* column) : column_(column) {}
  arrow::Result<vector::Column> Load(int) override { return *column_; }

 private:
  const vector::Column* column_;
};

/// Results of nodes over whole dictionaries, which the chunks of a row group share. Not
/// thread-safe.
class DictionaryResults {
 public:
  const vector::Column* Find(int node, const vector::Column* dictionary) const;
  const vector::Column* Insert(int node, std::shared_ptr<const vector::Column> dictionary,
                               vector::Column result);
  void Clear() { results_.clear(); }

 private:
  struct Entry {
    std::shared_ptr<const vector::Column>
        dictionary;  // keeps the key's address from being used again
    std::shared_ptr<const vector::Column> result;
  };
  std::map<std::pair<int, const vector::Column*>, Entry> results_;
};

/// Rows of one evaluation: few enough that a few columns of them stay in the processor's caches,
/// and that it takes some milliseconds at most. Between two evaluations somebody looks at the stop
/// token.
inline constexpr int64_t kChunkRows = 4096;

/// Evaluates nodes over one set of rows; remembers each result.
class Frame {
 public:
  /// All must outlive the frame. `dictionaries` and `context` may be null; with both, a node over
  /// a dictionary is evaluated in pieces of kChunkRows, before each of which `context` is polled.
  Frame(const Program* program, ColumnSource* source, int64_t rows, DictionaryResults* dictionaries,
        const format::ReadContext* context = nullptr)
      : program_(program),
        source_(source),
        dictionaries_(dictionaries),
        context_(context),
        rows_(rows),
        results_(static_cast<size_t>(program->size())) {}

  int64_t rows() const { return rows_; }
  /// A new frame over the same source, which now gives `rows` rows.
  Frame Renewed(int64_t rows) const {
    return Frame(program_, source_, rows, dictionaries_, context_);
  }

  /// The node's value for every row of the frame: any kind of column.
  arrow::Result<const vector::Column*> Value(int node);

  /// The same as kFlat or kConstant (kOpaque for types that are passed through).
  arrow::Result<vector::Column> PlainValue(int node);

  /// The rows where a boolean node is true, ascending.
  arrow::Result<std::vector<int32_t>> TrueRows(int node);

 private:
  arrow::Result<vector::Column> Evaluate(int node);
  arrow::Result<std::optional<vector::Column>> OverDictionary(int node);
  arrow::Result<vector::Column> EvaluateCall(const Program::Node& node);
  arrow::Result<vector::Column> Call(const Program::Node& node, const Arguments& arguments,
                                     int64_t rows) const;
  arrow::Result<vector::Column> ConnectAll(const Program::Node& node);
  arrow::Result<vector::Column> Connect(const Program::Node& node);
  arrow::Result<vector::Column> Choose(const Program::Node& node);
  arrow::Result<vector::Column> FirstNotNull(const Program::Node& node);
  arrow::Result<vector::Column> ValueOn(int node, const std::vector<int32_t>& rows);

  const Program* program_;
  ColumnSource* source_;
  DictionaryResults* dictionaries_;
  const format::ReadContext* context_;
  int64_t rows_;
  std::vector<std::unique_ptr<vector::Column>> results_;
};

/// A node over all values of a column without references to others, in pieces of kChunkRows; polls
/// `context` (may be null) before each piece. `node` reads one column and cannot fail.
arrow::Result<vector::Column> EvaluateInPieces(const Program& program, int node,
                                               const vector::Column& values,
                                               const format::ReadContext* context);

}  // namespace skyhook::exec
