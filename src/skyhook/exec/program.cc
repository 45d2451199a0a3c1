#include "skyhook/exec/program.h"

#include <arrow/array/util.h>

#include <algorithm>
#include <cstring>
#include <iterator>
#include <numeric>

#include "skyhook/base/status.h"
#include "skyhook/plan/types.h"

namespace skyhook::exec {

using arrow::Result;
using plan::Expression;
using Kind = Expression::Kind;

namespace {

// Input columns for some of the rows of another frame.
class SubsetSource : public ColumnSource {
 public:
  SubsetSource(ColumnSource* whole, const std::vector<int32_t>* rows)
      : whole_(whole), rows_(rows) {}

  Result<vector::Column> Load(int column) override {
    ARROW_ASSIGN_OR_RAISE(vector::Column all, whole_->Load(column));
    return all.Gather(*rows_);
  }

 private:
  ColumnSource* whole_;
  const std::vector<int32_t>* rows_;
};

// A boolean column as two bytes a row: whether it is true, whether it is false.
struct Truths {
  const vector::Column* column;
  bool IsTrue(int64_t row) const { return column->IsValid(row) && At(row) != 0; }
  bool IsFalse(int64_t row) const { return column->IsValid(row) && At(row) == 0; }
  uint8_t At(int64_t row) const {
    return column->values<uint8_t>()[column->is_constant() ? 0 : row];
  }
};

std::vector<int32_t> RowsFrom(int64_t begin, int64_t end) {
  std::vector<int32_t> out(static_cast<size_t>(end - begin));
  std::iota(out.begin(), out.end(), static_cast<int32_t>(begin));
  return out;
}

std::vector<int32_t> AllRows(int64_t rows) { return RowsFrom(0, rows); }

// A column that is written piece by piece: values for some rows at a time.
class Assembly {
 public:
  static Result<Assembly> Make(std::shared_ptr<arrow::DataType> type, int64_t rows) {
    Assembly out;
    out.type_ = std::move(type);
    out.rows_ = rows;
    const int64_t width = vector::ValueWidth(*out.type_);
    ARROW_ASSIGN_OR_RAISE(out.values_,
                          vector::AllocateValues<uint8_t>(std::max<int64_t>(rows, 1) * width));
    ARROW_ASSIGN_OR_RAISE(out.valid_, vector::AllocateValues<uint8_t>(rows));
    std::memset(out.values_->mutable_data(), 0, static_cast<size_t>(out.values_->size()));
    std::memset(out.valid_->mutable_data(), 0, static_cast<size_t>(rows));
    return out;
  }

  // piece[i] becomes the value of rows[i].
  void Put(const vector::Column& piece, const std::vector<int32_t>& rows) {
    const auto base = static_cast<int32_t>(text_.size());
    text_.insert(text_.end(), piece.text_buffers().begin(), piece.text_buffers().end());
    vector::VisitPhysical(*type_, [&](auto value) {
      using T = decltype(value);
      const T* from = piece.values<T>();
      T* to = vector::MutableValues<T>(values_);
      for (size_t i = 0; i < rows.size(); ++i) {
        if (!piece.IsValid(static_cast<int64_t>(i))) continue;
        T one = from[piece.is_constant() ? 0 : i];
        if constexpr (std::is_same_v<T, vector::TextView>) {
          if (!one.is_inline()) one.ref.buffer_index += base;
        }
        to[rows[i]] = one;
        valid_->mutable_data()[rows[i]] = 1;
      }
    });
  }

  vector::Column Finish() {
    const uint8_t* valid = valid_->data();
    if (std::find(valid, valid + rows_, 0) == valid + rows_) valid_ = nullptr;
    return vector::Column::Flat(type_, rows_, values_, valid_, text_);
  }

