// skyhook-fuzz-seeds DIRECTORY: writes the seeds of every target, each into a folder of its name.
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "fuzz/target.h"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: skyhook-fuzz-seeds DIRECTORY\n");
    return 2;
  }
  for (const skyhook::fuzz::Target* target : skyhook::fuzz::Targets()) {
    const auto folder = std::filesystem::path(argv[1]) / target->name;
    std::filesystem::create_directories(folder);
    int number = 0;
    for (const std::string& seed : target->seeds()) {
      std::ofstream(folder / std::to_string(number++), std::ios::binary) << seed;
    }
    std::printf("%s: %d seeds\n", target->name, number);
  }
}
