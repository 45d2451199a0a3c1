// skyhookd: serves the Parquet and Arrow files of this machine over Arrow Flight.
#include <arrow/compute/initialize.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

#include "daemon/confinement.h"
#include "daemon/server.h"
#include "daemon/service.h"
#include "daemon/settings.h"
#include "daemon/worker_service.h"
#include "skyhook/base/exceptions.h"
#include "skyhook/base/status.h"
#include "skyhook/lending/host/worker_host.h"
#include "skyhook/lending/host/worker_program.h"

namespace skyhook::daemon {
namespace {

using arrow::Status;

constexpr int64_t kLeastMemory = int64_t{64} << 20;
constexpr int64_t kMostMemory = int64_t{1} << 50;
constexpr int kWrongCommandLine = 2;
constexpr int kCannotServe = 3;

struct Arguments {
  Settings settings;
  std::vector<std::string> exports;
  bool check = false;
};

int64_t HalfOfMemory() { return int64_t{sysconf(_SC_PHYS_PAGES)} / 2 * sysconf(_SC_PAGE_SIZE); }

/// A directory of this process alone for what memory does not hold, in TMPDIR. Removed, with what
/// is left in it, when this goes.
class SpillFolder {
 public:
  SpillFolder() = default;
  ~SpillFolder() {
    if (path_.empty()) return;
    std::error_code ignored;
    for (const auto& left : std::filesystem::directory_iterator(path_, ignored)) {
      std::filesystem::remove_all(left.path(), ignored);
    }
    // remove_all would try to unlink it, which a confined process may not.
    ::rmdir(path_.c_str());
  }
  SpillFolder(const SpillFolder&) = delete;
  SpillFolder& operator=(const SpillFolder&) = delete;

