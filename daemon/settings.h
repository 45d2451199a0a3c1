// What skyhookd is told to do.
#pragma once

#include <arrow/result.h>

#include <cstdint>
#include <string>
#include <vector>

namespace skyhook::daemon {

/// A directory whose files and folders are tables.
struct ExportSettings {
  std::string name;  ///< letters, digits, `-` and `_`
  std::string root;  ///< as it was given
};

struct Settings {
  std::vector<ExportSettings> exports;  ///< at least one, of different names
  /// `grpc://HOST:PORT`, or `grpc+tls://HOST:PORT`; port 0 takes one that is free.
  std::string listen = "grpc://127.0.0.1:7077";
  /// Files in PEM: what it shows to clients, and its key; of TLS.
  std::string tls_certificate;
  std::string tls_key;
  /// Of whom clients must show a certificate; empty: they need none.
  std::string tls_client_ca;
  /// The file of tokens (daemon/tokens.h); empty: calls need none.
  std::string tokens;
  /// Whether it may listen where others than this machine reach it without TLS, or to whoever
  /// comes.
  bool insecure = false;

  bool has_tls() const;
  /// Calls at a time. One more is refused as busy.
  int calls = 16;
  /// What all calls may hold together, in bytes: each a part, the cache a sixteenth.
  int64_t memory_bytes = 0;
  /// Threads that the aggregates of one call may use.
  int threads = 1;
  /// Where what memory does not hold is written to.
  std::string spill_directory;
  /// The program skyhook-worker; empty: the one beside this program.
  std::string worker;
  /// What calls under way get when it is told to end, in seconds.
  int drain_seconds = 10;
};

/// `NAME=DIRECTORY`. Invalid: it is written otherwise.
arrow::Result<ExportSettings> ParseExport(const std::string& text);

/// Fails where the settings contradict one another, or an address may not be listened at.
arrow::Status CheckSettings(const Settings& settings);

}  // namespace skyhook::daemon
