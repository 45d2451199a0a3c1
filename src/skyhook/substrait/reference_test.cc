// The reference and our Substrait extension are written out of the catalogue.
#include "skyhook/substrait/reference.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace skyhook::substrait {
namespace {

// The file's content, which SKYHOOK_UPDATE=1 rewrites.
void ExpectFile(const std::string& name, const std::string& content) {
  const auto path = std::filesystem::path(SKYHOOK_SOURCE_DIR) / name;
  if (std::getenv("SKYHOOK_UPDATE") != nullptr) {
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << content;
  }
  std::ifstream file(path);
  std::ostringstream found;
  found << file.rdbuf();
  EXPECT_EQ(found.str(), content) << name << " is not what the catalogue says; "
                                  << "SKYHOOK_UPDATE=1 rewrites it";
}

TEST(Catalogue, ReferenceSaysWhatItSays) {
  ExpectFile("docs/reference/functions.md", FunctionReference());
}

TEST(Catalogue, SubstraitExtensionSaysWhatItSays) {
  ExpectFile("extensions/functions_skyhook.yaml", SubstraitExtension());
}

}  // namespace
}  // namespace skyhook::substrait
