#include "skyhook/store/local/local_store.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

#include "skyhook/base/file_source.h"
#include "skyhook/base/status.h"

namespace skyhook::store::local {

using arrow::Result;
using arrow::Status;

namespace {

namespace fs = std::filesystem;

constexpr char kLock[] = ".lock";
constexpr char kNew[] = ".new-";

Status SystemError(const char* what, const fs::path& path, int error) {
  return Status::IOError(fmt::format("{} '{}': {}", what, path.string(), std::strerror(error)));
}

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int number() const { return number_; }
  bool open() const { return number_ >= 0; }

 private:
  int number_;
};

// What was renamed or removed in `directory` survives a loss of power.
Status SyncDirectory(const fs::path& directory) {
  const Descriptor descriptor(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!descriptor.open() || ::fsync(descriptor.number()) != 0) {
    return SystemError("cannot sync", directory, errno);
  }
  return Status::OK();
}

Status WriteAll(int descriptor, std::string_view bytes, const fs::path& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return SystemError("cannot write", path, errno);
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  if (::fsync(descriptor) != 0) return SystemError("cannot sync", path, errno);
  return Status::OK();
}

// A file that is not in place yet: removed with it, unless it was renamed.
class NewFile {
 public:
  explicit NewFile(const fs::path& directory) : path_(directory / (kNew + UniqueId())) {}
  ~NewFile() { ::unlink(path_.c_str()); }
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;

  Status Write(std::string_view bytes) const {
    const Descriptor descriptor(
        ::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
    if (!descriptor.open()) return SystemError("cannot create", path_, errno);
    return WriteAll(descriptor.number(), bytes, path_);
  }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

Status MakeDirectories(const fs::path& directory) {
  std::error_code error;
  fs::create_directories(directory, error);
  return error ? SystemError("cannot make directory", directory, error.value()) : Status::OK();
}

// Holds whoever else swings pointers of a directory off.
class DirectoryLock {
 public:
  static Result<std::unique_ptr<DirectoryLock>> Take(const fs::path& directory) {
    const fs::path path = directory / kLock;
    auto lock =
        std::make_unique<DirectoryLock>(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666));
    if (!lock->file_.open()) return SystemError("cannot open", path, errno);
    while (::flock(lock->file_.number(), LOCK_EX) != 0) {
      if (errno != EINTR) return SystemError("cannot lock", path, errno);
    }
    return lock;
  }
  explicit DirectoryLock(int descriptor) : file_(descriptor) {}

 private:
  Descriptor file_;
};

class LocalStore : public ObjectStore {
 public:
  explicit LocalStore(std::string root) : root_(std::move(root)) {}

  std::string UriOf(const std::string& object) const override { return PathOf(object).string(); }

  Result<bool> Create(const std::string& object, const arrow::Buffer& bytes) override {
    const fs::path path = PathOf(object);
    ARROW_RETURN_NOT_OK(MakeDirectories(path.parent_path()));
    const NewFile file(path.parent_path());
    ARROW_RETURN_NOT_OK(file.Write(std::string_view(bytes)));
    if (::link(file.path().c_str(), path.c_str()) != 0) {
      if (errno == EEXIST) return false;
      return SystemError("cannot create", path, errno);
    }
    ARROW_RETURN_NOT_OK(SyncDirectory(path.parent_path()));
    return true;
  }

  Result<std::optional<ObjectInfo>> Look(const std::string& object) override {
    const fs::path path = PathOf(object);
    struct stat file {};
    if (::stat(path.c_str(), &file) != 0) {
      if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;
      return SystemError("cannot look at", path, errno);
    }
    return ObjectInfo{file.st_size,
                      int64_t{file.st_mtim.tv_sec} * 1'000'000'000 + file.st_mtim.tv_nsec};
  }

  Result<std::shared_ptr<base::ByteSource>> OpenObject(const std::string& object) override {
    return base::OpenFile(PathOf(object).string());
  }

  Status Remove(const std::string& object) override {
    const fs::path path = PathOf(object);
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) {
      return SystemError("cannot remove", path, errno);
    }
    RemoveIfUnused(path.parent_path());
    return Status::OK();
  }

  Result<std::vector<std::string>> List(const std::string& prefix) override {
    std::vector<std::string> names;
    const size_t slash = prefix.rfind('/');
    const fs::path from = slash == std::string::npos ? root_ : root_ / prefix.substr(0, slash);
    std::error_code error;
    if (!fs::exists(from, error)) return names;
    for (fs::recursive_directory_iterator entry(from, error), end; !error && entry != end;
         entry.increment(error)) {
      const std::string name = entry->path().lexically_relative(root_).generic_string();
      const bool file = entry->is_regular_file(error);
      if (file && entry->path().filename() != kLock && name.starts_with(prefix)) {
        names.push_back(name);
      }
    }
    if (error) return SystemError("cannot list", from, error.value());
    std::sort(names.begin(), names.end());
    return names;
  }

  Result<std::optional<std::string>> ReadPointer(const std::string& pointer) override {
    ARROW_ASSIGN_OR_RAISE(const auto info, Look(pointer));
    if (!info.has_value()) return std::nullopt;
    auto source = OpenObject(pointer);
    if (!source.ok()) {
      // It may have been removed, or swung, since.
      ARROW_ASSIGN_OR_RAISE(const auto now, Look(pointer));
      if (!now.has_value()) return std::nullopt;
      return source.status();
    }
    const int64_t bytes = std::min((*source)->size(), kMostPointerBytes);
    ARROW_ASSIGN_OR_RAISE(const auto content, (*source)->ReadOne({0, bytes}));
    return content->ToString();
  }

  Result<bool> SwingPointer(const std::string& pointer, const std::optional<std::string>& expected,
                            const std::optional<std::string>& next) override {
    const fs::path path = PathOf(pointer);
    const fs::path directory = path.parent_path();
    if (next.has_value()) ARROW_RETURN_NOT_OK(MakeDirectories(directory));
    std::error_code ignored;
    if (!fs::exists(directory, ignored)) return !expected.has_value();
    {
      ARROW_ASSIGN_OR_RAISE(const auto lock, DirectoryLock::Take(directory));
      ARROW_ASSIGN_OR_RAISE(const auto now, ReadPointer(pointer));
      if (now != expected) return false;
      ARROW_RETURN_NOT_OK(next.has_value() ? Replace(path, *next) : Unlink(path));
      ARROW_RETURN_NOT_OK(SyncDirectory(directory));
    }
    return true;
  }

 private:
  static Status Replace(const fs::path& path, const std::string& content) {
    const NewFile file(path.parent_path());
    ARROW_RETURN_NOT_OK(file.Write(content));
    if (::rename(file.path().c_str(), path.c_str()) != 0) {
      return SystemError("cannot replace", path, errno);
    }
    return Status::OK();
  }
  static Status Unlink(const fs::path& path) {
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) {
      return SystemError("cannot remove", path, errno);
    }
    return Status::OK();
  }

  // The directory of a table whose last object is gone.
  void RemoveIfUnused(const fs::path& directory) const {
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(directory, ignored)) {
      if (entry.path().filename() != kLock) return;
    }
    fs::remove(directory / kLock, ignored);
    if (directory != root_) fs::remove(directory, ignored);
  }

  fs::path PathOf(const std::string& object) const { return root_ / object; }

  const fs::path root_;
};

}  // namespace

std::shared_ptr<ObjectStore> MakeLocalStore(std::string root) {
  return std::make_shared<LocalStore>(root.empty() ? "." : std::move(root));
}

}  // namespace skyhook::store::local
