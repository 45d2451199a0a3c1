// Clients of the cluster of the tests, other than client.admin.
#pragma once

#include <fstream>
#include <string>

#include "skyhook/objects/rados_pool.h"
#include "tests/ceph/test_pool.h"

namespace skyhook::testing {

/// How a client connects whose keyring holds `content`; the keyring is put into `directory`.
inline objects::RadosOptions WithKeyring(const std::string& name, const std::string& content,
                                         const std::string& directory) {
  objects::RadosOptions options;
  options.name = name;
  options.keyring = directory + "/" + name;
  std::ofstream(options.keyring) << content;
  return options;
}

/// A client of that name with these capabilities on OSDs, as it connects.
inline objects::RadosOptions NewClient(const std::string& name, const std::string& osd,
                                       const std::string& directory) {
  TestPool owner("replicated", "");
  const std::string key =
      owner.AskMonitors(R"({"prefix": "auth get-or-create", "entity": ")" + name +
                        R"(", "caps": ["mon", "allow r", "osd", ")" + osd + R"("]})");
  return WithKeyring(name, key, directory);
}

}  // namespace skyhook::testing
