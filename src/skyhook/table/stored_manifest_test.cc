#include "skyhook/table/stored_manifest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "skyhook/objects/local/local_store.h"
#include "skyhook/table/table.h"
#include "skyhook/table/table_testing.h"
#include "skyhook/table/upkeep.h"

namespace skyhook::table {
namespace {

using ::testing::ElementsAre;
using testing::FailsWith;
using testing::IsOk;
using testing::Require;

StoredFragment FragmentNumbered(int64_t number) {
  StoredFragment fragment;
  fragment.object = fmt::format("data-{:024x}-000000.parquet", number);
  fragment.sources = {fmt::format("_source-{:024x}-000000.arrow", number)};
  fragment.rows = 3;
  fragment.row_group_rows = {3};
  fragment.bytes = 10;
  fragment.statistics.resize(1);
  return fragment;
}

/// Counts the bytes of the objects that are written and read.
class CountingStore : public testing::MemoryStore {
 public:
  arrow::Result<bool> Create(const std::string& object, const arrow::Buffer& bytes) override {
    written += bytes.size();
    return MemoryStore::Create(object, bytes);
  }
  arrow::Result<std::shared_ptr<base::ByteSource>> OpenObject(const std::string& object) override {
    auto opened = MemoryStore::OpenObject(object);
    if (opened.ok()) read += (*opened)->size();
    return opened;
  }
  int64_t written = 0;
  int64_t read = 0;
};

class StoredManifestTest : public ::testing::Test {
 protected:
  /// Commits `count` fragments more.
  Manifest Append(int64_t count) {
    const int64_t first = next_;
    next_ += count;
    const std::string commit = fmt::format("{:024x}", first);
    auto made = Require(Commit(&store_, "t", commit, sequence_,
                               [&](const Manifest* current) -> arrow::Result<Manifest> {
                                 Manifest next;
                                 if (current != nullptr) {
                                   next.parts = current->parts;
                                   next.tail = current->tail;
                                 }
                                 next.operation = "append";
                                 next.schema = arrow::schema({arrow::field("n", arrow::int64())});
                                 for (int64_t i = first; i < next_; ++i)
                                   next.tail.push_back(FragmentNumbered(i));
                                 return next;
                               }))
                    .manifest;
    sequence_ = made.sequence;
    return made;
  }
  /// The numbers of the current snapshot's fragments.
  std::vector<int64_t> Numbers() {
    std::vector<int64_t> numbers;
    for (const StoredFragment& fragment : Require(ReadSnapshot(&store_, "t", "")).fragments) {
      numbers.push_back(std::stoll(fragment.object.substr(5, 24), nullptr, 16));
    }
    return numbers;
  }
  std::string OnlyPart() {
    const auto parts = Require(store_.List("t/_part-"));
    EXPECT_EQ(parts.size(), 1u);
    return parts.front();
  }

