#include "skyhook/format/parquet/statistics.h"

#include <arrow/array/builder_decimal.h>
#include <arrow/io/memory.h>
#include <gtest/gtest.h>
#include <parquet/arrow/writer.h>
#include <parquet/properties.h>

#include <cmath>
#include <limits>

#include "skyhook/format/fragment_rows_test.h"
#include "skyhook/testing/parquet_files.h"

namespace skyhook::format {
namespace {

using parquet::ColumnOrder;
using testing::Require;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

std::string TextOf(const std::shared_ptr<arrow::Scalar>& scalar) {
  return scalar == nullptr ? "unknown" : scalar->ToString();
}

/// "min..max, N nulls of M", with "NaN?" when there may be one.
std::string TextOf(const plan::ColumnStatistics& statistics) {
  std::string nulls = statistics.null_count ? std::to_string(*statistics.null_count) : "unknown";
  return TextOf(statistics.min) + ".." + TextOf(statistics.max) + ", " + nulls + " nulls of " +
         std::to_string(statistics.num_rows) + (statistics.may_have_nan ? ", NaN?" : "");
}

std::string StatisticsText(Fragment& fragment, int column) {
  const auto statistics = Require(fragment.Statistics(0, column));
  return statistics.has_value() ? TextOf(*statistics) : "none";
}

/// A column index that says what a test wants of one page.
class OnePage : public parquet::ColumnIndex {
 public:
  OnePage(std::string min, std::string max, bool null_page = false)
      : null_pages_{null_page}, min_{std::move(min)}, max_{std::move(max)} {}

  const std::vector<bool>& null_pages() const override { return null_pages_; }
  const std::vector<std::string>& encoded_min_values() const override { return min_; }
  const std::vector<std::string>& encoded_max_values() const override { return max_; }
  parquet::BoundaryOrder::type boundary_order() const override {
    return parquet::BoundaryOrder::Unordered;
  }
  bool has_null_counts() const override { return false; }
  const std::vector<int64_t>& null_counts() const override { return none_; }
  const std::vector<int32_t>& non_null_page_indices() const override { return no_pages_; }
  bool has_definition_level_histograms() const override { return false; }
  bool has_repetition_level_histograms() const override { return false; }
  const std::vector<int64_t>& definition_level_histograms() const override { return none_; }
  const std::vector<int64_t>& repetition_level_histograms() const override { return none_; }

