#include "skyhook/objects/rados/bytes.h"

#include <cstring>
#include <rados/librados.hpp>
#include <utility>

namespace skyhook::objects::rados {
namespace {

// Keeps the piece of Ceph's memory that it shows.
class Piece : public arrow::Buffer {
 public:
  explicit Piece(ceph::bufferptr piece)
      : arrow::Buffer(reinterpret_cast<const uint8_t*>(piece.c_str()), piece.length()),
        piece_(std::move(piece)) {}

 private:
  ceph::bufferptr piece_;
};

}  // namespace

arrow::Result<std::shared_ptr<arrow::Buffer>> BufferOf(ceph::bufferlist bytes) {
  if (bytes.get_num_buffers() == 1) return std::make_shared<Piece>(bytes.front());
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> buffer,
                        arrow::AllocateBuffer(bytes.length()));
  uint8_t* to = buffer->mutable_data();
  for (const auto& part : bytes.buffers()) {
    std::memcpy(to, part.c_str(), part.length());
    to += part.length();
  }
  return buffer;
}

}  // namespace skyhook::objects::rados
