/* The C ABI between a host and a module: everything that crosses the boundary in one process.
 *
 * A contract is a function table. In-process the host calls the module's own table; isolated, it calls a generated
 * stub table of the same type. No C++ type, exception, RTTI or allocator crosses, so host and module may differ in
 * compiler, standard library, flags and build mode.
 *
 * Rules for every type below
 *  - Views (BulkheadBytes) are borrowed: valid for the call they are passed to, never freed by the receiver.
 *  - Results leave through out pointers (scalars) or sinks (everything of variable size): the producer hands out a
 *    view, the consumer copies it into its own heap before the sink returns.
 *  - A function returns BULKHEAD_OK, or BULKHEAD_FAILED after it reported exactly one error to its error sink.
 *  - Structs that may grow start with their size in bytes; a reader looks at a member only if the size covers it.
 *  - No function throws or lets an exception pass.
 *
 * C signature of a table entry, in this order: `void* self`, the parameters, the results, `const BulkheadErrorSink*`.
 *   schema type              parameter                                    result
 *   Bool                     uint8_t (0 or 1)                             uint8_t*
 *   Int8 .. Float64          the C type of that width                     pointer to it
 *   enum                     uint16_t                                     uint16_t*
 *   Text, Data               BulkheadBytes (size in bytes, no NUL)        const BulkheadSink*
 *   List(number or enum)     BulkheadBytes (size in elements)             const BulkheadSink*
 *   List(Bool)               BulkheadBytes of uint8_t (size in elements)  const BulkheadSink*
 *   List(Text), List(Data)   BulkheadBytes of BulkheadBytes               const BulkheadSink*
 * A method with any other parameter or result (a struct, say) is a *message method*: it takes one capnp message of
 * the method's parameter struct and gives one of its result struct: `BulkheadBytes params` (size in words),
 * `const BulkheadSink* results` (size in words).
 */
#ifndef BULKHEAD_ABI_H
#define BULKHEAD_ABI_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Raised when a change makes old modules unusable; additions grow the structs instead. */
#define BULKHEAD_ABI_VERSION 1u

#define BULKHEAD_OK 0
#define BULKHEAD_FAILED 1

/* A borrowed view. What `size` counts is said where it is used. `data` may be null when `size` is 0. */
typedef struct BulkheadBytes {
  const void* data;
  uint64_t size;
} BulkheadBytes;

/* Takes one result of variable size. `put` copies the view before it returns; it is called at most once per call.
 * Returns BULKHEAD_FAILED when the consumer has no memory for it: the producer then reports that as its error. */
typedef struct BulkheadSink {
  void* context;
  int32_t (*put)(void* context, BulkheadBytes view);
} BulkheadSink;

/* An error as it crosses. `kind` is a bulkhead::ErrorKind; a host ignores the kind that a module claims.
 * `type` names an exception type (may be empty), `text` says what happened. Both may hold any bytes. */
typedef struct BulkheadErrorView {
  uint64_t size;
  uint32_t kind;
  uint32_t reserved;
  BulkheadBytes type;
  BulkheadBytes text;
  const void* host_error; /* host-made errors only: a bulkhead::Error, valid during report(); null from a module */
} BulkheadErrorView;

/* Takes the error of a failed call; copies what it keeps before it returns. */
typedef struct BulkheadErrorSink {
  void* context;
  void (*report)(void* context, const BulkheadErrorView* error);
} BulkheadErrorSink;

/* What every function table starts with; the entries follow in the order of the method ordinals, a pointer each. */
typedef struct BulkheadTable {
  uint64_t size;         /* of the whole table in bytes, this header included */
  uint64_t interface_id; /* the schema's 64-bit id */
} BulkheadTable;

/* One method, as stubs name it to a channel. Static storage. */
typedef struct BulkheadMethod {
  uint64_t interface_id;
  uint16_t ordinal;
  uint16_t flags;       /* BULKHEAD_METHOD_... */
  uint32_t deadline_ms; /* from the schema's annotation; 0: none */
  const char* name;     /* "Codec.decode", NUL-terminated */
} BulkheadMethod;

#define BULKHEAD_METHOD_IDEMPOTENT 1u
#define BULKHEAD_METHOD_SERIALIZED 2u

/* A request under way on a channel: owned by the stub's stack frame, filled by the channel. */
typedef struct BulkheadRequest {
  uint64_t* words; /* where the stub encodes its message: `begin`'s word count, every word of which it must write */
  void* lane;      /* the channel's own */
  uint64_t state[4];
} BulkheadRequest;

/* The caller's end of a way to the other side; stubs encode onto it. Safe from any thread; a request stays on the
 * thread that began it. Order: begin, then exactly one of `call` or `finish`; after `call`, `finish`. */
