# expect: struct_reader.capnp: Book.Reader: makes a class Reader where capnp's own header has another one; rename it
@0xb0f1d5d5c5a5b705;
using Bulkhead = import "/bulkhead/bulkhead.capnp";
struct Book { by @0 :Reader; struct Reader { name @0 :Text; } }
interface Codec $Bulkhead.exports { run @0 (book :Book) -> (); }
