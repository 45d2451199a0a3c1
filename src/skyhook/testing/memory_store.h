// A store in memory, and one that fails or is cut off at a chosen operation.
#pragma once

#include <arrow/buffer.h>

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "skyhook/objects/object_store.h"

namespace skyhook::testing {

/// Thread-safe. The clock is what `now_ns` says.
class MemoryStore : public objects::ObjectStore {
 public:
  std::string UriOf(const std::string& object) const override { return "memory:" + object; }
  arrow::Result<bool> Create(const std::string& object, const arrow::Buffer& bytes) override;
  arrow::Result<std::optional<objects::ObjectInfo>> Look(const std::string& object) override;
  arrow::Result<std::shared_ptr<base::ByteSource>> OpenObject(const std::string& object) override;
  arrow::Status Remove(const std::string& object) override;
  arrow::Result<std::vector<std::string>> List(const std::string& prefix) override;
  arrow::Result<std::optional<std::string>> ReadPointer(const std::string& pointer) override;
  arrow::Result<bool> SwingPointer(const std::string& pointer,
                                   const std::optional<std::string>& expected,
                                   const std::optional<std::string>& next) override;
  arrow::Result<std::unique_ptr<objects::Presence>> ShowPresence(
      const std::string& object) override;
  arrow::Result<bool> IsPresent(const std::string& object) override;

  /// Changes what is stored behind the back of whoever wrote it.
  void Overwrite(const std::string& object, const std::string& bytes);
  void SetAge(const std::string& object, int64_t age_ns);

 private:
  struct Object {
    std::shared_ptr<arrow::Buffer> bytes;
    int64_t modified_ns = 0;
  };
  std::mutex mutex_;
  std::map<std::string, Object> objects_;
  class ShownPresence;
  std::set<std::string> present_;
};

/// Passes `operations` changes on to a store. The one after them is done or not, as `last` says,
/// and its outcome lost; nothing after it reaches the store: the writer is dead, or its link is.
class CutOffStore : public objects::ObjectStore {
 public:
  enum class Last { kNotDone, kDone };
  CutOffStore(std::shared_ptr<objects::ObjectStore> store, int operations, Last last)
      : store_(std::move(store)), left_(operations), last_(last) {}

  std::string UriOf(const std::string& object) const override { return store_->UriOf(object); }
  arrow::Result<bool> Create(const std::string& object, const arrow::Buffer& bytes) override;
  arrow::Result<std::optional<objects::ObjectInfo>> Look(const std::string& object) override;
  arrow::Result<std::shared_ptr<base::ByteSource>> OpenObject(const std::string& object) override;
  arrow::Status Remove(const std::string& object) override;
  arrow::Result<std::vector<std::string>> List(const std::string& prefix) override;
  arrow::Result<std::optional<std::string>> ReadPointer(const std::string& pointer) override;
  arrow::Result<bool> SwingPointer(const std::string& pointer,
                                   const std::optional<std::string>& expected,
                                   const std::optional<std::string>& next) override;
  arrow::Result<std::unique_ptr<objects::Presence>> ShowPresence(
      const std::string& object) override;
  arrow::Result<bool> IsPresent(const std::string& object) override;

  /// The link comes back: everything is passed on again.
  void Restore();
  bool cut_off() const;

 private:
  enum class Step { kPass, kDoAndLose, kLose };
  Step NextChange();
  arrow::Status CheckLink() const;

  std::shared_ptr<objects::ObjectStore> store_;
  mutable std::mutex mutex_;
  int left_;
  const Last last_;
  bool cut_off_ = false;
  bool restored_ = false;
};

}  // namespace skyhook::testing
