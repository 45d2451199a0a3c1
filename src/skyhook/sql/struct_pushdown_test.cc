// Fields of structs in SQL, against native tables of the same rows.
#include "skyhook/sql/query_testing.h"
#include "skyhook/testing/parquet_files.h"
#include "skyhook/testing/temporary_directory.h"

namespace skyhook::sql {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class StructPushdownTest : public ::testing::Test {
 protected:
  StructPushdownTest() {
    Do("SET threads = 1");
    Do("CREATE TABLE native AS SELECT i AS id, CASE WHEN i % 7 = 0 THEN NULL ELSE {"
       "'a': CASE WHEN i % 5 = 0 THEN NULL ELSE {'b': CASE WHEN i % 3 = 0 THEN NULL ELSE i // 10 "
       "END, 'c': 'text ' || (i % 23)} END, 'x': i * 0.25::DOUBLE, 'l': [i, i + 1], "
       "'d': (i % 500)::DECIMAL(9, 2), 't': TIMESTAMP '2024-01-01' + i * INTERVAL 1 HOUR, "
       "'wide': repeat('w', 50) || i} END AS s FROM range(3000) r(i)");
    for (int file = 0; file < 2; ++file) {
      Do(
          fmt::format("COPY (SELECT * FROM native WHERE id >= {} AND id < {} ORDER BY id) TO "
                      "'{}/{}.parquet' (ROW_GROUP_SIZE 2048)",
                      file * 1000, file == 0 ? 1000 : 3000, directory_.path(), file));
    }
    skyhook::testing::WriteIpc(directory_.File("ipc/t.arrow"),
                               *Ask(*connection_, "SELECT * FROM native ORDER BY id").table, 700);
    Do("SET threads = 2");
  }

  void Do(const std::string& sql) { Ask(*connection_, sql); }

  static std::string Over(std::string sql, const std::string& table) {
    for (size_t at = sql.find("TABLE"); at != std::string::npos; at = sql.find("TABLE")) {
      sql.replace(at, 5, table);
    }
    return sql;
  }
  std::string Parquet() { return fmt::format("'{}/*.parquet'", directory_.path()); }

  Answer AskParquet(const std::string& sql) { return Ask(*connection_, Over(sql, Parquet())); }

  // The rows, or the error, over Parquet, Arrow IPC and without pushdown, are those of the native
  // table.
  void ExpectNative(const std::string& sql) {
    SCOPED_TRACE(sql);
    const auto expected = Try(Over(sql, "native"));
    const auto ipc = fmt::format("'{}/ipc/t.arrow'", directory_.path());
    EXPECT_EQ(Try(Over(sql, Parquet())), expected);
    EXPECT_EQ(Try(Over(sql, ipc)), expected) << "Arrow IPC";
    Do("SET skyhook_pushdown = false");
    EXPECT_EQ(Try(Over(sql, Parquet())), expected) << "nothing pushed";
    Do("SET skyhook_pushdown = true");
  }

  std::vector<std::string> Try(const std::string& sql) {
    auto stream = connection_->Query(sql);
    if (!stream.ok()) return {"an error"};
    auto table = (*stream)->ToTable();
    return table.ok() ? Rows(**table) : std::vector<std::string>{"an error"};
  }

  static std::string Text(const Answer& answer, PushedPart::Kind kind) {
    std::string text;
    for (const auto& account : answer.accounts()) {
      for (const PushedPart& part : account->pushed) {
        if (part.kind == kind) text += part.text + "\n";
      }
    }
    return text;
  }
  static std::string Kept(const Answer& answer) {
    std::string text;
    for (const auto& account : answer.accounts()) {
      for (const auto& part : account->kept) text += part.text + ": " + part.reason + "\n";
    }
    return text;
  }

