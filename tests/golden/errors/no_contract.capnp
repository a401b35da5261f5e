# expect: no_contract.capnp: file: has no contract; annotate an interface with $Bulkhead.exports (the module implements it) or $Bulkhead.imports (the host implements it)
@0xb0f1d5d5c5a5b601;
using Bulkhead = import "/bulkhead/bulkhead.capnp";
interface Codec { decode @0 () -> (); }
