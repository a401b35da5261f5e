# expect: struct_clash.capnp: CodecTable: names both the type CodecTable and the generated table of Codec; rename one of them
@0xb0f1d5d5c5a5b631;
using Bulkhead = import "/bulkhead/bulkhead.capnp";
struct CodecTable { a @0 :Int8; }
interface Codec $Bulkhead.exports { run @0 (a :CodecTable) -> (); }
