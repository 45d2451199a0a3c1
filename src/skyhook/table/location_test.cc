#include "skyhook/table/location.h"

#include <gtest/gtest.h>

#include "skyhook/testing/matchers.h"

namespace skyhook::table {
namespace {

using testing::FailsWith;
using testing::Require;

TEST(LocationTest, OfATableInAPool) {
  const auto location = Require(ParseTableUri("rados://p/t"));
  EXPECT_TRUE(location.rados);
  EXPECT_EQ(location.pool, "p");
  EXPECT_EQ(location.name_space, "");
  EXPECT_EQ(location.table, "t");
  EXPECT_EQ(location.snapshot, "");
  EXPECT_EQ(location.store_uri(), "rados://p");
}

TEST(LocationTest, OfATableInANamespaceAtASnapshot) {
  const auto location = Require(ParseTableUri("rados://p/n/t@007"));
  EXPECT_EQ(location.name_space, "n");
  EXPECT_EQ(location.table, "t");
  EXPECT_EQ(location.snapshot, "7");
  EXPECT_EQ(location.store_uri(), "rados://p/n");
  EXPECT_EQ(Require(ParseTableUri("rados://p/t@0")).snapshot, "0");
}

TEST(LocationTest, OfALocalTable) {
  const auto location = Require(ParseTableUri("/data/sales/"));
  EXPECT_FALSE(location.rados);
  EXPECT_EQ(location.root, "/data");
  EXPECT_EQ(location.table, "sales");
  EXPECT_EQ(Require(ParseTableUri("sales@3")).root, ".");
  EXPECT_EQ(Require(ParseTableUri("sales@3")).snapshot, "3");
}

TEST(LocationTest, WhatIsNoneIsNamed) {
  for (const char* uri :
       {"rados://", "rados://p", "rados://p/", "rados://p/n/t/x", "rados:///t", "rados://p//t"}) {
    EXPECT_THAT(ParseTableUri(uri), FailsWith(arrow::StatusCode::Invalid,
                                              "is not of the form rados://POOL[/NAMESPACE]/TABLE"))
        << uri;
  }
  for (const char* uri : {"", "/", "..", "a/_b", "rados://p/a@b", "rados://p/*"}) {
    EXPECT_THAT(ParseTableUri(uri),
                FailsWith(arrow::StatusCode::Invalid, "does not end in the name of a table"))
        << uri;
  }
}

TEST(LocationTest, OtherSchemesAreNoDirectories) {
  for (const char* uri : {"s3://bucket/t", "RADOS://p/t", "file:///data/t", "rados:///p//t"}) {
    EXPECT_THAT(ParseTableUri(uri), FailsWith(arrow::StatusCode::Invalid, uri));
  }
  EXPECT_THAT(ParseStoreUri("s3://bucket"),
              FailsWith(arrow::StatusCode::Invalid, "'s3://bucket' is neither a directory nor"));
}

TEST(LocationTest, OfAStore) {
  EXPECT_EQ(Require(ParseStoreUri("rados://p")).pool, "p");
  EXPECT_EQ(Require(ParseStoreUri("rados://p/n/")).name_space, "n");
  EXPECT_EQ(Require(ParseStoreUri("dir")).root, "dir");
  EXPECT_THAT(ParseStoreUri("rados://p/n/t"),
              FailsWith(arrow::StatusCode::Invalid, "is not of the form rados://POOL[/NAMESPACE]"));
}

}  // namespace
}  // namespace skyhook::table
