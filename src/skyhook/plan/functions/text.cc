// Functions of text.
#include <re2/re2.h>

#include <array>

#include "skyhook/plan/functions/rules.h"
#include "skyhook/plan/types.h"

namespace skyhook::plan {
namespace {

using arrow::Result;
using arrow::Type;

// Whether the arguments have the types that `signature` says, a letter each: t for text, i for
// int64; what follows a question mark may be missing.
bool Takes(const CallShape& call, std::string_view signature) {
  size_t at = 0;
  bool optional = false;
  for (const char letter : signature) {
    if (letter == '?') {
      optional = true;
      continue;
    }
    if (at == call.size()) return optional;
    const bool fits = letter == 't' ? IsText(*call.type(at)) : call.type(at)->id() == Type::INT64;
    if (!fits) return false;
    ++at;
  }
  return at == call.size();
}

Result<TypePtr> Test(const CallShape& call) {
  if (!Takes(call, "tt")) return NoSuchCall(call);
  return arrow::boolean();
}

Result<TypePtr> Search(const CallShape& call) {
  if (!Takes(call, "tt")) return NoSuchCall(call);
  return arrow::int64();
}

Result<TypePtr> Measure(const CallShape& call) {
  const bool bytes =
      call.size() == 1 && call.function != Function::kLength && IsTextOrBytes(*call.type(0));
  if (!bytes && !Takes(call, "t")) return NoSuchCall(call);
  return arrow::int64();
}

Result<TypePtr> TextOf(const CallShape& call, std::string_view signature) {
  if (!Takes(call, signature)) return NoSuchCall(call);
  return arrow::utf8_view();
}

Result<TypePtr> Unary(const CallShape& call) { return TextOf(call, "t"); }
Result<TypePtr> Ternary(const CallShape& call) { return TextOf(call, "ttt"); }
Result<TypePtr> Trim(const CallShape& call) { return TextOf(call, "t?t"); }
Result<TypePtr> Pad(const CallShape& call) { return TextOf(call, "tit"); }
Result<TypePtr> Split(const CallShape& call) { return TextOf(call, "tti"); }
Result<TypePtr> Slice(const CallShape& call) {
  return TextOf(call, call.function == Function::kSubstring ? "ti?i" : "ti");
}

Result<TypePtr> Concat(const CallShape& call) {
  return TextOf(call, std::string(call.size(), 't'));
}

bool IsConstant(const Expression& expression) {
  return expression.kind() == Expression::Kind::kLiteral && expression.literal()->is_valid;
}

re2::StringPiece PieceOf(const Expression& text) {
  const auto view = static_cast<const arrow::BaseBinaryScalar&>(*text.literal()).view();
  return {view.data(), view.size()};
}

Result<TypePtr> Regexp(const CallShape& call) {
  const bool extracts = call.function == Function::kRegexpExtract;
  const bool replaces = call.function == Function::kRegexpReplace;
  if (!Takes(call, extracts ? "tt?i" : replaces ? "ttt" : "tt")) return NoSuchCall(call);
  for (size_t i = 1; i < call.size(); ++i) {
    if (!IsConstant(*call.arguments[i])) return NoSuchCall(call, "the pattern must be a literal");
  }
  if (call.options.text_case == CallOptions::Case::kAsciiInsensitive) {
    return NoSuchCall(call, "RE2 ignores the case of ASCII only together with all other case");
  }
  const re2::RE2 pattern(PieceOf(*call.arguments[1]), re2::RE2::Quiet);
  if (!pattern.ok()) return NoSuchCall(call, "the pattern is not RE2's: " + pattern.error());
  if (extracts && call.size() == 3) {
    const int64_t group =
        static_cast<const arrow::Int64Scalar&>(*call.arguments[2]->literal()).value;
    if (group < 0 || group > pattern.NumberOfCapturingGroups()) {
      return NoSuchCall(call, "the pattern has no group " + std::to_string(group));
    }
  }
  if (replaces) {
    std::string why;
    if (!pattern.CheckRewriteString(PieceOf(*call.arguments[2]), &why))
      return NoSuchCall(call, why);
  }
  if (extracts || replaces) return arrow::utf8_view();
  return arrow::boolean();
}

// Only a pattern with an escape character can be wrong.
bool PatternFails(const Expression& call) { return call.options().escape != 0; }

constexpr std::array kEntries = {
    CatalogueEntry{
        .function = Function::kLike,
        .family = Family::kPattern,
        .name = "like",
        .symbol = "LIKE",
        .arity = {2, 2},
        .takes = "(text, text) -> bool",
        .definition = "The whole text against a pattern: % stands for any text, _ for one "
                      "character (code point), the escape character makes the next one stand for "
                      "itself. A pattern that ends in its escape character is an error.",
        .options = "escape",
        .duckdb = "LIKE",
        .pyarrow = "match_like, with escape = backslash",
        .differs = "DuckDB finds a pattern that ends in its escape character only where a text "
                   "matches as far as that.",
        .rule = Test,
        .can_fail = PatternFails,
    },
    CatalogueEntry{
        .function = Function::kILike,
        .family = Family::kPattern,
        .name = "ilike",
        .symbol = "ILIKE",
        .arity = {2, 2},
        .takes = "(text, text) -> bool",
        .definition = "LIKE of both in lower case.",
        .options = "escape",
        .duckdb = "ILIKE",
        .differs = "For DuckDB a NUL character in the pattern is an escape character. pyarrow "
                   "folds case by regular expression.",
        .rule = Test,
        .can_fail = PatternFails,
    },
    CatalogueEntry{
        .function = Function::kRegexpMatches,
        .family = Family::kPattern,
        .name = "regexp_matches",
        .arity = {2, 2},
        .takes = "(text, text literal) -> bool",
        .definition = "True when the pattern matches some part of the text. The syntax is RE2's. A "
                      "pattern that is none is an error when the plan is made.",
        .options = "text_case (not ASCII_INSENSITIVE)",
        .duckdb = "regexp_matches",
        .pyarrow = "match_substring_regex",
        .rule = Regexp,
        .can_fail = NeverFails,
    },
    CatalogueEntry{
        .function = Function::kRegexpFullMatch,
        .family = Family::kPattern,
        .name = "regexp_full_match",
        .arity = {2, 2},
        .takes = "(text, text literal) -> bool",
        .definition = "True when the pattern matches the whole text. The syntax is RE2's. A "
                      "pattern that is none is an error when the plan is made.",
        .options = "text_case (not ASCII_INSENSITIVE)",
        .duckdb = "regexp_full_match, SIMILAR TO",
        .rule = Regexp,
        .can_fail = NeverFails,
    },
    CatalogueEntry{
        .function = Function::kRegexpExtract,
        .family = Family::kPattern,
        .name = "regexp_extract",
        .arity = {2, 3},
        .takes = "(text, text literal[, int64 literal]) -> text",
        .definition =
            "What the group of that number (0, without a literal: the whole pattern) holds in the "
            "first match; the empty text when nothing matches, or nothing in that group. The "
            "syntax is RE2's. A pattern that is none is an error when the plan is made.",
        .options = "text_case (not ASCII_INSENSITIVE)",
        .duckdb = "regexp_extract of one group",
        .differs = "pyarrow's extract_regex gives a struct.",
        .rule = Regexp,
        .can_fail = NeverFails,
    },
    CatalogueEntry{
        .function = Function::kRegexpReplace,
        .family = Family::kPattern,
        .name = "regexp_replace",
        .arity = {3, 3},
        .takes = "(text, text literal, text literal) -> text",
        .definition = "The text with matches, none in another, put in other words: the last "
                      "argument, in which \\0 to \\9 stand for groups of the match and \\\\ for a "
                      "backslash. The syntax is RE2's. A pattern or a replacement that is none is "
                      "an error when the plan is made.",
        .options = "occurrence, text_case (not ASCII_INSENSITIVE)",
        .duckdb = "regexp_replace",
        .pyarrow = "replace_substring_regex, with occurrence = ALL",
        .differs = "DuckDB leaves the text as it is when the replacement names a group that the "
                   "pattern lacks.",
        .rule = Regexp,
        .can_fail = NeverFails,
    },
    CatalogueEntry{
        .function = Function::kStartsWith,
        .family = Family::kText,
        .name = "starts_with",
        .arity = {2, 2},
        .takes = "(text, text) -> bool",
        .definition = "True when the text begins with the second, byte by byte.",
        .options = "text_case",
        .duckdb = "starts_with, prefix, ^@",
        .pyarrow = "starts_with",
        .rule = Test,
        .can_fail = NeverFails,
    },
    CatalogueEntry{
        .function = Function::kEndsWith,
        .family = Family::kText,
        .name = "ends_with",
        .arity = {2, 2},
        .takes = "(text, text) -> bool",
        .definition = "True when the text ends with the second, byte by byte.",
        .options = "text_case",
        .duckdb = "ends_with, suffix",
        .pyarrow = "ends_with",
        .rule = Test,
        .can_fail = NeverFails,
    },
    CatalogueEntry{
        .function = Function::kContains,
        .family = Family::kText,
        .name = "contains",
        .arity = {2, 2},
        .takes = "(text, text) -> bool",
        .definition = "True when the second occurs in the text; the empty text does.",
        .options = "text_case",
        .duckdb = "contains",
        .pyarrow = "match_substring",
        .rule = Test,
        .can_fail = NeverFails,
    },
    CatalogueEntry{
        .function = Function::kPosition,
        .family = Family::kText,
        .name = "position",
        .arity = {2, 2},
        .takes = "(text, text) -> int64",
        .definition = "Character at which the second first occurs in the text, from 1; 0 when it "
                      "does not. The empty text occurs at 1.",
        .options = "text_case",
        .duckdb = "strpos, instr, position",
        .differs = "pyarrow's find_substring counts bytes from 0.",
        .rule = Search,
        .can_fail = NeverFails,
    },
    CatalogueEntry{
        .function = Function::kCountSubstring,
        .family = Family::kText,
        .name = "count_substring",
        .arity = {2, 2},
        .takes = "(text, text) -> int64",
        .definition = "How often the second occurs, without overlap; the empty text once for each "
                      "character and once more.",
        .options = "text_case",
        .pyarrow = "count_substring, unless the second is empty",
        .rule = Search,
        .can_fail = NeverFails,
    },
    CatalogueEntry{
        .function = Function::kLength,
        .family = Family::kText,
        .name = "char_length",
        .takes = "(text) -> int64",
        .definition = "Number of code points.",
        .duckdb = "length, len, char_length",
        .pyarrow = "utf8_length",
        .rule = Measure,
        .can_fail = NeverFails,
    },
    CatalogueEntry{
        .function = Function::kOctetLength,
        .family = Family::kText,
        .name = "octet_length",
        .takes = "(text or bytes) -> int64",
        .definition = "Number of bytes.",
        .duckdb = "octet_length of bytes, strlen",
        .pyarrow = "binary_length",
        .rule = Measure,
        .can_fail = NeverFails,
    },
    CatalogueEntry{
        .function = Function::kBitLength,
        .family = Family::kText,
        .name = "bit_length",
        .takes = "(text or bytes) -> int64",
        .definition = "Eight times the number of bytes.",
        .duckdb = "bit_length of text",
        .rule = Measure,
        .can_fail = NeverFails,
    },
    CatalogueEntry{
        .function = Function::kLower,
        .family = Family::kText,
        .name = "lower",
        .takes = "(text) -> text",
        .definition = "The simple case mapping of Unicode 15.",
        .duckdb = "lower, lcase",
        .differs = "pyarrow 26's utf8_lower knows letters of Unicode 16 and 17 too.",
        .rule = Unary,
        .can_fail = NeverFails,
    },
    CatalogueEntry{
        .function = Function::kUpper,
        .family = Family::kText,
        .name = "upper",
        .takes = "(text) -> text",
        .definition = "The simple case mapping of Unicode 15, and U+1E9E for the sharp s (U+00DF), "
                      "which has none there.",
        .duckdb = "upper, ucase",
        .differs = "pyarrow 26's utf8_upper knows letters of Unicode 16 and 17 too.",
        .rule = Unary,
        .can_fail = NeverFails,
    },
    CatalogueEntry{
        .function = Function::kConcat,
        .family = Family::kText,
        .name = "concat",
        .nulls = NullRule::kOwn,
        .arity = {1, kVariadic},
        .takes = "(text, ...) -> text",
        .definition = "The texts one after another. NULL is passed over (of NULL alone the result "
                      "is the empty text), or with nulls = PROPAGATE makes the result NULL.",
        .options = "nulls",
        .duckdb = "concat; ||, with nulls = PROPAGATE",
        .pyarrow = "binary_join_element_wise with an empty separator",
        .rule = Concat,
        .can_fail = NeverFails,
    },
    CatalogueEntry{
        .function = Function::kConcatSeparated,
        .family = Family::kText,
        .name = "concat_ws",
        .nulls = NullRule::kOwn,
        .arity = {2, kVariadic},
        .takes = "(text, text, ...) -> text",
        .definition = "The texts after the first, with the first between them. NULL when the first "
                      "is; other NULL is passed over, with its separator.",
        .duckdb = "concat_ws",
        .rule = Concat,
        .can_fail = NeverFails,
    },
    CatalogueEntry{
        .function = Function::kSubstring,
        .family = Family::kText,
        .name = "substring",
        .arity = {2, 3},
        .takes = "(text, int64[, int64]) -> text",
        .definition =
            "Characters from a position on, at most as many as the last argument says. Positions "
            "count from 1; a negative one counts from the end, -1 being the last character; 0 is "
            "the place before the first. A negative length takes the characters before the "
            "position. There are none at positions outside of the text.",
        .duckdb = "substring, substr",
        .differs = "pyarrow's utf8_slice_codeunits counts from 0. DuckDB refuses numbers of more "
                   "than 32 bits, and moves a position outside of the text to its end where it "
                   "knows the text to be ASCII.",
        .rule = Slice,
        .can_fail = NeverFails,
    },
    CatalogueEntry{
        .function = Function::kLeft,
        .family = Family::kText,
        .name = "left",
        .arity = {2, 2},
        .takes = "(text, int64) -> text",
        .definition = "The first characters; of a negative number all but so many at the end.",
        .duckdb = "left",
        .differs = "DuckDB refuses numbers of more than 32 bits.",
        .rule = Slice,
        .can_fail = NeverFails,
    },
    CatalogueEntry{
        .function = Function::kRight,
        .family = Family::kText,
        .name = "right",
        .arity = {2, 2},
        .takes = "(text, int64) -> text",
        .definition = "The last characters; of a negative number all but so many at the start.",
        .duckdb = "right",
        .rule = Slice,
        .can_fail = NeverFails,
    },
    CatalogueEntry{
        .function = Function::kTrim,
        .family = Family::kText,
        .name = "trim",
        .arity = {1, 2},
        .takes = "(text[, text]) -> text",
        .definition = "Without what is at either end of the characters of the second argument, "
                      "without one all space separators (Unicode category Zs).",
        .duckdb = "trim",
        .pyarrow = "utf8_trim, with characters",
        .rule = Trim,
        .can_fail = NeverFails,
    },
    CatalogueEntry{
        .function = Function::kTrimLeft,
        .family = Family::kText,
        .name = "ltrim",
        .arity = {1, 2},
        .takes = "(text[, text]) -> text",
        .definition = "Without what is at the start of the characters of the second argument, "
                      "without one all space separators (Unicode category Zs).",
        .duckdb = "ltrim",
        .pyarrow = "utf8_ltrim, with characters",
        .rule = Trim,
        .can_fail = NeverFails,
    },
    CatalogueEntry{
        .function = Function::kTrimRight,
        .family = Family::kText,
        .name = "rtrim",
        .arity = {1, 2},
        .takes = "(text[, text]) -> text",
        .definition = "Without what is at the end of the characters of the second argument, "
                      "without one all space separators (Unicode category Zs).",
        .duckdb = "rtrim",
        .pyarrow = "utf8_rtrim, with characters",
        .rule = Trim,
        .can_fail = NeverFails,
    },
    CatalogueEntry{
        .function = Function::kPadLeft,
        .family = Family::kText,
        .name = "lpad",
        .arity = {3, 3},
        .takes = "(text, int64, text) -> text",
        .definition =
            "As many characters: the first ones of the text, or all of it with the last argument "
            "repeated before it. A number below 0 counts as 0. Padding with the empty text is an "
            "error where characters are missing, and so is a result of more than 1 GiB.",
        .duckdb = "lpad",
        .differs = "pyarrow's utf8_lpad never shortens.",
        .rule = Pad,
        .can_fail = MayFail,
    },
    CatalogueEntry{
        .function = Function::kPadRight,
        .family = Family::kText,
        .name = "rpad",
        .arity = {3, 3},
        .takes = "(text, int64, text) -> text",
        .definition = "As lpad, with the repetitions behind the text.",
        .duckdb = "rpad",
        .rule = Pad,
        .can_fail = MayFail,
    },
    CatalogueEntry{
        .function = Function::kRepeat,
        .family = Family::kText,
        .name = "repeat",
        .arity = {2, 2},
        .takes = "(text, int64) -> text",
        .definition = "The text so many times; a number below 0 counts as 0. A result of more than "
                      "1 GiB is an error.",
        .duckdb = "repeat",
        .pyarrow = "binary_repeat, of numbers from 0 on",
        .rule = Slice,
        .can_fail = MayFail,
    },
    CatalogueEntry{
        .function = Function::kReverse,
        .family = Family::kText,
        .name = "reverse",
        .takes = "(text) -> text",
        .definition = "Code points in reverse.",
        .pyarrow = "utf8_reverse",
        .differs = "DuckDB reverses grapheme clusters.",
        .rule = Unary,
        .can_fail = NeverFails,
    },
    CatalogueEntry{
        .function = Function::kReplace,
        .family = Family::kText,
        .name = "replace",
        .arity = {3, 3},
        .takes = "(text, text, text) -> text",
        .definition = "Every occurrence of the second, from the left and without overlap, put in "
                      "the words of the third; the text itself when the second is empty. A result "
                      "of more than 1 GiB is an error.",
        .options = "text_case",
        .duckdb = "replace",
        .pyarrow = "replace_substring, unless the second is empty",
        .rule = Ternary,
        .can_fail = MayFail,
    },
    CatalogueEntry{
        .function = Function::kSplitPart,
        .family = Family::kText,
        .name = "split_part",
        .arity = {3, 3},
        .takes = "(text, text, int64) -> text",
        .definition =
            "The part of that number, from 1, between occurrences of the second argument; a "
            "negative number counts from the end. The empty text where there is no such part, "
            "which 0 never is. An empty second argument splits into characters.",
        .differs = "DuckDB's split_part is a macro over lists, and stays with the client.",
        .rule = Split,
        .can_fail = NeverFails,
    },
};

}  // namespace

bool IsText(const arrow::DataType& type) { return type.id() == Type::STRING_VIEW; }

std::span<const CatalogueEntry> TextEntries() { return kEntries; }

}  // namespace skyhook::plan
