// What tests write into objects.
#pragma once

#include <arrow/buffer.h>

#include <rados/librados.hpp>

namespace skyhook::testing {

inline librados::bufferlist ObjectContent(const arrow::Buffer& bytes) {
  librados::bufferlist content;
  content.append(reinterpret_cast<const char*>(bytes.data()), static_cast<unsigned>(bytes.size()));
  return content;
}

}  // namespace skyhook::testing
