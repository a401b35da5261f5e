# What a user of Bulkhead calls:
#
#   bulkhead_add_contract(<target> <schema.capnp> [IMPORT_DIRS <folder>...])
#     Generates both sides of a contract. <target> is the host's side: link it into the application, beside or instead
#     of bulkhead::host. Headers: "codec.host.h", "codec.module.h". The schema may import others: "types.capnp" from
#     beside it, "/types.capnp" from an IMPORT_DIRS folder; their types are generated along and shared by all contracts
#     that import them. A change of any of them generates the contract anew.
#
#   bulkhead_add_module(<name> SOURCES <file>... CONTRACT <target>...
#                       [LIBRARIES <library>...] [SHARED_RUNTIME] [ALLOW <finding>...])
#     Builds the module <name>.so into ${BULKHEAD_MODULE_OUTPUT_DIRECTORY} (default: modules in the build folder).
#     When it is linked, bulkhead-lint looks at it: what would keep it from being unloaded fails the build, what its
#     ledger will not see is a warning. ALLOW names findings to keep quiet about, by the id at the end of their line
#     ("unload-nodelete"). Then it is sealed: a file that is damaged later does not load.
#     SHARED_RUNTIME links the shared C++ runtime: for modules that need C++ shared libraries. With clang's
#     -stdlib=libc++ among the folder's flags, the static runtime is libc++ and libc++abi.
#
#   bulkhead_module_flags(<compile> <link> <compiler id> [SHARED_RUNTIME] [NOT_SANITIZED] [LIBCXX])
#     Sets two variables to the flags of such a module, for builds of another kind; <link> goes behind the sources.
#     NOT_SANITIZED: without this folder's sanitizers. LIBCXX: the compile flags have -stdlib=libc++.
#
#   bulkhead_add_foreign_module(<name> COMPILER <program> COMPILER_ID GNU|Clang [FLAGS <flag>...]
#                               SOURCES <file>... CONTRACT <target>... [DEPENDS <file>...] [ALLOW <finding>...])
#     The same module by another compiler, or with flags of its own (sanitizers, too: the folder's do not apply).
#     FLAGS compile and link: -stdlib=libc++, -flto. DEPENDS: headers of the sources.
#
# Everything works in Bulkhead's own tree and after find_package(Bulkhead).
include_guard(GLOBAL)

get_filename_component(bulkhead_here ${CMAKE_CURRENT_LIST_DIR} REALPATH)
if(EXISTS ${bulkhead_here}/../schema/bulkhead/bulkhead.capnp)  # the source tree
  get_filename_component(bulkhead_schemas ${bulkhead_here}/../schema REALPATH)
  get_filename_component(bulkhead_hooks ${bulkhead_here}/../../shared/hooks REALPATH)
else()  # installed: the schemas are beside the headers
  get_target_property(bulkhead_schemas bulkhead::runtime INTERFACE_INCLUDE_DIRECTORIES)
  set(bulkhead_hooks ${bulkhead_here})
endif()
set(Bulkhead_HOOKS_DIR ${bulkhead_hooks} CACHE INTERNAL "Where operators.cc and the lists of wraps are")
unset(bulkhead_hooks)
set(Bulkhead_SCHEMA_DIR ${bulkhead_schemas} CACHE INTERNAL "Where /bulkhead/bulkhead.capnp is")
set(Bulkhead_CMAKE_DIR ${bulkhead_here} CACHE INTERNAL "Where Bulkhead.cmake is")
unset(bulkhead_here)
unset(bulkhead_schemas)

# The files that a schema imports or embeds, directly or not, as far as they are found beside it or in `folders`.
function(bulkhead_schema_imports variable schema folders)
  get_filename_component(folder ${schema} DIRECTORY)
  file(READ ${schema} text)
  string(REGEX MATCHALL "(import|embed)[ \t\r\n]+\"[^\"]+\"" references "${text}")
  set(found ${${variable}})
  foreach(reference IN LISTS references)
    string(REGEX MATCH "^([a-z]+)[^\"]+\"(/?)([^\"]+)\"" unused "${reference}")
    set(kind ${CMAKE_MATCH_1})
    set(name ${CMAKE_MATCH_3})
    if(CMAKE_MATCH_2)
      set(places ${folders})
    else()
      set(places ${folder})
    endif()
    foreach(place IN LISTS places)
      get_filename_component(file ${place}/${name} ABSOLUTE)
      if(EXISTS ${file} AND NOT IS_DIRECTORY ${file} AND NOT file IN_LIST found)
        list(APPEND found ${file})
        if(kind STREQUAL "import")
          bulkhead_schema_imports(found ${file} "${folders}")
        endif()
      endif()
    endforeach()
  endforeach()
  set(${variable} ${found} PARENT_SCOPE)
