#include "skyhook/site/object_bytes.h"

#include <utility>

#include "skyhook/format/fragment.h"
#include "skyhook/site/fragment_version.h"
#include "skyhook/site/kernel_answer.h"

namespace skyhook::site {

bool LiesInOneObject(const FragmentId& id) {
  return id.layout == nullptr || id.layout->objects().size() == 1;
}

std::string ObjectOf(const FragmentId& id) {
  return id.layout == nullptr ? id.name : id.layout->extents.front().object;
}

arrow::Result<std::shared_ptr<base::ByteSource>> OpenObjects(const FragmentId& id,
                                                             const base::OpenObjectFunction& open) {
  ARROW_ASSIGN_OR_RAISE(auto source, id.layout == nullptr
                                         ? open(id.name)
                                         : base::OpenLayout(*id.layout, id.name, open));
  ARROW_RETURN_NOT_OK(CheckVersion(id, source->version(), source->size(), source->name()));
  return source;
}

arrow::Result<FragmentDescription> DescribeObjects(const FragmentId& id,
                                                   const base::OpenObjectFunction& open) {
  ARROW_ASSIGN_OR_RAISE(auto source, OpenObjects(id, open));
  const int64_t bytes = source->size();
  ARROW_ASSIGN_OR_RAISE(const auto fragment, format::OpenFragment(std::move(source), {}, {}));
  return DescriptionOf(*fragment, id, bytes);
}

}  // namespace skyhook::site
