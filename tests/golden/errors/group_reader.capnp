# expect: group_reader.capnp: Book.reader: makes a class Reader where capnp's own header has another one; rename it
@0xb0f1d5d5c5a5b708;
using Bulkhead = import "/bulkhead/bulkhead.capnp";
struct Book { reader :group { name @0 :Text; } }
interface Codec $Bulkhead.exports { run @0 (book :Book) -> (); }
