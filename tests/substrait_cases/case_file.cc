#include "tests/substrait_cases/case_file.h"

#include <cctype>
#include <fstream>
#include <string_view>

#include "skyhook/base/status.h"

namespace skyhook::cases {
namespace {

using arrow::Result;
using arrow::Status;

// What a plan has no form for.
class Unsupported {
 public:
  explicit Unsupported(std::string* reason) : reason_(reason) {}
  void Note(const std::string& reason) {
    if (reason_->empty()) *reason_ = reason;
  }

 private:
  std::string* reason_;
};

// Reads one line from left to right.
class Parser {
 public:
  Parser(std::string_view text, Case* out)
      : text_(text), out_(out), unsupported_(&out->unsupported) {}

  Status Parse() {
    if (Peek() == '(') ARROW_RETURN_NOT_OK(ParseTable());
    out_->function = Word();
    if (out_->function.empty()) return Error("a function's name");
    ARROW_RETURN_NOT_OK(Expect('('));
    ARROW_RETURN_NOT_OK(ParseArguments());
    if (Peek() == '[') ARROW_RETURN_NOT_OK(ParseOptions());
    ARROW_RETURN_NOT_OK(Expect('='));
    return ParseResult();
  }

 private:
  Status Error(const std::string& wanted) const {
    return base::Invalid("{} is wanted at '{}'", wanted, text_.substr(at_));
  }

