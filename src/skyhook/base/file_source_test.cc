#include "skyhook/base/file_source.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "skyhook/testing/matchers.h"
#include "skyhook/testing/parquet_files.h"
#include "skyhook/testing/temporary_directory.h"

namespace skyhook::base {
namespace {

using arrow::StatusCode;
using testing::FailsWith;
using testing::Require;

class FileSourceTest : public ::testing::Test {
 protected:
  std::string Write(const std::string& bytes) {
    testing::WriteBytes(directory_.File("letters"), bytes);
    return directory_.File("letters");
  }

  /// Writes again with another modification time, however coarse the clock of the file system.
  void Rewrite(const std::string& bytes) {
    const std::string path = directory_.File("letters");
    const auto before = std::filesystem::last_write_time(path);
    testing::WriteBytes(path, bytes);
    std::filesystem::last_write_time(path, before + std::chrono::seconds(1));
  }

  testing::TemporaryDirectory directory_;
};

TEST_F(FileSourceTest, ReadsRangesInTheOrderAsked) {
  auto source = Require(OpenFile(Write("abcdefghij")));
  EXPECT_EQ(source->size(), 10);
  const base::Buffers buffers = Require(source->Read({{7, 3}, {0, 2}, {10, 0}}));
  ASSERT_EQ(buffers.size(), 3u);
  EXPECT_EQ(buffers[0]->ToString(), "hij");
  EXPECT_EQ(buffers[1]->ToString(), "ab");
  EXPECT_EQ(buffers[2]->size(), 0);
}

TEST_F(FileSourceTest, TheFutureIsFinishedWhenReadAsyncReturns) {
  auto source = Require(OpenFile(Write("abc")));
  EXPECT_TRUE(source->ReadAsync({{0, 3}}, arrow::StopToken::Unstoppable()).is_finished());
}

TEST_F(FileSourceTest, ReadsMoreThanOneSystemCallTakes) {
  std::string bytes(9 * 1024 * 1024, 'x');
  bytes.back() = 'y';
  auto source = Require(OpenFile(Write(bytes)));
  EXPECT_EQ(Require(source->ReadOne({0, source->size()}))->ToString(), bytes);
}

TEST_F(FileSourceTest, RefusesRangesOutsideTheFile) {
  auto source = Require(OpenFile(Write("abc")));
  EXPECT_THAT(source->ReadOne({2, 2}), FailsWith(base::Code::kCorruptData, "bytes 2+2"));
  EXPECT_THAT(source->ReadOne({-1, 1}), FailsWith(base::Code::kCorruptData, "letters"));
}

TEST_F(FileSourceTest, AGrownFileIsStale) {
  auto source = Require(OpenFile(Write("abc")));
  Rewrite("abcd");
  EXPECT_THAT(source->ReadOne({0, 1}), FailsWith(base::Code::kStaleObject, "letters"));
}

TEST_F(FileSourceTest, AFileOfTheSameSizeWithAnotherTimeIsStale) {
  auto source = Require(OpenFile(Write("abc")));
  Rewrite("abd");
  EXPECT_THAT(source->ReadOne({0, 1}), FailsWith(base::Code::kStaleObject, "changed while"));
}

TEST_F(FileSourceTest, AShortenedFileIsStaleAndNotShort) {
  auto source = Require(OpenFile(Write("abcdef")));
  Rewrite("ab");
  EXPECT_THAT(source->ReadOne({0, 6}), FailsWith(base::Code::kStaleObject, "letters"));
}

TEST_F(FileSourceTest, StopsWhenAsked) {
  auto source = Require(OpenFile(Write("abc")));
  arrow::StopSource stop;
  stop.RequestStop();
  EXPECT_THAT(source->ReadOne({0, 1}, stop.token()), FailsWith(StatusCode::Cancelled, ""));
}

TEST_F(FileSourceTest, VersionsTellFilesApart) {
  const std::string path = Write("abc");
  const std::string version = Require(OpenFile(path))->version();
  EXPECT_EQ(Require(FileVersion(path)), version);
  Rewrite("abd");
  EXPECT_NE(Require(FileVersion(path)), version);
  EXPECT_EQ(Require(OpenFile(path))->version(), Require(FileVersion(path)));
}

TEST_F(FileSourceTest, WhatIsNoFileIsNamed) {
  EXPECT_THAT(OpenFile(directory_.File("absent")),
              FailsWith(StatusCode::IOError, "absent': No such file"));
  EXPECT_THAT(OpenFile(directory_.path()), FailsWith(StatusCode::IOError, "not a regular file"));
  const std::string pipe = directory_.File("pipe");
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_THAT(OpenFile(pipe), FailsWith(StatusCode::IOError, "not a regular file"));
}

}  // namespace
}  // namespace skyhook::base
