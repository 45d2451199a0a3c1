// What the verbs of Flight do, without Flight.
#pragma once

#include <arrow/record_batch.h>
#include <arrow/result.h>
#include <arrow/type.h>
#include <arrow/util/cancel.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/exports.h"
#include "daemon/settings.h"
#include "daemon/ticket.h"
#include "skyhook/base/byte_source.h"
#include "skyhook/client/scan.h"
#include "skyhook/client/session.h"
#include "skyhook/client/table.h"
#include "skyhook/lending/host/worker_host.h"
#include "skyhook/site/site.h"
#include "skyhook/wire/request.h"

namespace skyhook::daemon {

/// Thread-safe.
class Service {
 public:
  /// The kernel runs in workers of `host`, which is asked for whatever reads a file's values; null:
  /// in this process.
  static arrow::Result<std::unique_ptr<Service>> Make(const Settings& settings,
                                                      std::shared_ptr<lending::WorkerHost> host);

  arrow::Result<std::vector<TableName>> List(const arrow::StopToken& stop) const {
    return exports_->List(stop);
  }
  /// As Exports::Shown.
  arrow::Status Shown(const arrow::Status& status) const { return exports_->Shown(status); }
  /// `table` is "export/table". Invalid: it is written otherwise; KeyError: there is none.
  arrow::Result<std::shared_ptr<const client::Table>> OpenTable(const std::string& table,
                                                                const arrow::StopToken& stop) const;
  /// {"rows", "bytes", "schema", "fragments": [{"name", "version", "rows", "bytes",
  /// "row_groups"}]}.
  arrow::Result<std::string> DescriptionAsJson(const std::string& table,
                                               const arrow::StopToken& stop) const;
  /// What Read gives, without reading.
  arrow::Result<std::shared_ptr<arrow::Schema>> SchemaOf(const RowsTicket& ticket,
                                                         const arrow::StopToken& stop) const;
  /// The rows, in declared types. Aggregates and sorts of a plan are computed before this returns.
  arrow::Result<std::shared_ptr<arrow::RecordBatchReader>> Read(const RowsTicket& ticket,
                                                                const arrow::StopToken& stop) const;

  arrow::Result<std::vector<std::string>> TablesOf(const TablesTicket& ticket,
                                                   const arrow::StopToken& stop) const {
    return exports_->TablesOf(ticket.export_name, stop);
  }
  /// The files of a table, as BytesTicket and WireTicket name them, in its order.
  arrow::Result<std::vector<std::string>> FilesOf(const FilesTicket& ticket,
                                                  const arrow::StopToken& stop) const;
  arrow::Result<std::shared_ptr<base::ByteSource>> OpenBytes(const BytesTicket& ticket) const;
  /// Runs the request, of which `ticket` has the bytes and `decoded` receives what they say.
  arrow::Result<std::unique_ptr<site::Answer>> Run(const WireTicket& ticket,
                                                   const arrow::StopToken& stop,
                                                   wire::Request* decoded) const;

 private:
  struct Opened;

  explicit Service(Settings settings) : settings_(std::move(settings)) {}
  int64_t MemoryOfCall() const;
  client::ScanOptions OptionsOf(const arrow::StopToken& stop) const;
  arrow::Result<std::shared_ptr<const client::Table>> OpenNamed(
      const std::vector<std::string>& parts, const arrow::StopToken& stop) const;
  arrow::Result<std::shared_ptr<const client::Table>> OpenFor(const RowsTicket& ticket,
                                                              const arrow::StopToken& stop) const;

  const Settings settings_;
  std::shared_ptr<site::Site> bytes_;    ///< hands out bytes of files
  std::shared_ptr<site::Site> kernels_;  ///< runs pipelines over them
  std::unique_ptr<client::Session> session_;
  std::unique_ptr<Exports> exports_;
};

}  // namespace skyhook::daemon
