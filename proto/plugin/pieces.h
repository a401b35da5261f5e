// Functions of generated code that occur on both sides: each emitter puts together what its artefact needs.
#pragma once

#include "proto/plugin/model.h"
#include "proto/plugin/writer.h"

#include <string>

namespace bulkhead::plugin {

// "CalcTable", "kCalcInterfaceId", "kCalcAdd".
std::string tableClass(const Interface& interface);
std::string idConstant(const Interface& interface);
std::string methodConstant(const Interface& interface, const Method& method);

// "std::int32_t a, std::int32_t b": the C++ parameters of a method as its caller sees them.
std::string callerParams(const Method& method);

// "(void* self, std::int32_t a, ..., const BulkheadErrorSink* error)": the C signature of a table entry, with names or
// as a declaration where unused ones are left out.
std::string entryParams(const Method& method);
std::string entryParamsUnnamed(const Method& method);

// All methods of `interface` for its caller, inherited ones too: C++ in, the table's C entry, a Result out. The class
// they are emitted into derives from `base`<Table> ("bulkhead::Handle") for each table; that has the template `invoke`.
void emitCallers(Writer& out, const Interface& interface, const std::string& base);

// What an implementer derives from: a virtual destructor and a pure virtual function per method, inherited ones too.
void emitVirtualMethods(Writer& out, const Interface& interface);

// A C entry that calls a C++ object and lets nothing pass but a status.
struct Callee {
  std::string object;  // "static_cast<CodecHost*>(self)->" with the name of the entry's first parameter as %
  std::string guard;   // "bulkhead::detail::guarded(", up to the error sink; % as above
  bool usesCapnp;      // of its contract: then kj's errors are caught in direct methods, too
};
void emitEntry(Writer& out, const Method& method, const Callee& callee);

// A C entry whose self is a BulkheadChannel*: encodes, calls, decodes.
void emitStub(Writer& out, const Interface& interface, const Method& method);
// Decodes a message, calls a table's entry, encodes the answer.
void emitSkeleton(Writer& out, const Interface& interface, const Method& method);

// static constexpr Table kTable = {...}; of the entries declared before it.
void emitTableConstant(Writer& out, const Interface& interface);

// Whole structs: "CalcStub", "CalcUnimplemented" and "CalcForward" with their kTable, "CalcSkeleton".
void emitStubs(Writer& out, const Interface& interface);
void emitUnimplemented(Writer& out, const Interface& interface);
void emitForward(Writer& out, const Interface& interface);
void emitSkeletons(Writer& out, const Interface& interface);

// The BulkheadSkeleton of an interface: the function "calcSkeleton".
std::string skeletonName(const Interface& interface);
std::string skeletonDeclaration(const Interface& interface);
void emitSkeletonFunction(Writer& out, const Interface& interface);

}  // namespace bulkhead::plugin
