#include "skyhook/client/describe.h"

#include <arrow/buffer.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "skyhook/base/status.h"
#include "skyhook/client/session_testing.h"
#include "skyhook/testing/fake_sites.h"
#include "skyhook/testing/matchers.h"
#include "skyhook/testing/parquet_files.h"
#include "skyhook/testing/temporary_directory.h"

namespace skyhook::client {
namespace {

using base::Code;
using testing::FailsWith;
using testing::Require;

// Hands out other bytes than the site before which it stands.
class OtherBytesSite : public testing::ForwardingSite {
 public:
  OtherBytesSite(std::shared_ptr<site::Site> site, std::string bytes)
      : ForwardingSite(std::move(site)), bytes_(std::move(bytes)) {}
  arrow::Result<std::shared_ptr<base::ByteSource>> OpenBytes(const site::FragmentId& id,
                                                             const arrow::StopToken&) override {
    return base::MakeBufferSource(arrow::Buffer::FromString(bytes_), id.name);
  }

 private:
  std::string bytes_;
};

class DescribeTest : public ::testing::Test {
 protected:
  DescribeTest() {
    const auto schema =
        arrow::schema({arrow::field("i", arrow::int64()), arrow::field("s", arrow::utf8())});
    const auto table = testing::TableOf(schema, "1,a\n2,b\n3,NULL\n");
    bytes_ = testing::ParquetBytes(*table)->ToString();
    testing::WriteBytes(directory_.File("t.parquet"), bytes_);
    table_ = Require(OpenAlone(directory_.File("t.parquet")));
  }

  arrow::Result<FragmentStorage> DescribeAs(const std::string& bytes) const {
    TableFragment fragment = table_->fragments[0];
    fragment.site = std::make_shared<OtherBytesSite>(fragment.site, bytes);
    return DescribeStorage(fragment);
  }

  testing::TemporaryDirectory directory_;
  std::string bytes_;
  std::shared_ptr<const Table> table_;
};

TEST_F(DescribeTest, SaysHowColumnsAreStored) {
  const auto storage = Require(DescribeAs(bytes_));
  EXPECT_EQ(storage.format, "Parquet");
  ASSERT_EQ(storage.columns.size(), 2u);
  EXPECT_EQ(storage.columns[1].name, "s");
  EXPECT_EQ(storage.columns[1].nulls, 1);
  EXPECT_EQ(storage.columns[0].type, "INT64");
  EXPECT_EQ(storage.columns[1].type, "BYTE_ARRAY (String)");
  EXPECT_EQ(storage.bytes, static_cast<int64_t>(bytes_.size()));
}

TEST_F(DescribeTest, OfArrowFilesItKnowsHowManyValuesThereAre) {
  const auto table = testing::TableOf(table_->schema, "1,a\n2,b\n3,NULL\n");
  testing::WriteIpc(directory_.File("t.arrow"), *table);
  const auto arrow_table = Require(OpenAlone(directory_.File("t.arrow")));
  const auto storage = Require(DescribeStorage(arrow_table->fragments[0]));
  ASSERT_EQ(storage.columns.size(), 2u);
  EXPECT_EQ(storage.columns[1].values, 3);
}

TEST_F(DescribeTest, AnEncryptedFooterIsNamedAndNotTakenForAnotherFormat) {
  std::string encrypted = bytes_;
  encrypted.replace(encrypted.size() - 4, 4, "PARE");
  EXPECT_THAT(DescribeAs(encrypted), FailsWith(arrow::StatusCode::NotImplemented, "encrypted"));
}

TEST_F(DescribeTest, DamagedFootersAreStatusesThatNameTheFile) {
  uint32_t footer_bytes = 0;
  std::memcpy(&footer_bytes, bytes_.data() + bytes_.size() - 8, sizeof(footer_bytes));
  ASSERT_GT(footer_bytes, 100u);
  int failed = 0;
  for (uint32_t at = 0; at < footer_bytes; ++at) {
    for (const int bit : {0, 3, 7}) {
      std::string damaged = bytes_;
      damaged[damaged.size() - 8 - footer_bytes + at] ^= static_cast<char>(1 << bit);
      const auto described = DescribeAs(damaged);
      if (described.ok()) continue;
      ++failed;
      EXPECT_THAT(described.status().message(), ::testing::HasSubstr("t.parquet"));
    }
  }
  EXPECT_GT(failed, 100);
}

}  // namespace
}  // namespace skyhook::client
