#include "skyhook/objects/local/local_store.h"

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

#include "skyhook/base/exceptions.h"
#include "skyhook/base/file_descriptor.h"
#include "skyhook/base/file_source.h"
#include "skyhook/base/status.h"
#include "skyhook/base/write_error.h"

namespace skyhook::objects::local {

using arrow::Result;
using arrow::Status;

namespace {

namespace fs = std::filesystem;

constexpr char kLock[] = ".lock";
constexpr char kNew[] = ".new-";
constexpr int kMostTries = 100;  // against somebody who removes directories

Status SystemError(const char* what, const fs::path& path, int error) {
  return Status::IOError(fmt::format("{} '{}': {}", what, path.string(), std::strerror(error)));
}

// The same of what writes: a lock is taken by those only.
Status CannotWrite(const char* what, const fs::path& path, int error) {
  return base::WriteError(SystemError(what, path, error).message());
}

// What was renamed or removed in `directory` survives a loss of power.
Status SyncDirectory(const fs::path& directory) {
  const base::FileDescriptor descriptor(
      ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!descriptor.is_open() || ::fsync(descriptor.get()) != 0) {
    return CannotWrite("cannot sync", directory, errno);
  }
  return Status::OK();
}

Status WriteAll(int descriptor, std::string_view bytes, const fs::path& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return CannotWrite("cannot write", path, errno);
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  if (::fsync(descriptor) != 0) return CannotWrite("cannot sync", path, errno);
  return Status::OK();
}

// A file that is not in place yet: removed with it, unless it was renamed.
class NewFile {
 public:
  explicit NewFile(const fs::path& directory) : path_(directory / (kNew + UniqueId())) {}
  ~NewFile() { ::unlink(path_.c_str()); }
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;

