// The program killed between any two system calls that change a directory: what is left is read,
// listed, put again and vacuumed each time.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "skyhook/objects/local/local_store.h"
#include "skyhook/testing/temporary_directory.h"
#include "tests/crash/cut_off_verb.h"

namespace skyhook::crash {
namespace {

class Directory : public Place {
 public:
  std::string Uri() const override { return directory_.path() + "/store/t"; }
  std::string FileNamed(const std::string& name) const override { return directory_.File(name); }
  std::shared_ptr<objects::ObjectStore> Open() const override {
    return objects::local::MakeLocalStore(directory_.path() + "/store");
  }
  void Save() override { Copy(directory_.path() + "/store", directory_.path() + "/saved"); }
  void Restore() override { Copy(directory_.path() + "/saved", directory_.path() + "/store"); }
  std::string Preloaded() const override { return SKYHOOK_CUT_OFF_FILES; }

 private:
  static void Copy(const std::string& from, const std::string& to) {
    std::filesystem::remove_all(to);
    if (!std::filesystem::exists(from)) return;
    std::filesystem::copy(from, to, std::filesystem::copy_options::recursive);
  }
  testing::TemporaryDirectory directory_;
};

class CrashTest : public ::testing::TestWithParam<Verb> {};

TEST_P(CrashTest, LeavesNoWrongCountAndNoBlockedStore) {
  Directory directory;
  const int cut_off = CutOffEverywhere(&directory, GetParam());
  EXPECT_GE(cut_off, GetParam().least_steps);
}

INSTANTIATE_TEST_SUITE_P(Verbs, CrashTest, ::testing::ValuesIn(Verbs()),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace skyhook::crash
