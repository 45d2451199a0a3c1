#include <gtest/gtest.h>

#include "skyhook/format/parquet/rewrite/assembled_file_test.h"
#include "skyhook/testing/corpus.h"

namespace skyhook::format {
namespace {

using testing::Require;

/// The files of one row group each.
std::vector<BufferPtr> RowGroupsAlone(const PartsPtr& parts) {
  std::vector<BufferPtr> files;
  for (int i = 0; i < parts->num_row_groups(); ++i) files.push_back(Cut(parts, i, i + 1));
  return files;
}

/// Values that a column may hold, in its type.
std::vector<std::shared_ptr<arrow::Scalar>> Probes(const arrow::DataType& type) {
  std::vector<std::shared_ptr<arrow::Scalar>> probes;
  for (const char* text : {"Hello", "This", "is", "0", "1", "7", "NOT_EXISTS", "1000000"}) {
    if (type.id() == arrow::Type::STRING_VIEW) {
      probes.push_back(std::make_shared<arrow::StringViewScalar>(text));
    } else if (arrow::is_integer(type.id())) {
      const auto probe = arrow::Scalar::Parse(type.GetSharedPtr(), text);
      if (probe.ok()) probes.push_back(*probe);
    }
  }
  return probes;
}

std::string Describe(const plan::ColumnStatistics& statistics) {
  const auto text = [](const std::shared_ptr<arrow::Scalar>& value) {
    return value == nullptr ? std::string("none") : value->ToString();
  };
  return fmt::format("{} to {}, {} rows, {} null, NaN {}", text(statistics.min),
                     text(statistics.max), statistics.num_rows, statistics.null_count.value_or(-1),
                     statistics.may_have_nan);
}

/// What a fragment offers to skip a row group by.
std::string DescribeColumn(Fragment& fragment, int row_group, int column) {
  std::string out;
  const auto statistics = Require(fragment.Statistics(row_group, column));
  if (statistics.has_value()) out += Describe(*statistics);
  const int64_t first_row = fragment.row_group_rows(row_group).begin;
  for (const PageStatistics& page : Require(fragment.Pages(row_group, column, nullptr))) {
    out += fmt::format("\nrows {} to {}: {}", page.rows.begin - first_row,
                       page.rows.end - first_row, Describe(page.statistics));
  }
  plan::Cost cost;
  const auto dictionary = Require(fragment.Open(row_group, &cost))->Dictionary(column);
  if (dictionary.ok() && *dictionary != nullptr) out += "\n" + (*dictionary)->ToString();
  out += fragment.HasBloomFilter(row_group, column) ? "\nbloom filter" : "";
  for (const auto& probe : Probes(*ColumnType(fragment, column))) {
    out += fmt::format("\n{}: {}", probe->ToString(),
                       Require(fragment.MayContain(row_group, column, *probe, nullptr)));
  }
  return out;
}

void ExpectSameRowGroup(const BufferPtr& actual, int actual_group, const BufferPtr& expected,
                        int expected_group) {
  const auto fragment = OpenBytes(actual);
  const auto original = OpenBytes(expected);
  const auto columns = plan::AllColumns(*original->schema(), original->nested_fields());
  for (int column = 0; column < columns->num_fields(); ++column) {
    EXPECT_EQ(DescribeColumn(*fragment, actual_group, column),
              DescribeColumn(*original, expected_group, column))
        << columns->field(column)->ToString();
  }
  const int leaves = OpenByArrow(expected)->metadata()->num_columns();
  for (int leaf = 0; leaf < leaves; ++leaf) {
    EXPECT_EQ(DescribeChunk(actual, actual_group, leaf),
              DescribeChunk(expected, expected_group, leaf))
        << "leaf " << leaf;
  }
}

class AssembledCorpus : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    if (!testing::IsReadByArrow(GetParam())) GTEST_SKIP();
    file_ = testing::CorpusBytes("good", GetParam());
    parts_ = PartsOf(file_, GetParam());
    ASSERT_EQ(parts_->obstacle(), "");
  }

  BufferPtr file_;
  PartsPtr parts_;
};
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(AssembledCorpus);

TEST_P(AssembledCorpus, ReadsAsBeforeWhenCut) {
  std::vector<std::shared_ptr<arrow::Table>> tables;
  const auto expected = ReadByArrow(file_);
  for (const BufferPtr& alone : RowGroupsAlone(parts_)) {
    tables.push_back(ReadByArrow(alone));
    ExpectReadsAs(*OpenBytes(alone), *tables.back(), {});
  }
  ASSERT_GT(tables.size(), 0u);
  ExpectSameRows(*Require(arrow::ConcatenateTables(tables)), *expected);
}

TEST_P(AssembledCorpus, SkipsAsBeforeWhenCut) {
  const std::vector<BufferPtr> alone = RowGroupsAlone(parts_);
  for (int i = 0; i < parts_->num_row_groups(); ++i) ExpectSameRowGroup(alone[i], 0, file_, i);
}

TEST_P(AssembledCorpus, IsAsBeforeWhenCutAndJoined) {
  const BufferPtr joined = Joined(RowGroupsAlone(parts_));
  ExpectSameRows(*ReadByArrow(joined), *ReadByArrow(file_));
  for (int i = 0; i < parts_->num_row_groups(); ++i) ExpectSameRowGroup(joined, i, file_, i);
}

TEST_P(AssembledCorpus, HasAFooterThatIsWrittenAsItWasRead) {
  const std::string footer = FooterOf(file_);
  EXPECT_EQ(Require(ThriftStruct::Parse(footer)).Serialise(), footer);
}

TEST_P(AssembledCorpus, SaysTheSameBesideItsRowGroups) {
  EXPECT_TRUE(PartsOf(Cut(parts_, 0, 0))->CanJoin(*parts_));
  const auto before = OpenByArrow(file_)->metadata();
  const auto after = OpenByArrow(Joined(RowGroupsAlone(parts_)))->metadata();
  EXPECT_EQ(after->created_by(), before->created_by());
  EXPECT_TRUE(after->schema()->Equals(*before->schema()));
}

INSTANTIATE_TEST_SUITE_P(Parquet, AssembledCorpus,
                         ::testing::ValuesIn(testing::CorpusFiles("good")),
                         [](const auto& file) { return testing::TestNameOf(file.param); });

}  // namespace
}  // namespace skyhook::format
