// What the plugin knows by id, and the schema compiler's types by name.
#pragma once

#include "proto/plugin/model.h"

#include <capnp/schema.capnp.h>

#include <cstdint>
#include <string>

namespace bulkhead::plugin {

inline constexpr std::uint64_t kExports = 0xd6221efe1d20b04d;
inline constexpr std::uint64_t kImports = 0xeee2a9d9381f67a2;
inline constexpr std::uint64_t kDeadlineMs = 0xd0b014c3bfff5be7;
inline constexpr std::uint64_t kIdempotent = 0x82bb6d4eeeae7e02;
inline constexpr std::uint64_t kSerialized = 0xae7b1ba05647aebe;
inline constexpr std::uint64_t kSavesState = 0x9bfbde034f738b92;
inline constexpr std::uint64_t kRestoresState = 0xccd521aad156be2f;
inline constexpr std::uint64_t kCxxNamespace = 0xb9c6f99ebf805f2c;
inline constexpr std::uint64_t kCxxName = 0xf264a779fef191ce;
inline constexpr std::uint64_t kStreamResult = 0x995f9a3377c0b16e;  // what `-> stream` stands for

// Types whose Kind says it all.
using Which = capnp::schema::Type::Which;
struct Plain {
  Which which;
  Kind kind;
  const char* name;
  const char* capnp;  // as an argument of capnp's templates
};
inline constexpr Plain kPlain[] = {{Which::BOOL, Kind::boolean, "Bool", "bool"},
                                   {Which::INT8, Kind::int8, "Int8", "std::int8_t"},
                                   {Which::INT16, Kind::int16, "Int16", "std::int16_t"},
                                   {Which::INT32, Kind::int32, "Int32", "std::int32_t"},
                                   {Which::INT64, Kind::int64, "Int64", "std::int64_t"},
                                   {Which::UINT8, Kind::uint8, "UInt8", "std::uint8_t"},
                                   {Which::UINT16, Kind::uint16, "UInt16", "std::uint16_t"},
                                   {Which::UINT32, Kind::uint32, "UInt32", "std::uint32_t"},
                                   {Which::UINT64, Kind::uint64, "UInt64", "std::uint64_t"},
                                   {Which::FLOAT32, Kind::float32, "Float32", "float"},
                                   {Which::FLOAT64, Kind::float64, "Float64", "double"},
                                   {Which::TEXT, Kind::text, "Text", "::capnp::Text"},
                                   {Which::DATA, Kind::data, "Data", "::capnp::Data"}};

}  // namespace bulkhead::plugin
