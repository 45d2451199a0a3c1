#include "skyhook/sql/translate/text.h"

#include <map>
#include <string_view>
#include <utility>

#include "skyhook/base/status.h"
#include "skyhook/plan/types.h"

namespace skyhook::sql {
namespace {

using arrow::Result;
using arrow::Status;
using plan::CallOptions;
using plan::ExpressionPtr;
using plan::Function;
using Arguments = std::vector<ExpressionPtr>;
using Kind = plan::Expression::Kind;

// A text of DuckDB's may have 4 GiB, one of the engine's 1 GiB. What is pushed stays below that:
// lpad and rpad at four bytes a character, repeat for texts of up to 1 MiB.
constexpr int64_t kMostPadded = int64_t{1} << 28;
constexpr int64_t kMostRepeated = 1024;

// Arguments and options are the same on both sides.
const std::map<std::string_view, Function> kSame = {
    {"prefix", Function::kStartsWith},
    {"starts_with", Function::kStartsWith},
    {"^@", Function::kStartsWith},
    {"suffix", Function::kEndsWith},
    {"ends_with", Function::kEndsWith},
    {"contains", Function::kContains},
    {"strpos", Function::kPosition},
    {"instr", Function::kPosition},
    {"position", Function::kPosition},
    {"length", Function::kLength},
    {"len", Function::kLength},
    {"char_length", Function::kLength},
    {"character_length", Function::kLength},
    {"strlen", Function::kOctetLength},
    {"octet_length", Function::kOctetLength},
    {"bit_length", Function::kBitLength},
    {"lower", Function::kLower},
    {"lcase", Function::kLower},
    {"upper", Function::kUpper},
    {"ucase", Function::kUpper},
    {"concat", Function::kConcat},
    {"concat_ws", Function::kConcatSeparated},
    {"right", Function::kRight},
    {"trim", Function::kTrim},
    {"ltrim", Function::kTrimLeft},
    {"rtrim", Function::kTrimRight},
    {"replace", Function::kReplace},
};

struct Pattern {
  Function function;
  bool negated;
};
const std::map<std::string_view, Pattern> kPatterns = {
    {"~~", {Function::kLike, false}},
    {"!~~", {Function::kLike, true}},
    {"~~*", {Function::kILike, false}},
    {"!~~*", {Function::kILike, true}},
    {"like_escape", {Function::kLike, false}},
    {"not_like_escape", {Function::kLike, true}},
    {"ilike_escape", {Function::kILike, false}},
    {"not_ilike_escape", {Function::kILike, true}},
};

using Translator = Result<ExpressionPtr> (*)(Function, Arguments);

Result<ExpressionPtr> TextLiteral(std::string text) {
  return plan::Literal(
      std::make_shared<arrow::StringViewScalar>(arrow::Buffer::FromString(std::move(text))));
}

// The number of an integer literal; kUnsupportedPlan for anything else.
Result<int64_t> IntegerConstant(const plan::Expression& literal) {
  if (literal.kind() == Kind::kLiteral && literal.literal()->is_valid) {
    const auto& value = *literal.literal();
    if (value.type->id() == arrow::Type::INT32) {
      return static_cast<const arrow::Int32Scalar&>(value).value;
    }
    if (value.type->id() == arrow::Type::INT64) {
      return static_cast<const arrow::Int64Scalar&>(value).value;
    }
  }
  return base::UnsupportedPlan("{} where an integer constant is needed", literal.ToString());
}

// Puts an int64 literal in the place of an integer literal.
Status WidenConstant(int64_t value, ExpressionPtr* literal) {
  return plan::Literal(std::make_shared<arrow::Int64Scalar>(value)).Value(literal);
}

// Whether DuckDB takes every value of `number` for a position or a number of characters. It raises
// errors outside of [-2^32, 2^32), and substring(text, -2^32) leaves out the last character.
bool IsPosition(const plan::Expression& number) {
  constexpr int64_t kEnd = int64_t{1} << 32;
  if (const auto constant = IntegerConstant(number); constant.ok()) {
    return *constant > -kEnd && *constant < kEnd;
  }
  if (number.kind() != Kind::kCall || number.function() != Function::kCast) return false;
  const arrow::DataType& narrow = *number.arguments()[0]->type();
  return plan::IsInteger(narrow) && narrow.byte_width() <= 4;
}

Status CheckPosition(const plan::Expression& number) {
  if (IsPosition(number)) return Status::OK();
  return base::UnsupportedPlan("{}, which may have more than 32 bits", number.ToString());
}

bool MayBeNegative(const plan::Expression& number) {
  const auto constant = IntegerConstant(number);
  return !constant.ok() || *constant < 0;
}

Result<ExpressionPtr> Substring(Function function, Arguments arguments) {
  bool may_be_negative = false;
  for (size_t i = 1; i < arguments.size(); ++i) {
    ARROW_RETURN_NOT_OK(CheckPosition(*arguments[i]));
    may_be_negative |= MayBeNegative(*arguments[i]);
  }
  // What DuckDB knows to be ASCII it cuts by another rule, which differs for positions outside of
  // the text. It knows that of literals and what is chosen among them, never of a scan's column.
  const Kind kind = arguments[0]->kind();
  if (may_be_negative && kind != Kind::kColumn && kind != Kind::kCall) {
    return base::UnsupportedPlan("substring of {} from the end", arguments[0]->ToString());
  }
  return plan::Call(function, std::move(arguments));
}

Result<ExpressionPtr> Left(Function function, Arguments arguments) {
  ARROW_RETURN_NOT_OK(CheckPosition(*arguments[1]));
  return plan::Call(function, std::move(arguments));
}

Result<ExpressionPtr> Lengthen(Function function, Arguments arguments) {
  const int64_t most = function == Function::kRepeat ? kMostRepeated : kMostPadded;
  ARROW_ASSIGN_OR_RAISE(const int64_t count, IntegerConstant(*arguments[1]));
  if (count > most) return base::UnsupportedPlan("a count of {}, above {}", count, most);
  ARROW_RETURN_NOT_OK(WidenConstant(count, &arguments[1]));
  return plan::Call(function, std::move(arguments));
}

// Operator ||, unlike concat.
Result<ExpressionPtr> Concatenate(Function function, Arguments arguments) {
  CallOptions options;
  options.nulls = CallOptions::Nulls::kPropagate;
  return plan::Call(function, std::move(arguments), options);
}

bool EndsInEscape(std::string_view pattern, char escape) {
  size_t at = 0;
  while ((at = pattern.find(escape, at)) != std::string_view::npos) {
    if (at + 1 == pattern.size()) return true;
    at += 2;
  }
  return false;
}

bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// Whether DuckDB reads a pattern with an escape character as the engine does. There, no character
// is NUL; one that ends the pattern is an error only for some texts; % at the pattern's end is no
// escape character; and ILIKE looks for it in the pattern's lower case.
bool IsPlainEscape(std::string_view pattern, char escape, Function function) {
  if (EndsInEscape(pattern, escape) || escape == '%') return false;
  if (escape == 0) return pattern.find('\0') == std::string_view::npos;
  return function == Function::kLike || !IsLetter(escape);
}

Result<char> EscapeCharacter(const plan::Expression& literal) {
  ARROW_ASSIGN_OR_RAISE(const std::string text, TextConstant(literal));
  if (text.size() > 1 || (text.size() == 1 && (text[0] & 0x80) != 0)) {
    return base::UnsupportedPlan("escape '{}'", text);
  }
  return text.empty() ? '\0' : text[0];
}

Result<ExpressionPtr> Like(Pattern pattern, Arguments arguments) {
  CallOptions options;
  const bool has_escape = arguments.size() == 3;
  if (has_escape) {
    ARROW_ASSIGN_OR_RAISE(options.escape, EscapeCharacter(*arguments[2]));
    arguments.pop_back();
  }
  // ILIKE has an escape character always.
  if (has_escape || pattern.function == Function::kILike) {
    ARROW_ASSIGN_OR_RAISE(const std::string text, TextConstant(*arguments[1]));
    if (!IsPlainEscape(text, options.escape, pattern.function)) {
      return base::UnsupportedPlan("escape characters in the pattern '{}'", text);
    }
  }
  ARROW_ASSIGN_OR_RAISE(auto like, plan::Call(pattern.function, std::move(arguments), options));
  if (!pattern.negated) return like;
  return plan::Call(Function::kNot, {std::move(like)});
}

struct RegexpOptions {
  CallOptions call;
  bool dot_matches_newline = false;
};

// The last of the letters that contradict each other counts.
Result<RegexpOptions> ParseRegexpOptions(const plan::Expression& literal) {
  ARROW_ASSIGN_OR_RAISE(const std::string letters, TextConstant(literal));
  RegexpOptions options;
  for (const char letter : letters) {
    switch (letter) {
      case 'c':
        options.call.text_case = CallOptions::Case::kSensitive;
        break;
      case 'i':
        options.call.text_case = CallOptions::Case::kInsensitive;
        break;
      case 'm':
      case 'n':
      case 'p':
        options.dot_matches_newline = false;
        break;
      case 's':
        options.dot_matches_newline = true;
        break;
      case 'g':
        options.call.occurrence = CallOptions::Occurrence::kAll;
        break;
      case ' ':
      case '\t':
      case '\n':
        break;
      default:
        return base::UnsupportedPlan("option {} of a regular expression", letter);
    }
  }
  return options;
}

// True for patterns of which the engine's release of RE2 and DuckDB's make the same: the tables of
// Unicode's classes differ. \C is refused because it leaves half a character.
bool IsPortable(std::string_view pattern) {
  for (const std::string_view word : {"\\p", "\\P", "\\C"}) {
    if (pattern.find(word) != std::string_view::npos) return false;
  }
  return true;
}

Result<ExpressionPtr> Regexp(Function function, Arguments arguments) {
  const bool tests = function == Function::kRegexpMatches || function == Function::kRegexpFullMatch;
  const size_t without_options = tests ? 2 : 3;
  RegexpOptions options;
  if (arguments.size() > without_options) {
    ARROW_ASSIGN_OR_RAISE(options, ParseRegexpOptions(*arguments.back()));
    arguments.pop_back();
  }
  ARROW_ASSIGN_OR_RAISE(const std::string pattern, TextConstant(*arguments[1]));
  if (!IsPortable(pattern)) return base::UnsupportedPlan("regular expression '{}'", pattern);
  if (options.dot_matches_newline) {
    ARROW_ASSIGN_OR_RAISE(arguments[1], TextLiteral("(?s)" + pattern));
  }
  if (function == Function::kRegexpExtract && arguments.size() == 3) {
    ARROW_ASSIGN_OR_RAISE(const int64_t group, IntegerConstant(*arguments[2]));
    ARROW_RETURN_NOT_OK(WidenConstant(group, &arguments[2]));
  }
  return plan::Call(function, std::move(arguments), options.call);
}

struct Translation {
  Function function;
  Translator translate;
};
const std::map<std::string_view, Translation> kTranslated = {
    {"substring", {Function::kSubstring, Substring}},
    {"substr", {Function::kSubstring, Substring}},
    {"left", {Function::kLeft, Left}},
    {"lpad", {Function::kPadLeft, Lengthen}},
    {"rpad", {Function::kPadRight, Lengthen}},
    {"repeat", {Function::kRepeat, Lengthen}},
    {"||", {Function::kConcat, Concatenate}},
    {"regexp_matches", {Function::kRegexpMatches, Regexp}},
    {"regexp_full_match", {Function::kRegexpFullMatch, Regexp}},
    {"regexp_extract", {Function::kRegexpExtract, Regexp}},
    {"regexp_replace", {Function::kRegexpReplace, Regexp}},
};

}  // namespace

Result<ExpressionPtr> TranslateTextFunction(const duckdb::BoundFunctionExpression& function,
                                            const Arguments& arguments) {
  const std::string& name = function.function.name;
  if (const auto found = kSame.find(name); found != kSame.end()) {
    return plan::Call(found->second, arguments);
  }
  if (const auto found = kPatterns.find(name); found != kPatterns.end()) {
    return Like(found->second, arguments);
  }
  if (const auto found = kTranslated.find(name); found != kTranslated.end()) {
    return found->second.translate(found->second.function, arguments);
  }
  return nullptr;
}

Result<std::string> TextConstant(const plan::Expression& literal) {
  if (literal.kind() != Kind::kLiteral || !literal.literal()->is_valid ||
      literal.type()->id() != arrow::Type::STRING_VIEW) {
    return base::UnsupportedPlan("{} where a text constant is needed", literal.ToString());
  }
  return static_cast<const arrow::BaseBinaryScalar&>(*literal.literal()).value->ToString();
}

}  // namespace skyhook::sql
