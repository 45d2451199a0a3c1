// Bytes as Ceph holds them, and as Arrow does.
#pragma once

#include <arrow/buffer.h>
#include <arrow/result.h>
#include <rados/buffer_fwd.h>

#include <memory>

namespace skyhook::objects::rados {

/// `bytes` in one piece: as they are when they are one, else copied.
arrow::Result<std::shared_ptr<arrow::Buffer>> BufferOf(ceph::bufferlist bytes);

}  // namespace skyhook::objects::rados