endfunction()

# Where capnp's own code for imported schemas goes: a tree like that of the schemas, so that one file which several
# contracts import is generated and compiled once, and headers find each other as the schemas do.
set(Bulkhead_TYPES_TREE ${CMAKE_BINARY_DIR}/bulkhead_types CACHE INTERNAL "")

# Sets `variable` to a library of the types of an imported schema, for hosts and modules alike.
function(bulkhead_types_of variable schema folders)
  get_filename_component(folder ${schema} DIRECTORY)
  get_filename_component(stem ${schema} NAME)
  string(MD5 hash ${schema})
  string(SUBSTRING ${hash} 0 8 hash)
  string(MAKE_C_IDENTIFIER bulkhead_types_${stem}_${hash} target)
  set(${variable} ${target} PARENT_SCOPE)
  if(TARGET ${target})
    return()
  endif()
  set(imports "")
  bulkhead_schema_imports(imports ${schema} "${folders}")
  set(out ${Bulkhead_TYPES_TREE}${folder})
  file(MAKE_DIRECTORY ${out})
  list(TRANSFORM folders PREPEND --import-path= OUTPUT_VARIABLE paths)
  add_custom_command(
    OUTPUT ${out}/${stem}.h ${out}/${stem}.c++
    COMMAND ${CMAKE_COMMAND} -E env --unset=PWD ${CAPNP_EXECUTABLE} compile --no-standard-import
            --src-prefix=${folder} ${paths} -o${CAPNPC_CXX_EXECUTABLE}:${out} ${schema}
    DEPENDS ${schema} ${imports}
    COMMENT "Generating types of ${stem}"
    VERBATIM)
  add_custom_target(${target}_generate DEPENDS ${out}/${stem}.h ${out}/${stem}.c++)
  add_library(${target} STATIC EXCLUDE_FROM_ALL ${out}/${stem}.c++)
  add_dependencies(${target} ${target}_generate)
  list(TRANSFORM folders PREPEND ${Bulkhead_TYPES_TREE} OUTPUT_VARIABLE includes)
  target_include_directories(${target} SYSTEM PUBLIC ${out} ${includes})
  target_compile_features(${target} PUBLIC cxx_std_20)
  target_compile_options(${target} PRIVATE -w -ffunction-sections -fdata-sections)
  target_link_libraries(${target} PUBLIC CapnProto::capnp)
  set_target_properties(${target} PROPERTIES
    POSITION_INDEPENDENT_CODE ON CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON
    BULKHEAD_GENERATED ${target}_generate BULKHEAD_SOURCE ${out}/${stem}.c++)
endfunction()

# The libraries of all schemas among `files` that are neither capnp's own nor Bulkhead's.
function(bulkhead_types_of_all variable files folders)
  set(libraries "")
  foreach(file IN LISTS files)
    string(FIND ${file} ${Bulkhead_SCHEMA_DIR}/bulkhead/ own)
    string(FIND ${file} ${CAPNP_INCLUDE_DIRECTORY}/capnp/ capnps)
    if(own EQUAL 0 OR capnps EQUAL 0 OR NOT file MATCHES "\\.capnp$")
      continue()
    endif()
    bulkhead_types_of(library ${file} "${folders}")
    list(APPEND libraries ${library})
  endforeach()
  set(${variable} ${libraries} PARENT_SCOPE)
endfunction()

