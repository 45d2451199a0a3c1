#include "tests/crash/cut_off_verb.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>

#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>

#include "skyhook/client/scan.h"
#include "skyhook/client/session_testing.h"
#include "skyhook/client/stored_table.h"
#include "skyhook/table/location.h"
#include "skyhook/table/stored_manifest.h"
#include "skyhook/table/table.h"
#include "skyhook/table/table_testing.h"
#include "skyhook/table/upkeep.h"
#include "skyhook/testing/pipelines.h"

namespace skyhook::crash {
namespace {

using ::testing::AnyOf;
using testing::FailsWith;
using ::testing::HasSubstr;
using testing::Require;

constexpr char kTable[] = "t";
constexpr int64_t kRowsBefore = 20;
constexpr int64_t kRowsAdded = 5;
constexpr int kMostCuts = 500;

/// How a run of the program ended.
struct Ran {
  int signal = 0;
  int code = 0;
  std::string errors;
};

Ran Run(const Place& place, const std::vector<std::string>& arguments, int cut_off_at) {
  const std::string log = place.FileNamed("errors");
  std::vector<std::string> words = {SKYHOOK_TEST_PROGRAMS "/skyhook"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  std::vector<std::string> variables;
  for (char** variable = environ; *variable != nullptr; ++variable) variables.push_back(*variable);
  if (cut_off_at > 0) {
    variables.push_back("LD_PRELOAD=" + place.Preloaded());
    variables.push_back("SKYHOOK_CUT_OFF_AT=" + std::to_string(cut_off_at));
  }
  std::vector<char*> environment;
  for (std::string& variable : variables) environment.push_back(variable.data());
  environment.push_back(nullptr);
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addopen(&files, 2, log.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  pid_t child = 0;
  EXPECT_EQ(posix_spawn(&child, argv[0], &files, nullptr, argv.data(), environment.data()), 0);
  posix_spawn_file_actions_destroy(&files);
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  std::ostringstream errors;
  errors << std::ifstream(log).rdbuf();
  return {WIFSIGNALED(status) ? WTERMSIG(status) : 0, WIFEXITED(status) ? WEXITSTATUS(status) : 0,
          errors.str()};
}

/// What somebody sees who reads the table by its name: its rows, or -1 where there is none.
int64_t RowsByName(const Place& place) {
  const auto table = client::OpenAlone(place.Uri());
  if (!table.ok()) {
    EXPECT_TRUE(table.status().IsIOError()) << table.status().ToString();
    EXPECT_THAT(table.status().message(),
                AnyOf(HasSubstr("there is no table"), HasSubstr("cannot open"),
                      HasSubstr("nothing matches")));
    return -1;
  }
  plan::Pipeline pipeline = testing::Read(*(*table)->schema, {"n"});
  const auto scan = Require(client::Scan::Make(*table, std::move(pipeline), {}));
  const auto reader = Require(client::ToReader(scan));
  int64_t rows = 0;
  while (const auto batch = Require(reader->Next())) rows += batch->num_rows();
  EXPECT_EQ(rows, (*table)->num_rows());
  return rows;
}

/// The objects of the table, and those that its snapshots need.
struct Objects {
  std::set<std::string> there;
  std::set<std::string> needed;
};

Objects ObjectsOf(objects::ObjectStore* store) {
  Objects objects;
  for (const auto& name : Require(store->List(std::string(kTable) + "/")))
    objects.there.insert(name);
  const auto history = Require(table::History(store, kTable));
  std::vector<const table::Manifest*> manifests;
  for (const auto& manifest : history) manifests.push_back(&manifest);
  objects.needed = Require(table::NeededBy(store, kTable, manifests));
  if (!history.empty()) objects.needed.insert(table::HeadOf(kTable));
  return objects;
}

/// Every snapshot is whole, whoever lists the store sees the table or that there is none.
void ExpectWhole(objects::ObjectStore* store, int64_t rows) {
  const auto listing = Require(table::ListTables(store));
  EXPECT_EQ(listing.tables.size(), rows < 0 ? 0u : 1u);
  for (const auto& manifest : Require(table::History(store, kTable))) {
    const auto snapshot = Require(table::LoadSnapshot(store, kTable, manifest));
    EXPECT_THAT(Require(table::Verify(store, kTable, snapshot, nullptr)).problems,
                ::testing::IsEmpty());
    EXPECT_EQ(static_cast<int64_t>(table::NumbersIn(store, kTable, snapshot).size()),
              manifest.num_rows());
  }
}

bool HoldsJournal(objects::ObjectStore* store) {
  return !Require(store->List(std::string(kTable) + "/_put-")).empty();
}

std::vector<std::string> ArgumentsOf(const Place& place, const Verb& verb) {
  std::vector<std::string> arguments = verb.arguments;
  for (std::string& argument : arguments) {
    if (argument == "FILE") argument = place.FileNamed("file.parquet");
    if (argument == "TABLE") argument = place.Uri();
  }
  return arguments;
}

void WriteFile(const Place& place, const std::string& name, int64_t first, int64_t rows) {
  const auto file = table::CountingFile(name, first, rows, rows);
  testing::WriteBytes(place.FileNamed(name), table::ContentOf(file.get()));
}

/// A table of two snapshots, of two objects that compact joins.
void MakeTable(const Place& place) {
  WriteFile(place, "before.parquet", 0, kRowsBefore / 2);
  WriteFile(place, "more.parquet", kRowsBefore / 2, kRowsBefore / 2);
  for (const char* name : {"before.parquet", "more.parquet"}) {
    const Ran ran = Run(place, {"put", place.FileNamed(name), place.Uri(), "--append"}, 0);
    ASSERT_EQ(ran.code, 0) << ran.errors;
  }
}

/// After a cut: what is there, then the verb once more, then vacuum.
void ExpectRecovers(Place* place, const Verb& verb) {
  const int64_t before = verb.table_before ? kRowsBefore : -1;
  const auto store = place->Open();
  const int64_t seen = RowsByName(*place);
  EXPECT_THAT(seen, AnyOf(before, verb.rows_after));
  ExpectWhole(store.get(), seen);
  const bool ended = seen == verb.rows_after && seen != before && !HoldsJournal(store.get());
  const int64_t expected = verb.rows_after + (ended && verb.adds ? kRowsAdded : 0);
  const Ran again = Run(*place, ArgumentsOf(*place, verb), 0);
  const bool gone = verb.rows_after < 0 && seen < 0;
  const bool refused = ended && verb.name == "Put";
  if (gone) {
    EXPECT_THAT(again.errors, HasSubstr("there is no table"));
  } else if (refused) {
    EXPECT_THAT(again.errors, HasSubstr("is there already"));
  } else {
    EXPECT_EQ(again.code, 0) << again.errors;
  }
  EXPECT_EQ(RowsByName(*place), expected);
  ExpectWhole(store.get(), expected);
  const Ran vacuumed = Run(*place, {"vacuum", place->Uri(), "--keep", "0"}, 0);
  EXPECT_TRUE(expected < 0 || vacuumed.code == 0) << vacuumed.errors;
  EXPECT_EQ(RowsByName(*place), expected);
  const Objects objects = ObjectsOf(store.get());
  EXPECT_EQ(objects.there, objects.needed);
}

}  // namespace

void PrintTo(const Verb& verb, std::ostream* out) { *out << verb.name; }

std::vector<Verb> Verbs() {
  return {
      {"Put", {"put", "FILE", "TABLE"}, false, kRowsAdded, false, 8},
      {"Append", {"put", "FILE", "TABLE", "--append"}, true, kRowsBefore + kRowsAdded, true, 8},
      {"Replace", {"put", "FILE", "TABLE", "--replace"}, true, kRowsAdded, false, 8},
      {"Compact", {"compact", "TABLE"}, true, kRowsBefore, false, 5},
      {"Vacuum", {"vacuum", "TABLE", "--keep", "0"}, true, kRowsBefore, false, 1},
      {"Remove", {"rm", "TABLE"}, true, -1, false, 5},
  };
}

int CutOffEverywhere(Place* place, const Verb& verb) {
  WriteFile(*place, "file.parquet", 1000, kRowsAdded);
  if (verb.table_before) MakeTable(*place);
  place->Save();
  for (int at = 1; at < kMostCuts && !::testing::Test::HasFailure(); ++at) {
    SCOPED_TRACE(fmt::format("{} cut off at change {}", verb.name, at));
    place->Restore();
    const Ran ran = Run(*place, ArgumentsOf(*place, verb), at);
    if (ran.signal == 0) {
      EXPECT_EQ(ran.code, 0) << ran.errors;
      return at - 1;
    }
    EXPECT_EQ(ran.signal, SIGKILL);
    ExpectRecovers(place, verb);
  }
  return -1;
}

}  // namespace skyhook::crash
