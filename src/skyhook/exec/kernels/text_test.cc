// Functions of text and patterns over a few rows: what the catalogue says, with pinned results.
#include "skyhook/vector/text.h"

#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_primitive.h>
#include <gtest/gtest.h>

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "skyhook/exec/kernels/kernels.h"
#include "skyhook/testing/matchers.h"

namespace skyhook::exec {
namespace {

using plan::CallOptions;
using plan::Function;
using testing::FailsWith;
using testing::Require;
using Text = std::optional<std::string>;
using Number = std::optional<int64_t>;
using Rows = std::vector<std::string>;

// One argument of a call, and the expression that stands for it.
struct Argument {
  plan::ExpressionPtr expression;
  vector::Column column;
};

Argument Values(const std::shared_ptr<arrow::Array>& array) {
  return {plan::InputColumn(0, array->type()), Require(vector::Column::FromArray(array))};
}
Argument Texts(const std::vector<Text>& values) {
  arrow::StringViewBuilder builder;
  for (const Text& value : values) {
    Require(value ? builder.Append(*value) : builder.AppendNull());
  }
  return Values(Require(builder.Finish()));
}
Argument Numbers(const std::vector<Number>& values) {
  arrow::Int64Builder builder;
  for (const Number& value : values) {
    Require(value ? builder.Append(*value) : builder.AppendNull());
  }
  return Values(Require(builder.Finish()));
}

Argument Constant(const std::shared_ptr<arrow::Scalar>& value) {
  return {Require(plan::Literal(value)), vector::Column::Constant(value, 1)};
}
Argument Lit(const std::string& text) {
  return Constant(std::make_shared<arrow::StringViewScalar>(arrow::Buffer::FromString(text)));
}
Argument Lit(int64_t number) { return Constant(std::make_shared<arrow::Int64Scalar>(number)); }
Argument NullText() { return Constant(arrow::MakeNullScalar(arrow::utf8_view())); }

arrow::Result<vector::Column> Compute(Function function, const std::vector<Argument>& arguments,
                                      const CallOptions& options = {}) {
  std::vector<plan::ExpressionPtr> expressions;
  Arguments columns;
  int64_t length = 1;
  for (const Argument& argument : arguments) {
    expressions.push_back(argument.expression);
    if (!argument.column.is_constant()) length = argument.column.length();
  }
  for (const Argument& argument : arguments) {
    columns.push_back(argument.column.is_constant() ? argument.column.Resized(length)
                                                    : argument.column);
  }
  ARROW_ASSIGN_OR_RAISE(const auto call, plan::Call(function, expressions, options));
  return PrepareCall(call)->Run(columns, length);
}

// The results as text, "NULL" where they are.
Rows Of(Function function, const std::vector<Argument>& arguments,
        const CallOptions& options = {}) {
  const vector::Column column = Require(Compute(function, arguments, options));
  const auto array = Require(column.ToArray());
  Require(array->ValidateFull());
  Rows rows;
  for (int64_t i = 0; i < array->length(); ++i) {
    rows.push_back(array->IsNull(i) ? "NULL" : Require(array->GetScalar(i))->ToString());
  }
  return rows;
}

CallOptions Ignoring(CallOptions::Case text_case) {
  CallOptions options;
  options.text_case = text_case;
  return options;
}
const CallOptions kAnyCase = Ignoring(CallOptions::Case::kInsensitive);
const CallOptions kAsciiCase = Ignoring(CallOptions::Case::kAsciiInsensitive);

CallOptions Escaping(char escape) {
  CallOptions options;
  options.escape = escape;
  return options;
}

TEST(TextKernels, SearchesCompareBytes) {
  const auto text = Texts({"straße", "", Text(), "aaa", "é"});
  const auto part = Texts({"ße", "", "a", "aa", "e"});
  EXPECT_EQ(Of(Function::kStartsWith, {text, part}),
            (Rows{"false", "true", "NULL", "true", "false"}));
  EXPECT_EQ(Of(Function::kEndsWith, {text, part}), (Rows{"true", "true", "NULL", "true", "false"}));
  EXPECT_EQ(Of(Function::kContains, {text, part}), (Rows{"true", "true", "NULL", "true", "false"}));
  EXPECT_EQ(Of(Function::kPosition, {text, part}), (Rows{"5", "1", "NULL", "1", "0"}));
  EXPECT_EQ(Of(Function::kCountSubstring, {text, part}), (Rows{"1", "1", "NULL", "1", "0"}));
  EXPECT_EQ(Of(Function::kCountSubstring, {text, Lit("")}), (Rows{"7", "1", "NULL", "4", "2"}));
  EXPECT_EQ(Of(Function::kContains, {Lit("xaay"), part}),
            (Rows{"false", "true", "true", "true", "false"}));
}

TEST(TextKernels, SearchesMayIgnoreCase) {
  const auto text = Texts({"GRÜSSE", "grüsse", "K\u212Ak", "İi"});
  EXPECT_EQ(Of(Function::kStartsWith, {text, Lit("gRü")}, kAnyCase),
            (Rows{"true", "true", "false", "false"}));
  EXPECT_EQ(Of(Function::kStartsWith, {text, Lit("gRü")}, kAsciiCase),
            (Rows{"false", "true", "false", "false"}));
  EXPECT_EQ(Of(Function::kPosition, {text, Texts({"ß", "SSE", "\u212A\u212A", "I"})}, kAnyCase),
            (Rows{"0", "4", "1", "1"}));
  EXPECT_EQ(Of(Function::kCountSubstring, {text, Lit("K")}, kAnyCase), (Rows{"0", "0", "3", "0"}));
  EXPECT_EQ(Of(Function::kCountSubstring, {text, Lit("K")}, kAsciiCase),
            (Rows{"0", "0", "2", "0"}));
  EXPECT_EQ(Of(Function::kEndsWith, {Lit("Ende"), Texts({"NDE", "e", "x", Text()})}, kAsciiCase),
            (Rows{"true", "true", "false", "NULL"}));
}

TEST(TextKernels, LengthsOfTextAndBytes) {
  const auto text = Texts({"", "aé😀", Text()});
  EXPECT_EQ(Of(Function::kLength, {text}), (Rows{"0", "3", "NULL"}));
  EXPECT_EQ(Of(Function::kOctetLength, {text}), (Rows{"0", "7", "NULL"}));
  EXPECT_EQ(Of(Function::kBitLength, {text}), (Rows{"0", "56", "NULL"}));
  arrow::BinaryViewBuilder bytes;
  Require(bytes.Append(std::string("\xFF\x00\xFE", 3)));
  EXPECT_EQ(Of(Function::kOctetLength, {Values(Require(bytes.Finish()))}), Rows{"3"});
}

// Where nothing else is said, the results are DuckDB 1.5.6's.

TEST(TextKernels, CaseIsUnicodesSimpleMapping) {
  const auto text = Texts({"Straße ÀÉ", "İ\u212Aſ", "ǅ", "Ⱥ", Text(), "ΑΣ", "ﬁ ŉ ας"});
  EXPECT_EQ(Of(Function::kLower, {text}),
            (Rows{"straße àé", "ikſ", "ǆ", "ⱥ", "NULL", "ασ", "ﬁ ŉ ας"}));
  EXPECT_EQ(Of(Function::kUpper, {text}),
            (Rows{"STRAẞE ÀÉ", "İ\u212AS", "Ǆ", "Ⱥ", "NULL", "ΑΣ", "ﬁ ŉ ΑΣ"}));
}

TEST(TextKernels, SubstringClipsPositionsToTheText) {
  const auto text = Texts(
      {"grüßegott", "grüßegott", "grüßegott", "grüßegott", "grüßegott", "grüßegott", "", Text()});
  EXPECT_EQ(Of(Function::kSubstring, {text, Numbers({3, -4, 0, 5, -20, 20, 1, 1}),
                                      Numbers({3, 2, 3, -2, 14, -14, 1, 1})}),
            (Rows{"üße", "go", "gr", "üß", "grü", "gott", "", "NULL"}));
  EXPECT_EQ(Of(Function::kSubstring, {Lit("grüß"), Numbers({2, -1, 0, 9, Number()})}),
            (Rows{"rüß", "ß", "grüß", "", "NULL"}));
}

TEST(TextKernels, NumbersOfAnySizeAreTaken) {
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  const auto most = Numbers({kMost, -kMost - 1});
  EXPECT_EQ(Of(Function::kSubstring, {Lit("ab"), Lit(2), most}), (Rows{"b", "a"}));
  EXPECT_EQ(Of(Function::kSubstring, {Lit("ab"), most, most}), (Rows{"", ""}));
  EXPECT_EQ(Of(Function::kSubstring, {Lit("ab"), most}), (Rows{"", "ab"}));
  EXPECT_EQ(Of(Function::kLeft, {Lit("ab"), most}), (Rows{"ab", ""}));
  EXPECT_EQ(Of(Function::kRight, {Lit("ab"), most}), (Rows{"ab", ""}));
  EXPECT_EQ(Of(Function::kSplitPart, {Lit("a,b"), Lit(","), most}), (Rows{"", ""}));
  EXPECT_EQ(Of(Function::kRepeat, {Lit(""), most}), (Rows{"", ""}));
}

TEST(TextKernels, LeftAndRightTakeOrLeaveOut) {
  const auto numbers = Numbers({2, -1, 0, 9, -9, Number()});
  EXPECT_EQ(Of(Function::kLeft, {Lit("grüß"), numbers}),
            (Rows{"gr", "grü", "", "grüß", "", "NULL"}));
  EXPECT_EQ(Of(Function::kRight, {Lit("grüß"), numbers}),
            (Rows{"üß", "rüß", "", "grüß", "", "NULL"}));
}

TEST(TextKernels, TrimRemovesCharacters) {
  const auto spaced = Texts({"  a\u00A0", "\ta ", "\u3000 b \u2003", "  ", Text()});
  EXPECT_EQ(Of(Function::kTrim, {spaced}), (Rows{"a", "\ta", "b", "", "NULL"}));
  EXPECT_EQ(Of(Function::kTrimLeft, {spaced}), (Rows{"a\u00A0", "\ta ", "b \u2003", "", "NULL"}));
  EXPECT_EQ(Of(Function::kTrimRight, {spaced}), (Rows{"  a", "\ta", "\u3000 b", "", "NULL"}));
  const auto text = Texts({"éaé", "xyaxy", "aaa", "aé", "ab"});
  const auto characters = Texts({"é", "yx", "a", "©", ""});
  EXPECT_EQ(Of(Function::kTrim, {text, characters}), (Rows{"a", "a", "", "aé", "ab"}));
  EXPECT_EQ(Of(Function::kTrimLeft, {text, characters}), (Rows{"aé", "axy", "", "aé", "ab"}));
  EXPECT_EQ(Of(Function::kTrimRight, {text, characters}), (Rows{"éa", "xya", "", "aé", "ab"}));
}

TEST(TextKernels, SplitPartCountsFromEitherEnd) {
  EXPECT_EQ(Of(Function::kSplitPart,
               {Lit("a,b,"), Lit(","), Numbers({1, 3, 4, -1, -3, -4, 0, Number()})}),
            (Rows{"a", "", "", "", "a", "", "", "NULL"}));
  EXPECT_EQ(Of(Function::kSplitPart, {Lit("aßb"), Lit(""), Numbers({2, -1, 4})}),
            (Rows{"ß", "b", ""}));
  EXPECT_EQ(Of(Function::kSplitPart, {Texts({"aaa", "aaa", "", Text()}),
                                      Texts({"aa", "aa", ",", ","}), Numbers({2, -1, 1, 1})}),
            (Rows{"a", "a", "", "NULL"}));
}

TEST(TextKernels, PartsShareTheBytesOfTheirText) {
  const auto text = Texts({std::string(100, 'x') + std::string(100, 'y')});
  const vector::Column part = Require(Compute(Function::kRight, {text, Lit(100)}));
  EXPECT_EQ(part.text_buffers(), text.column.text_buffers());
  EXPECT_EQ(part.TextAt(0), std::string(100, 'y'));
}

TEST(TextKernels, PadsToANumberOfCharacters) {
  const auto text = Texts({"grüß", "grüß", "grüß", "", "grüß", Text()});
  const auto wanted = Numbers({6, 2, -3, 3, 4, 4});
  const auto fill = Texts({"é-", "x", "x", "ab", "", ""});
  EXPECT_EQ(Of(Function::kPadLeft, {text, wanted, fill}),
            (Rows{"é-grüß", "gr", "", "aba", "grüß", "NULL"}));
  EXPECT_EQ(Of(Function::kPadRight, {text, wanted, fill}),
            (Rows{"grüßé-", "gr", "", "aba", "grüß", "NULL"}));
  EXPECT_THAT(Compute(Function::kPadLeft, {Texts({Text(), "ab", "c"}), Lit(3), Lit("")}),
              FailsWith(arrow::StatusCode::Invalid, "lpad(ab, 3, ) has nothing to fill up with"));
}

TEST(TextKernels, RepeatAndReverse) {
  EXPECT_EQ(Of(Function::kRepeat, {Lit("aé"), Numbers({2, 0, -1, Number()})}),
            (Rows{"aéaé", "", "", "NULL"}));
  // pyarrow 26.
  EXPECT_EQ(Of(Function::kReverse, {Texts({"aé😀", "e\u0301x", "", Text()})}),
            (Rows{"😀éa", "x\u0301e", "", "NULL"}));
}

TEST(TextKernels, ReplaceGoesFromTheLeft) {
  EXPECT_EQ(Of(Function::kReplace,
               {Texts({"aaaa", "abc", "é-é", "abc", "aaa", Text()}),
                Texts({"aa", "", "é", "b", "aa", "a"}), Texts({"b", "x", "ee", "", "b", "b"})}),
            (Rows{"bb", "abc", "ee-ee", "ac", "ba", "NULL"}));
}

TEST(TextKernels, ReplaceIgnoringCaseLeavesTheRestAsItIs) {
  // The lower case of these characters has other sizes in bytes.
  const auto text = Texts({"Ⱥ\u212AÉⱥkéⱥ\u212Aé!", "KÉ"});
  EXPECT_EQ(Of(Function::kReplace, {text, Lit("kÉ"), Lit("-")}, kAnyCase), (Rows{"Ⱥ-ⱥ-ⱥ-!", "-"}));
  EXPECT_EQ(Of(Function::kReplace, {text, Lit("kÉ"), Lit("-")}, kAsciiCase),
            (Rows{"Ⱥ\u212AÉⱥkéⱥ\u212Aé!", "-"}));
}

TEST(TextKernels, ConcatPassesNullsOverOrOn) {
  const auto a = Texts({"a", Text(), Text()});
  const auto b = Texts({"b", "b", Text()});
  EXPECT_EQ(Of(Function::kConcat, {a, b, Lit("-")}), (Rows{"ab-", "b-", "-"}));
  EXPECT_EQ(Of(Function::kConcat, {a, NullText()}), (Rows{"a", "", ""}));
  CallOptions propagate;
  propagate.nulls = CallOptions::Nulls::kPropagate;
  EXPECT_EQ(Of(Function::kConcat, {a, b}, propagate), (Rows{"ab", "NULL", "NULL"}));
  EXPECT_EQ(Of(Function::kConcat, {a, NullText()}, propagate), (Rows{"NULL", "NULL", "NULL"}));
}

TEST(TextKernels, ConcatSeparatedIsNullWithoutASeparator) {
  EXPECT_EQ(Of(Function::kConcatSeparated,
               {Texts({"-", "-", "-", Text(), "-"}), Texts({"a", Text(), Text(), "a", ""}),
                Texts({"b", "b", Text(), "b", "b"})}),
            (Rows{"a-b", "b", "", "NULL", "-b"}));
  EXPECT_EQ(Of(Function::kConcatSeparated, {NullText(), Texts({"a"})}), Rows{"NULL"});
}

TEST(TextKernels, NoTextIsLongerThanAGibibyte) {
  const std::string mebibyte(1 << 20, 'x');
  const auto expect_refused = [](const arrow::Result<vector::Column>& result) {
    EXPECT_THAT(result, FailsWith(base::Code::kLimitExceeded, "longer than the 1073741824"));
  };
  expect_refused(Compute(Function::kRepeat, {Lit("ab"), Lit(int64_t{1} << 62)}));
  expect_refused(Compute(Function::kRepeat, {Lit("ab"), Lit((1 << 29) + 1)}));
  expect_refused(Compute(Function::kPadLeft, {Lit("a"), Lit(int64_t{1} << 62), Lit("bc")}));
  expect_refused(Compute(Function::kReplace, {Lit(mebibyte), Lit("x"), Lit(mebibyte)}));
}

Rows Like(Function function, const std::vector<Text>& texts, const Argument& pattern,
          char escape = 0) {
  return Of(function, {Texts(texts), pattern}, Escaping(escape));
}

TEST(PatternKernels, LikeTakesPatternsOfColumns) {
  EXPECT_EQ(Like(Function::kLike, {"aéb", "aéb", "aéb", "", "a", Text()},
                 Texts({"a_b", "%é_", "_b", "%", Text(), "%"})),
            (Rows{"true", "true", "false", "true", "NULL", "NULL"}));
  EXPECT_EQ(Like(Function::kILike, {"ÀÉ", "ß", "straße"}, Texts({"àé", "ẞ", "%SSE"})),
            (Rows{"true", "true", "false"}));
  EXPECT_EQ(Like(Function::kILike, {"100%", "100x"}, Lit("100!%"), '!'), (Rows{"true", "false"}));
}

TEST(PatternKernels, APatternThatEndsInItsEscapeCharacterIsAnError) {
  const auto fails = FailsWith(arrow::StatusCode::Invalid, "'b!' ends in its escape character");
  EXPECT_THAT(Compute(Function::kLike, {Texts({"a"}), Lit("b!")}, Escaping('!')), fails);
  EXPECT_THAT(
      Compute(Function::kLike, {Texts({"a", "b", "c"}), Texts({"a", "b!", "c!"})}, Escaping('!')),
      fails);
  EXPECT_EQ(Like(Function::kLike, {Text(), "b!"}, Texts({"b!", "b!!"}), '!'),
            (Rows{"NULL", "true"}));
}

TEST(PatternKernels, RegexpsMatchPartsOrTheWhole) {
  const auto text = Texts({"éab😀", "xac", "zz", "", Text()});
  EXPECT_EQ(Of(Function::kRegexpMatches, {text, Lit("^.a")}),
            (Rows{"true", "true", "false", "false", "NULL"}));
  EXPECT_EQ(Of(Function::kRegexpFullMatch, {text, Lit(".*a.")}),
            (Rows{"false", "true", "false", "false", "NULL"}));
  EXPECT_EQ(Of(Function::kRegexpMatches, {text, Lit("É|Z")}, kAnyCase),
            (Rows{"true", "false", "true", "false", "NULL"}));
  EXPECT_EQ(Of(Function::kRegexpExtract, {text, Lit("(a)(b)?.")}),
            (Rows{"ab😀", "ac", "", "", "NULL"}));
  EXPECT_EQ(Of(Function::kRegexpExtract, {text, Lit("(a)(b)?."), Lit(2)}),
            (Rows{"b", "", "", "", "NULL"}));
}

TEST(PatternKernels, RegexpReplaceTakesTheFirstOrAll) {
  const auto text = Texts({"abéb", "", "xx", Text()});
  CallOptions all;
  all.occurrence = CallOptions::Occurrence::kAll;
  const auto twice = Lit("\\1\\1\\\\");
  EXPECT_EQ(Of(Function::kRegexpReplace, {text, Lit("(.)b"), twice}),
            (Rows{"aa\\éb", "", "xx", "NULL"}));
  EXPECT_EQ(Of(Function::kRegexpReplace, {text, Lit("(.)b"), twice}, all),
            (Rows{"aa\\éé\\", "", "xx", "NULL"}));
  EXPECT_EQ(Of(Function::kRegexpReplace, {text, Lit(""), Lit("-")}, all),
            (Rows{"-a-b-é-b-", "-", "-x-x-", "NULL"}));
  EXPECT_EQ(Of(Function::kRegexpReplace, {text, Lit("b*"), Lit("-")}, all),
            (Rows{"-a-é-", "-", "-x-x-", "NULL"}));
}

TEST(PatternKernels, WhatRe2DoesNotTakeIsRefusedWithThePlan) {
  const auto refused = [](Function function, const std::vector<Argument>& arguments,
                          const std::string& why, const CallOptions& options = {}) {
    EXPECT_THAT(Compute(function, arguments, options),
                FailsWith(base::Code::kUnsupportedPlan, why));
  };
  const auto text = Texts({"a"});
  refused(Function::kRegexpMatches, {text, Lit("(a")}, "missing )");
  refused(Function::kRegexpMatches, {text, text}, "the pattern must be a literal");
  refused(Function::kRegexpExtract, {text, Lit("(a)"), Lit(2)}, "no group 2");
  refused(Function::kRegexpReplace, {text, Lit("a"), Lit("\\1")}, "parenthesized");
  refused(Function::kRegexpReplace, {text, Lit("a"), Lit("\\q")}, "followed by a digit");
  refused(Function::kRegexpMatches, {text, Lit("a")}, "RE2 ignores the case", kAsciiCase);
}

// Files may hold such bytes; nothing may read beyond them.
TEST(TextKernels, BytesThatAreNoUtf8StayWhatTheyAre) {
  const auto text = Texts({"\x80", "a\xFF", "\xC3", "\xF0\x9F\x98", "\xE0\x83\x80"});
  const Rows same = {"\x80", "a\xFF", "\xC3", "\xF0\x9F\x98", "\xE0\x83\x80"};
  const auto bytes = [&](Function function, std::vector<Argument> arguments) {
    arguments.insert(arguments.begin(), text);
    const vector::Column column = Require(Compute(function, arguments));
    Rows rows;
    for (int64_t i = 0; i < column.length(); ++i) rows.emplace_back(column.TextAt(i));
    return rows;
  };
  EXPECT_EQ(bytes(Function::kLower, {}), same);
  EXPECT_EQ(bytes(Function::kLeft, {Lit(9)}), same);
  EXPECT_EQ(bytes(Function::kTrim, {}), same);
  EXPECT_EQ(bytes(Function::kReplace, {Lit("b"), Lit("c")}), same);
  EXPECT_EQ(bytes(Function::kRegexpReplace, {Lit("b"), Lit("c")}), same);
  EXPECT_EQ(bytes(Function::kPadRight, {Lit(0), Lit("\x80")}).size(), same.size());
  EXPECT_EQ(bytes(Function::kPadLeft, {Lit(4), Lit("\x80")}).size(), same.size());
  EXPECT_EQ(bytes(Function::kReverse, {}).size(), same.size());
}

}  // namespace
}  // namespace skyhook::exec
