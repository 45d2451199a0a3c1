#include "skyhook/substrait/extensions.h"

#include <substrait/plan.pb.h>

#include "skyhook/base/status.h"
#include "skyhook/substrait/message.h"

namespace skyhook::substrait {
namespace {

namespace pb = ::substrait;

uint32_t Number(std::map<ExtensionName, uint32_t>* names, std::string_view urn,
                std::string_view name) {
  const auto next = static_cast<uint32_t>(names->size()) + 1;
  return names->try_emplace({std::string(urn), std::string(name)}, next).first->second;
}

// Numbers of namespaces: those of functions and types alike, in the order of their names.
std::map<std::string, uint32_t> Urns(const std::map<ExtensionName, uint32_t>& functions,
                                     const std::map<ExtensionName, uint32_t>& types) {
  std::map<std::string, uint32_t> urns;
  for (const auto* names : {&functions, &types}) {
    for (const auto& [name, anchor] : *names) urns.emplace(name.urn, 0);
  }
  uint32_t next = 0;
  for (auto& [urn, anchor] : urns) anchor = ++next;
  return urns;
}

std::map<uint32_t, ExtensionName> ByNumber(const std::map<ExtensionName, uint32_t>& names) {
  std::map<uint32_t, ExtensionName> sorted;
  for (const auto& [name, anchor] : names) sorted.emplace(anchor, name);
  return sorted;
}

template <typename Declaration>
arrow::Result<ExtensionName> NameOf(const Declaration& declaration,
                                    const std::map<uint32_t, std::string>& urns) {
  ARROW_RETURN_NOT_OK(CheckFields(
      declaration, {"extension_urn_reference", "function_anchor", "type_anchor", "name"}));
  const auto urn = urns.find(declaration.extension_urn_reference());
  if (urn == urns.end()) {
    return base::UnsupportedPlan("'{}' refers to extension URN {}, which the plan does not declare",
                                 declaration.name(), declaration.extension_urn_reference());
  }
  const std::string& signature = declaration.name();
  return ExtensionName{urn->second, signature.substr(0, signature.find(':'))};
}

arrow::Result<ExtensionName> Find(const std::map<uint32_t, ExtensionName>& names, uint32_t anchor,
                                  std::string_view what) {
  const auto found = names.find(anchor);
  if (found != names.end()) return found->second;
  return base::UnsupportedPlan("the plan declares no {} {}", what, anchor);
}

}  // namespace

uint32_t ExtensionWriter::Function(std::string_view urn, std::string_view signature) {
  return Number(&functions_, urn, signature);
}

uint32_t ExtensionWriter::Type(std::string_view urn, std::string_view name) {
  return Number(&types_, urn, name);
}

void ExtensionWriter::Write(pb::Plan* plan) const {
  const auto urns = Urns(functions_, types_);
  for (const auto& [urn, anchor] : urns) {
    auto* declared = plan->add_extension_urns();
    declared->set_extension_urn_anchor(anchor);
    declared->set_urn(urn);
  }
  for (const auto& [anchor, name] : ByNumber(types_)) {
    auto* type = plan->add_extensions()->mutable_extension_type();
    type->set_extension_urn_reference(urns.at(name.urn));
    type->set_type_anchor(anchor);
    type->set_name(name.name);
  }
  for (const auto& [anchor, name] : ByNumber(functions_)) {
    auto* function = plan->add_extensions()->mutable_extension_function();
    function->set_extension_urn_reference(urns.at(name.urn));
    function->set_function_anchor(anchor);
    function->set_name(name.name);
  }
}

arrow::Result<ExtensionReader> ExtensionReader::Make(const pb::Plan& plan) {
  std::map<uint32_t, std::string> urns;
  for (const auto& urn : plan.extension_urns()) {
    ARROW_RETURN_NOT_OK(CheckFields(urn, {"extension_urn_anchor", "urn"}));
    urns[urn.extension_urn_anchor()] = urn.urn();
  }
  ExtensionReader reader;
  for (const auto& extension : plan.extensions()) {
    ARROW_RETURN_NOT_OK(CheckFields(extension, {"extension_function", "extension_type"}));
    if (extension.has_extension_function()) {
      const auto& function = extension.extension_function();
      ARROW_ASSIGN_OR_RAISE(reader.functions_[function.function_anchor()], NameOf(function, urns));
    } else if (extension.has_extension_type()) {
      const auto& type = extension.extension_type();
      ARROW_ASSIGN_OR_RAISE(reader.types_[type.type_anchor()], NameOf(type, urns));
    }
  }
  return reader;
}

arrow::Result<ExtensionName> ExtensionReader::Function(uint32_t anchor) const {
  return Find(functions_, anchor, "function");
}

arrow::Result<ExtensionName> ExtensionReader::Type(uint32_t anchor) const {
  return Find(types_, anchor, "type");
}

}  // namespace skyhook::substrait
