// A directory of a test's own, gone with the test.
#pragma once

#include <filesystem>
#include <random>
#include <string>
#include <system_error>

namespace skyhook::testing {

class TemporaryDirectory {
 public:
  TemporaryDirectory() : path_(std::filesystem::temp_directory_path() / RandomName()) {
    std::filesystem::create_directories(path_);
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  std::string path() const { return path_.string(); }

  /// The path of `name` inside, whose folders are made.
  std::string File(const std::string& name) const {
    const std::filesystem::path file = path_ / name;
    std::filesystem::create_directories(file.parent_path());
    return file.string();
  }

 private:
  static std::string RandomName() {
    std::random_device random;
    return "skyhook-test-" + std::to_string(random()) + "-" + std::to_string(random());
  }

  std::filesystem::path path_;
};

}  // namespace skyhook::testing
