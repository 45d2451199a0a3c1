// Every function that our plans call is defined: in Substrait's own YAML files, or in ours.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>
#include <string>

#include "skyhook/substrait/substrait.h"
#include "skyhook/testing/matchers.h"
#include "skyhook/testing/random_pipeline.h"

namespace skyhook::substrait {
namespace {

using testing::Require;

// The abbreviation of a YAML type in signatures.
std::string Abbreviation(std::string type) {
  type = std::regex_replace(type, std::regex("[\"?]"), "");
  std::string name = std::regex_replace(type, std::regex("<.*"), "");
  std::transform(name.begin(), name.end(), name.begin(), [](char c) { return std::tolower(c); });
  if (name.starts_with("any")) return "any";
  if (name == "boolean") return "bool";
  if (name == "string") return "str";
  if (name == "decimal") return "dec";
  if (name == "precision_time") return "pt";
  if (name == "precision_timestamp") return "pts";
  if (name == "precision_timestamp_tz") return "ptstz";
  return name;
}

// The signatures that a definition file defines. Reads just the regular YAML that these files are:
// a name per function, and per implementation its arguments, each with a value or options.
class Definitions {
 public:
  explicit Definitions(const std::filesystem::path& path) {
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);) ReadLine(line);
    FinishImplementation();
  }

  const std::string& urn() const { return urn_; }
  bool Has(const std::string& signature) const { return signatures_.contains(signature); }

 private:
  void ReadLine(const std::string& line) {
    static const std::regex urn("urn: (.*)"), name("(?:  - |    )name: \"?([a-z0-9_]+)\"?"),
        implementation("      - .*"), argument("          - (?:name|value|options|desc).*"),
        value("           *(?:- )?value: (.*)"), enumeration("            options: .*");
    std::smatch match;
    if (std::regex_match(line, match, urn)) urn_ = match[1];
    if (std::regex_match(line, match, name)) {
      FinishImplementation();
      function_ = match[1];
    }
    if (std::regex_match(line, implementation)) {
      FinishImplementation();
      open_ = true;
    }
    if (std::regex_match(line, match, value)) types_ += "_" + Abbreviation(match[1]);
    if (std::regex_match(line, enumeration)) types_ += "_req";
  }

  void FinishImplementation() {
    if (open_) signatures_.insert(function_ + ":" + (types_.empty() ? "" : types_.substr(1)));
    open_ = false;
    types_.clear();
  }

  std::string urn_, function_, types_;
  bool open_ = false;
  std::set<std::string> signatures_;
};

std::vector<Definitions> AllDefinitions() {
  std::vector<Definitions> all;
  const auto standard = std::filesystem::path(SKYHOOK_DEPS_DIR) / "substrait" / "extensions";
  for (const auto& entry : std::filesystem::directory_iterator(standard)) {
    all.emplace_back(entry.path());
  }
  all.emplace_back(std::filesystem::path(SKYHOOK_SOURCE_DIR) / "extensions" /
                   "functions_skyhook.yaml");
  return all;
}

// URN and signature of every function that the plans of many pipelines declare.
std::set<std::pair<std::string, std::string>> Declared() {
  std::set<std::pair<std::string, std::string>> declared;
  for (uint32_t seed = 0; seed < 400; ++seed) {
    const auto plan =
        nlohmann::json::parse(Require(ToSubstraitJson(testing::RandomPipeline(seed))));
    std::map<int, std::string> urns;
    for (const auto& urn : plan.value("extensionUrns", nlohmann::json::array())) {
      urns[urn["extensionUrnAnchor"]] = urn["urn"];
    }
    for (const auto& extension : plan.value("extensions", nlohmann::json::array())) {
      if (!extension.contains("extensionFunction")) continue;
      const auto& function = extension["extensionFunction"];
      declared.emplace(urns.at(function["extensionUrnReference"]), function["name"]);
    }
  }
  return declared;
}

TEST(SubstraitDefinitionsTest, EveryFunctionThatPlansCallIsDefined) {
  const auto definitions = AllDefinitions();
  const auto declared = Declared();
  EXPECT_GT(declared.size(), 100u);
  for (const auto& [urn, signature] : declared) {
    const bool defined = std::any_of(
        definitions.begin(), definitions.end(),
        [&](const Definitions& file) { return file.urn() == urn && file.Has(signature); });
    EXPECT_TRUE(defined) << signature << " of " << urn;
  }
}

}  // namespace
}  // namespace skyhook::substrait
