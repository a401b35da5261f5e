// The artefacts: one emitter, one generated file each.
#pragma once

#include "proto/plugin/model.h"

#include <string>

namespace bulkhead::plugin {

std::string emitTableHeader(const Contract& contract);     // codec.table.h
std::string emitHostHeader(const Contract& contract);      // codec.host.h
std::string emitHostSource(const Contract& contract);      // codec.host.cc
std::string emitModuleHeader(const Contract& contract);    // codec.module.h
std::string emitModuleSource(const Contract& contract);    // codec.module.cc
std::string emitManifestHeader(const Contract& contract);  // codec.manifest.h
std::string emitTypesSource(const Contract& contract);     // codec.types.cc

}  // namespace bulkhead::plugin
