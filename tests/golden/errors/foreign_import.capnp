# expect: foreign_import.capnp: import "/capnp/schema.capnp": a contract with struct parameters or results cannot use types of other files; declare them in this file
@0xb0f1d5d5c5a5b6e3;
using Bulkhead = import "/bulkhead/bulkhead.capnp";
using Schema = import "/capnp/schema.capnp";
struct Holder { value @0 :Schema.Value; }
interface Codec $Bulkhead.exports { run @0 (a :Holder) -> (); }