function(bulkhead_add_contract target schema)
  cmake_parse_arguments(PARSE_ARGV 2 arg "" "" "IMPORT_DIRS")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "bulkhead_add_contract(${target}): unknown arguments: ${arg_UNPARSED_ARGUMENTS}")
  endif()
  get_filename_component(schema ${schema} ABSOLUTE)
  if(NOT EXISTS ${schema})
    message(FATAL_ERROR "bulkhead_add_contract(${target}): no schema ${schema}")
  endif()
  get_filename_component(folder ${schema} DIRECTORY)
  get_filename_component(stem ${schema} NAME_WLE)
  list(TRANSFORM arg_IMPORT_DIRS PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/ REGEX "^[^/]")
  set(folders ${arg_IMPORT_DIRS} ${Bulkhead_SCHEMA_DIR} ${CAPNP_INCLUDE_DIRECTORY})
  set(imports "")
  bulkhead_schema_imports(imports ${schema} "${folders}")
  bulkhead_types_of_all(types_libraries "${imports}" "${folders}")
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${schema} ${imports})

  # capnp's own generator runs, too; what it writes is compiled only where the contract has struct types.
  set(out ${CMAKE_CURRENT_BINARY_DIR}/${target}.generated)
  set(headers ${out}/${stem}.table.h ${out}/${stem}.host.h ${out}/${stem}.module.h ${out}/${stem}.manifest.h)
  set(sources ${out}/${stem}.host.cc ${out}/${stem}.module.cc ${out}/${stem}.types.cc)
  set(types ${out}/capnp/${stem}.capnp.h ${out}/capnp/${stem}.capnp.c++)
  file(MAKE_DIRECTORY ${out}/capnp)
  list(TRANSFORM folders PREPEND --import-path= OUTPUT_VARIABLE paths)
  add_custom_command(
    OUTPUT ${headers} ${sources} ${types}
    COMMAND ${CMAKE_COMMAND} -E env --unset=PWD  # of the caller; capnp would warn that it is another folder
            ${CAPNP_EXECUTABLE} compile --no-standard-import --src-prefix=${folder} ${paths}
            -o$<TARGET_FILE:bulkhead::capnpc-bulkhead>:${out} -o${CAPNPC_CXX_EXECUTABLE}:${out}/capnp ${schema}
    DEPENDS ${schema} ${imports} bulkhead::capnpc-bulkhead
    COMMENT "Generating contract ${stem}"
    VERBATIM)
  add_custom_target(${target}_generate DEPENDS ${headers} ${sources} ${types})
  set(types_includes ${Bulkhead_TYPES_TREE}${folder})
  foreach(library IN LISTS types_libraries)
    add_dependencies(${target}_generate ${library}_generate)
    file(MAKE_DIRECTORY ${types_includes})  # "../types.capnp.h" is looked for from there
  endforeach()

  add_library(${target} OBJECT ${out}/${stem}.host.cc ${out}/${stem}.types.cc)
  add_dependencies(${target} ${target}_generate)
  target_include_directories(${target} PUBLIC ${out})
  target_include_directories(${target} SYSTEM PUBLIC ${out}/capnp ${types_includes})
  target_compile_features(${target} PUBLIC cxx_std_20)
  target_link_libraries(${target} PUBLIC bulkhead::host ${types_libraries} CapnProto::capnp)
  bulkhead_link_struct_types(${target} INTERFACE)
  if(TARGET bulkhead_warnings)
    target_link_libraries(${target} PRIVATE bulkhead_warnings)
  endif()
  bulkhead_mark_generated(${sources})
  set_target_properties(${target} PROPERTIES
    BULKHEAD_GENERATED ${target}_generate
    BULKHEAD_MODULE_SOURCES "${out}/${stem}.module.cc;${out}/${stem}.types.cc"
    BULKHEAD_INCLUDE ${out}
    BULKHEAD_TYPES_INCLUDE ${types_includes}
    BULKHEAD_TYPES "${types_libraries}")
endfunction()

# In the folder that compiles them: generated files, of which capnp's own code is not held to our warnings.
function(bulkhead_mark_generated)
  set_source_files_properties(${ARGN} PROPERTIES GENERATED TRUE)
  list(FILTER ARGN INCLUDE REGEX "\\.types\\.cc$")
  set_source_files_properties(${ARGN} PROPERTIES COMPILE_OPTIONS "-w;-ffunction-sections;-fdata-sections")