 private:
  std::shared_ptr<arrow::DataType> type_;
  int64_t rows_ = 0;
  std::shared_ptr<arrow::Buffer> values_;
  std::shared_ptr<arrow::Buffer> valid_;
  arrow::BufferVector text_;
};

bool IsIn(const Expression& expression) {
  return expression.kind() == Kind::kCall && expression.function() == plan::Function::kIn;
}

Result<vector::Column> Booleans(const std::vector<uint8_t>& values,
                                const std::vector<uint8_t>& valid) {
  const auto rows = static_cast<int64_t>(values.size());
  ARROW_ASSIGN_OR_RAISE(auto out, vector::AllocateValues<uint8_t>(rows));
  std::memcpy(out->mutable_data(), values.data(), values.size());
  std::shared_ptr<arrow::Buffer> validity;
  if (std::find(valid.begin(), valid.end(), 0) != valid.end()) {
    ARROW_ASSIGN_OR_RAISE(validity, vector::AllocateValues<uint8_t>(rows));
    std::memcpy(validity->mutable_data(), valid.data(), valid.size());
  }
  return vector::Column::Flat(arrow::boolean(), rows, std::move(out), std::move(validity));
}

}  // namespace

int Program::Add(const plan::ExpressionPtr& expression) {
  const auto [begin, end] = by_hash_.equal_range(expression->hash());
  for (auto same = begin; same != end; ++same) {
    if (node(same->second).expression->Equals(*expression)) return same->second;
  }
  Node node;
  node.expression = expression;
  std::span<const plan::ExpressionPtr> arguments = expression->arguments();
  if (IsIn(*expression)) arguments = arguments.first(1);
  for (const auto& argument : arguments) node.arguments.push_back(Add(argument));
  node.columns.assign(expression->columns().begin(), expression->columns().end());
  node.can_fail = expression->can_fail();
  if (expression->kind() == Kind::kCall) {
    node.call = calls_ != nullptr ? calls_->Get(expression) : PrepareCall(expression);
  }
  nodes_.push_back(std::move(node));
  by_hash_.emplace(expression->hash(), size() - 1);
  return size() - 1;
}

std::string Program::Describe(const Expression& call) const {
  return (fragment_.empty() ? "" : fragment_ + ": ") + call.ToString(input_.get());
}

const vector::Column* DictionaryResults::Find(int node, const vector::Column* dictionary) const {
  const auto found = results_.find({node, dictionary});
  return found == results_.end() ? nullptr : found->second.result.get();
}

const vector::Column* DictionaryResults::Insert(int node,
                                                std::shared_ptr<const vector::Column> dictionary,
                                                vector::Column result) {
  Entry& entry = results_[{node, dictionary.get()}];
  entry.dictionary = std::move(dictionary);
  entry.result = std::make_shared<const vector::Column>(std::move(result));
  return entry.result.get();
}

Result<const vector::Column*> Frame::Value(int node) {
  auto& slot = results_[static_cast<size_t>(node)];
  if (slot == nullptr) {
    ARROW_ASSIGN_OR_RAISE(vector::Column value, Evaluate(node));
    slot = std::make_unique<vector::Column>(std::move(value));
  }
  return slot.get();
}

Result<vector::Column> Frame::PlainValue(int node) {
  ARROW_ASSIGN_OR_RAISE(const vector::Column* value, Value(node));
  if (value->kind() == vector::Column::Kind::kDictionary) return value->Flatten();
  return *value;
}

Result<std::vector<int32_t>> Frame::TrueRows(int node) {
  ARROW_ASSIGN_OR_RAISE(const vector::Column value, PlainValue(node));
  if (value.is_constant()) {
    return Truths{&value}.IsTrue(0) ? AllRows(rows_) : std::vector<int32_t>();
  }
  std::vector<int32_t> out(static_cast<size_t>(rows_));
  const uint8_t* values = value.values<uint8_t>();
  const uint8_t* valid = value.valid();
  size_t count = 0;
  for (int64_t i = 0; i < rows_; ++i) {
    out[count] = static_cast<int32_t>(i);
    count += valid == nullptr ? values[i] : values[i] & valid[i];
  }
  out.resize(count);
  return out;
}

Result<vector::Column> Frame::Evaluate(int index) {
  const Program::Node& node = program_->node(index);
  switch (node.expression->kind()) {
    case Kind::kColumn:
      return source_->Load(node.expression->column());
    case Kind::kLiteral:
      if (!plan::IsComputable(*node.expression->type())) {
        ARROW_ASSIGN_OR_RAISE(auto array,
                              arrow::MakeArrayFromScalar(*node.expression->literal(), rows_));
        return vector::Column::FromArray(array);
      }
      return vector::Column::Constant(node.expression->literal(), rows_);
    default:
      break;
  }
  ARROW_ASSIGN_OR_RAISE(auto by_dictionary, OverDictionary(index));
  if (by_dictionary.has_value()) return *std::move(by_dictionary);
  switch (node.expression->kind()) {
    case Kind::kCall:
      return EvaluateCall(node);
    case Kind::kCase:
      return Choose(node);
    case Kind::kCoalesce:
      return FirstNotNull(node);
    default:
      return Connect(node);
  }
}

// An expression over one dictionary-encoded column needs computing only once a dictionary value,
// provided that it cannot fail (the dictionary may hold values that no row asked for).
Result<std::optional<vector::Column>> Frame::OverDictionary(int index) {
  const Program::Node& node = program_->node(index);
  if (dictionaries_ == nullptr || node.columns.size() != 1 || node.can_fail) return std::nullopt;
  int leaf = index;
  while (program_->node(leaf).expression->kind() != Kind::kColumn) {
    const auto& arguments = program_->node(leaf).arguments;
    const auto next = std::find_if(arguments.begin(), arguments.end(), [&](int argument) {
      return !program_->node(argument).columns.empty();
    });
    leaf = *next;
  }
  ARROW_ASSIGN_OR_RAISE(const vector::Column* column, Value(leaf));
  if (column->kind() != vector::Column::Kind::kDictionary || column->valid() != nullptr) {
    return std::nullopt;
  }
  const auto& dictionary = column->dictionary();
  const vector::Column* result = dictionaries_->Find(index, dictionary.get());
  if (result == nullptr) {
    ARROW_ASSIGN_OR_RAISE(vector::Column whole,
                          EvaluateInPieces(*program_, index, *dictionary, context_));
    result = dictionaries_->Insert(index, dictionary, std::move(whole));
  }
  const int32_t* codes = column->values<int32_t>();
  ARROW_ASSIGN_OR_RAISE(vector::Column out,
                        result->Gather(std::span(codes, static_cast<size_t>(rows_))));
  return out;
}

Result<vector::Column> EvaluateInPieces(const Program& program, int node,
                                        const vector::Column& values,
                                        const format::ReadContext* context) {
  const int64_t rows = values.length();
  const auto evaluate = [&](const std::vector<int32_t>& at) -> Result<vector::Column> {
    if (context != nullptr) ARROW_RETURN_NOT_OK(context->Poll());
    const auto size = static_cast<int64_t>(at.size());
    vector::Column some = values;
    if (size < rows) {
      ARROW_ASSIGN_OR_RAISE(some, values.Gather(at));
    }
    SingleSource source(&some);
    Frame frame(&program, &source, size, nullptr);
    ARROW_ASSIGN_OR_RAISE(vector::Column result, frame.PlainValue(node));
    return result.Flatten();
  };
  ARROW_ASSIGN_OR_RAISE(Assembly out, Assembly::Make(program.node(node).expression->type(), rows));
  for (int64_t begin = 0; begin < rows; begin += kChunkRows) {
    const std::vector<int32_t> at = RowsFrom(begin, std::min(begin + kChunkRows, rows));
    ARROW_ASSIGN_OR_RAISE(const vector::Column piece, evaluate(at));
    if (static_cast<int64_t>(at.size()) == rows) return piece;
    out.Put(piece, at);
  }
  return out.Finish();
}

Result<vector::Column> Frame::EvaluateCall(const Program::Node& node) {
  Arguments arguments(program_->texts());
  bool constant = true;
  for (int argument : node.arguments) {
    ARROW_ASSIGN_OR_RAISE(vector::Column value, PlainValue(argument));
    constant &= value.is_constant();
    arguments.push_back(std::move(value));
  }
  if (!constant) return Call(node, arguments, rows_);
  for (vector::Column& argument : arguments) argument = argument.Resized(1);
  ARROW_ASSIGN_OR_RAISE(vector::Column one, Call(node, arguments, 1));
  ARROW_ASSIGN_OR_RAISE(auto array, one.ToArray());
  ARROW_ASSIGN_OR_RAISE(auto scalar, array->GetScalar(0));
  return vector::Column::Constant(scalar, rows_);
}

Result<vector::Column> Frame::Call(const Program::Node& node, const Arguments& arguments,
                                   int64_t rows) const {
  auto result = node.call->Run(arguments, rows);
  if (result.ok()) return result;
  return base::AddContext(result.status(), program_->Describe(*node.expression));
}

// The node for some rows only, in a frame of their own.
Result<vector::Column> Frame::ValueOn(int node, const std::vector<int32_t>& rows) {
  const auto count = static_cast<int64_t>(rows.size());
  if (count == rows_) return PlainValue(node);
  if (!program_->node(node).can_fail) {
    ARROW_ASSIGN_OR_RAISE(vector::Column all, PlainValue(node));
    return all.Gather(rows);
  }
  SubsetSource source(source_, &rows);
  Frame frame(program_, &source, count, nullptr);
  return frame.PlainValue(node);
}

// AND and OR of arguments that cannot fail: all are evaluated, and Kleene's logic is bit arithmetic
// on "is true" and "is false".
Result<vector::Column> Frame::ConnectAll(const Program::Node& node) {
  const bool conjunction = node.expression->kind() == Kind::kAnd;
  ARROW_ASSIGN_OR_RAISE(auto yes_buffer, vector::AllocateValues<uint8_t>(rows_));
  ARROW_ASSIGN_OR_RAISE(auto known_buffer, vector::AllocateValues<uint8_t>(rows_));
  uint8_t* yes = vector::MutableValues<uint8_t>(yes_buffer);
  uint8_t* no = vector::MutableValues<uint8_t>(known_buffer);
  std::memset(yes, conjunction ? 1 : 0, static_cast<size_t>(rows_));
  std::memset(no, conjunction ? 0 : 1, static_cast<size_t>(rows_));
  bool nulls = false;
  for (int argument : node.arguments) {
    ARROW_ASSIGN_OR_RAISE(vector::Column value, PlainValue(argument));
    if (value.is_constant()) {
      ARROW_ASSIGN_OR_RAISE(value, value.Flatten());
    }
    const uint8_t* values = value.values<uint8_t>();
    const uint8_t* valid = value.valid();
    nulls |= valid != nullptr;
    for (int64_t i = 0; i < rows_; ++i) {
      const uint8_t known = valid == nullptr ? 1 : valid[i];
      const uint8_t is_true = values[i] & known;
      const uint8_t is_false = (values[i] ^ 1) & known;
      yes[i] = conjunction ? yes[i] & is_true : yes[i] | is_true;
      no[i] = conjunction ? no[i] | is_false : no[i] & is_false;
    }
  }
  if (!nulls) return vector::Column::Flat(arrow::boolean(), rows_, std::move(yes_buffer), nullptr);
  for (int64_t i = 0; i < rows_; ++i) no[i] |= yes[i];
  return vector::Column::Flat(arrow::boolean(), rows_, std::move(yes_buffer),
                              std::move(known_buffer));
}

// AND and OR: `decisive` (false for AND, true for OR) settles a row, so that later arguments are
// evaluated only for rows that are still open.
Result<vector::Column> Frame::Connect(const Program::Node& node) {
  if (!node.can_fail) return ConnectAll(node);
  const bool decisive = node.expression->kind() == Kind::kOr;
  const auto size = static_cast<size_t>(rows_);
  std::vector<uint8_t> settled(size, 0);
  std::vector<uint8_t> valid(size, 1);
  std::vector<int32_t> open = AllRows(rows_);
  for (int argument : node.arguments) {
    if (open.empty()) break;
    ARROW_ASSIGN_OR_RAISE(const vector::Column value, ValueOn(argument, open));
    const Truths truths{&value};
    size_t left = 0;
    for (size_t i = 0; i < open.size(); ++i) {
      const auto row = static_cast<size_t>(open[i]);
      const auto at = static_cast<int64_t>(i);
      if (decisive ? truths.IsTrue(at) : truths.IsFalse(at)) {
        settled[row] = 1;
        valid[row] = 1;
        continue;
      }
      if (!value.IsValid(at)) valid[row] = 0;
      open[left++] = open[i];
    }
    open.resize(left);
  }
  for (uint8_t& value : settled) value = decisive ? value : value ^ 1;
  return Booleans(settled, valid);
}

Result<vector::Column> Frame::Choose(const Program::Node& node) {
  ARROW_ASSIGN_OR_RAISE(Assembly out, Assembly::Make(node.expression->type(), rows_));
  std::vector<int32_t> open = AllRows(rows_);
  for (size_t i = 0; i + 1 < node.arguments.size() && !open.empty(); i += 2) {
    ARROW_ASSIGN_OR_RAISE(const vector::Column when, ValueOn(node.arguments[i], open));
    const Truths truths{&when};
    std::vector<int32_t> taken, left;
    for (size_t row = 0; row < open.size(); ++row) {
      (truths.IsTrue(static_cast<int64_t>(row)) ? taken : left).push_back(open[row]);
    }
    if (!taken.empty()) {
      ARROW_ASSIGN_OR_RAISE(const vector::Column then, ValueOn(node.arguments[i + 1], taken));
      out.Put(then, taken);
    }
    open = std::move(left);
  }
  if (!open.empty()) {
    ARROW_ASSIGN_OR_RAISE(const vector::Column otherwise, ValueOn(node.arguments.back(), open));
    out.Put(otherwise, open);
  }
  return out.Finish();
}

Result<vector::Column> Frame::FirstNotNull(const Program::Node& node) {
  ARROW_ASSIGN_OR_RAISE(Assembly out, Assembly::Make(node.expression->type(), rows_));
  std::vector<int32_t> open = AllRows(rows_);
  for (int argument : node.arguments) {
    if (open.empty()) break;
    ARROW_ASSIGN_OR_RAISE(const vector::Column value, ValueOn(argument, open));
    out.Put(value, open);
    size_t left = 0;
    for (size_t i = 0; i < open.size(); ++i) {
      if (!value.IsValid(static_cast<int64_t>(i))) open[left++] = open[i];
    }
    open.resize(left);
  }
  return out.Finish();
}

}  // namespace skyhook::exec