  Status Make() {
    const char* parent = std::getenv("TMPDIR");
    std::string name = parent == nullptr || *parent == '\0' ? "/tmp" : parent;
    name += "/skyhookd-XXXXXX";
    if (mkdtemp(name.data()) == nullptr) {
      return Status::IOError(fmt::format("cannot make '{}': {}", name, std::strerror(errno)));
    }
    path_ = name;
    return Status::OK();
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

void AddOptions(CLI::App* app, Arguments* arguments) {
  Settings* settings = &arguments->settings;
  app->add_option("--export", arguments->exports,
                  "Serve the files and folders of a directory as tables NAME/...; may be repeated")
      ->type_name("NAME=DIR")
      ->required()
      ->allow_extra_args(false);
  app->add_option("--listen", settings->listen, "Where; port 0 takes one that is free")
      ->type_name("grpc[+tls]://ADDRESS:PORT")
      ->capture_default_str();
  app->add_option("--tls-cert", settings->tls_certificate, "The certificate of grpc+tls://, in PEM")
      ->type_name("FILE");
  app->add_option("--tls-key", settings->tls_key, "Its key")->type_name("FILE");
  app->add_option("--tls-client-ca", settings->tls_client_ca,
                  "Take clients alone that show a certificate of these authorities")
      ->type_name("FILE");
  app->add_option("--tokens", settings->tokens,
                  "Take calls alone that bring a token of this file: lines of NAME and SHA-256; "
                  "SIGHUP reads it again")
      ->type_name("FILE");
  app->add_flag("--insecure", settings->insecure,
                "Listen where others than this machine reach it without TLS, or to whoever comes");
  app->add_option("--calls", settings->calls, "Calls at a time; one more is refused as busy")
      ->type_name("N")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
  app->add_option("--memory", settings->memory_bytes,
                  "Memory of all calls together, e.g. 512MB (default: half of the machine's)")
      ->type_name("SIZE")
      ->transform(CLI::AsSizeValue(/*kb_is_1000=*/true))
      ->check(CLI::Range(kLeastMemory, kMostMemory));
  app->add_option("--threads", settings->threads, "Threads of the aggregates of one call")
      ->type_name("N")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
  app->add_option("--worker", settings->worker, "The program skyhook-worker (default: beside this)")
      ->type_name("FILE");
  app->add_option("--drain", settings->drain_seconds,
                  "Seconds that calls under way get when SIGTERM ends it")
      ->type_name("N")
      ->check(CLI::Range(0, 3600))
      ->capture_default_str();
  app->add_flag("--check", arguments->check, "Only check the options");
  app->set_version_flag("--version", std::string("skyhookd ") + SKYHOOK_VERSION);
}

Status ReadArguments(Arguments* arguments) {
  for (const std::string& one : arguments->exports) {
    ARROW_ASSIGN_OR_RAISE(arguments->settings.exports.emplace_back(), ParseExport(one));
  }
  return CheckSettings(arguments->settings);
}

// To standard error, a line at a time, with the time in front.
void WriteLine(const std::string& line) {
  const auto now = std::chrono::system_clock::now();
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch());
  const std::string text =
      fmt::format("time={:%Y-%m-%dT%H:%M:%S}.{:03}Z {}\n",
                  fmt::gmtime(std::chrono::system_clock::to_time_t(now)), ms.count() % 1000, line);
  std::fwrite(text.data(), 1, text.size(), stderr);
}

// Threads started from now on leave these signals to the one that waits for them.
Status BlockSignals(sigset_t* signals) {
  sigemptyset(signals);
  sigaddset(signals, SIGTERM);
  sigaddset(signals, SIGINT);
  sigaddset(signals, SIGHUP);
  sigaddset(signals, SIGCHLD);
  const int error = pthread_sigmask(SIG_BLOCK, signals, nullptr);
  if (error != 0) return Status::IOError("cannot block signals");
  std::signal(SIGPIPE, SIG_IGN);
  return Status::OK();
}

std::string FolderOf(const std::string& file) {
  return std::filesystem::absolute(file).parent_path().string();
}

Status Serve(Settings settings) {
  sigset_t signals;
  ARROW_RETURN_NOT_OK(BlockSignals(&signals));
  SpillFolder spill;
  ARROW_RETURN_NOT_OK(spill.Make());
  settings.spill_directory = spill.path();
  // A process of its own, from before this one is confined.
  const std::string socket = spill.path() + "/workers";
  WorkerService workers;
  ARROW_RETURN_NOT_OK(
      workers.Start(settings.worker.empty() ? WorkerBesideThis() : settings.worker, socket));
  const auto host = std::make_shared<lending::WorkerHost>(
      lending::HostOptions{
          .calls = settings.calls * settings.threads,
          .log = [](const std::string& text) { WriteLine(fmt::format("worker=\"{}\"", text)); }},
      lending::ProgramOf(socket, /*niceness=*/0));
  ARROW_ASSIGN_OR_RAISE(auto service, Service::Make(settings, host));
  std::vector<std::string> roots;
  for (const ExportSettings& one : settings.exports) roots.push_back(one.root);
  ARROW_RETURN_NOT_OK(arrow::compute::Initialize());
  Server server(settings, std::move(service), WriteLine);
  ARROW_RETURN_NOT_OK(server.ReadFiles());
  // The file of tokens is read again, and may be another of the same name by then.
  if (!settings.tokens.empty()) roots.push_back(FolderOf(settings.tokens));
  ARROW_RETURN_NOT_OK(Confine(roots, spill.path()));
  ARROW_RETURN_NOT_OK(server.Start());
  std::string names;
  for (const ExportSettings& one : settings.exports) {
    names += names.empty() ? one.name : ", " + one.name;
  }
  fmt::print("skyhookd: serves {} at {}\n", names, server.address());
  std::fflush(stdout);
  int signal = 0;
  while (sigwait(&signals, &signal) == 0 && (signal == SIGHUP || signal == SIGCHLD)) {
    if (signal == SIGHUP) {
      const Status read = server.Reload();
      WriteLine(read.ok() ? "reloaded=\"tokens\"" : fmt::format("reload=\"{}\"", read.message()));
    } else if (workers.HasEnded()) {
      // This process may not start another any more: whoever watches over it does.
      ARROW_RETURN_NOT_OK(server.Drain());
      return Status::IOError("the process that starts workers has ended");
    }
  }
  WriteLine(fmt::format("ends=\"{}\"", signal == SIGTERM ? "SIGTERM" : "SIGINT"));
  return server.Drain();
}

int Main(int argc, char** argv) {
  // gRPC writes of failed handshakes to standard error, which has lines of its own.
  setenv("GRPC_VERBOSITY", "NONE", /*overwrite=*/0);
  Arguments arguments;
  arguments.settings.memory_bytes = HalfOfMemory();
  CLI::App app("Serves the Parquet and Arrow files of this machine over Arrow Flight", "skyhookd");
  AddOptions(&app, &arguments);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kWrongCommandLine;
  }
  Status status = ReadArguments(&arguments);
  if (!status.ok()) {
    fmt::print(stderr, "skyhookd: {}\n", status.message());
    return kWrongCommandLine;
  }
  if (arguments.check) return 0;
  status = base::CatchExceptions([&] { return Serve(arguments.settings); });
  if (status.ok()) return 0;
  fmt::print(stderr, "skyhookd: {}\n", status.message());
  return kCannotServe;
}

}  // namespace
}  // namespace skyhook::daemon

int main(int argc, char** argv) { return skyhook::daemon::Main(argc, argv); }