  CountingStore store_;
  int64_t next_ = 0;
  int64_t sequence_ = 0;
};

TEST_F(StoredManifestTest, FewFragmentsAreInTheManifest) {
  EXPECT_TRUE(Append(kMostTail).parts.empty());
  const auto manifest = Append(1);
  ASSERT_EQ(manifest.parts.size(), 1u);
  EXPECT_TRUE(manifest.tail.empty());
  EXPECT_EQ(manifest.parts[0].fragments, 65);
  EXPECT_EQ(manifest.num_fragments(), 65);
  EXPECT_EQ(manifest.num_rows(), 3 * 65);
  EXPECT_EQ(manifest.num_bytes(), 10 * 65);
  EXPECT_EQ(Numbers(), NumbersFrom(0, 65));
  EXPECT_EQ(Append(2).tail.size(), 2u);
  EXPECT_EQ(Numbers(), NumbersFrom(0, 67));
}

TEST_F(StoredManifestTest, PartsStayFewAndInOrder) {
  size_t most = 0;
  for (int i = 0; i < 150; ++i) {
    const auto manifest = Append(i % 7 == 0 ? 200 : 65);
    most = std::max(most, manifest.parts.size());
    EXPECT_EQ(manifest.num_fragments(), next_);
  }
  EXPECT_LT(most, 4 * kMergedParts);
  EXPECT_EQ(Numbers(), NumbersFrom(0, next_));
}

TEST_F(StoredManifestTest, AnAppendWritesWhatItAddsAndLittleMore) {
  const auto cost = [&] {
    store_.written = store_.read = 0;
    Append(1);
    return std::make_pair(store_.written, store_.read);
  };
  Append(100);
  Append(1);
  const auto few = cost();
  Append(20'000);
  Append(1);
  const auto many = cost();
  EXPECT_GT(few.first, 0);
  EXPECT_LT(many.first, 2 * few.first);
  EXPECT_LT(many.second, 2 * few.second);
}

TEST_F(StoredManifestTest, AManyTimesAppendedTableWroteEachFragmentFewTimes) {
  store_.written = 0;
  for (int i = 0; i < 2000; ++i) Append(1);
  const int64_t appended = store_.written;
  EXPECT_EQ(Numbers(), NumbersFrom(0, 2000));
  testing::MemoryStore other;
  // A table that writes all of its manifest each time writes half of the last one, 2000 times.
  const auto whole = Require(EncodeManifest(ManifestWith(Require(ReadSnapshot(&store_, "t", "")))));
  EXPECT_LT(appended, 2000 * whole->size() / 4);
}

TEST_F(StoredManifestTest, VacuumAndRemovalKnowParts) {
  Append(100);
  const std::string first = OnlyPart();
  Append(1);
  for (int64_t i = 0; i < next_; ++i) {
    store_.Overwrite(ObjectOf("t", FragmentNumbered(i).object), "x");
    store_.Overwrite(ObjectOf("t", FragmentNumbered(i).sources[0]), "x");
  }
  store_.Overwrite("t/_part-" + std::string(24, 'f') + "-00000000.arrow", "of a writer that died");
  VacuumOptions all;
  all.keep = std::chrono::seconds(0);
  EXPECT_EQ(Require(Vacuum(&store_, "t", all)).removed.size(), 2u) << "a manifest and that part";
  EXPECT_EQ(OnlyPart(), first);
  EXPECT_EQ(Numbers(), NumbersFrom(0, 101));
  EXPECT_EQ(Require(store_.List("t/")).size(), 2u * 101 + 3);
  EXPECT_TRUE(Require(RemoveTable(&store_, "t")));
  EXPECT_TRUE(Require(store_.List("")).empty());
}

TEST_F(StoredManifestTest, PartsThatAreNotAsTheyWereWrittenAreNamed) {
  Append(100);
  const std::string part = OnlyPart();
  std::string bytes = ContentOf(Require(store_.OpenObject(part)).get());
  for (const size_t at : {size_t{20}, bytes.size() / 2, bytes.size() - 10}) {
    std::string damaged = bytes;
    damaged[at] ^= 1;
    store_.Overwrite(part, damaged);
    EXPECT_THAT(ReadSnapshot(&store_, "t", ""), FailsWith(base::Code::kCorruptData, part));
  }
  store_.Overwrite(part, bytes.substr(1));
  EXPECT_THAT(ReadSnapshot(&store_, "t", ""), FailsWith(base::Code::kCorruptData, part));
  EXPECT_THAT(store_.Remove(part), IsOk());
  EXPECT_THAT(ReadSnapshot(&store_, "t", ""), FailsWith(arrow::StatusCode::IOError, part));
  EXPECT_EQ(Require(History(&store_, "t")).size(), 1u) << "which reads no parts";
  store_.Overwrite(part, bytes);
  EXPECT_EQ(Numbers(), NumbersFrom(0, 100));
}

TEST_F(StoredManifestTest, LinesThatNameNoPartAreRefused) {
  Manifest manifest = Append(100);
  const ManifestPart good = manifest.parts.front();
  EXPECT_THAT(DecodeManifest(Require(EncodeManifest(manifest)), "m"), IsOk());
  const auto refused = [&](auto change) {
    manifest.parts = {good};
    change(&manifest.parts.front());
    EXPECT_THAT(DecodeManifest(Require(EncodeManifest(manifest)), "m"),
                FailsWith(base::Code::kCorruptData, "'m' is no manifest of a table"));
  };
  for (const char* name : {"../../x", "/x", "_head", "x", "", "_part-x.arrow"}) {
    refused([&](ManifestPart* part) { part->object = name; });
  }
  refused([](ManifestPart* part) { part->bytes = -1; });
  refused([](ManifestPart* part) { part->rows = std::numeric_limits<int64_t>::max(); });
  refused([](ManifestPart* part) { part->data_bytes = -1; });
  refused([](ManifestPart* part) { part->fragments = -1; });
  manifest.parts = std::vector<ManifestPart>(3, good);
  for (auto& part : manifest.parts) part.rows = (int64_t{1} << 60) - 1;
  EXPECT_THAT(DecodeManifest(Require(EncodeManifest(manifest)), "m"),
              FailsWith(base::Code::kCorruptData, "rows"));
}

TEST_F(StoredManifestTest, WhatCannotBeReadBackIsNotWritten) {
  for (const int64_t fragments : {1, 100}) {  // 100: in a part
    Manifest manifest = Append(1);
    manifest.sequence += 1;
    manifest.commit = IdNamed(fmt::format("bad {}", fragments));
    for (int64_t i = 0; i < fragments; ++i) manifest.tail.push_back(FragmentNumbered(1000 + i));
    manifest.tail.back().object = "../x";
    const size_t objects = Require(store_.List("t/")).size();
    EXPECT_THAT(WriteManifest(&store_, "t", &manifest),
                FailsWith(base::Code::kCorruptData, "manifest of a table"));
    EXPECT_EQ(Require(store_.List("t/")).size(), objects);
  }
}

TEST_F(StoredManifestTest, WithoutPartsItIsOfTheFirstVersion) {
  const auto version = [&](const Manifest& manifest) {
    const auto bytes = Require(EncodeManifest(manifest))->ToString();
    return bytes.find("skyhook.parts") == std::string::npos ? 1 : 2;
  };
  EXPECT_EQ(version(Append(1)), 1);
  EXPECT_EQ(version(Append(100)), 2);
}

}  // namespace
}  // namespace skyhook::table
