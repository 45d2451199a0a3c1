#include "skyhook/client/hive_partitions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "skyhook/testing/matchers.h"

namespace skyhook::client {
namespace {

using testing::Require;

std::string TypesOf(const HivePartitions& partitions) {
  return arrow::schema(partitions.fields)->ToString();
}

std::string ValuesOf(const HivePartitions& partitions, size_t path) {
  std::string text;
  for (const auto& value : partitions.values[path]) {
    text += (text.empty() ? "" : ", ") + (value->is_valid ? value->ToString() : "NULL");
  }
  return text;
}

TEST(HivePartitionsTest, IntegersDatesAndText) {
  const auto read = Require(ReadHivePartitions({"t/year=2023/day=2023-01-31/zone=north/a.parquet",
                                                "t/year=2024/day=2024-02-29/zone=7/a.parquet"}));
  EXPECT_EQ(TypesOf(read), "year: int64\nday: date32[day]\nzone: string");
  EXPECT_EQ(ValuesOf(read, 0), "2023, 2023-01-31, north");
  EXPECT_EQ(ValuesOf(read, 1), "2024, 2024-02-29, 7");
}

TEST(HivePartitionsTest, OneOtherValueMakesAColumnText) {
  const auto read = Require(ReadHivePartitions({"k=1/d=2024-01-01/a", "k=x/d=2024-13-01/a"}));
  EXPECT_EQ(TypesOf(read), "k: string\nd: string");
  EXPECT_EQ(ValuesOf(read, 0), "1, 2024-01-01");
}

TEST(HivePartitionsTest, IntegersThatDoNotFitAreText) {
  const auto read = Require(ReadHivePartitions({"k=99999999999999999999/a", "k=1/a"}));
  EXPECT_EQ(TypesOf(read), "k: string");
}

TEST(HivePartitionsTest, TheDefaultPartitionAndAMissingFolderAreNull) {
  const auto read = Require(
      ReadHivePartitions({"k=5/a.parquet", "k=__HIVE_DEFAULT_PARTITION__/a.parquet", "a.parquet"}));
  EXPECT_EQ(TypesOf(read), "k: int64");
  EXPECT_EQ(ValuesOf(read, 0), "5");
  EXPECT_EQ(ValuesOf(read, 1), "NULL");
  EXPECT_EQ(ValuesOf(read, 2), "NULL");
}

TEST(HivePartitionsTest, NamesAndValuesArePercentDecoded) {
  const auto read = Require(ReadHivePartitions({"my%20key=a%2Fb%3D50%25/f", "my%20key=100%zz/f"}));
  EXPECT_EQ(TypesOf(read), "my key: string");
  EXPECT_EQ(ValuesOf(read, 0), "a/b=50%");
  EXPECT_EQ(ValuesOf(read, 1), "100%zz");
}

TEST(HivePartitionsTest, FileNamesAreNoPartitions) {
  EXPECT_TRUE(Require(ReadHivePartitions({"t/a=b.parquet", "t/=c/d"})).fields.empty());
}

TEST(HivePartitionsTest, AKeyTwiceInOnePathIsAnError) {
  EXPECT_THAT(ReadHivePartitions({"k=1/k=2/a.parquet"}),
              testing::FailsWith(arrow::StatusCode::Invalid, "two folders"));
}

}  // namespace
}  // namespace skyhook::client
