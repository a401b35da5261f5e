# expect: foreign_enum.capnp: Codec.run: a: has an enum of another file, which is not supported; declare it here
@0xb0f1d5d5c5a5b6e1;
using Bulkhead = import "/bulkhead/bulkhead.capnp";
using Schema = import "/capnp/schema.capnp";
interface Codec $Bulkhead.exports { run @0 (a :Schema.ElementSize) -> (); }
