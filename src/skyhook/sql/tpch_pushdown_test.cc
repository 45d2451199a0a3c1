// Holds docs/guide/tpch-pushdown.md: what is pushed into the scans of the 22 queries. Run with
// SKYHOOK_UPDATE=1 to write it anew.
#include "skyhook/sql/query_testing.h"

namespace skyhook::sql {
namespace {

constexpr char kGuide[] = SKYHOOK_SOURCE_DIR "/docs/guide/tpch-pushdown.md";

constexpr char kIntroduction[] =
    "# What is pushed down in TPC-H\n"
    "\n"
    "For each of the 22 queries, the scans of its plan in the order of `skyhook explain`: the\n"
    "filters, aggregates, top-k and limits that run inside the scan, and what concerns one table "
    "but\n"
    "stays in DuckDB, with the reason. Projections are always pushed, and so are the filters that\n"
    "joins and top-n operators hand down while the query runs. The test\n"
    "`src/skyhook/sql/tpch_pushdown_test.cc` holds this page; `SKYHOOK_UPDATE=1` rewrites it.\n"
    "\n"
    "| query | table | pushed | stays in DuckDB |\n"
    "|---|---|---|---|\n";

std::unique_ptr<Connection> OpenTpch() {
  DatabaseOptions options;
  options.data_directories = {TpchDirectory()};
  return TestConnection(options);
}

// A bar would end the cell.
std::string Cell(const std::vector<std::string>& lines) {
  std::string out = fmt::format("{}", fmt::join(lines, "<br>"));
  for (size_t at = out.find('|'); at != std::string::npos; at = out.find('|', at + 2)) {
    out.replace(at, 1, "\\|");
  }
  return out;
}

std::string Line(int query, const ScanAccount& account) {
  std::vector<std::string> pushed;
  for (const PushedPart& part : account.pushed) {
    if (part.kind == PushedPart::Kind::kProjection) continue;
    pushed.push_back(fmt::format("{} `{}`", PushedKindName(part.kind), part.text));
  }
  std::vector<std::string> kept;
  for (const KeptPart& part : account.kept) {
    kept.push_back(fmt::format("`{}`: {}", part.text, part.reason));
  }
  return fmt::format("| {} | {} | {} | {} |\n", query,
                     std::filesystem::path(account.table).stem().string(), Cell(pushed),
                     Cell(kept));
}

std::string Page() {
  std::string page = kIntroduction;
  const auto connection = OpenTpch();
  for (int number = 1; number <= 22; ++number) {
    const PlanNode plan = Require(connection->Explain(TpchQuery(number))).plan;
    for (const auto& account : AccountsOf(plan)) page += Line(number, *account);
  }
  return page;
}

TEST(TpchPushdownTest, TheGuideListsWhatIsPushed) {
  const std::string page = Page();
  if (std::getenv("SKYHOOK_UPDATE") != nullptr) std::ofstream(kGuide) << page;
  std::ifstream file(kGuide);
  std::ostringstream expected;
  expected << file.rdbuf();
  EXPECT_EQ(page, expected.str());
}

TEST(TpchPushdownTest, Q1AndQ6AreWhollyPushed) {
  const auto connection = OpenTpch();
  for (int number : {1, 6}) {
    const Answer answer = Ask(*connection, TpchQuery(number));
    ASSERT_EQ(answer.table->num_rows(), number == 1 ? 4 : 1);
    ASSERT_EQ(answer.accounts().size(), 1u);
    const ScanAccount& account = *answer.accounts()[0];
    EXPECT_THAT(account.kept, ::testing::IsEmpty());
    EXPECT_EQ(account.pushed.back().kind, PushedPart::Kind::kAggregate);
    EXPECT_EQ(account.cost().rows_in, 600572);
    EXPECT_GT(account.cost().bytes_out, 0);
    EXPECT_LT(account.cost().bytes_out, 10'000);
  }
}

}  // namespace
}  // namespace skyhook::sql
