#include "host/in_process/tables.h"

#include "host/core/tables.h"

#include <bulkhead/detail/sinks.h>

#include <algorithm>
#include <cstring>
#include <span>

namespace bulkhead::in_process {
namespace {

using manifest::InterfaceCheck;
using manifest::MethodFit;

using Entry = std::uint64_t;  // a function pointer's bits
static_assert(sizeof(void (*)()) == sizeof(Entry) && sizeof(BulkheadTable) % sizeof(Entry) == 0);
constexpr std::uint64_t kHeader = sizeof(BulkheadTable) / sizeof(Entry);

// The entry of method `ordinal`, or 0 where the table ends before it.
Entry entryOf(const BulkheadTable& table, std::uint64_t ordinal) noexcept {
  Entry entry = 0;
  if ((kHeader + ordinal + 1) * sizeof(Entry) <= table.size) {
    std::memcpy(&entry, reinterpret_cast<const char*>(&table) + (kHeader + ordinal) * sizeof(Entry), sizeof entry);
  }
  return entry;
}

std::uint64_t methodsOf(const BulkheadTable& table) noexcept { return table.size / sizeof(Entry) - kHeader; }

std::unique_ptr<std::uint64_t[]> copyOf(const BulkheadTable& table) {
  auto copy = std::make_unique_for_overwrite<std::uint64_t[]>(table.size / sizeof(Entry));
  std::memcpy(copy.get(), &table, table.size);
  return copy;
}

const BulkheadTable* asTable(const std::unique_ptr<std::uint64_t[]>& words) noexcept {
  return reinterpret_cast<const BulkheadTable*>(words.get());
}

bool isAdapted(const InterfaceCheck* check) noexcept {
  return check != nullptr && std::any_of(check->methods.begin(), check->methods.end(),
                                         [](const auto& method) { return method.fit == MethodFit::adapted; });
}

// `caller` is complete in the caller's eyes; `callee` may be shorter or longer. Where the two agree an entry passes the
// call on, where not it makes a message.
void adapt(Entry* caller, std::uint64_t methods, const BulkheadTable& callee, const BulkheadTable& forward,
           const BulkheadTable& stubs, const InterfaceCheck& check) noexcept {
  const std::uint64_t common = std::min({methods, methodsOf(callee), std::uint64_t{check.methods.size()}});
  for (std::uint64_t n = 0; n < common; ++n) {
    if (entryOf(callee, n) == 0) continue;
    caller[kHeader + n] = entryOf(check.methods[n].fit == MethodFit::adapted ? stubs : forward, n);
  }
}

// Stands in for an interface that the module does not export.
constexpr BulkheadTable kNoMethods = {sizeof(BulkheadTable), 0};
std::int32_t refuse(const BulkheadTable*, void*, std::uint16_t, BulkheadBytes, const BulkheadReply*,
                    const BulkheadErrorSink* error) noexcept {
  return detail::report(error, ErrorKind::unimplemented, {}, "the module does not export this interface");
}

}  // namespace

ExportTables::ExportTables(const BulkheadModule& module, void* self,
                           const std::vector<detail::ServedInterface>& interfaces, const manifest::Fit& fit) {
  const std::span exports(module.exports, module.export_count);
  for (const detail::ServedInterface& served : interfaces) {
    const auto own = std::find_if(exports.begin(), exports.end(), [&](const BulkheadExport& candidate) {
      return candidate.interface_id == served.interfaceId;
    });
    const auto app = detail::findExport(served.interfaceId);
    if (own == exports.end()) {
      // An older module may lack what the application's interface inherits by now, or its manifest has more than it
      // exports.
      MessageEntry& refusing = *entries_.emplace_back(std::make_unique<MessageEntry>(&kNoMethods, self, &refuse));
      bound_.push_back({served.interfaceId, app ? app->unimplementedTable : nullptr, self, refusing.channel()});
      continue;
    }
    MessageEntry& entry = *entries_.emplace_back(std::make_unique<MessageEntry>(own->table, self, own->skeleton));
    if (!app || !served.isTyped) {
      bound_.push_back({served.interfaceId, nullptr, nullptr, entry.channel()});
      continue;
    }
    auto& whole = copies_.emplace_back(copyOf(*app->unimplementedTable));
    const std::uint64_t methods = methodsOf(*app->unimplementedTable);
    const InterfaceCheck* const check = fit.find(served.interfaceId);
    if (isAdapted(check)) {
      adapt(whole.get(), methods, *own->table, *app->forwardTable, *app->stubTable, *check);
      bound_.push_back({served.interfaceId, asTable(whole), entry.forward(), entry.channel()});
      continue;
    }
    for (std::uint64_t n = 0; n < methods; ++n) {
      if (const Entry its = entryOf(*own->table, n)) whole[kHeader + n] = its;
    }
    bound_.push_back({served.interfaceId, asTable(whole), self, entry.channel()});
  }
}

ImportTables::ImportTables(const BulkheadModule& module, const std::vector<detail::BoundImport>& imports,
                           const manifest::Fit& fit) {
  const std::span declarations(module.imports, module.import_count);
  for (const detail::BoundImport& import : imports) {
    const auto declared = std::find_if(declarations.begin(), declarations.end(), [&](const auto& candidate) {
      return candidate.interface_id == import.interfaceId;
    });
    const InterfaceCheck* const check = fit.find(import.interfaceId);
    if (declared == declarations.end() || !isAdapted(check)) {
      bound_.push_back({import.interfaceId, import.table, import.self});
      continue;
    }
    MessageEntry& entry =
        *entries_.emplace_back(std::make_unique<MessageEntry>(import.table, import.self, import.skeleton));
    const BulkheadTable& stubs = *declared->stub_table;
    auto& whole = copies_.emplace_back(copyOf(stubs));
    std::memset(whole.get() + kHeader, 0, methodsOf(stubs) * sizeof(Entry));  // holes, which the module fills
    adapt(whole.get(), methodsOf(stubs), *import.table, *declared->forward_table, stubs, *check);
    bound_.push_back({import.interfaceId, asTable(whole), entry.forward()});
  }
}

}  // namespace bulkhead::in_process
