#include "skyhook/testing/memory_store.h"

#include <utility>

#include "skyhook/base/clock.h"

namespace skyhook::testing {

using arrow::Result;
using arrow::Status;

namespace {

Status Lost() { return Status::IOError("the link to the store is gone"); }

}  // namespace

Result<bool> MemoryStore::Create(const std::string& object, const arrow::Buffer& bytes) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const Object made{arrow::Buffer::FromString(bytes.ToString()), base::UnixNanos()};
  return objects_.emplace(object, made).second;
}

Result<std::optional<objects::ObjectInfo>> MemoryStore::Look(const std::string& object) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = objects_.find(object);
  if (found == objects_.end()) return std::nullopt;
  return objects::ObjectInfo{found->second.bytes->size(), found->second.modified_ns};
}

Result<std::shared_ptr<base::ByteSource>> MemoryStore::OpenObject(const std::string& object) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = objects_.find(object);
  if (found == objects_.end()) return Status::IOError("there is no object '", UriOf(object), "'");
  return base::MakeBufferSource(found->second.bytes, UriOf(object));
}

Status MemoryStore::Remove(const std::string& object) {
  const std::lock_guard<std::mutex> lock(mutex_);
  objects_.erase(object);
  return Status::OK();
}

Result<std::vector<std::string>> MemoryStore::List(const std::string& prefix) {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::vector<std::string> names;
  for (const auto& [name, object] : objects_) {
    if (name.starts_with(prefix)) names.push_back(name);
  }
  return names;
}

Result<std::optional<std::string>> MemoryStore::ReadPointer(const std::string& pointer) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = objects_.find(pointer);
  if (found == objects_.end()) return std::nullopt;
  return found->second.bytes->ToString();
}

Result<bool> MemoryStore::SwingPointer(const std::string& pointer,
                                       const std::optional<std::string>& expected,
                                       const std::optional<std::string>& next) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = objects_.find(pointer);
  std::optional<std::string> now;
  if (found != objects_.end()) now = found->second.bytes->ToString();
  if (now != expected) return false;
  if (next.has_value()) {
    objects_[pointer] = {arrow::Buffer::FromString(*next), base::UnixNanos()};
  } else {
    objects_.erase(pointer);
  }
  return true;
}

class MemoryStore::ShownPresence : public objects::Presence {
 public:
  ShownPresence(MemoryStore* store, std::string object)
      : store_(store), object_(std::move(object)) {}
  ~ShownPresence() override {
    const std::lock_guard<std::mutex> lock(store_->mutex_);
    store_->present_.erase(object_);
  }

 private:
  MemoryStore* store_;
  const std::string object_;
};

Result<std::unique_ptr<objects::Presence>> MemoryStore::ShowPresence(const std::string& object) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!present_.insert(object).second) return Status::IOError("'", object, "' was used before");
  return std::make_unique<ShownPresence>(this, object);
}

Result<bool> MemoryStore::IsPresent(const std::string& object) {
  const std::lock_guard<std::mutex> lock(mutex_);
  return present_.contains(object);
}

void MemoryStore::Overwrite(const std::string& object, const std::string& bytes) {
  const std::lock_guard<std::mutex> lock(mutex_);
  objects_[object] = {arrow::Buffer::FromString(bytes), base::UnixNanos()};
}

void MemoryStore::SetAge(const std::string& object, int64_t age_ns) {
  const std::lock_guard<std::mutex> lock(mutex_);
  objects_.at(object).modified_ns = base::UnixNanos() - age_ns;
}

CutOffStore::Step CutOffStore::NextChange() {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (restored_ || (!cut_off_ && left_-- > 0)) return Step::kPass;
  const bool first = !std::exchange(cut_off_, true);
  return first && last_ == Last::kDone ? Step::kDoAndLose : Step::kLose;
}

Status CutOffStore::CheckLink() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return cut_off_ && !restored_ ? Lost() : Status::OK();
}

void CutOffStore::Restore() {
  const std::lock_guard<std::mutex> lock(mutex_);
  restored_ = true;
}

bool CutOffStore::cut_off() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return cut_off_;
}

Result<bool> CutOffStore::Create(const std::string& object, const arrow::Buffer& bytes) {
  const Step step = NextChange();
  if (step == Step::kLose) return Lost();
  auto created = store_->Create(object, bytes);
  return step == Step::kDoAndLose ? Lost() : created;
}

Result<std::optional<objects::ObjectInfo>> CutOffStore::Look(const std::string& object) {
  ARROW_RETURN_NOT_OK(CheckLink());
  return store_->Look(object);
}

Result<std::shared_ptr<base::ByteSource>> CutOffStore::OpenObject(const std::string& object) {
  ARROW_RETURN_NOT_OK(CheckLink());
  return store_->OpenObject(object);
}

Status CutOffStore::Remove(const std::string& object) {
  const Step step = NextChange();
  if (step == Step::kLose) return Lost();
  const Status removed = store_->Remove(object);
  return step == Step::kDoAndLose ? Lost() : removed;
}

Result<std::vector<std::string>> CutOffStore::List(const std::string& prefix) {
  ARROW_RETURN_NOT_OK(CheckLink());
  return store_->List(prefix);
}

Result<std::optional<std::string>> CutOffStore::ReadPointer(const std::string& pointer) {
  ARROW_RETURN_NOT_OK(CheckLink());
  return store_->ReadPointer(pointer);
}

Result<bool> CutOffStore::SwingPointer(const std::string& pointer,
                                       const std::optional<std::string>& expected,
                                       const std::optional<std::string>& next) {
  const Step step = NextChange();
  if (step == Step::kLose) return Lost();
  auto swung = store_->SwingPointer(pointer, expected, next);
  return step == Step::kDoAndLose ? Lost() : swung;
}

Result<std::unique_ptr<objects::Presence>> CutOffStore::ShowPresence(const std::string& object) {
  ARROW_RETURN_NOT_OK(CheckLink());
  return store_->ShowPresence(object);
}

Result<bool> CutOffStore::IsPresent(const std::string& object) {
  ARROW_RETURN_NOT_OK(CheckLink());
  return store_->IsPresent(object);
}

}  // namespace skyhook::testing
