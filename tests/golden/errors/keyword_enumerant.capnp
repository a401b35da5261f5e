# expect: keyword_enumerant.capnp: Mode.new: "new" is a reserved word in C++; rename it
@0xb0f1d5d5c5a5b60a;
using Bulkhead = import "/bulkhead/bulkhead.capnp";
enum Mode { new @0; }
interface Codec $Bulkhead.exports { run @0 (mode :Mode) -> (); }
