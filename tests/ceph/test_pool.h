// The cluster of the tests as librados shows it: what tests do to objects behind our back.
#pragma once

#include <arrow/buffer.h>
#include <gtest/gtest.h>

#include <rados/librados.hpp>
#include <string>

namespace skyhook::testing {

/// A pool and namespace, by a connection of its own.
class TestPool {
 public:
  TestPool(const std::string& pool, const std::string& name_space) {
    EXPECT_EQ(cluster_.init2("client.admin", "ceph", 0), 0);
    EXPECT_EQ(cluster_.conf_read_file(nullptr), 0);
    EXPECT_EQ(cluster_.connect(), 0);
    EXPECT_EQ(cluster_.ioctx_create(pool.c_str(), io_), 0);
    io_.set_namespace(name_space);
  }
  ~TestPool() {
    io_.close();
    cluster_.shutdown();
  }
  TestPool(const TestPool&) = delete;
  TestPool& operator=(const TestPool&) = delete;

  librados::IoCtx& io() { return io_; }
  void Write(const std::string& object, const arrow::Buffer& bytes) {
    librados::bufferlist content;
    content.append(reinterpret_cast<const char*>(bytes.data()),
                   static_cast<unsigned>(bytes.size()));
    EXPECT_EQ(io_.write_full(object, content), 0);
  }
  void RemoveAll() {
    for (auto object = io_.nobjects_begin(); object != io_.nobjects_end(); ++object) {
      io_.remove(object->get_oid());
    }
  }
  /// Asks the monitors; the answer's text.
  std::string AskMonitors(const std::string& command) {
    librados::bufferlist answer;
    std::string error;
    EXPECT_EQ(cluster_.mon_command(command, {}, &answer, &error), 0) << error;
    return answer.to_str();
  }

 private:
  librados::Rados cluster_;
  librados::IoCtx io_;
};

}  // namespace skyhook::testing
