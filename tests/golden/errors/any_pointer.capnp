# expect: any_pointer.capnp: Codec.run: a: is an AnyPointer, which is not supported; use a struct or Data
@0xb0f1d5d5c5a5b612;
using Bulkhead = import "/bulkhead/bulkhead.capnp";
interface Codec $Bulkhead.exports { run @0 (a :AnyPointer) -> (); }
