#include "cls/worker_program.h"

#include <rados/objclass.h>
#include <signal.h>
#include <spawn.h>
#include <unistd.h>

#include <cstring>
#include <string>

extern char** environ;

namespace skyhook::cls {
namespace {

// Nothing of the OSD's memory is copied: posix_spawn shares it until the program runs.
int Spawn(std::string program, std::string niceness, int socket, int window, pid_t* pid) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  posix_spawn_file_actions_adddup2(&actions, socket, worker::kSocket);
  posix_spawn_file_actions_adddup2(&actions, window, worker::kWindow);
  posix_spawn_file_actions_addclosefrom_np(&actions, worker::kWindow + 1);
  sigset_t none;
  sigset_t all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  char* arguments[] = {program.data(), niceness.data(), nullptr};
  pid_t started = -1;
  const int error =
      posix_spawn(&started, program.c_str(), &actions, &attributes, arguments, environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (error == 0) *pid = started;
  return -error;
}

}  // namespace

StartWorker ProgramOf(const Settings& settings) {
  return [program = settings.worker, niceness = std::to_string(settings.niceness)](
             int socket, int window, pid_t* pid) {
    const int error = Spawn(program, niceness, socket, window, pid);
    if (error < 0) cls_log(0, "skyhook: cannot run '%s': %s", program.c_str(), strerror(-error));
    return error;
  };
}

}  // namespace skyhook::cls
