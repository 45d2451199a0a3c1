// Functions of text inside the scan give what DuckDB gives over the rows of the same scan.
#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_primitive.h>

#include <limits>
#include <optional>
#include <random>

#include "skyhook/sql/query_testing.h"
#include "skyhook/testing/parquet_files.h"
#include "skyhook/testing/temporary_directory.h"

namespace skyhook::sql {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Strings = std::vector<std::string>;

// One row of the test's file: texts t (b has its bytes) and u, n BIGINT, i and j INTEGER.
struct Row {
  std::optional<std::string> t;
  std::optional<std::string> u = std::nullopt;
  std::optional<int64_t> n = std::nullopt;
  std::optional<int32_t> i = std::nullopt;
  std::optional<int32_t> j = std::nullopt;
};

template <typename Builder, typename Value>
std::shared_ptr<arrow::Array> ArrayOf(const std::vector<Row>& rows, Value Row::*member) {
  Builder builder;
  for (const Row& row : rows) {
    const Value& value = row.*member;
    Require(value.has_value() ? builder.Append(*value) : builder.AppendNull());
  }
  return Require(builder.Finish());
}

std::shared_ptr<arrow::Table> TableOfRows(const std::vector<Row>& rows) {
  arrow::Int64Builder ids;
  for (size_t i = 0; i < rows.size(); ++i) Require(ids.Append(static_cast<int64_t>(i)));
  const auto schema =
      arrow::schema({arrow::field("id", arrow::int64()), arrow::field("t", arrow::utf8()),
                     arrow::field("b", arrow::binary()), arrow::field("u", arrow::utf8()),
                     arrow::field("n", arrow::int64()), arrow::field("i", arrow::int32()),
                     arrow::field("j", arrow::int32())});
  return arrow::Table::Make(
      schema,
      {Require(ids.Finish()), ArrayOf<arrow::StringBuilder>(rows, &Row::t),
       ArrayOf<arrow::BinaryBuilder>(rows, &Row::t), ArrayOf<arrow::StringBuilder>(rows, &Row::u),
       ArrayOf<arrow::Int64Builder>(rows, &Row::n), ArrayOf<arrow::Int32Builder>(rows, &Row::i),
       ArrayOf<arrow::Int32Builder>(rows, &Row::j)});
}

bool IsPushed(const Answer& answer) {
  const auto& pushed = answer.accounts().at(0)->pushed;
  return !pushed.empty() && pushed.back().kind == PushedPart::Kind::kAggregate;
}

// Why the scan does not do it all; empty when it does.
std::string KeptReason(const Answer& answer) {
  const auto& kept = answer.accounts().at(0)->kept;
  return kept.empty() ? "" : kept[0].reason;
}

class TextPushdownTest : public ::testing::Test {
 protected:
  void Write(const std::vector<Row>& rows) {
    testing::WriteParquet(directory_.File("t.parquet"), *TableOfRows(rows));
  }

  // Each row's values of the expressions.
  std::string QueryOf(const Strings& expressions, const std::string& condition = "true") {
    std::string list;
    for (const auto& expression : expressions) list += ", " + expression;
    return fmt::format("SELECT id{}, count(*) FROM '{}' WHERE {} GROUP BY ALL ORDER BY id", list,
                       directory_.File("t.parquet"), condition);
  }

  // The answer with pushdown, which has to be the one without.
  Answer AskBothWays(const std::string& sql) {
    Ask(*connection_, "SET skyhook_pushdown = false");
    const Answer plain = Ask(*connection_, sql);
    Ask(*connection_, "SET skyhook_pushdown = true");
    Answer pushed = Ask(*connection_, sql);
    EXPECT_FALSE(IsPushed(plain));
    EXPECT_GT(plain.table->num_rows(), 0);
    ExpectSameRows(*pushed.table, *plain.table);
    return pushed;
  }

  void ExpectPushed(const Strings& expressions) {
    const std::string sql = QueryOf(expressions);
    SCOPED_TRACE(sql);
    const Answer answer = AskBothWays(sql);
    EXPECT_EQ(KeptReason(answer), "");
    EXPECT_TRUE(IsPushed(answer));
  }

  void ExpectKept(const std::string& expression, const std::string& reason) {
    const std::string sql = QueryOf({expression});
    SCOPED_TRACE(sql);
    const Answer answer = AskBothWays(sql);
    EXPECT_FALSE(IsPushed(answer));
    EXPECT_THAT(KeptReason(answer), HasSubstr(reason));
  }