endfunction()

# capnp's code for a schema with interfaces refers to its RPC classes, which nothing here uses: dropped sections need
# no library. Sanitizers keep such sections.
function(bulkhead_link_struct_types target scope)
  bulkhead_is_sanitized(sanitized)
  if(sanitized)
    target_link_libraries(${target} ${scope} CapnProto::capnp-rpc)
  else()
    target_link_options(${target} ${scope} LINKER:--gc-sections)
  endif()
endfunction()

function(bulkhead_is_sanitized variable)
  get_directory_property(options COMPILE_OPTIONS)
  string(FIND "${options} ${CMAKE_CXX_FLAGS} ${BULKHEAD_SANITIZE_FLAGS}" "-fsanitize=" at)
  if(at EQUAL -1)
    set(${variable} FALSE PARENT_SCOPE)
  else()
    set(${variable} TRUE PARENT_SCOPE)
  endif()
endfunction()

# Each flag has a reason: a module must be unloadable, must not meet symbols of the host or of other modules, and must
# say at its own link that something is missing. Sanitizers bring a runtime that only the program may have.
function(bulkhead_module_flags compile link compiler)
  cmake_parse_arguments(PARSE_ARGV 3 arg "SHARED_RUNTIME;NOT_SANITIZED;LIBCXX" "" "")
  bulkhead_is_sanitized(sanitized)
  if(arg_NOT_SANITIZED)
    set(sanitized FALSE)
  endif()
  set(c -fPIC -fvisibility=hidden -fvisibility-inlines-hidden -ffunction-sections -fdata-sections)
  if(compiler STREQUAL GNU)
    # UNIQUE symbols pin a module. And no -mtls-dialect=gnu2: before glibc 2.40 (its bug 31372) a thread's first access
    # to a module's thread_locals may change vector registers, which the compiler does not expect.
    list(APPEND c -fno-gnu-unique)
  endif()
  set(l -Wl,-Bsymbolic -Wl,--exclude-libs,ALL -Wl,--version-script=${Bulkhead_CMAKE_DIR}/module.map)
  # Hooks tell the ledger what the module acquires.
  set(hooks ${Bulkhead_HOOKS_DIR})
  list(APPEND l -Wl,@${hooks}/resources.wraps,@${hooks}/threads.wraps
    -Wl,--whole-archive,$<TARGET_FILE:bulkhead::hooks_resources>,--no-whole-archive)
  set(heap FALSE)
  if(sanitized)
    list(APPEND c -DBULKHEAD_MODULE_RUNTIME="shared")
  else()
    list(APPEND l -Wl,--gc-sections -Wl,-z,defs)
    if(arg_SHARED_RUNTIME)
      list(APPEND c -DBULKHEAD_MODULE_RUNTIME="shared")
    else()
      # Only where all C++ of the module is inside it: a block must not be freed by another runtime than made it.
      set(heap TRUE)
      list(APPEND l -Wl,@${hooks}/heap.wraps
        -Wl,--whole-archive,$<TARGET_FILE:bulkhead::hooks_heap>,--no-whole-archive)
      list(APPEND c -DBULKHEAD_MODULE_RUNTIME="static")
      list(APPEND l -shared-libgcc)  # a static libgcc would abort when an exception crosses runtimes
      if(arg_LIBCXX)
        list(APPEND l -nostdlib++ -l:libc++.a -l:libc++abi.a)
      else()
        list(APPEND l -static-libstdc++)
      endif()
    endif()
  endif()
  if(heap)
    list(APPEND c -DBULKHEAD_MODULE_LEDGER="full")
  else()
    list(APPEND c -DBULKHEAD_MODULE_LEDGER="no-heap")
  endif()
  set(${compile} ${c} PARENT_SCOPE)
  set(${link} ${l} PARENT_SCOPE)
endfunction()

# The files whose change links a module anew.
set(Bulkhead_LINK_DEPENDS ${Bulkhead_CMAKE_DIR}/module.map ${Bulkhead_HOOKS_DIR}/heap.wraps
  ${Bulkhead_HOOKS_DIR}/resources.wraps ${Bulkhead_HOOKS_DIR}/threads.wraps CACHE INTERNAL "")

