// How each type is spelled in C++ and C, and which expressions turn one into the other. Every shape that a parameter
// or result may have is told here; the emitters only combine these.
#pragma once

#include "proto/plugin/model.h"

#include <string>

namespace bulkhead::plugin {

// Crosses by value, its result through a pointer; everything else as BulkheadBytes and through a sink.
bool isScalar(const Type& type);
// In C++ a class of capnp's own; makes its method a message method.
bool isCapnpClass(const Type& type);

// --- C++, as users see it
std::string cppParam(const Type& type);       // "std::string_view"
std::string cppResult(const Type& type);      // "std::string"
std::string cppResult(const Method& method);  // "void", "std::string", "DivideResult"

// --- C, as the table has it
std::string cValue(const Type& type);   // "std::int32_t", "BulkheadBytes"
std::string cResult(const Type& type);  // "std::int32_t*", "const BulkheadSink*"

// --- Expressions. `value` is an expression of the source's type.
std::string toC(const Type& type, const std::string& value);        // C++ value to the C parameter; may throw
std::string fromC(const Type& type, const std::string& value);      // C parameter to the C++ one; may throw
std::string resultToC(const Type& type, const std::string& value);  // C++ result to its C value or view; may throw
std::string sinkClass(const Type& type);                            // of the consumer: "TextSink", fills a cppResult
std::string replyClass(const Type& type);                           // of a skeleton: "TextReply"

// --- Words
std::string wordsOf(const Field& field, const std::string& value);    // "textWords(name)"; empty for a scalar
std::string writeCall(const Field& field, const std::string& value);  // "text(0, name)", "set<...>(1, a)"
std::string readCall(const Field& field, const std::string& reader);  // "request.text(0)", "request.get<...>(1)"
// What an absent one reads as: `array` is the name of the array that holds a list's elements.
std::string defaultArray(const Field& field, const std::string& array);  // its declaration; empty for other types
std::string defaultView(const Field& field, const std::string& array);   // "BulkheadBytes{\"abc\", 3}"

// --- In capnp's own classes, for message methods
std::string capnpSetter(const Field& field, const std::string& builder, const std::string& value);  // a statement
std::string capnpGetter(const Field& field, const std::string& reader);  // an expression of the C++ parameter's type
std::string capnpResult(const Field& field, const std::string& reader);  // an expression of the C++ result's type
std::string capnpWords(const Field& field, const std::string& value);    // about how many a value takes; or empty

// --- In the manifest (proto/manifest.capnp says how they look)
std::string signature(const Method& method);
std::string cSignature(const Method& method);

std::string capitalized(std::string name);

}  // namespace bulkhead::plugin