  skyhook::testing::TemporaryDirectory directory_;
  std::unique_ptr<Connection> connection_ = TestConnection();
};

// Pieces of texts that functions of text like to get wrong: wide characters, combining marks,
// space separators and other space, characters whose case changes their size, wildcards.
const Strings kPieces = {"a",       "b",      "ab",     "A",      "B",  "aa", "é",           "É",
                         "e\u0301", "ß",      "ẞ",      "😀",      "日", "İ",  "\u212A",      "ſ",
                         "Ⱥ",       "\u00A0", "\u3000", "\u200A", " ",  "\t", "\n",          "%",
                         "_",       "\\",     ".",      ",",      "'",  "x",  "xyzxyzxyzxyz"};

std::string Utf8(char32_t character) {
  std::string out;
  const auto add = [&](char32_t byte) { out += static_cast<char>(byte); };
  if (character < 0x80) {
    add(character);
    return out;
  }
  const int tails = character < 0x800 ? 1 : character < 0x10000 ? 2 : 3;
  add((0xFF00u >> (tails + 1) & 0xFF) | character >> (6 * tails));
  for (int left = tails - 1; left >= 0; --left) add(0x80 | (character >> (6 * left) & 0x3F));
  return out;
}

// What a test does at random, the same in every run.
class Chance {
 public:
  explicit Chance(unsigned seed) : random_(seed) {}

  size_t Below(size_t end) { return random_() % end; }
  bool OneIn(size_t count) { return Below(count) == 0; }
  template <typename Values>
  auto Of(const Values& values) {
    return values[Below(std::size(values))];
  }

  std::string Text(size_t most_pieces = 6) {
    std::string out;
    for (size_t left = Below(most_pieces + 1); left > 0; --left) out += Of(kPieces);
    return out;
  }

  std::vector<Row> Rows(size_t count) {
    constexpr int64_t kLeast = std::numeric_limits<int64_t>::min();
    const int64_t extremes[] = {kLeast, kLeast + 1, -4294967297, 4294967296, ~kLeast};
    const int32_t large[] = {std::numeric_limits<int32_t>::min(), -4097, 4096,
                             std::numeric_limits<int32_t>::max()};
    const auto small = [&] { return static_cast<int32_t>(Below(17)) - 8; };
    std::vector<Row> rows(count);
    for (Row& row : rows) {
      if (!OneIn(9)) row.t = Text();
      if (!OneIn(9)) row.u = Text(2);
      if (!OneIn(9)) row.n = OneIn(4) ? Of(extremes) : small();
      if (!OneIn(9)) row.i = OneIn(6) ? Of(large) : small();
      if (!OneIn(9)) row.j = OneIn(6) ? Of(large) : small();
    }
    return rows;
  }

 private:
  std::mt19937 random_;
};

std::string Quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("''") : std::string(1, c);
  return out + "'";
}

// Writes calls of every function, of columns and of constants.
class CallWriter {
 public:
  explicit CallWriter(unsigned seed) : chance_(seed) {}

  std::string Next() {
    static constexpr std::string (CallWriter::*kWriters[])() = {
        &CallWriter::Searched, &CallWriter::Like,     &CallWriter::Measured, &CallWriter::Joined,
        &CallWriter::Cut,      &CallWriter::Trimmed,  &CallWriter::Padded,   &CallWriter::Replaced,
        &CallWriter::Matched,  &CallWriter::Extracted};
    return (this->*chance_.Of(kWriters))();
  }

 private:
  std::string Name(const Strings& names) { return chance_.Of(names); }
  std::string Column() { return chance_.OneIn(2) ? "t" : "u"; }
  std::string Text() { return chance_.OneIn(3) ? Quoted(chance_.Text(2)) : Column(); }
  // Within what DuckDB takes for a position.
  std::string Number() {
    const Strings extremes = {"-4294967295", "4294967295", "i", "j", "i", "j", "0"};
    return chance_.OneIn(2) ? std::to_string(static_cast<int>(chance_.Below(15)) - 7)
                            : chance_.Of(extremes);
  }