 private:
  std::vector<bool> null_pages_;
  std::vector<std::string> min_;
  std::vector<std::string> max_;
  std::vector<int64_t> none_;
  std::vector<int32_t> no_pages_;
};

template <typename T>
std::string Bytes(T value) {
  return std::string(reinterpret_cast<const char*>(&value), sizeof(value));
}

/// An optional column of ten rows whose only page has the bounds given.
std::string PageText(parquet::Type::type physical, const std::shared_ptr<arrow::DataType>& type,
                     const std::shared_ptr<const parquet::LogicalType>& logical,
                     const OnePage& index,
                     ColumnOrder::type order = ColumnOrder::TYPE_DEFINED_ORDER) {
  const auto node =
      parquet::schema::PrimitiveNode::Make("c", parquet::Repetition::OPTIONAL, logical, physical);
  static_cast<parquet::schema::PrimitiveNode&>(*node).SetColumnOrder(ColumnOrder(order));
  const parquet::ColumnDescriptor descriptor(node, 1, 0);
  const auto column = MakeFlatColumn(&descriptor, 0, type);
  return TextOf(PageStatisticsOf(column.value(), index, 0, 10));
}

std::string DoublePage(double min, double max) {
  return PageText(parquet::Type::DOUBLE, arrow::float64(), parquet::LogicalType::None(),
                  OnePage(Bytes(min), Bytes(max)));
}

TEST(ParquetStatistics, BoundsAreValuesWhereTheFileSaysSo) {
  const std::optional<bool> unsaid;
  const arrow::Int64Scalar number(7);
  const arrow::StringViewScalar text("text");
  for (const arrow::Scalar* value :
       {static_cast<const arrow::Scalar*>(&number), static_cast<const arrow::Scalar*>(&text)}) {
    EXPECT_TRUE(AreValues(*value, true, *value, true));
    EXPECT_FALSE(AreValues(*value, unsaid, *value, unsaid));
    EXPECT_FALSE(AreValues(*value, true, *value, unsaid));
    EXPECT_FALSE(AreValues(*value, unsaid, *value, true));
    EXPECT_FALSE(AreValues(*value, true, *value, false));
  }
  const arrow::StringViewScalar cut("caf\xc3");
  EXPECT_FALSE(AreValues(text, true, cut, true));
  EXPECT_FALSE(AreValues(cut, true, text, true));
  const arrow::BinaryViewScalar bytes("\xc3");
  EXPECT_TRUE(AreValues(bytes, true, bytes, true));
  const arrow::DoubleScalar real(0.5);
  EXPECT_FALSE(AreValues(real, true, real, true));
}

TEST(ParquetStatistics, IgnoresNanBounds) {
  EXPECT_EQ(DoublePage(1.5, 2.5), "1.5..2.5, unknown nulls of 10, NaN?");
  EXPECT_EQ(DoublePage(kNan, 2.5), "unknown..2.5, unknown nulls of 10, NaN?");
  EXPECT_EQ(DoublePage(1.5, kNan), "1.5..unknown, unknown nulls of 10, NaN?");
}

TEST(ParquetStatistics, WidensZeroBounds) {
  EXPECT_EQ(DoublePage(0.0, 1), "-0..1, unknown nulls of 10, NaN?");
  EXPECT_EQ(DoublePage(-1, -0.0), "-1..0, unknown nulls of 10, NaN?");
}

TEST(ParquetStatistics, IgnoresBoundsThatContradictEachOther) {
  EXPECT_EQ(DoublePage(3, 2), "unknown..unknown, unknown nulls of 10, NaN?");
}

TEST(ParquetStatistics, IgnoresBoundsOfTheWrongSize) {
  EXPECT_EQ(PageText(parquet::Type::DOUBLE, arrow::float64(), parquet::LogicalType::None(),
                     OnePage("abc", Bytes(2.5))),
            "unknown..2.5, unknown nulls of 10, NaN?");
}

TEST(ParquetStatistics, KnowsPagesOfNulls) {
  EXPECT_EQ(PageText(parquet::Type::DOUBLE, arrow::float64(), parquet::LogicalType::None(),
                     OnePage("", "", /*null_page=*/true)),
            "unknown..unknown, 10 nulls of 10");
}

TEST(ParquetStatistics, TrustsOldOrdersForSignedNumbersOnly) {
  const OnePage numbers(Bytes(int32_t{1}), Bytes(int32_t{9}));
  const OnePage texts("a", "b");
  const auto text = parquet::LogicalType::String();
  const auto number = parquet::LogicalType::Int(32, true);
  const auto unsigned_number = parquet::LogicalType::Int(32, false);
  const auto undefined = ColumnOrder::UNDEFINED;
  EXPECT_EQ(PageText(parquet::Type::INT32, arrow::int32(), number, numbers, undefined),
            "1..9, unknown nulls of 10");
  EXPECT_EQ(PageText(parquet::Type::INT32, arrow::uint32(), unsigned_number, numbers, undefined),
            "unknown..unknown, unknown nulls of 10");
  EXPECT_EQ(PageText(parquet::Type::BYTE_ARRAY, arrow::utf8_view(), text, texts, undefined),
            "unknown..unknown, unknown nulls of 10");
  EXPECT_EQ(PageText(parquet::Type::BYTE_ARRAY, arrow::utf8_view(), text, texts),
            "a..b, unknown nulls of 10");
  EXPECT_EQ(
      PageText(parquet::Type::BYTE_ARRAY, arrow::utf8_view(), text, texts, ColumnOrder::UNKNOWN),
      "unknown..unknown, unknown nulls of 10");
}

TEST(ParquetStatistics, IgnoresBoundsThatTheTypeCannotHold) {
  EXPECT_EQ(PageText(parquet::Type::INT32, arrow::int8(), parquet::LogicalType::Int(8, true),
                     OnePage(Bytes(int32_t{-128}), Bytes(int32_t{128}))),
            "-128..unknown, unknown nulls of 10");
  EXPECT_EQ(PageText(parquet::Type::INT32, arrow::uint16(), parquet::LogicalType::Int(16, false),
                     OnePage(Bytes(int32_t{0}), Bytes(int32_t{65535}))),
            "0..65535, unknown nulls of 10");
}

TEST(ParquetStatistics, ReadsDecimalsFromBytes) {
  const OnePage index(std::string("\xff\x85", 2), std::string("\x01\x00", 2));
  EXPECT_EQ(PageText(parquet::Type::BYTE_ARRAY, arrow::decimal64(5, 2),
                     parquet::LogicalType::Decimal(5, 2), index),
            "-1.23..2.56, unknown nulls of 10");
}

std::shared_ptr<arrow::Table> FewRows() {
  return testing::TableOf(
      arrow::schema({arrow::field("i", arrow::int64()), arrow::field("f", arrow::float64()),
                     arrow::field("s", arrow::utf8()), arrow::field("d", arrow::date32()),
                     arrow::field("n", arrow::int32()), arrow::field("u", arrow::uint8()),
                     arrow::field("dec", arrow::decimal128(9, 2)),
                     arrow::field("b", arrow::boolean())}),
      "3,1.5,pear,1994-01-01,NULL,200,1.25,true\n"
      "NULL,NULL,apple,1995-06-01,NULL,7,-2.50,false\n"
      "-4,2.5,NULL,1993-12-31,NULL,9,NULL,true\n"
      "8,0.5,zebra,NULL,NULL,255,99.99,NULL\n");
}

TEST(ParquetStatistics, ReadsThoseOfARowGroup) {
  const auto fragment = OpenBytes(testing::ParquetBytes(*FewRows()));
  ASSERT_EQ(fragment->num_rows(), 4);
  EXPECT_EQ(StatisticsText(*fragment, 0), "-4..8, 1 nulls of 4");
  EXPECT_EQ(StatisticsText(*fragment, 1), "0.5..2.5, 1 nulls of 4, NaN?");
  EXPECT_EQ(StatisticsText(*fragment, 2), "apple..zebra, 1 nulls of 4");
  EXPECT_EQ(StatisticsText(*fragment, 3), "1993-12-31..1995-06-01, 1 nulls of 4");
  EXPECT_EQ(StatisticsText(*fragment, 4), "unknown..unknown, 4 nulls of 4");
  EXPECT_EQ(StatisticsText(*fragment, 5), "7..255, 0 nulls of 4");
  EXPECT_EQ(StatisticsText(*fragment, 6), "-2.50..99.99, 1 nulls of 4");
  EXPECT_EQ(StatisticsText(*fragment, 7), "false..true, 1 nulls of 4");
}

TEST(ParquetStatistics, ReadsThoseOfPages) {
  testing::ParquetLayout layout;
  layout.page_rows = 2;
  const auto fragment = OpenBytes(testing::ParquetBytes(*FewRows(), layout));
  plan::Cost cost;
  const auto pages = Require(fragment->Pages(0, 0, &cost));
  ASSERT_EQ(pages.size(), 2u);
  EXPECT_EQ(pages[0].rows, (plan::RowRange{0, 2}));
  EXPECT_EQ(TextOf(pages[0].statistics), "3..3, 1 nulls of 2");
  EXPECT_EQ(pages[1].rows, (plan::RowRange{2, 4}));
  EXPECT_EQ(TextOf(pages[1].statistics), "-4..8, 0 nulls of 2");
  const auto nulls = Require(fragment->Pages(0, 4, &cost));
  ASSERT_EQ(nulls.size(), 2u);
  EXPECT_EQ(TextOf(nulls[1].statistics), "unknown..unknown, 2 nulls of 2");
  EXPECT_GT(cost.bytes_read, 0);
  const int64_t calls = cost.read_calls;
  Require(fragment->Pages(0, 1, &cost));
  EXPECT_EQ(cost.read_calls, calls) << "the index is read once";
}

TEST(ParquetStatistics, ReadsThoseOfPagesOfOneRow) {
  testing::ParquetLayout layout;
  layout.page_rows = 1;
  const auto fragment = OpenBytes(testing::ParquetBytes(*FewRows(), layout));
  plan::Cost cost;
  const auto pages = Require(fragment->Pages(0, 2, &cost));
  ASSERT_EQ(pages.size(), 4u);
  for (int64_t page = 0; page < 4; ++page) {
    EXPECT_EQ(pages[page].rows, (plan::RowRange{page, page + 1}));
  }
}

TEST(ParquetStatistics, AreAbsentWhenNotWritten) {
  testing::ParquetLayout layout;
  layout.statistics = false;
  layout.page_index = false;
  const auto fragment = OpenBytes(testing::ParquetBytes(*FewRows(), layout));
  plan::Cost cost;
  EXPECT_EQ(StatisticsText(*fragment, 0), "none");
  EXPECT_TRUE(Require(fragment->Pages(0, 0, &cost)).empty());
}

TEST(ParquetStatistics, HaveNoNullsInRequiredColumns) {
  const auto schema = arrow::schema({arrow::field("i", arrow::int64(), /*nullable=*/false)});
  testing::ParquetLayout layout;
  layout.statistics = false;
  const auto table = arrow::Table::Make(schema, testing::TableOf(schema, "1\n2\n")->columns());
  const auto fragment = OpenBytes(testing::ParquetBytes(*table, layout));
  EXPECT_EQ(StatisticsText(*fragment, 0), "unknown..unknown, 0 nulls of 2");
}

}  // namespace
}  // namespace skyhook::format