  /// False: its directory is not there.
  Result<bool> Write(std::string_view bytes) const {
    const base::FileDescriptor descriptor(
        ::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
    if (!descriptor.is_open() && errno == ENOENT) return false;
    if (!descriptor.is_open()) return CannotWrite("cannot create", path_, errno);
    ARROW_RETURN_NOT_OK(WriteAll(descriptor.get(), bytes, path_));
    return true;
  }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

Status MakeDirectories(const fs::path& directory) {
  std::error_code error;
  fs::create_directories(directory, error);
  return error ? CannotWrite("cannot make directory", directory, error.value()) : Status::OK();
}

// Holds whoever else swings pointers of a directory off.
//
// The lock is that of the file which has the lock's name: whoever waited for one that was removed
// meanwhile, with its directory, holds nothing.
class DirectoryLock {
 public:
  /// Waits. Null: the directory is not there.
  static Result<std::unique_ptr<DirectoryLock>> Take(const fs::path& directory) {
    while (true) {
      ARROW_ASSIGN_OR_RAISE(auto lock, Open(directory));
      if (lock == nullptr) return nullptr;
      while (::flock(lock->file_.get(), LOCK_EX) != 0) {
        if (errno != EINTR) return CannotWrite("cannot lock", lock->path_, errno);
      }
      if (lock->IsInPlace()) return lock;
    }
  }

  /// Null: another holds it, or the directory is not there.
  static std::unique_ptr<DirectoryLock> TryToTake(const fs::path& directory) {
    auto lock = Open(directory);
    if (!lock.ok() || *lock == nullptr) return nullptr;
    const bool taken = ::flock((*lock)->file_.get(), LOCK_EX | LOCK_NB) == 0;
    return taken && (*lock)->IsInPlace() ? *std::move(lock) : nullptr;
  }

  DirectoryLock(int descriptor, fs::path path) : file_(descriptor), path_(std::move(path)) {}

 private:
  static Result<std::unique_ptr<DirectoryLock>> Open(const fs::path& directory) {
    const fs::path path = directory / kLock;
    const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (descriptor < 0 && errno == ENOENT) return nullptr;
    if (descriptor < 0) return SystemError("cannot open", path, errno);
    return std::make_unique<DirectoryLock>(descriptor, path);
  }

  bool IsInPlace() const {
    struct stat held {};
    struct stat named {};
    return ::fstat(file_.get(), &held) == 0 && ::stat(path_.c_str(), &named) == 0 &&
           held.st_ino == named.st_ino && held.st_dev == named.st_dev;
  }

  base::FileDescriptor file_;
  fs::path path_;
};

// The directory of a table whose last object is gone. Whoever is about to write into it has made
// it, and makes it again.
void RemoveIfUnused(const fs::path& directory) {
  const auto holds_only_lock = [&] {
    std::error_code error;
    fs::directory_iterator entry(directory, error);
    for (const fs::directory_iterator end; !error && entry != end; entry.increment(error)) {
      if (entry->path().filename() != kLock) return false;
    }
    return !error;
  };
  if (!holds_only_lock()) return;
  const auto lock = DirectoryLock::TryToTake(directory);
  if (lock == nullptr || !holds_only_lock()) return;
  ::unlink((directory / kLock).c_str());
  ::rmdir(directory.c_str());
}

// Makes `directory` and runs `write`, again while that says that it did not find the directory.
template <typename Write>
Status WriteInto(const fs::path& directory, const Write& write) {
  for (int attempt = 0; attempt < kMostTries; ++attempt) {
    ARROW_RETURN_NOT_OK(MakeDirectories(directory));
    ARROW_ASSIGN_OR_RAISE(const bool found, write());
    if (found) return Status::OK();
  }
  return Status::IOError(fmt::format("'{}' is removed again and again", directory.string()));
}

// A locked file.
class FilePresence : public Presence {
 public:
  FilePresence(int descriptor, fs::path path) : file_(descriptor), path_(std::move(path)) {}
  ~FilePresence() override {
    ::unlink(path_.c_str());
    base::UnlessMemoryLacks([this] { RemoveIfUnused(path_.parent_path()); });
  }

 private:
  base::FileDescriptor file_;
  const fs::path path_;
};

class LocalStore : public ObjectStore {
 public:
  explicit LocalStore(std::string root) : root_(std::move(root)) {}

  std::string UriOf(const std::string& object) const override { return PathOf(object).string(); }

  Result<bool> Create(const std::string& object, const arrow::Buffer& bytes) override {
    const fs::path path = PathOf(object);
    const NewFile file(path.parent_path());
    ARROW_RETURN_NOT_OK(
        WriteInto(path.parent_path(), [&] { return file.Write(std::string_view(bytes)); }));
    if (::link(file.path().c_str(), path.c_str()) != 0) {
      if (errno == EEXIST) return false;
      return CannotWrite("cannot create", path, errno);
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
      return CannotWrite("cannot remove", path, errno);
    }
    if (path.parent_path() != root_) RemoveIfUnused(path.parent_path());
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
    return ReadPath(PathOf(pointer));
  }

  Result<bool> SwingPointer(const std::string& pointer, const std::optional<std::string>& expected,
                            const std::optional<std::string>& next) override {
    const fs::path path = PathOf(pointer);
    const fs::path directory = path.parent_path();
    if (!next.has_value()) {
      ARROW_ASSIGN_OR_RAISE(const auto lock, DirectoryLock::Take(directory));
      if (lock == nullptr) return !expected.has_value();
      return SwingLocked(path, expected, next);
    }
    bool swung = false;
    ARROW_RETURN_NOT_OK(WriteInto(directory, [&]() -> Result<bool> {
      ARROW_ASSIGN_OR_RAISE(const auto lock, DirectoryLock::Take(directory));
      if (lock == nullptr) return false;
      ARROW_ASSIGN_OR_RAISE(swung, SwingLocked(path, expected, next));
      return true;
    }));
    return swung;
  }

  Result<std::unique_ptr<Presence>> ShowPresence(const std::string& object) override {
    const fs::path path = PathOf(object);
    int descriptor = -1;
    ARROW_RETURN_NOT_OK(WriteInto(path.parent_path(), [&]() -> Result<bool> {
      descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
      if (descriptor < 0 && errno != ENOENT) {
        return CannotWrite("cannot create", path, errno);
      }
      return descriptor >= 0;
    }));
    auto presence = std::make_unique<FilePresence>(descriptor, path);
    // Whoever looks whether it is locked holds it for a moment.
    while (::flock(descriptor, LOCK_EX) != 0) {
      if (errno != EINTR) return CannotWrite("cannot lock", path, errno);
    }
    return presence;
  }

  Result<bool> IsPresent(const std::string& object) override {
    const fs::path path = PathOf(object);
    const base::FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file.is_open() && errno == ENOENT) return false;
    if (!file.is_open()) return SystemError("cannot open", path, errno);
    if (::flock(file.get(), LOCK_SH | LOCK_NB) == 0) return false;
    if (errno == EWOULDBLOCK) return true;
    return CannotWrite("cannot lock", path, errno);
  }

 private:
  Result<bool> SwingLocked(const fs::path& path, const std::optional<std::string>& expected,
                           const std::optional<std::string>& next) {
    ARROW_ASSIGN_OR_RAISE(const auto now, ReadPath(path));
    if (now != expected) return false;
    ARROW_RETURN_NOT_OK(next.has_value() ? Replace(path, *next) : Unlink(path));
    ARROW_RETURN_NOT_OK(SyncDirectory(path.parent_path()));
    return true;
  }

  static Result<std::optional<std::string>> ReadPath(const fs::path& path) {
    const base::FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file.is_open() && (errno == ENOENT || errno == ENOTDIR)) return std::nullopt;
    if (!file.is_open()) return SystemError("cannot open", path, errno);
    std::string content(kMostPointerBytes, '\0');
    size_t bytes = 0;
    while (bytes < content.size()) {
      const ssize_t got = ::read(file.get(), content.data() + bytes, content.size() - bytes);
      if (got < 0 && errno != EINTR) return SystemError("cannot read", path, errno);
      if (got == 0) break;
      if (got > 0) bytes += static_cast<size_t>(got);
    }
    content.resize(bytes);
    return content;
  }
  static Status Replace(const fs::path& path, const std::string& content) {
    const NewFile file(path.parent_path());
    ARROW_RETURN_NOT_OK(file.Write(content));
    if (::rename(file.path().c_str(), path.c_str()) != 0) {
      return CannotWrite("cannot replace", path, errno);
    }
    return Status::OK();
  }
  static Status Unlink(const fs::path& path) {
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) {
      return CannotWrite("cannot remove", path, errno);
    }
    return Status::OK();
  }

  fs::path PathOf(const std::string& object) const { return root_ / object; }

  const fs::path root_;
};

}  // namespace

std::shared_ptr<ObjectStore> MakeLocalStore(std::string root) {
  return std::make_shared<LocalStore>(root.empty() ? "." : std::move(root));
}

}  // namespace skyhook::objects::local