  std::string Searched() {
    const std::string part = chance_.OneIn(3) ? Quoted(chance_.Of(kPieces)) : Column();
    return fmt::format("{}({}, {})",
                       Name({"starts_with", "ends_with", "contains", "strpos", "instr"}), Column(),
                       part);
  }
  std::string Like() {
    if (chance_.OneIn(3)) return fmt::format("t {} u", Name({"LIKE", "NOT LIKE"}));
    std::string pattern = Name({"", "%", "_", "%_", "a%"}) + chance_.Of(kPieces) + "_";
    for (size_t left = chance_.Below(4); left > 0; --left) {
      pattern += chance_.OneIn(3) ? "%" : chance_.Of(kPieces);
    }
    const bool escapes = chance_.OneIn(2);
    if (escapes) pattern += "!" + chance_.Of(kPieces) + Name({"", "%"});
    return fmt::format("{} {} {}{}", Column(), Name({"LIKE", "ILIKE", "NOT LIKE", "NOT ILIKE"}),
                       Quoted(pattern), escapes ? " ESCAPE '!'" : "");
  }
  std::string Measured() {
    return fmt::format("{}({})", Name({"length", "strlen", "bit_length", "lower", "upper"}),
                       Column());
  }
  std::string Joined() {
    return fmt::format("{0}({1}, {2}, {3})", Name({"concat", "concat_ws", "greatest", "least"}),
                       Text(), Column(), Text());
  }
  std::string Cut() {
    switch (chance_.Below(4)) {
      case 0:
        return fmt::format("left({}, {})", Column(), Number());
      case 1:
        return fmt::format("right({}, {})", Text(), chance_.OneIn(2) ? "n" : Number());
      case 2:
        return fmt::format("substring({}, {})", Column(), Number());
      default:
        return fmt::format("substring({} || u, {}, {})", Column(), Number(), Number());
    }
  }
  std::string Trimmed() {
    const std::string name = Name({"trim", "ltrim", "rtrim"});
    return chance_.OneIn(3) ? fmt::format("{}({})", name, Column())
                            : fmt::format("{}({}, {})", name, Column(), Text());
  }
  std::string Padded() {
    const int count = static_cast<int>(chance_.Below(30)) - 5;
    if (chance_.OneIn(3)) return fmt::format("repeat({}, {})", Column(), count);
    return fmt::format("{}({}, {}, {})", Name({"lpad", "rpad"}), Column(), count,
                       Quoted(chance_.Of(kPieces) + chance_.Text(2)));
  }
  std::string Replaced() { return fmt::format("replace({}, {}, {})", Column(), Text(), Text()); }
  std::string Pattern() {
    return Quoted(Name({"", "a", "a+", "^a", "b$", ".", "a.", "[^a]", "\\s", "\\bA", "x*", "a|é",
                        "(é|É)(.)?", "^$", "(a)(b)?", "(?i)s", "ß", "[[:upper:]]", "😀?"}));
  }
  std::string Matched() {
    return fmt::format("{}({}, {}{})", Name({"regexp_matches", "regexp_full_match"}), Column(),
                       Pattern(), Name({"", ", 'i'", ", 's'", ", 'ims'", ", ' ci'"}));
  }
  std::string Extracted() {
    if (chance_.OneIn(3)) {
      return fmt::format("regexp_extract({}, '(a|é)(b)?.?', {}{})", Column(), chance_.Below(3),
                         Name({"", ", 'i'"}));
    }
    if (chance_.OneIn(2)) return fmt::format("regexp_extract({}, {})", Column(), Pattern());
    return fmt::format("regexp_replace({}, {}, {}{})", Column(), Pattern(),
                       Name({"''", "'-'", "'<\\0>'", "'\\\\é'", "'\\0\\0'"}),
                       Name({"", ", 'g'", ", 'gi'", ", 's'"}));
  }

  Chance chance_;
};

// --gtest_random_seed=N tries others.
TEST_F(TextPushdownTest, RandomCallsGiveWhatDuckDbGives) {
  const auto seed = static_cast<unsigned>(GTEST_FLAG_GET(random_seed));
  Write(Chance(seed).Rows(150));
  CallWriter writer(seed);
  for (int query = 0; query < 60 && !HasFailure(); ++query) {
    Strings expressions;
    for (int i = 0; i < 10; ++i) expressions.push_back(writer.Next());
    ExpectPushed(expressions);
  }
}

TEST_F(TextPushdownTest, EveryCharacterHasTheCaseOfDuckDb) {
  std::vector<Row> rows;
  for (char32_t character = 1; character <= 0x10FFFF; ++character) {
    if (character >= 0xD800 && character <= 0xDFFF) continue;
    rows.push_back({.t = Utf8(character)});
  }
  Write(rows);
  const Answer answer =
      AskBothWays(QueryOf({"lower(t)", "upper(t)"}, "lower(t) <> t OR upper(t) <> t"));
  EXPECT_TRUE(IsPushed(answer));
  EXPECT_EQ(answer.table->num_rows(), 2880);
}

