#include "skyhook/table/put.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "skyhook/base/crc32c.h"
#include "skyhook/objects/local/local_store.h"
#include "skyhook/table/compact.h"
#include "skyhook/table/table_testing.h"
#include "skyhook/table/upkeep.h"
#include "skyhook/testing/corpus.h"
#include "skyhook/testing/temporary_directory.h"

namespace skyhook::table {
namespace {

using ::testing::ElementsAre;
using testing::FailsWith;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::Require;

class PutTest : public ::testing::Test {
 protected:
  Snapshot Current() { return Require(ReadSnapshot(&store_, "t", "")); }
  std::vector<TableFile> Files() { return Require(FilesOf(&store_, "t", Current())); }
  std::vector<int64_t> Numbers() { return NumbersIn(&store_, "t", Current()); }

  testing::MemoryStore store_;
};

TEST_F(PutTest, ASmallFileIsOneObjectAsItIs) {
  const auto file = CountingFile("dir/a.parquet", 0, 100, 50);
  const auto report = Require(Put(&store_, "t", {file}, {}));
  ASSERT_EQ(report.snapshot.tail.size(), 1u);
  const StoredFragment& fragment = report.snapshot.tail[0];
  EXPECT_EQ(fragment.rows, 100);
  EXPECT_THAT(fragment.row_group_rows, ElementsAre(50, 50));
  EXPECT_EQ(fragment.crc32c, base::Crc32c(ContentOf(file.get())));
  ASSERT_EQ(fragment.column_bytes.size(), 2u);
  EXPECT_GT(fragment.column_bytes[0], 0);
  EXPECT_GT(fragment.column_bytes[1], 0);
  EXPECT_LT(fragment.column_bytes[0] + fragment.column_bytes[1], fragment.bytes);
  const auto object = Require(store_.OpenObject(ObjectOf("t", fragment.object)));
  EXPECT_EQ(ContentOf(object.get()), ContentOf(file.get()));
  const auto& n = *fragment.statistics[0];
  EXPECT_EQ(n.min->ToString(), "0");
  EXPECT_EQ(n.max->ToString(), "99");
  EXPECT_EQ(n.null_count, 0);
}

TEST_F(PutTest, ALargeFileIsCutAtRowGroupsAndGivenBackByteForByte) {
  const auto file = CountingFile("a.parquet", 0, 3000, 200);
  Require(Put(&store_, "t", {file}, SmallObjects()));
  EXPECT_GT(Current().fragments.size(), 3u);
  for (const StoredFragment& fragment : Current().fragments) EXPECT_LT(fragment.bytes, 20 * 1024);
  EXPECT_EQ(Numbers(), NumbersFrom(0, 3000));
  ASSERT_EQ(Files().size(), 1u);
  EXPECT_EQ(Files()[0].name, "a.parquet");
  EXPECT_EQ(Files()[0].notice, "");
  EXPECT_EQ(BytesOf(&store_, "t", Files()[0]), ContentOf(file.get()));
}

TEST_F(PutTest, ARowGroupThatIsTooLargeIsEncodedAnewWithANotice) {
  const auto file = CountingFile("a.parquet", 0, 3000, 2600);
  const auto report = Require(Put(&store_, "t", {file}, SmallObjects()));
  ASSERT_EQ(report.notices.size(), 1u);
  EXPECT_THAT(report.notices[0], HasSubstr("row group 0 of 'a.parquet' has"));
  EXPECT_EQ(Numbers(), NumbersFrom(0, 3000));
  EXPECT_TRUE(Current().fragments.front().reencoded);
  EXPECT_FALSE(Current().fragments.back().reencoded);
  // What comes back are the same rows, and it says so.
  std::vector<int64_t> numbers;
  for (const TableFile& file_back : Files()) {
    EXPECT_THAT(file_back.notice, HasSubstr("has the rows that were put, and not the bytes"));
    StoredFragment fragment;
    const auto bytes = BytesOf(&store_, "t", file_back);
    auto reader = Require(parquet::arrow::OpenFile(
        std::make_shared<arrow::io::BufferReader>(arrow::Buffer::FromString(bytes)),
        arrow::default_memory_pool()));
    const auto rows = Require(Require(reader->ReadTable())->CombineChunks());
    const auto& column = static_cast<const arrow::Int64Array&>(*rows->column(0)->chunk(0));
    for (int64_t i = 0; i < column.length(); ++i) numbers.push_back(column.Value(i));
  }
  EXPECT_EQ(numbers, NumbersFrom(0, 3000));
  EXPECT_THAT(Files()[0].notice, HasSubstr("its row groups 0"));
}

TEST_F(PutTest, VerbatimRefusesToEncodeAnew) {
  auto options = SmallObjects();
  options.verbatim = true;
  EXPECT_THAT(Put(&store_, "t", {CountingFile("a.parquet", 0, 3000, 2600)}, options),
              FailsWith(arrow::StatusCode::Invalid, "row group 0 of 'a.parquet'"));
  EXPECT_TRUE(Require(store_.List("")).empty()) << "nothing is left behind";
}

TEST_F(PutTest, ATableThatIsThereIsNotTouchedUnlessToldTo) {
  Require(Put(&store_, "t", {CountingFile("a.parquet", 0, 10, 10)}, {}));
  const auto before = Require(store_.List(""));
  EXPECT_THAT(Put(&store_, "t", {CountingFile("b.parquet", 10, 10, 10)}, {}),
              FailsWith(arrow::StatusCode::Invalid, "'memory:t' is there already"));
  EXPECT_EQ(Require(store_.List("")), before);
  PutOptions append;
  append.existing = Existing::kAppend;
  Require(Put(&store_, "t", {CountingFile("b.parquet", 10, 10, 10)}, append));
  EXPECT_EQ(Numbers(), NumbersFrom(0, 20));
  PutOptions replace;
  replace.existing = Existing::kReplace;
  Require(Put(&store_, "t", {CountingFile("c.parquet", 5, 3, 10)}, replace));
  EXPECT_EQ(Numbers(), NumbersFrom(5, 3));
  // The snapshots before are there to read.
  EXPECT_EQ(NumbersIn(&store_, "t", Require(ReadSnapshot(&store_, "t", "2"))), NumbersFrom(0, 20));
  EXPECT_EQ(NumbersIn(&store_, "t", Require(ReadSnapshot(&store_, "t", "1"))), NumbersFrom(0, 10));
  EXPECT_THAT(ReadSnapshot(&store_, "t", "4"),
              FailsWith(arrow::StatusCode::IOError, "keeps no snapshot 4; its newest is 3"));
}

TEST_F(PutTest, TheSameFileAppendedTwiceIsThereTwice) {
  const auto file = CountingFile("a.parquet", 0, 10, 10);
  PutOptions append;
  append.existing = Existing::kAppend;
  Require(Put(&store_, "t", {file}, append));
  Require(Put(&store_, "t", {file}, append));
  EXPECT_EQ(Current().num_rows(), 20);
  ASSERT_EQ(Files().size(), 2u);
  EXPECT_EQ(Files()[1].name, "a-2.parquet");
}

TEST_F(PutTest, AFileWithOtherColumnsIsRefusedByName) {
  Require(Put(&store_, "t", {CountingFile("a.parquet", 0, 10, 10)}, {}));
  const auto other = base::MakeBufferSource(
      testing::ParquetBytes(*testing::TableOf(
          arrow::schema({arrow::field("n", arrow::int32()), arrow::field("t", arrow::utf8())}),
          "1,a\n")),
      "other.parquet");
  PutOptions append;
  append.existing = Existing::kAppend;
  EXPECT_THAT(Put(&store_, "t", {other}, append),
              FailsWith(arrow::StatusCode::Invalid, "column 'n' of 'other.parquet' is int32"));
  EXPECT_EQ(Numbers(), NumbersFrom(0, 10));
}

TEST_F(PutTest, AFileWhoseColumnsCannotBeReadIsKeptWithANotice) {
  const std::string name = "incorrect_map_schema.parquet";
  const auto bytes = testing::CorpusBytes("good", name);
  const auto report = Require(Put(&store_, "t", {base::MakeBufferSource(bytes, name)}, {}));
  EXPECT_THAT(report.notices, ElementsAre(HasSubstr("it can be given back, and not be queried")));
  EXPECT_EQ(report.snapshot.schema->num_fields(), 0);
  EXPECT_GT(report.snapshot.num_rows(), 0);
}

TEST_F(PutTest, WhatIsNoFileOfOursIsRefused) {
  EXPECT_THAT(Put(&store_, "t",
                  {base::MakeBufferSource(arrow::Buffer::FromString("hello, world"), "x.txt")}, {}),
              FailsWith(base::Code::kCorruptData, "x.txt"));
}

/// Every change that a put makes is the last one once: done or not done, and unknown to the writer.
class InterruptedPutTest : public ::testing::TestWithParam<testing::CutOffStore::Last> {};

TEST_P(InterruptedPutTest, LosesNothingAndGoesOnWhereItWas) {
  const auto first = CountingFile("a.parquet", 0, 1000, 200);
  const auto second = CountingFile("b.parquet", 1000, 1000, 200);
  const auto append = SmallObjects(Existing::kAppend);
  int interrupted = 0;
  for (int operations = 0;; ++operations) {
    auto store = std::make_shared<testing::MemoryStore>();
    Require(Put(store.get(), "t", {first}, append));
    testing::CutOffStore dying(store, operations, GetParam());
    const auto report = Put(&dying, "t", {second}, append);
    if (!dying.cut_off()) {
      EXPECT_THAT(report, IsOk());
      break;
    }
    ++interrupted;
    // What readers see is whole: with the rows or without, and nothing of it is lost.
    const auto seen = Require(ReadSnapshot(store.get(), "t", ""));
    const auto rows = seen.num_rows();
    EXPECT_TRUE(rows == 1000 || rows == 2000) << rows;
    EXPECT_EQ(NumbersIn(store.get(), "t", seen), NumbersFrom(0, rows));
    EXPECT_TRUE(Require(Verify(store.get(), "t", seen, nullptr)).problems.empty());
    if (report.ok()) {
      EXPECT_EQ(rows, 2000) << "only the journal may stay behind";
      EXPECT_EQ(report->notices.size(), 1u);
      continue;
    }
    // The same put again ends it, and appends once, also where its commit had been done.
    const auto again = Require(Put(store.get(), "t", {second}, append));
    EXPECT_EQ(again.committed_before, rows == 2000) << operations;
    const auto after = Require(ReadSnapshot(store.get(), "t", ""));
    EXPECT_EQ(NumbersIn(store.get(), "t", after), NumbersFrom(0, 2000)) << operations;
    // Nothing but needed objects is left, once old ones may go.
    VacuumOptions all;
    all.keep = std::chrono::seconds(0);
    Require(Vacuum(store.get(), "t", all));
    EXPECT_EQ(NumbersIn(store.get(), "t", after), NumbersFrom(0, 2000));
    // Pointer, manifest, two descriptions of files, data.
    EXPECT_THAT(Require(store->List("")), ::testing::SizeIs(4 + after.fragments.size()));
  }
  EXPECT_GT(interrupted, 5);
}

INSTANTIATE_TEST_SUITE_P(Put, InterruptedPutTest,
                         ::testing::Values(testing::CutOffStore::Last::kNotDone,
                                           testing::CutOffStore::Last::kDone),
                         [](const auto& info) {
                           return info.param == testing::CutOffStore::Last::kDone
                                      ? "LastOperationDone"
                                      : "LastOperationNotDone";
                         });

TEST_F(PutTest, GoingOnWritesOnlyWhatIsMissing) {
  const auto file = CountingFile("a.parquet", 0, 3000, 200);
  auto store = std::make_shared<testing::MemoryStore>();
  auto options = SmallObjects();
  options.uploads = 1;
  testing::CutOffStore dying(store, 4, testing::CutOffStore::Last::kNotDone);
  EXPECT_THAT(Put(&dying, "t", {file}, options),
              FailsWith(arrow::StatusCode::IOError, "the link to the store is gone"));
  const auto report = Require(Put(store.get(), "t", {file}, options));
  EXPECT_EQ(report.objects_found, 3) << "a journal and three objects had been written";
  EXPECT_GT(report.objects, 5);
}

TEST_F(PutTest, AnObjectThatIsNotAsItWasWrittenIsFoundOnGoingOn) {
  const auto file = CountingFile("a.parquet", 0, 3000, 200);
  auto store = std::make_shared<testing::MemoryStore>();
  testing::CutOffStore dying(store, 8, testing::CutOffStore::Last::kNotDone);
  EXPECT_THAT(Put(&dying, "t", {file}, SmallObjects()),
              FailsWith(arrow::StatusCode::IOError, "the link to the store is gone"));
  for (const auto& name : Require(store->List("t/data-"))) store->Overwrite(name, "something else");
  EXPECT_THAT(Put(store.get(), "t", {file}, SmallObjects()),
              FailsWith(base::Code::kCorruptData, "memory:t/data-"));
}

TEST_F(PutTest, RowsAreEncodedIntoObjectsOfTheTargetSize) {
  arrow::TableBatchReader rows(Counting(0, 5000));
  auto options = SmallObjects();
  options.write.row_group_rows = 100;
  options.write.bloom_filters = {"n"};
  Require(PutRows(&store_, "t", &rows, "t.parquet", options));
  EXPECT_EQ(Numbers(), NumbersFrom(0, 5000));
  EXPECT_GT(Current().fragments.size(), 3u);
  arrow::TableBatchReader again(Counting(0, 10));
  options.existing = Existing::kReplace;
  options.write.codec = "lzw";
  EXPECT_THAT(PutRows(&store_, "t", &again, "t.parquet", options),
              FailsWith(arrow::StatusCode::Invalid, "'lzw' is no codec"));
}

TEST_F(PutTest, ATableWithoutRowsHasAColumnsAllTheSame) {
  arrow::TableBatchReader rows(Counting(0, 0));
  Require(PutRows(&store_, "t", &rows, "t.parquet", {}));
  EXPECT_EQ(Current().num_rows(), 0);
  EXPECT_THAT(Current().schema->field_names(), ElementsAre("n", "t"));
}

TEST_F(PutTest, CompactionJoinsSmallObjectsAndKeepsFilesAndOrder) {
  std::vector<std::string> contents;
  for (int i = 0; i < 10; ++i) {
    const auto file = CountingFile(fmt::format("f{}.parquet", i), i * 100, 100, 40);
    contents.push_back(ContentOf(file.get()));
    Require(Put(&store_, "t", {file}, SmallObjects(Existing::kAppend)));
  }
  CompactOptions options;
  options.target_bytes = 16 * 1024;
  const auto report = Require(Compact(&store_, "t", options));
  EXPECT_GT(report.objects_before, report.objects_after);
  EXPECT_LT(Current().fragments.size(), 10u);
  EXPECT_EQ(Numbers(), NumbersFrom(0, 1000));
  VacuumOptions all;
  all.keep = std::chrono::seconds(0);
  Require(Vacuum(&store_, "t", all));
  ASSERT_EQ(Files().size(), 10u);
  for (size_t i = 0; i < 10; ++i) EXPECT_EQ(BytesOf(&store_, "t", Files()[i]), contents[i]);
  EXPECT_EQ(Require(Compact(&store_, "t", options)).objects_before, 0) << "all is joined";
}

TEST_F(PutTest, CompactionIsRefusedWhenItsObjectsWereReplaced) {
  for (int i = 0; i < 3; ++i) {
    Require(Put(&store_, "t", {CountingFile(fmt::format("f{}", i), i, 1, 1)},
                SmallObjects(Existing::kAppend)));
  }
  class ReplacingStore : public testing::CutOffStore {
   public:
    ReplacingStore(std::shared_ptr<objects::ObjectStore> store, objects::ObjectStore* direct)
        : CutOffStore(std::move(store), 1000, Last::kDone), direct_(direct) {}
    arrow::Result<bool> Create(const std::string& object, const arrow::Buffer& bytes) override {
      if (object.starts_with("t/data-") && !std::exchange(replaced_, true)) {
        Require(
            Put(direct_, "t", {CountingFile("other", 7, 1, 1)}, SmallObjects(Existing::kReplace)));
      }
      return CutOffStore::Create(object, bytes);
    }

   private:
    objects::ObjectStore* direct_;
    bool replaced_ = false;
  };
  ReplacingStore store(std::shared_ptr<objects::ObjectStore>(&store_, [](auto*) {}), &store_);
  EXPECT_THAT(Compact(&store, "t", {}), FailsWith(base::Code::kBusy, "was replaced meanwhile"));
  EXPECT_EQ(Numbers(), (std::vector<int64_t>{7}));
}

TEST(LocalPutTest, EveryPublicFileComesBackByteForByte) {
  const testing::TemporaryDirectory directory;
  const auto store = objects::local::MakeLocalStore(directory.path());
  int files = 0;
  for (const std::string& name : testing::CorpusFiles("good")) {
    const auto bytes = testing::CorpusBytes("good", name);
    const auto put = Put(store.get(), "t", {base::MakeBufferSource(bytes, name)}, {});
    ASSERT_THAT(put, IsOk()) << name;
    const auto back =
        Require(FilesOf(store.get(), "t", Require(ReadSnapshot(store.get(), "t", ""))));
    ASSERT_EQ(back.size(), 1u);
    EXPECT_EQ(BytesOf(store.get(), "t", back[0]), bytes->ToString()) << name;
    EXPECT_TRUE(Require(RemoveTable(store.get(), "t")));
    ++files;
  }
  EXPECT_GT(files, 30);
}

/// Cuts every public file that has several row groups, and gives it back.
TEST(LocalPutTest, EveryPublicFileComesBackOutOfPieces) {
  testing::MemoryStore store;
  int cut = 0;
  for (const std::string& name : testing::CorpusFiles("good")) {
    if (!testing::IsReadByArrow(name)) continue;
    const auto bytes = testing::CorpusBytes("good", name);
    PutOptions options;
    options.target_bytes = options.most_bytes = std::max<int64_t>(bytes->size() / 4, 64);
    options.existing = Existing::kReplace;
    const auto put = Put(&store, "t", {base::MakeBufferSource(bytes, name)}, options);
    // One row group, or an obstacle.
    if (!put.ok() || !put->notices.empty() || put->snapshot.tail.size() < 2) continue;
    const auto back = Require(FilesOf(&store, "t", Require(ReadSnapshot(&store, "t", ""))));
    EXPECT_EQ(BytesOf(&store, "t", back[0]), bytes->ToString()) << name;
    ++cut;
  }
  EXPECT_GT(cut, 2);
}

}  // namespace
}  // namespace skyhook::table
