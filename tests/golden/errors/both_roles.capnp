# expect: both_roles.capnp: Codec: is both exports and imports; make it two interfaces
@0xb0f1d5d5c5a5b603;
using Bulkhead = import "/bulkhead/bulkhead.capnp";
interface Codec $Bulkhead.exports $Bulkhead.imports { run @0 () -> (); }