  testing::TemporaryDirectory directory_;
  std::unique_ptr<Connection> connection_ = TestConnection();
};

TEST_F(StructPushdownTest, FieldsAreFilteredInTheScan) {
  for (const std::string condition :
       {"s.a.b > 200", "s.a.b IS NULL", "s.a.b IS NOT NULL", "s.a.c = 'text 3'",
        "s.a.c LIKE '%2' AND s.x < 400", "s.a.b IN (3, 100, 299)", "s['a']['b'] = 17",
        "s.a.b + 1 > 250 OR s.a.c = 'text 7'", "s.d BETWEEN 3 AND 9.5",
        "s.t >= TIMESTAMP '2024-04-01'", "s.a.b = id // 10", "NOT (s.a.b < 290)"}) {
    ExpectNative("SELECT id, s.x FROM TABLE WHERE " + condition + " ORDER BY id");
    const Answer answer = AskParquet("SELECT count(*) FROM TABLE WHERE " + condition);
    EXPECT_THAT(Text(answer, PushedPart::Kind::kFilter), HasSubstr("s.")) << condition;
    EXPECT_THAT(Text(answer, PushedPart::Kind::kAggregate), HasSubstr("count")) << condition;
    EXPECT_EQ(Kept(answer), "") << condition;
  }
}

TEST_F(StructPushdownTest, FieldsAreKeysInTheScan) {
  const std::string grouped =
      "SELECT s.a.c, count(*), count(s.a.b), sum(s.a.b), max(s.t), first(s.d) FROM TABLE "
      "GROUP BY s.a.c ORDER BY s.a.c";
  ExpectNative(
      "SELECT s.a.c AS c, count(*), count(s.a.b), sum(s.a.b), max(s.t) FROM TABLE GROUP BY "
      "c ORDER BY c");
  EXPECT_THAT(Text(AskParquet(grouped), PushedPart::Kind::kAggregate), HasSubstr("by s.a.c"));
  const std::string top = "SELECT id, s.a.b FROM TABLE ORDER BY s.a.b DESC NULLS LAST, id LIMIT 7";
  ExpectNative(top);
  EXPECT_THAT(Text(AskParquet(top), PushedPart::Kind::kTopK), HasSubstr("s.a.b"));
  ExpectNative("SELECT DISTINCT s.a.c FROM TABLE ORDER BY ALL");
  ExpectNative("SELECT s.a.b, count(*) FROM TABLE WHERE s.x > 100 GROUP BY ALL ORDER BY ALL");
  ExpectNative(
      "SELECT l.id, r.id FROM TABLE l JOIN TABLE r ON l.s.a.b = r.s.a.b AND r.id < 100 "
      "ORDER BY ALL LIMIT 100");
}

TEST_F(StructPushdownTest, OnlyTheFieldsThatAreAskedForAreRead) {
  AskParquet("SELECT id FROM TABLE");  // opens the files
  const Answer fields = AskParquet("SELECT s.a.b, s.x FROM TABLE");
  EXPECT_EQ(Text(fields, PushedPart::Kind::kProjection), "2 of 2 columns: s.a.b, s.x\n");
  const Answer all = AskParquet("SELECT s FROM TABLE");
  EXPECT_LT(fields.accounts()[0]->cost().bytes_read * 2, all.accounts()[0]->cost().bytes_read);
}

TEST_F(StructPushdownTest, FieldsComeBackAsTheyAreAndWithCastsAbove) {
  for (const std::string columns :
       {"s.a.b", "s.a", "s", "s.l", "s.l[1]", "s.a.c, s.a, s", "s.a.b::VARCHAR", "s.x::INTEGER",
        "s.a.b::UTINYINT", "TRY_CAST(s.a.b AS UTINYINT)", "s.d::DOUBLE, s.d", "s.t::DATE",
        "s.a.b::BIGINT + 1, s.a.b::HUGEINT", "struct_extract_at(s, 2)", "s.a.c || 'x'",
        "s.a IS NULL, s IS NULL", "struct_pack(z := s.a.b)"}) {
    ExpectNative("SELECT id, " + columns + " FROM TABLE WHERE id < 800 ORDER BY id");
    ExpectNative("SELECT id, " + columns + " FROM TABLE WHERE s.a.b < 150 ORDER BY id");
    ExpectNative("SELECT " + columns + " FROM TABLE WHERE s.x::VARCHAR LIKE '%.25' ORDER BY id");
  }
}

TEST_F(StructPushdownTest, FiltersThatStayInDuckDbSeeTheirField) {
  for (const std::string condition :
       {"s.l = [31, 32]", "s.l > [2990]", "s.a = {'b': 1, 'c': 'text 12'}",
        "s.a IN ({'b': 1, 'c': 'text 12'}, {'b': 3, 'c': 'text 11'})", "s.a IS NULL",
        "s IS NOT NULL AND s.a IS NOT NULL", "s.l IS NULL", "len(s.l) = 2 AND s.a.b = 12",
        "s.a.b = (SELECT max(s.a.b) FROM TABLE)", "hash(s.a.b) % 7 = 1"}) {
    ExpectNative("SELECT id, s.a.b FROM TABLE WHERE " + condition + " ORDER BY id");
    ExpectNative("SELECT s.x FROM TABLE WHERE " + condition + " ORDER BY ALL");
    ExpectNative("SELECT count(*), min(s.a.c) FROM TABLE WHERE " + condition);
  }
}

TEST_F(StructPushdownTest, AggregatesAndSortsOverCastsOfFields) {
  ExpectNative("SELECT sum(s.a.b::INTEGER), min(s.x::VARCHAR), max(s.a.b::VARCHAR) FROM TABLE");
  ExpectNative("SELECT sum(s.a.b::UTINYINT) FROM TABLE WHERE id < 2000");
  ExpectNative("SELECT sum(s.a.b::UTINYINT) FROM TABLE");
  ExpectNative("SELECT id FROM TABLE WHERE s.a.b::UTINYINT = 7 ORDER BY id");
  ExpectNative("SELECT id FROM TABLE WHERE s.a.b::VARCHAR = '7' ORDER BY id");
  ExpectNative("SELECT id FROM TABLE ORDER BY s.a.b::VARCHAR DESC NULLS LAST, id LIMIT 9");
  ExpectNative("SELECT s.a.b::VARCHAR AS v, count(*) FROM TABLE GROUP BY v ORDER BY v");
}

}  // namespace
}  // namespace skyhook::sql
