// What an OSD finds in libcls_skyhook.so.
#include <rados/objclass.h>

#include "cls/object_class.h"
#include "cls/settings.h"
#include "skyhook/lending/host/worker_program.h"

CLS_VER(1, 0)
CLS_NAME(skyhook)

namespace skyhook::cls {
namespace {

ObjectClass& OfThisOsd() {
  static const Settings settings = SettingsOfEnvironment();
  static ObjectClass object_class(settings, lending::ProgramOf(settings.worker, settings.niceness));
  return object_class;
}

int Scan(cls_method_context_t context, ceph::bufferlist* in, ceph::bufferlist* out) {
  return OfThisOsd().Scan(context, in, out);
}

int Describe(cls_method_context_t, ceph::bufferlist*, ceph::bufferlist* out) {
  return OfThisOsd().Describe(out);
}

}  // namespace
}  // namespace skyhook::cls

CLS_INIT(skyhook) {
  cls_handle_t handle;
  cls_method_handle_t method;
  cls_register("skyhook", &handle);
  cls_register_cxx_method(handle, "scan", CLS_METHOD_RD, skyhook::cls::Scan, &method);
  cls_register_cxx_method(handle, "describe", CLS_METHOD_RD, skyhook::cls::Describe, &method);
}
