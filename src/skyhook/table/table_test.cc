#include "skyhook/table/table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>

#include "skyhook/objects/local/local_store.h"
#include "skyhook/table/manifest.h"
#include "skyhook/table/source_file.h"
#include "skyhook/table/stored_manifest.h"
#include "skyhook/table/table_testing.h"
#include "skyhook/table/upkeep.h"
#include "skyhook/testing/temporary_directory.h"

namespace skyhook::table {
namespace {

using testing::CutOffStore;
using ::testing::ElementsAre;
using testing::FailsWith;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::Require;

/// A change that adds a fragment named `name`.
Change Adding(const std::string& name) {
  return [name](const Manifest* current) -> arrow::Result<Manifest> {
    Manifest next;
    if (current != nullptr) next = *current;
    next.schema = arrow::schema({arrow::field("n", arrow::int64())});
    next.operation = "append";
    StoredFragment fragment;
    fragment.object = DataNamed(name);
    fragment.statistics.resize(1);
    next.tail.push_back(fragment);
    return next;
  };
}

std::string SourceNamed(const std::string& word) {
  return fmt::format("_source-{}-000000.arrow", IdNamed(word));
}

std::vector<std::string> ObjectsOf(const Manifest& manifest) {
  EXPECT_TRUE(manifest.parts.empty());
  std::vector<std::string> objects;
  for (const StoredFragment& fragment : manifest.tail) objects.push_back(fragment.object);
  return objects;
}

std::vector<std::string> ObjectsOf(const Snapshot& snapshot) {
  std::vector<std::string> objects;
  for (const StoredFragment& fragment : snapshot.fragments) objects.push_back(fragment.object);
  return objects;
}

TEST(CommitTest, BuildsOnTheSnapshotBefore) {
  testing::MemoryStore store;
  EXPECT_EQ(Require(Commit(&store, "t", IdNamed("c1"), 0, Adding("a"))).manifest.sequence, 1);
  EXPECT_EQ(Require(Commit(&store, "t", IdNamed("c2"), 1, Adding("b"))).manifest.sequence, 2);
  const auto history = Require(History(&store, "t"));
  ASSERT_EQ(history.size(), 2u);
  EXPECT_THAT(ObjectsOf(history[0]), ElementsAre(DataNamed("a"), DataNamed("b")));
  EXPECT_THAT(ObjectsOf(history[1]), ElementsAre(DataNamed("a")));
  EXPECT_EQ(history[0].parent, history[1].id());
  EXPECT_THAT(Require(ListTables(&store)).tables, ElementsAre("t"));
}

TEST(CommitTest, DoneAgainIsFoundToBeThere) {
  testing::MemoryStore store;
  Require(Commit(&store, "t", IdNamed("c1"), 0, Adding("a")));
  Require(Commit(&store, "t", IdNamed("c2"), 1, Adding("b")));
  const auto again = Require(Commit(&store, "t", IdNamed("c1"), 0, Adding("a")));
  EXPECT_TRUE(again.before);
  EXPECT_EQ(again.manifest.sequence, 1);
  EXPECT_THAT(ObjectsOf(Require(ReadSnapshot(&store, "t", ""))),
              ElementsAre(DataNamed("a"), DataNamed("b")));
}

/// The link comes back before the writer gives up.
class FlickeringStore : public CutOffStore {
 public:
  using CutOffStore::CutOffStore;
  arrow::Result<bool> SwingPointer(const std::string& pointer,
                                   const std::optional<std::string>& expected,
                                   const std::optional<std::string>& next) override {
    auto swung = CutOffStore::SwingPointer(pointer, expected, next);
    if (!swung.ok()) Restore();
    return swung;
  }
};

TEST(CommitTest, ALostAcknowledgementIsNotASecondAppend) {
  for (const auto last : {CutOffStore::Last::kDone, CutOffStore::Last::kNotDone}) {
    auto store = std::make_shared<testing::MemoryStore>();
    Require(Commit(store.get(), "t", IdNamed("c1"), 0, Adding("a")));
    FlickeringStore flickering(store, 1, last);  // the manifest, and then the pointer
    const auto committed = Require(Commit(&flickering, "t", IdNamed("c2"), 1, Adding("b")));
    EXPECT_TRUE(flickering.cut_off());
    EXPECT_EQ(committed.before, last == CutOffStore::Last::kDone);
    EXPECT_THAT(ObjectsOf(Require(ReadSnapshot(store.get(), "t", ""))),
                ElementsAre(DataNamed("a"), DataNamed("b")));
  }
}

TEST(CommitTest, AnUnknownOutcomeIsAnError) {
  auto store = std::make_shared<testing::MemoryStore>();
  CutOffStore dead(store, 1, CutOffStore::Last::kDone);
  EXPECT_THAT(Commit(&dead, "t", IdNamed("c1"), 0, Adding("a")),
              FailsWith(arrow::StatusCode::IOError, "committing to 'memory:t'"));
}

void CommitFromManyThreads(objects::ObjectStore* store) {
  constexpr int kWriters = 8;
  constexpr int kCommits = 12;
  std::vector<std::thread> writers;
  for (int writer = 0; writer < kWriters; ++writer) {
    writers.emplace_back([store, writer] {
      for (int i = 0; i < kCommits; ++i) {
        const std::string name = fmt::format("{}-{}", writer, i);
        EXPECT_THAT(Commit(store, "t", IdNamed("c" + name), 0, Adding(name)), IsOk());
      }
    });
  }
  // Whoever reads meanwhile sees whole snapshots, each with all that the one before had.
  std::atomic<bool> done = false;
  std::thread reader([&] {
    int64_t most = 0;
    while (!done) {
      const auto current = CurrentManifest(store, "t");
      ASSERT_THAT(current, IsOk());
      if (!current->has_value()) continue;
      EXPECT_EQ((*current)->num_fragments(), (*current)->sequence);
      EXPECT_GE((*current)->num_fragments(), most);
      most = (*current)->num_fragments();
      EXPECT_EQ(Require(LoadSnapshot(store, "t", **current)).fragments.size(),
                static_cast<size_t>(most));
    }
  });
  for (auto& writer : writers) writer.join();
  done = true;
  reader.join();
  auto objects = ObjectsOf(Require(ReadSnapshot(store, "t", "")));
  EXPECT_EQ(objects.size(), static_cast<size_t>(kWriters * kCommits));
  std::sort(objects.begin(), objects.end());
  EXPECT_EQ(std::unique(objects.begin(), objects.end()), objects.end()) << "none twice";
}

TEST(CommitTest, ManyWritersAllSucceedOnce) {
  testing::MemoryStore store;
  CommitFromManyThreads(&store);
}

TEST(CommitTest, ManyWritersToADirectoryAllSucceedOnce) {
  const testing::TemporaryDirectory directory;
  CommitFromManyThreads(objects::local::MakeLocalStore(directory.path()).get());
}

TEST(TableTest, ATableThatIsNotThereIsNamed) {
  testing::MemoryStore store;
  EXPECT_THAT(ReadSnapshot(&store, "t", ""),
              FailsWith(arrow::StatusCode::IOError, "there is no table 'memory:t'"));
  EXPECT_FALSE(Require(RemoveTable(&store, "t")));
  EXPECT_TRUE(Require(History(&store, "t")).empty());
}

TEST(TableTest, RemovingATableLeavesOthers) {
  testing::MemoryStore store;
  Require(Commit(&store, "t", IdNamed("c1"), 0, Adding("a")));
  Require(Commit(&store, "t2", IdNamed("c2"), 0, Adding("a")));
  EXPECT_TRUE(Require(RemoveTable(&store, "t")));
  EXPECT_TRUE(Require(store.List("t/")).empty());
  EXPECT_THAT(Require(ListTables(&store)).tables, ElementsAre("t2"));
}

TEST(TableTest, RemovingATableLeavesWhatIsNotItsOwn) {
  testing::MemoryStore store;
  const std::string of_a_writer = "t/data-0123456789abcdef01234567-000000.parquet";
  for (const bool damaged : {false, true}) {
    Require(Put(&store, "t", {CountingFile("f", 0, 10, 10)}, SmallObjects()));
    const auto made =
        Require(Put(&store, "t", {CountingFile("g", 0, 10, 10)}, SmallObjects(Existing::kAppend)));
    store.Overwrite(of_a_writer, "x");
    store.Overwrite("t/other/_head", "x");
    store.Overwrite(ManifestOf("t", "0000000001-" + made.snapshot.commit),
                    "of a race that it lost");
    if (damaged) store.Overwrite(ManifestOf("t", made.snapshot.id()), "x");
    EXPECT_TRUE(Require(RemoveTable(&store, "t")));
    std::vector<std::string> left = {of_a_writer, "t/other/_head"};
    if (damaged) left.erase(left.begin());  // nothing says who needs it
    EXPECT_EQ(Require(store.List("t/")), left);
  }
}

TEST(TableTest, APutIsWholeThoughTheTableIsRemovedUnderIt) {
  testing::MemoryStore store;
  Require(Put(&store, "t", {CountingFile("f", 0, 10, 10)}, SmallObjects()));
  PutOptions options = SmallObjects(Existing::kAppend);
  options.uploads = 1;
  std::once_flag once;
  options.on_progress = [&](int64_t, int64_t) {
    std::call_once(once, [&] { EXPECT_TRUE(Require(RemoveTable(&store, "t"))); });
  };
  const auto put = Require(Put(&store, "t", {CountingFile("g", 100, 500, 100)}, options));
  EXPECT_EQ(put.snapshot.sequence, 1);
  const auto snapshot = Require(ReadSnapshot(&store, "t", ""));
  EXPECT_TRUE(Require(Verify(&store, "t", snapshot, nullptr)).problems.empty());
  EXPECT_EQ(NumbersIn(&store, "t", snapshot), NumbersFrom(100, 500));
}

TEST(TableTest, AManifestThatIsDamagedIsNamed) {
  testing::MemoryStore store;
  const auto made = Require(Commit(&store, "t", IdNamed("c1"), 0, Adding("a")));
  const std::string name = ManifestOf("t", made.manifest.id());
  const auto source = Require(store.OpenObject(name));
  std::string bytes = ContentOf(source.get());
  for (const size_t length : {size_t{0}, size_t{10}, bytes.size() / 2, bytes.size() - 1}) {
    store.Overwrite(name, bytes.substr(0, length));
    EXPECT_THAT(ReadSnapshot(&store, "t", ""), FailsWith(base::Code::kCorruptData, name));
  }
}

TEST(ManifestTest, ComesBackAsItWas) {
  Manifest snapshot;
  snapshot.sequence = 7;
  snapshot.commit = IdNamed("seventh");
  snapshot.parent = "0000000006-" + IdNamed("sixth");
  snapshot.operation = "append";
  snapshot.created_ns = 1234567890123456789;
  snapshot.schema =
      arrow::schema({arrow::field("i", arrow::int32()), arrow::field("i", arrow::utf8()),
                     arrow::field("d", arrow::dictionary(arrow::int8(), arrow::utf8())),
                     arrow::field("s", arrow::struct_({arrow::field("x", arrow::float64())})),
                     arrow::field("ts", arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"), false)});
  StoredFragment fragment;
  fragment.object = DataNamed("1");
  fragment.bytes = int64_t{1} << 40;
  fragment.rows = 30;
  fragment.row_group_rows = {10, 20};
  fragment.crc32c = 0xfedcba98;
  fragment.sources = {SourceNamed("1"), SourceNamed("2")};
  fragment.reencoded = true;
  fragment.column_bytes = {1, 2, 3, 4, 5};
  fragment.statistics.resize(5);
  plan::ColumnStatistics numbers;
  numbers.num_rows = 30;
  numbers.min = arrow::MakeScalar(int32_t{-5});
  numbers.max = arrow::MakeScalar(int32_t{5});
  numbers.null_count = 3;
  numbers.may_have_nan = false;
  fragment.statistics[0] = numbers;
  plan::ColumnStatistics texts;
  texts.num_rows = 30;
  texts.min = Require(arrow::MakeScalar(arrow::utf8_view(), arrow::Buffer::FromString("a")));
  texts.max = Require(
      arrow::MakeScalar(arrow::utf8_view(), arrow::Buffer::FromString(std::string(1000, 'z'))));
  fragment.statistics[1] = texts;
  snapshot.tail = {fragment, fragment};
  const auto back = Require(DecodeManifest(Require(EncodeManifest(snapshot)), "m"));
  EXPECT_EQ(back.id(), "0000000007-" + IdNamed("seventh"));
  EXPECT_EQ(back.parent, snapshot.parent);
  EXPECT_EQ(back.operation, "append");
  EXPECT_EQ(back.created_ns, snapshot.created_ns);
  EXPECT_TRUE(back.schema->Equals(*snapshot.schema));
  ASSERT_EQ(back.tail.size(), 2u);
  const StoredFragment& same = back.tail[1];
  EXPECT_EQ(same.object, fragment.object);
  EXPECT_EQ(same.bytes, fragment.bytes);
  EXPECT_EQ(same.rows, 30);
  EXPECT_EQ(same.row_group_rows, fragment.row_group_rows);
  EXPECT_EQ(same.crc32c, fragment.crc32c);
  EXPECT_EQ(same.sources, fragment.sources);
  EXPECT_TRUE(same.reencoded);
  EXPECT_EQ(same.column_bytes, fragment.column_bytes);
  EXPECT_TRUE(same.statistics[0]->min->Equals(*numbers.min));
  EXPECT_TRUE(same.statistics[0]->max->Equals(*numbers.max));
  EXPECT_EQ(same.statistics[0]->null_count, 3);
  EXPECT_FALSE(same.statistics[0]->may_have_nan);
  EXPECT_EQ(same.statistics[1]->min->ToString(), "a");
  EXPECT_EQ(same.statistics[1]->max, nullptr) << "long bounds are not kept";
  EXPECT_FALSE(same.statistics[3].has_value());
}

class VacuumTest : public ::testing::Test {
 protected:
  static constexpr int64_t kDayNanos = int64_t{24} * 3600 * 1'000'000'000;

  void SetUp() override {
    for (int i = 0; i < 3; ++i) {
      Require(Put(&store_, "t", {CountingFile(fmt::format("f{}", i), i * 10, 10, 10)},
                  SmallObjects(i == 0 ? Existing::kRefuse : Existing::kReplace)));
    }
  }
  static constexpr char kGarbage[] = "t/data-0123456789abcdef01234567-000000.parquet";
  std::vector<int64_t> Numbers() {
    return NumbersIn(&store_, "t", Require(ReadSnapshot(&store_, "t", "")));
  }

  testing::MemoryStore store_;
};

TEST_F(VacuumTest, KeepsASevenDaysOfSnapshotsAndGarbage) {
  store_.Overwrite(kGarbage, "x");
  EXPECT_TRUE(Require(Vacuum(&store_, "t", {})).removed.empty());
  store_.SetAge(kGarbage, 6 * kDayNanos);
  EXPECT_TRUE(Require(Vacuum(&store_, "t", {})).removed.empty());
  store_.SetAge(kGarbage, 8 * kDayNanos);
  VacuumOptions dry;
  dry.dry_run = true;
  EXPECT_THAT(Require(Vacuum(&store_, "t", dry)).removed, ElementsAre(kGarbage));
  const auto report = Require(Vacuum(&store_, "t", {}));
  EXPECT_THAT(report.removed, ElementsAre(kGarbage));
  EXPECT_EQ(report.bytes, 1);
  EXPECT_EQ(report.snapshots_kept, 3);
  EXPECT_TRUE(Require(Vacuum(&store_, "t", {})).removed.empty());
}

TEST_F(VacuumTest, RemovesOldSnapshotsAndNeverTheCurrentOne) {
  for (const auto& name : Require(store_.List("t/"))) store_.SetAge(name, 100 * kDayNanos);
  EXPECT_TRUE(Require(Vacuum(&store_, "t", {})).removed.empty())
      << "they were current a moment ago, whatever the store's clock says";
  VacuumOptions all;
  all.keep = std::chrono::seconds(0);
  const auto report = Require(Vacuum(&store_, "t", all));
  EXPECT_EQ(report.snapshots_kept, 1);
  EXPECT_EQ(report.removed.size(), 6u) << "manifest, data and description, twice";
  EXPECT_EQ(Numbers(), NumbersFrom(20, 10));
  EXPECT_EQ(Require(History(&store_, "t")).size(), 1u);
  EXPECT_THAT(ReadSnapshot(&store_, "t", "2"),
              FailsWith(arrow::StatusCode::IOError, "keeps no snapshot 2"));
  EXPECT_TRUE(Require(Vacuum(&store_, "t", all)).removed.empty());
}

TEST_F(VacuumTest, FindsWhatIsLeftWhereThereIsNoTable) {
  testing::MemoryStore store;
  store.Overwrite(kGarbage, "x");
  store.SetAge(kGarbage, 8 * kDayNanos);
  EXPECT_THAT(Require(Vacuum(&store, "t", {})).removed, ElementsAre(kGarbage));
}

TEST_F(VacuumTest, LeavesAloneWhatNoTableHasNamed) {
  testing::MemoryStore store;
  const std::vector<std::string> names = {"t/a.txt",
                                          "t/data-2023-11-05.parquet",
                                          "t/data-0123456789abcdef0123456-000000.parquet",
                                          "t/_manifest",
                                          "t/other/_head",
                                          "t/other/data-0123456789abcdef01234567-000000.parquet"};
  for (const auto& name : names) {
    store.Overwrite(name, "x");
    store.SetAge(name, 8 * kDayNanos);
  }
  EXPECT_TRUE(Require(Vacuum(&store, "t", {})).removed.empty());
  EXPECT_EQ(Require(store.List("t/")).size(), names.size());
}

TEST_F(VacuumTest, VerifyNamesWhatIsMissingOrChanged) {
  const auto snapshot = Require(ReadSnapshot(&store_, "t", ""));
  EXPECT_TRUE(Require(Verify(&store_, "t", snapshot, nullptr)).problems.empty());
  const std::string object = ObjectOf("t", snapshot.fragments[0].object);
  const auto source = Require(store_.OpenObject(object));
  std::string bytes = ContentOf(source.get());
  bytes[bytes.size() / 2] ^= 1;
  store_.Overwrite(object, bytes);
  EXPECT_THAT(Require(Verify(&store_, "t", snapshot, nullptr)).problems,
              ElementsAre(HasSubstr("has checksum")));
  store_.Overwrite(object, bytes + "x");
  EXPECT_THAT(Require(Verify(&store_, "t", snapshot, nullptr)).problems,
              ElementsAre(HasSubstr("bytes, and had")));
  EXPECT_THAT(store_.Remove(object), IsOk());
  EXPECT_THAT(Require(Verify(&store_, "t", snapshot, nullptr)).problems,
              ElementsAre(HasSubstr("is missing")));
}

TEST_F(VacuumTest, VerifyNamesFilesThatCannotBeGivenBack) {
  const auto snapshot = Require(ReadSnapshot(&store_, "t", ""));
  const std::string source = snapshot.fragments[0].sources.at(0);
  const std::string object = ObjectOf("t", source);
  const std::string bytes = ContentOf(Require(store_.OpenObject(object)).get());
  const auto problems_of = [&](const std::string& damaged) {
    store_.Overwrite(object, damaged);
    return Require(Verify(&store_, "t", snapshot, nullptr)).problems;
  };
  int noticed = 0;
  for (size_t at = 0; at < bytes.size(); at += 7) {
    EXPECT_THAT(problems_of(bytes.substr(0, at)), ElementsAre(HasSubstr(source))) << at;
    std::string damaged = bytes;
    damaged[at] ^= 1;
    const auto problems = problems_of(damaged);
    EXPECT_EQ(problems.empty(), ReadSourceFile(&store_, "t", source).ok()) << at;
    noticed += problems.empty() ? 0 : 1;
  }
  EXPECT_GT(noticed, 10);
  EXPECT_TRUE(problems_of(bytes).empty());
}

}  // namespace
}  // namespace skyhook::table
