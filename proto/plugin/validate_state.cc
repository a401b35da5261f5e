#include "proto/plugin/validate_state.h"

#include <algorithm>
#include <string>

namespace bulkhead::plugin {
namespace {

class StateValidator {
 public:
  StateValidator(const Contract& contract, const Interface& interface) : contract_(contract), interface_(interface) {}

  void run() const {
    const Method* const saver = find(&Method::savesState, "$savesState");
    const Method* const restorer = find(&Method::restoresState, "$restoresState");
    if (saver == nullptr && restorer == nullptr) return;
    if (saver == restorer) fail(*saver, "both saves and restores state; make it two methods");
    const Method& either = saver != nullptr ? *saver : *restorer;
    if (!contract_.isExport(interface_)) fail(either, "saves or restores state, which only a module has; leave it out");
    if (restorer == nullptr) {
      fail(*saver, "saves state that no method restores; annotate the one that takes it with $Bulkhead.restoresState");
    }
    if (saver == nullptr) {
      fail(*restorer, "restores state that no method saves; annotate the one that gives it with $Bulkhead.savesState");
    }
    if (!isEmpty(saver->params)) fail(*saver, "saves state, and a reload has no parameters for it; leave them out");
    if (!isEmpty(restorer->results)) fail(*restorer, "restores state, and nobody reads its results; leave them out");
    if (isEmpty(saver->results)) fail(*saver, "saves state and gives none; make the state its result");
    if (!fits(saver->results, restorer->params)) {
      fail(*restorer, "takes " + restorer->params.shown + ", but the state that " + saver->name + " saves is " +
                          saver->results.shown + "; make them the same");
    }
  }

 private:
  [[noreturn]] void fail(const Method& method, const std::string& what) const {
    throw SchemaError(contract_.file, interface_.shownName + "." + method.name, what);
  }

  const Method* find(bool Method::*flag, const std::string& annotation) const {
    const Method* found = nullptr;
    for (const Method& method : interface_.methods) {
      if (!(method.*flag)) continue;
      if (found != nullptr)
        fail(method, "is the second method with " + annotation + ", after " + found->name + "; keep one");
      found = &method;
    }
    return found;
  }

  static bool isEmpty(const Fields& fields) { return !fields.isNamed && fields.shown == "()"; }

  static bool isSame(const Field& a, const Field& b) {
    return a.name == b.name && a.offset == b.offset && a.type.schemaName == b.type.schemaName &&
           a.type.id == b.type.id && a.whenAbsent.bits == b.whenAbsent.bits &&
           a.whenAbsent.isSet == b.whenAbsent.isSet && a.whenAbsent.items == b.whenAbsent.items;
  }
  // A message of the one is read as the other.
  static bool fits(const Fields& saved, const Fields& restored) {
    if (saved.isNamed || restored.isNamed) return saved.structId == restored.structId && saved.shown == restored.shown;
    return saved.shown == restored.shown &&
           std::equal(saved.list.begin(), saved.list.end(), restored.list.begin(), restored.list.end(), isSame);
  }

  const Contract& contract_;
  const Interface& interface_;
};

}  // namespace

void validateState(const Contract& contract, const Interface& interface) { StateValidator(contract, interface).run(); }

}  // namespace bulkhead::plugin