# Whether this folder's modules use libc++ because a flag says so.
function(bulkhead_is_libcxx variable)
  get_directory_property(options COMPILE_OPTIONS)
  string(FIND "${options} ${CMAKE_CXX_FLAGS}" "-stdlib=libc++" at)
  if(at EQUAL -1)
    set(${variable} FALSE PARENT_SCOPE)
  else()
    set(${variable} TRUE PARENT_SCOPE)
  endif()
endfunction()

# Where modules go.
function(bulkhead_module_folder variable)
  if(BULKHEAD_MODULE_OUTPUT_DIRECTORY)
    set(${variable} ${BULKHEAD_MODULE_OUTPUT_DIRECTORY} PARENT_SCOPE)
  else()
    set(${variable} ${CMAKE_BINARY_DIR}/modules PARENT_SCOPE)
  endif()
endfunction()

function(bulkhead_add_module name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "SHARED_RUNTIME" "" "SOURCES;CONTRACT;LIBRARIES;ALLOW")
  if(NOT arg_SOURCES OR NOT arg_CONTRACT OR arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "bulkhead_add_module(${name} SOURCES <file>... CONTRACT <target>... [LIBRARIES ...])")
  endif()
  set(options "")
  if(arg_SHARED_RUNTIME)
    set(options SHARED_RUNTIME)
  endif()
  bulkhead_is_libcxx(libcxx)
  if(libcxx)
    list(APPEND options LIBCXX)
  endif()
  bulkhead_module_flags(compile link ${CMAKE_CXX_COMPILER_ID} ${options})
  set(runtime ${link})  # archives are looked at in their turn: behind the objects
  list(FILTER runtime INCLUDE REGEX "^-l:")
  list(FILTER link EXCLUDE REGEX "^-l:")
  bulkhead_module_folder(folder)

  add_library(${name} MODULE ${arg_SOURCES})
  if("${compile}" MATCHES "LEDGER=.full")
    target_sources(${name} PRIVATE ${Bulkhead_HOOKS_DIR}/operators.cc)
  endif()
  foreach(contract IN LISTS arg_CONTRACT)
    get_target_property(sources ${contract} BULKHEAD_MODULE_SOURCES)
    get_target_property(generated ${contract} BULKHEAD_GENERATED)
    get_target_property(include ${contract} BULKHEAD_INCLUDE)
    if(NOT sources)
      message(FATAL_ERROR "bulkhead_add_module(${name}): ${contract} was not made by bulkhead_add_contract")
    endif()
    target_sources(${name} PRIVATE ${sources})
    bulkhead_mark_generated(${sources})
    target_include_directories(${name} PRIVATE ${include})
    get_target_property(types ${contract} BULKHEAD_TYPES)
    get_target_property(types_include ${contract} BULKHEAD_TYPES_INCLUDE)
    target_include_directories(${name} SYSTEM PRIVATE ${include}/capnp ${types_include})
    target_link_libraries(${name} PRIVATE ${types})
    add_dependencies(${name} ${generated})
  endforeach()
  target_compile_features(${name} PRIVATE cxx_std_20)
  target_compile_options(${name} PRIVATE ${compile})
  # --as-needed: only a module with struct types NEEDs libcapnp.
  target_link_options(${name} PRIVATE ${link} LINKER:--as-needed)
  target_link_libraries(${name} PRIVATE bulkhead::sdk CapnProto::capnp Threads::Threads ${arg_LIBRARIES}
    ${runtime})
  bulkhead_link_struct_types(${name} PRIVATE)
  if(TARGET bulkhead_warnings)
    target_link_libraries(${name} PRIVATE bulkhead_warnings)
  endif()
  set_target_properties(${name} PROPERTIES
    PREFIX "" SUFFIX .so LIBRARY_OUTPUT_DIRECTORY ${folder} CXX_EXTENSIONS OFF
    LINK_DEPENDS "${Bulkhead_LINK_DEPENDS};$<TARGET_FILE:bulkhead::hooks_resources>;$<TARGET_FILE:bulkhead::hooks_heap>")
  bulkhead_lint_command(lint "${arg_ALLOW}")
  add_custom_command(TARGET ${name} POST_BUILD COMMAND ${lint} $<TARGET_FILE:${name}> VERBATIM)
  add_dependencies(${name} bulkhead::lint)
