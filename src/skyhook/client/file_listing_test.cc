#include "skyhook/client/file_listing.h"

#include <arrow/io/file.h>
#include <arrow/ipc/writer.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "skyhook/testing/matchers.h"
#include "skyhook/testing/parquet_files.h"
#include "skyhook/testing/temporary_directory.h"

namespace skyhook::client {
namespace {

using arrow::StatusCode;
using ::testing::ElementsAre;

class FileListingTest : public ::testing::Test {
 protected:
  void Touch(const std::vector<std::string>& names) {
    for (const std::string& name : names) testing::WriteBytes(directory_.File(name), "");
  }

  std::string Path(const std::string& name) const { return directory_.path() + "/" + name; }

  /// The files of a pattern, without the directory.
  std::vector<std::string> List(const std::string& pattern) {
    std::vector<std::string> names;
    for (const std::string& file : testing::Require(ListFiles(Path(pattern), 100))) {
      names.push_back(file.substr(directory_.path().size() + 1));
    }
    return names;
  }

  testing::TemporaryDirectory directory_;
};

TEST_F(FileListingTest, AFileIsItself) {
  Touch({"a.data"});
  EXPECT_THAT(List("a.data"), ElementsAre("a.data"));
}

TEST_F(FileListingTest, ADirectoryIsEveryFileOfOursBelow) {
  Touch({"t/b.parquet", "t/a.arrow", "t/sub/deep/c.feather", "t/readme.md", "t/_SUCCESS",
         "t/.hidden.parquet", "t/_temporary/d.parquet", "t/.git/e.parquet", "other.parquet"});
  EXPECT_THAT(List("t"), ElementsAre("t/a.arrow", "t/b.parquet", "t/sub/deep/c.feather"));
  EXPECT_THAT(List("t/"), ElementsAre("t/a.arrow", "t/b.parquet", "t/sub/deep/c.feather"));
}

TEST_F(FileListingTest, ADirectoryIsAlsoWhatBeginsAsFilesOfOursDo) {
  const auto table = testing::TableOf(arrow::schema({arrow::field("i", arrow::int64())}), "1\n");
  testing::WriteParquet(directory_.File("t/parquet"), *table);
  testing::WriteIpc(directory_.File("t/file"), *table);
  const auto sink =
      testing::Require(arrow::io::FileOutputStream::Open(directory_.File("t/stream")));
  const auto writer = testing::Require(arrow::ipc::MakeStreamWriter(sink, table->schema()));
  testing::Require(writer->WriteTable(*table));
  testing::Require(writer->Close());
  testing::Require(sink->Close());
  testing::WriteBytes(directory_.File("t/other"), "\xFF\xFF\xFF\xFFof something else");
  EXPECT_THAT(List("t"), ElementsAre("t/file", "t/parquet", "t/stream"));
}

TEST_F(FileListingTest, FilesOfAStoredTableAreNotPickedUpByLinks) {
  Touch({"sales/_head", "sales/data-1.parquet", "links/b.parquet", "left/data-x.parquet"});
  std::filesystem::create_symlink(Path("sales/data-1.parquet"), Path("links/a.parquet"));
  for (const char* pattern : {"links", "links/*", "link[s]/a.parquet", "**/a.parquet"}) {
    EXPECT_THAT(ListFiles(Path(pattern), 100),
                testing::FailsWith(StatusCode::Invalid, "sales', which is a table of its own"))
        << pattern;
  }
  EXPECT_THAT(List("links/b*"), ElementsAre("links/b.parquet"));
  EXPECT_THAT(List("links/a.parquet"), ElementsAre("links/a.parquet"))
      << "whoever names one gets it";
}

TEST_F(FileListingTest, FilesOfAStoredTableAreNotPickedUp) {
  Touch({"t/sales/_head", "t/sales/data-old.parquet", "t/sales/data-new.parquet", "t/a.parquet"});
  for (const char* pattern :
       {"t", "t/*", "t/**/*.parquet", "t/sales/*", "t/sales/data-*.parquet", "t/*/data-new.parquet",
        "t/sale[s]/data-new.parquet", "t/sales/_head*"}) {
    EXPECT_THAT(ListFiles(Path(pattern), 100),
                testing::FailsWith(StatusCode::Invalid, "t/sales', which is a table of its own"));
  }
  EXPECT_THAT(List("t/*.parquet"), ElementsAre("t/a.parquet"));
  EXPECT_THAT(List("t/sales/data-new.parquet"), ElementsAre("t/sales/data-new.parquet"))
      << "whoever names one gets it";
  EXPECT_TRUE(HoldsKnownFile(Path("t")));
  std::filesystem::remove(Path("t/a.parquet"));
  EXPECT_FALSE(HoldsKnownFile(Path("t")));
}

TEST_F(FileListingTest, WhatIsLeftOfATableIsNotPickedUp) {
  const std::string id = "0123456789abcdef01234567";
  const std::vector<std::string> names = {"data-" + id + "-000000.parquet",
                                          "data-" + id + "-000000.arrow",
                                          "_source-" + id + "-000000.arrow",
                                          "_manifest-0000000001-" + id + ".arrow",
                                          "_put-0123456789abcdef0123456789abcdef",
                                          ".new-" + id,
                                          ".live-" + id};
  for (const std::string& name : names) {
    Touch({"t/" + name, "t/a.parquet"});
    for (const char* pattern : {"t", "t/*", "*/a.parquet", "**"}) {
      EXPECT_THAT(ListFiles(Path(pattern), 100),
                  testing::FailsWith(StatusCode::IOError, "t', which is no table: a put that"));
    }
    std::filesystem::remove(Path("t/" + name));
  }
  // Names of others, which look alike.
  Touch({"t/data-2023-11-05.parquet", "t/_head.parquet"});
  EXPECT_THAT(List("t"), ElementsAre("t/a.parquet", "t/data-2023-11-05.parquet"));
}

TEST_F(FileListingTest, GlobsMatchWithinAComponent) {
  Touch({"a1.parquet", "a2.parquet", "b1.parquet", "sub/a3.parquet", "_a.parquet", ".a.parquet"});
  EXPECT_THAT(List("*.parquet"), ElementsAre("a1.parquet", "a2.parquet", "b1.parquet"));
  EXPECT_THAT(List("a?.parquet"), ElementsAre("a1.parquet", "a2.parquet"));
  EXPECT_THAT(List("[bc]1.parquet"), ElementsAre("b1.parquet"));
  EXPECT_THAT(List("s*/*.parquet"), ElementsAre("sub/a3.parquet"));
  EXPECT_THAT(List("_*.parquet"), ElementsAre("_a.parquet"));
}

TEST_F(FileListingTest, TwoStarsMatchAnyDepth) {
  Touch({"a.parquet", "x/a.parquet", "x/y/a.parquet", "x/y/b.parquet", "x/b.txt"});
  EXPECT_THAT(List("**/a.parquet"), ElementsAre("a.parquet", "x/a.parquet", "x/y/a.parquet"));
  EXPECT_THAT(List("x/**/b.*"), ElementsAre("x/b.txt", "x/y/b.parquet"));
  EXPECT_THAT(List("x/**"), ElementsAre("x/a.parquet", "x/y/a.parquet", "x/y/b.parquet"));
  EXPECT_THAT(List("**/**/a.parquet"), ElementsAre("a.parquet", "x/a.parquet", "x/y/a.parquet"));
}

TEST_F(FileListingTest, AMatchingDirectoryStandsForItsFiles) {
  Touch({"year=2023/a.parquet", "year=2024/b.parquet", "year=2024/notes.txt"});
  EXPECT_THAT(List("year=*"), ElementsAre("year=2023/a.parquet", "year=2024/b.parquet"));
}

TEST_F(FileListingTest, AFileWhoseNameLooksLikeAGlobIsFound) {
  Touch({"a[1].parquet", "a1.parquet"});
  EXPECT_THAT(List("a[1].parquet"), ElementsAre("a[1].parquet"));
}

TEST_F(FileListingTest, LinksInACircleEnd) {
  Touch({"t/a.parquet"});
  std::filesystem::create_directory_symlink(Path("t"), Path("t/again"));
  EXPECT_THAT(List("t"), ElementsAre("t/a.parquet"));
}

TEST_F(FileListingTest, NothingFoundSaysWhereItLooked) {
  Touch({"t/readme.md"});
  EXPECT_THAT(ListFiles(Path("t/*.parquet"), 10),
              testing::FailsWith(StatusCode::IOError, "nothing matches '" + Path("t/*.parquet")));
  EXPECT_THAT(ListFiles(Path("t"), 10),
              testing::FailsWith(StatusCode::IOError, "looked for Parquet and Arrow files"));
  EXPECT_THAT(ListFiles(Path("u/*.parquet"), 10),
              testing::FailsWith(StatusCode::IOError, "there is no '" + Path("u")));
  EXPECT_THAT(ListFiles(Path("absent.parquet"), 10),
              testing::FailsWith(StatusCode::IOError, "No such file"));
  EXPECT_THAT(ListFiles("", 10), testing::FailsWith(StatusCode::Invalid, "empty path"));
}

TEST_F(FileListingTest, TooManyFilesAreRefused) {
  Touch({"a.parquet", "b.parquet", "c.parquet"});
  EXPECT_EQ(testing::Require(ListFiles(Path("*.parquet"), 3)).size(), 3u);
  EXPECT_THAT(ListFiles(Path("*.parquet"), 2),
              testing::FailsWith(base::Code::kLimitExceeded, "more than 2 files"));
}

}  // namespace
}  // namespace skyhook::client
