# expect: foreign_struct.capnp: Codec.run: a: has a struct type of another file, which is not supported; declare it here
@0xb0f1d5d5c5a5b6e2;
using Bulkhead = import "/bulkhead/bulkhead.capnp";
using Schema = import "/capnp/schema.capnp";
interface Codec $Bulkhead.exports { run @0 (a :Schema.Value) -> (); }