typedef struct BulkheadChannel BulkheadChannel;
struct BulkheadChannel {
  uint64_t size;
  /* Reserves `words` 8-byte words (not zeroed). On failure the error is reported and nothing need be finished. */
  int32_t (*begin)(BulkheadChannel* channel, const BulkheadMethod* method, uint64_t words, BulkheadRequest* request,
                   const BulkheadErrorSink* error);
  /* Sends the request and blocks until its answer, serving calls from the other side meanwhile. On success `reply`
   * views the result message (size in words): private memory that does not change, valid until `finish`. */
  int32_t (*call)(BulkheadChannel* channel, const BulkheadMethod* method, BulkheadRequest* request,
                  BulkheadBytes* reply, const BulkheadErrorSink* error);
  /* Releases the request and its reply; also the way to abandon a request that was begun and not sent. */
  void (*finish)(BulkheadChannel* channel, BulkheadRequest* request);
};

/* Two ways to one interface of one module. A forward table's entries take a pointer to it as `self` and call the same
 * entry of `table`; a stub table's entries take the same pointer as their channel, which is its first member. So a
 * table put together of both calls directly where two versions of a contract agree on a method's C signature, and by
 * message where they do not. */
typedef struct BulkheadForward {
  BulkheadChannel channel;
  const BulkheadTable* table;
  void* self;
} BulkheadForward;

/* Where a skeleton builds its reply. `extend` makes room for `words` words in all, keeps what was written (the block
 * may move) and returns its start, or null when the reply would pass the message cap. New words are not zeroed. */
typedef struct BulkheadReply {
  void* context;
  uint64_t* (*extend)(void* context, uint64_t words);
} BulkheadReply;

/* The callee's end: decodes one message, calls the table, encodes the answer. `params.size` is in words; the message
 * is one segment, does not change during the call, and is otherwise untrusted. Unknown methods and malformed
 * messages are errors of kind unimplemented and protocolViolation. */
typedef int32_t (*BulkheadSkeleton)(const BulkheadTable* table, void* self, uint16_t ordinal, BulkheadBytes params,
                                    const BulkheadReply* reply, const BulkheadErrorSink* error);

/* An interface that a module implements. */
typedef struct BulkheadExport {
  uint64_t interface_id;
  const char* name; /* "Codec" */
  const BulkheadTable* table;
  BulkheadSkeleton skeleton;
} BulkheadExport;

/* An interface that a module calls. */
typedef struct BulkheadImportDeclaration {
  uint64_t interface_id;
  const char* name;
  const BulkheadTable* stub_table;    /* its `self` is a BulkheadChannel*: for use in a worker */
  const BulkheadTable* forward_table; /* its `self` is a BulkheadForward*: for a host with another version of it */
} BulkheadImportDeclaration;

/* An interface that the host implements for a module. */
typedef struct BulkheadImport {
  uint64_t interface_id;
  const BulkheadTable* table;
  void* self;
} BulkheadImport;

/* What the host does for any module, beside its imports. Outlives the module's instance. */
typedef struct BulkheadHostServices {
  uint64_t size;
  void* context;
  /* A log line of the module; `level` is a bulkhead::LogLevel. Never blocks for long, never fails; any thread. */
  void (*log)(void* context, uint32_t level, BulkheadBytes line);
} BulkheadHostServices;

typedef struct BulkheadCreateArguments {
  uint64_t size;
  const BulkheadHostServices* services;
  const BulkheadImport* imports;
  uint64_t import_count;
} BulkheadCreateArguments;

/* What a module's entry symbol returns: static storage of the module. */
typedef struct BulkheadModule {
  uint64_t size;
  uint32_t abi_version;
  uint32_t reserved;
  const BulkheadExport* exports;
  uint64_t export_count;
  const BulkheadImportDeclaration* imports;
  uint64_t import_count;
  /* Constructs the module's object: the `self` of all its tables. Called once per load, before any call. */
  int32_t (*create)(const BulkheadCreateArguments* arguments, void** self, const BulkheadErrorSink* error);
  /* Destroys it. Called once, after the last call ended. */
  void (*destroy)(void* self);
  /* Asked before an unload destroys the object, while no call is under way and none can come: time to end threads and
   * to close what is shared. BULKHEAD_FAILED, reported: the module asks to stay. Null: it has no say. */
  int32_t (*before_unload)(void* self, const BulkheadErrorSink* error);
} BulkheadModule;

typedef const BulkheadModule* (*BulkheadEntry)(void);

/* The only symbol a module exports. */
#define BULKHEAD_ENTRY_SYMBOL "bulkhead_module_entry"

#ifdef __cplusplus
}
#endif
#endif