TEST_F(TextPushdownTest, OperatorsAndOtherNames) {
  Write(Chance(1).Rows(100));
  ExpectPushed({"t || u || '-'", "concat(NULL, t)", "t ^@ u", "prefix(t, u)", "suffix(t, u)",
                "position('b' IN t)", "len(t)", "char_length(t)", "lcase(t)", "ucase(t)",
                "octet_length(b)", "t SIMILAR TO 'a.*'", "t ~ 'a.*'", "t !~ '.b'",
                "substr(t, 2, 3)", "substring(t FROM 2 FOR 3)", "trim(BOTH 'a' FROM t)",
                "regexp_replace(t, '(.)', '\\1\\1', 'g')", "regexp_matches(t, NULL)"});
}

TEST_F(TextPushdownTest, WhatDuckDbReadsInAnotherWayStaysThere) {
  Write(Chance(2).Rows(100));
  // Errors outside of 32 bits.
  ExpectKept("substring(t, CASE WHEN n BETWEEN -9 AND 9 THEN n END)", "more than 32 bits");
  ExpectKept("left(t, CASE WHEN n BETWEEN -9 AND 9 THEN n END)", "more than 32 bits");
  ExpectKept("substring(t, -4294967296)", "more than 32 bits");
  // Texts that DuckDB knows to be ASCII.
  ExpectKept("substring('hello', i, 3)", "from the end");
  ExpectKept("substring(CASE WHEN i > 0 THEN 'hello' ELSE 'you' END, -10, 6)", "from the end");
  // Escape characters that are none, or no error.
  ExpectKept("t ILIKE ('a' || chr(0) || '%')", "escape characters");
  ExpectKept("t ILIKE u", "text constant");
  ExpectKept("'zz' LIKE t ESCAPE '!'", "text constant");
  ExpectKept("t || '!' LIKE 'zzz!' ESCAPE '!'", "escape characters");
  ExpectKept("t LIKE 'a%%' ESCAPE '%'", "escape characters");
  ExpectKept("t ILIKE 'a%X%' ESCAPE 'X'", "escape characters");
  // Another release of RE2, what no release takes, and what is no constant.
  ExpectKept("regexp_matches(t, '\\p{Lu}')", "regular expression");
  ExpectKept("regexp_replace(t, 'a.', 'b', 'l')", "option l");
  ExpectKept("regexp_matches(t, CASE WHEN i > 0 THEN 'a.' ELSE 'b.' END)", "text constant");
  ExpectKept("regexp_replace(t, 'a', '\\1')", "parenthesized");
  ExpectKept("regexp_extract(t, 'a', 2)", "no group 2");
  // Longer than the engine's texts.
  ExpectKept("repeat('', i)", "integer constant");
  ExpectKept("repeat(substring(t, 1, 1), 2000)", "above 1024");
  ExpectKept("lpad(t, CASE WHEN i < 9 THEN i END, 'x')", "integer constant");
  // Grapheme clusters.
  ExpectKept("reverse(t)", "function reverse");
}

TEST_F(TextPushdownTest, PaddingWithNothingIsAnError) {
  Write({{.t = "abc"}});
  for (const char* pushdown : {"false", "true"}) {
    Ask(*connection_, fmt::format("SET skyhook_pushdown = {}", pushdown));
    EXPECT_EQ(RowsOfQuery(*connection_, QueryOf({"lpad(t, 2, '')"})), Strings{"0, ab, 1"});
    const auto stream = connection_->Query(QueryOf({"lpad(t, 4, '')"}));
    const arrow::Status status = stream.ok() ? (*stream)->ToTable().status() : stream.status();
    using skyhook::testing::FailsWith;
    EXPECT_THAT(status,
                ::testing::AnyOf(FailsWith(arrow::StatusCode::Invalid, "Insufficient padding"),
                                 FailsWith(arrow::StatusCode::Invalid, "nothing to fill up with")))
        << pushdown;
  }
}

TEST_F(TextPushdownTest, FiltersOfTextSkipNoRowThatMatches) {
  Write({{.t = "Apple"}, {.t = "banana"}, {.t = std::nullopt}, {.t = "cherry"}});
  const auto ids = [&](const std::string& condition) {
    return Rows(*AskBothWays(QueryOf({}, condition)).table);
  };
  EXPECT_THAT(ids("t ILIKE 'a%'"), ElementsAre("0, 1"));
  EXPECT_THAT(ids("regexp_matches(t, '^b', 'i')"), ElementsAre("1, 1"));
  EXPECT_THAT(ids("t NOT LIKE '%an%'"), ElementsAre("0, 1", "3, 1"));
  EXPECT_THAT(ids("trim(t || ' ') = 'cherry'"), ElementsAre("3, 1"));
}

}  // namespace
}  // namespace skyhook::sql