endfunction()

# What looks at a module that was just linked, and seals it.
function(bulkhead_lint_command variable allowed)
  list(TRANSFORM allowed REPLACE "(.+)" "--allow;\\1")
  set(${variable} $<TARGET_FILE:bulkhead::lint> --seal ${allowed} PARENT_SCOPE)
endfunction()

function(bulkhead_add_foreign_module name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "COMPILER;COMPILER_ID" "FLAGS;SOURCES;CONTRACT;DEPENDS;ALLOW")
  if(NOT arg_COMPILER OR NOT arg_COMPILER_ID OR NOT arg_SOURCES OR NOT arg_CONTRACT)
    message(FATAL_ERROR "bulkhead_add_foreign_module(${name} COMPILER ... COMPILER_ID ... SOURCES ... CONTRACT ...)")
  endif()
  set(options NOT_SANITIZED)
  if("-stdlib=libc++" IN_LIST arg_FLAGS)
    list(APPEND options LIBCXX)
  endif()
  bulkhead_module_flags(compile link ${arg_COMPILER_ID} ${options})
  file(GLOB_RECURSE headers CONFIGURE_DEPENDS ${Bulkhead_CMAKE_DIR}/../../shared/include/bulkhead/*.h)
  bulkhead_module_folder(folder)
  set(sources ${arg_SOURCES} ${Bulkhead_HOOKS_DIR}/operators.cc)
  list(TRANSFORM sources PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/ REGEX "^[^/]")
  list(TRANSFORM arg_DEPENDS PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/ REGEX "^[^/]")
  list(APPEND headers ${arg_DEPENDS})
  set(include "")
  set(generated "")
  foreach(contract IN LISTS arg_CONTRACT)
    get_target_property(more ${contract} BULKHEAD_MODULE_SOURCES)
    list(APPEND sources ${more})
    get_target_property(more ${contract} BULKHEAD_INCLUDE)
    get_target_property(types_include ${contract} BULKHEAD_TYPES_INCLUDE)
    list(APPEND include -I${more} -isystem ${more}/capnp -isystem ${types_include})
    get_target_property(types ${contract} BULKHEAD_TYPES)
    foreach(library IN LISTS types)
      get_target_property(more ${library} BULKHEAD_SOURCE)
      list(APPEND sources ${more})
      list(APPEND include "-isystem$<JOIN:$<TARGET_PROPERTY:${library},INTERFACE_INCLUDE_DIRECTORIES>,;-isystem>")
    endforeach()
    get_target_property(more ${contract} BULKHEAD_GENERATED)
    list(APPEND generated ${more})
  endforeach()
  bulkhead_lint_command(lint "${arg_ALLOW}")
  add_custom_command(
    OUTPUT ${folder}/${name}.so
    COMMAND ${CMAKE_COMMAND} -E make_directory ${folder}
    COMMAND ${arg_COMPILER} -std=c++20 ${compile} ${arg_FLAGS} ${include}
            "-I$<JOIN:$<TARGET_PROPERTY:bulkhead::runtime,INTERFACE_INCLUDE_DIRECTORIES>,;-I>"
            -shared ${sources} -o ${folder}/${name}.so ${link} -Wl,--as-needed -lcapnp -lkj
            $<TARGET_FILE:bulkhead::runtime> -Wl,-rpath,$<TARGET_FILE_DIR:bulkhead::runtime> -pthread
    COMMAND ${lint} ${folder}/${name}.so
    DEPENDS ${sources} ${headers} ${generated} bulkhead::runtime bulkhead::lint
            bulkhead::hooks_resources bulkhead::hooks_heap ${Bulkhead_LINK_DEPENDS}
    COMMENT "Building ${name}.so with ${arg_COMPILER}"
    COMMAND_EXPAND_LISTS VERBATIM)
  add_custom_target(${name} ALL DEPENDS ${folder}/${name}.so)
endfunction()
