#include "skyhook/exec/aggregate/spill.h"

#include <arrow/ipc/reader.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "skyhook/base/status.h"
#include "skyhook/base/write_error.h"

namespace skyhook::exec {

using arrow::Result;
using arrow::Status;

Result<std::unique_ptr<SpillFile>> SpillFile::Make(const std::string& directory,
                                                   std::shared_ptr<arrow::Schema> schema) {
  std::string path = directory + "/skyhook-spill-XXXXXX";
  const int descriptor = mkostemp(path.data(), O_CLOEXEC);
  if (descriptor < 0) {
    return base::WriteError(
        fmt::format("cannot create a spill file in {}: {}", directory, strerror(errno)));
  }
  unlink(path.c_str());
  std::unique_ptr<SpillFile> file(new SpillFile());
  file->to_read_ = base::FileDescriptor(fcntl(descriptor, F_DUPFD_CLOEXEC, 0));
  if (!file->to_read_.is_open()) {
    close(descriptor);
    return Status::IOError("cannot duplicate the descriptor of a spill file: ", strerror(errno));
  }
  ARROW_ASSIGN_OR_RAISE(file->out_, arrow::io::FileOutputStream::Open(descriptor));
  ARROW_ASSIGN_OR_RAISE(file->writer_, arrow::ipc::MakeStreamWriter(file->out_, schema));
  return file;
}

Status SpillFile::Write(const arrow::RecordBatch& batch) {
  return base::AddContext(writer_->WriteRecordBatch(batch), "writing a spill file");
}

Result<std::shared_ptr<arrow::RecordBatchReader>> SpillFile::Read() {
  ARROW_RETURN_NOT_OK(base::AddContext(writer_->Close(), "writing a spill file"));
  ARROW_RETURN_NOT_OK(out_->Close());
  if (lseek(to_read_.get(), 0, SEEK_SET) != 0) {
    return Status::IOError("cannot go back to the start of a spill file: ", strerror(errno));
  }
  ARROW_ASSIGN_OR_RAISE(auto in, arrow::io::ReadableFile::Open(to_read_.get()));
  to_read_.Release();  // now the file's
  ARROW_ASSIGN_OR_RAISE(auto reader, arrow::ipc::RecordBatchStreamReader::Open(in));
  return std::shared_ptr<arrow::RecordBatchReader>(std::move(reader));
}

int64_t SpillFile::size() const { return out_->Tell().ValueOr(0); }

}  // namespace skyhook::exec