  void SkipBlanks() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
  }
  char Peek() {
    SkipBlanks();
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  bool Accept(char c) {
    if (Peek() != c) return false;
    ++at_;
    return true;
  }
  Status Expect(char c) {
    if (Accept(c)) return Status::OK();
    return Error(std::string("'") + c + "'");
  }

  std::string Word() {
    SkipBlanks();
    const size_t begin = at_;
    while (at_ < text_.size() &&
           (std::isalnum(static_cast<unsigned char>(text_[at_])) != 0 || text_[at_] == '_')) {
      ++at_;
    }
    return std::string(text_.substr(begin, at_ - begin));
  }

  // A type up to what ends it: a comma, a bracket or a blank outside of < >.
  std::string Type() {
    std::string type;
    int depth = 0;
    for (; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (c == '<') ++depth;
      if (c == '>' && text_[at_ - 1] != '-') --depth;
      if (depth == 0 && (c == ',' || c == ')' || c == ']' || c == ' ')) break;
      if (c != ' ' && c != '?') type += c;
    }
    if (type.starts_with("list") || type.starts_with("func") || type.starts_with("map") ||
        type.starts_with("struct")) {
      unsupported_.Note("type " + type.substr(0, type.find('<')));
    }
    return type;
  }

  // A quoted text; a backslash stands for itself but before a quote, and '' is a quote.
  Result<std::string> Quoted() {
    std::string out;
    for (++at_; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      const char next = at_ + 1 < text_.size() ? text_[at_ + 1] : '\0';
      if (c == '\'' && next != '\'') {
        ++at_;
        return out;
      }
      if ((c == '\\' || c == '\'') && next == '\'') ++at_;
      out += text_[at_];
    }
    return Error("a closing quote");
  }

  // Everything up to where `closing` ends what is open here.
  void SkipNested(char opening, char closing) {
    int depth = 0;
    for (; at_ < text_.size(); ++at_) {
      if (text_[at_] == opening) ++depth;
      if (text_[at_] == closing && --depth == 0) {
        ++at_;
        return;
      }
    }
  }

  // A literal's text: quoted, or up to :: or what follows it in a row.
  Result<Value> Text() {
    Value value;
    if (Peek() == '\'') {
      value.quoted = true;
      ARROW_ASSIGN_OR_RAISE(value.text, Quoted());
      return value;
    }
    if (Peek() == '[' || Peek() == '{') {
      unsupported_.Note("lists and maps");
      SkipNested(Peek(), Peek() == '[' ? ']' : '}');
      return value;
    }
    const size_t begin = at_;
    while (at_ < text_.size() && text_[at_] != ',' && text_[at_] != ')' && text_[at_] != ' ' &&
           text_.substr(at_, 2) != "::") {
      ++at_;
    }
    value.text = std::string(text_.substr(begin, at_ - begin));
    return value;
  }

  Result<Value> TypedValue() {
    Value value;
    if (Peek() == '(') {
      ARROW_ASSIGN_OR_RAISE(value, Parenthesised());
    } else {
      ARROW_ASSIGN_OR_RAISE(value, Text());
    }
    if (Peek() == '(') {
      unsupported_.Note("calls as arguments");
      SkipNested('(', ')');
    }
    if (text_.substr(at_, 2) == "::") {
      at_ += 2;
      value.type = Type();
    }
    if (value.type == "enum") value.kind = Value::Kind::kEnumeration;
    if (!value.quoted && value.text.starts_with("col")) value.kind = Value::Kind::kColumn;
    return value;
  }

  // ('200')::u!u8, the literal of a user-defined type; ((x -> ...)) is a lambda.
  Result<Value> Parenthesised() {
    if (text_.substr(at_).find("->") < text_.substr(at_).find(')')) {
      unsupported_.Note("lambdas");
      SkipNested('(', ')');
      return Value();
    }
    ++at_;
    ARROW_ASSIGN_OR_RAISE(Value value, Text());
    ARROW_RETURN_NOT_OK(Expect(')'));
    value.quoted = false;
    return value;
  }

  // ((1, 2), (3, 4)) or ((1), (2)): the rows before an aggregate's name.
  Status ParseTable() {
    out_->is_aggregate = true;
    ARROW_RETURN_NOT_OK(Expect('('));
    while (!Accept(')')) {
      ARROW_RETURN_NOT_OK(Expect('('));
      std::vector<Value> row;
      while (!Accept(')')) {
        ARROW_ASSIGN_OR_RAISE(Value value, Text());
        row.push_back(std::move(value));
        Accept(',');
      }
      if (!row.empty()) out_->rows.push_back(std::move(row));
      Accept(',');
    }
    return Status::OK();
  }

  Status ParseArguments() {
    while (!Accept(')')) {
      if (IsColumnOfRows()) {
        ARROW_RETURN_NOT_OK(ParseColumn());
      } else {
        ARROW_ASSIGN_OR_RAISE(Value value, TypedValue());
        if (value.kind == Value::Kind::kColumn) SetColumn(&value);
        out_->arguments.push_back(std::move(value));
      }
      Accept(',');
    }
    return Status::OK();
  }

  // (1, 2, 3)::i8 in an aggregate's file, where a parenthesis opens a column of values.
  bool IsColumnOfRows() { return out_->is_aggregate && Peek() == '('; }

  Status ParseColumn() {
    ARROW_RETURN_NOT_OK(Expect('('));
    while (!Accept(')')) {
      ARROW_ASSIGN_OR_RAISE(Value value, Text());
      // Unsigned ones are quoted numbers.
      out_->rows.push_back({std::move(value)});
      Accept(',');
    }
    Value column;
    column.kind = Value::Kind::kColumn;
    column.text = "col0";
    if (text_.substr(at_, 2) == "::") {
      at_ += 2;
      column.type = Type();
    }
    SetColumn(&column);
    out_->arguments.push_back(std::move(column));
    return Status::OK();
  }

  void SetColumn(Value* column) {
    const auto index = static_cast<size_t>(std::atoi(column->text.c_str() + 3));
    if (out_->column_types.size() <= index) out_->column_types.resize(index + 1, "i64");
    out_->column_types[index] = column->type;
  }

  Status ParseOptions() {
    ARROW_RETURN_NOT_OK(Expect('['));
    while (!Accept(']')) {
      std::string name = Word();
      ARROW_RETURN_NOT_OK(Expect(':'));
      out_->options.emplace_back(std::move(name), Word());
      Accept(',');
    }
    return Status::OK();
  }

  Status ParseResult() {
    SkipBlanks();
    if (text_.substr(at_).starts_with("<!UNDEFINED>")) {
      out_->expectation = Case::Expectation::kUndefined;
      return Status::OK();
    }
    if (text_.substr(at_).starts_with("<!ERROR>")) {
      out_->expectation = Case::Expectation::kError;
      return Status::OK();
    }
    return TypedValue().Value(&out_->result);
  }

  std::string_view text_;
  size_t at_ = 0;
  Case* out_;
  Unsupported unsupported_;
};

constexpr std::string_view kInclude = "### SUBSTRAIT_INCLUDE: ";

}  // namespace

Result<std::vector<Case>> ReadCases(const std::filesystem::path& path) {
  std::ifstream file(path);
  if (!file) return base::Invalid("cannot read '{}'", path.string());
  std::vector<Case> cases;
  std::string urn;
  bool aggregates = false;
  int number = 0;
  for (std::string line; std::getline(file, line);) {
    ++number;
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (line.starts_with(kInclude)) urn = line.substr(kInclude.size());
    if (line.starts_with("### SUBSTRAIT_AGGREGATE_TEST")) aggregates = true;
    if (line.empty() || line[0] == '#') continue;
    Case one;
    one.urn = urn;
    one.is_aggregate = aggregates;
    one.where = path.filename().string() + ":" + std::to_string(number);
    one.line = line;
    ARROW_RETURN_NOT_OK(base::AddContext(Parser(line, &one).Parse(), one.where));
    cases.push_back(std::move(one));
  }
  return cases;
}

}  // namespace skyhook::cases
